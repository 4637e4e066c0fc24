//! See `min_free_kbytes.md`.

use crate::eci::account::Account;
use crate::eci::{sysctl, sysctl_format};
use crate::pod::Pod;
use crate::pod::size;
use crate::pod::sysctls::State;
#[cfg(feature = "cel")]
use crate::rules::rule::Cel;
use crate::rules::rule::{Action, Effect, Fix, Report, Rule};

/// The rule.
pub(crate) static RULE: Rule = Rule {
    id: "min-free-kbytes",
    summary: "`vm.min_free_kbytes` over 20% of the instance's memory",
    effect: Effect::Overridden,
    action: Action::Warn,
    fix: Fix::Never,
    since: "0.1.0",
    docs: docs!("min_free_kbytes.md"),
    #[cfg(feature = "cel")]
    cel: Cel::Missing("the size of the instance is too long for CEL"),
    check,
};

fn check(pod: &Pod<'_>, _: &Account, report: &mut Report<'_>) {
    for entry in &pod.sysctls {
        if entry.name != sysctl::MIN_FREE_KBYTES || entry.state != State::Supported {
            continue;
        }
        let kbytes =
            sysctl_format::format_of(&entry.name).and_then(|format| format.first(entry.value));
        let (Some(kbytes), Some(memory)) = (kbytes, size::of(pod).memory_kib()) else {
            continue;
        };
        if kbytes.saturating_mul(5) > memory {
            let message = format!(
                "{} {kbytes} is more than {}, 20% of the instance's {} MiB",
                entry.name,
                memory / 5,
                memory >> 10
            );
            report.find(
                entry.path.clone(),
                message,
                "set a smaller value, or request more memory",
            );
        }
    }
}
