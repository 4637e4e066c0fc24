//! Changing JSON text at a few places: what is not changed is copied as it stands, so that no field, no
//! number and no order is lost on the way.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::value::RawValue;

use crate::json::{self, Node, Shape};
use crate::path::{Path, Step};

/// A change of one place in a JSON text.
#[derive(Clone, Copy, Debug)]
pub struct Change<'c> {
    steps: &'c [Step],
    to: Option<&'c str>,
}

impl<'c> Change<'c> {
    /// Sets the value at `path` to the JSON text `to`; objects missing on the way, or `null`, are made.
    pub fn set(path: &'c Path, to: &'c str) -> Self {
        Self { steps: path.steps(), to: Some(to) }
    }

    /// Removes the field, or the item of a list, at `path`.
    pub fn remove(path: &'c Path) -> Self {
        Self { steps: path.steps(), to: None }
    }

    /// The change as seen from below its first step.
    fn below(&self) -> Self {
        Self { steps: self.steps.get(1..).unwrap_or_default(), to: self.to }
    }

    fn key(&self) -> Option<&'c str> {
        self.steps.first()?.key()
    }

    fn index(&self) -> Option<usize> {
        match self.steps.first() {
            Some(Step::Index(index)) => Some(*index),
            _ => None,
        }
    }
}

/// The JSON `text` with the changes made, all of them read from the text as it was: removals do not shift
/// each other. Of two changes of one place the last counts; one whose place is not there changes nothing.
pub fn splice<'t>(text: &'t str, changes: &[Change<'_>]) -> Cow<'t, str> {
    if changes.is_empty() {
        return Cow::Borrowed(text);
    }
    if let Some(whole) = changes.iter().rev().find(|change| change.steps.is_empty()) {
        return whole.to.map_or(Cow::Borrowed(text), |to| Cow::Owned(to.to_owned()));
    }
    let makes_object =
        |change: &Change<'_>| change.to.is_some() && !matches!(change.steps, [Step::Index(_), ..]);
    match text.as_bytes().first() {
        Some(b'[') => array(text, changes),
        Some(b'{') => object(text, changes),
        Some(b'n') if changes.iter().any(makes_object) => object("{}", changes),
        _ => Cow::Borrowed(text),
    }
}

fn array<'t>(text: &'t str, changes: &[Change<'_>]) -> Cow<'t, str> {
    let Ok(items) = json::read::<Vec<&RawValue>>(text) else { return Cow::Borrowed(text) };
    let mut changes_of: Vec<Vec<Change<'_>>> = vec![Vec::new(); items.len()];
    for change in changes {
        if let Some(own) = change.index().and_then(|index| changes_of.get_mut(index)) {
            own.push(change.below());
        }
    }
    let mut spliced = String::from("[");
    for (item, own) in items.iter().zip(changes_of) {
        append(&mut spliced, None, item.get(), &own);
    }
    spliced.push(']');
    Cow::Owned(spliced)
}

fn object<'t>(text: &'t str, changes: &[Change<'_>]) -> Cow<'t, str> {
    let Ok(Node::Entries(entries)) = json::read_shape(text, Shape::Entries) else {
        return Cow::Borrowed(text);
    };
    // The changes of each key, in the order of their first.
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut groups: Vec<(&str, Vec<Change<'_>>)> = Vec::new();
    for change in changes {
        let Some(key) = change.key() else { continue };
        let place = *places.entry(key.to_owned()).or_insert(groups.len());
        if place == groups.len() {
            groups.push((key, Vec::new()));
        }
        if let Some((_, own)) = groups.get_mut(place) {
            own.push(change.below());
        }
    }
    let mut spliced = String::from("{");
    for (key, value) in &entries {
        let group = places.get(&**key).and_then(|place| groups.get_mut(*place));
        let own = group.map(|(_, own)| std::mem::take(own)).unwrap_or_default();
        append(&mut spliced, Some(key), value.get(), &own);
    }
    for (key, own) in groups {
        if own.iter().any(|change| change.to.is_some()) {
            append(&mut spliced, Some(key), "null", &own);
        }
    }
    spliced.push('}');
    Cow::Owned(spliced)
}

/// Appends an entry of an object, or without a key an item of an array, with the changes of its own.
fn append(spliced: &mut String, key: Option<&str>, value: &str, own: &[Change<'_>]) {
    if own.last().is_some_and(|change| change.steps.is_empty() && change.to.is_none()) {
        return;
    }
    if !spliced.ends_with(['{', '[']) {
        spliced.push(',');
    }
    if let Some(key) = key {
        spliced.push_str(&json::text(key));
        spliced.push(':');
    }
    spliced.push_str(&splice(value, own));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> Path {
        Path::of(&["spec"])
    }

    #[test]
    fn what_is_not_changed_is_copied() {
        let text = r#"{"z":1.10,"a":123456789012345678901234567890, "spec" : {"b":[ 1e400 ,{"c":"\u0041"}],"list":[true]}}"#;
        let path = spec().field("list").index(0);
        assert_eq!(
            splice(text, &[Change::set(&path, "false")]),
            r#"{"z":1.10,"a":123456789012345678901234567890,"spec":{"b":[ 1e400 ,{"c":"\u0041"}],"list":[false]}}"#
        );
        assert_eq!(splice(text, &[]), text);
    }

    #[test]
    fn set_makes_the_way() {
        let text = r#"{"spec":{"a":null,"list":[{"b":1}]},"scalar":1}"#;
        let paths = [
            spec().field("a").field("c"),
            spec().field("list").index(0).field("d").key("e.f/g"),
            spec().field("list").index(7).field("d"),
            Path::of(&["scalar"]).field("x"),
            Path::of(&["new"]).field("one"),
            Path::of(&["new"]).field("two"),
        ];
        let changes: Vec<_> = paths.iter().map(|path| Change::set(path, "true")).collect();
        assert_eq!(
            splice(text, &changes),
            r#"{"spec":{"a":{"c":true},"list":[{"b":1,"d":{"e.f/g":true}}]},"scalar":1,"new":{"one":true,"two":true}}"#
        );
    }

    #[test]
    fn removals_do_not_shift_each_other() {
        let list = Path::of(&["list"]);
        let paths = [list.index(0), list.index(2), list.index(9), Path::of(&["field"]), spec().field("gone")];
        let changes: Vec<_> = paths.iter().map(Change::remove).collect();
        assert_eq!(splice(r#"{"list":["a","b","c","d"],"field":1}"#, &changes), r#"{"list":["b","d"]}"#);
        assert_eq!(splice(r#"{"list":["a"]}"#, &changes), r#"{"list":[]}"#);
    }

    #[test]
    fn the_last_of_two_changes_counts() {
        let path = spec();
        assert_eq!(splice("{}", &[Change::set(&path, "1"), Change::set(&path, "2")]), r#"{"spec":2}"#);
    }
}
