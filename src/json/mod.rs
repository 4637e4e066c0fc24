//! Reading JSON with serde: borrowed strings, bounded lists, and errors that name a path and repeat no value.
//!
//! As in the API server's decoder, `null` is an absent field, and keys are case-sensitive. A key that is set twice
//! where it is read is refused: the API server would merge the two values, other readers keep the first or the last.

mod error;
mod list;
mod map;
mod text;
mod tree;

pub use error::ReadError;
pub use list::{Count, Item, List};
pub(crate) use map::views;
pub use map::{Entries, Keys, ObjectOnly, Options};
pub use text::{Amount, Text};
pub use tree::Tree;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
pub use serde_json::value::RawValue;

/// Returns the bytes as text, which JSON has to be.
pub fn utf8(bytes: &[u8]) -> Result<&str, ReadError> {
    std::str::from_utf8(bytes).map_err(|_| ReadError::NotJson("not UTF-8, so not JSON".to_owned()))
}

/// Reads `text` as a `T`.
pub fn read<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, ReadError> {
    serde_json::from_str(text).map_err(|error| ReadError::new(text, &error))
}

/// Reads `text` as a `T`, and counts the items of all its [`List`]s, including those that were skipped.
pub fn read_counted<'de, T: Deserialize<'de>>(text: &'de str) -> Result<(T, Count), ReadError> {
    list::start_counting();
    read(text).map(|value| (value, list::counted()))
}

/// Reads the JSON text of an object up to the value at `path`. Returns `None` where there is none, or `null`.
pub fn find<'de>(
    text: &'de str,
    path: &[&'static str],
) -> Result<Option<&'de RawValue>, ReadError> {
    if path.is_empty() {
        return read(text);
    }
    let mut found: Option<&RawValue> = None;
    for (depth, key) in path.iter().enumerate() {
        let text = found.map_or(text, RawValue::get);
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let value = deserializer
            .deserialize_map(Find(key))
            .map_err(|error| ReadError::new(text, &error).below(path.split_at(depth).0))?;
        match value {
            Some(value) => found = Some(value),
            None => return Ok(None),
        }
    }
    Ok(found)
}

/// Finds the value of one key.
struct Find(&'static str);

impl<'de> Visitor<'de> for Find {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(key) = map.next_key::<Text<'de>>()? {
            if *key != *self.0 {
                map.next_value::<IgnoredAny>()?;
            } else if found.is_some() {
                return Err(serde::de::Error::duplicate_field(self.0));
            } else {
                found = Some(map.next_value::<Option<&RawValue>>()?);
            }
        }
        Ok(found.flatten())
    }
}

/// True if the two values are the same JSON. The order of keys and whitespace do not count.
pub fn is_same(one: &RawValue, other: &RawValue) -> bool {
    let trees = || {
        Some((
            read::<Tree>(one.get()).ok()?,
            read::<Tree>(other.get()).ok()?,
        ))
    };
    one.get() == other.get() || trees().is_some_and(|(one, other)| one == other)
}
