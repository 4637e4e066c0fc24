//! See `min_free_kbytes.md`.

use serde_json::value::RawValue;

use crate::eci::{instance, sysctl, sysctl_format};
use crate::json::{self, Text};
use crate::pod::{Container, List, Pod};
use crate::quantity::Quantity;
use crate::rule::{Action, Effect, Report, Rule};
use crate::settings::Settings;
use crate::sysctls::{self, State};
use crate::workload::{Amounts, Resources, Variable};

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
        .filter(|container| !ignores_resources(container))
        .filter_map(|container| container.spec.resources.as_ref())
        .collect();
    let cpu = asked(&counted, |amounts| amounts.cpu)?;
    let memory = asked(&counted, |amounts| amounts.memory)?;
    instance::memory_kib(cpu, memory)
}

fn ignores_resources(container: &Container<'_>) -> bool {
    let variables: Option<Vec<Variable<'_>>> = container.spec.env.and_then(|env| json::read(env.get()).ok());
    variables.iter().flatten().any(|variable| {
        variable.name.as_deref() == Some(instance::RESOURCE_IGNORE)
            && variable.value.as_deref() == Some(instance::RESOURCE_IGNORE_TRUE)
    })
}

/// The sum of the limits where a container has one, else of the requests; `Some(None)` where there are
/// neither, `None` where an amount cannot be read.
fn asked(
    resources: &[&Resources<'_>],
    amount: for<'a> fn(&Amounts<'a>) -> Option<&'a RawValue>,
) -> Option<Option<Quantity>> {
    let limits = resources.iter().filter_map(|resources| resources.limits.as_ref()).filter_map(amount);
    let requests = resources.iter().filter_map(|resources| resources.requests.as_ref()).filter_map(amount);
    let limit = sum(limits)?;
    if limit.is_some() { Some(limit) } else { sum(requests) }
}

fn sum<'a>(amounts: impl Iterator<Item = &'a RawValue>) -> Option<Option<Quantity>> {
    let mut sum: Option<Quantity> = None;
    for amount in amounts {
        // A number is read as it is written: the API server makes a string of its digits.
        let text = json::read::<Text<'_>>(amount.get());
        let quantity = Quantity::parse(text.as_deref().unwrap_or(amount.get()))?;
        sum = Some(sum.unwrap_or_default().plus(quantity)?);
    }
    Some(sum)
}
