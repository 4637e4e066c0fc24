//! The edits of the core, carried out in the text of a manifest. Whatever is written is read back first, and must be
//! the object that the same edits make of the JSON at admission.

use eci_manifest::{Document, Part, Reason, Replacement, Step, Unrepairable, replaced};
use eci_security_context::path;
use eci_security_context::rule::{self, Edit};
use serde_json::Value;

/// The replacements in the text that carry out edits of one document.
pub(crate) fn replacements(
    document: &Document<'_>,
    edits: &[Edit],
) -> Result<Vec<Replacement>, Unrepairable> {
    let edits: Vec<_> = edits.iter().map(in_manifest).collect();
    document.replacements(&edits)
}

fn in_manifest(edit: &Edit) -> eci_manifest::Edit<'_> {
    let steps = edit.path().steps().iter().map(|step| match step {
        path::Step::Index(index) => Step::Index(*index),
        path::Step::Field(name) => Step::Key(name),
        path::Step::Key(key) => Step::Key(key),
    });
    let to = match edit {
        Edit::Set(_, value) => Some(value),
        Edit::Remove(_) => None,
    };
    eci_manifest::Edit { steps: steps.collect(), to }
}

/// The replacements that carry out edits of one document of a part, read back: the document is then what the edits
/// make of it, and the others are what they were.
///
/// # Errors
/// Where the text cannot be changed so.
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
        false => Err(Unrepairable { span: document.span(""), reason: Reason::Layout }),
    }
}

/// The object that edits make, as at admission.
pub(crate) fn after(document: &Document<'_>, edits: &[Edit]) -> Value {
    let repaired = rule::apply(&document.json(), edits.iter());
    serde_json::from_str(&repaired).unwrap_or_default()
}

/// Whether a part reads as these values once the replacements are made.
pub(crate) fn reads_as(
    part: &Part<'_>,
    replacements: &[Replacement],
    expected: impl Iterator<Item = Value>,
) -> bool {
    let text = part_after(part, replacements);
    eci_manifest::documents(&text).is_ok_and(|documents| documents.iter().map(Document::value).eq(expected))
}

/// The text of a part once the replacements are made.
pub(crate) fn part_after(part: &Part<'_>, replacements: &[Replacement]) -> String {
    let moved = |Replacement { span, text }: &Replacement| Replacement {
        span: span.start - part.span.start..span.end - part.span.start,
        text: text.clone(),
    };
    replaced(part.text(), &replacements.iter().map(moved).collect::<Vec<_>>())
}
