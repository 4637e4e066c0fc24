//! Runs a Kubewarden policy as policy-server does: with the same crates (`wapc` and `wasmtime-provider`), a module that
//! is compiled once, a fresh instance for every call, and a deadline of two seconds.
//!
//! The host has one capability: the policy can request a Namespace, which the caller provides.

mod error;
mod fuel;
mod module;

pub use error::Error;
pub use fuel::{Cost, Meter};
pub use module::{Instance, Module};
