//! The Namespaces in the input, whose labels may send pods to ECI.

use std::collections::BTreeMap;
use std::sync::Arc;

use eci_manifest::Chunk;
use memchr::memmem;
use serde_json::{Value, json};

/// The Namespaces up to the end of a text. A copy shares them until more are read.
#[derive(Clone, Debug, Default)]
pub struct Namespaces(Arc<BTreeMap<String, String>>);

impl Namespaces {
    /// Adds the Namespaces of a text.
    pub fn read(&mut self, chunk: &Chunk) {
        // Most parts have no Namespace, and are not parsed twice.
        let has_any = |text: &str| memmem::find(text.as_bytes(), b"Namespace").is_some();
        for part in chunk.parts().iter().filter(|part| has_any(part.text())) {
            for document in part.documents().unwrap_or_default() {
                let name = document.text(&["metadata", "name"]);
                if let Some(name) = name.filter(|_| document.text(&["kind"]) == Some("Namespace")) {
                    let labels = document.value().pointer("/metadata/labels").cloned();
                    let labels = labels.unwrap_or(Value::Null);
                    let object = json!({"metadata": {"labels": labels}}).to_string();
                    Arc::make_mut(&mut self.0).insert(name.to_owned(), object);
                }
            }
        }
    }

    /// Returns the labels of a Namespace, as JSON in an object.
    pub fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }
}
