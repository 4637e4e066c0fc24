//! See `run_as_id_range.md`.

use crate::path::Path;
use crate::pod::Pod;
use crate::rule::{Action, Effect, InList, Report, Rule};
use crate::settings::Settings;

/// The rule.
pub(crate) static RULE: Rule = Rule {
    id: "run-as-id-range",
    summary: "a user or group id outside 0 to 2147483647",
    effect: Effect::Refused,
    action: Action::Deny,
    fix: None,
    since: "0.1.0",
    docs: docs!("run_as_id_range.md"),
    check,
};

/// `IsValidUserID` and `IsValidGroupID` of Kubernetes.
const IDS: std::ops::RangeInclusive<i64> = 0..=2_147_483_647;

fn check(pod: &Pod<'_>, _: &Settings, report: &mut Report) {
    if let Some(context) = pod.security_context() {
        judge(report, context.run_as_user, || {
            pod.security_path("runAsUser")
        });
        judge(report, context.run_as_group, || {
            pod.security_path("runAsGroup")
        });
        judge(report, context.fs_group, || pod.security_path("fsGroup"));
        let groups = || pod.security_path("supplementalGroups");
        let mut found = InList::default();
        for (index, group) in context.supplemental_groups.iter().flatten().enumerate() {
            if !IDS.contains(group) && found.is_told(report) {
                judge(report, Some(*group), || groups().index(index));
            }
        }
        found.tell_rest(groups, report);
    }
    for container in &pod.containers {
        if let Some(context) = container.security_context() {
            judge(report, context.run_as_user, || {
                container.security_path("runAsUser")
            });
            judge(report, context.run_as_group, || {
                container.security_path("runAsGroup")
            });
        }
    }
}

fn judge(report: &mut Report, id: Option<i64>, path: impl FnOnce() -> Path) {
    if let Some(id) = id.filter(|id| !IDS.contains(id)) {
        report.find(
            path(),
            format!("{id} is no id: they go from 0 to 2147483647"),
            "set one within",
        );
    }
}
