//! A document as a tree: every node with its bytes in the text. Aliases refer to the node of their anchor, so a tree
//! is never larger than its text.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// A node's index in its tree.
pub(crate) type Id = usize;

/// The usual length of a node's text.
const BYTES_PER_NODE: usize = 10;

/// The nodes of a document.
#[derive(Debug, Default)]
pub(crate) struct Tree<'t> {
    nodes: Vec<Node<'t>>,
    /// True if the document has aliases.
    pub(crate) has_aliases: bool,
    /// True if its part has a carriage return without a line feed.
    pub(crate) has_lone_returns: bool,
}

/// A value and its position.
#[derive(Debug)]
pub(crate) struct Node<'t> {
    pub(crate) kind: Kind<'t>,
    /// Its bytes in the text. A block collection goes from the first child to the last; an absent value has none.
    pub(crate) span: Range<usize>,
    /// Its style.
    pub(crate) style: Style,
    /// Its memory with all aliases expanded; see the reader's limits.
    pub(crate) weight: usize,
    /// The nesting of collections in it, itself included.
    pub(crate) depth: usize,
}

/// The value of a node.
#[derive(Debug)]
pub(crate) enum Kind<'t> {
    /// A null, a boolean or a number.
    Value(Value),
    /// A string.
    Text(Cow<'t, str>),
    /// A sequence.
    Items(Vec<Id>),
    /// A mapping.
    Entries(Entries<'t>),
    /// The node of an anchor.
    Alias(Id),
}

/// The style in which a node is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// A scalar on its own, or in quotes; a flow collection; an alias.
    Flow,
    /// A block scalar or a block collection.
    Block,
}

/// The entries of a mapping, in the order of the text.
#[derive(Debug, Default)]
pub(crate) struct Entries<'t> {
    list: Vec<Entry<'t>>,
    /// The positions of the keys, once there are many.
    #[expect(
        clippy::box_collection,
        reason = "few mappings have an index, and it would make every node larger"
    )]
    index: Option<Box<HashMap<Cow<'t, str>, usize>>>,
}

/// An entry of a mapping.
#[derive(Debug, Clone)]
pub(crate) struct Entry<'t> {
    pub(crate) key: Cow<'t, str>,
    /// The bytes of the key, or of the merge key that brings the entry.
    pub(crate) key_span: Range<usize>,
    pub(crate) value: Id,
    /// True if the entry comes from another mapping.
    pub(crate) is_merged: bool,
}

/// From this many entries on, a mapping has an index.
const FEW: usize = 16;

impl<'t> Entries<'t> {
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Entry<'t>> {
        self.list.iter()
    }

    pub(crate) fn place(&self, key: &str) -> Option<usize> {
        match &self.index {
            None => self.list.iter().position(|entry| entry.key == key),
            Some(index) => index.get(key).copied(),
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Entry<'t>> {
        self.list.get(self.place(key)?)
    }

    /// Adds an entry. An entry with the same key is replaced and returned.
    pub(crate) fn insert(&mut self, entry: Entry<'t>) -> Option<Entry<'t>> {
        match self
            .place(&entry.key)
            .and_then(|place| self.list.get_mut(place))
        {
            Some(there) => Some(std::mem::replace(there, entry)),
            None => {
                if let Some(index) = &mut self.index {
                    index.insert(entry.key.clone(), self.list.len());
                }
                self.list.push(entry);
                if self.list.len() == FEW {
                    let keys = self.list.iter().map(|entry| entry.key.clone());
                    self.index = Some(Box::new(keys.zip(0..).collect()));
                }
                None
            }
        }
    }
}

impl<'t> Tree<'t> {
    /// An empty tree with memory for the nodes of a text of this length.
    pub(crate) fn for_text(bytes: usize) -> Self {
        Self {
            nodes: Vec::with_capacity(bytes / BYTES_PER_NODE),
            has_aliases: false,
            has_lone_returns: false,
        }
    }

    pub(crate) fn add(&mut self, node: Node<'t>) -> Id {
        self.has_aliases |= matches!(node.kind, Kind::Alias(_));
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    /// The node of an ID of this tree.
    #[expect(
        clippy::indexing_slicing,
        reason = "IDs come from `add`, and nodes are never removed"
    )]
    pub(crate) fn node(&self, id: Id) -> &Node<'t> {
        &self.nodes[id]
    }

    /// The node, or the node of the anchor if it is an alias.
    pub(crate) fn resolved(&self, mut id: Id) -> &Node<'t> {
        while let Kind::Alias(target) = self.node(id).kind {
            id = target;
        }
        self.node(id)
    }

    /// The string at the end of these keys.
    pub(crate) fn text(&self, id: Id, keys: &[&str]) -> Option<&str> {
        match (&self.resolved(id).kind, keys) {
            (Kind::Text(text), []) => Some(text),
            (Kind::Entries(entries), [key, rest @ ..]) => self.text(entries.get(key)?.value, rest),
            _ => None,
        }
    }

    /// True if the value at the end of these keys is not null.
    pub(crate) fn has(&self, id: Id, keys: &[&str]) -> bool {
        match (&self.resolved(id).kind, keys) {
            (kind, []) => !matches!(kind, Kind::Value(Value::Null)),
            (Kind::Entries(entries), [key, rest @ ..]) => entries
                .get(key)
                .is_some_and(|entry| self.has(entry.value, rest)),
            _ => false,
        }
    }

    /// The value below `id`.
    pub(crate) fn value(&self, id: Id) -> Value {
        match &self.node(id).kind {
            Kind::Value(value) => value.clone(),
            Kind::Text(text) => Value::from(text.as_ref()),
            Kind::Items(items) => items.iter().map(|item| self.value(*item)).collect(),
            Kind::Entries(entries) => {
                let values = entries
                    .iter()
                    .map(|entry| (entry.key.to_string(), self.value(entry.value)));
                Value::Object(values.collect::<Map<_, _>>())
            }
            Kind::Alias(target) => self.value(*target),
        }
    }

    /// Serializes the value below `id`.
    pub(crate) fn serialize<S: Serializer>(
        &self,
        id: Id,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let child = |id: Id| Child { tree: self, id };
        match &self.node(id).kind {
            Kind::Value(value) => value.serialize(serializer),
            Kind::Text(text) => serializer.serialize_str(text),
            Kind::Items(items) => serializer.collect_seq(items.iter().copied().map(child)),
            Kind::Entries(entries) => {
                serializer.collect_map(entries.iter().map(|entry| (&entry.key, child(entry.value))))
            }
            Kind::Alias(target) => self.serialize(*target, serializer),
        }
    }

    /// The bytes of a field path below `id`; see [`Document::span`](crate::Document::span).
    pub(crate) fn find(&self, mut id: Id, mut path: &str) -> Range<usize> {
        let mut found = self.node(id).span.clone();
        while !matches!(self.node(id).kind, Kind::Alias(_))
            && let Some((next, place, rest)) = self.step(id, path)
        {
            let is_foreign = matches!(&place, Place::Key(entry) if entry.is_merged);
            found = place.span(self.node(next));
            if is_foreign {
                break;
            }
            (id, path) = (next, rest);
        }
        found
    }

    /// The child of a path's first segment, its position, and the rest of the path.
    fn step<'p>(&self, id: Id, path: &'p str) -> Option<(Id, Place<'_, 't>, &'p str)> {
        let bracketed = path.strip_prefix('[');
        match &self.node(id).kind {
            Kind::Items(items) => {
                let (index, rest) = bracketed?.split_once(']')?;
                let item = *items.get(index.parse::<usize>().ok()?)?;
                Some((item, Place::Item, rest))
            }
            Kind::Entries(entries) => {
                let (entry, rest) = match bracketed {
                    Some(path) => path.match_indices(']').find_map(|(end, _)| {
                        let (key, rest) = path.split_at(end);
                        Some((entries.get(key)?, rest.strip_prefix(']')?))
                    })?,
                    None if path.is_empty() => return None,
                    None => {
                        let path = path.strip_prefix('.').unwrap_or(path);
                        let (key, rest) =
                            path.split_at(path.find(['.', '[']).unwrap_or(path.len()));
                        (entries.get(key)?, rest)
                    }
                };
                Some((entry.value, Place::Key(entry), rest))
            }
            Kind::Value(_) | Kind::Text(_) | Kind::Alias(_) => None,
        }
    }
}

/// The position of a child in its parent.
enum Place<'n, 't> {
    Item,
    Key(&'n Entry<'t>),
}

impl Place<'_, '_> {
    fn span(&self, node: &Node<'_>) -> Range<usize> {
        match self {
            Self::Item => node.span.clone(),
            Self::Key(entry) => match node.style {
                Style::Flow if !entry.is_merged => {
                    entry.key_span.start..node.span.end.max(entry.key_span.end)
                }
                // A value below its key is shown by the key alone.
                _ => entry.key_span.clone(),
            },
        }
    }
}

/// A node that is being serialized.
struct Child<'n, 't> {
    tree: &'n Tree<'t>,
    id: Id,
}

impl Serialize for Child<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.tree.serialize(self.id, serializer)
    }
}
