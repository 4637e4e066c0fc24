//! The entry points of the built module. No payload makes it trap.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

use eci_e2e_tests::{agreed, call};
use kubewarden_policy_sdk::metadata::ProtocolVersion;
use kubewarden_policy_sdk::response::ValidationResponse;
use kubewarden_policy_sdk::settings::SettingsValidationResponse;
use serde_json::{Value, json};

#[path = "../../tests/support/bad_payloads/mod.rs"]
mod bad_payloads;

fn no_cluster() -> Result<Value, String> {
    Err("this host has no cluster".to_owned())
}

#[test]
fn it_speaks_the_protocol() {
    let version =
        ProtocolVersion::try_from(call("protocol_version", b"", no_cluster()).unwrap()).unwrap();
    assert_eq!(version, ProtocolVersion::V1);
}

#[test]
fn it_checks_settings() {
    let check = |settings: &[u8]| -> SettingsValidationResponse {
        serde_json::from_slice(&call("validate_settings", settings, no_cluster()).unwrap()).unwrap()
    };
    for settings in [
        json!({}),
        json!({"profile": "2024-02-26", "scope": {"namespaceLabels": true}}),
        json!(null),
    ] {
        let answer = check(settings.to_string().as_bytes());
        assert!(answer.valid, "{settings}: {:?}", answer.message);
    }
    for (settings, part) in [
        (&br#"{"profil": "latest"}"#[..], "did you mean profile?"),
        (
            br#"{"actions": {"priviledged": "deny"}}"#,
            "did you mean privileged?",
        ),
        (
            br#"{"actions": {"privileged": "fix"}}"#,
            "the rule has no fix",
        ),
        (br#"{"mutate": "some"}"#, "none, pods, all"),
        (b"s3cr3t-token", "cannot be read as JSON"),
        (b"\xff", "cannot be read as JSON"),
        (b"[]", "must be an object"),
    ] {
        let answer = check(settings);
        let message = answer.message.unwrap();
        assert!(
            !answer.valid && message.contains(part) && !message.contains("s3cr3t"),
            "{message}"
        );
    }
}

#[test]
fn no_payload_makes_it_trap() {
    for bad in bad_payloads::all() {
        let answer = agreed("validate", &bad.payload, no_cluster())
            .unwrap_or_else(|error| panic!("{}: {error}", bad.name));
        let answer: ValidationResponse = serde_json::from_value(answer).unwrap();
        assert_eq!(answer.code, bad.code, "{}: {answer:?}", bad.name);
        let message = answer.message.unwrap_or_default();
        assert!(
            !message.contains(bad_payloads::SECRET),
            "{}: {message}",
            bad.name
        );
        assert!(
            answer.accepted || message.contains(&bad.says),
            "{}: {message}",
            bad.name
        );
    }
}

/// The module finds the end of the object by its brackets. It must report invalid JSON even if it judges nothing.
#[test]
fn an_object_that_is_invalid_json_is_always_rejected() {
    let old = r#"{"metadata":{"deletionTimestamp":"2026-04-01T00:00:00Z"}}"#;
    for (operation, kind, sub_resource, old_object) in [
        (r#""CREATE""#, "Pod", "", "null"),
        (r#""CREATE""#, "Game", "", "null"),
        (r#""CREATE""#, "Pod", "binding", "null"),
        (r#""UPDATE""#, "Pod", "", "{}"),
        (r#""UPDATE""#, "Game", "", old),
        (r#""DELETE""#, "Pod", "", "null"),
        (r#""CONNECT""#, "Pod", "", "null"),
        // These requests have another error, which must not come first.
        ("1", "Pod", "", "null"),
        ("null", "", "", "null"),
    ] {
        for object in [
            r#"{"a":tru}"#,
            r#"{"a":]}"#,
            r#"{"a":[}"#,
            r#"{"a" 1}"#,
            r#"{"spec":{},}"#,
            r#"{"a":"\x"}"#,
        ] {
            let payload = format!(
                r#"{{"request":{{"uid":"1","kind":{{"group":"","kind":"{kind}"}},"subResource":"{sub_resource}","object":{object},"oldObject":{old_object},"operation":{operation}}},"settings":{{}}}}"#
            );
            let answer = agreed("validate", payload.as_bytes(), no_cluster()).unwrap();
            assert_eq!(answer["code"], 400, "{payload}: {answer}");
        }
    }
}

#[test]
fn it_asks_for_no_other_resource() {
    let payload = json!({
        "settings": {"scope": {"namespaceLabels": true}},
        "request": {
            "operation": "CREATE",
            "namespace": "shop",
            "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "object": {"spec": {"hostNetwork": true, "containers": [{"name": "a"}]}},
        },
    });
    let labelled =
        |key: &str, value: &str| Ok(json!({"metadata": {"name": "shop", "labels": {key: value}}}));
    let accepted = |namespace| {
        agreed("validate", payload.to_string().as_bytes(), namespace).unwrap()["accepted"].clone()
    };
    assert_eq!(accepted(labelled("eci", "true")), false);
    assert_eq!(accepted(labelled("eci", "false")), true);
    assert_eq!(accepted(Ok(json!({"metadata": {"name": "shop"}}))), true);
    let refused = agreed(
        "validate",
        payload.to_string().as_bytes(),
        Err("forbidden".to_owned()),
    )
    .unwrap();
    assert_eq!(refused["code"], 500);
    assert!(
        refused["message"]
            .as_str()
            .unwrap()
            .contains("contextAwareResources"),
        "{refused}"
    );
}
