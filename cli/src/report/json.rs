//! The report for programs: one JSON object with every file that was judged, one finding a line.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use super::{FileReport, Fix, Found, Lines, Place, Problem, Reporter, Suppressed, Totals};

/// The version of the format: it rises when a field goes, or means something else.
const VERSION: u32 = 1;

/// Writes JSON.
#[derive(Debug, Default)]
pub(super) struct Json {
    /// Whether a file stands before.
    follows: bool,
}

impl Reporter for Json {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "{{\"version\":{VERSION},\"files\":[")
    }

    fn file(&mut self, report: &FileReport, out: &mut dyn Write) -> io::Result<()> {
        let lines = Lines::of(&report.text);
        out.write_all(if self.follows { b",\n" } else { b"\n" })?;
        self.follows = true;
        out.write_all(b"{\"file\":")?;
        write(out, &report.name)?;
        write!(out, ",\"objects\":{},\"problems\":", report.objects)?;
        list(out, &report.problems, |problem| {
            ProblemRecord::of(problem, &lines)
        })?;
        out.write_all(b",\"findings\":")?;
        list(out, &report.found, |found| Finding::of(found, &lines))?;
        out.write_all(b"}")
    }

    fn end(&mut self, totals: &Totals, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(b"\n],\"totals\":")?;
        write(out, totals)?;
        out.write_all(b"}\n")
    }
}

/// Writes an array, one item a line.
fn list<'i, T, R: Serialize>(
    out: &mut dyn Write,
    items: &'i [T],
    record: impl Fn(&'i T) -> R,
) -> io::Result<()> {
    out.write_all(b"[")?;
    for (position, item) in items.iter().enumerate() {
        out.write_all(if position == 0 { b"\n" } else { b",\n" })?;
        write(out, &record(item))?;
    }
    out.write_all(b"]")
}

/// Writes a value on one line.
pub(super) fn write(out: &mut dyn Write, value: &(impl Serialize + ?Sized)) -> io::Result<()> {
    Ok(value.serialize(&mut Serializer::with_formatter(out, OneLine))?)
}

/// Compact JSON with every control character escaped, also those that JSON allows: an output that strips styles would
/// drop them.
struct OneLine;

impl Formatter for OneLine {
    fn write_string_fragment<W: Write + ?Sized>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        for part in fragment.split_inclusive(char::is_control) {
            let text = part.strip_suffix(char::is_control).unwrap_or(part);
            out.write_all(text.as_bytes())?;
            for control in part.strip_prefix(text).unwrap_or_default().chars() {
                write!(out, "\\u{:04x}", u32::from(control))?;
            }
        }
        Ok(())
    }
}

/// Where something stands; each is null where the file as a whole is meant.
#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct Position {
    line: Option<usize>,
    column: Option<usize>,
    end_line: Option<usize>,
    end_column: Option<usize>,
}

impl From<Place> for Position {
    fn from(place: Place) -> Self {
        Self {
            line: Some(place.line),
            column: Some(place.column),
            end_line: Some(place.end_line),
            end_column: Some(place.end_column),
        }
    }
}

#[derive(Serialize)]
struct ProblemRecord<'r> {
    message: &'r str,
    help: Option<&'r str>,
    #[serde(flatten)]
    position: Position,
    remark: bool,
}

impl<'r> ProblemRecord<'r> {
    fn of(problem: &'r Problem, lines: &Lines<'_>) -> Self {
        Self {
            message: &problem.message,
            help: problem.help.as_deref(),
            position: problem
                .span
                .as_ref()
                .map(|span| lines.place(span).into())
                .unwrap_or_default(),
            remark: problem.is_remark(),
        }
    }
}

#[derive(Serialize)]
struct Finding<'r> {
    rule: &'static str,
    action: &'static str,
    effect: &'static str,
    object: &'r str,
    path: &'r str,
    message: &'r str,
    help: &'r str,
    #[serde(flatten)]
    position: Position,
    /// In bytes, as everything that a program cuts a file by.
    offset: usize,
    length: usize,
    fix: Option<FixRecord<'r>>,
    suppressed: Option<SuppressedRecord<'r>>,
}

impl<'r> Finding<'r> {
    fn of(found: &'r Found, lines: &Lines<'_>) -> Self {
        Self {
            rule: found.rule.id,
            action: found.decision.action.as_str(),
            effect: found.rule.effect.as_str(),
            object: &found.object,
            path: &found.path,
            message: &found.message,
            help: &found.help,
            position: lines.place(&found.span).into(),
            offset: found.span.start,
            length: found.span.len(),
            fix: found.fix.as_ref().map(FixRecord::of),
            suppressed: found
                .suppressed
                .as_ref()
                .map(|Suppressed { reason }| SuppressedRecord { reason }),
        }
    }
}

#[derive(Serialize)]
struct FixRecord<'r> {
    title: &'static str,
    replacements: Vec<ReplacementRecord<'r>>,
}

impl<'r> FixRecord<'r> {
    fn of(fix: &'r Fix) -> Self {
        let replacements = fix
            .replacements
            .iter()
            .map(|replacement| ReplacementRecord {
                offset: replacement.span.start,
                length: replacement.span.len(),
                text: &replacement.text,
            });
        Self {
            title: fix.title,
            replacements: replacements.collect(),
        }
    }
}

#[derive(Serialize)]
struct ReplacementRecord<'r> {
    offset: usize,
    length: usize,
    text: &'r str,
}

#[derive(Serialize)]
struct SuppressedRecord<'r> {
    reason: &'r str,
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test may panic"
    )]

    use eci_security_context::rules::rule::Action;
    use serde_json::{Value, json};

    use super::super::fixtures::{MANIFEST, denial, found, problem, report, written};
    use super::*;
    use crate::args::ReportFormat;
    use crate::report::{Replacement, Taken};

    fn parsed(reports: &[FileReport], totals: &Totals) -> Value {
        serde_json::from_str(&written(ReportFormat::Json, reports, totals)).unwrap()
    }

    #[test]
    fn every_file_is_there_with_all_that_is_known() {
        let at = MANIFEST.find("true").unwrap();
        let mut fixed = found("capability-name", Action::Fix, MANIFEST, "true");
        let replacement = Replacement {
            span: at..at + 4,
            text: "\"x\"".to_owned(),
        };
        fixed.fix = Some(Fix {
            title: "rewritten as Kubernetes spells it",
            taken: Taken::Always,
            edits: Vec::new(),
            replacements: vec![replacement],
        });
        fixed.suppressed = Some(Suppressed {
            reason: String::new(),
        });
        let mut broken = report("b.yaml", "a: [\n", Vec::new());
        broken.objects = 0;
        broken.problems = vec![
            problem("it is not YAML", Some(3..4)),
            problem("it ends", None),
        ];
        let mut file = denial();
        file.found.push(fixed);
        let totals = Totals {
            files: 1,
            objects: 1,
            denied: 1,
            suppressed: 1,
            failed: 2,
            ..Totals::default()
        };
        let path = "spec.template.spec.containers[0].securityContext.privileged";
        let said = "true needs an approval by Alibaba Cloud";
        assert_eq!(
            parsed(&[file, broken], &totals),
            json!({
                "version": 1,
                "files": [
                    {"file": "deploy/web.yaml", "objects": 1, "problems": [], "findings": [
                        {
                            "rule": "privileged", "action": "deny", "effect": "refused",
                            "object": "Deployment shop/web", "path": path, "message": said, "help": "remove it",
                            "line": 4, "column": 36, "endLine": 4, "endColumn": 40, "offset": at, "length": 4,
                            "fix": null, "suppressed": null,
                        },
                        {
                            "rule": "capability-name", "action": "fix", "effect": "refused",
                            "object": "Deployment shop/web", "path": path, "message": said, "help": "remove it",
                            "line": 4, "column": 36, "endLine": 4, "endColumn": 40, "offset": at, "length": 4,
                            "fix": {
                                "title": "rewritten as Kubernetes spells it",
                                "replacements": [{"offset": at, "length": 4, "text": "\"x\""}],
                            },
                            "suppressed": {"reason": ""},
                        },
                    ]},
                    {"file": "b.yaml", "objects": 0, "findings": [], "problems": [
                        {
                            "message": "it is not YAML", "help": "repair it", "remark": false,
                            "line": 1, "column": 4, "endLine": 1, "endColumn": 5,
                        },
                        {
                            "message": "it ends", "help": "repair it", "remark": false,
                            "line": null, "column": null, "endLine": null, "endColumn": null,
                        },
                    ]},
                ],
                "totals": {
                    "files": 1, "objects": 1, "skipped": 0, "skippedDocuments": 0, "denied": 1, "repaired": 0, "warned": 0, "audited": 0,
                    "fixable": 0, "suppressed": 1, "ineffective": 0, "failed": 2,
                },
            })
        );
    }

    #[test]
    fn texts_arrive_whole_where_styles_are_stripped() {
        let text = "\u{1b}[31m\u{7f}\u{9b}32m\r\n\0größer\u{7f}";
        let mut file = denial();
        file.name = text.to_owned();
        let written = written(ReportFormat::Json, &[file], &Totals::default());
        assert!(
            written.chars().all(|c| c == '\n' || !c.is_control()),
            "{written:?}"
        );
        assert_eq!(
            serde_json::from_str::<Value>(&written).unwrap()["files"][0]["file"],
            text
        );
    }

    #[test]
    fn nothing_read_is_an_object_too_and_a_finding_is_a_line() {
        assert_eq!(parsed(&[], &Totals::default())["files"], json!([]));
        let text = written(
            ReportFormat::Json,
            &[denial(), denial()],
            &Totals::default(),
        );
        assert_eq!(
            text.lines()
                .filter(|line| line.starts_with("{\"rule\":"))
                .count(),
            2
        );
    }
}
