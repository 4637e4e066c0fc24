//! Reading JSON: typed views of an object, and errors that name the path and never echo a value.
//!
//! A view is a struct whose fields are read in one pass; all else is skipped without building it. As in
//! the API server's decoder, `null` is an absent field, and a key in another case is another key. A field
//! that is set twice cannot be read: the API server merges the two values into one object
//! (`sigs.k8s.io/json` decodes the second into what the first left), where other readers keep the last, or the
//! first. It never hands on two of a kind, for what it sends is encoded from what it keeps: no text of its
//! own is refused, and none that has two readings is judged by one of them. The reader is one function over
//! the [`Shape`] of a view, where derived readers would be one for each struct.

use std::borrow::Cow;
use std::fmt;

use eci_json::{Fault, Grammar};
pub use eci_json::{Name, Node, Raw, Shape, Text, Tree};

use serde_json::Value;

use crate::path::{Path, Step};

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
                let mut fields = $crate::json::fields(node);
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

/// The fields of the object, or the items of the list; none of anything else.
pub fn fields(node: Node<'_>) -> Fields<'_> {
    match node {
        Node::List(nodes) => Fields(nodes.into_iter()),
        _ => Fields(Vec::new().into_iter()),
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
        for node in fields(node).0 {
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
        if let Node::Int(integer) = node {
            integer
        } else {
            0
        }
    }
}

impl<'de> View<'de> for Text<'de> {
    const SHAPE: Shape<'static> = Shape::Text;

    fn take(node: Node<'de>) -> Self {
        if let Node::Text(text) = node {
            text
        } else {
            Self::default()
        }
    }
}

impl<'de> View<'de> for String {
    const SHAPE: Shape<'static> = Shape::Text;

    fn take(node: Node<'de>) -> Self {
        Text::take(node).into_owned()
    }
}

impl<'de> View<'de> for Raw<'de> {
    const SHAPE: Shape<'static> = Shape::Raw;

    fn take(node: Node<'de>) -> Self {
        if let Node::Raw(raw) = node {
            raw
        } else {
            Self::NULL
        }
    }
}

/// A value of which no more is known than where it ends: it is JSON if it can be read.
#[derive(Clone, Copy, Debug)]
pub struct Unread<'de>(pub Raw<'de>);

impl<'de> View<'de> for Unread<'de> {
    // Where bytes are looked at one by one, brackets are not found sooner than the whole grammar is read.
    const SHAPE: Shape<'static> = if cfg!(target_feature = "simd128") {
        Shape::Span
    } else {
        Shape::Raw
    };

    fn take(node: Node<'de>) -> Self {
        Self(Raw::take(node))
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
            Self::WrongType {
                path: below,
                reason,
            } => Self::WrongType {
                path: path.join(&below),
                reason,
            },
            not_json => not_json,
        }
    }

    /// The same, named by `path` where it is the whole text that is not as it must be.
    pub fn of(self, path: &[&'static str]) -> Self {
        match self {
            Self::WrongType { path: root, reason } if root.steps().is_empty() => Self::WrongType {
                path: Path::of(path),
                reason,
            },
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

/// The bytes as the text that JSON is.
pub fn utf8(bytes: &[u8]) -> Result<&str, Unreadable> {
    std::str::from_utf8(bytes).map_err(|_| Unreadable::NotJson {
        reason: "not UTF-8, so not JSON".to_owned(),
    })
}

/// Reads `text`, the JSON of an object, as a `T`.
pub fn read<'de, T: View<'de>>(text: &'de str) -> Result<T, Unreadable> {
    read_shape(text, T::SHAPE).map(T::take)
}

/// Reads `text`, the JSON of an object, as a value of this shape.
pub fn read_shape<'de>(text: &'de str, shape: Shape<'_>) -> Result<Node<'de>, Unreadable> {
    match eci_json::read(text, shape) {
        Ok(Node::Absent) if !matches!(shape, Shape::Find(..)) => Err(Unreadable::WrongType {
            path: Path::default(),
            reason: "is null".to_owned(),
        }),
        Ok(node) => Ok(node),
        Err(fault) => Err(explain(text, fault)),
    }
}

/// The value at the end of `keys` in the JSON object `raw`; `None` where there is none, or `null`.
pub fn at<'de>(raw: Raw<'de>, keys: &[&str]) -> Option<Raw<'de>> {
    find(raw, keys).ok().flatten()
}

/// The value at the end of `keys` in `raw`, as [`at`] finds it; an error where one of the keys is set twice.
pub fn find<'de>(raw: Raw<'de>, keys: &[&str]) -> Result<Option<Raw<'de>>, Unreadable> {
    Ok(
        match read_shape(raw.get(), Shape::Find(keys, &Shape::Raw))? {
            Node::Raw(found) => Some(found),
            _ => None,
        },
    )
}

/// The value that `text` is.
pub fn raw(text: &str) -> Result<Raw<'_>, Unreadable> {
    Raw::parse(text).map_err(|fault| explain(text, fault))
}

/// The entries of the JSON object `text`, in the order of their first keys; of two equal keys the last counts.
pub fn entries(text: &str) -> Result<Vec<(Text<'_>, Raw<'_>)>, Unreadable> {
    eci_json::entries(text).map_err(|fault| explain(text, fault))
}

/// Reads all of `text`.
pub fn tree(text: &str) -> Result<Tree<'_>, Unreadable> {
    eci_json::tree(text).map_err(|fault| explain(text, fault))
}

#[cold]
fn explain(text: &str, fault: Fault) -> Unreadable {
    let before = text.get(..fault.offset).unwrap_or(text);
    let reason = match fault.grammar {
        Grammar::WrongType { found, expected } => {
            let reason = format!("is {found}, and must be {expected}");
            return Unreadable::WrongType {
                path: path_of(before),
                reason,
            };
        }
        Grammar::Twice => {
            return Unreadable::WrongType {
                path: path_of(before),
                reason: "is set twice".to_owned(),
            };
        }
        Grammar::TooDeep => "nested deeper than 128 levels",
        Grammar::EndsEarly => "JSON that ends too early",
        Grammar::Broken => "not JSON",
    };
    let line = before.matches('\n').count() + 1;
    let column = before.len() - before.rfind('\n').map_or(0, |end| end + 1) + 1;
    Unreadable::NotJson {
        reason: format!("{reason} (line {line}, column {column})"),
    }
}

/// The path of the value that stands behind `before`. (Tracking the path while reading would cost where nothing is
/// wrong.)
fn path_of(before: &str) -> Path {
    enum Frame<'t> {
        Array(usize),
        Object(Option<&'t str>),
    }
    let mut frames: Vec<Frame<'_>> = Vec::new();
    let mut bytes = before.bytes().enumerate();
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
                    *key = before.get(start..=end);
                }
            }
            _ => {}
        }
    }
    frames
        .iter()
        .fold(Path::default(), |path, frame| match frame {
            Frame::Array(index) => path.index(*index),
            Frame::Object(None) => path,
            Frame::Object(Some(quoted)) => {
                let key = read::<Text<'_>>(quoted)
                    .map(Text::into_owned)
                    .unwrap_or_default();
                match key.chars().all(|c| c.is_ascii_alphanumeric()) {
                    true => path.step(Step::Field(Cow::Owned(key))),
                    false => path.key(&key),
                }
            }
        })
}

/// Whether two values are the same JSON: the order of keys and the blanks do not count.
pub fn is_same(one: Raw<'_>, other: Raw<'_>) -> bool {
    one == other
        || matches!((tree(one.get()), tree(other.get())), (Ok(one), Ok(other)) if one == other)
}

/// A boolean, an integer or a string as JSON; anything else is `null`, as no rule asks for it. (The `Display` of a
/// `Value` brings along the writing of trees, and of floating point numbers.)
pub fn scalar(value: &Value) -> String {
    match value {
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number
            .as_i64()
            .map_or_else(|| "null".to_owned(), |number| number.to_string()),
        Value::String(text) => self::text(text),
        Value::Null | Value::Array(_) | Value::Object(_) => "null".to_owned(),
    }
}

/// The text as a JSON string.
pub fn text(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    eci_json::write_string(&mut quoted, text);
    quoted
}
