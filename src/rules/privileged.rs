//! See `privileged.md`.

use crate::pod::Pod;
use crate::rule::{Action, Effect, Report, Rule};
use crate::settings::Settings;

/// The rule.
pub(crate) static RULE: Rule = Rule {
    id: "privileged",
    summary: "a privileged container without Alibaba Cloud's approval",
    effect: Effect::Refused,
    action: Action::Deny,
    fix: None,
    since: "0.1.0",
    docs: docs!("privileged.md"),
    check,
};

fn check(pod: &Pod<'_>, settings: &Settings, report: &mut Report) {
    if settings.grants_privileged() {
        return;
    }
    let instead = "set sysctls in the pod's securityContext.sysctls, and add the capabilities that are needed";
    let (message, help) = if settings.profile.privileged {
        let help = format!(
            "remove it and {instead}; or get Alibaba Cloud's approval by ticket, and set approved.privileged in the \
             policy's settings"
        );
        ("true needs an approval by Alibaba Cloud".to_owned(), help)
    } else {
        (
            format!("true cannot be had in profile {}", settings.profile.name),
            format!("remove it and {instead}"),
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
