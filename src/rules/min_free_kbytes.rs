//! See `min_free_kbytes.md`.

use crate::eci::{instance, sysctl, sysctl_format};
use crate::pod::{List, Pod};
use crate::quantity::Quantity;
use crate::rule::{Action, Effect, Report, Rule};
use crate::settings::Settings;
use crate::sysctls::{self, State};
use crate::workload::{Amount, Amounts};

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

fn check(pod: &Pod<'_>, settings: &Settings, report: &mut Report) {
    for entry in sysctls::of_field(pod, settings.profile) {
        if entry.name != sysctl::MIN_FREE_KBYTES || entry.state != State::Supported {
            continue;
        }
        let kbytes = sysctl_format::format_of(&entry.name).and_then(|format| format.first(entry.value));
        let (Some(kbytes), Some(memory)) = (kbytes, memory_kib(pod)) else { continue };
        if kbytes.saturating_mul(5) > memory.into() {
            let most = memory / 5;
            let message = format!("{kbytes} kB is over 20% of the instance's {} MiB of memory", memory >> 10);
            report.find(entry.path, message, format!("set at most {most}, or ask for more memory"));
        }
    }
}

/// The memory of the instance that the pod would get, in kibibytes; `None` where it cannot be known.
fn memory_kib(pod: &Pod<'_>) -> Option<i64> {
    if let Some(specs) = pod.annotations.and_then(|annotations| annotations.use_specs.as_deref()) {
        return instance::use_specs_memory_kib(specs);
    }
    let cpu = asked(pod, |amounts| amounts.cpu)?;
    let memory = asked(pod, |amounts| amounts.memory)?;
    instance::memory_kib(cpu, memory)
}

/// The sum of the limits where a container has one, else of the requests; `Some(None)` where there are
/// neither, `None` where an amount cannot be read.
fn asked(pod: &Pod<'_>, amount: fn(&Amounts<'_>) -> Option<Amount>) -> Option<Option<Quantity>> {
    let counted = || {
        let main = pod.containers.iter().filter(|container| container.list == List::Main);
        main.filter(|container| container.spec.env.is_none_or(|env| !env.ignores_resources))
            .filter_map(|container| container.spec.resources.as_ref())
    };
    let limits = counted().filter_map(|resources| resources.limits.as_ref());
    let limits: Vec<Amount> = limits.filter_map(amount).collect();
    let amounts = if limits.is_empty() {
        counted().filter_map(|resources| resources.requests.as_ref()).filter_map(amount).collect()
    } else {
        limits
    };
    amounts.into_iter().try_fold(None, |sum: Option<Quantity>, Amount(amount)| {
        Some(Some(sum.unwrap_or_default().plus(amount?)?))
    })
}
