//! Editing YAML.

use std::sync::LazyLock;

use eci_manifest::{Document, Part, Reason, Replacement, Step, replaced};
use eci_security_context::fix::{self, Edit, Scalar};
use eci_security_context::path::{self, Path};
use eci_security_context::policy::parse;
use eci_security_context::policy::settings::Settings;
use eci_security_context::review::request::Request;
use eci_security_context::review::{Judged, review};
use serde_json::{Value, json};

use crate::repair::are_gone;

/// The most paths of a document that are considered.
const PLACES: usize = 256;
/// How many of them are edited, one by one. Every edit reads the text again.
const EDITS: usize = 4;

static SETTINGS: LazyLock<Settings> = LazyLock::new(|| {
    let raw = json!({
        "mutate": "all",
        "scope": {"assumeEci": true},
        "approved": {"hostSysctls": ["vm.*", "kernel.pid_max"]},
        "actions": {"sysctl-unsupported": "fix", "root-filesystem": "fix", "proc-mount": "fix"},
    });
    parse::settings(&raw.to_string(), false).expect("they are valid")
});

/// Checks that every reader gets the same object from a text, and that a repaired text is clean. An edit is refused, or
/// changes the text as it changes the object, and leaves the rest of the text as it is.
pub fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let mut parts = eci_manifest::parts(text);
    parts.truncate(4);
    for part in parts {
        let _ = part.comments();
        let Ok(documents) = part.documents() else {
            continue;
        };
        for document in documents.iter().take(4) {
            let object = serde_json::to_string(document).expect("it is written");
            assert_eq!(
                crate::value(&object),
                Some(document.value()),
                "the object, written and read"
            );
            some_places_are_edited(&part, &documents, document, &object);
            is_repaired(&part, &documents, document, &object);
        }
    }
}

/// Checks that edits change the text as they change the object. Returns the edited text, or `None` if they are refused.
fn is_carried_out(
    part: &Part<'_>,
    documents: &[Document<'_>],
    document: &Document<'_>,
    object: &str,
    edits: &[Edit],
) -> Option<String> {
    let values: Vec<Option<Value>> = edits.iter().map(value_of).collect();
    let in_manifest: Vec<_> = edits
        .iter()
        .zip(&values)
        .map(|(edit, to)| in_manifest(edit, to.as_ref()))
        .collect();
    let replacements = match document.replacements(&in_manifest) {
        Ok(replacements) => replacements,
        Err(unrepairable) => {
            assert!(
                part.span.start <= unrepairable.span.start
                    && unrepairable.span.end <= part.span.end
            );
            assert_ne!(
                unrepairable.reason,
                Reason::Shared,
                "only who reads it back can tell"
            );
            return None;
        }
    };
    let mut end = part.span.start;
    for Replacement { span, .. } in &replacements {
        assert!(
            end <= span.start && span.start <= span.end,
            "{replacements:?} overlap"
        );
        end = span.end;
    }
    assert!(
        end <= part.span.end,
        "{replacements:?} reach beyond the part"
    );
    let moved: Vec<_> = replacements
        .into_iter()
        .map(|Replacement { span, text }| Replacement {
            span: span.start - part.span.start..span.end - part.span.start,
            text,
        })
        .collect();
    let edited = replaced(part.text(), &moved);
    let object = serde_json::from_str(object).expect("it is JSON");
    let after = fix::apply(object, edits.iter()).expect("it can be edited");
    let after: Value = serde_json::from_str(after.get()).expect("it is JSON");
    let expected: Vec<_> = documents
        .iter()
        .map(|other| {
            if other.is_same(document) {
                after.clone()
            } else {
                other.value()
            }
        })
        .collect();
    let read = eci_manifest::documents(&edited)
        .map(|documents| documents.iter().map(Document::value).collect::<Vec<_>>());
    // An object that is removed whole or becomes a list of objects is not a document any longer.
    let is_document = !after.is_null() && after["kind"] != "List";
    match read {
        Ok(read) if read == expected => Some(edited),
        // An anchor changes wherever it is used. Callers read the text back to see that.
        _ if part.text().contains(['&', '*', '<', '!']) || !is_document => None,
        read => panic!(
            "{edits:?} made of {:?} this: {edited:?}, which reads {read:?}, not {expected:?}",
            part.text()
        ),
    }
}

fn value_of(edit: &Edit) -> Option<Value> {
    match edit {
        Edit::Set(_, value) => Some(json!(value)),
        Edit::Remove(_) => None,
    }
}

fn in_manifest<'e>(edit: &'e Edit, to: Option<&'e Value>) -> eci_manifest::Edit<'e> {
    let steps = edit.path().steps().iter().map(|step| match step {
        path::Step::Index(index) => Step::Index(*index),
        path::Step::Field(name) => Step::Key(name),
        path::Step::Key(key) => Step::Key(key),
    });
    eci_manifest::Edit {
        steps: steps.collect(),
        to,
    }
}

fn some_places_are_edited(
    part: &Part<'_>,
    documents: &[Document<'_>],
    document: &Document<'_>,
    object: &str,
) {
    let mut places = Vec::new();
    places_of(&document.value(), &Path::default(), &mut places);
    // The bytes of the text choose the paths and the edits, so that the fuzzer can vary them.
    let sum = part.text().bytes().fold(0_usize, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(byte.into())
    });
    for turn in 0..EDITS.min(places.len()) {
        let choice = sum.wrapping_add(turn);
        let (place, makes) = &places[choice % places.len()];
        let edit = match choice / places.len() % if *makes { 4 } else { 2 } {
            0 => Edit::Set(place.clone(), Scalar::Text("a: #b".to_owned())),
            1 => Edit::Remove(place.clone()),
            2 => Edit::Set(place.field("added"), Scalar::Bool(true)),
            _ => Edit::Set(place.field("added").key("be/low"), Scalar::Int(-1)),
        };
        is_carried_out(part, documents, document, object, &[edit]);
    }
}

/// Collects the paths in a value, each with whether a field can be added below it.
fn places_of(value: &Value, at: &Path, places: &mut Vec<(Path, bool)>) {
    let mut child = |path: Path, value: &Value| {
        if places.len() < PLACES {
            places.push((path.clone(), value.is_object() || value.is_null()));
            places_of(value, &path, places);
        }
    };
    match value {
        Value::Object(entries) => entries
            .iter()
            .for_each(|(key, value)| child(at.key(key), value)),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(index, value)| child(at.index(index), value)),
        _ => {}
    }
}

/// Returns the findings in an object; none if the object cannot be read.
fn findings(object: &str) -> Vec<Judged> {
    let request = Request::creating("", "Pod", serde_json::from_str(object).expect("it is JSON"));
    review(&request, &SETTINGS, None)
        .map(|review| review.findings)
        .unwrap_or_default()
}

fn is_repaired(part: &Part<'_>, documents: &[Document<'_>], document: &Document<'_>, object: &str) {
    let first = findings(object);
    let edits: Vec<_> = first
        .iter()
        .flat_map(|judged| judged.finding.edits.clone())
        .collect();
    if edits.is_empty() {
        return;
    }
    if let Some(repaired) = is_carried_out(part, documents, document, object, &edits) {
        let position = documents
            .iter()
            .position(|other| other.is_same(document))
            .expect("it is one of them");
        let repaired = eci_manifest::documents(&repaired).expect("it was read");
        let object = serde_json::to_string(&repaired[position]).expect("it is written");
        are_gone(&first, &findings(&object));
    }
}
