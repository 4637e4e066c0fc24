//! Reads and edits Kubernetes manifests.
//!
//! - [`documents`] reads YAML or JSON as kubectl does, and knows the position of every field.
//! - [`Document::replacements`] changes fields in the text and keeps every other byte, comments included.
//! - [`Stream`] reads a stream of any length, document by document and item by item.
//! - [`admission_request`] and [`request_of`] make the admission request for an object.
//!
//! This crate knows no policy and never talks to a cluster.

mod breaks;
mod change;
mod comment;
mod document;
mod edit;
mod error;
mod part;
mod reader;
mod request;
mod scalar;
mod stream;
mod tree;

pub use change::{Edit, Reason, Replacement, Step, Unrepairable, replaced};
pub use comment::Comment;
pub use document::{Document, documents};
pub use error::{Error, Problem};
pub use part::{Part, parts};
pub use request::{RequestOptions, admission_request, request_of};
pub use stream::{Chunk, Place, Sizes, Stream};
