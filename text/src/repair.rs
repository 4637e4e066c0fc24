//! The edits of the core, carried out in the text of a manifest. The result is read back before it is written, and must
//! be the object that the same edits make of the JSON at admission.

use eci_manifest::{Document, Part, Reason, Replacement, Step, Unrepairable, replaced};
use eci_security_context::fix::{self, Edit};
use eci_security_context::path;
use serde_json::Value;
use serde_json::value::to_raw_value;

/// Returns the replacements in the text for edits of one document.
pub(crate) fn replacements(
    document: &Document<'_>,
    edits: &[Edit],
) -> Result<Vec<Replacement>, Unrepairable> {
    let values: Vec<_> = edits.iter().map(value).collect();
    let edits = edits.iter().zip(&values);
    let edits: Vec<_> = edits
        .map(|(edit, to)| eci_manifest::Edit {
            steps: edit.path().steps().iter().map(step).collect(),
            to: to.as_ref(),
        })
        .collect();
    document.replacements(&edits)
}

fn value(edit: &Edit) -> Option<Value> {
    match edit {
        Edit::Set(_, scalar) => serde_json::to_value(scalar).ok(),
        Edit::Remove(_) => None,
    }
}

fn step(step: &path::Step) -> Step<'_> {
    match step {
        path::Step::Index(index) => Step::Index(*index),
        path::Step::Field(name) => Step::Key(name),
        path::Step::Key(key) => Step::Key(key),
    }
}

/// Returns the replacements for edits of one document of a part, after reading the result back.
///
/// # Errors
/// If the document would not be as the edits make it, or other documents would change.
pub(crate) fn verified(
    part: &Part<'_>,
    documents: &[Document<'_>],
    document: &Document<'_>,
    edits: &[Edit],
) -> Result<Vec<Replacement>, Unrepairable> {
    let replacements = replacements(document, edits)?;
    let is_edited = |other: &Document<'_>| other.is_same(document);
    let expected = documents.iter().map(|other| match is_edited(other) {
        true => after(other, edits),
        false => other.value(),
    });
    match reads_as(part, &replacements, expected) {
        true => Ok(replacements),
        false => Err(shared(document, &replacements)),
    }
}

/// Returns the refusal of replacements that would change other fields.
pub(crate) fn shared(document: &Document<'_>, replacements: &[Replacement]) -> Unrepairable {
    let first = replacements
        .first()
        .map(|replacement| replacement.span.clone());
    Unrepairable {
        span: first.unwrap_or_else(|| document.span("")),
        reason: Reason::Shared,
    }
}

/// Returns the object after edits, as at admission.
pub(crate) fn after(document: &Document<'_>, edits: &[Edit]) -> Value {
    let object = to_raw_value(document).ok();
    object
        .and_then(|object| fix::apply(&object, edits.iter()))
        .and_then(|edited| serde_json::from_str(edited.get()).ok())
        .unwrap_or_default()
}

/// True if a part reads as these values after the replacements.
pub(crate) fn reads_as(
    part: &Part<'_>,
    replacements: &[Replacement],
    expected: impl Iterator<Item = Value>,
) -> bool {
    let text = part_after(part, replacements);
    eci_manifest::documents(&text)
        .is_ok_and(|documents| documents.iter().map(Document::value).eq(expected))
}

/// Returns the text of a part after the replacements.
pub(crate) fn part_after(part: &Part<'_>, replacements: &[Replacement]) -> String {
    let moved = |Replacement { span, text }: &Replacement| Replacement {
        span: span.start - part.span.start..span.end - part.span.start,
        text: text.clone(),
    };
    replaced(
        part.text(),
        &replacements.iter().map(moved).collect::<Vec<_>>(),
    )
}

#[cfg(test)]
mod tests;
