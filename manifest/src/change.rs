//! Edits of an object, the replacements that carry them out in its text, and the reasons to refuse them.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::{Map, Value};
use thiserror::Error;

/// An edit of one field or item in an object.
#[derive(Debug, Clone)]
pub struct Edit<'e> {
    /// The path of the field or item.
    pub steps: Vec<Step<'e>>,
    /// The value to set; missing mappings on the path are added. `None` removes the field or item.
    pub to: Option<&'e Value>,
}

/// A step of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step<'e> {
    /// The entry of a mapping.
    Key(&'e str),
    /// The item of a sequence, from 0.
    Index(usize),
}

/// A text that replaces another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// The bytes to replace.
    pub span: Range<usize>,
    /// The new text.
    pub text: String,
}

/// An edit that is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{reason}")]
pub struct Unrepairable {
    /// The bytes of the edited field.
    pub span: Range<usize>,
    /// The reason.
    pub reason: Reason,
}

/// The reason why an edit is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Reason {
    /// The field is an alias.
    #[error("the value comes from an alias: edit it at the anchor")]
    Alias,
    /// The field is merged from another mapping.
    #[error("the value comes from a merge key: edit it at the anchor")]
    Merged,
    /// The text is in a layout that is not edited.
    #[error("this layout is not edited automatically: edit it by hand")]
    Layout,
    /// The edit would change another field as well.
    #[error(
        "the edit would change other fields too, such as those that use its anchor: edit it by hand"
    )]
    Shared,
}

pub(crate) fn refused(span: &Range<usize>, reason: Reason) -> Unrepairable {
    let span = span.clone();
    Unrepairable { span, reason }
}

pub(crate) fn layout(span: &Range<usize>) -> Unrepairable {
    refused(span, Reason::Layout)
}

/// Returns the text after replacements, which are in order and do not overlap.
pub fn replaced(text: &str, replacements: &[Replacement]) -> String {
    let mut changed = String::with_capacity(text.len());
    let mut done = 0;
    for Replacement { span, text: new } in replacements {
        changed.push_str(text.get(done..span.start).unwrap_or_default());
        changed.push_str(new);
        done = span.end;
    }
    changed.push_str(text.get(done..).unwrap_or_default());
    changed
}

/// Edits by the next step of their paths.
pub(crate) type Below<'e> = BTreeMap<Step<'e>, Change<'e>>;

/// The edits of a node and of everything below it.
pub(crate) enum Change<'e> {
    Set(&'e Value),
    Remove,
    Below(Below<'e>),
}

impl<'e> Change<'e> {
    pub(crate) fn add(&mut self, steps: &[Step<'e>], to: Option<&'e Value>) {
        match (steps, self) {
            ([], change) => *change = to.map_or(Self::Remove, Self::Set),
            ([step, rest @ ..], Self::Below(below)) => below
                .entry(*step)
                .or_insert_with(|| Self::Below(Below::new()))
                .add(rest, to),
            (_, Self::Set(_) | Self::Remove) => {}
        }
    }

    /// The value of a field that does not exist yet; `None` if nothing is set in it.
    pub(crate) fn made(&self) -> Option<Value> {
        match self {
            Self::Set(value) => Some((*value).clone()),
            Self::Remove => None,
            Self::Below(below) => {
                let entries = made(below, |_| true);
                (!entries.is_empty()).then_some(Value::Object(entries))
            }
        }
    }
}

/// The entries that edits add to a mapping because it does not have their keys.
pub(crate) fn made(below: &Below<'_>, is_missing: impl Fn(&str) -> bool) -> Map<String, Value> {
    let entry = |(step, change): (&Step<'_>, &Change<'_>)| match step {
        Step::Key(key) if is_missing(key) => Some(((*key).to_owned(), change.made()?)),
        _ => None,
    };
    below.iter().filter_map(entry).collect()
}
