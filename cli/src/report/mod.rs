//! The results for a file, and the formats in which they are reported. A format is written file by file, so that no
//! results are kept.

mod concise;
mod counts;
#[cfg(test)]
mod fixtures;
mod found;
mod github;
mod gitlab;
pub(crate) mod json;
mod junit;
mod lines;
mod sarif;
mod statistics;
mod summary;
mod text;

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::ops::Range;

use eci_manifest::Place;
use eci_security_context::policy::scope::Certainty;
use eci_security_context::rules::rule::Finding;
use eci_security_context::text::cut;
use schemars::JsonSchema;
use serde::Serialize;

use crate::args::ReportFormat;
use crate::console::terminal_width;
use crate::input::{InputError, path_in_repository};
pub(crate) use counts::Counts;
pub(crate) use found::{
    Fix, FixTrigger, Found, Severity, SuppressedBy, Suppression, effect_sentence, url_of,
};
pub(crate) use lines::Lines;
pub(crate) use summary::{Totals, counted};

/// The results for one file.
#[derive(Debug, Default)]
pub(crate) struct FileReport {
    /// The path as it was given or found, or `<stdin>` for standard input.
    pub(crate) name: String,
    /// The path from the root of the repository, for services that know its files.
    pub(crate) path: String,
    /// The content, to which spans refer; empty if it was not read, or nothing was found. Of a stream it is a chunk.
    pub(crate) text: String,
    /// Where the content begins in the file.
    pub(crate) start: Place,
    /// True if the file has other chunks before it.
    pub(crate) is_continued: bool,
    /// True if the content is not the whole file.
    pub(crate) is_chunk: bool,
    /// The objects that were reviewed.
    pub(crate) objects: Vec<Reviewed>,
    /// The number of documents that are not Kubernetes objects.
    pub(crate) skipped: usize,
    /// The findings, in the order of the file.
    pub(crate) found: Vec<Found>,
    /// The problems of reading.
    pub(crate) problems: Vec<Problem>,
}

/// An object that was reviewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reviewed {
    /// Its name, such as `Deployment shop/web`.
    pub(crate) name: String,
    /// Its offset in the file.
    pub(crate) start: usize,
    /// How sure it is that its pod runs on ECI; `None` without a pod.
    pub(crate) certainty: Option<Certainty>,
    /// Its Namespace; empty if it names none.
    pub(crate) namespace: String,
    /// True for a Pod that a controller owns, whose problems are those of its owner.
    pub(crate) is_owned: bool,
}

impl FileReport {
    /// Returns the report of a file that was not read.
    pub(crate) fn unread(error: InputError) -> Self {
        let weight = match error.is_harmless {
            true => Weight::Remark,
            false => Weight::Failure,
        };
        let problem = Problem {
            weight,
            ..Problem::failure(None, error.message)
        };
        Self {
            path: path_in_repository(&error.name),
            name: error.name,
            problems: vec![problem],
            ..Self::default()
        }
    }

    /// Returns the lines of the content.
    pub(crate) fn lines(&self) -> Lines<'_> {
        Lines::from(self.start, &self.text)
    }

    /// Adds the results of another part of the file.
    pub(crate) fn append(&mut self, mut other: Self) {
        let before = self.objects.len();
        other
            .found
            .iter_mut()
            .for_each(|found| found.object += before);
        self.objects.append(&mut other.objects);
        self.skipped += other.skipped;
        self.found.append(&mut other.found);
        self.problems.append(&mut other.problems);
    }

    /// Removes the findings of Pods that a controller owns.
    pub(crate) fn leave_owned(&mut self) {
        let found = std::mem::take(&mut self.found).into_iter();
        self.found = found.filter(|found| !self.is_owned(found)).collect();
    }

    /// Removes the repairs of an object, or of the whole file, and says why in a remark.
    pub(crate) fn leave(&mut self, span: Option<Range<usize>>, reason: &str, help: &str) {
        self.found.iter_mut().for_each(|found| found.fix = None);
        let name = match (&span, self.objects.as_slice()) {
            (Some(_), [object]) => format!("{}: ", object.name),
            _ => String::new(),
        };
        self.problems.push(Problem {
            weight: Weight::Remark,
            help: Some(help.to_owned()),
            ..Problem::failure(span, format!("{name}is not repaired: {reason}"))
        });
    }

    /// Returns the problems as lines for standard error: position, message, help. Only failures, if `remarks` is false.
    pub(crate) fn problem_lines(&self, text: &str, remarks: bool) -> Vec<String> {
        let lines = Lines::from(self.start, text);
        let shown = self
            .problems
            .iter()
            .filter(|problem| remarks || !problem.is_remark());
        shown
            .map(|problem| {
                let at = self.location(&lines, problem.span.as_ref(), &self.name);
                format!("{at}: {}", problem.one_line())
            })
            .collect()
    }

    /// Returns a position as people write it: `file:line:column`.
    fn location(&self, lines: &Lines<'_>, span: Option<&Range<usize>>, name: &str) -> String {
        match span.map(|span| lines.at(span.start)) {
            Some((line, column)) => format!("{name}:{line}:{column}"),
            None => name.to_owned(),
        }
    }

    /// True if a controller owns the Pod of a finding.
    pub(crate) fn is_owned(&self, found: &Found) -> bool {
        let object = self.objects.get(found.object);
        object.is_some_and(|object| object.is_owned)
    }

    /// Returns the name of the object of a finding.
    pub(crate) fn object_of(&self, found: &Found) -> &str {
        let object = self.objects.get(found.object);
        object.map_or("", |object| &object.name)
    }

    /// Returns a finding as a line with its position: `file:line:column: level[rule] message`.
    pub(crate) fn line(&self, found: &Found, lines: &Lines<'_>) -> String {
        let at = self.location(lines, Some(&found.span), &self.name);
        let (level, rule) = (found.severity().as_str(), found.finding.rule.id);
        printable(&format!("{at}: {level}[{rule}] {}", self.one_line(found)))
    }

    /// Returns a finding in one line, for formats that do not show the source.
    fn one_line(&self, found: &Found) -> String {
        let Finding {
            path,
            message,
            help,
            ..
        } = &found.finding;
        let note = found
            .note()
            .map(|note| format!(" ({note})"))
            .unwrap_or_default();
        format!("{}: {path}: {message}; {help}{note}", self.object_of(found))
    }
}

/// A problem of reading a file.
#[derive(Debug)]
pub(crate) struct Problem {
    /// The position; `None` for the whole file.
    pub(crate) span: Option<Range<usize>>,
    /// The problem.
    pub(crate) message: String,
    /// The fix, if one is known.
    pub(crate) help: Option<String>,
    /// The consequence for the result.
    pub(crate) weight: Weight,
}

/// The consequence of a problem for the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// Something was not reviewed.
    Failure,
    /// A suppression has no effect.
    Ineffective,
    /// Everything that can be reviewed was.
    Remark,
}

impl Problem {
    /// Returns a failure without help.
    pub(crate) const fn failure(span: Option<Range<usize>>, message: String) -> Self {
        Self {
            span,
            message,
            help: None,
            weight: Weight::Failure,
        }
    }

    /// Returns a failure with help.
    pub(crate) fn at(span: Range<usize>, message: &str, help: &str) -> Self {
        Self {
            help: Some(help.to_owned()),
            ..Self::failure(Some(span), message.to_owned())
        }
    }

    /// True if everything was reviewed in spite of the problem.
    pub(crate) fn is_remark(&self) -> bool {
        self.weight != Weight::Failure
    }

    /// Returns how severe the problem is.
    pub(crate) fn severity(&self) -> Severity {
        match self.is_remark() {
            true => Severity::Warning,
            false => Severity::Error,
        }
    }

    /// Returns the problem in one line.
    pub(crate) fn one_line(&self) -> String {
        match &self.help {
            Some(help) => format!("{}; {help}", self.message),
            None => self.message.clone(),
        }
    }
}

/// The profile, the settings and the version by which a run judges.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Run {
    /// The version of the command.
    pub(crate) tool_version: &'static str,
    /// The profile.
    pub(crate) profile: String,
    /// The file of the settings, if there is one.
    pub(crate) settings: Option<String>,
}

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
        ReportFormat::Sarif => Box::new(sarif::Sarif::of(run)),
        ReportFormat::Github => Box::new(github::Github { shown }),
        ReportFormat::Junit => Box::new(junit::Junit { run }),
    }
}

/// The most characters of a line.
const LINE: usize = 1024;

/// Returns a text on one line, without control characters.
fn printable(text: &str) -> String {
    let space = |c: char| {
        if matches!(c, '\t' | '\n' | '\r') {
            ' '
        } else {
            visible(c)
        }
    };
    cut(text.chars().map(space).collect(), LINE)
}

/// Returns the character, or a visible one for a control character or a mark that changes the direction of writing, so
/// that the content of a file does not control the terminal.
pub(crate) fn visible(c: char) -> char {
    match c {
        // Unicode has a picture of each.
        '\0'..='\u{1f}' => {
            char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER)
        }
        '\u{7f}' => '\u{2421}',
        '\u{80}'..='\u{9f}'
        | '\u{61c}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}' => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}
