//! Compares an answer with what its case expects.

use std::collections::BTreeMap;

use eci_manifest::documents;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Case, Mark};

const MAX_WARNINGS: usize = 10;
const MAX_WARNING_CHARS: usize = 256;
const MAX_MESSAGE_BYTES: usize = 4096;
const MAX_ANNOTATION_BYTES: usize = 32768;

/// The parts of Kubewarden's ValidationResponse that a case checks.
#[derive(Deserialize)]
struct Answer {
    accepted: bool,
    code: Option<u64>,
    message: Option<String>,
    warnings: Option<Vec<String>>,
    mutated_object: Option<Value>,
    audit_annotations: Option<BTreeMap<String, String>>,
}

/// The parts of a finding that a case checks.
#[derive(Deserialize)]
struct Finding {
    rule: String,
    action: String,
    path: String,
}

impl Case {
    /// Compares a policy's answer (Kubewarden's ValidationResponse) with the case.
    ///
    /// # Errors
    /// All differences, for people to read, below the case's name, file and line.
    pub fn check(&self, answer: &Value) -> Result<(), String> {
        let mut report = Vec::new();
        match serde_json::from_value::<Answer>(answer.clone()) {
            Ok(answer) => {
                self.check_verdict(&answer, &mut report);
                self.check_findings(answer.audit_annotations.as_ref(), &mut report);
                self.check_repair(answer.mutated_object.as_ref(), &mut report);
                self.check_warnings(&answer.warnings.unwrap_or_default(), &mut report);
            }
            Err(error) => report.push(format!("invalid answer: {error}: {answer}")),
        }
        if report.is_empty() {
            Ok(())
        } else {
            Err(format!("{self}:\n  {}", report.join("\n  ")))
        }
    }

    fn check_verdict(&self, answer: &Answer, report: &mut Vec<String>) {
        let is_denied = self.marks.iter().any(|mark| mark.action == "deny");
        let directives = &self.directives;
        let accepted = directives.accepted;
        let accepted = accepted.unwrap_or(!is_denied && directives.code.is_none());
        let code = (!accepted).then(|| directives.code.unwrap_or(403));
        if answer.accepted != accepted {
            report.push(format!("`accepted` is {}, not {accepted}", answer.accepted));
        }
        if answer.code != code {
            report.push(format!(
                "`code` is {}, not {}",
                json!(answer.code),
                json!(code)
            ));
        }
        let message = answer.message.as_deref().unwrap_or_default();
        for part in directives
            .message
            .iter()
            .filter(|part| !message.contains(*part))
        {
            report.push(format!(
                "the message does not contain {part:?}: {message:?}"
            ));
        }
        at_most(
            MAX_MESSAGE_BYTES,
            message.len(),
            "bytes in the message",
            report,
        );
    }

    fn check_findings(
        &self,
        annotations: Option<&BTreeMap<String, String>>,
        report: &mut Vec<String>,
    ) {
        let annotation = annotations.and_then(|annotations| annotations.get("findings"));
        let text = annotation.map_or("[]", String::as_str);
        at_most(
            MAX_ANNOTATION_BYTES,
            text.len(),
            "bytes in the annotation `findings`",
            report,
        );
        let findings: Vec<Finding> = match serde_json::from_str(text) {
            Ok(findings) => findings,
            Err(error) => {
                report.push(format!(
                    "the annotation `findings` is invalid: {error}: {text}"
                ));
                return;
            }
        };
        let mut missing = self.marks.clone();
        let documents = documents(&self.text).unwrap_or_default();
        for Finding { rule, action, path } in findings {
            let location = match (&self.raw, documents.first()) {
                ([None, _], Some(object)) => {
                    format!("line {}", self.lines_before + object.line(&path))
                }
                _ => path.clone(),
            };
            let mark = Mark {
                location,
                rule,
                action,
            };
            match missing.iter().position(|expected| *expected == mark) {
                Some(index) => {
                    missing.remove(index);
                }
                None => report.push(format!("unexpected finding: {mark} {path}")),
            }
        }
        report.extend(
            missing
                .iter()
                .map(|mark| format!("missing finding: {mark}")),
        );
    }

    fn check_repair(&self, object: Option<&Value>, report: &mut Vec<String>) {
        match (&self.fixed, object) {
            (Some(_), None) => report.push("the object was not repaired".to_owned()),
            (Some(fixed), Some(object)) => differences("", fixed, object, report),
            (None, Some(object)) if self.function == "validate" => {
                report.push("the object was repaired, but the case has no fixed object".to_owned());
                differences("", &self.payload["request"]["object"], object, report);
            }
            (None, _) => {}
        }
    }

    fn check_warnings(&self, warnings: &[String], report: &mut Vec<String>) {
        let says = |part: &String| warnings.iter().any(|warning| warning.contains(part));
        for part in self.directives.warning.iter().filter(|part| !says(part)) {
            report.push(format!("no warning contains {part:?}: {warnings:?}"));
        }
        let count = warnings.len();
        if let Some(expected) = self
            .directives
            .warnings
            .filter(|expected| *expected != count)
        {
            report.push(format!("{count} warnings, not {expected}: {warnings:?}"));
        }
        at_most(MAX_WARNINGS, count, "warnings", report);
        for warning in warnings {
            at_most(
                MAX_WARNING_CHARS,
                warning.chars().count(),
                "characters in a warning",
                report,
            );
            if warning.contains(char::is_control) {
                report.push(format!("a control character in a warning: {warning:?}"));
            }
        }
    }
}

fn at_most(limit: usize, count: usize, of: &str, report: &mut Vec<String>) {
    if count > limit {
        report.push(format!("{count} {of} (at most {limit})"));
    }
}

/// Reports the deepest values in which two objects differ.
fn differences(pointer: &str, expected: &Value, found: &Value, report: &mut Vec<String>) {
    let shown = |value: Option<&Value>| value.map_or_else(|| "missing".into(), Value::to_string);
    match (expected, found) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))) {
                let pointer = format!("{pointer}/{key}");
                match (a.get(key), b.get(key)) {
                    (Some(a), Some(b)) => differences(&pointer, a, b, report),
                    (a, b) => report.push(format!("{pointer} is {}, not {}", shown(b), shown(a))),
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
