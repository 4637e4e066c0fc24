//! The policy as a module for OPA Wasm hosts, with the ABI that `opa build -t wasm` produces.
//!
//! | step | module | what it does |
//! |---|---|---|
//! | bytes in, bytes out | `abi`, on WebAssembly only | the exports that a host calls |
//! | memory | `heap`, on WebAssembly only | the arena that the ABI asks for |
//! | evaluation | [`evaluation`] | input and data in, the result of an entry point out |
//! | data | [`change`] | the host's changes to its data |
//! | patch | [`patch`] | a repair as a JSON Patch |
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

#[cfg(target_arch = "wasm32")]
mod abi;
pub mod change;
pub mod evaluation;
#[cfg(target_arch = "wasm32")]
mod heap;
pub mod patch;
