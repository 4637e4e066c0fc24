//! The size of the instance that a pod gets, and what decides it.

use crate::eci::instance;
use crate::json::Amount;
use crate::pod::object::{Amounts, Resources};
use crate::pod::{ContainerList, Pod};
use crate::quantity::Quantity;

/// The reason for the size of a pod's instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size<'p> {
    /// The annotation [`instance::USE_SPECS`], whose value this is.
    Specs(&'p str),
    /// The sums of the amounts that its containers ask for.
    Asked {
        /// In cores, where any of them asks for CPU.
        cpu: Option<Quantity>,
        /// In bytes, where any of them asks for memory.
        memory: Option<Quantity>,
    },
    /// An amount is not a valid quantity, or the sum is out of range.
    Unknown,
}

/// Returns the reason for the size of `pod`'s instance. Init and ephemeral containers do not count.
pub fn of<'p>(pod: &Pod<'p>) -> Size<'p> {
    if let Some(specs) = pod
        .annotations
        .and_then(|annotations| annotations.get(instance::USE_SPECS))
    {
        return Size::Specs(specs);
    }
    let main = pod
        .containers
        .iter()
        .filter(|container| container.list == ContainerList::Main);
    let counted: Vec<_> = main
        .filter(|container| !container.ignores_resources)
        .filter_map(|container| container.spec.resources.as_ref())
        .collect();
    let cpu = asked(&counted, |amounts| amounts.cpu.as_ref());
    let memory = asked(&counted, |amounts| amounts.memory.as_ref());
    match (cpu, memory) {
        (Some(cpu), Some(memory)) => Size::Asked { cpu, memory },
        _ => Size::Unknown,
    }
}

impl Size<'_> {
    /// Returns the smallest memory that the instance can have, in kibibytes. `None` where it cannot be known.
    pub fn memory_kib(self) -> Option<i64> {
        match self {
            Self::Specs(specs) => instance::use_specs_memory_kib(specs),
            Self::Asked { cpu, memory } => instance::memory_kib(cpu, memory),
            Self::Unknown => None,
        }
    }
}

/// Returns the sum of the limits where a container has one, else of the requests. `Some(None)` where there are
/// neither, `None` where an amount is not a valid quantity.
fn asked(
    resources: &[&Resources<'_>],
    amount: for<'a, 'b> fn(&'a Amounts<'b>) -> Option<&'a Amount<'b>>,
) -> Option<Option<Quantity>> {
    let limits = resources
        .iter()
        .filter_map(|resources| resources.limits.as_ref())
        .filter_map(amount);
    let requests = resources
        .iter()
        .filter_map(|resources| resources.requests.as_ref())
        .filter_map(amount);
    let limit = sum(limits)?;
    if limit.is_some() {
        Some(limit)
    } else {
        sum(requests)
    }
}

fn sum<'a, 'b: 'a>(amounts: impl Iterator<Item = &'a Amount<'b>>) -> Option<Option<Quantity>> {
    let mut sum: Option<Quantity> = None;
    for amount in amounts {
        let amount = match amount {
            Amount::Text(text) => Quantity::parse(text)?,
            Amount::Number(number) => Quantity::of_number(*number)?,
        };
        sum = Some(sum.unwrap_or_default().plus(amount)?);
    }
    Some(sum)
}
