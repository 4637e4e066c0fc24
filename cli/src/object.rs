//! The name of an object, in one place.

use std::fmt;

use eci_manifest::Document;
use serde::Serialize;

/// The name of an object, printed as `Deployment shop/web`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Name {
    /// The kind.
    pub(crate) kind: String,
    /// The Namespace, if the object names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    /// The name, or the prefix of a generated one; empty if there is neither.
    name: String,
    #[serde(skip)]
    is_prefix: bool,
}

impl Name {
    /// Returns the name of the object at `keys`.
    pub(crate) fn of(document: &Document<'_>, keys: &[&str]) -> Self {
        let text = |more: &[&str]| {
            let text = document.text(&[keys, more].concat());
            text.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let name = text(&["metadata", "name"]);
        Self {
            kind: text(&["kind"]).unwrap_or_else(|| "object".to_owned()),
            namespace: text(&["metadata", "namespace"]),
            is_prefix: name.is_none(),
            name: name
                .or_else(|| text(&["metadata", "generateName"]))
                .unwrap_or_default(),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)?;
        if self.name.is_empty() {
            return Ok(());
        }
        f.write_str(" ")?;
        if let Some(namespace) = &self.namespace {
            write!(f, "{namespace}/")?;
        }
        write!(f, "{}{}", self.name, if self.is_prefix { "*" } else { "" })
    }
}
