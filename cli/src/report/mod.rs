//! What is said of a file, in the formats that people and programs read. A format is written file by file, so that
//! nothing has to be kept.

use std::io::{self, Write};
use std::ops::Range;

use eci_manifest::Replacement;
use eci_security_context::rule::{Action, Edit, Rule};

use crate::args::ReportFormat;

/// What is said of one file.
#[derive(Debug, Default)]
pub(crate) struct FileReport {
    /// The path as it was given, or found; `<stdin>` for standard input.
    pub(crate) name: String,
    /// The content that spans speak of; empty where it could not be read.
    pub(crate) text: String,
    /// How many objects were judged.
    pub(crate) objects: usize,
    /// What the rules found, in the order of the file.
    pub(crate) found: Vec<Found>,
    /// Why something in the file was not judged.
    pub(crate) problems: Vec<Problem>,
}

/// What a rule found in a file.
#[derive(Debug)]
pub(crate) struct Found {
    /// The rule.
    pub(crate) rule: &'static Rule,
    /// What the policy does about it; never [`Action::Off`].
    pub(crate) action: Action,
    /// The document in its part of the file, from 0.
    pub(crate) document: usize,
    /// The object, as `Deployment shop/web`.
    pub(crate) object: String,
    /// The field, as the API server prints it.
    pub(crate) path: String,
    /// What is wrong.
    pub(crate) message: String,
    /// The way out.
    pub(crate) help: String,
    /// The bytes of the file where the field stands, or where the nearest one above it does.
    pub(crate) span: Range<usize>,
    /// The repair of the file, where there is one.
    pub(crate) fix: Option<Fix>,
    /// The comment that takes the finding back, where there is one: it is shown to programs, and counts no more.
    pub(crate) suppressed: Option<Suppressed>,
}

/// A repair of a file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fix {
    /// What it does.
    pub(crate) title: &'static str,
    /// Whether `eci-policy fix` makes it only where `--rule` names the rule.
    pub(crate) is_on_demand: bool,
    /// The same for the object.
    pub(crate) edits: Vec<Edit>,
    /// What is put in place of what, from the top of the file down, where that is asked for; no two overlap.
    pub(crate) replacements: Vec<Replacement>,
}

/// The comment that takes a finding back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Suppressed {
    /// Its reason; empty where it gives none.
    pub(crate) reason: String,
}

/// Why something was not judged.
#[derive(Debug)]
pub(crate) struct Problem {
    /// Where in the file; `None` where the file as a whole is meant.
    pub(crate) span: Option<Range<usize>>,
    /// What is wrong.
    pub(crate) message: String,
    /// The way out, where one is known.
    pub(crate) help: Option<String>,
    /// Whether all the same everything was judged: a remark, no failure.
    pub(crate) is_remark: bool,
}

/// What is counted over all files.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Totals {
    /// Files that hold manifests.
    pub(crate) files: usize,
    /// Objects that were judged.
    pub(crate) objects: usize,
    /// Files that hold no Kubernetes manifest.
    pub(crate) skipped: usize,
    /// Findings by their action, those that comments take back aside.
    pub(crate) denied: usize,
    /// See above.
    pub(crate) repaired: usize,
    /// See above.
    pub(crate) warned: usize,
    /// See above.
    pub(crate) audited: usize,
    /// Findings that `eci-policy fix` can repair.
    pub(crate) fixable: usize,
    /// Findings that comments take back.
    pub(crate) suppressed: usize,
    /// What was not judged.
    pub(crate) failed: usize,
}

impl Totals {
    /// Counts what is said of a file.
    pub(crate) fn count(&mut self, report: &FileReport) {
        self.objects += report.objects;
        self.failed += report.problems.iter().filter(|problem| !problem.is_remark).count();
        match (report.objects, report.problems.is_empty()) {
            (0, true) => self.skipped += 1,
            _ => self.files += 1,
        }
        for found in &report.found {
            if found.suppressed.is_some() {
                self.suppressed += 1;
                continue;
            }
            match found.action {
                Action::Deny => self.denied += 1,
                Action::Fix => self.repaired += 1,
                Action::Warn => self.warned += 1,
                Action::Audit | Action::Off => self.audited += 1,
            }
            self.fixable += usize::from(found.fix.as_ref().is_some_and(|fix| !fix.is_on_demand));
        }
    }
}

/// Writes one format.
pub(crate) trait Reporter {
    /// What stands before the first file.
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()>;
    /// What is said of a file.
    fn file(&mut self, report: &FileReport, out: &mut dyn Write) -> io::Result<()>;
    /// What stands after the last file.
    fn end(&mut self, totals: &Totals, out: &mut dyn Write) -> io::Result<()>;
}

/// The writer of a format.
pub(crate) fn reporter(_format: ReportFormat) -> Box<dyn Reporter> {
    unimplemented!()
}

/// Lines and columns of a text, both from 1; columns count characters.
#[derive(Debug)]
pub(crate) struct Lines<'t> {
    text: &'t str,
    /// The offset at which each line begins.
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    /// Finds the lines of `text`.
    pub(crate) fn of(text: &'t str) -> Self {
        let ends = memchr::memchr_iter(b'\n', text.as_bytes());
        Self { text, starts: std::iter::once(0).chain(ends.map(|end| end + 1)).collect() }
    }

    /// The line and the column of an offset. A byte-order mark has no column.
    pub(crate) fn at(&self, offset: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts.get(line - 1).copied().unwrap_or_default();
        let before = self.text.get(start..offset).unwrap_or_default();
        (line, before.trim_start_matches('\u{feff}').chars().count() + 1)
    }
}
