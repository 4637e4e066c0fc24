//! The corpus of test cases. A case is a manifest with the expected answer written in its comments.
//!
//! A file holds the cases of one rule (`<rule>.yaml`) or of one topic of a group (`<group>/<topic>.yaml`). The name of
//! a case is `<rule>/<name>` or `<group>/<name>`. Every document begins with a line `#:` that says what it is:
//!
//! ```yaml
//! #: process-ids
//! # A remark: why the case exists, and its source.
//! #! settings: {mutate: all}
//! #! operation: UPDATE
//! #! message: is not supported
//! apiVersion: v1
//! kind: Pod
//! spec:
//!   hostPID: true #~ host-namespaces deny
//! ---
//! #: old object
//! apiVersion: v1
//! kind: Pod
//! ---
//! #: fixed object
//! apiVersion: v1
//! kind: Pod
//! spec: {}
//! ```
//!
//! - `#: NAME` begins a case. The object before an update and the repaired object follow it, where there are any.
//! - `#! KEY: VALUE`, above the object, sets a part of the request or expects a part of the answer.
//!   The struct `Directives` lists the keys.
//! - `#~ RULE ACTION`, at the end of a line, expects a finding whose path is on that line. A line can have several.
//!   A case without findings says `#! findings: none`.
//!
//! YAML cannot express a duplicate key, or a number in an unusual notation. An object that is a string is therefore the
//! JSON text of the object, which is sent unchanged. Its findings are directives:
//!
//! ```yaml
//! #: escaped-key
//! #! finding: host-namespaces deny spec.hostPID
//! |
//!   {"apiVersion": "v1", "kind": "Pod", "spec": {"hostP\u0049D": true}}
//! ```
//!
//! This crate runs no policy: it supplies payloads and checks answers. A malformed case makes it panic with the file
//! and the line.

#![expect(
    clippy::indexing_slicing,
    reason = "indexing a JSON value with a missing key gives null"
)]

mod check;
mod directives;
mod parse;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::{fmt, fs};

use serde::Deserialize;
use serde_json::Value;

use crate::directives::Directives;

/// A line of a file, from 1, and what is wrong there.
type Problem = (usize, String);

/// A request to a policy, and the answer that it must get.
#[derive(Debug, Default)]
pub struct Case {
    /// `<rule>/<name>` or `<group>/<name>`.
    pub name: String,
    /// The rule, or the group, that the case belongs to.
    pub rule: String,
    /// The payload as a tree: `{"request": …, "settings": …}`. [`Case::payload_text`] is the text to send.
    pub payload: Value,
    /// The function to call: `validate` or `mutate`.
    pub function: String,
    /// The host's answer to a question for the request's Namespace.
    pub namespace: Namespace,
    file: String,
    /// The line on which the case begins, from 1.
    line: usize,
    /// The document of the object, and the lines of the file before it.
    text: String,
    lines_before: usize,
    /// The JSON texts of the object and of the old object, where the case gives them.
    raw: [Option<String>; 2],
    directives: Directives,
    marks: Vec<Mark>,
    fixed: Option<Value>,
}

/// The host's answer to a question for the request's Namespace.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Namespace {
    /// The policy must not ask.
    #[default]
    #[serde(skip)]
    NotAsked,
    /// The host refuses the call.
    Refused,
    /// The Namespace has these labels.
    #[serde(untagged)]
    Labels(BTreeMap<String, String>),
}

/// An expected finding.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Mark {
    /// `line 12`, or the path in an object that is given as JSON.
    location: String,
    /// The rule's name.
    pub rule: String,
    /// The action: `deny`, `fix`, `warn` or `audit`.
    pub action: String,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}: {} {}", self.location, self.rule, self.action)
    }
}

/// The name of the case, its file and its line.
impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} ({}:{})", self.name, self.file, self.line)
    }
}

impl Case {
    /// The text of the payload, with the objects exactly as the case writes them.
    pub fn payload_text(&self) -> String {
        let mut payload = self.payload.clone();
        // No JSON text contains a NUL: the placeholder cannot be mistaken for anything else.
        let placeholder = |key: &str| Value::from(format!("\0{key}"));
        let raw = || ["object", "oldObject"].into_iter().zip(&self.raw);
        for (key, _) in raw().filter(|(_, raw)| raw.is_some()) {
            payload["request"][key] = placeholder(key);
        }
        raw().fold(payload.to_string(), |text, (key, raw)| match raw {
            Some(raw) => text.replacen(&placeholder(key).to_string(), raw, 1),
            None => text,
        })
    }

    /// The YAML document of the object, with its comments.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The findings that the policy must make.
    pub fn expected(&self) -> &[Mark] {
        &self.marks
    }
}

/// All cases of a corpus, by name.
///
/// # Panics
/// If a file cannot be read or a case is malformed. The message has the file and the line.
pub fn read_all(dir: &Path) -> Vec<Case> {
    #[expect(clippy::panic, reason = "test support: half a corpus proves nothing")]
    try_read_all(dir).unwrap_or_else(|problem| panic!("{problem}"))
}

fn try_read_all(dir: &Path) -> Result<Vec<Case>, String> {
    let mut cases = Vec::new();
    for path in entries(dir)? {
        let group = path.file_stem().unwrap_or_default().to_string_lossy();
        let files = match path.is_dir() {
            true => entries(&path)?,
            false => vec![path.clone()],
        };
        for file in files {
            let name = file.display().to_string();
            if file.is_dir() || file.extension().is_none_or(|extension| extension != "yaml") {
                return Err(format!("{name}: expected a .yaml file with cases"));
            }
            let text = fs::read_to_string(&file).map_err(|error| format!("{name}: {error}"))?;
            cases.append(&mut parse::cases(&group, &name, &text)?);
        }
    }
    let mut known = HashMap::new();
    for case in &cases {
        if let Some(other) = known.insert(&case.name, case) {
            let (file, line, name) = (&case.file, case.line, &case.name);
            return Err(format!(
                "{file}:{line}: duplicate case {other}: rename {name}"
            ));
        }
    }
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(cases)
}

/// The paths in a folder, sorted.
fn entries(dir: &Path) -> Result<Vec<PathBuf>, String> {
    let read = fs::read_dir(dir).and_then(|all| all.map(|entry| Ok(entry?.path())).collect());
    let mut paths: Vec<_> = read.map_err(|error| format!("{}: {error}", dir.display()))?;
    paths.sort();
    Ok(paths)
}
