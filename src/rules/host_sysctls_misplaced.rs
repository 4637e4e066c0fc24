//! See `host_sysctls_misplaced.md`.

use crate::eci::account::Account;
use crate::eci::sysctl;
use crate::path::Path;
use crate::pod::Pod;
use crate::rules::rule::{Action, Effect, Fix, Report, Rule};
#[cfg(feature = "cel")]
use crate::rules::rule::{Cel, Findings};

/// The rule.
pub(crate) static RULE: Rule = Rule {
    id: "host-sysctls-misplaced",
    summary: "an annotation `k8s.aliyun.com/eci-host-sysctls` on a workload instead of its pod template",
    effect: Effect::Ignored,
    action: Action::Warn,
    fix: Fix::Never,
    since: "0.1.0",
    docs: docs!("host_sysctls_misplaced.md"),
    #[cfg(feature = "cel")]
    cel: Cel::Exact(&[Findings {
        default: Action::Warn,
        expression: r#"[variables.at != "" && object.?metadata.?annotations[?variables.hostSysctlsKey].orValue(null) != null && !(variables.hostSysctlsKey in variables.annotations)
  ? ["metadata.annotations[" + variables.hostSysctlsKey + "]: this annotation is ignored on a workload; move it to " + variables.at + "metadata.annotations"] : []]"#,
    }]),
    check,
};

fn check(pod: &Pod<'_>, _: &Account, report: &mut Report<'_>) {
    let is_in_template = pod
        .annotations
        .is_some_and(|found| found.get(sysctl::HOST_SYSCTLS).is_some());
    let is_on_workload = pod
        .workload_annotations
        .is_some_and(|found| found.get(sysctl::HOST_SYSCTLS).is_some());
    if is_on_workload && !is_in_template {
        report.find(
            Path::of(&["metadata", "annotations"]).key(sysctl::HOST_SYSCTLS),
            "this annotation is ignored on a workload",
            format!(
                "move it to {}",
                pod.path.field("metadata").field("annotations")
            ),
        );
    }
}
