//! Reports at admission what Alibaba Cloud's Elastic Container Instance (ECI) refuses, loses or ignores of a pod's
//! security context, and repairs what can be repaired.
//!
//! Bytes flow down this list once, and imports only point down it:
//!
//! | module | what it does |
//! |---|---|
//! | [`kubewarden`] | the entry points of a Kubewarden host: bytes in, bytes out |
//! | [`review`] | a request is read, scoped, judged and answered |
//! | [`policy`] | what this cluster wants: settings, scope, the decision about a finding |
//! | [`rules`] | the catalogue: one file a rule |
//! | [`pod`] | the view of an object that the rules read |
//! | [`fix`] | edits of the object's JSON |
//! | [`eci`] | facts about ECI, as dated data with sources |
//! | [`json`] | reading JSON: bounds, and errors with a path |
//! | [`path`], [`quantity`], [`glob`], [`text`] | small grammars |
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        reason = "a test may panic"
    )
)]

pub mod eci;
pub mod fix;
pub mod glob;
pub mod json;
#[cfg(feature = "kubewarden")]
pub mod kubewarden;
pub mod path;
pub mod pod;
pub mod policy;
pub mod quantity;
pub mod review;
pub mod rules;
pub mod text;

pub use review::verdict::Verdict;
pub use review::{AskNamespace, mutate, validate};
