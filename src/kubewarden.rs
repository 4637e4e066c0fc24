//! The waPC guest: what a Kubewarden host calls. Bytes in, bytes out; everything else is the core's.

use std::collections::HashMap;

use kubewarden_policy_sdk::host_capabilities::kubernetes::{GetResourceRequest, get_resource};
use kubewarden_policy_sdk::response::ValidationResponse;
use kubewarden_policy_sdk::settings::{SettingsValidationResponse, Validatable};
use serde_json::value::RawValue;
use wapc_guest::CallResult;

use crate::judge;
use crate::path::Path;
use crate::splice::{Change, splice};
use crate::verdict::Verdict;

/// Called by the host once an instance, before anything else.
#[expect(unsafe_code, reason = "the host finds it by its name")]
#[unsafe(no_mangle)]
pub extern "C" fn wapc_init() {
    wapc_guest::register_function("validate", validate);
    wapc_guest::register_function("mutate", mutate);
    wapc_guest::register_function("validate_settings", validate_settings);
    wapc_guest::register_function("protocol_version", kubewarden_policy_sdk::protocol_version_guest);
}

fn validate(payload: &[u8]) -> CallResult {
    answer(judge::validate(payload, Some(&namespace)))
}

fn mutate(payload: &[u8]) -> CallResult {
    answer(judge::mutate(payload, Some(&namespace)))
}

/// Settings as they arrive: any text, so that the checks and their messages are the core's. (The SDK's
/// own `validate_settings` echoes a payload that is not JSON.)
struct Unchecked<'p>(&'p [u8]);

impl Validatable for Unchecked<'_> {
    fn validate(&self) -> Result<(), String> {
        let text = std::str::from_utf8(self.0).unwrap_or_default();
        judge::settings(text, true).map(drop)
    }
}

fn validate_settings(payload: &[u8]) -> CallResult {
    let checked = Unchecked(payload).validate();
    Ok(serde_json::to_vec(&SettingsValidationResponse { valid: checked.is_ok(), message: checked.err() })?)
}

/// The verdict as Kubewarden puts it: the JSON of a `ValidationResponse`.
pub fn answer(verdict: Verdict) -> CallResult {
    let Verdict { accepted, code, message, warnings, audit, mutated_object, findings: _ } = verdict;
    let answer = serde_json::to_string(&ValidationResponse {
        accepted,
        code,
        message,
        mutated_object: None,
        audit_annotations: audit.map(|audit| HashMap::from([("findings".to_owned(), audit)])),
        warnings: (!warnings.is_empty()).then_some(warnings),
    })?;
    Ok(match mutated_object {
        // The SDK would hold the object as a tree; as text, no number of it changes.
        Some(object) => splice(&answer, &[Change::set(&Path::of(&["mutated_object"]), &object)]).into_owned(),
        None => answer,
    }
    .into_bytes())
}

fn namespace(name: &str) -> Result<Box<RawValue>, String> {
    get_resource(&GetResourceRequest {
        api_version: "v1".to_owned(),
        kind: "Namespace".to_owned(),
        name: name.to_owned(),
        namespace: None,
        disable_cache: false,
        field_masks: None,
    })
    .map_err(|error| crate::text::cut(error.to_string(), 200))
}
