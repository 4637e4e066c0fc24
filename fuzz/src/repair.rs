//! The properties of a repaired object, for every target.

use eci_security_context::Verdict;
use eci_security_context::fix::Edit;
use eci_security_context::json::{self, RawValue};
use eci_security_context::path::Step;
use eci_security_context::review::Judged;
use eci_security_context::rules::rule::Action;
use serde::Serialize;

use crate::edits::{edits, steps, unasked};

/// A host on which every second Namespace is on ECI.
pub fn ask(name: &str) -> Result<String, String> {
    if name.len().is_multiple_of(2) {
        let namespace = r#"{"metadata":{"labels":{"alibabacloud.com/eci":"true"}}}"#;
        Ok(namespace.to_owned())
    } else {
        Err("forbidden".to_owned())
    }
}

/// `validate` or `mutate`.
pub type Judge = fn(&[u8]) -> Verdict;

/// Judges a payload with `validate`.
pub fn validate(payload: &[u8]) -> Verdict {
    eci_security_context::validate(payload, Some(&ask))
}

/// Judges a payload with `mutate`.
pub fn mutate(payload: &[u8]) -> Verdict {
    eci_security_context::mutate(payload, Some(&ask))
}

/// A payload with another object in its request.
#[derive(Serialize)]
struct Payload<'p> {
    request: Request<'p>,
    #[serde(skip_serializing_if = "Option::is_none")]
    settings: Option<&'p RawValue>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'p> {
    kind: Option<&'p RawValue>,
    sub_resource: Option<&'p RawValue>,
    namespace: Option<&'p RawValue>,
    operation: Option<&'p RawValue>,
    object: &'p RawValue,
    old_object: Option<&'p RawValue>,
}

/// Judges a payload and then its repaired object, and returns the first verdict.
///
/// The second time, the rule that repaired a field does not find it again, and no rule has a repair.
pub fn is_clean(payload: &str, judge: Judge) -> Verdict {
    let first = judge(payload.as_bytes());
    let Some(object) = first.mutated_object.as_deref() else {
        return first;
    };
    let field = |path: &[&'static str]| -> Option<&RawValue> { json::find(payload, path).ok()? };
    let before = field(&["request", "object"]).expect("a repaired object was read");
    only_the_edits_differ(before.get(), object.get(), &first);
    let repaired = Payload {
        request: Request {
            kind: field(&["request", "kind"]),
            sub_resource: field(&["request", "subResource"]),
            namespace: field(&["request", "namespace"]),
            operation: field(&["request", "operation"]),
            object,
            old_object: field(&["request", "oldObject"]),
        },
        settings: field(&["settings"]),
    };
    let repaired = serde_json::to_vec(&repaired).expect("a payload can be written");
    let second = judge(&repaired);
    assert_eq!(second.repaired(), None, "a second repair of {object}");
    // A repair may also end a denial: the API server refuses `CAP_SYS_ADMIN` beside
    // `allowPrivilegeEscalation: false`, and accepts `SYS_ADMIN`.
    assert!(
        second.accepted || !first.accepted,
        "the repaired object is denied: {object}"
    );
    are_gone(&first.findings, &second.findings);
    first
}

/// Checks that a repaired object differs from the original only where it is edited. Texts that `serde_json` does not
/// read, such as `1e400`, are not compared.
fn only_the_edits_differ(before: &str, after: &str, verdict: &Verdict) {
    let Ok(before) = serde_json::from_str(before) else {
        return;
    };
    let after = serde_json::from_str(after)
        .expect("a repaired object is a value where the one before it is");
    let edits: Vec<_> = edits(verdict)
        .map(|edit| (steps(edit.path()), edit))
        .collect();
    let places = unasked(&before, &after, &[], &edits);
    assert!(
        places.is_empty(),
        "without an edit, {places:?} differ: {before} {after}"
    );
}

/// Checks that repaired findings are not found again.
pub fn are_gone(first: &[Judged], second: &[Judged]) {
    // The next item has the path of a removed one.
    let is_shifted = |judged: &Judged| {
        let last = |edit: &Edit| match edit {
            Edit::Remove(path) => path.steps().last().cloned(),
            Edit::Set(..) => None,
        };
        let mut edits = judged.finding.edits.iter();
        edits.any(|edit| matches!(last(edit), Some(Step::Index(_))))
    };
    for Judged { finding, decision } in second {
        assert_ne!(
            decision.action,
            Action::Fix,
            "{finding:?} is left to be repaired"
        );
        let is_again = |before: &&Judged| {
            before.decision.action == Action::Fix
                && !is_shifted(before)
                && (before.finding.rule.id, &before.finding.path)
                    == (finding.rule.id, &finding.path)
        };
        if let Some(before) = first.iter().find(is_again) {
            panic!("{before:?} was repaired, and is found again: {finding:?}");
        }
    }
}
