//! See `run_as_id_range.md`.

use std::borrow::Cow;

use crate::path::Path;
use crate::pod::Pod;
use crate::rule::{Action, Effect, Report, Rule};
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
    let mut judge = |id: Option<i64>, path: &dyn Fn() -> Path| {
        if let Some(id) = id.filter(|id| !IDS.contains(id)) {
            let message = match report.is_crowded() {
                true => "is no id: they go from 0 to 2147483647".into(),
                false => Cow::from(format!("{id} is no id: they go from 0 to 2147483647")),
            };
            report.find(path(), message, "set one within");
        }
    };
    if let Some(context) = pod.security_context() {
        judge(context.run_as_user, &|| pod.security_path("runAsUser"));
        judge(context.run_as_group, &|| pod.security_path("runAsGroup"));
        judge(context.fs_group, &|| pod.security_path("fsGroup"));
        let groups = pod.security_path("supplementalGroups");
        for (index, group) in context.supplemental_groups.iter().flatten().enumerate() {
            judge(Some(*group), &|| groups.index(index));
        }
    }
    for container in &pod.containers {
        if let Some(context) = container.security_context() {
            judge(context.run_as_user, &|| container.security_path("runAsUser"));
            judge(context.run_as_group, &|| container.security_path("runAsGroup"));
        }
    }
}
