//! What Alibaba Cloud's Elastic Container Instance (ECI) takes of a pod's security context, said at
//! admission: a policy that denies what ECI would refuse, repairs what it would lose, and warns of
//! what it would ignore.
//!
//! The straight line from bytes to bytes, each step a module:
//!
//! | step | module | what it does |
//! |---|---|---|
//! | bytes in, bytes out | [`kubewarden`] | an engine's entry points |
//! | request | [`admission`], [`settings`] | what is asked, and by which settings it is judged |
//! | pod | [`workload`], [`pod`] | where the pod template is, and the view of it that the rules read |
//! | scope | [`scope`] | whether the pod runs on ECI |
//! | rules | [`rules`], [`rule`] | the catalogue, one file a rule |
//! | verdict | [`judge`], [`verdict`] | what is done about the findings, and how it is told |
//!
//! [`eci`] holds what ECI supports, as data with its sources. [`path`], [`quantity`] and [`glob`] are
//! the small grammars of the domain. JSON is read in one pass, by the crate [`eci_json`] in `json/`, of which
//! [`json`] makes the views.
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

pub mod admission;
pub mod eci;
pub mod glob;
pub mod json;
pub mod judge;
#[cfg(feature = "kubewarden")]
pub mod kubewarden;
pub mod path;
pub mod pod;
pub mod quantity;
pub mod rule;
pub mod rules;
#[cfg(feature = "schema")]
pub mod schema;
pub mod scope;
pub mod settings;
pub mod size;
pub mod splice;
pub mod sysctls;
pub mod text;
pub mod verdict;
pub mod workload;

pub use judge::{AskNamespace, mutate, validate};
pub use verdict::Verdict;
