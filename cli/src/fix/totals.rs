//! The totals of a run of `fix`: files are written here, and the result is printed.

use std::io::Write;

use anstream::{AutoStream, ColorChoice};

use eci_text::fix::Repaired;

use super::{diff, write};
use crate::console::to_stderr;
use crate::failure::Failure;
use crate::input::Source;
use crate::report::counted;

/// The totals of all files.
#[derive(Default)]
pub(super) struct FixTotals {
    pub(super) files: usize,
    pub(super) findings: usize,
    pub(super) left: usize,
    pub(super) possible: usize,
    pub(super) errors: usize,
    pub(super) failed: usize,
}

impl FixTotals {
    /// Writes a repaired file, or shows its changes.
    pub(super) fn settle(
        &mut self,
        source: Option<Source>,
        repaired: Repaired,
        is_dry: bool,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        let Repaired {
            before,
            after,
            findings,
            remaining,
            report,
            ..
        } = repaired;
        let lines = report.problem_lines(&before, true);
        lines.iter().chain(&remaining).for_each(to_stderr);
        let failures = report
            .problems
            .iter()
            .filter(|problem| !problem.is_remark());
        self.failed += failures.count();
        self.left += repaired.left;
        self.possible += repaired.possible;
        self.errors += repaired.errors;
        match source {
            Some(Source::Stdin) if !is_dry => out.write_all(after.as_bytes())?,
            Some(source) if before != after && is_dry => {
                let choice = AutoStream::choice(&std::io::stdout());
                let is_coloured = choice != ColorChoice::Never;
                diff::write(&source.name(), &before, &after, is_coloured, out)?;
            }
            Some(Source::Named(path) | Source::Found(path)) if before != after => {
                if let Err(error) = write::write(&path, &after) {
                    to_stderr(format_args!(
                        "{}: cannot be written: {error}; the file is unchanged",
                        report.name
                    ));
                    self.failed += 1;
                    return Ok(());
                }
            }
            _ => {}
        }
        self.files += usize::from(findings > 0);
        self.findings += findings;
        Ok(())
    }

    pub(super) fn summary(&self, is_dry: bool) -> String {
        let (findings, files) = (
            counted(self.findings, "finding"),
            counted(self.files, "file"),
        );
        let mut summary = match (self.findings, is_dry) {
            (0, _) => "nothing to repair".to_owned(),
            (_, true) => format!("{findings} in {files} would be repaired"),
            (_, false) => format!("{findings} in {files} repaired"),
        };
        for (count, what) in [
            (self.left, "not repaired (see above)"),
            (
                self.possible,
                "in pods that may run on ECI not repaired (repair them with --assume-eci)",
            ),
        ] {
            if count > 0 {
                summary += &format!("; {} {what}", counted(count, "finding"));
            }
        }
        if self.errors > 0 {
            let verb = if self.errors == 1 {
                "remains"
            } else {
                "remain"
            };
            let errors = counted(self.errors, "error");
            summary += &format!("; {errors} {verb} to be repaired by hand");
        }
        summary
    }
}
