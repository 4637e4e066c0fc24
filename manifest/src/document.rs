//! The documents of a manifest, and the positions of field paths in them.

use std::ops::Range;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::error::Error;
use crate::part::{lines_in, parts};
use crate::tree::{Id, Kind, Tree};

/// One object of a manifest.
#[derive(Debug, Clone)]
pub struct Document<'t> {
    pub(crate) text: &'t str,
    pub(crate) tree: Arc<Tree<'t>>,
    pub(crate) root: Id,
    /// The type that its list gives it.
    item_type: Option<Arc<ItemType>>,
}

/// The type of the items of a typed list, such as `PodList`. The API server prints such items without their type.
#[derive(Debug)]
pub(crate) struct ItemType {
    api_version: String,
    kind: String,
}

/// Reads all documents of a YAML stream or a JSON text. Empty documents are skipped. A sequence of objects, and an object
/// with `items`, are replaced by their items.
///
/// # Errors
/// If the text is not YAML, or if kubectl would refuse it or ignore a part of it, as with a duplicate key.
pub fn documents(text: &str) -> Result<Vec<Document<'_>>, Error> {
    let mut all = Vec::new();
    for part in parts(text) {
        all.append(&mut part.documents()?);
    }
    Ok(all)
}

/// Adds a document, or the items of a list, to the documents.
pub(crate) fn flatten<'t>(
    text: &'t str,
    tree: &Arc<Tree<'t>>,
    root: Id,
    item_type: Option<&Arc<ItemType>>,
    documents: &mut Vec<Document<'t>>,
) {
    match (items(tree, root), &tree.resolved(root).kind) {
        (Some((items, item_type)), _) => {
            items
                .iter()
                .for_each(|item| flatten(text, tree, *item, item_type.as_ref(), documents));
        }
        (None, Kind::Value(Value::Null)) => {}
        (None, _) => {
            documents.push(Document {
                text,
                tree: Arc::clone(tree),
                root,
                item_type: item_type.cloned(),
            });
        }
    }
}

/// The items of a list, and the type that the list gives them; `None` for any other value. As for kubectl (`decodeToList`
/// of `k8s.io/apimachinery`), every object with `items` is a list, whatever its kind.
fn items<'n>(tree: &'n Tree<'_>, root: Id) -> Option<(&'n [Id], Option<Arc<ItemType>>)> {
    let is_object = |item: &Id| {
        ["apiVersion", "kind"]
            .iter()
            .all(|key| tree.text(*item, &[key]).is_some())
    };
    let entries = match &tree.resolved(root).kind {
        Kind::Items(items) => return items.iter().any(is_object).then_some((items, None)),
        Kind::Entries(entries) if is_object(&root) => entries,
        _ => return None,
    };
    let items = match &tree.resolved(entries.get("items")?.value).kind {
        Kind::Items(items) => items.as_slice(),
        Kind::Value(Value::Null) => &[],
        _ => return None,
    };
    let kind = tree.text(root, &["kind"])?;
    let item_type = ItemType {
        api_version: tree.text(root, &["apiVersion"])?.to_owned(),
        kind: kind.strip_suffix("List").unwrap_or(kind).to_owned(),
    };
    let has_type = !item_type.kind.is_empty();
    Some((items, has_type.then(|| Arc::new(item_type))))
}

impl Document<'_> {
    /// The object, as a JSON value.
    pub fn value(&self) -> Value {
        let mut value = self.tree.value(self.root);
        if let Value::Object(fields) = &mut value {
            for key in ["apiVersion", "kind"] {
                if let Some(text) = self.inherited(&[key]) {
                    fields.insert(key.to_owned(), text.into());
                }
            }
        }
        value
    }

    /// The value that the list gives for these keys, if the object has neither an `apiVersion` nor a `kind`.
    fn inherited(&self, keys: &[&str]) -> Option<&str> {
        let item_type = self.item_type.as_ref()?;
        let text = match keys {
            ["apiVersion"] => &item_type.api_version,
            ["kind"] => &item_type.kind,
            _ => return None,
        };
        let is_typed = ["apiVersion", "kind"]
            .iter()
            .any(|key| self.tree.has(self.root, &[key]));
        (!is_typed).then_some(text)
    }

    /// The string at the end of these keys.
    pub fn text(&self, keys: &[&str]) -> Option<&str> {
        self.tree
            .text(self.root, keys)
            .or_else(|| self.inherited(keys))
    }

    /// True if the value at the end of these keys is not null.
    pub fn has(&self, keys: &[&str]) -> bool {
        self.tree.has(self.root, keys) || self.inherited(keys).is_some()
    }

    /// True if its text has aliases, so that one part of the text may be several fields.
    pub fn has_aliases(&self) -> bool {
        self.tree.has_aliases
    }

    /// True if this is the same object of the same reading of a text.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.tree, &other.tree) && self.root == other.root
    }

    /// The bytes of a field in the text, or of its nearest existing ancestor.
    ///
    /// For an entry these are the key and a value on the same line, for an item of a list the item, and for a field from
    /// an alias or a merge key that alias or key.
    ///
    /// The path is written as Kubernetes prints it: `spec.containers[0].image`,
    /// `metadata.annotations[example.com/key]`.
    pub fn span(&self, path: &str) -> Range<usize> {
        self.tree.find(self.root, path)
    }

    /// The line on which [`Document::span`] begins, from 1.
    pub fn line(&self, path: &str) -> usize {
        let start = self.span(path).start;
        lines_in(self.text.get(..start).unwrap_or_default()) + 1
    }
}

/// The object, its fields in the order of the manifest.
impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.item_type {
            Some(_) => self.value().serialize(serializer),
            None => Tree::serialize(&self.tree, self.root, serializer),
        }
    }
}
