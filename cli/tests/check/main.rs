//! `eci-policy check` on files.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

#[path = "../support/mod.rs"]
mod support;

mod baseline;
mod config;
mod exit;
mod format;
mod input;
mod lines;
mod load;
mod position;
mod scope;
mod settings;
mod stream;
mod suppression;
