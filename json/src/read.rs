//! Values of a shape.

use std::collections::{BTreeMap, BTreeSet};

use crate::scan::{Failed, Fault, Grammar, Scanner};
use crate::text::{Name, Raw, Text};

/// What is read of a JSON value.
#[derive(Clone, Copy, Debug)]
pub enum Shape<'s> {
    /// A boolean.
    Bool,
    /// A 64-bit integer.
    Int,
    /// A string.
    Text,
    /// A string, or a number as it is written.
    Amount,
    /// Any value, as it is written.
    Raw,
    /// The same, where whoever reads it finds out whether it is JSON: an array or an object is taken by its brackets
    /// alone, at a fraction of the cost.
    Span,
    /// That there is a value.
    Present,
    /// An array.
    List(&'s Self),
    /// An object, by its fields.
    Object(&'s [(&'s str, Self)]),
    /// An object by its fields and, after them, the list of those of its keys that are of a family.
    Keys(&'s [(&'s str, Self)], fn(&str) -> bool),
    /// The value at the end of these keys, in an object in an object.
    At(&'s [&'s str], &'s Self),
    /// The same, where what is no object on the way is as good as absent.
    Find(&'s [&'s str], &'s Self),
}

/// What was read: of the shape that was asked for, or absent.
#[derive(Debug)]
pub enum Node<'t> {
    /// No such field, or `null`.
    Absent,
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A string.
    Text(Text<'t>),
    /// A value as it is written.
    Raw(Raw<'t>),
    /// Some value.
    Present,
    /// An array, or the fields of an object in the order of their shape.
    List(Vec<Self>),
}

/// Reads the value that a text is. As in the API server's decoder, `null` is an absent field, and a key in another case
/// another key.
///
/// # Errors
/// Where the text is not JSON or not of the shape, or has a key twice that is read: where readers differ on which of the
/// two counts, none is right.
pub fn read<'t>(text: &'t str, shape: Shape<'_>) -> Result<Node<'t>, Fault> {
    Scanner::all(text, |scanner| scanner.read(shape))
}

/// The entries of the object that a text is, in the order of their first keys; of two equal keys the last counts.
///
/// # Errors
/// Where the text is not JSON, or no object.
pub fn entries(text: &str) -> Result<Vec<(Text<'_>, Raw<'_>)>, Fault> {
    Scanner::all(text, Scanner::entries)
}

impl Shape<'_> {
    const fn name(self) -> &'static str {
        match self {
            Self::Bool => "a boolean",
            Self::Int => "a 64-bit integer",
            Self::Text => "a string",
            Self::Amount => "a string or a number",
            Self::List(_) => "an array",
            Self::Object(_) | Self::Keys(..) | Self::At(..) | Self::Find(..) => "an object",
            Self::Raw | Self::Span | Self::Present => "any value",
        }
    }
}

impl<'t> Scanner<'t> {
    /// Reads the value that begins here.
    fn read(&mut self, shape: Shape<'_>) -> Result<Node<'t>, Failed> {
        let next = self.peek();
        if next == b'n' {
            self.word("null")?;
            return Ok(Node::Absent);
        }
        match (shape, next) {
            (Shape::At([], shape) | Shape::Find([], shape), _) => self.read(*shape),
            (Shape::Raw, _) => Ok(Node::Raw(self.raw()?)),
            (Shape::Span, _) => Ok(Node::Raw(self.span()?)),
            (Shape::Present, _) => {
                self.skip()?;
                Ok(Node::Present)
            }
            (Shape::Text | Shape::Amount, b'"') => Ok(Node::Text(self.string()?)),
            (Shape::Amount, b'-' | b'0'..=b'9') => Ok(Node::Text(Text::borrowed(self.number()?))),
            (Shape::Int, b'-' | b'0'..=b'9') => self.integer(),
            (Shape::Bool, b't') => {
                self.word("true")?;
                Ok(Node::Bool(true))
            }
            (Shape::Bool, b'f') => {
                self.word("false")?;
                Ok(Node::Bool(false))
            }
            (Shape::List(shape), b'[') => self.list(*shape),
            (Shape::Object(fields), b'{') => self.fields(fields, None),
            (Shape::Keys(fields, family), b'{') => self.fields(fields, Some(family)),
            (Shape::At([first, rest @ ..], shape), b'{') => {
                self.value_at(first, Shape::At(rest, shape))
            }
            (Shape::Find([first, rest @ ..], shape), b'{') => {
                self.value_at(first, Shape::Find(rest, shape))
            }
            (Shape::Find(..), _) => {
                self.skip()?;
                Ok(Node::Absent)
            }
            _ => self.wrong_type(shape),
        }
    }

    /// A fault of the value that begins at `offset`.
    #[cold]
    fn wrong<T>(
        &mut self,
        offset: usize,
        found: &'static str,
        shape: Shape<'_>,
    ) -> Result<T, Failed> {
        self.fail(
            offset,
            Grammar::WrongType {
                found,
                expected: shape.name(),
            },
        )
    }

    #[cold]
    fn wrong_type(&mut self, shape: Shape<'_>) -> Result<Node<'t>, Failed> {
        let offset = self.offset();
        let found = match self.peek() {
            b'"' => "a string",
            b'{' => "an object",
            b'[' => "an array",
            b't' | b'f' => "a boolean",
            b'n' => "null",
            _ => "a number",
        };
        // What is no value at all is not of the wrong type.
        self.skip()?;
        self.wrong(offset, found, shape)
    }

    fn integer(&mut self) -> Result<Node<'t>, Failed> {
        let offset = self.offset();
        let number = self.number()?;
        match number.parse() {
            Ok(integer) => Ok(Node::Int(integer)),
            Err(_) if number.contains(['.', 'e', 'E']) => {
                self.wrong(offset, "a number that is no 64-bit integer", Shape::Int)
            }
            Err(_) => self.wrong(offset, "an integer of more than 64 bits", Shape::Int),
        }
    }

    fn list(&mut self, shape: Shape<'_>) -> Result<Node<'t>, Failed> {
        let mut nodes = Vec::new();
        let mut goes_on = self.enter(b']')?;
        while goes_on {
            let offset = self.offset();
            match self.read(shape)? {
                // Where a list has no use for null, the API server has none either.
                Node::Absent => return self.wrong(offset, "null", shape),
                node => nodes.push(node),
            }
            goes_on = self.next(b']')?;
        }
        Ok(Node::List(nodes))
    }

    fn fields(
        &mut self,
        fields: &[(&str, Shape<'_>)],
        family: Option<fn(&str) -> bool>,
    ) -> Result<Node<'t>, Failed> {
        let mut nodes = Vec::with_capacity(fields.len() + 1);
        nodes.resize_with(fields.len(), || Node::Absent);
        let (mut keys, mut seen) = (Vec::new(), Seen::default());
        let mut goes_on = self.enter(b'}')?;
        while goes_on {
            let key = self.key()?;
            let offset = self.offset();
            let place = fields.iter().position(|(name, _)| **name == *key);
            let is_of_family =
                place.is_none() && family.is_some_and(|is_of_family| is_of_family(&key));
            if place.is_some_and(|place| !seen.field(place)) || is_of_family && !seen.key(&key) {
                return self.fail(offset, Grammar::Twice);
            }
            if let Some(((_, shape), node)) =
                place.and_then(|place| Some((fields.get(place)?, nodes.get_mut(place)?)))
            {
                *node = self.read(*shape)?;
            } else if !is_of_family {
                self.skip()?;
            } else if let Node::Present = self.read(Shape::Present)? {
                keys.push(Node::Text(key));
            }
            goes_on = self.next(b'}')?;
        }
        if family.is_some() {
            nodes.push(Node::List(keys));
        }
        Ok(Node::List(nodes))
    }

    fn entries(&mut self) -> Result<Vec<(Text<'t>, Raw<'t>)>, Failed> {
        if self.peek() != b'{' {
            self.wrong_type(Shape::Object(&[]))?;
        }
        let mut entries: Vec<(Text<'t>, Raw<'t>)> = Vec::new();
        let mut places = BTreeMap::new();
        let mut goes_on = self.enter(b'}')?;
        while goes_on {
            let key = self.key()?;
            let value = self.raw()?;
            let place = *places.entry(Name(key.clone())).or_insert(entries.len());
            match entries.get_mut(place) {
                Some(entry) => entry.1 = value,
                None => entries.push((key, value)),
            }
            goes_on = self.next(b'}')?;
        }
        Ok(entries)
    }

    fn value_at(&mut self, wanted: &str, shape: Shape<'_>) -> Result<Node<'t>, Failed> {
        let mut found = None;
        let mut goes_on = self.enter(b'}')?;
        while goes_on {
            let key = self.key()?;
            if *key != *wanted {
                self.skip()?;
            } else if found.is_some() {
                return self.fail(self.offset(), Grammar::Twice);
            } else {
                found = Some(self.read(shape)?);
            }
            goes_on = self.next(b'}')?;
        }
        Ok(found.unwrap_or(Node::Absent))
    }
}

/// The keys of an object that were read.
#[derive(Default)]
struct Seen<'t> {
    /// A bit for each field of the shape, of which none has more than 64.
    fields: u64,
    keys: BTreeSet<Name<'t>>,
}

impl<'t> Seen<'t> {
    /// Whether the field at this place of the shape is there for the first time.
    const fn field(&mut self, place: usize) -> bool {
        let bit = 1 << (place % 64);
        let is_new = self.fields & bit == 0;
        self.fields |= bit;
        is_new
    }

    /// Whether the key of the family is.
    fn key(&mut self, key: &Text<'t>) -> bool {
        self.keys.insert(Name(key.clone()))
    }
}
