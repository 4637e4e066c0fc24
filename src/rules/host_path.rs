//! See `host_path.md`.

use crate::pod::Pod;
use crate::rule::{Action, Effect, InList, Report, Rule};
use crate::settings::Settings;
use crate::text::quote;

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
    let volumes = || pod.path.field("spec").field("volumes");
    let mut found = InList::default();
    for (index, volume) in pod.spec.volumes.iter().flatten().enumerate() {
        if let Some(host_path) = volume.host_path.as_ref().filter(|_| found.is_told(report)) {
            let path = host_path.path.as_deref().unwrap_or_default();
            report.find(
                volumes().index(index).field("hostPath"),
                format!(
                    "{} cannot be had: a pod on ECI has no node to mount files of",
                    quote(path)
                ),
                "use emptyDir, a disk, NAS, or a ConfigMap",
            );
        }
    }
    found.tell_rest(volumes, report);
}
