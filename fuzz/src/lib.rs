//! What must hold of any input: one module a fuzz target, each with a function `run` that panics where it does not.
//! [`untyped`] is the reading of a request that the policy's own is compared with.
//!
//! `make test-seeds` runs the properties on seeds made from the cases and on the inputs in fuzz/found; `make fuzz` has
//! libFuzzer look for inputs that break them.

pub mod host_sysctls;
pub mod quantity;
pub mod repair;
pub mod request;
pub mod settings;
pub mod typed;
pub mod untyped;
pub mod yaml_edit;

#[path = "../../tests/support/answer.rs"]
#[allow(dead_code, reason = "shared with tests that use all of it")]
mod answer;

/// What a target does with the bytes that it is given: it panics where something does not hold.
pub type Target = fn(&[u8]);

/// The targets, by the name of their folder of seeds.
pub const TARGETS: [(&str, Target); 5] = [
    ("request", request::run),
    ("settings", settings::run),
    ("host_sysctls", host_sysctls::run),
    ("quantity", quantity::run),
    ("yaml_edit", yaml_edit::run),
];
