//! Objects: views of structs, and maps of which a few keys are read.

use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::error::KEY_TWICE;
use super::text::Text;

/// A deserializer that takes a JSON object alone. A derived reader takes an array of the fields too, and Kubernetes
/// does not.
pub struct ObjectOnly<D>(pub D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for ObjectOnly<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// Implements `Deserialize` for views that are derived with `#[serde(remote = "Self")]`, so that they take objects
/// alone.
macro_rules! views {
    ($($View:ident $(<$lifetime:lifetime>)?),+ $(,)?) => {$(
        impl<'de $(: $lifetime, $lifetime)?> serde::Deserialize<'de> for $View$(<$lifetime>)? {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::deserialize($crate::json::ObjectOnly(deserializer))
            }
        }
    )+};
}
pub(crate) use views;

/// The keys of a map that are read.
pub trait Keys {
    /// The keys whose values are read.
    const KEYS: &'static [&'static str];

    /// True for a key of which only its presence is read.
    fn is_family(_key: &str) -> bool {
        false
    }
}

/// The entries of a map that are read; the others are skipped.
#[derive(Debug)]
pub struct Entries<'a, K> {
    values: Vec<(&'static str, Option<Text<'a>>)>,
    family: Vec<(Text<'a>, bool)>,
    keys: PhantomData<K>,
}

impl<K> Default for Entries<'_, K> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            family: Vec::new(),
            keys: PhantomData,
        }
    }
}

impl<K> Entries<'_, K> {
    /// Returns the value of a key of [`Keys::KEYS`]; `None` where it is absent or `null`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.values
            .iter()
            .find(|(known, _)| *known == key)
            .and_then(|(_, value)| value.as_deref())
    }

    /// Returns the keys of the family, in the order of the text.
    pub fn family(&self) -> impl Iterator<Item = &str> {
        self.family
            .iter()
            .filter(|(_, is_set)| *is_set)
            .map(|(key, _)| &**key)
    }
}

struct EntriesVisitor<K>(PhantomData<K>);

impl<'de, K: Keys> Visitor<'de> for EntriesVisitor<K> {
    type Value = Entries<'de, K>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(Entries::default())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Entries::default();
        let mut seen = HashSet::new();
        while let Some(key) = map.next_key::<Text<'de>>()? {
            if let Some(known) = K::KEYS.iter().find(|known| **known == &*key) {
                if entries.values.iter().any(|(set, _)| set == known) {
                    return Err(A::Error::duplicate_field(known));
                }
                entries.values.push((known, map.next_value()?));
            } else if K::is_family(&key) {
                if !seen.insert(key.clone()) {
                    return Err(A::Error::custom(KEY_TWICE));
                }
                let is_set = map.next_value::<Option<IgnoredAny>>()?.is_some();
                entries.family.push((key, is_set));
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(entries)
    }
}

impl<'de: 'a, 'a, K: Keys> Deserialize<'de> for Entries<'a, K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_option(EntriesVisitor(PhantomData))
    }
}

/// An object of options, of which only is read whether it sets any.
#[derive(Debug, Default)]
pub struct Options {
    /// True if a key has a value other than `null`.
    pub is_set: bool,
}

struct OptionsVisitor;

impl<'de> Visitor<'de> for OptionsVisitor {
    type Value = Options;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Options, A::Error> {
        let mut options = Options::default();
        while let Some((IgnoredAny, value)) = map.next_entry::<_, Option<IgnoredAny>>()? {
            options.is_set |= value.is_some();
        }
        Ok(options)
    }
}

impl<'de> Deserialize<'de> for Options {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OptionsVisitor)
    }
}
