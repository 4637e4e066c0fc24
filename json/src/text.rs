//! Strings and values as they stand in a text.

use std::borrow::{Borrow, Cow};
use std::cmp::Ordering;
use std::ops::Deref;

use crate::scan::{Fault, Scanner};

/// A string, borrowed from the text where it holds no escape.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<'t>(Cow<'t, str>);

impl<'t> Text<'t> {
    pub(crate) const fn borrowed(text: &'t str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// The string on its own.
    pub fn into_owned(self) -> String {
        self.0.into_owned()
    }
}

impl<'t> From<&'t str> for Text<'t> {
    fn from(text: &'t str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl<'t> From<Cow<'t, str>> for Text<'t> {
    fn from(text: Cow<'t, str>) -> Self {
        Self(text)
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Self(Cow::Owned(text))
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Text<'_> {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// A string among many that are told apart: in order by length, then by the words that it ends with. Names that many
/// have something in common, such as keys of annotations, have it in front, and WebAssembly compares byte by byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name<'t>(pub Text<'t>);

impl Ord for Name<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let (bytes, others) = (self.0.as_bytes(), other.0.as_bytes());
        let ((first, words), (others_first, others_words)) =
            (bytes.as_rchunks(), others.as_rchunks());
        let last_first = |words: &[[u8; 8]], others: &[[u8; 8]]| {
            let mut pairs = words.iter().rev().zip(others.iter().rev());
            let differ = pairs
                .find(|(word, other)| u64::from_le_bytes(**word) != u64::from_le_bytes(**other));
            differ.map_or(Ordering::Equal, |(word, other)| word.cmp(other))
        };
        let lengths = bytes.len().cmp(&others.len());
        lengths
            .then_with(|| last_first(words, others_words))
            .then_with(|| first.cmp(others_first))
    }
}

impl PartialOrd for Name<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A value as it is written, without blanks around it; JSON, but where it was read as a [`Span`](crate::Shape::Span).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raw<'t>(&'t str);

/// What serde_json has read or written is JSON.
#[cfg(feature = "serde_json")]
impl<'t> From<&'t serde_json::value::RawValue> for Raw<'t> {
    fn from(raw: &'t serde_json::value::RawValue) -> Self {
        Self(raw.get())
    }
}

impl<'t> Raw<'t> {
    /// The value that is none.
    pub const NULL: Self = Self("null");

    pub(crate) const fn of(text: &'t str) -> Self {
        Self(text)
    }

    /// The value that a text is.
    ///
    /// # Errors
    /// Where the text is not JSON.
    pub fn parse(text: &'t str) -> Result<Self, Fault> {
        Scanner::all(text, Scanner::raw)
    }

    /// The text.
    pub const fn get(self) -> &'t str {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ordered_by_length_then_from_their_end() {
        let names = [
            "",
            "b",
            "aa",
            "ab",
            "ba",
            "a23456789",
            "b23456789",
            "a23456788b",
            "a2345678bb",
            "b2345678bb",
        ];
        let name = |text: &&'static str| Name(Text::from(*text));
        for (place, one) in names.iter().enumerate() {
            for (other_place, other) in names.iter().enumerate() {
                assert_eq!(
                    name(one).cmp(&name(other)),
                    place.cmp(&other_place),
                    "{one} and {other}"
                );
            }
        }
    }
}
