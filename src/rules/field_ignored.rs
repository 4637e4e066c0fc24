//! See `field_ignored.md`.

use crate::eci::account::Account;
use crate::eci::field::{CONTAINER_IGNORED, POD_IGNORED};
use crate::path::Path;
use crate::pod::Pod;
use crate::pod::security::SeccompProfile;
use crate::rules::rule::{Action, Effect, Fix, Report, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    id: "field-ignored",
    summary: "a security field or annotation that ECI does not offer",
    effect: Effect::Ignored,
    action: Action::Warn,
    fix: Fix::Never,
    since: "0.1.0",
    docs: docs!("field_ignored.md"),
    check,
};

fn check(pod: &Pod<'_>, _: &Account, report: &mut Report<'_>) {
    if pod.spec.host_users == Some(false) {
        found(
            report,
            "hostUsers: false",
            pod.path.field("spec").field("hostUsers"),
            Action::Warn,
        );
    }
    if let Some(context) = pod.security_context() {
        for field in POD_IGNORED.iter().filter(|field| context.asks_for(field)) {
            let action = match *field {
                "seccompProfile" => seccomp(context.seccomp_profile.as_ref()),
                _ => Action::Warn,
            };
            found(report, field, pod.security_path(field), action);
        }
    }
    for container in &pod.containers {
        let Some(context) = container.security_context() else {
            continue;
        };
        for field in CONTAINER_IGNORED
            .iter()
            .filter(|field| context.asks_for(field))
        {
            let action = match *field {
                "seccompProfile" => seccomp(context.seccomp_profile.as_ref()),
                "allowPrivilegeEscalation" if context.allow_privilege_escalation == Some(false) => {
                    Action::Audit
                }
                _ => Action::Warn,
            };
            found(report, field, container.security_path(field), action);
        }
    }
    for key in pod
        .annotations
        .iter()
        .flat_map(|annotations| annotations.family())
    {
        found(
            report,
            "this annotation",
            pod.annotation_path(key),
            Action::Warn,
        );
    }
}

fn found(report: &mut Report<'_>, subject: &str, path: Path, action: Action) {
    let message = format!("{subject} has no effect on ECI");
    report
        .find(path, message, "remove it, or do not rely on it")
        .by_default(action);
}

/// Pod Security's *restricted* level demands this of every pod, so that it is worth no warning.
fn seccomp(profile: Option<&SeccompProfile<'_>>) -> Action {
    if profile.is_some_and(SeccompProfile::is_restricted) {
        Action::Audit
    } else {
        Action::Warn
    }
}
