//! The report with one line for each finding: `file:line:column: level[rule] message`, as editors and grep read it.

use std::io::{self, Write};

use super::{Counts, FileReport, Reporter, Shown, Totals, printable};

/// Writes a line for each finding.
#[derive(Debug)]
pub(super) struct Concise {
    pub(super) shown: Shown,
}

impl Reporter for Concise {
    fn file(&mut self, report: &FileReport, out: &mut dyn Write) -> io::Result<()> {
        let lines = report.lines();
        for problem in self.shown.problems(report) {
            let level = problem.severity().as_str();
            let at = report.location(&lines, problem.span.as_ref(), &report.name);
            let line = format!("{at}: {level}: {}", problem.one_line());
            writeln!(out, "{}", printable(&line))?;
        }
        for found in self.shown.found(report) {
            writeln!(out, "{}", report.line(found, &lines))?;
        }
        Ok(())
    }

    fn end(&mut self, totals: &Totals, _counts: &Counts, out: &mut dyn Write) -> io::Result<()> {
        self.shown.summary(totals, out)
    }
}
