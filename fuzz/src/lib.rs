//! The properties of any input: one module a fuzz target, with a function `run` that panics where one does not hold.
//!
//! `make test-seeds` runs the properties on seeds made from the cases and on the inputs in fuzz/found; `make fuzz` has
//! libFuzzer look for inputs that break them.

use eci_security_context::json;

pub mod host_sysctls;
pub mod quantity;
pub mod repair;
pub mod request;
pub mod settings;
pub mod yaml_edit;

#[path = "../../tests/support/answer.rs"]
#[allow(dead_code, reason = "shared with tests that use all of it")]
mod answer;
#[path = "../../tests/support/edits.rs"]
mod edits;

/// A target: it panics where something does not hold of the bytes that it is given.
pub type Target = fn(&[u8]);

/// The targets, by the name of their folder of seeds.
pub const TARGETS: [(&str, Target); 5] = [
    ("request", request::run),
    ("settings", settings::run),
    ("host_sysctls", host_sysctls::run),
    ("quantity", quantity::run),
    ("yaml_edit", yaml_edit::run),
];

/// True if the text is JSON by its grammar.
pub(crate) fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// The text as a value. `None` where it is not JSON, or an object in it sets a key twice: then it has no one value.
pub(crate) fn value(text: &str) -> Option<serde_json::Value> {
    json::read::<json::Tree>(text).ok()?;
    serde_json::from_str(text).ok()
}
