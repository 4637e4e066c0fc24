//! See `host_sysctls_malformed.md`.

use crate::eci::sysctl;
use crate::pod::Pod;
use crate::rule::{Action, Effect, Report, Rule};
use crate::settings::Settings;
use crate::sysctls::HostSysctls;
use crate::text::quote;

/// The rule.
pub(crate) static RULE: Rule = Rule {
    id: "host-sysctls-malformed",
    summary: "an annotation `k8s.aliyun.com/eci-host-sysctls` that is no list of sysctls, or sets one twice",
    effect: Effect::Refused,
    action: Action::Deny,
    fix: None,
    since: "0.1.0",
    docs: docs!("host_sysctls_malformed.md"),
    check,
};

fn check(pod: &Pod<'_>, _: &Settings, report: &mut Report) {
    if let HostSysctls::Malformed(what) = &pod.host_sysctls {
        let value = pod
            .annotations
            .and_then(|annotations| annotations.host_sysctls.as_deref())
            .unwrap_or_default();
        report.find(
            pod.annotation_path(sysctl::HOST_SYSCTLS),
            format!("{} {what}", quote(value)),
            r#"write it as '[{"name":"vm.max_map_count","value":"262144"}]', each sysctl once, here or in the field"#,
        );
    }
}
