//! See `sysctl_malformed.md`.

use crate::pod::Pod;
use crate::rule::{Action, Effect, InList, Report, Rule};
use crate::settings::Settings;
use crate::sysctls::State;
use crate::text::quote;

/// The rule.
pub(crate) static RULE: Rule = Rule {
    id: "sysctl-malformed",
    summary: "a sysctl whose name is none, that has no value, or that is set before",
    effect: Effect::Refused,
    action: Action::Deny,
    fix: None,
    since: "0.1.0",
    docs: docs!("sysctl_malformed.md"),
    check,
};

fn check(pod: &Pod<'_>, _: &Settings, report: &mut Report) {
    let mut found = InList::default();
    for entry in &pod.sysctls {
        let (what, help) = match entry.state {
            State::BadName => (
                "is not the name of a sysctl",
                "use lower case letters, digits, - and _ in segments parted by . or /, at most 253 characters",
            ),
            State::NoValue => ("has no value", "give it one, or remove it"),
            State::Repeated => ("is set before", "keep one of the two"),
            State::Supported | State::Unsupported => continue,
        };
        if found.is_told(report) {
            report.find(
                entry.path.clone(),
                format!("{} {what}", quote(&entry.name)),
                help,
            );
        }
    }
    found.tell_rest(|| pod.security_path("sysctls"), report);
}
