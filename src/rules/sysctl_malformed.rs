//! See `sysctl_malformed.md`.

use crate::eci::account::Account;
use crate::pod::Pod;
use crate::pod::sysctls::State;
use crate::rules::rule::{Action, Effect, Fix, Report, Rule};
#[cfg(feature = "cel")]
use crate::rules::rule::{Cel, Findings};
use crate::text::quote;

/// The rule.
pub(crate) static RULE: Rule = Rule {
    id: "sysctl-malformed",
    summary: "a sysctl with an invalid name, no value, or a duplicate",
    effect: Effect::Refused,
    action: Action::Deny,
    fix: Fix::Never,
    since: "0.1.0",
    docs: docs!("sysctl_malformed.md"),
    #[cfg(feature = "cel")]
    cel: Cel::Exact(&[Findings {
        default: Action::Deny,
        expression: r#"[variables.indices.filter(i, i < size(variables.sysctls) && (!variables.sysctls[i].isName || variables.sysctls[i].value == "" || variables.indices.exists(k, k < i && variables.sysctls[k].name == variables.sysctls[i].name)))
  .map(i, variables.at + "spec.securityContext.sysctls[" + string(i) + "]: \"" + variables.sysctls[i].name + "\" is not a valid sysctl name, has no value, or is set twice; use a valid name and value once")]"#,
    }]),
    check,
};

fn check(pod: &Pod<'_>, _: &Account, report: &mut Report<'_>) {
    for entry in &pod.sysctls {
        let name = quote(&entry.name);
        let (message, help) = match entry.state {
            State::BadName => (
                format!("{name} is not a valid sysctl name"),
                "use lower case letters, digits, - and _ in segments separated by . or /, at most 253 characters",
            ),
            State::NoValue => (
                format!("sysctl {name} has no value"),
                "set a value, or remove the entry",
            ),
            State::Duplicate => (format!("sysctl {name} is set twice"), "keep one of the two"),
            State::Supported | State::Unsupported => continue,
        };
        report.find(entry.path.clone(), message, help);
    }
}
