//! See `run_as_root_conflict.md`.

use crate::eci::account::Account;
use crate::pod::Pod;
use crate::rules::rule::{Action, Effect, Fix, Report, Rule};
#[cfg(feature = "cel")]
use crate::rules::rule::{Cel, Findings};

/// The rule.
pub(crate) static RULE: Rule = Rule {
    id: "run-as-root-conflict",
    summary: "a container with `runAsNonRoot: true` that runs as user 0",
    effect: Effect::Refused,
    action: Action::Deny,
    fix: Fix::Never,
    since: "0.1.0",
    docs: docs!("run_as_root_conflict.md"),
    #[cfg(feature = "cel")]
    cel: Cel::Exact(&[Findings {
        default: Action::Deny,
        expression: r#"[variables.containers.filter(c, c.nonRoot == true && c.user == 0).map(c, c.at + ".securityContext: runAsNonRoot: true contradicts runAsUser: 0 (of the container or the pod): the container never starts; set a runAsUser other than 0, or runAsNonRoot: false")]"#,
    }]),
    check,
};

fn check(pod: &Pod<'_>, _: &Account, report: &mut Report<'_>) {
    for container in &pod.containers {
        if pod.run_as_non_root(container) == Some(true) && pod.run_as_user(container) == Some(0) {
            report.find(
                container.path.field("securityContext"),
                "runAsNonRoot: true contradicts runAsUser: 0 (of the container or the pod): the container never starts",
                "set a runAsUser other than 0, or runAsNonRoot: false",
            );
        }
    }
}
