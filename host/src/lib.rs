//! Runs a Kubewarden policy as policy-server does: the same crates (`wapc` and `wasmtime-provider`), a module
//! compiled once, a fresh instance for every call, and its deadline of two seconds.
//!
//! The host has one capability: a policy can ask for a Namespace, which the caller answers.

mod error;
mod fuel;
mod module;

pub use error::Error;
pub use fuel::{Cost, Meter};
pub use module::{Instance, Module};
