//! Verdicts for a person to read.

use std::fmt;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use eci_security_context::text::one_line;
use serde_json::Value;

use crate::console::tell;
use crate::run::answer::{Answer, Entry};
use crate::run::diff::{Change, changes};

const GREEN: Style = AnsiColor::Green.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const RED: Style = AnsiColor::Red.on_default();
const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// What came of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// As it is.
    Accepted,
    /// As the policy changed it.
    Repaired,
    /// Not.
    Denied,
}

impl Verdict {
    fn of(answer: &Answer, changes: &[Change<'_>]) -> Self {
        match answer.accepted {
            false => Self::Denied,
            true if changes.is_empty() => Self::Accepted,
            true => Self::Repaired,
        }
    }
}

/// How many documents were judged, and how.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    /// Documents that are accepted as they are.
    pub(crate) accepted: usize,
    /// Documents that are accepted once repaired.
    pub(crate) repaired: usize,
    /// Documents that are denied.
    pub(crate) denied: usize,
    /// Documents without a verdict, and files without documents.
    pub(crate) failed: usize,
}

impl Totals {
    pub(crate) fn count(&mut self, verdict: Verdict) {
        *match verdict {
            Verdict::Accepted => &mut self.accepted,
            Verdict::Repaired => &mut self.repaired,
            Verdict::Denied => &mut self.denied,
        } += 1;
    }

    /// Counts what was not judged, and says why.
    pub(crate) fn miss(&mut self, why: &str) {
        tell(why);
        self.failed += 1;
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            accepted,
            repaired,
            denied,
            failed,
        } = self;
        let judged = accepted + repaired + denied;
        let plural = if judged == 1 { "" } else { "s" };
        write!(
            f,
            "{judged} document{plural}: {accepted} accepted, {repaired} repaired, {denied} denied"
        )?;
        if *failed > 0 {
            write!(f, "; {failed} could not be judged")?;
        }
        Ok(())
    }
}

/// A judged document, and where its lines are.
pub(crate) struct Judged<'a> {
    /// The name of the file.
    pub(crate) file: &'a str,
    /// The line of a field path of the object.
    pub(crate) line: &'a dyn Fn(&str) -> usize,
    /// What was asked.
    pub(crate) request: &'a Value,
    /// What was answered.
    pub(crate) answer: &'a Answer,
    /// The findings of the answer.
    pub(crate) findings: &'a [Entry],
}

impl Judged<'_> {
    /// Writes the verdict with its reasons.
    pub(crate) fn write(&self, out: &mut dyn Write) -> io::Result<Verdict> {
        let object = self.request.get("object").unwrap_or(&Value::Null);
        let changes = self
            .answer
            .mutated_object
            .as_ref()
            .map_or_else(Vec::new, |after| changes(object, after));
        let verdict = Verdict::of(self.answer, &changes);

        write!(
            out,
            "{}:{}: {BOLD}{}{BOLD:#}: ",
            one_line(self.file),
            (self.line)(""),
            one_line(&name(self.request))
        )?;
        match verdict {
            Verdict::Accepted => write!(out, "{GREEN}accepted{GREEN:#}")?,
            Verdict::Repaired => write!(out, "{YELLOW}repaired{YELLOW:#}")?,
            Verdict::Denied => write!(out, "{RED}denied{RED:#}")?,
        }
        match self.answer.code {
            Some(code) if verdict == Verdict::Denied && code != 403 => writeln!(out, " ({code})")?,
            _ if verdict == Verdict::Accepted && !has_containers(object) => {
                writeln!(out, ": nothing for ECI here")?;
            }
            _ => writeln!(out)?,
        }

        for entry in self.findings {
            self.write_finding(entry, out)?;
        }
        if let Some(message) = self
            .answer
            .message
            .as_ref()
            .filter(|_| self.findings.is_empty())
        {
            writeln!(out, "  {}", one_line(message))?;
        }
        for warning in self.answer.other_warnings(self.findings) {
            writeln!(out, "  {YELLOW}warning{YELLOW:#} {}", one_line(warning))?;
        }
        for Change {
            path,
            before,
            after,
        } in changes
        {
            for (style, sign, value) in [(RED, '-', before), (GREEN, '+', after)] {
                if let Some(value) = value {
                    let change = one_line(&format!("{path}: {value}"));
                    writeln!(out, "  {style}{sign} {change}{style:#}")?;
                }
            }
        }
        Ok(verdict)
    }

    fn write_finding(&self, entry: &Entry, out: &mut dyn Write) -> io::Result<()> {
        let finding = match entry {
            Entry::Finding(finding) => finding,
            Entry::Rest { more } => return writeln!(out, "  and {more} more findings"),
        };
        let style = match finding.action.as_str() {
            "deny" => RED,
            "audit" => DIM,
            _ => YELLOW,
        };
        let (action, rule) = (one_line(&finding.action), one_line(&finding.rule));
        writeln!(
            out,
            "  {style}{action}{style:#} {BOLD}{rule}{BOLD:#} {}",
            one_line(&finding.path)
        )?;
        let line = (self.line)(&finding.path);
        writeln!(
            out,
            "    {}:{line}: {}",
            one_line(self.file),
            one_line(&finding.message)
        )?;
        match self.answer.way_out(finding) {
            Some(way_out) => writeln!(out, "    {DIM}help:{DIM:#} {}", one_line(way_out)),
            None => Ok(()),
        }
    }
}

/// `Pod shop/web`, or what is known of it.
fn name(request: &Value) -> String {
    let text = |pointer| {
        request
            .pointer(pointer)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    let generated = || text("/object/metadata/generateName").map(|prefix| format!("{prefix}*"));
    let kind = text("/kind/kind").unwrap_or("object");
    let name = text("/name")
        .or_else(|| text("/object/metadata/name"))
        .map(str::to_owned);
    let name = name
        .or_else(generated)
        .unwrap_or_else(|| "(unnamed)".to_owned());
    match text("/namespace").filter(|_| text("/object/metadata/namespace").is_some()) {
        Some(namespace) => format!("{kind} {namespace}/{name}"),
        None => format!("{kind} {name}"),
    }
}

/// Whether the object is, or holds a template of, a pod.
fn has_containers(object: &Value) -> bool {
    [
        "/spec",
        "/spec/template/spec",
        "/spec/jobTemplate/spec/template/spec",
        "/template/spec",
    ]
    .iter()
    .filter_map(|spec| object.pointer(spec))
    .any(|spec| spec.get("containers").is_some())
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test may panic"
    )]

    use super::*;
    use serde_json::json;

    fn write(request: &Value, answer: Value) -> (Verdict, String) {
        let answer: Answer = serde_json::from_value(answer).unwrap();
        let findings = answer.findings().unwrap();
        let mut out = anstream::StripStream::new(Vec::new());
        let line = |path: &str| 1 + path.len();
        let judged = Judged {
            file: "web.yaml",
            line: &line,
            request,
            answer: &answer,
            findings: &findings,
        };
        let verdict = judged.write(&mut out).unwrap();
        (verdict, String::from_utf8(out.into_inner()).unwrap())
    }

    fn request(object: &Value) -> Value {
        json!({ "kind": { "kind": "Pod" }, "name": "web", "namespace": "shop", "object": object })
    }

    #[test]
    fn a_denial_names_the_line_and_the_way_out() {
        let pod = json!({ "metadata": { "namespace": "shop" }, "spec": { "containers": [] } });
        let finding = json!({ "rule": "privileged", "action": "deny", "effect": "refused", "path": "spec", "message": "`true` is refused" });
        let (verdict, text) = write(
            &request(&pod),
            json!({
                "accepted": false,
                "code": 403,
                "message": "[privileged] spec: `true` is refused; leave it out.",
                "warnings": ["kernel: too old"],
                "audit_annotations": { "findings": json!([finding, { "more": 2 }]).to_string() },
            }),
        );
        assert_eq!(verdict, Verdict::Denied);
        assert_eq!(
            text,
            "\
web.yaml:1: Pod shop/web: denied
  deny privileged spec
    web.yaml:5: `true` is refused
    help: leave it out
  and 2 more findings
  warning kernel: too old
"
        );
    }

    #[test]
    fn a_rejection_without_findings_shows_its_message_and_code() {
        let (verdict, text) = write(
            &json!({}),
            json!({ "accepted": false, "code": 422, "message": "request: is missing" }),
        );
        assert_eq!(verdict, Verdict::Denied);
        assert_eq!(
            text,
            "web.yaml:1: object (unnamed): denied (422)\n  request: is missing\n"
        );
    }

    #[test]
    fn a_repair_shows_both_sides() {
        let pod = |value: &str| json!({ "spec": { "containers": [value] } });
        let (verdict, text) = write(
            &request(&pod("a")),
            json!({ "accepted": true, "mutated_object": pod("b") }),
        );
        assert_eq!(verdict, Verdict::Repaired);
        assert_eq!(
            text,
            "\
web.yaml:1: Pod web: repaired
  - spec.containers[0]: \"a\"
  + spec.containers[0]: \"b\"
"
        );
        let (verdict, text) = write(
            &request(&pod("a")),
            json!({ "accepted": true, "mutated_object": pod("a") }),
        );
        assert_eq!(
            (verdict, text.as_str()),
            (Verdict::Accepted, "web.yaml:1: Pod web: accepted\n")
        );
    }

    #[test]
    fn what_has_no_pod_is_told_apart() {
        let (_, text) = write(
            &request(&json!({ "metadata": { "generateName": "web-" } })),
            json!({ "accepted": true }),
        );
        assert_eq!(
            text,
            "web.yaml:1: Pod web: accepted: nothing for ECI here\n"
        );
    }

    #[test]
    fn no_name_steers_the_terminal() {
        let steering = "a\u{1b}[31mRED\n::error::x";
        let mut asked = request(&json!({}));
        asked["name"] = json!(steering);
        let (_, text) = write(
            &asked,
            json!({ "accepted": false, "code": 422, "message": steering }),
        );
        assert_eq!(
            text,
            "web.yaml:1: Pod a [31mRED ::error::x: denied (422)\n  a [31mRED ::error::x\n"
        );
    }

    #[test]
    fn the_totals_count_in_words() {
        let mut totals = Totals {
            failed: 1,
            ..Totals::default()
        };
        assert_eq!(
            totals.to_string(),
            "0 documents: 0 accepted, 0 repaired, 0 denied; 1 could not be judged"
        );
        totals = Totals::default();
        totals.count(Verdict::Repaired);
        assert_eq!(
            totals.to_string(),
            "1 document: 0 accepted, 1 repaired, 0 denied"
        );
    }
}
