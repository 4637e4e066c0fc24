//! The answers of the command and the npm package about the text of manifests.
//!
//! - [`review`] finds what ECI would refuse, lose or ignore, with the position of each finding; [`suppress`] reads the
//!   comments that suppress findings.
//! - [`fix`] repairs a text and keeps its comments.
//! - [`show`] computes how ECI runs the pods, and [`diff`] the verdicts that change between two revisions of its rules.
//! - [`convert`] makes a pod of a `docker run` command, and a request to ECI's OpenAPI of a pod.
//! - [`report`] has the results, and writes them as SARIF.
//!
//! This crate reads no file and knows no terminal.

pub mod catalogue;
pub mod convert;
pub mod diff;
pub mod fix;
pub mod namespaces;
mod near_miss;
pub mod object;
mod openapi;
pub mod partial;
mod repair;
pub mod report;
pub mod review;
pub mod scope;
pub mod show;
pub mod suppress;
pub mod utf16;

/// The size limit of a text, in mebibytes.
pub const MAX_MIB: u64 = 32;

/// Returns the problem of a text that exceeds the limit.
pub fn too_large() -> String {
    format!("is larger than {MAX_MIB} MiB, the limit; split it")
}
