//! The formats in which results are reported. A format is written file by file, so that no results are kept.

mod concise;
#[cfg(test)]
mod fixtures;
mod github;
mod gitlab;
pub(crate) mod json;
mod junit;
mod sarif;
mod statistics;
mod text;

use std::collections::BTreeSet;
use std::io::{self, Write};

pub(crate) use eci_text::report::{
    CountRecord, Counts, FileReport, Fix, FixTrigger, Found, Lines, Problem, Region, Reviewed, Run,
    Severity, SuppressedBy, Suppression, Totals, Weight, counted, effect_sentence, printable,
    url_of, visible,
};

use crate::args::ReportFormat;
use crate::console::terminal_width;

/// The findings and remarks that a report for people shows.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Shown {
    /// Without remarks and the summary.
    pub(crate) quiet: bool,
    /// With findings for the audit log.
    pub(crate) audit: bool,
}

impl Shown {
    /// Returns the findings that are shown. Suppressed ones are not.
    pub(crate) fn found(self, report: &FileReport) -> impl Iterator<Item = &Found> {
        let is_shown = move |found: &&Found| match found.severity() {
            _ if found.suppressed.is_some() => false,
            Severity::Error | Severity::Warning => true,
            Severity::Note => self.audit,
            Severity::None => false,
        };
        report.found.iter().filter(is_shown)
    }

    /// Returns the problems that are shown.
    pub(crate) fn problems(self, report: &FileReport) -> impl Iterator<Item = &Problem> {
        let problems = report.problems.iter();
        problems.filter(move |problem| !self.quiet || !problem.is_remark())
    }

    /// Writes the summary, if it is shown.
    fn summary(self, totals: &Totals, out: &mut dyn Write) -> io::Result<()> {
        match self.quiet {
            true => Ok(()),
            false => writeln!(out, "{totals}"),
        }
    }
}

/// Writes one format.
pub(crate) trait Reporter {
    /// Writes the start of the report, before the first file.
    fn begin(&mut self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    /// Writes the results for a file.
    fn file(&mut self, report: &FileReport, out: &mut dyn Write) -> io::Result<()>;

    /// Writes the end of the report, after the last file.
    fn end(&mut self, totals: &Totals, counts: &Counts, out: &mut dyn Write) -> io::Result<()>;
}

/// Returns the writer of a format. A format for people has ANSI styles, which the output strips if they are not wanted.
pub(crate) fn reporter(format: ReportFormat, run: Run, shown: Shown) -> Box<dyn Reporter> {
    match format {
        ReportFormat::Text => Box::new(text::Text {
            shown,
            width: terminal_width(),
            explained: BTreeSet::new(),
        }),
        ReportFormat::Concise => Box::new(concise::Concise { shown }),
        ReportFormat::Statistics => Box::new(statistics::Statistics { shown }),
        ReportFormat::Gitlab => Box::new(gitlab::Gitlab {
            shown,
            follows: false,
        }),
        ReportFormat::Json => Box::new(json::Json::of(run)),
        ReportFormat::Sarif => Box::new(eci_text::report::sarif::Sarif::of(run)),
        ReportFormat::Github => Box::new(github::Github { shown }),
        ReportFormat::Junit => Box::new(junit::Junit { run }),
    }
}
