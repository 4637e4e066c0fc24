//! Changing JSON text at a few places: what is not changed is copied as it stands, so that no field, no
//! number and no order is lost on the way.

use std::borrow::Cow;
use std::cmp::Ordering;

use eci_json::{Failed, Scanner, write_string};

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
        Self {
            steps: path.steps(),
            to: Some(to),
        }
    }

    /// Removes the field, or the item of a list, at `path`.
    pub fn remove(path: &'c Path) -> Self {
        Self {
            steps: path.steps(),
            to: None,
        }
    }
}

/// The order of what two steps lead to: values of an object by their keys, then items of a list by their indices.
fn step_order(one: &Step, other: &Step) -> Ordering {
    match (one.key(), other.key()) {
        // Most are names of fields, which the rules have from one place.
        (Some(one), Some(other)) if std::ptr::eq(one, other) => Ordering::Equal,
        (Some(one), Some(other)) => one.cmp(other),
        _ => one.index().cmp(&other.index()),
    }
}

fn in_order(one: &Change<'_>, other: &Change<'_>) -> Ordering {
    let mut steps = one
        .steps
        .iter()
        .zip(other.steps)
        .map(|(one, other)| step_order(one, other));
    let differ = steps.find(|order| order.is_ne());
    differ.unwrap_or_else(|| one.steps.len().cmp(&other.steps.len()))
}

/// The JSON `text` with the changes made, all of them read from the text as it was: removals do not shift
/// each other. Of two changes of one place the last counts, and it counts for what is below; one whose place is not
/// there changes nothing.
pub fn splice<'t>(text: &'t str, changes: &[Change<'_>]) -> Cow<'t, str> {
    if changes.is_empty() {
        return Cow::Borrowed(text);
    }
    // The changes of a place stand together then, before those of what is below it.
    let mut changes = changes.to_vec();
    changes.sort_by(in_order);
    let mut splicer = Splicer {
        scanner: Scanner::new(text),
        spliced: String::with_capacity(text.len() + 256),
    };
    match splicer.value(Place {
        changes: &changes,
        depth: 0,
    }) {
        Ok(()) => Cow::Owned(splicer.spliced),
        // Nothing is changed in what is no JSON.
        Err(_) => Cow::Borrowed(text),
    }
}

/// A place at which something changes, or below it.
#[derive(Clone, Copy)]
struct Place<'p> {
    /// The changes, in order: all have the same steps down to here.
    changes: &'p [Change<'p>],
    /// How many steps lead here.
    depth: usize,
}

impl<'p> Place<'p> {
    /// The change of the place itself, where there is one.
    fn own(self) -> Option<&'p Change<'p>> {
        self.changes
            .iter()
            .take_while(|change| change.steps.len() == self.depth)
            .last()
    }

    /// What its value is set to, where it is.
    fn whole(self) -> Option<&'p str> {
        self.own().and_then(|change| change.to)
    }

    fn is_removed(self) -> bool {
        self.own().is_some_and(|change| change.to.is_none())
    }

    /// Whether an object is made of what is none.
    fn makes_object(self) -> bool {
        let makes = |change: &Change<'_>| {
            change.to.is_some()
                && change
                    .steps
                    .get(self.depth)
                    .is_none_or(|step| step.key().is_some())
        };
        self.changes.iter().any(makes)
    }

    /// The places below at which something changes, in order, each with the step that leads there.
    fn below(self) -> impl Iterator<Item = (&'p Step, Self)> {
        let step = move |change: &Change<'p>| change.steps.get(self.depth);
        let same = move |one: &Change<'p>, other: &Change<'p>| match (step(one), step(other)) {
            (Some(one), Some(other)) => step_order(one, other).is_eq(),
            (one, other) => one.is_none() && other.is_none(),
        };
        let groups = self.changes.chunk_by(same);
        groups.filter_map(move |changes| {
            Some((
                step(changes.first()?)?,
                Self {
                    changes,
                    depth: self.depth + 1,
                },
            ))
        })
    }
}

struct Splicer<'t> {
    scanner: Scanner<'t>,
    spliced: String,
}

impl Splicer<'_> {
    /// Copies the value that begins here, changed.
    fn value(&mut self, place: Place<'_>) -> Result<(), Failed> {
        let start = self.scanner.offset();
        let whole = place.whole();
        match self.scanner.peek() {
            b'{' if whole.is_none() => self.object(place),
            b'[' if whole.is_none() => self.array(place),
            next => {
                self.scanner.skip()?;
                match whole {
                    Some(whole) => self.spliced.push_str(whole),
                    None if next == b'n' && place.makes_object() => self.make(place),
                    None => self.copy(start),
                }
                Ok(())
            }
        }
    }

    /// Copies the text from `start` up to here.
    fn copy(&mut self, start: usize) {
        self.spliced.push_str(self.scanner.text_from(start));
    }

    fn comma(&mut self) {
        if !matches!(self.spliced.as_bytes().last(), Some(b'{' | b'[')) {
            self.spliced.push(',');
        }
    }

    /// Copies the child whose value begins here, and whose text at `start`; or goes behind it, where it is removed.
    fn child(&mut self, start: usize, place: Option<Place<'_>>) -> Result<(), Failed> {
        if place.is_some_and(Place::is_removed) {
            return self.scanner.skip();
        }
        self.comma();
        match place {
            Some(place) => {
                self.copy(start);
                self.value(place)
            }
            None => {
                self.scanner.skip()?;
                self.copy(start);
                Ok(())
            }
        }
    }

    fn array(&mut self, place: Place<'_>) -> Result<(), Failed> {
        let mut changed = place
            .below()
            .filter_map(|(step, place)| Some((step.index()?, place)))
            .peekable();
        self.spliced.push('[');
        let mut goes_on = self.scanner.enter(b']')?;
        let mut index = 0;
        while goes_on {
            let own = changed
                .next_if(|(changed, _)| *changed == index)
                .map(|(_, place)| place);
            self.child(self.scanner.offset(), own)?;
            goes_on = self.scanner.next(b']')?;
            index += 1;
        }
        self.spliced.push(']');
        Ok(())
    }

    fn object(&mut self, place: Place<'_>) -> Result<(), Failed> {
        let changed: Vec<_> = place
            .below()
            .filter_map(|(step, place)| Some((step.key()?, place)))
            .collect();
        let mut is_there = vec![false; changed.len()];
        self.spliced.push('{');
        let mut goes_on = self.scanner.enter(b'}')?;
        while goes_on {
            let start = self.scanner.offset();
            let key = self.scanner.key()?;
            let found = changed
                .binary_search_by(|(changed, _)| (**changed).cmp(&*key))
                .ok();
            if let Some(is_there) = found.and_then(|found| is_there.get_mut(found)) {
                *is_there = true;
            }
            let own = found
                .and_then(|found| changed.get(found))
                .map(|(_, place)| *place);
            self.child(start, own)?;
            goes_on = self.scanner.next(b'}')?;
        }
        for ((key, place), _) in changed
            .into_iter()
            .zip(is_there)
            .filter(|(_, is_there)| !is_there)
        {
            self.entry(key, place);
        }
        self.spliced.push('}');
        Ok(())
    }

    /// An object where there is none.
    fn make(&mut self, place: Place<'_>) {
        self.spliced.push('{');
        for (step, place) in place.below() {
            if let Some(key) = step.key() {
                self.entry(key, place);
            }
        }
        self.spliced.push('}');
    }

    /// Adds an entry that is not there yet.
    fn entry(&mut self, key: &str, place: Place<'_>) {
        if place.is_removed() || place.changes.iter().all(|change| change.to.is_none()) {
            return;
        }
        self.comma();
        write_string(&mut self.spliced, key);
        self.spliced.push(':');
        match place.whole() {
            Some(whole) => self.spliced.push_str(whole),
            None if place.makes_object() => self.make(place),
            None => self.spliced.push_str("null"),
        }
    }
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
            r#"{"z":1.10,"a":123456789012345678901234567890,"spec" : {"b":[ 1e400 ,{"c":"\u0041"}],"list":[false]}}"#
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
        let paths = [
            list.index(0),
            list.index(2),
            list.index(9),
            Path::of(&["field"]),
            spec().field("gone"),
        ];
        let changes: Vec<_> = paths.iter().map(Change::remove).collect();
        assert_eq!(
            splice(r#"{"list":["a","b","c","d"],"field":1}"#, &changes),
            r#"{"list":["b","d"]}"#
        );
        assert_eq!(splice(r#"{"list":["a"]}"#, &changes), r#"{"list":[]}"#);
    }

    #[test]
    fn the_last_of_two_changes_counts() {
        let path = spec();
        assert_eq!(
            splice("{}", &[Change::set(&path, "1"), Change::set(&path, "2")]),
            r#"{"spec":2}"#
        );
        let below = path.field("a");
        for changes in [
            [Change::remove(&path), Change::set(&below, "1")],
            [Change::set(&below, "1"), Change::remove(&path)],
        ] {
            assert_eq!(splice(r#"{"spec":{"a":0},"b":0}"#, &changes), r#"{"b":0}"#);
        }
    }

    #[test]
    fn a_key_is_found_however_it_is_written_and_as_often_as_it_stands() {
        let path = spec().key("a");
        let text = r#"{"\u0073pec":{"a":1,"b":2},"spec":{"a":3}}"#;
        assert_eq!(
            splice(text, &[Change::remove(&path)]),
            r#"{"\u0073pec":{"b":2},"spec":{}}"#
        );
        let field = spec().field("a");
        assert_eq!(
            splice(
                r#"{"spec":{}}"#,
                &[Change::set(&field, "1"), Change::set(&path, "2")]
            ),
            r#"{"spec":{"a":2}}"#
        );
    }
}
