//! See `privilege_escalation_conflict.md`.

use crate::eci::account::Account;
use crate::pod::Pod;
use crate::rules::rule::{Action, Effect, Fix, Report, Rule};
#[cfg(feature = "cel")]
use crate::rules::rule::{Cel, Findings};

/// The rule.
pub(crate) static RULE: Rule = Rule {
    id: "privilege-escalation-conflict",
    summary: "`allowPrivilegeEscalation: false` beside a setting that implies escalation",
    effect: Effect::Refused,
    action: Action::Deny,
    fix: Fix::Never,
    since: "0.1.0",
    docs: docs!("privilege_escalation_conflict.md"),
    #[cfg(feature = "cel")]
    cel: Cel::Exact(&[Findings {
        default: Action::Deny,
        expression: r#"[variables.containers.filter(c, c.context.?allowPrivilegeEscalation.orValue(true) == false && (c.context.?privileged.orValue(false) == true || "CAP_SYS_ADMIN" in c.add)).map(c, c.at + ".securityContext.allowPrivilegeEscalation: allowPrivilegeEscalation: false contradicts privileged: true or the added capability CAP_SYS_ADMIN: the API server refuses the two together; remove one of them")]"#,
    }]),
    check,
};

/// The API server compares with this spelling only (`ValidateSecurityContext` of Kubernetes).
const CAP_SYS_ADMIN: &str = "CAP_SYS_ADMIN";

fn check(pod: &Pod<'_>, _: &Account, report: &mut Report<'_>) {
    for container in &pod.containers {
        let Some(context) = container.security_context() else {
            continue;
        };
        if context.allow_privilege_escalation != Some(false) {
            continue;
        }
        let adds_sys_admin = || {
            let capabilities = context.capabilities.as_ref();
            capabilities.is_some_and(|capabilities| {
                capabilities
                    .add
                    .items()
                    .any(|name| **name == *CAP_SYS_ADMIN)
            })
        };
        let cause = if context.privileged == Some(true) {
            "privileged: true"
        } else if adds_sys_admin() {
            "the added capability CAP_SYS_ADMIN"
        } else {
            continue;
        };
        report.find(
            container.security_path("allowPrivilegeEscalation"),
            format!("allowPrivilegeEscalation: false contradicts {cause}: the API server refuses the two together"),
            "remove one of them",
        );
    }
}
