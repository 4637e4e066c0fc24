//! The edits of a verdict, and the changes that they allow.

use std::collections::BTreeSet;

use eci_security_context::Verdict;
use eci_security_context::fix::Edit;
use eci_security_context::path::{Path, Step};
use eci_security_context::rules::rule::Action;
use serde_json::{Map, Value, json};

/// The steps of a path, as keys and indices.
pub(crate) fn steps(path: &Path) -> Vec<String> {
    let step = |step: &Step| match step {
        Step::Field(name) => name.to_string(),
        Step::Key(key) => key.clone(),
        Step::Index(index) => index.to_string(),
    };
    path.steps().iter().map(step).collect()
}

/// The edits of a verdict's fixes.
pub(crate) fn edits(verdict: &Verdict) -> impl Iterator<Item = &Edit> {
    verdict
        .findings
        .iter()
        .filter(|judged| judged.decision.action == Action::Fix)
        .flat_map(|fix| &fix.finding.edits)
}

/// The paths where two objects differ without an edit that allows it.
pub(crate) fn unasked(
    before: &Value,
    after: &Value,
    at: &[String],
    edits: &[(Vec<String>, &Edit)],
) -> Vec<String> {
    if before == after || edits.iter().any(|(path, _)| at.starts_with(path)) {
        return Vec::new();
    }
    let below = |step: &str| [at, &[step.to_owned()]].concat();
    let made = || {
        edits
            .iter()
            .any(|(path, edit)| path.starts_with(at) && matches!(edit, Edit::Set(..)))
    };
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
            let value =
                |map: &Map<String, Value>, key: &str| map.get(key).cloned().unwrap_or_default();
            keys.into_iter()
                .flat_map(|key| {
                    unasked(&value(before, key), &value(after, key), &below(key), edits)
                })
                .collect()
        }
        (Value::Array(before), Value::Array(after)) => {
            let removed = |index: &usize| {
                let at = below(&index.to_string());
                edits
                    .iter()
                    .any(|(path, edit)| *path == at && matches!(edit, Edit::Remove(_)))
            };
            let kept: Vec<_> = (0..before.len()).filter(|index| !removed(index)).collect();
            if kept.len() != after.len() {
                return vec![at.join("/")];
            }
            let items = kept.into_iter().zip(after);
            items
                .flat_map(|(index, after)| {
                    unasked(&before[index], after, &below(&index.to_string()), edits)
                })
                .collect()
        }
        (Value::Null, Value::Object(_)) if made() => unasked(&json!({}), after, at, edits),
        _ => vec![at.join("/")],
    }
}
