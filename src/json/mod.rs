//! Reading JSON with serde: borrowed strings, bounded lists, and errors that name a path and repeat no value.
//!
//! As in the API server's decoder, `null` is an absent field, and keys are case-sensitive. A key that is set twice
//! where it is read is refused: the API server would merge the two values, other readers keep the first or the last.

mod error;
mod find;
mod list;
mod map;
mod text;
mod tree;

pub use error::ReadError;
pub use find::find;
pub use list::{Item, List, bounded, counted};
pub(crate) use map::views;
pub use map::{Entries, Keys, ObjectOnly, Options};
pub use text::{Amount, Text};
pub use tree::Tree;

use serde::Deserialize;
pub use serde_json::value::RawValue;

/// Returns the bytes as text, which JSON has to be.
pub fn utf8(bytes: &[u8]) -> Result<&str, ReadError> {
    std::str::from_utf8(bytes).map_err(|_| ReadError::NotJson("not UTF-8, so not JSON".to_owned()))
}

/// Reads `text` as a `T`.
pub fn read<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, ReadError> {
    serde_json::from_str(text).map_err(|error| ReadError::new(text, &error))
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
