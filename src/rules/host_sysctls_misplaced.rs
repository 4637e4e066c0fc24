//! See `host_sysctls_misplaced.md`.

use crate::eci::sysctl;
use crate::path::Path;
use crate::pod::Pod;
use crate::rule::{Action, Effect, Report, Rule};
use crate::settings::Settings;
use crate::workload::Annotations;

/// The rule.
pub(crate) static RULE: Rule = Rule {
    id: "host-sysctls-misplaced",
    summary: "an annotation `k8s.aliyun.com/eci-host-sysctls` on a workload instead of its pod template",
    effect: Effect::Ignored,
    action: Action::Warn,
    fix: None,
    since: "0.1.0",
    docs: docs!("host_sysctls_misplaced.md"),
    check,
};

fn check(pod: &Pod<'_>, _: &Settings, report: &mut Report) {
    let stands = |annotations: Option<&Annotations<'_>>| {
        annotations.is_some_and(|found| found.host_sysctls.is_some())
    };
    if stands(pod.workload_annotations) && !stands(pod.annotations) {
        report.find(
            Path::of(&["metadata", "annotations"]).key(sysctl::HOST_SYSCTLS),
            "nobody reads it here: it belongs on the pod",
            format!(
                "move it to {}",
                pod.path.field("metadata").field("annotations")
            ),
        );
    }
}
