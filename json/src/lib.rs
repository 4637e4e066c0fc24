//! Reads of a JSON text what somebody asks for, in one pass, and skips the rest without building it.
//!
//! A policy reads few fields of large objects, thousands of times a minute, so that skipping is most of its work:
//! this is why the project has a reader of its own. [`scan`] knows the grammar, [`read`] takes values of a [`Shape`],
//! [`tree`] takes everything. The grammar is that of RFC 8259, without leniency.
#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::panic,
        reason = "a test may panic"
    )
)]

mod read;
mod scan;
mod special;
mod text;
mod tree;
mod write;

pub use read::{Node, Shape, entries, read};
pub use scan::{Failed, Fault, Grammar, MAX_DEPTH, Scanner};
pub use text::{Name, Raw, Text};
pub use tree::{Tree, tree};
pub use write::write_string;
