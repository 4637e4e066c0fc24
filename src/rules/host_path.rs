//! See `host_path.md`.

use crate::eci::account::Account;
use crate::pod::Pod;
use crate::rules::rule::{Action, Effect, Fix, Report, Rule};
#[cfg(feature = "cel")]
use crate::rules::rule::{Cel, Findings};
use crate::text::quote;

/// The rule.
pub(crate) static RULE: Rule = Rule {
    id: "host-path",
    summary: "a volume that is a path of the node",
    effect: Effect::Refused,
    action: Action::Deny,
    fix: Fix::Never,
    since: "0.1.0",
    docs: docs!("host_path.md"),
    #[cfg(feature = "cel")]
    cel: Cel::Exact(&[Findings {
        default: Action::Deny,
        expression: r#"[variables.indices.filter(i, i < size(variables.volumes) && variables.volumes[i].?hostPath.orValue(null) != null)
  .map(i, variables.at + "spec.volumes[" + string(i) + "].hostPath: hostPath is not supported on ECI: a pod has no node whose files it could mount; use emptyDir, a disk, NAS, or a ConfigMap")]"#,
    }]),
    check,
};

fn check(pod: &Pod<'_>, _: &Account, report: &mut Report<'_>) {
    for (index, volume) in pod.spec.volumes.iter() {
        let Some(host_path) = &volume.host_path else {
            continue;
        };
        let path = quote(host_path.path.as_deref().unwrap_or_default());
        report.find(
            pod.path.field("spec").field("volumes").index(index).field("hostPath"),
            format!("hostPath {path} is not supported on ECI: a pod has no node whose files it could mount"),
            "use emptyDir, a disk, NAS, or a ConfigMap",
        );
    }
}
