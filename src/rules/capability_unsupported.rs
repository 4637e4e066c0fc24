//! See `capability_unsupported.md`.

use std::borrow::Cow;

use crate::eci::account::Account;
use crate::eci::capability;
use crate::pod::{ContainerList, Pod};
use crate::rules::rule::{Action, Effect, Fix, Report, Rule};
#[cfg(feature = "cel")]
use crate::rules::rule::{Cel, Findings};
use crate::text::{nearest, quote};

/// The rule.
pub(crate) static RULE: Rule = Rule {
    id: "capability-unsupported",
    summary: "an added capability that ECI does not grant",
    effect: Effect::Refused,
    action: Action::Deny,
    fix: Fix::Never,
    since: "0.1.0",
    docs: docs!("capability_unsupported.md"),
    #[cfg(feature = "cel")]
    cel: Cel::Exact(&[
        Findings {
            default: Action::Deny,
            expression: r#"variables.containers.filter(c, !(c.context.?privileged.orValue(false) == true && (c.isInit ? variables.privilegedInit : variables.privileged)))
  .map(c, variables.indices.filter(i, i < size(c.add) && !(c.addNames[i] in variables.granted))
    .map(i, c.at + ".securityContext.capabilities.add[" + string(i) + "]: \"" + c.add[i] + "\" is not a capability that ECI grants; remove it, or get Alibaba Cloud's approval by ticket"))"#,
        },
        Findings {
            default: Action::Warn,
            expression: r#"variables.containers.filter(c, (c.context.?privileged.orValue(false) == true && (c.isInit ? variables.privilegedInit : variables.privileged)))
  .map(c, variables.indices.filter(i, i < size(c.add) && !(c.addNames[i] in variables.granted))
    .map(i, c.at + ".securityContext.capabilities.add[" + string(i) + "]: \"" + c.add[i] + "\" is not a capability that ECI grants; remove it, or get Alibaba Cloud's approval by ticket"))"#,
        },
    ]),
    check,
};

fn check(pod: &Pod<'_>, account: &Account, report: &mut Report<'_>) {
    for container in &pod.containers {
        let Some(context) = container.security_context() else {
            continue;
        };
        let Some(capabilities) = &context.capabilities else {
            continue;
        };
        let is_init = container.list == ContainerList::Init;
        let is_privileged = context.privileged == Some(true) && account.grants_privileged(is_init);
        for (index, written) in capabilities.add.iter() {
            let name = capability::normalise(written);
            if account.grants_capability(&name) {
                continue;
            }
            let path = container
                .security_path("capabilities")
                .field("add")
                .index(index);
            let message = format!("{} is not a capability that ECI grants", quote(written));
            let finding = report.find(path, message, help(&name, account));
            if is_privileged {
                // A privileged container has every capability, whatever it adds.
                finding.by_default(Action::Warn);
            }
        }
    }
}

fn help(name: &str, account: &Account) -> Cow<'static, str> {
    if name == capability::ALL {
        "add the capabilities that the container needs one by one".into()
    } else if !capability::LINUX.contains(&name) {
        match nearest(name, account.profile.capabilities)
            .or_else(|| nearest(name, capability::LINUX))
        {
            Some(meant) => format!("did you mean {meant}?").into(),
            None => "remove it; Linux has no such capability".into(),
        }
    } else if account.profile.capability_approvals {
        "remove it; or get Alibaba Cloud's approval by ticket, and add it to approved.capabilities in the policy's \
         settings"
            .into()
    } else {
        format!(
            "remove it; profile {} has no approvals for more capabilities",
            account.profile.name
        )
        .into()
    }
}
