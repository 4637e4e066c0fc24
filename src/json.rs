//! Reading JSON: slim typed views of an object, and errors that name the path and never echo a value.
//!
//! The views read what they name and skip the rest without building it. As in the API server's
//! decoder, `null` is an absent field and the last of two equal keys wins.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::error::Category;
use serde_json::value::RawValue;

use crate::path::{Path, Step};

/// Declares a struct with a field for each named key of a JSON object; every other key is skipped.
macro_rules! view {
    ($(#[$meta:meta])* pub struct $Name:ident<'de> {
        $($(#[$field_meta:meta])* $($key:literal)|+ => $field:ident: $Type:ty,)+
    }) => {
        $(#[$meta])*
        #[derive(Debug, Default)]
        pub struct $Name<'de> {
            $($(#[$field_meta])* pub $field: Option<$Type>,)+
            #[doc(hidden)]
            pub lifetime: std::marker::PhantomData<&'de ()>,
        }

        impl<'de> serde::de::Deserialize<'de> for $Name<'de> {
            fn deserialize<D: serde::de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Fields;
                impl<'de> serde::de::Visitor<'de> for Fields {
                    type Value = $Name<'de>;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                        let mut view = $Name::default();
                        while let Some(key) = map.next_key::<$crate::json::Text<'de>>()? {
                            match &*key {
                                $($($key)|+ => view.$field = map.next_value()?,)+
                                _ => {
                                    map.next_value::<serde::de::IgnoredAny>()?;
                                }
                            }
                        }
                        Ok(view)
                    }
                }
                deserializer.deserialize_map(Fields)
            }
        }
    };
}
pub(crate) use view;

/// A string, borrowed from the input where it holds no escape.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text<'de>(pub Cow<'de, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

/// Why a JSON text could not be read. Holds no value of the text: it may be a token or a password.
#[derive(Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// Not JSON at all, or nested too deep.
    NotJson {
        /// What the parser stumbled over.
        reason: String,
    },
    /// JSON, but not of the type that is read at this path.
    WrongType {
        /// Where.
        path: Path,
        /// What stands there, and what Kubernetes expects.
        reason: String,
    },
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson { reason } => f.write_str(reason),
            Self::WrongType { path, reason } if path.steps().is_empty() => f.write_str(reason),
            Self::WrongType { path, reason } => write!(f, "{path}: {reason}"),
        }
    }
}

/// Reads `text`, a JSON value that stands at the root of its object, as a `T`.
pub fn read<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, Unreadable> {
    read_seed(text, PhantomData)
}

/// Reads `text` as `seed` does.
pub fn read_seed<'de, S: DeserializeSeed<'de> + Copy>(
    text: &'de str,
    seed: S,
) -> Result<S::Value, Unreadable> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    match seed.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value)) {
        Ok(value) => Ok(value),
        Err(error) => Err(explain(text, &error)),
    }
}

#[cold]
fn explain(text: &str, error: &serde_json::Error) -> Unreadable {
    let said = error.to_string();
    if error.is_data() || said.starts_with("number out of range") {
        let line =
            text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
        return Unreadable::WrongType {
            path: path_at(text, line + error.column()),
            reason: wrong_type(&said),
        };
    }
    let reason = match error.classify() {
        _ if said.starts_with("recursion limit") => "nested deeper than 128 levels",
        Category::Eof => "JSON that ends too early",
        _ => "not JSON",
    };
    let (line, column) = (error.line(), error.column());
    Unreadable::NotJson { reason: format!("{reason} (line {line}, column {column})") }
}

/// The path of the value that `offset` stands at or just behind. serde_json stops there at a value of the
/// wrong type. (Tracking the path while reading would take a second copy of every reader, a third of the
/// module.)
fn path_at(text: &str, offset: usize) -> Path {
    enum Frame<'t> {
        Array(usize),
        Object(Option<&'t str>),
    }
    let mut frames: Vec<Frame<'_>> = Vec::new();
    let mut bytes = text.bytes().enumerate().take(offset);
    while let Some((start, byte)) = bytes.next() {
        match (byte, frames.last_mut()) {
            (b'{', _) => frames.push(Frame::Object(None)),
            (b'[', _) => frames.push(Frame::Array(0)),
            (b'}' | b']', _) => drop(frames.pop()),
            (b',', Some(Frame::Array(index))) => *index += 1,
            (b',', Some(Frame::Object(key))) => *key = None,
            (b'"', frame) => {
                let mut escaped = false;
                let end = bytes.find(|(_, byte)| {
                    let ends = *byte == b'"' && !escaped;
                    escaped = *byte == b'\\' && !escaped;
                    ends
                });
                if let (Some(Frame::Object(key @ None)), Some((end, _))) = (frame, end) {
                    *key = text.get(start..=end);
                }
            }
            _ => {}
        }
    }
    frames.iter().fold(Path::default(), |path, frame| match frame {
        Frame::Array(index) => path.index(*index),
        Frame::Object(None) => path,
        Frame::Object(Some(quoted)) => {
            let key: String = serde_json::from_str(quoted).unwrap_or_default();
            match key.chars().all(|c| c.is_ascii_alphanumeric()) {
                true => path.step(Step::Field(Cow::Owned(key))),
                false => path.key(&key),
            }
        }
    })
}

/// Says what was found and what is expected, from serde's error text without the value in it:
/// `invalid type: string "secret", expected i64 at line 1 column 9`.
fn wrong_type(error: &str) -> String {
    let found = [
        ("invalid type: boolean", "a boolean"),
        ("invalid type: integer", "an integer"),
        ("invalid type: floating point", "a number that is no 64-bit integer"),
        ("invalid type: string", "a string"),
        ("invalid type: null", "null"),
        ("invalid type: sequence", "an array"),
        ("invalid type: map", "an object"),
        ("invalid value: integer", "an integer of more than 64 bits"),
        ("number out of range", "a number that is no 64-bit integer"),
    ]
    .into_iter()
    .find(|(start, _)| error.starts_with(start))
    .map_or("of another type", |(_, found)| found);
    let expected = error.rsplit_once(", expected ").map_or("another type", |(_, rest)| {
        rest.split_once(" at line ").map_or(rest, |(expected, _)| expected)
    });
    let expected = match expected {
        "i64" => "a 64-bit integer",
        "a boolean" | "a string" | "an object" => expected,
        "a sequence" => "an array",
        // The rest are the names that k8s-openapi gives its structs.
        _ => "an object",
    };
    format!("is {found}, and must be {expected}")
}

/// The value of `key` in the JSON object `raw`; `None` where `raw` is no object, has no such key,
/// or has `null` there.
pub fn child<'a>(raw: &'a RawValue, key: &str) -> Option<&'a RawValue> {
    struct Child<'k>(&'k str);
    impl<'de> Visitor<'de> for Child<'_> {
        type Value = Option<&'de RawValue>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = None;
            while let Some(key) = map.next_key::<Text<'de>>()? {
                let value: &RawValue = map.next_value()?;
                if &*key == self.0 {
                    found = Some(value);
                }
            }
            Ok(found)
        }
    }
    let mut deserializer = serde_json::Deserializer::from_str(raw.get());
    deserializer.deserialize_map(Child(key)).ok().flatten().filter(|value| value.get() != "null")
}

/// Whether two texts are the same JSON: the order of keys and the blanks do not count.
pub fn is_same(one: &RawValue, other: &RawValue) -> bool {
    let parse = |raw: &RawValue| serde_json::from_str::<Value>(raw.get()).ok();
    one.get() == other.get() || parse(one).is_some_and(|one| parse(other).is_some_and(|other| one == other))
}

/// The text as a JSON string.
pub fn text(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}
