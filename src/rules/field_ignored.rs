//! See `field_ignored.md`.

use crate::eci::account::Account;
use crate::eci::field::{CONTAINER_IGNORED, POD_IGNORED};
use crate::path::Path;
use crate::pod::Pod;
use crate::pod::security::SeccompProfile;
use crate::rules::rule::{Action, Effect, Fix, Report, Rule};
#[cfg(feature = "cel")]
use crate::rules::rule::{Cel, Findings};

/// The rule.
pub static RULE: Rule = Rule {
    id: "field-ignored",
    summary: "a security field or annotation that ECI does not offer",
    effect: Effect::Ignored,
    action: Action::Warn,
    fix: Fix::Never,
    since: "0.1.0",
    docs: docs!("field_ignored.md"),
    #[cfg(feature = "cel")]
    cel: Cel::Exact(&[
        Findings {
            default: Action::Warn,
            expression: r#"[
    variables.spec.?hostUsers.orValue(true) == false ? [variables.at + "spec.hostUsers: hostUsers: false has no effect on ECI; remove it, or do not rely on it"] : [],
    variables.podIgnored.filter(f, !(variables.context[?f].orValue(null) in [dyn(null), dyn([]), dyn({})]) && (f != "seccompProfile" || !(variables.context.?seccompProfile.?type.orValue("") in variables.restrictedSeccomp)))
      .map(f, variables.at + "spec.securityContext." + f + ": " + f + " has no effect on ECI; remove it, or do not rely on it"),
    variables.annotations.filter(key, variables.legacyProfiles.exists(p, key == p || p.endsWith("/") && key.startsWith(p)))
      .map(key, variables.at + "metadata.annotations[" + key + "]: this annotation has no effect on ECI; remove it, or do not rely on it")
  ] + variables.containers.map(c, variables.containerIgnored
    .filter(f, !(c.context[?f].orValue(null) in [dyn(null), dyn([]), dyn({})]) && (f != "seccompProfile" || !(c.context.?seccompProfile.?type.orValue("") in variables.restrictedSeccomp)) && (f != "allowPrivilegeEscalation" || c.context[?f].orValue(false) == true))
    .map(f, c.at + ".securityContext." + f + ": " + f + " has no effect on ECI; remove it, or do not rely on it"))"#,
        },
        Findings {
            default: Action::Audit,
            expression: r#"[
    variables.context.?seccompProfile.?type.orValue("") in variables.restrictedSeccomp ? [variables.at + "spec.securityContext.seccompProfile: seccompProfile has no effect on ECI; do not rely on it"] : []
  ] + variables.containers.map(c, ["allowPrivilegeEscalation", "seccompProfile"]
    .filter(f, f == "seccompProfile" ? c.context.?seccompProfile.?type.orValue("") in variables.restrictedSeccomp : c.context[?f].orValue(true) == false)
    .map(f, c.at + ".securityContext." + f + ": " + f + " has no effect on ECI; do not rely on it"))"#,
        },
    ]),
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
