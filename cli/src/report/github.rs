//! The report as workflow commands of GitHub Actions, which shows them at the lines of a pull request, and the summary
//! for the log. Suppressed findings, and those for the audit log only, are left out.

use std::io::{self, Write};
use std::ops::Range;

use super::{Counts, FileReport, Lines, Reporter, Severity, Shown, Totals, visible};

/// Writes workflow commands.
#[derive(Debug)]
pub(super) struct Github {
    pub(super) shown: Shown,
}

impl Reporter for Github {
    fn file(&mut self, report: &FileReport, out: &mut dyn Write) -> io::Result<()> {
        let lines = report.lines();
        let path = property(&report.path);
        for problem in self.shown.problems(report) {
            let command = problem.severity().as_str();
            let at = location(&path, &lines, problem.span.as_ref());
            writeln!(
                out,
                "::{command} {at},title=eci-policy::{}",
                data(&problem.one_line())
            )?;
        }
        for found in self.shown.found(report) {
            let command = match found.severity() {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Note | Severity::None => "notice",
            };
            let at = location(&path, &lines, Some(&found.span));
            let title = property(&format!("eci-policy: {}", found.finding.rule.id));
            writeln!(
                out,
                "::{command} {at},title={title}::{}",
                data(&report.one_line(found))
            )?;
        }
        Ok(())
    }

    fn end(&mut self, totals: &Totals, _counts: &Counts, out: &mut dyn Write) -> io::Result<()> {
        self.shown.summary(totals, out)
    }
}

/// Returns the properties for the position. GitHub accepts columns only within one line.
fn location(path: &str, lines: &Lines<'_>, span: Option<&Range<usize>>) -> String {
    let mut location = format!("file={path}");
    if let Some(span) = span {
        let region = lines.region(span);
        location.push_str(&format!(
            ",line={},endLine={}",
            region.line, region.end_line
        ));
        if region.line == region.end_line {
            location.push_str(&format!(
                ",col={},endColumn={}",
                region.column, region.end_column
            ));
        }
    }
    location
}

/// Returns the text of a command.
fn data(text: &str) -> String {
    escape(text, "%\r\n")
}

/// Returns the value of a property of a command.
fn property(text: &str) -> String {
    escape(text, "%\r\n:,")
}

/// Returns the text with the reserved characters, which are ASCII, as GitHub escapes them, and others made visible.
fn escape(text: &str, reserved: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if reserved.contains(c) {
            escaped.push_str(&format!("%{:02X}", u32::from(c)));
        } else {
            escaped.push(visible(c));
        }
    }
    escaped
}

#[cfg(test)]
mod tests;
