//! See `host_path.md`.

use crate::pod::Pod;
use crate::rule::{Action, Effect, Report, Rule};
use crate::settings::Settings;

/// The rule.
pub(crate) static RULE: Rule = Rule {
    id: "host-path",
    summary: "a volume that is a path of the node",
    effect: Effect::Refused,
    action: Action::Deny,
    fix: None,
    since: "0.1.0",
    docs: docs!("host_path.md"),
    check,
};

fn check(pod: &Pod<'_>, _: &Settings, report: &mut Report) {
    for (index, volume) in pod.spec.volumes.iter().flatten().enumerate() {
        if volume.host_path.is_some() {
            report.find(
                pod.path.field("spec").field("volumes").index(index).field("hostPath"),
                "cannot be had: a pod on ECI has no node to mount files of",
                "use emptyDir, a disk, NAS, or a ConfigMap",
            );
        }
    }
}
