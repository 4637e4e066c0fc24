//! The waPC guest that a Kubewarden host calls: bytes in, bytes out.

use serde::Serialize;
use wapc_guest::CallResult;

use crate::json::RawValue;
use crate::policy::parse;
use crate::review;
use crate::review::verdict::Verdict;
use crate::text::cut;

/// Called by the host once for each instance, before anything else.
#[expect(unsafe_code, reason = "the host finds the function by its name")]
#[unsafe(no_mangle)]
pub extern "C" fn wapc_init() {
    wapc_guest::register_function("validate", validate);
    wapc_guest::register_function("mutate", mutate);
    wapc_guest::register_function("validate_settings", validate_settings);
    wapc_guest::register_function(
        "protocol_version",
        kubewarden_policy_sdk::protocol_version_guest,
    );
}

fn validate(payload: &[u8]) -> CallResult {
    answer(&review::validate(payload, Some(&namespace)))
}

fn mutate(payload: &[u8]) -> CallResult {
    answer(&review::mutate(payload, Some(&namespace)))
}

/// The SDK's `SettingsValidationResponse`.
#[derive(Serialize)]
struct SettingsAnswer {
    valid: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// Checks the settings. (The SDK's own function of this name echoes a payload that is not JSON.)
fn validate_settings(payload: &[u8]) -> CallResult {
    let text = std::str::from_utf8(payload).unwrap_or_default();
    let message = parse::settings(text, true)
        .err()
        .map(|error| error.to_string());
    Ok(serde_json::to_vec(&SettingsAnswer {
        valid: message.is_none(),
        message,
    })?)
}

/// The SDK's `ValidationResponse`. (The SDK holds the repaired object as a tree, in which numbers can change.)
#[derive(Serialize)]
struct Answer<'v> {
    accepted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'v str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mutated_object: Option<&'v RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audit_annotations: Option<AuditAnnotations<'v>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    warnings: &'v [String],
}

#[derive(Serialize)]
struct AuditAnnotations<'v> {
    findings: &'v str,
}

/// Returns the verdict as Kubewarden reads it.
pub fn answer(verdict: &Verdict) -> CallResult {
    let answer = Answer {
        accepted: verdict.accepted,
        message: verdict.message.as_deref(),
        code: verdict.code,
        mutated_object: verdict.mutated_object.as_deref(),
        audit_annotations: verdict
            .audit
            .as_deref()
            .map(|findings| AuditAnnotations { findings }),
        warnings: &verdict.warnings,
    };
    Ok(serde_json::to_vec(&answer)?)
}

/// The SDK's `GetResourceRequest`.
#[derive(Serialize)]
struct GetResource<'n> {
    api_version: &'static str,
    kind: &'static str,
    name: &'n str,
    disable_cache: bool,
}

impl<'n> GetResource<'n> {
    const fn namespace(name: &'n str) -> Self {
        Self {
            api_version: "v1",
            kind: "Namespace",
            name,
            disable_cache: false,
        }
    }
}

fn namespace(name: &str) -> Result<String, String> {
    let request = serde_json::to_vec(&GetResource::namespace(name)).unwrap_or_default();
    let given = wapc_guest::host_call("kubewarden", "kubernetes", "get_resource", &request)
        .map_err(|error| cut(error.to_string(), 200))?;
    String::from_utf8(given).map_err(|_| "the answer is not UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use kubewarden_policy_sdk::host_capabilities::kubernetes::GetResourceRequest;
    use kubewarden_policy_sdk::response::ValidationResponse;
    use kubewarden_policy_sdk::settings::SettingsValidationResponse;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_host_is_asked_as_the_sdk_asks_it() {
        let request = serde_json::to_vec(&GetResource::namespace("a \"b\"")).unwrap();
        let asked: GetResourceRequest = serde_json::from_slice(&request).unwrap();
        assert_eq!(
            (&*asked.api_version, &*asked.kind, &*asked.name),
            ("v1", "Namespace", "a \"b\"")
        );
        assert!(asked.namespace.is_none() && !asked.disable_cache && asked.field_masks.is_none());
    }

    #[test]
    fn settings_are_answered_as_the_sdk_does() {
        let read = |settings: &[u8]| -> SettingsValidationResponse {
            serde_json::from_slice(&validate_settings(settings).unwrap()).unwrap()
        };
        assert!(read(b"{}").valid && read(b"{}").message.is_none());
        let wrong = read(b"{\"mutate\":\"\\n\"}");
        assert!(
            !wrong.valid
                && wrong
                    .message
                    .is_some_and(|message| message.contains("mutate"))
        );
    }

    #[test]
    fn the_answer_is_what_the_sdk_reads() {
        let all = Verdict {
            accepted: true,
            code: Some(403),
            message: Some("a \"b\"\n".to_owned()),
            warnings: vec!["one".to_owned(), "two".to_owned()],
            audit: Some("[]".to_owned()),
            mutated_object: Some(RawValue::from_string(r#"{"a":1}"#.to_owned()).unwrap()),
            findings: Vec::new(),
            scope: None,
        };
        let read = |verdict| {
            serde_json::from_slice::<ValidationResponse>(&answer(verdict).unwrap()).unwrap()
        };
        let response = read(&all);
        assert_eq!((response.accepted, response.code), (true, Some(403)));
        assert_eq!(response.message.as_deref(), Some("a \"b\"\n"));
        assert_eq!(
            response.warnings,
            Some(vec!["one".to_owned(), "two".to_owned()])
        );
        let annotations = HashMap::from([("findings".to_owned(), "[]".to_owned())]);
        assert_eq!(response.audit_annotations, Some(annotations));
        assert_eq!(response.mutated_object, Some(json!({"a": 1})));
        let response = read(&Verdict::default());
        assert!(!response.accepted && response.code.is_none() && response.message.is_none());
        assert!(response.warnings.is_none() && response.audit_annotations.is_none());
        assert!(response.mutated_object.is_none());
    }
}
