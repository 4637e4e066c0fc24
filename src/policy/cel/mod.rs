//! The policy in CEL, for the API server and for engines that run no WebAssembly.

pub mod condition;
pub mod repair;
mod scope;
pub mod syntax;
pub mod validation;
pub mod variables;
