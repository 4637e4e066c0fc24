//! See `privileged.md`.

use crate::eci::account::Account;
use crate::pod::Pod;
use crate::rules::report::Report;
use crate::rules::rule::{Action, Effect, Fix, Rule};

/// The rule.
pub(crate) static RULE: Rule = Rule {
    id: "privileged",
    summary: "a privileged container without Alibaba Cloud's approval",
    effect: Effect::Refused,
    action: Action::Deny,
    fix: Fix::Never,
    since: "0.1.0",
    docs: docs!("privileged.md"),
    check,
};

fn check(pod: &Pod<'_>, account: &Account, report: &mut Report<'_>) {
    if account.grants_privileged() {
        return;
    }
    let instead = "add the capabilities that it needs; set sysctls that profile";
    let instead = format!(
        "remove it and {instead} {} lists in the pod's securityContext.sysctls",
        account.profile.name
    );
    let (message, help) = if account.profile.privileged {
        let help = format!(
            "{instead}, and others in the annotation k8s.aliyun.com/eci-host-sysctls; or get Alibaba Cloud's approval \
             by ticket, and set approved.privileged in the policy's settings"
        );
        (
            "privileged: true is not allowed on ECI without Alibaba Cloud's approval".to_owned(),
            help,
        )
    } else {
        (
            format!(
                "privileged: true is not supported in profile {}",
                account.profile.name
            ),
            instead,
        )
    };
    for container in &pod.containers {
        if container
            .security_context()
            .and_then(|context| context.privileged)
            == Some(true)
        {
            report.find(
                container.security_path("privileged"),
                message.clone(),
                help.clone(),
            );
        }
    }
}
