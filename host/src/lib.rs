//! Runs a Kubewarden policy as policy-server does: the same crates (`wapc` and `wasmtime-provider`), a module
//! compiled once, a fresh instance for every call, and its deadline of two seconds.
//!
//! Of the host's capabilities a policy finds one here: to ask for a Namespace, which the caller answers.

mod error;
mod fuel;
pub mod limits;
mod module;
pub mod payload;

pub use error::Error;
pub use fuel::{Cost, Meter};
pub use module::{Instance, Module};
