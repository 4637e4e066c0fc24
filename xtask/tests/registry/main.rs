//! `cargo xtask annotate`, `push` and `pull`. The registry is Debian's docker-registry on this machine.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

mod annotate;
mod connection;
mod folder;
mod login;
mod pull;
mod push;
mod server;
mod wasm;
