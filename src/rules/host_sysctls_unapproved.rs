//! See `host_sysctls_unapproved.md`.

use crate::eci::account::Account;
use crate::eci::sysctl;
use crate::pod::Pod;
use crate::pod::sysctls::HostSysctls;
use crate::rules::rule::{Action, Effect, Fix, Report, Rule};
#[cfg(feature = "cel")]
use crate::rules::rule::{Cel, Findings};
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
    #[cfg(feature = "cel")]
    cel: Cel::Stricter(
        &[Findings {
            default: Action::Deny,
            expression: r#"[!(variables.hostSysctlsKey in variables.annotations) || variables.hostSysctls.matches(variables.hostSysctlsForm) && variables.hostSysctlNames.all(n, n.matches(variables.sysctlName) && size(n) <= 253 && variables.hostSysctlNames.exists_one(other, other == n) && !variables.sysctls.exists(s, s.name == n))
  ? [] : [variables.at + "metadata.annotations[" + variables.hostSysctlsKey + "]: this annotation sets a host sysctl without Alibaba Cloud's approval, or is not in the form [{\"name\":\"NAME\",\"value\":\"VALUE\"}]; remove it, or get Alibaba Cloud's approval by ticket"]]"#,
        }],
        "CEL cannot read JSON, so only one notation of the annotation is accepted",
    ),
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
