//! The answer of a policy, and its report.

use std::collections::BTreeMap;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use eci_security_context::text::one_line;
use serde::Deserialize;
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

const GREEN: Style = AnsiColor::Green.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const RED: Style = AnsiColor::Red.on_default();
const BOLD: Style = Style::new().bold();

/// The unchanged lines around a change.
const CONTEXT: usize = 2;

/// The verdict on a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The object is accepted as it is.
    Accepted,
    /// The object is accepted with changes.
    Repaired,
    /// The object is denied.
    Denied,
}

/// Kubewarden's ValidationResponse.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Answer {
    accepted: bool,
    code: Option<u16>,
    message: Option<String>,
    warnings: Option<Vec<String>>,
    mutated_object: Option<Value>,
    audit_annotations: Option<BTreeMap<String, String>>,
}

/// An element of this project's audit annotation `findings`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Entry {
    Finding {
        rule: String,
        action: String,
        path: String,
        message: String,
    },
    More {
        more: usize,
    },
}

impl Answer {
    /// Writes the answer for the object of this name. `at` returns the position of a field.
    pub(super) fn write(
        &self,
        name: &str,
        object: Option<&Value>,
        at: &dyn Fn(&str) -> String,
        out: &mut dyn Write,
    ) -> io::Result<Verdict> {
        let changed = self
            .mutated_object
            .as_ref()
            .filter(|after| Some(*after) != object);
        let verdict = match (self.accepted, changed) {
            (false, _) => Verdict::Denied,
            (true, None) => Verdict::Accepted,
            (true, Some(_)) => Verdict::Repaired,
        };
        write!(out, "{}: {BOLD}{}{BOLD:#}: ", at(""), one_line(name))?;
        match verdict {
            Verdict::Accepted => write!(out, "{GREEN}accepted{GREEN:#}")?,
            Verdict::Repaired => write!(out, "{YELLOW}repaired{YELLOW:#}")?,
            Verdict::Denied => write!(out, "{RED}denied{RED:#}")?,
        }
        match self.code {
            Some(code) => writeln!(out, " ({code})")?,
            None => writeln!(out)?,
        }
        if let Some(message) = &self.message {
            writeln!(out, "  {RED}message{RED:#} {}", one_line(message))?;
        }
        for warning in self.warnings.iter().flatten() {
            writeln!(out, "  {YELLOW}warning{YELLOW:#} {}", one_line(warning))?;
        }
        for (key, value) in self.audit_annotations.iter().flatten() {
            match serde_json::from_str::<Vec<Entry>>(value) {
                Ok(entries) => entries.iter().try_for_each(|entry| entry.write(at, out))?,
                Err(_) => writeln!(out, "  audit {}: {}", one_line(key), one_line(value))?,
            }
        }
        if let (Some(before), Some(after)) = (object, changed) {
            write_changes(before, after, out)?;
        }
        Ok(verdict)
    }
}

impl Entry {
    fn write(&self, at: &dyn Fn(&str) -> String, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Finding {
                rule,
                action,
                path,
                message,
            } => {
                let line = one_line(&format!("{action} {rule} {path}"));
                writeln!(
                    out,
                    "  audit {line}\n    {}: {}",
                    at(path),
                    one_line(message)
                )
            }
            Self::More { more } => writeln!(out, "  audit {more} more"),
        }
    }
}

/// Writes the changed lines of the object's JSON, with a few lines around them.
fn write_changes(before: &Value, after: &Value, out: &mut dyn Write) -> io::Result<()> {
    let [before, after] = [before, after].map(|value| format!("{value:#}\n"));
    let diff = TextDiff::from_lines(&before, &after);
    for group in diff.grouped_ops(CONTEXT) {
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let (style, sign) = match change.tag() {
                ChangeTag::Delete => (RED, '-'),
                ChangeTag::Insert => (GREEN, '+'),
                ChangeTag::Equal => (Style::new(), ' '),
            };
            let line = one_line(change.value().trim_end_matches('\n'));
            writeln!(out, "  {style}{sign} {line}{style:#}")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use serde_json::json;

    use super::*;

    fn written(object: &Value, answer: Value) -> (Verdict, String) {
        let answer: Answer = serde_json::from_value(answer).unwrap();
        let mut out = anstream::StripStream::new(Vec::new());
        let at = |path: &str| format!("web.yaml:{}", 1 + path.len());
        let verdict = answer.write("Pod shop/web", Some(object), &at, &mut out);
        (
            verdict.unwrap(),
            String::from_utf8(out.into_inner()).unwrap(),
        )
    }

    #[test]
    fn an_answer_is_shown_as_it_comes() {
        let finding = json!({
            "rule": "privileged", "action": "deny", "effect": "refused", "path": "spec", "message": "true is refused",
        });
        let findings = json!([finding, { "more": 2 }]).to_string();
        let answer = json!({
            "accepted": false,
            "code": 403,
            "message": "[privileged] spec: true is refused; remove it.",
            "warnings": ["kernel: too old"],
            "audit_annotations": { "findings": findings, "other": "text" },
        });
        assert_eq!(
            written(&json!({}), answer),
            (
                Verdict::Denied,
                "\
web.yaml:1: Pod shop/web: denied (403)
  message [privileged] spec: true is refused; remove it.
  warning kernel: too old
  audit deny privileged spec
    web.yaml:5: true is refused
  audit 2 more
  audit other: text
"
                .to_owned()
            )
        );
        assert_eq!(
            written(&json!({}), json!({ "accepted": true, "warnings": null })),
            (
                Verdict::Accepted,
                "web.yaml:1: Pod shop/web: accepted\n".to_owned()
            )
        );
    }

    #[test]
    fn a_repair_shows_the_changed_lines() {
        let pod = |value: &str| json!({ "a": 1, "b": 2, "c": 3, "spec": { "image": value } });
        let answer = |value: &str| json!({ "accepted": true, "mutated_object": pod(value) });
        let (verdict, text) = written(&pod("one"), answer("two"));
        assert_eq!(verdict, Verdict::Repaired);
        assert_eq!(
            text,
            "\
web.yaml:1: Pod shop/web: repaired
      \"c\": 3,
      \"spec\": {
  -     \"image\": \"one\"
  +     \"image\": \"two\"
      }
    }
"
        );
        assert_eq!(written(&pod("one"), answer("one")).0, Verdict::Accepted);
    }

    #[test]
    fn an_answer_does_not_control_the_terminal() {
        let answer =
            json!({ "accepted": false, "code": 422, "message": "a\u{1b}[31mRED\n::error::x" });
        let (_, text) = written(&json!({}), answer);
        assert!(
            text.ends_with("denied (422)\n  message a [31mRED ::error::x\n"),
            "{text}"
        );
    }
}
