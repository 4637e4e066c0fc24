//! See `field_ignored.md`.

use k8s_openapi::api::core::v1::SeccompProfile;

use crate::pod::Pod;
use crate::rule::{Action, Effect, Report, Rule};
use crate::settings::Settings;

/// The rule.
pub(crate) static RULE: Rule = Rule {
    id: "field-ignored",
    summary: "a security field or annotation that ECI does not offer",
    effect: Effect::Ignored,
    action: Action::Warn,
    fix: None,
    since: "0.1.0",
    docs: docs!("field_ignored.md"),
    check,
};

const MESSAGE: &str = "ECI has no such setting: it has no effect";
const HELP: &str = "remove it, or do not rely on it";

fn check(pod: &Pod<'_>, _: &Settings, report: &mut Report) {
    if let Some(context) = pod.security_context() {
        let fields = [
            ("fsGroup", context.fs_group.is_some(), Action::Warn),
            (
                "fsGroupChangePolicy",
                context.fs_group_change_policy.is_some(),
                Action::Warn,
            ),
            (
                "supplementalGroups",
                context.supplemental_groups.is_some(),
                Action::Warn,
            ),
            (
                "supplementalGroupsPolicy",
                context.supplemental_groups_policy.is_some(),
                Action::Warn,
            ),
            (
                "seLinuxOptions",
                context.se_linux_options.is_some(),
                Action::Warn,
            ),
            (
                "seLinuxChangePolicy",
                context.se_linux_change_policy.is_some(),
                Action::Warn,
            ),
            (
                "seccompProfile",
                context.seccomp_profile.is_some(),
                seccomp(context.seccomp_profile.as_ref()),
            ),
            (
                "appArmorProfile",
                context.app_armor_profile.is_some(),
                Action::Warn,
            ),
            (
                "windowsOptions",
                context.windows_options.is_some(),
                Action::Warn,
            ),
        ];
        for (field, _, action) in fields.into_iter().filter(|(_, set, _)| *set) {
            report
                .find(pod.security_path(field), MESSAGE, HELP)
                .by_default(action);
        }
    }
    for container in &pod.containers {
        let Some(context) = container.security_context() else {
            continue;
        };
        let escalation = match context.allow_privilege_escalation {
            Some(false) => Action::Audit,
            _ => Action::Warn,
        };
        let fields = [
            (
                "allowPrivilegeEscalation",
                context.allow_privilege_escalation.is_some(),
                escalation,
            ),
            (
                "seccompProfile",
                context.seccomp_profile.is_some(),
                seccomp(context.seccomp_profile.as_ref()),
            ),
            (
                "seLinuxOptions",
                context.se_linux_options.is_some(),
                Action::Warn,
            ),
            (
                "appArmorProfile",
                context.app_armor_profile.is_some(),
                Action::Warn,
            ),
            (
                "windowsOptions",
                context.windows_options.is_some(),
                Action::Warn,
            ),
        ];
        for (field, _, action) in fields.into_iter().filter(|(_, set, _)| *set) {
            report
                .find(container.security_path(field), MESSAGE, HELP)
                .by_default(action);
        }
    }
    for key in pod
        .annotations
        .map(|annotations| annotations.legacy_profiles.as_slice())
        .unwrap_or_default()
    {
        report.find(pod.annotation_path(key), MESSAGE, HELP);
    }
}

/// What Pod Security's *restricted* level demands of every pod is told to the auditor only.
fn seccomp(profile: Option<&SeccompProfile>) -> Action {
    match profile.map(|profile| profile.type_.as_str()) {
        Some("RuntimeDefault" | "Localhost") => Action::Audit,
        _ => Action::Warn,
    }
}
