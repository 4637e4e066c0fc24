//! The sysctls of a pod, from its field and from its annotation, each sorted out once for all the
//! rules that speak of them.

use std::borrow::Cow;

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
    let names: Vec<_> = field
        .iter()
        .map(|entry| sysctl::normalise(&entry.name))
        .collect();
    let firsts = firsts(names.iter().cloned());
    for (index, ((entry, name), before)) in field.iter().zip(names).zip(firsts).enumerate() {
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
        entries.push(PodSysctl {
            path,
            name,
            value: &entry.value,
            state,
            is_contested: before != index,
        });
        if let Some(before) = entries.get_mut(before).filter(|_| before != index) {
            before.is_contested = true;
        }
    }
    entries
}

/// For each of the names, the index of the first that is the same.
fn firsts<'n>(names: impl Iterator<Item = Cow<'n, str>>) -> Vec<usize> {
    let mut names: Vec<_> = names
        .enumerate()
        .map(|(index, name)| (Name(name.into()), index))
        .collect();
    let mut firsts = vec![0; names.len()];
    names.sort_unstable();
    let mut before: Option<(Name<'_>, usize)> = None;
    for (name, index) in names {
        let first = before
            .take()
            .filter(|(before, _)| *before == name)
            .map_or(index, |(_, first)| first);
        if let Some(place) = firsts.get_mut(index) {
            *place = first;
        }
        before = Some((name, first));
    }
    firsts
}

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
    let Some(text) = text else {
        return HostSysctls::Absent;
    };
    entries(text, field).map_or_else(HostSysctls::Malformed, HostSysctls::Entries)
}

fn entries(text: &str, field: &[PodSysctl<'_>]) -> Result<Vec<(String, String)>, String> {
    let items = match json::tree(text) {
        Ok(Tree::List(items)) => items,
        // Which of the two counts is for ECI's reader to say, and not known.
        Err(Unreadable::WrongType { path, reason }) => {
            return Err(format!("is ambiguous: {path} {reason}"));
        }
        _ => return Err("is not a JSON array".to_owned()),
    };
    if items.is_empty() {
        return Err("is an empty array".to_owned());
    }
    let entries: Vec<_> = items.iter().map_while(entry).collect();
    let names = entries.iter().map(|(name, _)| sysctl::normalise(name));
    let all = field
        .iter()
        .map(|entry| entry.name.clone())
        .chain(names.clone());
    let firsts = firsts(all).into_iter().enumerate().skip(field.len());
    if let Some(((_, first), name)) = firsts.zip(names).find(|((index, first), _)| index != first) {
        let shown = quote(&name);
        return Err(match first < field.len() {
            true => format!("sets {shown}, which the pod's securityContext.sysctls sets too"),
            false => format!("sets {shown} twice"),
        });
    }
    if entries.len() < items.len() {
        let index = entries.len();
        return Err(format!(
            "has an entry, [{index}], that is not an object with exactly the strings name and value"
        ));
    }
    Ok(entries
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect())
}

fn entry<'i>(item: &'i Tree<'_>) -> Option<(&'i str, &'i str)> {
    let Tree::Object(fields) = item else {
        return None;
    };
    match (
        fields.len(),
        fields.get("name")?.as_str(),
        fields.get("value")?.as_str(),
    ) {
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
