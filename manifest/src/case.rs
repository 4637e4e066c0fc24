//! The corpus of test cases: a manifest in which comments mark the findings that a policy must make, line by
//! line, and directives at its top say what else its answer holds. A case is `<rule>/<name>.yaml`; where the
//! policy must repair the object, `<rule>/<name>.fixed.yaml` holds the repaired one.
//!
//! ```yaml
//! #! settings: {mutate: all}
//! #! message: is not supported
//! apiVersion: v1
//! kind: Pod
//! spec:
//!   hostPID: true #~ host-namespaces deny
//! ```
//!
//! What YAML cannot say (a key that is set twice, a number in another spelling) is said in JSON: an object that is a
//! string is the text of the object, handed over byte for byte, and its findings stand in directives.
//!
//! ```yaml
//! #! finding: host-namespaces deny spec.hostPID
//! --- |
//!   {"apiVersion": "v1", "kind": "Pod", "spec": {"hostP\u0049D": true}}
//! ```
//!
//! This module runs no policy: it hands out payloads and judges answers. It is test support, so a malformed case
//! panics.

#![expect(
    clippy::indexing_slicing,
    reason = "to read a member that a JSON value lacks gives null"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fmt, fs};

use serde_json::{Value, json};
use thiserror::Error;

use crate::{Comment, Document, RequestOptions, admission_request, documents, parts};

const ACTIONS: [&str; 4] = ["deny", "fix", "warn", "audit"];
const MAX_WARNINGS: usize = 10;
const MAX_WARNING_CHARS: usize = 256;
const MAX_MESSAGE_BYTES: usize = 4096;
const MAX_ANNOTATION_BYTES: usize = 32768;

/// A question to a policy, and what its answer must be.
#[derive(Debug)]
pub struct Case {
    /// `<rule>/<name>`.
    pub name: String,
    /// The rule in whose folder the case stands.
    pub rule: String,
    /// What the policy is asked: `{"request": …, "settings": …}`. [`Case::payload_text`] is how it is handed over.
    pub payload: Value,
    /// The function to call: `validate` or `mutate`.
    pub function: String,
    /// What the host says of the request's Namespace.
    pub namespace: Namespace,
    /// The case itself, whose first document is the object.
    text: String,
    /// The texts of the object and of the old one, where the case writes them out.
    raw: [Option<String>; 2],
    marks: Vec<Mark>,
    accepted: bool,
    code: Option<u64>,
    messages: Vec<String>,
    warnings: Vec<String>,
    warning_count: Option<usize>,
    fixed: Option<Value>,
}

/// The host's answer to a question for the request's Namespace.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Namespace {
    /// The policy must not ask.
    #[default]
    NotAsked,
    /// The host refuses the call.
    Refused,
    /// The Namespace's labels.
    Labels(BTreeMap<String, String>),
}

/// Where a finding is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The line where its path stands.
    Line(usize),
    /// Its path, of an object that is written as JSON.
    Path(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Path(path) => f.write_str(path),
        }
    }
}

/// A finding that a policy must make.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// Where it is.
    pub place: Place,
    /// The rule's name.
    pub rule: String,
    /// What the policy does about it: `deny`, `fix`, `warn` or `audit`.
    pub action: String,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}: {} {}", self.place, self.rule, self.action)
    }
}

/// All cases of a corpus, by name.
///
/// # Panics
/// Where a file cannot be read or is no well-formed case; the message tells file and line.
pub fn read_all(dir: &Path) -> Vec<Case> {
    #[expect(
        clippy::panic,
        reason = "test support: nobody could go on with half a corpus"
    )]
    try_read_all(dir).unwrap_or_else(|problem| panic!("{problem}"))
}

fn try_read_all(dir: &Path) -> Result<Vec<Case>, String> {
    let mut cases = Vec::new();
    for folder in entries(dir)? {
        if folder.is_dir() {
            for file in entries(&folder)? {
                cases.extend(read_file(&folder, &file)?);
            }
        } else if folder
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            return Err(format!(
                "{}: a case stands in the folder of its rule",
                folder.display()
            ));
        }
    }
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(cases)
}

fn entries(dir: &Path) -> Result<Vec<PathBuf>, String> {
    fs::read_dir(dir)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
        .map_err(|error| format!("{}: {error}", dir.display()))
}

/// The case in a file; none in a repaired object, which belongs to the case beside it.
fn read_file(folder: &Path, file: &Path) -> Result<Option<Case>, String> {
    let read = |path: &Path| {
        fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
    };
    let name = |path: &Path| {
        path.file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    let (rule, name) = (name(folder), name(file));
    if let Some(stem) = name.strip_suffix(".fixed.yaml") {
        return match folder.join(format!("{stem}.yaml")).is_file() {
            true => Ok(None),
            false => Err(format!(
                "{}: there is no {stem}.yaml that this repairs",
                file.display()
            )),
        };
    }
    let Some(stem) = name.strip_suffix(".yaml").filter(|_| file.is_file()) else {
        return Err(format!(
            "{}: a folder of cases holds .yaml files only",
            file.display()
        ));
    };
    let mut case = Case::parse(&rule, stem, &read(file)?)
        .map_err(|problem| format!("{}:{problem}", file.display()))?;
    let fixed = folder.join(format!("{stem}.fixed.yaml"));
    if fixed.exists() {
        let object = only_object(&read(&fixed)?)
            .map_err(|problem| format!("{}:{problem}", fixed.display()))?;
        case.fixed = Some(object);
    }
    Ok(Some(case))
}

fn only_object(text: &str) -> Result<Value, Malformed> {
    let mut documents = documents(text)?;
    match (documents.pop(), documents.is_empty()) {
        (Some(document), true) => Ok(document.value()),
        _ => Err(Malformed::at(1, "a repaired object is one document")),
    }
}

/// Why a file is no case, and at which line.
#[derive(Debug, Error)]
#[error("{line}: {problem}")]
struct Malformed {
    line: usize,
    problem: String,
}

impl Malformed {
    fn at(line: usize, problem: impl Into<String>) -> Self {
        Self {
            line,
            problem: problem.into(),
        }
    }
}

impl From<crate::Error> for Malformed {
    fn from(error: crate::Error) -> Self {
        Self::at(
            error.line,
            format!("column {}: {}", error.column, error.problem),
        )
    }
}

/// What the lines `#! key: value` at the top of a case say.
#[derive(Default)]
struct Directives {
    settings: Option<Value>,
    operation: Option<String>,
    sub_resource: Option<String>,
    function: Option<String>,
    namespace: Option<Namespace>,
    accepted: Option<bool>,
    code: Option<u64>,
    messages: Vec<String>,
    warnings: Vec<String>,
    warning_count: Option<usize>,
    no_findings: Option<()>,
    findings: Vec<Mark>,
}

impl Directives {
    fn parse(text: &str) -> Result<Self, Malformed> {
        let mut directives = Self::default();
        let head = text
            .lines()
            .take_while(|line| line.starts_with('#'))
            .count();
        for comment in comments(text) {
            let line = comment.line;
            let Some(directive) = comment.text.strip_prefix('!') else {
                continue;
            };
            if line > head {
                return Err(Malformed::at(
                    line,
                    "a directive stands at the top of the file",
                ));
            }
            let directive = documents(directive).map_err(|error| Malformed {
                line,
                ..error.into()
            })?;
            let Some(Value::Object(entries)) = directive.first().map(|document| document.value())
            else {
                return Err(Malformed::at(line, "a directive is `#! key: value`"));
            };
            for (key, value) in entries {
                directives
                    .set(&key, value)
                    .map_err(|problem| Malformed::at(line, problem))?;
            }
        }
        Ok(directives)
    }

    fn set(&mut self, key: &str, value: Value) -> Result<(), String> {
        let fresh = match (key, value) {
            ("settings", value) => self.settings.replace(value).is_none(),
            ("operation", Value::String(name)) => self.operation.replace(name).is_none(),
            ("subResource", Value::String(name)) => self.sub_resource.replace(name).is_none(),
            ("function", Value::String(name)) if name == "validate" || name == "mutate" => {
                self.function.replace(name).is_none()
            }
            ("namespaceLabels", value) if value == "refused" => {
                self.namespace.replace(Namespace::Refused).is_none()
            }
            ("namespaceLabels", value)
                if let Ok(labels) = serde_json::from_value(value.clone()) =>
            {
                self.namespace.replace(Namespace::Labels(labels)).is_none()
            }
            ("accepted", Value::Bool(accepted)) => self.accepted.replace(accepted).is_none(),
            ("code", value) if let Ok(code) = serde_json::from_value(value.clone()) => {
                self.code.replace(code).is_none()
            }
            ("message", Value::String(text)) => {
                self.messages.push(text);
                true
            }
            ("warning", Value::String(text)) => {
                self.warnings.push(text);
                true
            }
            ("warnings", value) if let Ok(count) = serde_json::from_value(value.clone()) => {
                self.warning_count.replace(count).is_none()
            }
            ("finding", Value::String(text)) if let Some(mark) = finding(&text) => {
                self.findings.push(mark);
                true
            }
            ("findings", value) if value == "none" => self.no_findings.replace(()).is_none(),
            (key, value) => return Err(format!("no directive reads `{key}: {value}`")),
        };
        if fresh {
            Ok(())
        } else {
            Err(format!("`{key}` is already set"))
        }
    }
}

/// The finding that a directive speaks of: its rule, its action and its path.
fn finding(text: &str) -> Option<Mark> {
    let mut words = text.splitn(3, ' ').map(str::to_owned);
    let (rule, action, path) = (words.next()?, words.next()?, words.next()?);
    ACTIONS.contains(&action.as_str()).then_some(Mark {
        place: Place::Path(path),
        rule,
        action,
    })
}

/// The comments of the first document.
fn comments(text: &str) -> Vec<Comment<'_>> {
    parts(text)
        .first()
        .map(|part| part.comments())
        .unwrap_or_default()
}

/// The marks in the first document.
fn marks(text: &str) -> Result<Vec<Mark>, Malformed> {
    let comments: BTreeMap<_, _> = comments(text)
        .into_iter()
        .map(|comment| (comment.line, comment.text))
        .collect();
    let mut marks = Vec::new();
    for (index, content) in text.lines().enumerate() {
        let line = index + 1;
        if !content.contains("#~") {
            continue;
        }
        let Some(comment) = comments
            .get(&line)
            .and_then(|comment| comment.strip_prefix('~'))
        else {
            return Err(Malformed::at(
                line,
                "`#~` does not begin a comment of the first document",
            ));
        };
        if content.trim_start().starts_with('#') {
            return Err(Malformed::at(
                line,
                "a mark stands at the end of the line that it speaks of",
            ));
        }
        for mark in comment.split("#~") {
            match mark.split_whitespace().collect::<Vec<_>>()[..] {
                [rule, action] if ACTIONS.contains(&action) => {
                    marks.push(Mark {
                        place: Place::Line(line),
                        rule: rule.into(),
                        action: action.into(),
                    });
                }
                _ => {
                    return Err(Malformed::at(
                        line,
                        format!("a mark is a rule and one of {}", ACTIONS.join(", ")),
                    ));
                }
            }
        }
    }
    Ok(marks)
}

impl Case {
    fn parse(rule: &str, stem: &str, text: &str) -> Result<Self, Malformed> {
        let mut documents = documents(text)?.into_iter();
        let mut directives = Directives::parse(text)?;
        let mut marks = marks(text)?;
        let (Some(document), old, None) = (documents.next(), documents.next(), documents.next())
        else {
            return Err(Malformed::at(
                1,
                "a case is an object, or an object and the old one",
            ));
        };
        if old.is_some() && directives.operation.is_none() {
            return Err(Malformed::at(
                1,
                "an old object asks for `#! operation: UPDATE`",
            ));
        }
        let (object, raw) = object(&document)?;
        if raw.is_none() && !directives.findings.is_empty() {
            return Err(Malformed::at(
                1,
                "the findings of an object in YAML are marks in it",
            ));
        }
        marks.append(&mut directives.findings);
        if marks.is_empty() != directives.no_findings.is_some() {
            return Err(Malformed::at(
                1,
                "a case has either marks or `#! findings: none`",
            ));
        }
        let denied = directives.code.is_some() || marks.iter().any(|mark| mark.action == "deny");
        let accepted = directives.accepted.unwrap_or(!denied);
        if accepted && directives.code.is_some() {
            return Err(Malformed::at(1, "only a rejection has a code"));
        }
        let (old, old_raw) = old.as_ref().map(self::object).transpose()?.unzip();
        let options = RequestOptions {
            operation: directives.operation.as_deref().unwrap_or("CREATE"),
            sub_resource: directives.sub_resource.as_deref(),
            old_object: old.as_ref(),
        };
        Ok(Self {
            name: format!("{rule}/{stem}"),
            rule: rule.into(),
            payload: json!({
                "request": admission_request(&object, &options),
                "settings": directives.settings.unwrap_or_else(|| json!({})),
            }),
            function: directives.function.unwrap_or_else(|| "validate".into()),
            namespace: directives.namespace.unwrap_or_default(),
            text: text.to_owned(),
            raw: [raw, old_raw.flatten()],
            marks,
            accepted,
            code: (!accepted).then(|| directives.code.unwrap_or(403)),
            messages: directives.messages,
            warnings: directives.warnings,
            warning_count: directives.warning_count,
            fixed: None,
        })
    }

    /// The text of the payload, with the objects as the case writes them.
    pub fn payload_text(&self) -> String {
        let mut payload = self.payload.clone();
        // No JSON text holds a NUL, so that nothing else is taken for the place of an object.
        let place = |key: &str| Value::from(format!("\0{key}"));
        let raw = || ["object", "oldObject"].into_iter().zip(&self.raw);
        for (key, _) in raw().filter(|(_, raw)| raw.is_some()) {
            payload["request"][key] = place(key);
        }
        raw().fold(payload.to_string(), |text, (key, raw)| match raw {
            Some(raw) => text.replacen(&place(key).to_string(), raw, 1),
            None => text,
        })
    }

    /// The findings that the policy must make.
    pub fn expected(&self) -> &[Mark] {
        &self.marks
    }

    /// Compares a policy's answer (Kubewarden's ValidationResponse) with what the case says.
    ///
    /// # Errors
    /// Everything in which they differ, for people to read.
    pub fn check(&self, answer: &Value) -> Result<(), String> {
        let mut report = Vec::new();
        self.check_verdict(answer, &mut report);
        self.check_findings(&answer["audit_annotations"]["findings"], &mut report);
        self.check_repair(&answer["mutated_object"], &mut report);
        self.check_warnings(&answer["warnings"], &mut report);
        if report.is_empty() {
            Ok(())
        } else {
            Err(format!("{}:\n  {}", self.name, report.join("\n  ")))
        }
    }

    fn check_verdict(&self, answer: &Value, report: &mut Vec<String>) {
        for (key, expected) in [
            ("accepted", json!(self.accepted)),
            ("code", json!(self.code)),
        ] {
            if answer[key] != expected {
                report.push(format!("`{key}` is {}, not {expected}", answer[key]));
            }
        }
        let message = answer["message"].as_str().unwrap_or_default();
        for part in self.messages.iter().filter(|part| !message.contains(*part)) {
            report.push(format!("the message does not say {part:?}: {message:?}"));
        }
        if message.len() > MAX_MESSAGE_BYTES {
            report.push(format!(
                "the message has {} bytes, more than {MAX_MESSAGE_BYTES}",
                message.len()
            ));
        }
    }

    fn check_findings(&self, annotation: &Value, report: &mut Vec<String>) {
        let text = match annotation {
            Value::Null => "[]",
            _ => annotation.as_str().unwrap_or_default(),
        };
        if text.len() > MAX_ANNOTATION_BYTES {
            report.push(format!(
                "the annotation has {} bytes, more than {MAX_ANNOTATION_BYTES}",
                text.len()
            ));
        }
        let Ok(findings) = serde_json::from_str::<Vec<Value>>(text) else {
            report.push(format!(
                "the annotation `findings` is not an array in JSON: {annotation}"
            ));
            return;
        };
        let mut missing = self.marks.clone();
        let documents = documents(&self.text).unwrap_or_default();
        for (document, finding) in documents
            .first()
            .into_iter()
            .flat_map(|object| findings.iter().map(move |finding| (object, finding)))
        {
            let text = |key: &str| finding[key].as_str().unwrap_or_default();
            let place = match &self.raw {
                [Some(_), _] => Place::Path(text("path").into()),
                [None, _] => Place::Line(document.line(text("path"))),
            };
            let mark = Mark {
                place,
                rule: text("rule").into(),
                action: text("action").into(),
            };
            match missing.iter().position(|expected| *expected == mark) {
                Some(index) => {
                    missing.remove(index);
                }
                None => report.push(format!("{mark} was not expected: {finding}")),
            }
        }
        report.extend(missing.iter().map(|mark| format!("{mark} was not found")));
    }

    fn check_repair(&self, object: &Value, report: &mut Vec<String>) {
        match &self.fixed {
            Some(_) if object.is_null() => report.push("the object was not repaired".into()),
            Some(fixed) => differences("", fixed, object, report),
            None if self.function == "validate" && !object.is_null() => {
                report.push("the object was repaired, where no .fixed.yaml says how".into());
                differences("", &self.payload["request"]["object"], object, report);
            }
            None => {}
        }
    }

    fn check_warnings(&self, warnings: &Value, report: &mut Vec<String>) {
        let warnings: Vec<&str> = warnings
            .as_array()
            .into_iter()
            .flatten()
            .map(|warning| warning.as_str().unwrap_or_default())
            .collect();
        for part in self
            .warnings
            .iter()
            .filter(|part| !warnings.iter().any(|warning| warning.contains(*part)))
        {
            report.push(format!("no warning says {part:?}: {warnings:?}"));
        }
        if let Some(count) = self.warning_count.filter(|count| *count != warnings.len()) {
            report.push(format!(
                "{} warnings, not {count}: {warnings:?}",
                warnings.len()
            ));
        }
        if warnings.len() > MAX_WARNINGS {
            report.push(format!(
                "{} warnings, more than {MAX_WARNINGS}",
                warnings.len()
            ));
        }
        for warning in warnings {
            let length = warning.chars().count();
            if length > MAX_WARNING_CHARS {
                report.push(format!(
                    "a warning has {length} characters, more than {MAX_WARNING_CHARS}: {warning:?}"
                ));
            }
            if warning.contains(char::is_control) {
                report.push(format!("a warning holds a control character: {warning:?}"));
            }
        }
    }
}

/// The object in a document, and its text where the document is a string.
fn object(document: &Document<'_>) -> Result<(Value, Option<String>), Malformed> {
    match document.value() {
        Value::String(text) => match serde_json::from_str(&text) {
            Ok(object) => Ok((object, Some(text))),
            Err(error) => Err(Malformed::at(
                document.line(""),
                format!("no JSON: {error}"),
            )),
        },
        object => Ok((object, None)),
    }
}

/// Reports where two objects differ, down to the deepest values.
fn differences(pointer: &str, expected: &Value, found: &Value, report: &mut Vec<String>) {
    let shown = |value: Option<&Value>| value.map_or_else(|| "missing".into(), Value::to_string);
    match (expected, found) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))) {
                match (a.get(key), b.get(key)) {
                    (Some(a), Some(b)) => differences(&format!("{pointer}/{key}"), a, b, report),
                    (a, b) => {
                        report.push(format!("{pointer}/{key} is {}, not {}", shown(b), shown(a)))
                    }
                }
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                differences(&format!("{pointer}/{index}"), a, b, report);
            }
        }
        _ if expected == found => {}
        _ => report.push(format!("{pointer} is {found}, not {expected}")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    const CASE: &str = "\
#! settings: {mutate: all, approved: {capabilities: [SYS_RAWIO]}}
#! message: \"not: supported\"
#! warning: has no effect
#! warnings: 1
# a remark
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  hostPID: true  #~ host-namespaces deny
  securityContext: {fsGroup: 1, seLinuxOptions: {}} #~ field-ignored warn #~ field-ignored warn
";

    fn finding(rule: &str, action: &str, path: &str) -> Value {
        json!({ "rule": rule, "action": action, "effect": "e", "path": path, "message": "m" })
    }

    fn findings(findings: &[Value]) -> Value {
        json!({ "findings": json!(findings).to_string() })
    }

    fn answer() -> Value {
        json!({
            "uid": "u",
            "accepted": false,
            "code": 403,
            "message": "hostPID is not: supported",
            "warnings": ["fsGroup has no effect"],
            "mutated_object": null,
            "audit_annotations": findings(&[
                finding("field-ignored", "warn", "spec.securityContext.seLinuxOptions"),
                finding("host-namespaces", "deny", "spec.hostPID"),
                finding("field-ignored", "warn", "spec.securityContext.fsGroup"),
            ]),
        })
    }

    fn case(text: &str) -> Case {
        Case::parse("host-namespaces", "pid", text).unwrap()
    }

    #[test]
    fn a_case_says_what_is_asked_and_expected() {
        let case = case(CASE);
        assert_eq!(case.name, "host-namespaces/pid");
        assert_eq!(case.rule, "host-namespaces");
        assert_eq!(case.function, "validate");
        assert_eq!(case.namespace, Namespace::NotAsked);
        assert_eq!(
            case.payload["settings"],
            json!({ "mutate": "all", "approved": { "capabilities": ["SYS_RAWIO"] } })
        );
        assert_eq!(case.payload["request"]["object"]["spec"]["hostPID"], true);
        assert_eq!(case.payload["request"]["operation"], "CREATE");
        let marks: Vec<_> = case.expected().iter().map(ToString::to_string).collect();
        assert_eq!(
            marks,
            [
                "line 10: host-namespaces deny",
                "line 11: field-ignored warn",
                "line 11: field-ignored warn"
            ]
        );
        case.check(&answer()).unwrap();
    }

    #[test]
    fn directives_shape_the_question() {
        let case = case(
            "\
#! operation: UPDATE
#! subResource: ephemeralcontainers
#! function: mutate
#! namespaceLabels: {\"eci\": 'true'}
#! findings: none
kind: Pod
---
kind: Pod
old: 1
",
        );
        let request = &case.payload["request"];
        assert_eq!(request["operation"], "UPDATE");
        assert_eq!(request["subResource"], "ephemeralcontainers");
        assert_eq!(request["oldObject"], json!({ "kind": "Pod", "old": 1 }));
        assert_eq!(case.function, "mutate");
        assert_eq!(
            case.namespace,
            Namespace::Labels([("eci".to_owned(), "true".to_owned())].into())
        );
        assert_eq!(case.payload["settings"], json!({}));
    }

    #[test]
    fn an_object_may_be_a_text() {
        let case = case(
            "\
#! operation: UPDATE
#! finding: host-namespaces deny spec.hostPID
--- |
  {\"kind\": \"Pod\", \"a\": 1, \"a\": 1.50}
--- |
  {\"a\": 1e2}
",
        );
        assert_eq!(
            case.payload["request"]["object"],
            json!({ "kind": "Pod", "a": 1.5 })
        );
        assert_eq!(case.payload["request"]["kind"]["kind"], "Pod");
        let text = case.payload_text();
        assert!(
            text.contains("\"object\":{\"kind\": \"Pod\", \"a\": 1, \"a\": 1.50}"),
            "{text}"
        );
        assert!(text.contains("\"oldObject\":{\"a\": 1e2}"), "{text}");
        let answer = |path| {
            let annotations = findings(&[finding("host-namespaces", "deny", path)]);
            json!({ "accepted": false, "code": 403, "audit_annotations": annotations })
        };
        case.check(&answer("spec.hostPID")).unwrap();
        let report = case.check(&answer("spec.hostIPC")).unwrap_err();
        assert!(
            report.contains("spec.hostIPC: host-namespaces deny was not expected"),
            "{report}"
        );
        assert!(
            report.contains("spec.hostPID: host-namespaces deny was not found"),
            "{report}"
        );
    }

    #[test]
    fn the_verdict_follows_from_marks_and_directives() {
        for (text, accepted, code) in [
            ("a: 1 #~ r deny", false, json!(403)),
            ("#! code: 500\na: 1 #~ r deny", false, json!(500)),
            ("#! accepted: true\na: 1 #~ r deny", true, json!(null)),
            ("#! accepted: false\na: 1 #~ r warn", false, json!(403)),
            ("#! findings: none\n#! code: 422\na: 1", false, json!(422)),
            ("#! findings: none\na: 1", true, json!(null)),
            ("a: 1 #~ r fix #~ r warn #~ r audit", true, json!(null)),
        ] {
            let case = case(text);
            let found: Vec<_> = case
                .expected()
                .iter()
                .map(|mark| finding(&mark.rule, &mark.action, "a"))
                .collect();
            let answer = |accepted: bool, code: &Value| json!({ "accepted": accepted, "code": code, "audit_annotations": findings(&found) });
            case.check(&answer(accepted, &code)).unwrap();
            assert!(case.check(&answer(!accepted, &code)).is_err(), "{text}");
            assert!(
                case.check(&answer(accepted, &json!(418))).is_err(),
                "{text}"
            );
        }
    }

    #[test]
    fn every_difference_is_reported() {
        let mark = |rule, action, path| findings(&[finding(rule, action, path)]);
        for (key, value, expected) in [
            ("accepted", json!(true), "`accepted` is true, not false"),
            ("accepted", json!(null), "`accepted` is null, not false"),
            ("code", json!(422), "`code` is 422, not 403"),
            ("code", json!(null), "`code` is null, not 403"),
            (
                "message",
                json!("no"),
                "the message does not say \"not: supported\": \"no\"",
            ),
            (
                "message",
                json!(null),
                "the message does not say \"not: supported\": \"\"",
            ),
            (
                "message",
                json!("not: supported ".repeat(300)),
                "the message has 4500 bytes, more than 4096",
            ),
            (
                "warnings",
                json!(null),
                "no warning says \"has no effect\": []",
            ),
            ("warnings", json!(null), "0 warnings, not 1: []"),
            (
                "warnings",
                json!(["other"]),
                "no warning says \"has no effect\": [\"other\"]",
            ),
            (
                "warnings",
                json!(["has no effect", "b"]),
                "2 warnings, not 1: [\"has no effect\", \"b\"]",
            ),
            (
                "warnings",
                json!(vec!["has no effect"; 11]),
                "11 warnings, more than 10",
            ),
            (
                "warnings",
                json!(["has no effect".repeat(20)]),
                "a warning has 260 characters, more than 256",
            ),
            (
                "warnings",
                json!(["has no effect\n"]),
                "a warning holds a control character: \"has no effect\\n\"",
            ),
            (
                "audit_annotations",
                json!(null),
                "line 10: host-namespaces deny was not found",
            ),
            (
                "audit_annotations",
                json!({}),
                "line 11: field-ignored warn was not found",
            ),
            (
                "audit_annotations",
                json!({ "findings": "{}" }),
                "the annotation `findings` is not an array in JSON",
            ),
            (
                "audit_annotations",
                json!({ "findings": [] }),
                "the annotation `findings` is not an array in JSON",
            ),
            (
                "audit_annotations",
                json!({ "findings": format!("[{}]", " ".repeat(32768)) }),
                "the annotation has 32770 bytes, more than 32768",
            ),
            (
                "audit_annotations",
                json!({ "findings": "[{\"more\":3}]" }),
                "line 6:   was not expected: {\"more\":3}",
            ),
            (
                "audit_annotations",
                mark("host-namespaces", "warn", "spec.hostPID"),
                "line 10: host-namespaces warn was not expected: {",
            ),
            (
                "audit_annotations",
                mark("host-namespaces", "deny", "spec.hostIPC"),
                "line 9: host-namespaces deny was not expected: {",
            ),
            (
                "audit_annotations",
                mark("privileged", "deny", "spec.hostPID"),
                "line 10: privileged deny was not expected",
            ),
            (
                "mutated_object",
                json!({}),
                "the object was repaired, where no .fixed.yaml says how",
            ),
        ] {
            let mut answer = answer();
            answer[key] = value;
            let report = case(CASE).check(&answer).unwrap_err();
            assert!(report.starts_with("host-namespaces/pid:\n  "), "{report}");
            assert!(report.contains(expected), "{expected} is not in {report}");
        }
    }

    #[test]
    fn findings_are_counted() {
        let case = case("a: {b: 1, c: 2} #~ r warn #~ r warn");
        let check = |count: usize| {
            case.check(&json!({ "accepted": true, "audit_annotations": findings(&vec![finding("r", "warn", "a.b"); count]) }))
        };
        assert!(
            check(1)
                .unwrap_err()
                .contains("line 1: r warn was not found")
        );
        check(2).unwrap();
        assert!(
            check(3)
                .unwrap_err()
                .contains("line 1: r warn was not expected")
        );
    }

    #[test]
    fn a_repair_is_compared_with_the_fixed_file() {
        let mut case = case("a: {b: [1, 2]} #~ r fix");
        case.fixed = Some(json!({ "a": { "b": [1, 3], "c": 4 } }));
        let check = |case: &Case, object: Value| {
            let annotations = findings(&[finding("r", "fix", "a")]);
            case.check(
                &json!({ "accepted": true, "mutated_object": object, "audit_annotations": annotations }),
            )
        };
        for (object, report) in [
            (json!({ "a": { "b": [1, 3], "c": 4 } }), None),
            (json!(null), Some("the object was not repaired")),
            (
                json!({ "a": { "b": [1, 2], "c": 4 } }),
                Some("/a/b/1 is 2, not 3"),
            ),
            (
                json!({ "a": { "b": [1, 3] } }),
                Some("/a/c is missing, not 4"),
            ),
            (
                json!({ "a": { "b": [1, 3], "c": 4, "d": null } }),
                Some("/a/d is null, not missing"),
            ),
            (
                json!({ "a": { "b": [1], "c": 4 } }),
                Some("/a/b is [1], not [1,3]"),
            ),
        ] {
            let expected = report.map_or(Ok(()), |report| {
                Err(format!("host-namespaces/pid:\n  {report}"))
            });
            assert_eq!(check(&case, object), expected);
        }
        case.fixed = None;
        assert!(check(&case, json!({ "a": 1 })).is_err());
        case.function = "mutate".into();
        check(&case, json!({ "a": 1 })).unwrap();
    }

    #[test]
    fn malformed_cases_are_refused() {
        for (text, expected) in [
            (
                "#! finding: r deny\na: 1",
                "1: no directive reads `finding: \"r deny\"`",
            ),
            (
                "#! finding: r forbid a\na: 1",
                "1: no directive reads `finding: \"r forbid a\"`",
            ),
            (
                "#! finding: r deny a\na: 1",
                "1: the findings of an object in YAML are marks in it",
            ),
            ("#! findings: none\n--- |\n  {", "3: no JSON: "),
            (
                "#! colour: red\na: 1 #~ r warn",
                "1: no directive reads `colour: \"red\"`",
            ),
            (
                "#! code: -1\na: 1 #~ r warn",
                "1: no directive reads `code: -1`",
            ),
            (
                "#! warnings: many\na: 1 #~ r warn",
                "1: no directive reads `warnings: \"many\"`",
            ),
            (
                "#! function: test\na: 1 #~ r warn",
                "1: no directive reads `function: \"test\"`",
            ),
            (
                "#! namespaceLabels: {eci: true}\na: 1 #~ r warn",
                "1: no directive reads `namespaceLabels: {\"eci\":true}`",
            ),
            ("#!\na: 1 #~ r warn", "1: a directive is `#! key: value`"),
            (
                "#! code\na: 1 #~ r warn",
                "1: a directive is `#! key: value`",
            ),
            ("# x\n#! code: [\na: 1 #~ r warn", "2: "),
            (
                "#! code: 1\n#! code: 2\na: 1 #~ r warn",
                "2: `code` is already set",
            ),
            (
                "a: 1 #~ r warn\n#! code: 403\n",
                "2: a directive stands at the top of the file",
            ),
            (
                "a: 1 #~ r forbid",
                "1: a mark is a rule and one of deny, fix, warn, audit",
            ),
            ("a: 1 #~ r", "1: a mark is a rule and one of"),
            ("a: 1 #~ r warn why", "1: a mark is a rule and one of"),
            ("a: 1 #~ r warn #~", "1: a mark is a rule and one of"),
            (
                "a: 1 # see #~ r warn",
                "1: `#~` does not begin a comment of the first document",
            ),
            ("a: |\n  x #~ r warn", "2: `#~` does not begin a comment"),
            (
                "#! operation: UPDATE\na: 1 #~ r warn\n---\na: 1 #~ r warn",
                "4: `#~` does not begin a comment",
            ),
            (
                "a:\n  #~ r warn\n  b: 1",
                "2: a mark stands at the end of the line that it speaks of",
            ),
            ("a: 1", "1: a case has either marks or `#! findings: none`"),
            (
                "#! findings: none\na: 1 #~ r warn",
                "1: a case has either marks or `#! findings: none`",
            ),
            (
                "#! accepted: true\n#! code: 403\na: 1 #~ r warn",
                "1: only a rejection has a code",
            ),
            (
                "a: 1 #~ r warn\n---\na: 2",
                "1: an old object asks for `#! operation: UPDATE`",
            ),
            (
                "#! findings: none",
                "1: a case is an object, or an object and the old one",
            ),
            (
                "#! operation: UPDATE\n#! findings: none\na: 1\n---\na: 2\n---\na: 3",
                "1: a case is an object",
            ),
            (
                "#! findings: none\na: 1\na: 2",
                "3: column 1: the key `a` is already set in this mapping",
            ),
        ] {
            let problem = Case::parse("r", "x", text).unwrap_err().to_string();
            assert!(problem.starts_with(expected), "{text}: {problem}");
        }
    }

    #[test]
    fn a_corpus_is_read_from_its_folders() {
        let dir = std::env::temp_dir().join(format!("eci-manifest-{}", std::process::id()));
        let write = |path: &str, text: &str| {
            let path = dir.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("README.md", "");
        write("b/two.yaml", "a: 1 #~ b warn");
        write("a/one.yaml", "a: 1 #~ a fix");
        write("a/one.fixed.yaml", "a: 2");
        write("a/one-more.yaml", "a: 1 #~ a warn");
        let cases = read_all(&dir);
        let names: Vec<_> = cases.iter().map(|case| case.name.as_str()).collect();
        assert_eq!(names, ["a/one", "a/one-more", "b/two"]);
        assert_eq!(cases[0].fixed, Some(json!({ "a": 2 })));
        assert_eq!(cases[1].fixed, None);

        for (path, text, expected) in [
            (
                "b/three.yaml",
                "a: 1",
                "three.yaml:1: a case has either marks",
            ),
            (
                "b/four.fixed.yaml",
                "a: 1",
                "four.fixed.yaml: there is no four.yaml that this repairs",
            ),
            (
                "b/two.fixed.yaml",
                "a: 1\n---\nb: 2",
                "two.fixed.yaml:1: a repaired object is one document",
            ),
            (
                "b/two.fixed.yaml",
                "a: 1\na: 2",
                "two.fixed.yaml:2: column 1: the key `a` is already set",
            ),
            (
                "b/five.yml",
                "",
                "five.yml: a folder of cases holds .yaml files only",
            ),
            (
                "b/deep/six.yaml",
                "",
                "deep: a folder of cases holds .yaml files only",
            ),
            (
                "seven.yaml",
                "",
                "seven.yaml: a case stands in the folder of its rule",
            ),
        ] {
            write(path, text);
            let problem = try_read_all(&dir).unwrap_err();
            assert!(problem.contains(expected), "{problem}");
            let path = dir.join(path);
            fs::remove_file(&path).unwrap();
            if path.parent().unwrap().ends_with("deep") {
                fs::remove_dir(path.parent().unwrap()).unwrap();
            }
        }
        fs::remove_dir_all(&dir).unwrap();
        assert!(try_read_all(&dir).is_err());
    }
}
