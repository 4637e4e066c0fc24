//! See `sysctl_value.md`.

use crate::eci::sysctl_format;
use crate::pod::Pod;
use crate::rule::{Action, Effect, InList, Report, Rule};
use crate::settings::Settings;
use crate::sysctls::State;
use crate::text::quote;

/// The rule.
pub(crate) static RULE: Rule = Rule {
    id: "sysctl-value",
    summary: "a value that the kernel would not take for the sysctl",
    effect: Effect::Refused,
    action: Action::Deny,
    fix: None,
    since: "0.1.0",
    docs: docs!("sysctl_value.md"),
    check,
};

fn check(pod: &Pod<'_>, _: &Settings, report: &mut Report) {
    let mut found = InList::default();
    for entry in pod
        .sysctls
        .iter()
        .filter(|entry| entry.state == State::Supported)
    {
        let refusal =
            sysctl_format::format_of(&entry.name).and_then(|format| format.refuse(entry.value));
        if let Some(refusal) = refusal.filter(|_| found.is_told(report)) {
            let message = format!(
                "{} is no value of {}, which {refusal}",
                quote(entry.value),
                entry.name
            );
            report.find(entry.path.clone(), message, "correct the value");
        }
    }
    found.tell_rest(|| pod.security_path("sysctls"), report);
}
