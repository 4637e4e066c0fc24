//! Every answer has the shape that its reader expects and the content of the core's answer: for the corpus, for payloads
//! that cannot be read, and for generated requests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

#[path = "../../../tests/support/bad_payloads/mod.rs"]
mod bad_payloads;
#[allow(
    dead_code,
    reason = "not every crate that includes this uses all of it"
)]
#[path = "../../../tests/support/generate/mod.rs"]
mod generate;

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use eci_corpus::read_all;
use eci_policy_opa::evaluation::{EntryPoint, evaluate};
use eci_policy_opa::patch::patch;
use eci_security_context::policy::parse;
use eci_security_context::{Verdict, mutate, validate};
use proptest::prelude::*;
use proptest::sample::select;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::bad_payloads::SECRET;
use crate::generate::{
    PLACES, arb_damaged_payload, arb_json, arb_pod_spec, arb_settings, even, odd, payload, placed,
};

#[test]
fn the_page_lists_every_entry_point() {
    let page = include_str!("../README.md");
    for (id, (name, _)) in EntryPoint::ALL.iter().enumerate() {
        assert!(
            page.contains(&format!("| `{name}` | {id} |")),
            "guests/opa/README.md does not list {name}, {id}"
        );
    }
    let rows = page
        .lines()
        .filter(|line| line.starts_with("| `eci_security_context"))
        .count();
    assert_eq!(rows, EntryPoint::ALL.len());
}

/// The fields that Kubewarden reads from an answer in OPA's mode. It fails on a missing one.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AdmissionResponse {
    uid: String,
    allowed: bool,
    status: Option<Status>,
    patch_type: Option<String>,
    patch: Option<String>,
    audit_annotations: Option<AuditAnnotations>,
    #[serde(default)]
    warnings: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Status {
    code: u16,
    message: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AuditAnnotations {
    findings: String,
}

/// The fields that Kubewarden reads from an answer in Gatekeeper's mode. If it cannot read one, it accepts the request.
#[derive(Debug, Deserialize)]
struct Violation {
    msg: String,
    details: Value,
}

fn response(entry_point: EntryPoint, input: &[u8]) -> AdmissionResponse {
    let mut result: Value = serde_json::from_str(&evaluate(entry_point, input, None)).unwrap();
    serde_json::from_value(result["response"].take())
        .unwrap_or_else(|error| panic!("{error}: {result}"))
}

fn violations(input: &[u8]) -> Vec<Violation> {
    let result = evaluate(EntryPoint::Violation, input, None);
    serde_json::from_str(&result).unwrap_or_else(|error| panic!("{error}: {result}"))
}

/// Returns the payload as Gatekeeper's mode sends it.
fn review(mut payload: Value) -> Vec<u8> {
    json!({"review": payload["request"].take(), "parameters": payload["settings"].take()})
        .to_string()
        .into()
}

/// Compares an AdmissionResponse with the answer of the core.
fn assert_says(response: &AdmissionResponse, verdict: &Verdict, object: &Value) {
    assert_eq!(response.allowed, verdict.accepted, "{response:?}");
    assert_eq!(
        response.status.as_ref().map(|status| status.code),
        verdict.code
    );
    assert_eq!(
        response.status.as_ref().map(|status| &status.message),
        verdict.message.as_ref()
    );
    assert_eq!(response.warnings, verdict.warnings);
    assert_eq!(
        response
            .audit_annotations
            .as_ref()
            .map(|annotations| &annotations.findings),
        verdict.audit.as_ref()
    );
    assert_eq!(
        response.patch_type.as_deref(),
        response.patch.as_ref().map(|_| "JSONPatch")
    );
    let repaired = response.patch.as_ref().map(|patch| {
        let patch = String::from_utf8(STANDARD.decode(patch).unwrap()).unwrap();
        patched(object, &patch)
    });
    let expected: Option<Value> = verdict
        .repaired()
        .map(|text| serde_json::from_str(text).unwrap());
    assert_eq!(repaired, expected);
}

fn patched(object: &Value, patch: &str) -> Value {
    let mut object = object.clone();
    let operations: json_patch::Patch = serde_json::from_str(patch).unwrap();
    json_patch::patch(&mut object, &operations).unwrap_or_else(|error| panic!("{error}: {patch}"));
    object
}

/// Compares violations with the answer of the core to the same request under `mutate: none`.
fn assert_denies(violations: &[Violation], mut payload: Value) {
    if parse::settings(&payload["settings"].to_string(), false).is_ok() {
        payload["settings"]["mutate"] = "none".into();
    }
    let verdict = validate(payload.to_string().as_bytes(), None);
    let messages: Vec<_> = violations
        .iter()
        .map(|violation| violation.msg.as_str())
        .collect();
    // The core joins several findings into one message, as sentences with full stops.
    let full_stop = if verdict.code == Some(403) { "." } else { "" };
    assert_eq!(
        messages.join(". ") + full_stop,
        verdict.message.unwrap_or_default()
    );
    assert_eq!(violations.is_empty(), verdict.accepted);
}

#[test]
fn the_corpus_is_answered_as_the_core_does() {
    let cases = read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases"));
    assert!(cases.len() > 100);
    for case in cases {
        let input = case.payload.to_string();
        let (entry_point, verdict) = match case.function.as_str() {
            "mutate" => (EntryPoint::Mutate, mutate(input.as_bytes(), None)),
            _ => (EntryPoint::ByShape, validate(input.as_bytes(), None)),
        };
        let response = response(entry_point, input.as_bytes());
        assert_eq!(
            response.uid,
            case.payload["request"]["uid"].as_str().unwrap(),
            "{case}"
        );
        assert_says(&response, &verdict, &case.payload["request"]["object"]);
        assert_denies(&violations(&review(case.payload.clone())), case.payload);
    }
}

#[test]
fn bad_payloads_get_an_answer_in_either_shape() {
    for bad in bad_payloads::all() {
        let response = response(EntryPoint::Validate, &bad.payload);
        let violations = violations(&bad.payload);
        let name = bad.name;
        assert_eq!(
            response.status.as_ref().map(|status| status.code),
            bad.code,
            "{name}: {response:?}"
        );
        assert_eq!(
            violations.is_empty(),
            bad.code.is_none(),
            "{name}: {violations:?}"
        );
        let Some(status) = response.status else {
            continue;
        };
        let text: String = violations
            .iter()
            .map(|violation| format!("{} ", violation.msg))
            .collect();
        for message in [&status.message, &text] {
            assert!(message.contains(&bad.says), "{name}: {message}");
            assert!(!message.contains(SECRET), "{name}: {message}");
        }
        if bad.code != Some(403) {
            assert_eq!(violations[0].details, json!({"code": bad.code}), "{name}");
        }
    }
}

#[test]
fn more_denials_than_fit_are_counted() {
    let containers =
        vec![json!({"name": "c", "image": "i", "securityContext": {"privileged": true}}); 500];
    let template =
        json!({"metadata": {"labels": {"eci": "true"}}, "spec": {"containers": containers}});
    let payload: Value =
        serde_json::from_slice(&payload(&placed(&template, PLACES[0]), &json!({}))).unwrap();
    let violations = violations(&review(payload.clone()));
    let (last, shown) = violations.split_last().unwrap();
    assert_eq!(last.details, json!({"more": 500 - shown.len()}));
    assert!(
        shown
            .iter()
            .all(|violation| violation.details["rule"] == "privileged")
    );
    assert_denies(&violations, payload);
}

#[test]
fn an_input_of_neither_shape_gets_a_violation() {
    for input in ["{}", "[]", "null", "1", "", "{", r#"{"Request":{}}"#] {
        let result: Value =
            serde_json::from_str(&evaluate(EntryPoint::ByShape, input.as_bytes(), None)).unwrap();
        assert_eq!(
            result.as_array().map(Vec::len),
            Some(1),
            "{input}: {result}"
        );
    }
    let both = evaluate(
        EntryPoint::ByShape,
        br#"{"request":{"operation":"DELETE"},"review":{}}"#,
        None,
    );
    assert!(both.starts_with(r#"[{"msg":"#), "{both}");
}

#[test]
fn a_uid_that_is_not_a_string_is_left_out() {
    for uid in ["1", "null", r#""\ud800""#] {
        let input = format!(r#"{{"request":{{"uid":{uid},"operation":"DELETE"}}}}"#);
        assert_eq!(response(EntryPoint::ByShape, input.as_bytes()).uid, "");
    }
}

fn arb_entry_point() -> impl Strategy<Value = EntryPoint> {
    select(EntryPoint::ALL.map(|(_, entry_point)| entry_point).to_vec())
}

/// Checks that one of the two readers accepts the result.
fn assert_reads(entry_point: EntryPoint, input: &[u8]) {
    let result: Value = serde_json::from_str(&evaluate(entry_point, input, None)).unwrap();
    match result {
        Value::Array(violations) => {
            assert_ne!(entry_point, EntryPoint::Validate);
            let violations: Vec<Violation> =
                serde_json::from_value(Value::Array(violations)).unwrap();
            assert!(violations.iter().all(|violation| !violation.msg.is_empty()));
        }
        mut response => {
            assert_ne!(entry_point, EntryPoint::Violation);
            let response: AdmissionResponse =
                serde_json::from_value(response["response"].take()).unwrap();
            assert_eq!(response.allowed, response.status.is_none());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn any_bytes_get_a_result_that_reads(bytes in proptest::collection::vec(any::<u8>(), 0..64), entry_point in arb_entry_point()) {
        assert_reads(entry_point, &bytes);
        assert_eq!(violations(&bytes).len(), 1);
    }

    #[test]
    fn any_json_gets_a_result_that_reads(input in arb_json(), entry_point in arb_entry_point()) {
        assert_reads(entry_point, input.to_string().as_bytes());
    }

    #[test]
    fn violations_deny_whatever_the_core_does_not_accept(payload in arb_damaged_payload()) {
        let input = payload.to_string();
        assert_reads(EntryPoint::ByShape, input.as_bytes());
        let verdict = validate(input.as_bytes(), None);
        prop_assert_eq!(response(EntryPoint::Validate, input.as_bytes()).allowed, verdict.accepted);
        if !verdict.accepted {
            prop_assert_ne!(violations(input.as_bytes()).len(), 0);
        }
    }

    #[test]
    fn a_generated_request_is_answered_as_the_core_does(
        template in arb_pod_spec(),
        settings in arb_settings(),
        place in select(PLACES.to_vec()),
    ) {
        let object = placed(&template, place);
        let payload = payload(&object, &settings);
        assert_says(&response(EntryPoint::ByShape, &payload), &validate(&payload, None), &object);
        assert_says(&response(EntryPoint::Mutate, &payload), &mutate(&payload, None), &object);
        let payload: Value = serde_json::from_slice(&payload).unwrap();
        assert_denies(&violations(&review(payload.clone())), payload);
    }

    /// The patch consists of texts, so that no number passes through a float.
    #[test]
    fn a_patch_loses_no_number(template in arb_pod_spec(), settings in arb_settings()) {
        let object = placed(&template, PLACES[0]);
        let payload = String::from_utf8(payload(&object, &settings)).unwrap();
        let odd_payload = odd(&payload);
        let Some(repaired) = mutate(odd_payload.as_bytes(), None).mutated_object else { return Ok(()) };
        let odd_object = odd(&object.to_string());
        let patch = patch(serde_json::from_str(&odd_object).unwrap(), &repaired);
        let repaired: Value = serde_json::from_str(&even(repaired.get())).unwrap();
        prop_assert_eq!(patched(&object, &even(&patch)), repaired);
    }
}
