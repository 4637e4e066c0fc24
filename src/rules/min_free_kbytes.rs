//! See `min_free_kbytes.md`.

use crate::eci::{instance, sysctl, sysctl_format};
use crate::json::Amount;
use crate::pod::{List, Pod};
use crate::quantity::Quantity;
use crate::rule::{Action, Effect, Report, Rule};
use crate::settings::Settings;
use crate::sysctls::{self, State};
use crate::workload::{Amounts, Resources};

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
        if kbytes.saturating_mul(5) > memory {
            let most = memory / 5;
            let message = format!("{kbytes} is over {most}, 20% of the instance's {} MiB", memory >> 10);
            report.find(entry.path, message, "set less, or ask for more memory");
        }
    }
}

/// The memory of the instance that the pod would get, in kibibytes; `None` where it cannot be known.
fn memory_kib(pod: &Pod<'_>) -> Option<i64> {
    if let Some(specs) = pod.annotations.and_then(|annotations| annotations.use_specs.as_deref()) {
        return instance::use_specs_memory_kib(specs);
    }
    let main = pod.containers.iter().filter(|container| container.list == List::Main);
    let counted: Vec<_> = main
        .filter(|container| !container.ignores_resources)
        .filter_map(|container| container.spec.resources.as_ref())
        .collect();
    let cpu = asked(&counted, |amounts| amounts.cpu.as_ref())?;
    let memory = asked(&counted, |amounts| amounts.memory.as_ref())?;
    instance::memory_kib(cpu, memory)
}

/// The sum of the limits where a container has one, else of the requests; `Some(None)` where there are
/// neither, `None` where an amount cannot be read.
fn asked(
    resources: &[&Resources<'_>],
    amount: for<'a, 'b> fn(&'a Amounts<'b>) -> Option<&'a Amount<'b>>,
) -> Option<Option<Quantity>> {
    let limits = resources.iter().filter_map(|resources| resources.limits.as_ref()).filter_map(amount);
    let requests = resources.iter().filter_map(|resources| resources.requests.as_ref()).filter_map(amount);
    let limit = sum(limits)?;
    if limit.is_some() { Some(limit) } else { sum(requests) }
}

fn sum<'a, 'b: 'a>(amounts: impl Iterator<Item = &'a Amount<'b>>) -> Option<Option<Quantity>> {
    let mut sum: Option<Quantity> = None;
    for Amount(amount) in amounts {
        sum = Some(sum.unwrap_or_default().plus(Quantity::parse(amount)?)?);
    }
    Some(sum)
}
