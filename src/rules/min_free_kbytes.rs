//! See `min_free_kbytes.md`.

use crate::eci::{sysctl, sysctl_format};
use crate::pod::Pod;
use crate::rule::{Action, Effect, Report, Rule};
use crate::settings::Settings;
use crate::size;
use crate::sysctls::State;

/// The rule.
pub(crate) static RULE: Rule = Rule {
    id: "min-free-kbytes",
    summary: "`vm.min_free_kbytes` over 20% of the instance's memory",
    effect: Effect::Overridden,
    action: Action::Warn,
    fix: None,
    since: "0.1.0",
    docs: docs!("min_free_kbytes.md"),
    check,
};

fn check(pod: &Pod<'_>, _: &Settings, report: &mut Report) {
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
            let most = memory / 5;
            let message = format!(
                "{kbytes} is over {most}, 20% of the instance's {} MiB",
                memory >> 10
            );
            report.find(
                entry.path.clone(),
                message,
                "set less, or ask for more memory",
            );
        }
    }
}
