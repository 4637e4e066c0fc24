//! The pod of an object as ECI runs it, with the findings of the rules. Exemptions and actions do not matter here: they
//! change the policy's decision, but not the pod on ECI.

use eci_security_context::eci::{instance, sysctl};
use eci_security_context::json::{RawValue, ReadError};
use eci_security_context::pod::Pod;
use eci_security_context::pod::size::{self, Size};
use eci_security_context::pod::sysctls::HostSysctls;
use eci_security_context::pod::template::Location;
use eci_security_context::policy::decide;
use eci_security_context::policy::scope::{self, Certainty};
use eci_security_context::policy::settings::{Mutate, Possible, Settings};
use eci_security_context::quantity::Quantity;
use eci_security_context::review::read::{self, Pieces};
use eci_security_context::rules::RULES;
use eci_security_context::rules::rule::{Action, Effect, Finding, Report};
use serde::Serialize;
use serde_json::Value;

use super::container::Container;
use crate::scope::reason;

/// A pod (template), and how ECI runs it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Shown {
    /// True for a template of pods.
    pub template: bool,
    /// Whether it runs on ECI.
    pub scope: Scope,
    /// True if it is written for Windows, for which ECI's rules are not known.
    pub windows: bool,
    /// The pod as ECI runs it; `None` if it does not run on ECI, or is written for Windows.
    #[serde(flatten)]
    #[cfg_attr(feature = "types", ts(skip))]
    pub effective: Option<Effective>,
}

/// Whether a pod runs on ECI.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS), ts(rename = "ShownScope"))]
pub struct Scope {
    /// `certain`, `possible` or `no`.
    #[cfg_attr(feature = "types", ts(type = "Certainty"))]
    pub certainty: &'static str,
    /// The reason.
    pub reason: String,
}

/// A pod as ECI runs it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Effective {
    /// Its instance.
    pub instance: Instance,
    /// The init containers, the containers, and the ephemeral containers.
    #[cfg_attr(feature = "types", ts(type = "ShownContainer[]"))]
    pub containers: Vec<Container>,
    /// Its sysctls.
    pub sysctls: Vec<Sysctl>,
    /// Findings for which the pod is refused.
    pub refused: Vec<Remark>,
    /// Fields that ECI does not read at their level.
    pub lost: Vec<Remark>,
    /// Values that ECI replaces.
    pub overridden: Vec<Remark>,
    /// Fields without effect.
    pub ignored: Vec<Remark>,
}

/// The size of an instance.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Instance {
    /// The memory in kibibytes, or `None` if it is not known.
    #[cfg_attr(feature = "types", ts(type = "number | null"))]
    pub memory_kib: Option<i64>,
    /// The CPU requests of its containers, in cores.
    pub cpu: Option<String>,
    /// The memory requests of its containers.
    pub memory: Option<String>,
    /// The reason for the size, or the reason why it is not known.
    pub reason: String,
}

/// A sysctl of a pod.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Sysctl {
    /// Its name, normalised.
    pub name: String,
    /// Its value.
    pub value: String,
    /// The place where it is set: `field` or `hostAnnotation`.
    #[cfg_attr(feature = "types", ts(type = "\"field\" | \"hostAnnotation\""))]
    pub channel: &'static str,
    /// `taken`, or the effect of a rule.
    #[cfg_attr(feature = "types", ts(type = "\"taken\" | Effect"))]
    pub outcome: &'static str,
}

/// A finding.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS), ts(optional_fields))]
pub struct Remark {
    /// The rule.
    #[cfg_attr(feature = "types", ts(type = "RuleId"))]
    pub rule: &'static str,
    /// The field.
    pub path: String,
    /// The problem.
    pub message: String,
    /// The fix.
    pub help: String,
    /// The action of the policy's repair, if it repairs the pod.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repair: Option<&'static str>,
}

/// Returns how ECI runs the pod of `object`, which is of this group and kind; `None` if it has no pod template.
///
/// # Errors
/// If a field that is read has the wrong type.
pub fn show(
    object: &RawValue,
    (group, kind): (&str, &str),
    settings: &Settings,
) -> Result<Option<Shown>, ReadError> {
    let location = Location::of_kind(group, kind).or_else(|| Location::find(object.get()));
    let Some(location) = location else {
        return Ok(None);
    };
    let is_pod = location == Location::Pod;
    let mut shown = Shown {
        template: !is_pod,
        scope: Scope {
            certainty: "no",
            reason: String::new(),
        },
        windows: false,
        effective: None,
    };
    let pieces = Pieces::read(object, location);
    let read = match &pieces {
        Ok(None) => return Ok(None),
        Ok(Some(pieces)) => pieces.checked(),
        Err(error) => Err(error.clone()),
    };
    let read = match read {
        Ok(read) => read,
        // As at admission, an invalid pod is accepted if it certainly does not run on ECI.
        Err(error) => {
            let Some((placed, _)) = read::placed(object, location)? else {
                return Ok(None);
            };
            let placed = placed.scope(is_pod, settings.scope);
            shown.scope = Scope::of(placed);
            return match placed.certainty {
                Certainty::No => Ok(Some(shown)),
                Certainty::Possible | Certainty::Certain => Err(error),
            };
        }
    };
    let placed = scope::of(read.template, is_pod, settings.scope);
    shown.scope = Scope::of(placed);
    shown.windows = read.template.is_windows();
    if placed.certainty != Certainty::No && !shown.windows {
        let is_enforced =
            placed.certainty == Certainty::Certain || settings.scope.possible == Possible::Enforce;
        let object = serde_json::from_str(object.get()).unwrap_or_default();
        let pod = read.pod(settings)?;
        shown.effective = Some(Effective::of(pod, &object, settings, is_enforced));
    }
    Ok(Some(shown))
}

impl Scope {
    fn of(placed: scope::Scope) -> Self {
        Self {
            certainty: placed.certainty.as_str(),
            reason: reason(placed.signal),
        }
    }
}

impl Effective {
    /// `is_enforced` is true if the policy may repair the pod.
    fn of(mut pod: Pod<'_>, object: &Value, settings: &Settings, is_enforced: bool) -> Self {
        // A repair skips exempt containers, which is too much detail here.
        let has_exempt = pod.containers.iter().any(|container| container.exempt);
        let is_repaired = is_enforced && settings.mutate != Mutate::None && !has_exempt;
        for container in &mut pod.containers {
            container.exempt = false;
        }
        let account = &settings.account;
        let findings = Report::of(RULES, &pod, account);
        let remark = |finding: &Finding| Remark {
            rule: finding.rule.id,
            path: finding.path.to_string(),
            message: finding.message.to_string(),
            help: finding.help.to_string(),
            repair: finding.rule.fix.done().filter(|_| {
                is_repaired
                    && !finding.edits.is_empty()
                    && decide::asked(finding, settings).action == Action::Fix
            }),
        };
        let remarks = |effect| {
            let found = findings.iter().filter(|found| effect_of(found) == effect);
            found.map(remark).collect()
        };
        let containers = pod.containers.iter();
        Self {
            containers: containers
                .map(|own| Container::of(own, &pod, object, account))
                .collect(),
            sysctls: sysctls(&pod, settings, &findings),
            refused: remarks(Effect::Refused),
            lost: remarks(Effect::Lost),
            overridden: remarks(Effect::Overridden),
            ignored: remarks(Effect::Ignored),
            instance: Instance::of(&mut pod),
        }
    }
}

/// Returns the effect on this pod. A refusal that is a warning by default does not stop it, as with the capabilities of
/// a privileged container.
fn effect_of(finding: &Finding) -> Effect {
    match (finding.rule.effect, finding.default) {
        (Effect::Refused, Action::Warn) => Effect::Ignored,
        (effect, _) => effect,
    }
}

impl Instance {
    fn of(pod: &mut Pod<'_>) -> Self {
        if let Err(error) = pod.read_environments() {
            return Self {
                reason: error.to_string(),
                ..Self::default()
            };
        }
        let size = size::of(pod);
        let memory_kib = size.memory_kib();
        let (cpu, memory) = match size {
            Size::Asked { cpu, memory } => (cpu.map(cores), memory.map(bytes)),
            Size::Specs(_) | Size::Unknown => (None, None),
        };
        let asked = match (&cpu, &memory) {
            (None, None) => "no resources are requested".to_owned(),
            (Some(cpu), None) => format!("{cpu} vCPU requested"),
            (None, Some(memory)) => format!("{memory} requested"),
            (Some(cpu), Some(memory)) => format!("{cpu} vCPU and {memory} requested"),
        };
        let reason = match (size, memory_kib) {
            (Size::Specs(specs), Some(_)) => format!("{}: {specs}", instance::USE_SPECS),
            (Size::Specs(specs), None) => {
                let annotation = instance::USE_SPECS;
                format!("{annotation}: {specs}: an entry does not name its memory")
            }
            (Size::Asked { .. }, Some(_)) => asked,
            (Size::Asked { .. }, None) => format!("{asked}: more than any instance has"),
            (Size::Unknown, _) => {
                "a requested amount is not a valid quantity, or too large".to_owned()
            }
        };
        Self {
            memory_kib,
            cpu,
            memory,
            reason,
        }
    }
}

fn cores(amount: Quantity) -> String {
    (amount.thousandths() as f64 / 1000.0).to_string()
}

/// Returns the amount in the largest binary unit that gives a whole number, as Kubernetes writes it.
fn bytes(amount: Quantity) -> String {
    let milli = amount.thousandths();
    if milli % 1000 != 0 {
        return format!("{milli}m");
    }
    let bytes = milli / 1000;
    let fits = |(shift, _): &(u32, &str)| bytes != 0 && bytes % (1 << shift) == 0;
    let units = [(40, "Ti"), (30, "Gi"), (20, "Mi"), (10, "Ki")];
    match units.into_iter().find(fits) {
        Some((shift, unit)) => format!("{}{unit}", bytes >> shift),
        None => bytes.to_string(),
    }
}

/// Returns the sysctls of a pod. A malformed annotation has none.
fn sysctls(pod: &Pod<'_>, settings: &Settings, findings: &[Finding]) -> Vec<Sysctl> {
    const TAKEN: &str = "taken";
    let of_field = pod.sysctls.iter().map(|entry| {
        let found = findings.iter().find(|finding| finding.path == entry.path);
        Sysctl {
            name: entry.name.to_string(),
            value: entry.value.to_owned(),
            channel: "field",
            outcome: found.map_or(TAKEN, |finding| effect_of(finding).as_str()),
        }
    });
    let entries = match &pod.host_sysctls {
        HostSysctls::Entries(entries) => entries.as_slice(),
        HostSysctls::Absent | HostSysctls::Malformed(_) => &[],
    };
    let of_annotation = entries.iter().map(|entry| {
        let name = sysctl::normalise(&entry.name).into_owned();
        let outcome = match settings.account.grants_host_sysctl(&name) {
            true => TAKEN,
            false => Effect::Refused.as_str(),
        };
        Sysctl {
            name,
            value: entry.value.clone(),
            channel: "hostAnnotation",
            outcome,
        }
    });
    of_field.chain(of_annotation).collect()
}

#[cfg(test)]
mod tests;
