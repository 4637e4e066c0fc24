//! Checks that hold for every answer.

use eci_security_context::{Verdict, kubewarden};
use kubewarden_policy_sdk::response::ValidationResponse;
use serde_json::Value;

/// Reads an answer with the SDK, and checks the limits of the specification's section 7.
pub(crate) fn checked(verdict: Verdict) -> ValidationResponse {
    let bytes = kubewarden::answer(&verdict).unwrap();
    let answer: ValidationResponse = serde_json::from_slice(&bytes)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&bytes)));
    assert_eq!(
        answer.accepted,
        answer.code.is_none(),
        "accepted, or a code: {answer:?}"
    );
    assert_eq!(
        answer.accepted,
        answer.message.is_none(),
        "accepted, or a message: {answer:?}"
    );
    assert!(
        answer
            .code
            .is_none_or(|code| [400, 403, 422, 500].contains(&code)),
        "{answer:?}"
    );
    let message = answer.message.as_deref().unwrap_or_default();
    assert!(
        message.len() <= 4096,
        "a message of {} bytes: {message}",
        message.len()
    );
    assert!(
        !message.contains(char::is_control),
        "a message of several lines: {message:?}"
    );
    let warnings = answer.warnings.as_deref().unwrap_or_default();
    assert!(
        warnings.len() <= 10,
        "{} warnings: {warnings:?}",
        warnings.len()
    );
    for warning in warnings {
        let length = warning.chars().count();
        assert!(
            (1..=256).contains(&length),
            "a warning of {length} characters: {warning:?}"
        );
        assert!(
            !warning.contains(char::is_control),
            "a warning of several lines: {warning:?}"
        );
    }
    if let Some(annotation) = annotation(&answer) {
        assert!(
            annotation.len() <= 32768,
            "an annotation of {} bytes",
            annotation.len()
        );
        let findings: Vec<Value> = serde_json::from_str(annotation).unwrap();
        assert!(!findings.is_empty(), "an annotation without a finding");
    }
    answer
}

/// The audit annotation.
pub(crate) fn annotation(answer: &ValidationResponse) -> Option<&str> {
    answer
        .audit_annotations
        .as_ref()
        .map(|annotations| annotations["findings"].as_str())
}
