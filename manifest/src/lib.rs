//! Kubernetes manifests for programs that judge them: [`documents`] reads YAML or JSON as kubectl does and
//! remembers where every field stands, [`admission_request`] and [`request_of`] make of an object what an
//! admission policy is asked, and [`case`](mod@case) reads the corpus of test cases.
//!
//! It knows no rule of any policy, writes no YAML, and never talks to a cluster.

pub mod case;
mod comment;
mod document;
mod edit;
mod reader;
mod request;
mod scalar;
mod tree;

pub use comment::Comment;
pub use document::{Document, Part, documents, parts};
pub use edit::{Edit, Reason, Replacement, Step, Unrepairable, replaced};
pub use reader::{Error, Problem};
pub use request::{RequestOptions, admission_request, request_of};
