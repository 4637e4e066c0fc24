//! See `sysctl_value.md`.

use crate::eci::account::Account;
use crate::eci::sysctl_format;
use crate::pod::Pod;
use crate::pod::sysctls::State;
#[cfg(feature = "cel")]
use crate::rules::rule::Cel;
use crate::rules::rule::{Action, Effect, Fix, Report, Rule};
use crate::text::quote;

/// The rule.
pub(crate) static RULE: Rule = Rule {
    id: "sysctl-value",
    summary: "a value that the kernel does not accept for the sysctl",
    effect: Effect::Refused,
    action: Action::Deny,
    fix: Fix::Never,
    since: "0.1.0",
    docs: docs!("sysctl_value.md"),
    #[cfg(feature = "cel")]
    cel: Cel::Missing("the formats of the values are too long for CEL"),
    check,
};

fn check(pod: &Pod<'_>, _: &Account, report: &mut Report<'_>) {
    for entry in pod
        .sysctls
        .iter()
        .filter(|entry| entry.state == State::Supported)
    {
        let refusal =
            sysctl_format::format_of(&entry.name).and_then(|format| format.refuse(entry.value));
        if let Some(refusal) = refusal {
            let message = format!(
                "{} is not a valid value: {} {refusal}",
                quote(entry.value),
                entry.name
            );
            report.find(entry.path.clone(), message, "correct the value");
        }
    }
}
