//! See `host_sysctls_malformed.md`.

use crate::eci::account::Account;
use crate::eci::sysctl;
use crate::pod::Pod;
use crate::pod::sysctls::HostSysctls;
#[cfg(feature = "cel")]
use crate::rules::rule::Cel;
use crate::rules::rule::{Action, Effect, Fix, Report, Rule};
use crate::text::quote;

/// The rule.
pub(crate) static RULE: Rule = Rule {
    id: "host-sysctls-malformed",
    summary: "an annotation `k8s.aliyun.com/eci-host-sysctls` that is not a list of sysctls, or sets one twice",
    effect: Effect::Refused,
    action: Action::Deny,
    fix: Fix::Never,
    since: "0.1.0",
    docs: docs!("host_sysctls_malformed.md"),
    #[cfg(feature = "cel")]
    cel: Cel::In(
        "host-sysctls-unapproved",
        "CEL cannot read JSON, so every annotation in another notation is denied",
    ),
    check,
};

fn check(pod: &Pod<'_>, _: &Account, report: &mut Report<'_>) {
    if let HostSysctls::Malformed(problem) = &pod.host_sysctls {
        let value = pod
            .annotations
            .and_then(|annotations| annotations.get(sysctl::HOST_SYSCTLS))
            .unwrap_or_default();
        report.find(
            pod.annotation_path(sysctl::HOST_SYSCTLS),
            format!("{} {problem}", quote(value)),
            r#"write it as '[{"name":"vm.max_map_count","value":"262144"}]', with each sysctl once, here or in the field"#,
        );
    }
}
