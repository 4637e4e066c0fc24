//! See `host_sysctls_unapproved.md`.

use crate::eci::account::Account;
use crate::eci::sysctl;
use crate::pod::Pod;
use crate::pod::sysctls::HostSysctls;
use crate::rules::rule::{Action, Effect, Fix, Report, Rule};
use crate::text::quoted;

/// The rule.
pub(crate) static RULE: Rule = Rule {
    id: "host-sysctls-unapproved",
    summary: "a host sysctl that `approved.hostSysctls` does not cover, or that the profile does not support",
    effect: Effect::Refused,
    action: Action::Deny,
    fix: Fix::Never,
    since: "0.1.0",
    docs: docs!("host_sysctls_unapproved.md"),
    check,
};

fn check(pod: &Pod<'_>, account: &Account, report: &mut Report<'_>) {
    let HostSysctls::Entries(entries) = &pod.host_sysctls else {
        return;
    };
    let names = entries.iter().map(|entry| sysctl::normalise(&entry.name));
    let refused: Vec<_> = names
        .filter(|name| !account.grants_host_sysctl(name))
        .collect();
    if refused.is_empty() {
        return;
    }
    let named = quoted(refused.iter().map(|name| &**name));
    let (message, help) = if account.profile.host_sysctls {
        (
            format!("host sysctls without Alibaba Cloud's approval: {named}"),
            "remove it; or get Alibaba Cloud's approval by ticket, and add it to approved.hostSysctls in the policy's settings",
        )
    } else {
        (
            format!(
                "host sysctls are not supported in profile {}: {named}",
                account.profile.name
            ),
            "remove the annotation, or choose a later profile",
        )
    };
    report.find(pod.annotation_path(sysctl::HOST_SYSCTLS), message, help);
}
