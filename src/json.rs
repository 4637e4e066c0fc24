//! Reading JSON: typed views of an object, and errors that name the path and never echo a value.
//!
//! A view is a struct whose fields are read in one pass; all else is skipped without building it. As in
//! the API server's decoder, `null` is an absent field, and a key in another case is another key. A field
//! that is set twice cannot be read: the API server merges the two values into one object
//! (`sigs.k8s.io/json` decodes the second into what the first left), where other readers keep the last, or the
//! first. It never hands on two of a kind, for what it sends is encoded from what it keeps: no text of its
//! own is refused, and none that has two readings is judged by one of them. The reader is one function over
//! the [`Shape`] of a view, where derived readers would be one for each struct: they took more than half of
//! the module.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::ops::Deref;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::Value;
use serde_json::error::Category;
use serde_json::value::RawValue;

use crate::path::{Path, Step};

/// What is read of a JSON value.
#[derive(Clone, Copy, Debug)]
pub enum Shape<'s> {
    /// A boolean.
    Bool,
    /// A 64-bit integer.
    Int,
    /// A string.
    Text,
    /// A string, or a number as a string of its digits.
    Amount,
    /// Any value, as it is written.
    Raw,
    /// That there is a value.
    Present,
    /// An array.
    List(&'s Self),
    /// An object, by its fields.
    Object(&'s [(&'s str, Self)]),
    /// An object by its fields and, after them, the list of those of its keys that are of a family.
    Keys(&'s [(&'s str, Self)], fn(&str) -> bool),
    /// An object, by all its entries.
    Entries,
    /// The value at the end of these keys, in an object in an object.
    At(&'s [&'s str], &'s Self),
    /// The same, where what is no object on the way is as good as absent.
    Find(&'s [&'s str], &'s Self),
}

/// What was read: of the shape that was asked for, or absent.
#[derive(Debug)]
pub enum Node<'de> {
    /// No such field, or `null`.
    Absent,
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A string.
    Text(Text<'de>),
    /// A value as it is written.
    Raw(&'de RawValue),
    /// Some value.
    Present,
    /// An array, or the fields of an object in the order of their shape.
    List(Vec<Self>),
    /// The entries of an object, the values as they are written. Of two equal keys there is the last only.
    Entries(Vec<(Text<'de>, &'de RawValue)>),
}

/// What can be read of a JSON value.
pub trait View<'de>: Sized {
    /// What is read.
    const SHAPE: Shape<'static>;
    /// Takes it from a node of this shape. An absent one is the default of the type, as in Go.
    fn take(node: Node<'de>) -> Self;
}

/// Declares the views of structs, their fields with the keys that they stand at. With `of`, of a struct
/// that stands elsewhere, whose other fields keep their default.
macro_rules! view {
    ($($(#[$meta:meta])* pub struct $Name:ident<'de> {
        $($(#[$field_meta:meta])* $field:ident: $Type:ty = $key:expr,)+
    })+) => {$(
        $(#[$meta])*
        #[derive(Debug, Default)]
        pub struct $Name<'de> {
            $($(#[$field_meta])* pub $field: $Type,)+
            #[doc(hidden)]
            pub lifetime: std::marker::PhantomData<&'de ()>,
        }
        $crate::json::view! { impl $Name<'de> { $($field: $Type = $key,)+ } }
    )+};
    ($(of $Name:ident { $($field:ident: $Type:ty = $key:expr,)* })+) => {$(
        $crate::json::view! { impl $Name { $($field: $Type = $key,)* } }
    )+};
    (impl $Name:ty { $($field:ident: $Type:ty = $key:expr,)* }) => {
        impl<'de> $crate::json::View<'de> for $Name {
            const SHAPE: $crate::json::Shape<'static> =
                $crate::json::Shape::Object(&[$(($key, <$Type as $crate::json::View<'de>>::SHAPE),)*]);

            #[allow(unused_mut, unused_variables, clippy::needless_update, reason = "a view may have no fields, or all")]
            fn take(node: $crate::json::Node<'de>) -> Self {
                let mut fields = node.fields();
                Self { $($field: $crate::json::View::take(fields.next()),)* ..Default::default() }
            }
        }
    };
}
pub(crate) use view;

/// The fields of an object, or the items of a list.
pub struct Fields<'de>(std::vec::IntoIter<Node<'de>>);

impl<'de> Fields<'de> {
    /// The next one; absent after the last.
    #[expect(clippy::should_implement_trait, reason = "it never ends")]
    pub fn next(&mut self) -> Node<'de> {
        self.0.next().unwrap_or(Node::Absent)
    }
}

impl<'de> Node<'de> {
    /// The fields of the object, or the items of the list; none of anything else.
    pub fn fields(self) -> Fields<'de> {
        match self {
            Self::List(nodes) => Fields(nodes.into_iter()),
            _ => Fields(Vec::new().into_iter()),
        }
    }
}

impl<'de, T: View<'de>> View<'de> for Option<T> {
    const SHAPE: Shape<'static> = T::SHAPE;

    fn take(node: Node<'de>) -> Self {
        match node {
            Node::Absent => None,
            node => Some(T::take(node)),
        }
    }
}

impl<'de, T: View<'de>> View<'de> for Vec<T> {
    const SHAPE: Shape<'static> = Shape::List(&T::SHAPE);

    fn take(node: Node<'de>) -> Self {
        let mut items = Self::new();
        for node in node.fields().0 {
            items.push(T::take(node));
        }
        items
    }
}

impl<'de> View<'de> for bool {
    const SHAPE: Shape<'static> = Shape::Bool;

    fn take(node: Node<'de>) -> Self {
        matches!(node, Node::Bool(true))
    }
}

impl<'de> View<'de> for i64 {
    const SHAPE: Shape<'static> = Shape::Int;

    fn take(node: Node<'de>) -> Self {
        if let Node::Int(integer) = node { integer } else { 0 }
    }
}

impl<'de> View<'de> for Text<'de> {
    const SHAPE: Shape<'static> = Shape::Text;

    fn take(node: Node<'de>) -> Self {
        if let Node::Text(text) = node { text } else { Self::default() }
    }
}

impl<'de> View<'de> for String {
    const SHAPE: Shape<'static> = Shape::Text;

    fn take(node: Node<'de>) -> Self {
        Text::take(node).0.into_owned()
    }
}

impl<'de> View<'de> for &'de RawValue {
    const SHAPE: Shape<'static> = Shape::Raw;

    fn take(node: Node<'de>) -> Self {
        if let Node::Raw(raw) = node { raw } else { RawValue::NULL }
    }
}

/// A string, or a number as a string of its digits, as the API server makes one of it.
#[derive(Clone, Debug)]
pub struct Amount<'de>(pub Text<'de>);

impl<'de> View<'de> for Amount<'de> {
    const SHAPE: Shape<'static> = Shape::Amount;

    fn take(node: Node<'de>) -> Self {
        Self(Text::take(node))
    }
}

/// A string, borrowed from the input where it holds no escape.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text<'de>(Cow<'de, str>);

impl<'de> From<&'de str> for Text<'de> {
    fn from(text: &'de str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// Reads a value of a shape.
#[derive(Clone, Copy)]
struct Reader<'s>(Shape<'s>);

impl Reader<'_> {
    fn wrong<'de, E: Error>(self, found: &str) -> Result<Node<'de>, E> {
        let expected = match self.0 {
            Shape::Bool => "a boolean",
            Shape::Int => "a 64-bit integer",
            Shape::Text => "a string",
            Shape::Amount => "a string or a number",
            Shape::List(_) => "an array",
            Shape::Object(_) | Shape::Keys(..) | Shape::Entries | Shape::At(..) => "an object",
            Shape::Find(..) => return Ok(Node::Absent),
            Shape::Raw | Shape::Present => "any value",
        };
        Err(E::custom(format_args!("is {found}, and must be {expected}")))
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Node<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        match self.0 {
            Shape::At([], shape) | Shape::Find([], shape) => Reader(*shape).deserialize(deserializer),
            Shape::Raw | Shape::Present => {
                let raw = <&RawValue>::deserialize(deserializer)?;
                Ok(match self.0 {
                    _ if raw.get() == "null" => Node::Absent,
                    Shape::Present => Node::Present,
                    _ => Node::Raw(raw),
                })
            }
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Node<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Node::Absent)
    }

    fn visit_bool<E: Error>(self, found: bool) -> Result<Self::Value, E> {
        match self.0 {
            Shape::Bool => Ok(Node::Bool(found)),
            _ => self.wrong("a boolean"),
        }
    }

    fn visit_i64<E: Error>(self, found: i64) -> Result<Self::Value, E> {
        match self.0 {
            Shape::Int => Ok(Node::Int(found)),
            Shape::Amount => Ok(Node::Text(Text(Cow::Owned(found.to_string())))),
            _ => self.wrong("a number"),
        }
    }

    fn visit_u64<E: Error>(self, found: u64) -> Result<Self::Value, E> {
        match (self.0, i64::try_from(found)) {
            (Shape::Int, Ok(found)) => Ok(Node::Int(found)),
            (Shape::Int, Err(_)) => self.wrong("an integer of more than 64 bits"),
            (Shape::Amount, _) => Ok(Node::Text(Text(Cow::Owned(found.to_string())))),
            _ => self.wrong("a number"),
        }
    }

    fn visit_f64<E: Error>(self, found: f64) -> Result<Self::Value, E> {
        match self.0 {
            Shape::Amount => Ok(Node::Text(Text(Cow::Owned(found.to_string())))),
            _ => self.wrong("a number that is no 64-bit integer"),
        }
    }

    fn visit_borrowed_str<E: Error>(self, found: &'de str) -> Result<Self::Value, E> {
        match self.0 {
            Shape::Text | Shape::Amount => Ok(Node::Text(Text(Cow::Borrowed(found)))),
            _ => self.wrong("a string"),
        }
    }

    fn visit_str<E: Error>(self, found: &str) -> Result<Self::Value, E> {
        match self.0 {
            Shape::Text | Shape::Amount => Ok(Node::Text(Text(Cow::Owned(found.to_owned())))),
            _ => self.wrong("a string"),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let Shape::List(shape) = self.0 else {
            // To its end, for the error to stand at the array and not in it.
            while items.next_element::<IgnoredAny>()?.is_some() {}
            return self.wrong("an array");
        };
        let mut nodes = Vec::new();
        while let Some(node) = items.next_element_seed(Reader(*shape))? {
            match node {
                // Where a list has no use for null, the API server has none either.
                Node::Absent => return Reader(*shape).wrong("null"),
                node => nodes.push(node),
            }
        }
        Ok(Node::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (fields, family) = match self.0 {
            Shape::Object(fields) => (fields, None),
            Shape::Keys(fields, family) => (fields, Some(family)),
            Shape::Entries => return entries(map),
            Shape::At([key, rest @ ..], shape) => return below(map, key, Reader(Shape::At(rest, shape))),
            Shape::Find([key, rest @ ..], shape) => return below(map, key, Reader(Shape::Find(rest, shape))),
            _ => return self.wrong("an object"),
        };
        let mut nodes: Vec<Option<Node<'de>>> = fields.iter().map(|_| None).collect();
        let mut keys = Vec::new();
        // Made where there is a family: to make one costs, and objects are many.
        let mut seen: Option<HashSet<String>> = None;
        while let Some(key) = map.next_key_seed(Key)? {
            let field = fields.iter().zip(&mut nodes).find(|((name, _), _)| *name == &*key);
            if let Some(((_, shape), node)) = field {
                if node.is_some() {
                    return Err(A::Error::custom(TWICE));
                }
                *node = Some(map.next_value_seed(Reader(*shape))?);
            } else if family.is_some_and(|is_of_family| is_of_family(&key)) {
                if !seen.get_or_insert_default().insert(key.to_string()) {
                    return Err(A::Error::custom(TWICE));
                }
                if let Node::Present = map.next_value_seed(Reader(Shape::Present))? {
                    keys.push(Node::Text(key));
                }
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        let mut nodes: Vec<Node<'de>> = nodes.into_iter().map(|node| node.unwrap_or(Node::Absent)).collect();
        if family.is_some() {
            nodes.push(Node::List(keys));
        }
        Ok(Node::List(nodes))
    }
}

/// What is wrong with a field that its object holds twice.
const TWICE: &str = "is set twice";

/// The value at `wanted`, read by `reader`.
fn below<'de, A: MapAccess<'de>>(
    mut map: A,
    wanted: &str,
    reader: Reader<'_>,
) -> Result<Node<'de>, A::Error> {
    let mut found = None;
    while let Some(key) = map.next_key_seed(Key)? {
        if *key != *wanted {
            map.next_value::<IgnoredAny>()?;
        } else if found.is_some() {
            return Err(A::Error::custom(TWICE));
        } else {
            found = Some(map.next_value_seed(reader)?);
        }
    }
    Ok(found.unwrap_or(Node::Absent))
}

fn entries<'de, A: MapAccess<'de>>(mut map: A) -> Result<Node<'de>, A::Error> {
    let mut entries: Vec<(Text<'de>, &'de RawValue)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    while let Some(key) = map.next_key_seed(Key)? {
        let value = map.next_value()?;
        let place = *places.entry(key.to_string()).or_insert(entries.len());
        match entries.get_mut(place) {
            Some(entry) => entry.1 = value,
            None => entries.push((key, value)),
        }
    }
    Ok(Node::Entries(entries))
}

/// Reads the key of an object, which is always a string.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Text<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        Ok(Text::take(Reader(Shape::Text).deserialize(deserializer)?))
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

impl Unreadable {
    /// The same of a text that stands at `path` in a larger one.
    pub fn below(self, path: &Path) -> Self {
        match self {
            Self::WrongType { path: below, reason } => Self::WrongType { path: path.join(&below), reason },
            not_json => not_json,
        }
    }

    /// The same, named by `path` where it is the whole text that is not as it must be.
    pub fn of(self, path: &[&'static str]) -> Self {
        match self {
            Self::WrongType { path: root, reason } if root.steps().is_empty() => {
                Self::WrongType { path: Path::of(path), reason }
            }
            other => other,
        }
    }
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

/// Reads `text`, the JSON of an object, as a `T`.
pub fn read<'de, T: View<'de>>(text: &'de str) -> Result<T, Unreadable> {
    read_shape(text, T::SHAPE).map(T::take)
}

/// Reads `text`, the JSON of an object, as a value of this shape.
pub fn read_shape<'de>(text: &'de str, shape: Shape<'_>) -> Result<Node<'de>, Unreadable> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let node = Reader(shape).deserialize(&mut deserializer);
    match node.and_then(|node| deserializer.end().map(|()| node)) {
        Ok(Node::Absent) if !matches!(shape, Shape::Find(..)) => {
            Err(Unreadable::WrongType { path: Path::default(), reason: "is null".to_owned() })
        }
        Ok(node) => Ok(node),
        Err(error) => Err(explain(text, &error)),
    }
}

/// The value at the end of `keys` in the JSON object `raw`; `None` where there is none, or `null`.
pub fn at<'de>(raw: &'de RawValue, keys: &[&str]) -> Option<&'de RawValue> {
    find(raw, keys).ok().flatten()
}

/// The value at the end of `keys` in `raw`, as [`at`] finds it; an error where one of the keys is set twice.
pub fn find<'de>(raw: &'de RawValue, keys: &[&str]) -> Result<Option<&'de RawValue>, Unreadable> {
    Ok(match read_shape(raw.get(), Shape::Find(keys, &Shape::Raw))? {
        Node::Raw(found) => Some(found),
        _ => None,
    })
}

/// Reads `text` as a tree, to be changed.
pub fn tree(text: &str) -> Result<Value, Unreadable> {
    serde_json::from_str(text).map_err(|error| explain(text, &error))
}

#[cold]
fn explain(text: &str, error: &serde_json::Error) -> Unreadable {
    let said = error.to_string();
    if error.is_data() || said.starts_with("number out of range") {
        let line =
            text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
        let reason = match said.split_once(" at line ") {
            Some((reason, _)) if error.is_data() => reason.to_owned(),
            _ => "is a number that is no 64-bit integer".to_owned(),
        };
        return Unreadable::WrongType { path: path_at(text, line + error.column()), reason };
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
/// wrong type, but takes the comma behind the item of a list before it tells of that. (Tracking the path while reading would take a second copy of every reader, a third of the
/// module.)
fn path_at(text: &str, offset: usize) -> Path {
    enum Frame<'t> {
        Array(usize),
        Object(Option<&'t str>),
    }
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes()).trim_ascii_end();
    let before = before.strip_suffix(b",").unwrap_or(before);
    let mut frames: Vec<Frame<'_>> = Vec::new();
    let mut bytes = before.iter().copied().enumerate();
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
            let key = read::<Text<'_>>(quoted).map(|key| key.0.into_owned()).unwrap_or_default();
            match key.chars().all(|c| c.is_ascii_alphanumeric()) {
                true => path.step(Step::Field(Cow::Owned(key))),
                false => path.key(&key),
            }
        }
    })
}

/// Whether two texts are the same JSON: the order of keys and the blanks do not count.
pub fn is_same(one: &RawValue, other: &RawValue) -> bool {
    one.get() == other.get()
        || matches!((tree(one.get()), tree(other.get())), (Ok(one), Ok(other)) if one == other)
}

/// The text as a JSON string.
pub fn text(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}
