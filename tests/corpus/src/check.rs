//! Compares an answer with what its case expects.

use std::collections::BTreeMap;

use eci_manifest::documents;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::directives::Directives;
use crate::{Case, Mark};

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

/// The differences so far.
#[derive(Default)]
struct Report(Vec<String>);

impl Report {
    fn add(&mut self, problem: String) {
        self.0.push(problem);
    }

    fn at_most(&mut self, limit: usize, count: usize, of: &str) {
        if count > limit {
            self.add(format!("{count} {of} (at most {limit})"));
        }
    }
}

impl Case {
    /// Compares a policy's answer (Kubewarden's ValidationResponse) with the case, and with the limits of an answer.
    ///
    /// # Errors
    /// All differences, for people to read, below the case's name, file and line.
    pub fn check(&self, answer: &Value) -> Result<(), String> {
        let mut report = Report::default();
        match serde_json::from_value(answer.clone()) {
            Ok(answer) => self.compare(answer, &mut report),
            Err(error) => report.add(format!("invalid answer: {error}: {answer}")),
        }
        match report.0.as_slice() {
            [] => Ok(()),
            problems => Err(format!("{self}:\n  {}", problems.join("\n  "))),
        }
    }

    fn compare(&self, answer: Answer, report: &mut Report) {
        let Directives {
            accepted,
            code,
            message,
            ..
        } = &self.directives;
        let is_denied = code.is_some() || self.marks.iter().any(|mark| mark.action == "deny");
        let accepted = accepted.unwrap_or(!is_denied);
        let code = (!accepted).then(|| code.unwrap_or(403));
        if answer.accepted != accepted {
            report.add(format!("`accepted` is {}, not {accepted}", answer.accepted));
        }
        if answer.code != code {
            let (found, expected) = (json!(answer.code), json!(code));
            report.add(format!("`code` is {found}, not {expected}"));
        }
        let text = answer.message.unwrap_or_default();
        for part in message.iter().filter(|part| !text.contains(*part)) {
            report.add(format!("the message does not contain {part:?}: {text:?}"));
        }
        report.at_most(4096, text.len(), "bytes in the message");
        let annotation = answer
            .audit_annotations
            .unwrap_or_default()
            .remove("findings");
        self.compare_findings(annotation.as_deref().unwrap_or("[]"), report);
        self.compare_warnings(&answer.warnings.unwrap_or_default(), report);
        match (&self.fixed, answer.mutated_object) {
            (Some(_), None) => report.add("the object was not repaired".to_owned()),
            (Some(fixed), Some(object)) => differences("", fixed, &object, report),
            (None, Some(object)) if self.function == "validate" => {
                report.add("the object was repaired, but the case has no fixed object".to_owned());
                differences("", &self.payload["request"]["object"], &object, report);
            }
            (None, _) => {}
        }
    }

    fn compare_findings(&self, text: &str, report: &mut Report) {
        report.at_most(32768, text.len(), "bytes in the annotation `findings`");
        let findings: Vec<Finding> = serde_json::from_str(text).unwrap_or_else(|error| {
            report.add(format!(
                "the annotation `findings` is invalid: {error}: {text}"
            ));
            Vec::new()
        });
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
                Some(index) => _ = missing.remove(index),
                None => report.add(format!("unexpected finding: {mark} {path}")),
            }
        }
        for mark in missing {
            report.add(format!("missing finding: {mark}"));
        }
    }

    fn compare_warnings(&self, warnings: &[String], report: &mut Report) {
        let says = |part: &String| warnings.iter().any(|warning| warning.contains(part));
        for part in self.directives.warning.iter().filter(|part| !says(part)) {
            report.add(format!("no warning contains {part:?}: {warnings:?}"));
        }
        let (count, expected) = (warnings.len(), self.directives.warnings);
        if let Some(expected) = expected.filter(|expected| *expected != count) {
            report.add(format!("{count} warnings, not {expected}: {warnings:?}"));
        }
        report.at_most(10, count, "warnings");
        for warning in warnings {
            report.at_most(256, warning.chars().count(), "characters in a warning");
            if warning.contains(char::is_control) {
                report.add(format!("a control character in a warning: {warning:?}"));
            }
        }
    }
}

/// Reports the deepest values in which two objects differ.
fn differences(pointer: &str, expected: &Value, found: &Value, report: &mut Report) {
    let shown = |value: Option<&Value>| value.map_or_else(|| "missing".into(), Value::to_string);
    match (expected, found) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))) {
                let pointer = format!("{pointer}/{key}");
                match (a.get(key), b.get(key)) {
                    (Some(a), Some(b)) => differences(&pointer, a, b, report),
                    (a, b) => report.add(format!("{pointer} is {}, not {}", shown(b), shown(a))),
                }
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                differences(&format!("{pointer}/{index}"), a, b, report);
            }
        }
        _ if expected == found => {}
        _ => report.add(format!("{pointer} is {found}, not {expected}")),
    }
}
