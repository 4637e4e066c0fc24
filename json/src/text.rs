//! Strings and values as they stand in a text.

use std::borrow::{Borrow, Cow};
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

/// A value as it is written, without blanks around it.
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
