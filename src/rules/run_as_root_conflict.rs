//! See `run_as_root_conflict.md`.

use crate::pod::Pod;
use crate::rule::{Action, Effect, Report, Rule};
use crate::settings::Settings;

/// The rule.
pub(crate) static RULE: Rule = Rule {
    id: "run-as-root-conflict",
    summary: "a container that must not run as root, and is told to",
    effect: Effect::Refused,
    action: Action::Deny,
    fix: None,
    since: "0.1.0",
    docs: docs!("run_as_root_conflict.md"),
    check,
};

fn check(pod: &Pod<'_>, _: &Settings, report: &mut Report) {
    for container in &pod.containers {
        if pod.run_as_non_root(container) == Some(true) && pod.run_as_user(container) == Some(0) {
            report.find(
                container.path.field("securityContext"),
                "runAsNonRoot: true contradicts runAsUser: 0 (its own or the pod's): the container never starts",
                "set a runAsUser other than 0, or runAsNonRoot: false",
            );
        }
    }
}
