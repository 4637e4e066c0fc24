//! What a policy answers.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

/// Kubewarden's ValidationResponse.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Answer {
    /// The verdict.
    pub(crate) accepted: bool,
    /// The HTTP status of a rejection.
    pub(crate) code: Option<u16>,
    /// Why it is rejected.
    pub(crate) message: Option<String>,
    /// What the user is told besides.
    #[serde(default)]
    pub(crate) warnings: Option<Vec<String>>,
    /// The repaired object.
    pub(crate) mutated_object: Option<Value>,
    audit_annotations: Option<HashMap<String, String>>,
}

/// An element of the audit annotation `findings`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Entry {
    /// What a rule found.
    Finding(Finding),
    /// Findings that had no room.
    Rest {
        /// How many.
        more: usize,
    },
}

/// What a rule found.
#[derive(Debug, Deserialize)]
pub(crate) struct Finding {
    /// The name of the rule.
    pub(crate) rule: String,
    /// What the policy does about it.
    pub(crate) action: String,
    /// The path of the field in the object.
    pub(crate) path: String,
    /// What is wrong.
    pub(crate) message: String,
}

/// The answer of `validate_settings`.
#[derive(Debug, Deserialize)]
pub(crate) struct SettingsAnswer {
    /// The verdict.
    pub(crate) valid: bool,
    /// Why they are not.
    pub(crate) message: Option<String>,
}

impl Answer {
    /// The findings, in the policy's order.
    pub(crate) fn findings(&self) -> serde_json::Result<Vec<Entry>> {
        let annotation = self
            .audit_annotations
            .as_ref()
            .and_then(|annotations| annotations.get("findings"));
        annotation.map_or(Ok(Vec::new()), |annotation| {
            serde_json::from_str(annotation)
        })
    }

    /// The way out of a finding: the annotation has no room for it, but the message of a denial tells it
    /// after `[rule] path: message; ` and a short warning after `rule: path: message; `.
    pub(crate) fn way_out(
        &self,
        Finding {
            rule,
            path,
            message,
            ..
        }: &Finding,
    ) -> Option<&str> {
        let denial = self.message.iter().filter_map(|text| {
            let (_, rest) = text.split_once(&format!("[{rule}] {path}: {message}; "))?;
            let end = rest.find(". [").or_else(|| rest.find(". And "));
            Some(
                end.map_or(rest, |end| rest.get(..end).unwrap_or(rest))
                    .trim_end_matches('.'),
            )
        });
        let warnings = self.warnings.iter().flatten();
        let warnings =
            warnings.filter_map(|text| text.strip_prefix(&format!("{rule}: {path}: {message}; ")));
        denial.chain(warnings).next()
    }

    /// The warnings that do not repeat a finding.
    pub(crate) fn other_warnings<'a>(
        &'a self,
        findings: &'a [Entry],
    ) -> impl Iterator<Item = &'a str> {
        let repeats = |warning: &str, entry: &Entry| match entry {
            Entry::Finding(finding) => warning
                .strip_prefix(finding.rule.as_str())
                .is_some_and(|rest| rest.starts_with(": ")),
            Entry::Rest { .. } => false,
        };
        let warnings = self.warnings.iter().flatten().map(String::as_str);
        warnings.filter(move |warning| !findings.iter().any(|entry| repeats(warning, entry)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

    use super::*;
    use serde_json::json;

    #[test]
    fn the_way_out_stands_in_the_message_or_in_the_warning() {
        let finding = |rule: &str, path: &str| json!({ "rule": rule, "action": "deny", "effect": "refused", "path": path, "message": "bad" });
        let findings = json!([finding("a", "x[0]"), finding("b", "y"), finding("c", "z"), finding("d", "q"), { "more": 3 }]);
        let answer: Answer = serde_json::from_value(json!({
            "accepted": false,
            "code": 403,
            "message": "[a] x[0]: bad; use e.g. y. [b] y: bad; drop it. And 2 more.",
            "warnings": ["c: z: bad; move it", "e: something else"],
            "audit_annotations": { "findings": findings.to_string() },
        }))
        .unwrap();
        let findings = answer.findings().unwrap();
        let ways: Vec<_> = findings
            .iter()
            .map(|entry| match entry {
                Entry::Finding(finding) => answer.way_out(finding),
                Entry::Rest { more } => Some(if *more == 3 { "3" } else { "" }),
            })
            .collect();
        assert_eq!(
            ways,
            [
                Some("use e.g. y"),
                Some("drop it"),
                Some("move it"),
                None,
                Some("3")
            ]
        );
        assert_eq!(
            answer.other_warnings(&findings).collect::<Vec<_>>(),
            ["e: something else"]
        );
    }

    #[test]
    fn an_answer_may_be_bare() {
        let answer: Answer = serde_json::from_str(r#"{"accepted":true,"warnings":null}"#).unwrap();
        assert!(answer.accepted && answer.findings().unwrap().is_empty());
    }
}
