//! See `run_as_id_range.md`.

use crate::eci::account::Account;
use crate::eci::field::IDS;
use crate::path::Path;
use crate::pod::Pod;
use crate::rules::rule::{Action, Effect, Fix, Report, Rule};
#[cfg(feature = "cel")]
use crate::rules::rule::{Cel, Findings};

/// The rule.
pub(crate) static RULE: Rule = Rule {
    id: "run-as-id-range",
    summary: "a user or group ID outside 0 to 2147483647",
    effect: Effect::Refused,
    action: Action::Deny,
    fix: Fix::Never,
    since: "0.1.0",
    docs: docs!("run_as_id_range.md"),
    #[cfg(feature = "cel")]
    cel: Cel::Exact(&[Findings {
        default: Action::Deny,
        expression: r#"[
    ["runAsUser", "runAsGroup", "fsGroup"].filter(f, [variables.context[?f].orValue(0)].exists(id, id < variables.ids[0] || id > variables.ids[1] || int(id) != id))
      .map(f, variables.at + "spec.securityContext." + f + ": " + string(variables.context[?f].orValue(0)) + " is not a valid ID (allowed: " + string(variables.ids[0]) + "–" + string(variables.ids[1]) + "); use an ID in this range"),
    variables.indices.filter(i, i < size(variables.groups) && (variables.groups[i] < variables.ids[0] || variables.groups[i] > variables.ids[1]))
      .map(i, variables.at + "spec.securityContext.supplementalGroups[" + string(i) + "]: " + string(variables.groups[i]) + " is not a valid ID (allowed: " + string(variables.ids[0]) + "–" + string(variables.ids[1]) + "); use an ID in this range")
  ] + variables.containers.map(c, ["runAsUser", "runAsGroup"].filter(f, [c.context[?f].orValue(0)].exists(id, id < variables.ids[0] || id > variables.ids[1] || int(id) != id))
    .map(f, c.at + ".securityContext." + f + ": " + string(c.context[?f].orValue(0)) + " is not a valid ID (allowed: " + string(variables.ids[0]) + "–" + string(variables.ids[1]) + "); use an ID in this range"))"#,
    }]),
    check,
};

fn check(pod: &Pod<'_>, _: &Account, report: &mut Report<'_>) {
    if let Some(context) = pod.security_context() {
        check_id(report, "user", context.run_as_user, || {
            pod.security_path("runAsUser")
        });
        check_id(report, "group", context.run_as_group, || {
            pod.security_path("runAsGroup")
        });
        check_id(report, "group", context.fs_group, || {
            pod.security_path("fsGroup")
        });
        for (index, group) in context.supplemental_groups.iter() {
            check_id(report, "group", Some(*group), || {
                pod.security_path("supplementalGroups").index(index)
            });
        }
    }
    for container in &pod.containers {
        if let Some(context) = container.security_context() {
            check_id(report, "user", context.run_as_user, || {
                container.security_path("runAsUser")
            });
            check_id(report, "group", context.run_as_group, || {
                container.security_path("runAsGroup")
            });
        }
    }
}

fn check_id(report: &mut Report<'_>, kind: &str, id: Option<i64>, path: impl FnOnce() -> Path) {
    if let Some(id) = id.filter(|id| !IDS.contains(id)) {
        let message = format!(
            "{id} is not a valid {kind} ID (allowed: {}–{})",
            IDS.start(),
            IDS.end()
        );
        report.find(path(), message, "use an ID in this range");
    }
}
