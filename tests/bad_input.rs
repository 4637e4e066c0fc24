//! An unreadable request is rejected with the path of the error, an odd one is judged, and no answer repeats the payload.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

#[path = "support/answer.rs"]
mod answer;
#[path = "support/bad_payloads/mod.rs"]
mod bad_payloads;

use eci_corpus::read_all;
use eci_manifest::{RequestOptions, admission_request};
use eci_security_context::AskNamespace;
use eci_security_context::{Verdict, mutate, validate};
use kubewarden_policy_sdk::request::ValidationRequest;
use kubewarden_policy_sdk::response::ValidationResponse;
use serde_json::{Value, json};

use crate::answer::{annotation, checked};
use crate::bad_payloads::{BadPayload, SECRET, settings_errors};

/// The fields of the views, as Kubernetes spells them.
fn fields_of_views() -> Vec<String> {
    let mut fields = Vec::new();
    for file in ["object", "scheduling", "security"] {
        let path = format!("{}/src/pod/{file}.rs", env!("CARGO_MANIFEST_DIR"));
        let mut renamed = None;
        for line in std::fs::read_to_string(path).unwrap().lines() {
            let line = line.trim();
            if let Some(name) = line.strip_prefix("#[serde(rename = \"") {
                renamed = name.split('"').next().map(str::to_owned);
            } else if line.starts_with("#[serde(skip)") {
                renamed = Some(String::new());
            } else if let Some((name, _)) = line
                .strip_prefix("pub ")
                .and_then(|field| field.split_once(": "))
                .filter(|(name, _)| !name.contains([' ', '(']))
            {
                let mut words = name.trim_end_matches('_').split('_');
                let first = words.next().unwrap().to_owned();
                let camel = words.fold(first, |name, word| {
                    name + &word[..1].to_uppercase() + &word[1..]
                });
                fields.push(renamed.take().unwrap_or(camel));
            }
        }
    }
    fields.retain(|field| !field.is_empty());
    fields
}

#[test]
fn every_field_that_is_read_has_a_bad_payload() {
    let names: Vec<_> = bad_payloads::all()
        .into_iter()
        .map(|bad| bad.name)
        .collect();
    for field in fields_of_views() {
        let pointer = |name: &String| name.split(['/', ' ', ':']).any(|key| key == field);
        assert!(
            names.iter().any(pointer),
            "add {field} to a list in tests/support/bad_payloads/types.rs"
        );
    }
}

fn checked_settings(text: &str, can_ask: bool) -> Result<(), String> {
    let settings = eci_security_context::policy::parse::settings(text, can_ask);
    settings.map(drop).map_err(|error| error.to_string())
}

/// The texts of an answer.
fn texts(answer: &ValidationResponse) -> String {
    let message = answer.message.as_deref().unwrap_or_default();
    let warnings = answer.warnings.as_deref().unwrap_or_default().join("\n");
    format!(
        "{message}\n{warnings}\n{}",
        annotation(answer).unwrap_or_default()
    )
}

/// The error in the answer to a payload, if it has one.
fn fault(bad: &BadPayload, answer: &ValidationResponse) -> Option<String> {
    let BadPayload {
        name, code, says, ..
    } = bad;
    let message = answer.message.as_deref().unwrap_or_default();
    if answer.code != *code {
        Some(format!(
            "{name}: code {:?}, not {code:?} ({message:?})",
            answer.code
        ))
    } else if !answer.accepted && !message.contains(says) {
        Some(format!(
            "{name}: the message does not say {says:?}: {message:?}"
        ))
    } else if texts(answer).contains(SECRET) {
        Some(format!(
            "{name}: the answer repeats the payload: {:?}",
            texts(answer)
        ))
    } else {
        None
    }
}

fn each_gets_its_answer(all: &[BadPayload]) {
    let ask = |_: &str| -> Result<String, String> { Err("this host has no cluster".to_owned()) };
    let faults: Vec<_> = all
        .iter()
        .filter_map(|bad| fault(bad, &checked(validate(&bad.payload, Some(&ask)))))
        .collect();
    assert!(
        faults.is_empty(),
        "{} of {}:\n{}",
        faults.len(),
        all.len(),
        faults[..faults.len().min(40)].join("\n")
    );
}

#[test]
fn a_payload_without_a_request_is_rejected() {
    each_gets_its_answer(&bad_payloads::texts());
}

#[test]
fn a_request_that_cannot_be_read_is_rejected() {
    each_gets_its_answer(&bad_payloads::requests());
}

#[test]
fn odd_texts_are_read() {
    each_gets_its_answer(&bad_payloads::objects());
}

#[test]
fn a_request_under_bad_settings_is_rejected() {
    each_gets_its_answer(&bad_payloads::bad_settings());
}

#[test]
fn signals_of_a_wrong_type_are_rejected_wherever_the_pod_runs() {
    each_gets_its_answer(&bad_payloads::wrong_placing());
}

#[test]
fn pod_fields_of_a_wrong_type_are_rejected_on_eci_and_accepted_elsewhere() {
    each_gets_its_answer(&bad_payloads::wrong_pods());
}

#[test]
fn container_fields_of_a_wrong_type_are_rejected_on_eci_and_accepted_elsewhere() {
    each_gets_its_answer(&bad_payloads::wrong_containers());
}

#[test]
fn resources_and_env_of_a_wrong_type_are_rejected_on_eci_and_accepted_elsewhere() {
    each_gets_its_answer(&bad_payloads::wrong_instances());
}

#[test]
fn workload_fields_of_a_wrong_type_are_rejected() {
    each_gets_its_answer(&bad_payloads::wrong_workloads());
}

#[test]
fn a_list_for_something_else_is_named_by_its_own_path() {
    each_gets_its_answer(&bad_payloads::lists_for_something_else());
}

#[test]
fn mutate_reads_as_validate_does() {
    for bad in bad_payloads::all() {
        let (validated, mutated) = (validate(&bad.payload, None), mutate(&bad.payload, None));
        let name = bad.name;
        assert_eq!(
            (mutated.code, &mutated.message),
            (validated.code, &validated.message),
            "{name}"
        );
        assert!(mutated.mutated_object.is_none(), "{name}");
        checked(mutated);
    }
}

#[test]
fn bad_payloads_have_unique_names() {
    let mut names: Vec<_> = bad_payloads::all()
        .into_iter()
        .map(|bad| bad.name)
        .collect();
    names.sort();
    let twice: Vec<_> = names.windows(2).filter(|pair| pair[0] == pair[1]).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

#[test]
fn bad_settings_are_refused_by_name() {
    for (settings, parts) in settings_errors() {
        let error = checked_settings(settings, true).unwrap_err();
        assert!(error.starts_with("settings: "), "{settings}: {error}");
        for part in parts {
            assert!(
                error.contains(part),
                "{settings}: the error does not say {part:?}: {error}"
            );
        }
    }
    for text in ["", "{", "{} {}", "\u{feff}{}", r#"{"profile":1e400}"#] {
        assert!(checked_settings(text, true).is_err(), "{text:?}");
    }
}

#[test]
fn good_settings_are_accepted() {
    for text in [
        "null",
        "{}",
        r#"{"profile":"latest","mutate":"none","scope":{},"actions":{},"approved":{},"exempt":[]}"#,
        r#"{"actions":{"*":"fix","pod-identity":"fix","privileged":false}}"#,
        r#"{"approved":{"capabilities":["CAP_SYS_RAWIO","bpf"],"hostSysctls":["vm/max_map_count","kernel.shm*"]}}"#,
        r#"{"exempt":[{"image":"registry.example/**"},{"image":"busybox","container":"*"}]}"#,
    ] {
        assert_eq!(checked_settings(text, false), Ok(()), "{text}");
    }
}

/// A request for a pod without a signal. Only the labels of its Namespace can send it to ECI.
fn unmarked(namespace: &str) -> Vec<u8> {
    let container =
        json!({"name": "main", "image": SECRET, "securityContext": {"privileged": true}});
    let pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"namespace": namespace},
        "spec": {"containers": [container]},
    });
    let request = admission_request(&pod, &RequestOptions::default());
    json!({"request": request, "settings": {"scope": {"namespaceLabels": true}}})
        .to_string()
        .into()
}

fn answered(by: &str) -> Verdict {
    let ask = |_: &str| -> Result<String, String> { Ok(by.to_owned()) };
    validate(&unmarked("shop"), Some(&ask))
}

#[test]
fn a_host_that_cannot_be_asked_refuses_the_setting() {
    let answer = checked(validate(&unmarked("shop"), None));
    assert_eq!(answer.code, Some(422));
    assert!(
        texts(&answer).contains("scope.namespaceLabels: "),
        "{answer:?}"
    );
    assert!(!texts(&answer).contains(SECRET), "{answer:?}");
    let settings = r#"{"scope":{"namespaceLabels":true}}"#;
    let refused = checked_settings(settings, false).unwrap_err();
    assert!(refused.contains("scope.namespaceLabels: "), "{refused}");
    assert_eq!(checked_settings(settings, true), Ok(()));
}

#[test]
fn settings_that_set_a_key_twice_are_refused_with_the_key() {
    for (settings, says) in [
        (
            r#"{"mutate":"all","mutate":"none"}"#,
            "settings: mutate: is set twice; keep one of the two",
        ),
        (
            r#"{"scope":{"possible":"warn","possible":"ignore"}}"#,
            "settings: scope.possible: is set twice; keep one of the two",
        ),
    ] {
        assert_eq!(checked_settings(settings, true).unwrap_err(), says);
    }
}

#[test]
fn a_failing_host_rejects_the_request() {
    let ask: Box<AskNamespace<'_>> = Box::new(|_| Err("forbidden".to_owned()));
    let answer = checked(validate(&unmarked("shop"), Some(&ask)));
    assert_eq!(answer.code, Some(500));
    for part in [
        "scope.namespaceLabels",
        "contextAwareResources",
        "Namespace",
        "forbidden",
    ] {
        assert!(texts(&answer).contains(part), "{part}: {answer:?}");
    }
    assert!(!texts(&answer).contains(SECRET), "{answer:?}");
}

#[test]
fn an_unreadable_namespace_rejects_the_request() {
    for rubbish in [
        "null",
        "[]",
        r#""s3cr3t-token""#,
        r#"{"metadata":"s3cr3t-token"}"#,
        r#"{"metadata":{"labels":["s3cr3t-token"]}}"#,
        r#"{"metadata":{"labels":{"eci":["s3cr3t-token"]}}}"#,
        r#"{"metadata":{"labels":{"virtual-node-affinity-injection":true}}}"#,
    ] {
        let answer = checked(answered(rubbish));
        assert_eq!(answer.code, Some(500), "{rubbish}: {answer:?}");
        assert!(!texts(&answer).contains(SECRET), "{answer:?}");
    }
    assert!(answered("{}").accepted);
    assert_eq!(
        answered(r#"{"metadata":{"labels":{"eci":"true"}}}"#).code,
        Some(403)
    );
}

/// The limits of an answer also hold for long texts of the host and the request.
#[test]
fn a_name_of_any_length_fits_the_answer() {
    for length in [253, 100_000] {
        for reason in ["forbidden".to_owned(), "x\n".repeat(length)] {
            let ask = |_: &str| -> Result<String, String> { Err(reason.clone()) };
            assert_eq!(
                checked(validate(&unmarked(&"n".repeat(length)), Some(&ask))).code,
                Some(500)
            );
        }
    }
}

#[test]
fn requests_are_those_of_the_sdk() {
    for case in read_all(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")) {
        let request: ValidationRequest<Value> = serde_json::from_value(case.payload.clone())
            .unwrap_or_else(|error| panic!("{case}: {error}"));
        let (request, sent) = (request.request, &case.payload["request"]);
        assert_eq!(request.object, sent["object"], "{case}");
        assert_eq!(request.old_object, sent["oldObject"], "{case}");
        for (read, field) in [
            (&request.operation, "operation"),
            (&request.namespace, "namespace"),
            (&request.sub_resource, "subResource"),
        ] {
            assert_eq!(
                read,
                sent[field].as_str().unwrap_or_default(),
                "{case}: {field}"
            );
        }
        assert_eq!(request.kind.group, sent["kind"]["group"], "{case}");
        assert_eq!(request.kind.kind, sent["kind"]["kind"], "{case}");
    }
}
