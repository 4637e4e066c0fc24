//! The sysctls of a pod, from its field and from its annotation, classified once for all rules that read them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::eci::profile::Profile;
use crate::eci::sysctl;
use crate::json::{self, ReadError, views};
use crate::path::Path;
use crate::pod::security::PodSecurityContext;
use crate::text::{cut, one_line, quote};

/// An entry of `securityContext.sysctls`.
#[derive(Debug)]
pub struct PodSysctl<'p> {
    /// The path of the entry.
    pub path: Path,
    /// The name, normalised.
    pub name: Cow<'p, str>,
    /// The value.
    pub value: &'p str,
    /// How ECI treats it.
    pub state: State,
    /// True if another entry has the same name.
    pub is_duplicated: bool,
}

/// How ECI treats an entry of `securityContext.sysctls`.
#[derive(Debug, PartialEq, Eq)]
pub enum State {
    /// The profile lists it.
    Supported,
    /// The profile does not list it.
    Unsupported,
    /// The name is invalid.
    BadName,
    /// The value is missing.
    NoValue,
    /// An earlier entry has the same name.
    Duplicate,
}

/// Classifies the sysctls of the security context of the pod at `pod`.
pub fn of_field<'p>(
    context: &'p PodSecurityContext<'_>,
    pod: &Path,
    profile: &Profile,
) -> Vec<PodSysctl<'p>> {
    let mut entries: Vec<PodSysctl<'p>> = Vec::new();
    if context.sysctls.is_empty() {
        return entries;
    }
    let path = pod.field("spec").field("securityContext").field("sysctls");
    let mut firsts = BTreeMap::new();
    for (index, entry) in context.sysctls.iter() {
        let written = entry.name.as_deref().unwrap_or_default();
        let value = entry.value.as_deref().unwrap_or_default();
        let name = sysctl::normalise(written);
        let first = *firsts.entry(name.clone()).or_insert(entries.len());
        let is_duplicated = first != entries.len();
        if let Some(first) = entries.get_mut(first) {
            first.is_duplicated = true;
        }
        let state = if !sysctl::is_name(written) {
            State::BadName
        } else if value.is_empty() {
            State::NoValue
        } else if is_duplicated {
            State::Duplicate
        } else if profile.sysctls.holds(&name) {
            State::Supported
        } else {
            State::Unsupported
        };
        entries.push(PodSysctl {
            path: path.index(index),
            name,
            value,
            state,
            is_duplicated,
        });
    }
    entries
}

/// The sysctls of the annotation [`sysctl::HOST_SYSCTLS`].
#[derive(Debug, PartialEq, Eq)]
pub enum HostSysctls {
    /// The pod does not have the annotation.
    Absent,
    /// ECI cannot read it; why: a clause that follows the annotation's value.
    Malformed(String),
    /// The entries.
    Entries(Vec<HostSysctl>),
}

/// An entry of the annotation.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields, expecting = "an object")]
pub struct HostSysctl {
    /// The name, as written.
    pub name: String,
    /// The value.
    pub value: String,
}

views!(HostSysctl);

/// Reads the annotation, where there is one. It is malformed where it sets a sysctl twice, or one of `field`.
pub fn of_annotation(text: Option<&str>, field: &[PodSysctl<'_>]) -> HostSysctls {
    let Some(text) = text else {
        return HostSysctls::Absent;
    };
    let entries: Vec<HostSysctl> = match json::read(text) {
        Ok(entries) => entries,
        Err(ReadError::Invalid { path, reason }) if !path.steps().is_empty() => {
            // The path has the author's keys.
            let path = cut(one_line(&path.to_string()), 64);
            return HostSysctls::Malformed(format!("has an invalid entry: {path} {reason}"));
        }
        Err(_) => return HostSysctls::Malformed("is not a JSON array".to_owned()),
    };
    if entries.is_empty() {
        return HostSysctls::Malformed("is an empty array".to_owned());
    }
    // Each name, and whether the field sets it.
    let mut set = BTreeMap::new();
    for entry in field {
        set.insert(entry.name.clone(), true);
    }
    for entry in &entries {
        let name = sysctl::normalise(&entry.name);
        let shown = quote(&name);
        match set.insert(name, false) {
            None => {}
            Some(true) => {
                return HostSysctls::Malformed(format!(
                    "sets {shown}, which securityContext.sysctls of the pod sets too"
                ));
            }
            Some(false) => return HostSysctls::Malformed(format!("sets {shown} twice")),
        }
    }
    HostSysctls::Entries(entries)
}

/// Returns the text of an annotation with these names and values.
pub fn annotation<'e>(entries: impl Iterator<Item = (&'e str, &'e str)>) -> String {
    #[derive(Serialize)]
    struct Written<'e> {
        name: &'e str,
        value: &'e str,
    }
    let entries: Vec<_> = entries
        .map(|(name, value)| Written { name, value })
        .collect();
    serde_json::to_string(&entries).unwrap_or_default()
}
