//! Changing JSON text at a few places: what is not changed is copied as it stands, so that no field, no
//! number and no order is lost on the way.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

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
        Self { steps: path.steps(), to: Some(to) }
    }

    /// Removes the field, or the item of a list, at `path`.
    pub fn remove(path: &'c Path) -> Self {
        Self { steps: path.steps(), to: None }
    }

    /// Whether it removes the very value that it is seen from.
    fn removes(&self) -> bool {
        self.steps.is_empty() && self.to.is_none()
    }

    /// Whether it makes an object of what is none.
    fn makes_object(&self) -> bool {
        self.to.is_some() && !matches!(self.steps, [Step::Index(_), ..])
    }
}

/// Changes by the child that they are below, each as seen from there.
type Groups<'c, K> = BTreeMap<K, Vec<Change<'c>>>;

fn grouped<'c, K: Ord>(changes: &[Change<'c>], child: fn(&'c Step) -> Option<K>) -> Groups<'c, K> {
    let mut groups = Groups::new();
    for change in changes {
        let Some((first, rest)) = change.steps.split_first() else { continue };
        if let Some(child) = child(first) {
            groups.entry(child).or_default().push(Change { steps: rest, to: change.to });
        }
    }
    groups
}

/// The JSON `text` with the changes made, all of them read from the text as it was: removals do not shift
/// each other. Of two changes of one place the last counts; one whose place is not there changes nothing.
pub fn splice<'t>(text: &'t str, changes: &[Change<'_>]) -> Cow<'t, str> {
    if changes.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut splicer =
        Splicer { scanner: Scanner::new(text), spliced: String::with_capacity(text.len() + 256) };
    match splicer.value(changes) {
        Ok(()) => Cow::Owned(splicer.spliced),
        // Nothing is changed in what is no JSON.
        Err(_) => Cow::Borrowed(text),
    }
}

struct Splicer<'t> {
    scanner: Scanner<'t>,
    spliced: String,
}

impl Splicer<'_> {
    /// Copies the value that begins here, changed.
    fn value(&mut self, changes: &[Change<'_>]) -> Result<(), Failed> {
        let start = self.scanner.offset();
        let whole = changes.iter().rev().find(|change| change.steps.is_empty()).and_then(|change| change.to);
        match self.scanner.peek() {
            b'{' if whole.is_none() => self.object(changes),
            b'[' if whole.is_none() => self.array(changes),
            next => {
                self.scanner.skip()?;
                match whole {
                    Some(whole) => self.spliced.push_str(whole),
                    None if next == b'n' && changes.iter().any(Change::makes_object) => self.make(changes),
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
        if !self.spliced.ends_with(['{', '[']) {
            self.spliced.push(',');
        }
    }

    /// Copies the child whose value begins here, and whose text at `start`; or goes behind it, where it is removed.
    fn child(&mut self, start: usize, changes: Option<&Vec<Change<'_>>>) -> Result<(), Failed> {
        if changes.and_then(|changes| changes.last()).is_some_and(Change::removes) {
            return self.scanner.skip();
        }
        self.comma();
        match changes {
            Some(changes) => {
                self.copy(start);
                self.value(changes)
            }
            None => {
                self.scanner.skip()?;
                self.copy(start);
                Ok(())
            }
        }
    }

    fn array(&mut self, changes: &[Change<'_>]) -> Result<(), Failed> {
        let groups = grouped(changes, Step::index);
        self.spliced.push('[');
        let mut goes_on = self.scanner.enter(b']')?;
        let mut index = 0;
        while goes_on {
            self.child(self.scanner.offset(), groups.get(&index))?;
            goes_on = self.scanner.next(b']')?;
            index += 1;
        }
        self.spliced.push(']');
        Ok(())
    }

    fn object(&mut self, changes: &[Change<'_>]) -> Result<(), Failed> {
        let groups = grouped(changes, Step::key);
        let mut found = BTreeSet::new();
        self.spliced.push('{');
        let mut goes_on = self.scanner.enter(b'}')?;
        while goes_on {
            let start = self.scanner.offset();
            let key = self.scanner.key()?;
            let own = groups.get_key_value(&*key);
            found.extend(own.map(|(key, _)| *key));
            self.child(start, own.map(|(_, own)| own))?;
            goes_on = self.scanner.next(b'}')?;
        }
        self.entries(&groups, &found);
        self.spliced.push('}');
        Ok(())
    }

    /// An object where there is none.
    fn make(&mut self, changes: &[Change<'_>]) {
        self.spliced.push('{');
        self.entries(&grouped(changes, Step::key), &BTreeSet::new());
        self.spliced.push('}');
    }

    /// Adds the entries that are not there yet.
    fn entries(&mut self, groups: &Groups<'_, &str>, there: &BTreeSet<&str>) {
        for (key, own) in groups.iter().filter(|(key, _)| !there.contains(**key)) {
            if own.last().is_some_and(Change::removes) || own.iter().all(|change| change.to.is_none()) {
                continue;
            }
            self.comma();
            write_string(&mut self.spliced, key);
            self.spliced.push(':');
            match own.iter().rev().find(|change| change.steps.is_empty()).and_then(|change| change.to) {
                Some(whole) => self.spliced.push_str(whole),
                None if own.iter().any(Change::makes_object) => self.make(own),
                None => self.spliced.push_str("null"),
            }
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
