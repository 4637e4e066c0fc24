//! See `privileged.md`.

use crate::eci::account::Account;
use crate::pod::{ContainerList, Pod};
use crate::rules::rule::{Action, Effect, Fix, Report, Rule};
#[cfg(feature = "cel")]
use crate::rules::rule::{Cel, Findings};

/// The rule.
pub(crate) static RULE: Rule = Rule {
    id: "privileged",
    summary: "a privileged container without Alibaba Cloud's approval",
    effect: Effect::Refused,
    action: Action::Deny,
    fix: Fix::Never,
    since: "0.1.0",
    docs: docs!("privileged.md"),
    #[cfg(feature = "cel")]
    cel: Cel::Exact(&[Findings {
        default: Action::Deny,
        expression: r#"[variables.containers.filter(c, !(c.context.?privileged.orValue(false) in [dyn(false), dyn(null)]) && !(c.isInit ? variables.privilegedInit : variables.privileged))
  .map(c, c.at + ".securityContext.privileged: privileged: true is not allowed on ECI without Alibaba Cloud's approval; remove it, and add the capabilities that it needs")]"#,
    }]),
    check,
};

fn check(pod: &Pod<'_>, account: &Account, report: &mut Report<'_>) {
    for container in &pod.containers {
        let is_init = container.list == ContainerList::Init;
        let context = container.security_context();
        if context.and_then(|context| context.privileged) == Some(true)
            && !account.grants_privileged(is_init)
        {
            let (message, help) = problem(account, is_init);
            report.find(container.security_path("privileged"), message, help);
        }
    }
}

/// Returns what is wrong, and the way out.
fn problem(account: &Account, is_init: bool) -> (String, String) {
    let profile = account.profile;
    let instead = format!(
        "remove it, add the capabilities that it needs, and set sysctls in {} where profile {} lists them",
        profile.sysctl_field, profile.name
    );
    if !profile.privileged {
        let message = format!(
            "privileged: true is not supported in profile {}",
            profile.name
        );
        return (message, instead);
    }
    if is_init && !profile.privileged_init {
        let message = "privileged: true is not supported on init containers".to_owned();
        return (message, instead);
    }
    let annotation = if profile.host_sysctls {
        ", else in the annotation k8s.aliyun.com/eci-host-sysctls"
    } else {
        ""
    };
    let help = format!(
        "{instead}{annotation}; or get Alibaba Cloud's approval by ticket, and set approved.privileged in the \
         policy's settings"
    );
    let message = "privileged: true is not allowed on ECI without Alibaba Cloud's approval";
    (message.to_owned(), help)
}
