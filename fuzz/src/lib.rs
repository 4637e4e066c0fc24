//! Properties that hold for any input. Each fuzz target is a module with a function `run`, which panics if one does not
//! hold.
//!
//! `make test-seeds` runs them on seeds made from the cases and on the inputs in fuzz/found. With `make fuzz`, libFuzzer
//! searches for inputs that break them.

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

/// A target: panics if a property does not hold for these bytes.
pub type Target = fn(&[u8]);

/// The targets by the names of their folders of seeds.
pub const TARGETS: [(&str, Target); 5] = [
    ("request", request::run),
    ("settings", settings::run),
    ("host_sysctls", host_sysctls::run),
    ("quantity", quantity::run),
    ("yaml_edit", yaml_edit::run),
];

/// True if the text follows the grammar of JSON.
pub(crate) fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// Returns the value of a JSON text, or `None` if it is not JSON or if one of its objects sets a key twice.
pub(crate) fn value(text: &str) -> Option<serde_json::Value> {
    json::read::<json::Tree>(text).ok()?;
    serde_json::from_str(text).ok()
}
