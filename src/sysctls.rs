//! The sysctls of a pod, from its field and from its annotation, each sorted out once for all the
//! rules that speak of them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Sysctl;

use crate::eci::profile::Profile;
use crate::eci::sysctl;
use crate::json::{self, Name, Tree, Unreadable};
use crate::path::Path;
use crate::text::quote;

/// An entry of `securityContext.sysctls`.
#[derive(Debug)]
pub struct PodSysctl<'p> {
    /// Where it stands.
    pub path: Path,
    /// Its name, normalised.
    pub name: Cow<'p, str>,
    /// Its value.
    pub value: &'p str,
    /// What it is worth.
    pub state: State,
    /// Whether another entry sets the same sysctl.
    pub is_contested: bool,
}

/// What an entry of `securityContext.sysctls` is worth.
#[derive(Debug, PartialEq, Eq)]
pub enum State {
    /// The profile lists it.
    Supported,
    /// The profile does not list it.
    Unsupported,
    /// Its name is none.
    BadName,
    /// It has no value.
    NoValue,
    /// An entry before it sets the same sysctl.
    Repeated,
}

/// The sysctls of the field at `path`.
pub fn of_field<'p>(field: &'p [Sysctl], path: &Path, profile: &Profile) -> Vec<PodSysctl<'p>> {
    let mut entries: Vec<PodSysctl<'p>> = Vec::new();
    let mut first = Names::new();
    for entry in field {
        let name = sysctl::normalise(&entry.name);
        let index = entries.len();
        let before = *first.entry(Name(name.clone().into())).or_insert(index);
        let state = if !sysctl::is_name(&entry.name) {
            State::BadName
        } else if entry.value.is_empty() {
            State::NoValue
        } else if before != index {
            State::Repeated
        } else if profile.sysctls.holds(&name) {
            State::Supported
        } else {
            State::Unsupported
        };
        let path = path.index(index);
        entries.push(PodSysctl { path, name, value: &entry.value, state, is_contested: before != index });
        if let Some(before) = entries.get_mut(before).filter(|_| before != index) {
            before.is_contested = true;
        }
    }
    entries
}

/// Normalised names, each with the index of the entry that sets it.
type Names<'n> = BTreeMap<Name<'n>, usize>;

/// The sysctls of the annotation [`sysctl::HOST_SYSCTLS`].
#[derive(Debug, PartialEq, Eq)]
pub enum HostSysctls {
    /// There is no such annotation.
    Absent,
    /// It is not what ECI reads; what is wrong with it.
    Malformed(String),
    /// The names, as written, and the values.
    Entries(Vec<(String, String)>),
}

/// Reads the annotation, where there is one; one that sets a sysctl of `field` is malformed.
pub fn of_annotation(text: Option<&str>, field: &[PodSysctl<'_>]) -> HostSysctls {
    let Some(text) = text else { return HostSysctls::Absent };
    entries(text, field).map_or_else(HostSysctls::Malformed, HostSysctls::Entries)
}

fn entries(text: &str, field: &[PodSysctl<'_>]) -> Result<Vec<(String, String)>, String> {
    let items = match json::tree(text) {
        Ok(Tree::List(items)) => items,
        // Which of the two counts is for ECI's reader to say, and not known.
        Err(Unreadable::WrongType { path, reason }) => return Err(format!("is ambiguous: {path} {reason}")),
        _ => return Err("is not a JSON array".to_owned()),
    };
    if items.is_empty() {
        return Err("is an empty array".to_owned());
    }
    let (mut of_field, mut first) = (Names::new(), Names::new());
    for (index, sysctl) in field.iter().enumerate() {
        of_field.insert(Name(sysctl.name.clone().into()), index);
    }
    let mut entries = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let Some((name, value)) = entry(item) else {
            return Err(format!(
                "has an entry, [{index}], that is not an object with exactly the strings name and value"
            ));
        };
        let normalised = Name(sysctl::normalise(name).into());
        if of_field.contains_key(&normalised) {
            let shown = quote(&normalised.0);
            return Err(format!("sets {shown}, which the pod's securityContext.sysctls sets too"));
        }
        if first.insert(normalised, index).is_some() {
            return Err(format!("sets {} twice", quote(&sysctl::normalise(name))));
        }
        entries.push((name.to_owned(), value.to_owned()));
    }
    Ok(entries)
}

fn entry<'i>(item: &'i Tree<'_>) -> Option<(&'i str, &'i str)> {
    let Tree::Object(fields) = item else { return None };
    match (fields.len(), fields.get("name")?.as_str(), fields.get("value")?.as_str()) {
        (2, Some(name), Some(value)) => Some((name, value)),
        _ => None,
    }
}

/// The text of an annotation with these entries.
pub fn annotation(entries: &[(String, String)]) -> String {
    let mut text = String::from("[");
    for (position, (name, value)) in entries.iter().enumerate() {
        if position > 0 {
            text.push(',');
        }
        text.push_str("{\"name\":");
        text.push_str(&json::text(name));
        text.push_str(",\"value\":");
        text.push_str(&json::text(value));
        text.push('}');
    }
    text.push(']');
    text
}
