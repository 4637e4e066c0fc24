//! See `capability_unsupported.md`.

use std::borrow::Cow;

use crate::eci::capability;
use crate::pod::Pod;
use crate::rule::{Action, Effect, InList, Report, Rule};
use crate::settings::Settings;
use crate::text::{nearest, quote};

/// The rule.
pub(crate) static RULE: Rule = Rule {
    id: "capability-unsupported",
    summary: "an added capability that ECI does not grant",
    effect: Effect::Refused,
    action: Action::Deny,
    fix: None,
    since: "0.1.0",
    docs: docs!("capability_unsupported.md"),
    check,
};

fn check(pod: &Pod<'_>, settings: &Settings, report: &mut Report) {
    for container in &pod.containers {
        let Some(context) = container.security_context() else {
            continue;
        };
        let privileged = context.privileged == Some(true) && settings.grants_privileged();
        let added = context
            .capabilities
            .as_ref()
            .and_then(|capabilities| capabilities.add.as_deref())
            .unwrap_or_default();
        let path = || container.security_path("capabilities").field("add");
        let mut found = InList::default();
        for (index, written) in added.iter().enumerate() {
            let name = capability::normalise(written);
            if settings.grants_capability(&name) || !found.is_told(report) {
                continue;
            }
            let finding = report.find(
                path().index(index),
                format!("{} is not a capability that ECI grants", quote(written)),
                if report.is_crowded() {
                    "remove it".into()
                } else {
                    way_out(&name, settings)
                },
            );
            if privileged {
                // A privileged container has every capability, whatever is added.
                finding.by_default(Action::Warn);
            }
        }
        found.tell_rest(path, report);
    }
}

fn way_out(name: &str, settings: &Settings) -> Cow<'static, str> {
    if name == capability::ALL {
        "name the capabilities that the container needs, one by one".into()
    } else if !capability::LINUX.contains(&name) {
        match nearest(name, settings.profile.capabilities)
            .or_else(|| nearest(name, capability::LINUX))
        {
            Some(meant) => format!("did you mean {meant}?").into(),
            None => "remove it; Linux has no such capability".into(),
        }
    } else if settings.profile.capability_approvals {
        "remove it; or get Alibaba Cloud's approval by ticket, and name it in approved.capabilities in the policy's settings"
            .into()
    } else {
        format!(
            "remove it; in profile {} no further capability can be had",
            settings.profile.name
        )
        .into()
    }
}
