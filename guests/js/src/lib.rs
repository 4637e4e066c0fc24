//! The policy for JavaScript, from text to text: the object and the settings are JSON, and so is the [`Answer`].
//!
//! Nothing here throws. The JavaScript in `lib/` turns the answers into plain objects and typed exceptions, and creates
//! a new instance after a trap.

mod answer;
#[cfg(feature = "text")]
pub mod text;

use eci_security_context::json;
use eci_security_context::policy::section::SettingsErrors;
use eci_security_context::review::request::RawRequest;
use eci_security_context::review::verdict::Repair;
use eci_security_context::review::{self, Refusal};
use eci_security_context::rules::RULES;
use serde::Serialize;
use wasm_bindgen::prelude::wasm_bindgen;

pub use crate::answer::{Answer, AuditAnnotations, Finding, Refused, Rule, Verdict};

/// Judges an object or an admission request, and repairs the object if the settings allow it.
#[wasm_bindgen]
pub fn validate(object: &str, settings: &str) -> String {
    answer(object, settings, Repair::WhereAccepted)
}

/// Judges as [`validate`] does under `mutate: all`, and repairs even a denied object.
#[wasm_bindgen]
pub fn mutate(object: &str, settings: &str) -> String {
    answer(object, settings, Repair::Always)
}

/// Returns the rules in evaluation order.
#[wasm_bindgen]
pub fn rules() -> String {
    written(
        &RULES
            .iter()
            .map(|rule| Rule::from(*rule))
            .collect::<Vec<_>>(),
    )
}

fn answer(object: &str, settings: &str, repair: Repair) -> String {
    written(&match judged(object, settings, repair) {
        Ok(verdict) => Answer::Verdict(verdict.into()),
        Err(refusal) => Answer::Refused(refusal.into()),
    })
}

fn judged(
    object: &str,
    settings: &str,
    repair: Repair,
) -> Result<eci_security_context::Verdict, Refusal> {
    let request = RawRequest::of(object)?;
    let unreadable = || SettingsErrors::whole("cannot be read as JSON");
    let settings = json::read(settings).map_err(|_| Refusal::Settings(unreadable()))?;
    review::verdict(&request, settings, None, repair)
}

fn written(answer: &impl Serialize) -> String {
    // Every key is a string, so writing does not fail.
    serde_json::to_string(answer).unwrap_or_default()
}
