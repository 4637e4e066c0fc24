//! The Namespaces in the input, whose labels may send pods to ECI.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use eci_manifest::Chunk;
use memchr::memmem;
use serde_json::{Value, json};

/// The Namespaces that were read so far.
#[derive(Debug, Default)]
pub(crate) struct Namespaces(RwLock<BTreeMap<String, String>>);

impl Namespaces {
    /// Adds the Namespaces of a text.
    pub(crate) fn read(&self, chunk: &Chunk) {
        // Most parts have no Namespace, and are not parsed twice.
        let has_any = |text: &str| memmem::find(text.as_bytes(), b"Namespace").is_some();
        for part in chunk.parts().iter().filter(|part| has_any(part.text())) {
            for document in part.documents().unwrap_or_default() {
                if document.text(&["kind"]) != Some("Namespace") {
                    continue;
                }
                if let Some(name) = document.text(&["metadata", "name"]) {
                    let labels = document.value().pointer("/metadata/labels").cloned();
                    let labels = labels.unwrap_or(Value::Null);
                    let object = json!({"metadata": {"labels": labels}}).to_string();
                    let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
                    known.insert(name.to_owned(), object);
                }
            }
        }
    }

    /// Returns the labels of a Namespace, as JSON in an object.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.get(name).cloned()
    }
}
