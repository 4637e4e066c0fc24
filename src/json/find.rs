//! Reading the value at a path in one pass.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::error::ReadError;
use super::text::Text;
use crate::path::Path;

/// Reads the value at `path` in the JSON text of an object as a `T`. Returns `None` where there is none, or `null`.
pub fn find<'de, T: Deserialize<'de>>(
    text: &'de str,
    path: &[&'static str],
) -> Result<Option<T>, ReadError> {
    let mut value = None;
    let seed = Find {
        path,
        value: &mut value,
    };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let obstacle = seed
        .deserialize(&mut deserializer)
        .and_then(|obstacle| deserializer.end().map(|()| obstacle))
        .map_err(|error| ReadError::new(text, &error))?;
    match obstacle {
        None => Ok(value),
        Some(Obstacle { what, left }) => Err(ReadError::Invalid {
            path: Path::of(path.get(..path.len() - left).unwrap_or(path)),
            reason: format!("is {what}, and must be an object"),
        }),
    }
}

/// A value on the way that is not an object. It is reported when the objects around it are read to their ends: they
/// may set a key twice.
struct Obstacle {
    what: &'static str,
    /// The number of keys that are left of the path.
    left: usize,
}

/// Finds the value at the rest of a path.
struct Find<'p, T> {
    path: &'p [&'static str],
    value: &'p mut Option<T>,
}

impl<T> Find<'_, T> {
    const fn obstacle<E>(&self, what: &'static str) -> Result<Option<Obstacle>, E> {
        Ok(Some(Obstacle {
            what,
            left: self.path.len(),
        }))
    }
}

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for Find<'_, T> {
    type Value = Option<Obstacle>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        if self.path.is_empty() {
            *self.value = Option::deserialize(deserializer)?;
            return Ok(None);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Find<'_, T> {
    type Value = Option<Obstacle>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        self.obstacle("a boolean")
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        self.obstacle("a number")
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        self.obstacle("a number")
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        self.obstacle("a number")
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        self.obstacle("a string")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        self.obstacle("an array")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let Some((first, rest)) = self.path.split_first() else {
            return Ok(None);
        };
        let mut found = None;
        while let Some(key) = map.next_key::<Text<'de>>()? {
            if *key != **first {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            if found.is_some() {
                return Err(A::Error::duplicate_field(first));
            }
            found = Some(map.next_value_seed(Find {
                path: rest,
                value: &mut *self.value,
            })?);
        }
        Ok(found.flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Result<Option<i64>, String> {
        find(text, &["a", "b"]).map_err(|error| error.to_string())
    }

    #[test]
    fn the_value_at_the_path_is_read() {
        assert_eq!(found(r#"{"b":1,"a":{"c":{"b":2},"b":3}}"#), Ok(Some(3)));
        for text in ["{}", r#"{"a":null}"#, r#"{"a":{"b":null}}"#, r#"{"a":{}}"#] {
            assert_eq!(found(text), Ok(None), "{text}");
        }
    }

    #[test]
    fn errors_name_the_path() {
        for (text, says) in [
            (
                r#"{"a":{"b":[]}}"#,
                "a.b: is an array, and must be a 64-bit integer",
            ),
            (
                r#"{"a":[{"b":1}]}"#,
                "a: is an array, and must be an object",
            ),
            (r#"{"a":"b"}"#, "a: is a string, and must be an object"),
            ("1", "is a number, and must be an object"),
            (r#"{"a":{"b":1,"b":2}}"#, "a.b: is set twice"),
            (r#"{"a":true,"a":{"b":1}}"#, "a: is set twice"),
            (
                r#"{"a":{"b":1}"#,
                "JSON that ends too early (line 1, column 12)",
            ),
        ] {
            assert_eq!(found(text), Err(says.to_owned()), "{text}");
        }
    }
}
