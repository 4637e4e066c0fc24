//! See `privilege_escalation_conflict.md`.

use crate::pod::Pod;
use crate::rule::{Action, Effect, Report, Rule};
use crate::settings::Settings;

/// The rule.
pub(crate) static RULE: Rule = Rule {
    id: "privilege-escalation-conflict",
    summary: "`allowPrivilegeEscalation: false` beside what implies escalation",
    effect: Effect::Refused,
    action: Action::Deny,
    fix: None,
    since: "0.1.0",
    docs: docs!("privilege_escalation_conflict.md"),
    check,
};

/// The API server compares with this spelling only (`ValidateSecurityContext` of Kubernetes).
const CAP_SYS_ADMIN: &str = "CAP_SYS_ADMIN";

fn check(pod: &Pod<'_>, _: &Settings, report: &mut Report) {
    for container in &pod.containers {
        let Some(context) = container.security_context() else {
            continue;
        };
        if context.allow_privilege_escalation != Some(false) {
            continue;
        }
        let added = context
            .capabilities
            .as_ref()
            .and_then(|capabilities| capabilities.add.as_deref())
            .unwrap_or_default();
        let cause = if context.privileged == Some(true) {
            "privileged: true"
        } else if added.iter().any(|name| name == CAP_SYS_ADMIN) {
            "the added capability CAP_SYS_ADMIN"
        } else {
            continue;
        };
        report.find(
            container.security_path("allowPrivilegeEscalation"),
            format!("false contradicts {cause}: the API server refuses the two"),
            "remove one of them",
        );
    }
}
