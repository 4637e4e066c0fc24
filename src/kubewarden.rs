//! The waPC guest: what a Kubewarden host calls. Bytes in, bytes out; everything else is the core's.

use eci_json::write_string;
use wapc_guest::CallResult;

use crate::verdict::Verdict;
use crate::{json, judge};

/// Called by the host once an instance, before anything else.
#[expect(unsafe_code, reason = "the host finds it by its name")]
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
    answer(judge::validate(payload, Some(&namespace)))
}

fn mutate(payload: &[u8]) -> CallResult {
    answer(judge::mutate(payload, Some(&namespace)))
}

/// Checks the settings: the answer is the JSON of the SDK's `SettingsValidationResponse`. (Its own function of this name
/// echoes a payload that is not JSON.)
fn validate_settings(payload: &[u8]) -> CallResult {
    let text = std::str::from_utf8(payload).unwrap_or_default();
    let answer = match judge::settings(text, true) {
        Ok(_) => r#"{"valid":true}"#.to_owned(),
        Err(message) => format!(r#"{{"valid":false,"message":{}}}"#, json::text(&message)),
    };
    Ok(answer.into_bytes())
}

/// The verdict as Kubewarden puts it: the JSON of the SDK's `ValidationResponse`, in which what there is nothing of is
/// absent. (The SDK would hold the repaired object as a tree; as text, no number of it changes.)
pub fn answer(verdict: Verdict) -> CallResult {
    let Verdict {
        accepted,
        code,
        message,
        warnings,
        audit,
        mutated_object,
        findings: _,
    } = verdict;
    let mut answer = format!(r#"{{"accepted":{accepted}"#);
    if let Some(message) = message {
        answer.push_str(r#","message":"#);
        write_string(&mut answer, &message);
    }
    if let Some(code) = code {
        answer.push_str(&format!(r#","code":{code}"#));
    }
    if let Some(object) = mutated_object {
        answer.push_str(r#","mutated_object":"#);
        answer.push_str(&object);
    }
    if let Some(findings) = audit {
        answer.push_str(r#","audit_annotations":{"findings":"#);
        write_string(&mut answer, &findings);
        answer.push('}');
    }
    for (position, warning) in warnings.iter().enumerate() {
        answer.push_str(if position == 0 {
            r#","warnings":["#
        } else {
            ","
        });
        write_string(&mut answer, warning);
    }
    answer.push_str(if warnings.is_empty() { "}" } else { "]}" });
    Ok(answer.into_bytes())
}

/// The JSON of the SDK's `GetResourceRequest` for the Namespace of this name.
fn get_namespace(name: &str) -> String {
    format!(
        r#"{{"api_version":"v1","kind":"Namespace","name":{},"disable_cache":false}}"#,
        json::text(name)
    )
}

fn namespace(name: &str) -> Result<String, String> {
    let request = get_namespace(name);
    let given = wapc_guest::host_call(
        "kubewarden",
        "kubernetes",
        "get_resource",
        request.as_bytes(),
    )
    .map_err(|error| crate::text::cut(error.to_string(), 200))?;
    String::from_utf8(given).map_err(|_| "it is not UTF-8".to_owned())
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
        let asked: GetResourceRequest = serde_json::from_str(&get_namespace("a \"b\"")).unwrap();
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
            mutated_object: Some(r#"{"a":1}"#.to_owned()),
            findings: Vec::new(),
        };
        let read = |verdict| {
            serde_json::from_slice::<ValidationResponse>(&answer(verdict).unwrap()).unwrap()
        };
        let response = read(all);
        assert_eq!((response.accepted, response.code), (true, Some(403)));
        assert_eq!(response.message.as_deref(), Some("a \"b\"\n"));
        assert_eq!(
            response.warnings,
            Some(vec!["one".to_owned(), "two".to_owned()])
        );
        let annotations = HashMap::from([("findings".to_owned(), "[]".to_owned())]);
        assert_eq!(response.audit_annotations, Some(annotations));
        assert_eq!(response.mutated_object, Some(json!({"a": 1})));
        let response = read(Verdict::default());
        assert!(!response.accepted && response.code.is_none() && response.message.is_none());
        assert!(response.warnings.is_none() && response.audit_annotations.is_none());
        assert!(response.mutated_object.is_none());
    }
}
