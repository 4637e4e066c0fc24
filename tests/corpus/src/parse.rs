//! Reads the cases in a file.

use eci_manifest::{Document, Part, RequestOptions, admission_request, parts};
use serde_json::{Value, json};

use crate::directives::{Directives, Function};
use crate::{Case, Mark, Problem};

const OLD: &str = "old object";
const FIXED: &str = "fixed object";

/// The cases in the text of a file. The error has the file and the line.
pub(crate) fn cases(group: &str, file: &str, text: &str) -> Result<Vec<Case>, String> {
    let mut cases = Vec::new();
    for part in parts(text) {
        let before = text.get(..part.span.start).unwrap_or_default();
        add(&part, before.matches('\n').count(), &mut cases)
            .map_err(|(line, problem)| format!("{file}:{line}: {problem}"))?;
    }
    for case in &mut cases {
        case.name = format!("{group}/{}", case.name);
        (case.rule, case.file) = (group.to_owned(), file.to_owned());
    }
    Ok(cases)
}

/// Adds a part of a file: a case, an object of the last case, or only remarks.
fn add(part: &Part<'_>, lines_before: usize, cases: &mut Vec<Case>) -> Result<(), Problem> {
    let documents = part.documents().map_err(|error| {
        let problem = format!("column {}: {}", error.column, error.problem);
        (error.line, problem)
    })?;
    let comments = Comments::read(part, lines_before)?;
    let (line, label, document) = match (comments.label, documents.as_slice()) {
        (Some((line, label)), [document]) => (line, label, document),
        (Some((line, label)), _) => return Err((line, format!("`{label}` is not one object"))),
        (None, []) => return Ok(()),
        (None, _) => {
            let expected = format!("expected `#: NAME`, `#: {OLD}` or `#: {FIXED}` above it");
            return Err((comments.body, expected));
        }
    };
    let (object, raw) = object(document)?;
    if label != OLD && label != FIXED {
        let directives = Directives::read(comments.directives.into_iter())?;
        let case = Case::new(label, object, raw, directives, comments.marks);
        let mut case = case.map_err(|problem| (line, problem.to_owned()))?;
        (case.line, case.lines_before) = (line, lines_before);
        part.text().clone_into(&mut case.text);
        cases.push(case);
        return Ok(());
    }
    let is_plain = comments.directives.is_empty() && comments.marks.is_empty();
    match cases
        .last_mut()
        .filter(|case| is_plain && case.fixed.is_none())
    {
        Some(case) if label == FIXED => case.fixed = Some(object),
        Some(case) if case.directives.operation.is_some() => {
            case.payload["request"]["oldObject"] = object;
            case.raw[1] = raw;
        }
        Some(_) => return Err((line, "an old object needs `#! operation`".to_owned())),
        None => {
            let rule =
                "has no case above it, or follows a fixed object, or has directives or marks";
            return Err((line, format!("`{label}` {rule}")));
        }
    }
    Ok(())
}

/// The comments of a part that mean something here. Lines are those of the file.
#[derive(Default)]
struct Comments<'t> {
    label: Option<(usize, &'t str)>,
    directives: Vec<(usize, &'t str)>,
    marks: Vec<Mark>,
    /// The line on which the object begins.
    body: usize,
}

impl<'t> Comments<'t> {
    fn read(part: &Part<'t>, lines_before: usize) -> Result<Self, Problem> {
        let mut found = Self::default();
        for (line, content) in (lines_before + 1..).zip(part.text().lines()) {
            let at = |problem: &str| (line, problem.to_owned());
            if let Some(label) = content.strip_prefix("#:") {
                if found.body > 0 || found.label.replace((line, label.trim())).is_some() {
                    return Err(at("`#:` begins a document: put `---` above it"));
                }
            } else if let Some(directive) = content.strip_prefix("#!") {
                if found.body > 0 {
                    return Err(at("a directive is above the object"));
                }
                found.directives.push((line, directive));
            } else if !content.starts_with('#') && !content.starts_with("---") {
                if found.body == 0 {
                    found.body = line;
                }
                let mut marks = content.split("#~");
                let field = marks.next().unwrap_or_default();
                for mark in marks {
                    let [rule, action] = mark.split_whitespace().collect::<Vec<_>>()[..] else {
                        return Err(at("a mark is `#~ RULE ACTION`"));
                    };
                    if field.trim().is_empty() || !field.ends_with(' ') {
                        return Err(at("a mark is a comment at the end of a line"));
                    }
                    let mark = Mark::new(rule, action, &format!("line {line}"));
                    found.marks.push(mark.map_err(|problem| (line, problem))?);
                }
            }
        }
        Ok(found)
    }
}

impl Case {
    fn new(
        name: &str,
        object: Value,
        raw: Option<String>,
        mut directives: Directives,
        mut marks: Vec<Mark>,
    ) -> Result<Self, &'static str> {
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || !name.chars().all(is_name) {
            return Err("the name of a case is in kebab-case");
        }
        if raw.is_some() {
            marks.append(&mut directives.finding);
        }
        if !directives.finding.is_empty() {
            return Err("`finding` is for an object that is given as JSON");
        }
        if marks.is_empty() != directives.findings.is_some() {
            return Err("a case has findings or `#! findings: none`");
        }
        if directives.accepted == Some(true) && directives.code.is_some() {
            return Err("an accepted request has no code");
        }
        let options = RequestOptions {
            operation: directives.operation.as_deref().unwrap_or("CREATE"),
            sub_resource: directives.sub_resource.as_deref(),
            old_object: None,
        };
        let payload = json!({
            "request": admission_request(&object, &options),
            "settings": directives.settings.take().unwrap_or_else(|| json!({})),
        });
        let function = match directives.function {
            Function::Validate => "validate",
            Function::Mutate => "mutate",
        };
        Ok(Self {
            name: name.to_owned(),
            payload,
            function: function.to_owned(),
            namespace: std::mem::take(&mut directives.namespace_labels),
            raw: [raw, None],
            directives,
            marks,
            ..Self::default()
        })
    }
}

/// The object in a document, and its text if the document is a string.
fn object(document: &Document<'_>) -> Result<(Value, Option<String>), Problem> {
    match document.value() {
        Value::String(text) => match serde_json::from_str(&text) {
            Ok(object) => Ok((object, Some(text))),
            Err(error) => Err((document.line(""), format!("invalid JSON: {error}"))),
        },
        object => Ok((object, None)),
    }
}
