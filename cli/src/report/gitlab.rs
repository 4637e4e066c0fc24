//! The report for GitLab's Code Quality: a JSON array, one finding a line. Suppressed findings, and those for the audit
//! log only, are left out.

use std::io::{self, Write};

use serde::Serialize;

use super::{Counts, FileReport, Reporter, Severity, Shown, Totals};
use eci_text::report::json::write;

/// Writes Code Quality's format.
#[derive(Debug)]
pub(super) struct Gitlab {
    pub(super) shown: Shown,
    /// True after the first finding.
    pub(super) follows: bool,
}

/// See <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>.
#[derive(Serialize)]
struct Issue<'r> {
    description: String,
    check_name: &'static str,
    fingerprint: String,
    severity: &'static str,
    location: Location<'r>,
}

#[derive(Serialize)]
struct Location<'r> {
    path: &'r str,
    lines: Begin,
}

#[derive(Serialize)]
struct Begin {
    begin: usize,
}

impl Reporter for Gitlab {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(b"[")
    }

    fn file(&mut self, report: &FileReport, out: &mut dyn Write) -> io::Result<()> {
        let lines = report.lines();
        let path = report.path.as_str();
        let location = |start: usize| Location {
            path,
            lines: Begin {
                begin: lines.at(start).0,
            },
        };
        let problems = self.shown.problems(report).map(|problem| Issue {
            description: problem.one_line(),
            check_name: "unreadable",
            fingerprint: format!("unreadable {path} {}", problem.message),
            severity: if problem.is_remark() {
                "info"
            } else {
                "blocker"
            },
            location: location(problem.span.as_ref().map_or(0, |span| span.start)),
        });
        // Without a line, the fingerprint does not change with other parts of the file.
        let found = self.shown.found(report).map(|found| Issue {
            description: report.one_line(found),
            check_name: found.finding.rule.id,
            fingerprint: format!(
                "{} {path} {}: {}",
                found.finding.rule.id,
                report.object_of(found),
                found.finding.path
            ),
            severity: match found.severity() {
                Severity::Error => "critical",
                Severity::Warning => "minor",
                Severity::Note | Severity::None => "info",
            },
            location: location(found.span.start),
        });
        for issue in problems.chain(found) {
            out.write_all(if self.follows { b",\n" } else { b"\n" })?;
            self.follows = true;
            write(out, &issue)?;
        }
        Ok(())
    }

    fn end(&mut self, _totals: &Totals, _counts: &Counts, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(b"\n]\n")
    }
}
