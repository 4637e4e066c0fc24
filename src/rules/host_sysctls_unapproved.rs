//! See `host_sysctls_unapproved.md`.

use crate::eci::sysctl;
use crate::pod::Pod;
use crate::rule::{Action, Effect, Report, Rule};
use crate::settings::Settings;
use crate::sysctls::HostSysctls;
use crate::text::quoted;

/// The rule.
pub(crate) static RULE: Rule = Rule {
    id: "host-sysctls-unapproved",
    summary: "a host sysctl that `approved.hostSysctls` does not cover, or that the profile knows no way to set",
    effect: Effect::Refused,
    action: Action::Deny,
    fix: None,
    since: "0.1.0",
    docs: docs!("host_sysctls_unapproved.md"),
    check,
};

fn check(pod: &Pod<'_>, settings: &Settings, report: &mut Report) {
    let HostSysctls::Entries(entries) = &pod.host_sysctls else {
        return;
    };
    let path = pod.annotation_path(sysctl::HOST_SYSCTLS);
    let names = entries.iter().map(|(name, _)| sysctl::normalise(name));
    let refused: Vec<_> = names
        .filter(|name| !settings.profile.host_sysctls || !settings.approved.host_sysctl(name))
        .collect();
    if refused.is_empty() {
        return;
    }
    let named = quoted(refused.iter().map(|name| &**name));
    let (message, help) = if settings.profile.host_sysctls {
        (
            format!("{named}: not approved as host sysctls"),
            "remove it; or get Alibaba Cloud's approval by ticket, and name it in approved.hostSysctls in the policy's settings",
        )
    } else {
        (
            format!(
                "{named}: cannot be set, profile {} has no host sysctls",
                settings.profile.name
            ),
            "remove the annotation, or choose a later profile",
        )
    };
    report.find(path, message, help);
}
