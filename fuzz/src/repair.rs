//! What holds of a repaired object, whichever target made it.

use eci_security_context::Verdict;
use eci_security_context::json::Raw;
use eci_security_context::path::{Path, Step};
use eci_security_context::rule::{Action, Edit, Finding};
use eci_security_context::splice::{Change, splice};

/// A host on which every second Namespace is ECI's.
pub fn ask(name: &str) -> Result<String, String> {
    if name.len().is_multiple_of(2) {
        let namespace = r#"{"metadata":{"labels":{"alibabacloud.com/eci":"true"}}}"#;
        Ok(namespace.to_owned())
    } else {
        Err("forbidden".to_owned())
    }
}

/// One of the policy's two judgements.
pub type Judge = fn(&[u8]) -> Verdict;

/// The policy's judgement of a payload.
pub fn validate(payload: &[u8]) -> Verdict {
    eci_security_context::validate(payload, Some(&ask))
}

/// The same, with repairs wherever there are any.
pub fn mutate(payload: &[u8]) -> Verdict {
    eci_security_context::mutate(payload, Some(&ask))
}

/// Judges a payload, and what the judgement repairs once more: the rule that repaired it has nothing more to say of
/// the place, and no other rule anything to repair. Gives back the first judgement.
pub fn is_clean(payload: &str, judge: Judge) -> Verdict {
    let first = judge(payload.as_bytes());
    let Some(object) = first.mutated_object.as_deref() else {
        return first;
    };
    assert!(
        crate::untyped::is_json(object),
        "a repaired object that is no JSON: {object}"
    );
    let place = Path::of(&["request", "object"]);
    // What arrives may have blanks around it.
    let payload = Raw::parse(payload)
        .expect("what is repaired was read")
        .get();
    let repaired = splice(payload, &[Change::set(&place, object)]);
    let second = judge(repaired.as_bytes());
    assert_eq!(second.mutated_object, None, "a second repair of {object}");
    // A repair may take a denial away: `CAP_SYS_ADMIN`, which the API server refuses beside
    // `allowPrivilegeEscalation: false`, becomes `SYS_ADMIN`, which it takes.
    assert!(
        second.accepted || !first.accepted,
        "the repaired object is denied: {object}"
    );
    are_gone(&first.findings, &second.findings);
    first
}

/// Whether what was repaired is not found again.
pub fn are_gone(first: &[Finding], second: &[Finding]) {
    // Where an item was removed, the next one stands.
    let is_shifted = |finding: &Finding| {
        let last = |edit: &Edit| match edit {
            Edit::Remove(path) => path.steps().last().cloned(),
            Edit::Set(..) => None,
        };
        finding
            .edits
            .iter()
            .any(|edit| matches!(last(edit), Some(Step::Index(_))))
    };
    for found in second {
        assert_ne!(
            found.action,
            Action::Fix,
            "{found:?} is left to be repaired"
        );
        let is_again = |before: &&Finding| {
            before.action == Action::Fix
                && !is_shifted(before)
                && (before.rule.id, &before.path) == (found.rule.id, &found.path)
        };
        if let Some(before) = first.iter().find(is_again) {
            panic!("{before:?} was repaired, and is found again: {found:?}");
        }
    }
}
