//! A document as a tree over its text: every node with the bytes that it takes. Aliases share the node that their
//! anchor names, so that a tree is never larger than its text.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// A node's index in its tree.
pub(crate) type Id = usize;

/// What a node takes of a manifest, as a rule.
const BYTES_PER_NODE: usize = 10;

/// The nodes of a document.
#[derive(Debug, Default)]
pub(crate) struct Tree<'t> {
    nodes: Vec<Node<'t>>,
    /// Whether something is written once and stands in several places.
    pub(crate) has_aliases: bool,
}

/// A value, and where it stands.
#[derive(Debug)]
pub(crate) struct Node<'t> {
    pub(crate) kind: Kind<'t>,
    /// The bytes of the text that it takes: of a block collection from its first child to its last, of an absent
    /// value none.
    pub(crate) span: Range<usize>,
    /// How it is written.
    pub(crate) style: Style,
    /// What it takes in memory once every alias is followed; see the reader's limits.
    pub(crate) weight: usize,
    /// How many collections are nested in it, itself included.
    pub(crate) depth: usize,
}

/// What a node is.
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
    /// The node that an anchor names.
    Alias(Id),
}

/// How a node is written.
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
    /// The places of the keys, once there are many.
    #[expect(
        clippy::box_collection,
        reason = "few mappings have one, and every node would be the larger for it"
    )]
    index: Option<Box<HashMap<Cow<'t, str>, usize>>>,
}

/// An entry of a mapping.
#[derive(Debug, Clone)]
pub(crate) struct Entry<'t> {
    pub(crate) key: Cow<'t, str>,
    /// Where the key stands; where it was merged from another mapping, the merge key.
    pub(crate) key_span: Range<usize>,
    pub(crate) value: Id,
    /// Whether it comes from another mapping.
    pub(crate) is_merged: bool,
}

/// More entries than this are worth an index.
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

    /// Adds an entry, in the place of the one with the same key where there is one, which is returned.
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
    /// A tree with room for the nodes of so many bytes of text.
    pub(crate) fn for_text(bytes: usize) -> Self {
        Self {
            nodes: Vec::with_capacity(bytes / BYTES_PER_NODE),
            has_aliases: false,
        }
    }

    pub(crate) fn add(&mut self, node: Node<'t>) -> Id {
        self.has_aliases |= matches!(node.kind, Kind::Alias(_));
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    /// The node of an id, which only this tree gives out.
    #[expect(
        clippy::indexing_slicing,
        reason = "ids come from `add`, and no node is ever removed"
    )]
    pub(crate) fn node(&self, id: Id) -> &Node<'t> {
        &self.nodes[id]
    }

    /// The node itself, or the one that an alias stands for.
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

    /// Whether something other than null stands at the end of these keys.
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

    /// Writes the value below `id`.
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

    /// The bytes to point at for a field path below `id` (`spec.containers[0].image`,
    /// `metadata.annotations[example.com/key]`), or for its nearest existing ancestor: the key and the value of an
    /// entry, an item of a sequence, an alias or a merge key on the way.
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

    /// The child that a path's first segment names, its place, and the rest of the path.
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

/// Where a child stands in its parent.
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
                // A value that follows in a block below its key is told by the key.
                _ => entry.key_span.clone(),
            },
        }
    }
}

/// A node on its way into another format.
struct Child<'n, 't> {
    tree: &'n Tree<'t>,
    id: Id,
}

impl Serialize for Child<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.tree.serialize(self.id, serializer)
    }
}
