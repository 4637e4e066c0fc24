//! Edits of a JSON text. What is not edited is copied as it stands: no field, number or order is lost.

use std::cell::Cell;
use std::collections::BTreeMap;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Error, Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use crate::json::Text;
use crate::path::{Path, Step};

/// A change of one place in an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Sets the value at the path. Objects that are missing on the way, or `null`, are made.
    Set(Path, Scalar),
    /// Removes the field, or the item of a list, at the path.
    Remove(Path),
}

/// A value that an edit sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A string.
    Text(String),
}

impl std::fmt::Display for Scalar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bool(flag) => flag.fmt(f),
            Self::Int(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

impl Serialize for Scalar {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bool(flag) => serializer.serialize_bool(*flag),
            Self::Int(number) => serializer.serialize_i64(*number),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl Edit {
    /// Returns the path of the place.
    pub const fn path(&self) -> &Path {
        match self {
            Self::Set(path, _) | Self::Remove(path) => path,
        }
    }

    const fn value(&self) -> Option<&Scalar> {
        match self {
            Self::Set(_, value) => Some(value),
            Self::Remove(_) => None,
        }
    }
}

/// Returns the JSON text of `object` with the edits made, all of them on the object as it was: removals do not shift
/// each other. Of two edits of one place the last counts, and it counts for what is below. An edit whose place is not
/// there changes nothing.
pub fn apply<'e>(
    object: &RawValue,
    edits: impl Iterator<Item = &'e Edit>,
) -> Option<Box<RawValue>> {
    // In order of their paths: the edits of one place follow each other, and the places below it come next.
    let mut by_place: BTreeMap<&[Step], &Edit> = BTreeMap::new();
    for edit in edits {
        by_place.insert(edit.path().steps(), edit);
    }
    let edits: Vec<&Edit> = by_place.into_values().collect();
    to_raw_value(&Edited {
        value: Some(object),
        edits: &edits,
        depth: 0,
    })
    .ok()
}

/// A value with the edits at its place and below, which all have the same first `depth` steps.
#[derive(Clone, Copy)]
struct Edited<'e> {
    /// The value in the text; `None` where there is none.
    value: Option<&'e RawValue>,
    edits: &'e [&'e Edit],
    depth: usize,
}

impl<'e> Edited<'e> {
    /// Returns the last edit of the place itself.
    fn own(&self) -> Option<&'e Edit> {
        self.edits
            .iter()
            .take_while(|edit| edit.path().steps().len() == self.depth)
            .last()
            .copied()
    }

    fn is_removed(&self) -> bool {
        self.own().is_some_and(|edit| edit.value().is_none())
    }

    /// True if there is, or will be, a value at the place.
    fn is_made(&self) -> bool {
        !self.is_removed() && self.edits.iter().any(|edit| edit.value().is_some())
    }

    /// Returns the edited places below, in order, each with the step that leads there.
    fn below(self) -> impl Iterator<Item = (&'e Step, Self)> {
        let step = move |edit: &Edit| edit.path().steps().get(self.depth).cloned();
        self.edits
            .chunk_by(move |one, other| step(one) == step(other))
            .filter_map(move |edits| {
                let step = edits.first()?.path().steps().get(self.depth)?;
                Some((
                    step,
                    Self {
                        value: None,
                        edits,
                        depth: self.depth + 1,
                    },
                ))
            })
    }

    fn serialize_object<S: Serializer>(self, serializer: S) -> Result<S::Ok, S::Error> {
        let below: Vec<_> = self
            .below()
            .filter_map(|(step, place)| Some((step.key()?, place)))
            .collect();
        let is_there: Vec<Cell<bool>> = vec![Cell::new(false); below.len()];
        let Entries(entries) = read(self.value)?;
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in entries {
            let found = below
                .binary_search_by(|(edited, _)| (*edited).cmp(&*key))
                .ok();
            match found.and_then(|found| Some((below.get(found)?.1, is_there.get(found)?))) {
                None => map.serialize_entry(&*key, value)?,
                Some((place, is_there)) => {
                    is_there.set(true);
                    if !place.is_removed() {
                        map.serialize_entry(
                            &*key,
                            &Self {
                                value: Some(value),
                                ..place
                            },
                        )?;
                    }
                }
            }
        }
        for ((key, place), is_there) in below.into_iter().zip(is_there) {
            if !is_there.get() && place.is_made() {
                map.serialize_entry(key, &place)?;
            }
        }
        map.end()
    }

    fn serialize_list<S: Serializer>(self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut below = self
            .below()
            .filter_map(|(step, place)| Some((step.index()?, place)))
            .peekable();
        let Items(items) = read(self.value)?;
        let mut seq = serializer.serialize_seq(None)?;
        for (index, item) in items.into_iter().enumerate() {
            match below.next_if(|(edited, _)| *edited == index) {
                None => seq.serialize_element(item)?,
                Some((_, place)) if place.is_removed() => {}
                Some((_, place)) => seq.serialize_element(&Self {
                    value: Some(item),
                    ..place
                })?,
            }
        }
        seq.end()
    }
}

impl Serialize for Edited<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Some(value) = self.own().and_then(Edit::value) {
            return value.serialize(serializer);
        }
        match self.value.map_or("null", RawValue::get).as_bytes().first() {
            Some(b'{') => self.serialize_object(serializer),
            Some(b'[') => self.serialize_list(serializer),
            Some(b'n') if self.is_made() && self.below().any(|(step, _)| step.key().is_some()) => {
                Self {
                    value: None,
                    ..*self
                }
                .serialize_object(serializer)
            }
            _ => self.value.serialize(serializer),
        }
    }
}

fn read<'e, T: Deserialize<'e> + Default, E: Error>(value: Option<&'e RawValue>) -> Result<T, E> {
    let Some(value) = value else {
        return Ok(T::default());
    };
    serde_json::from_str(value.get()).map_err(E::custom)
}

/// The entries of an object, in the order of the text.
#[derive(Default)]
struct Entries<'e>(Vec<(Text<'e>, &'e RawValue)>);

/// The items of a list.
#[derive(Default)]
struct Items<'e>(Vec<&'e RawValue>);

struct Children;

impl<'de> Visitor<'de> for Children {
    type Value = (Entries<'de>, Items<'de>);

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object or an array")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok((Entries(entries), Items::default()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok((Entries::default(), Items(items)))
    }
}

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_map(Children)
            .map(|(entries, _)| entries)
    }
}

impl<'de> Deserialize<'de> for Items<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_seq(Children)
            .map(|(_, items)| items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> Path {
        Path::of(&["spec"])
    }

    fn set(path: Path, value: i64) -> Edit {
        Edit::Set(path, Scalar::Int(value))
    }

    fn applied(text: &str, edits: &[Edit]) -> String {
        apply(serde_json::from_str(text).unwrap(), edits.iter())
            .unwrap()
            .get()
            .to_owned()
    }

    #[test]
    fn what_is_not_edited_is_copied() {
        let text = r#"{"z":1.10,"a":123456789012345678901234567890, "spec" : {"b":[ 1e400 ,{"c":"\u0041"}],"list":[true]}}"#;
        assert_eq!(
            applied(text, &[set(spec().field("list").index(0), 0)]),
            r#"{"z":1.10,"a":123456789012345678901234567890,"spec":{"b":[ 1e400 ,{"c":"\u0041"}],"list":[0]}}"#
        );
    }

    #[test]
    fn missing_objects_are_made() {
        let text = r#"{"spec":{"a":null,"list":[{"b":1}]},"scalar":1}"#;
        let paths = [
            spec().field("a").field("c"),
            spec().field("list").index(0).field("d").key("e.f/g"),
            spec().field("list").index(7).field("d"),
            Path::of(&["scalar"]).field("x"),
            Path::of(&["new"]).field("one"),
            Path::of(&["new"]).field("two"),
        ];
        let edits = paths.map(|path| set(path, 2));
        assert_eq!(
            applied(text, &edits),
            r#"{"spec":{"a":{"c":2},"list":[{"b":1,"d":{"e.f/g":2}}]},"scalar":1,"new":{"one":2,"two":2}}"#
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
        let edits = paths.map(Edit::Remove);
        assert_eq!(
            applied(r#"{"list":["a","b","c","d"],"field":1}"#, &edits),
            r#"{"list":["b","d"]}"#
        );
        assert_eq!(applied(r#"{"list":["a"]}"#, &edits), r#"{"list":[]}"#);
    }

    #[test]
    fn the_last_of_two_edits_counts() {
        let path = spec();
        let below = path.field("a");
        assert_eq!(
            applied("{}", &[set(path.clone(), 1), set(path.clone(), 2)]),
            r#"{"spec":2}"#
        );
        for edits in [
            [Edit::Remove(path.clone()), set(below.clone(), 1)],
            [set(below, 1), Edit::Remove(path)],
        ] {
            assert_eq!(applied(r#"{"spec":{"a":0},"b":0}"#, &edits), r#"{"b":0}"#);
        }
    }

    #[test]
    fn a_key_is_found_in_any_spelling_and_every_time() {
        let text = r#"{"\u0073pec":{"a":1,"b":2},"spec":{"a":3}}"#;
        assert_eq!(
            applied(text, &[Edit::Remove(spec().key("a"))]),
            r#"{"spec":{"b":2},"spec":{}}"#
        );
    }
}
