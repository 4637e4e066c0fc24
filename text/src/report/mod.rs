//! The results for a text: its objects, findings and problems.

mod counts;
mod found;
pub mod json;
mod lines;
pub mod sarif;
mod totals;

use std::ops::Range;

use eci_manifest::Place;
use eci_security_context::rules::rule::Finding;
use eci_security_context::text::cut;
use serde::Serialize;

use crate::scope::Scope;
pub use counts::{Count, CountRecord, Counts};
pub use found::{
    Fix, FixTrigger, Found, Severity, SuppressedBy, Suppression, effect_sentence, url_of,
};
pub use lines::{Lines, Region};
pub use totals::{Totals, counted};

/// The results for one file.
#[derive(Debug, Default)]
pub struct FileReport {
    /// The path as it was given or found, or `<stdin>` for standard input.
    pub name: String,
    /// The path from the root of the repository, for services that know its files.
    pub path: String,
    /// The content, to which spans refer; empty if it was not read, or nothing was found. Of a stream it is a chunk.
    pub text: String,
    /// Where the content begins in the file.
    pub start: Place,
    /// True if the file has other chunks before it.
    pub is_continued: bool,
    /// True if the content is not the whole file.
    pub is_chunk: bool,
    /// The objects that were reviewed.
    pub objects: Vec<Reviewed>,
    /// The number of documents that are not Kubernetes objects.
    pub skipped: usize,
    /// The findings, in the order of the file.
    pub found: Vec<Found>,
    /// The problems of reading.
    pub problems: Vec<Problem>,
}

/// An object that was reviewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reviewed {
    /// Its name, such as `Deployment shop/web`.
    pub name: String,
    /// Its bytes in the file.
    pub span: Range<usize>,
    /// Whether its pod runs on ECI; `None` without a pod.
    pub scope: Option<Scope>,
    /// The bytes of the field that says so, where it is one field.
    pub signal: Option<Range<usize>>,
    /// Its Namespace; empty if it names none.
    pub namespace: String,
    /// True for a Pod that a controller owns, whose problems are those of its owner.
    pub is_owned: bool,
}

impl FileReport {
    /// Returns the lines of the content.
    pub fn lines(&self) -> Lines<'_> {
        Lines::from(self.start, &self.text)
    }

    /// Adds the results of another part of the file.
    pub fn append(&mut self, mut other: Self) {
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
    pub fn leave_owned(&mut self) {
        let found = std::mem::take(&mut self.found).into_iter();
        self.found = found.filter(|found| !self.is_owned(found)).collect();
    }

    /// Removes the repairs of an object, or of the whole file, and says why in a remark.
    pub fn leave(&mut self, span: Option<Range<usize>>, reason: &str, help: &str) {
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
    pub fn problem_lines(&self, text: &str, remarks: bool) -> Vec<String> {
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
    pub fn location(&self, lines: &Lines<'_>, span: Option<&Range<usize>>, name: &str) -> String {
        match span.map(|span| lines.at(span.start)) {
            Some((line, column)) => format!("{name}:{line}:{column}"),
            None => name.to_owned(),
        }
    }

    /// True if a controller owns the Pod of a finding.
    pub fn is_owned(&self, found: &Found) -> bool {
        let object = self.objects.get(found.object);
        object.is_some_and(|object| object.is_owned)
    }

    /// Returns the name of the object of a finding.
    pub fn object_of(&self, found: &Found) -> &str {
        let object = self.objects.get(found.object);
        object.map_or("", |object| &object.name)
    }

    /// Returns a finding as a line with its position: `file:line:column: level[rule] message`.
    pub fn line(&self, found: &Found, lines: &Lines<'_>) -> String {
        let at = self.location(lines, Some(&found.span), &self.name);
        let (level, rule) = (found.severity().as_str(), found.finding.rule.id);
        printable(&format!("{at}: {level}[{rule}] {}", self.one_line(found)))
    }

    /// Returns a finding in one line, for formats that do not show the source.
    pub fn one_line(&self, found: &Found) -> String {
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
pub struct Problem {
    /// The position; `None` for the whole file.
    pub span: Option<Range<usize>>,
    /// The problem.
    pub message: String,
    /// The fix, if one is known.
    pub help: Option<String>,
    /// The consequence for the result.
    pub weight: Weight,
}

/// The consequence of a problem for the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Something was not reviewed.
    Failure,
    /// A suppression has no effect.
    Ineffective,
    /// Everything that can be reviewed was.
    Remark,
}

impl Problem {
    /// Returns a failure without help.
    pub const fn failure(span: Option<Range<usize>>, message: String) -> Self {
        Self {
            span,
            message,
            help: None,
            weight: Weight::Failure,
        }
    }

    /// Returns a failure with help.
    pub fn at(span: Range<usize>, message: &str, help: &str) -> Self {
        Self {
            help: Some(help.to_owned()),
            ..Self::failure(Some(span), message.to_owned())
        }
    }

    /// True if everything was reviewed in spite of the problem.
    pub fn is_remark(&self) -> bool {
        self.weight != Weight::Failure
    }

    /// Returns how severe the problem is.
    pub fn severity(&self) -> Severity {
        match self.is_remark() {
            true => Severity::Warning,
            false => Severity::Error,
        }
    }

    /// Returns the problem in one line.
    pub fn one_line(&self) -> String {
        match &self.help {
            Some(help) => format!("{}; {help}", self.message),
            None => self.message.clone(),
        }
    }
}

/// The profile, the settings and the version by which a run judges.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// The version of the command.
    pub tool_version: &'static str,
    /// The profile.
    pub profile: String,
    /// The file of the settings, if there is one.
    pub settings: Option<String>,
}

/// The most characters of a line.
const LINE: usize = 1024;

/// Returns a text on one line, without control characters.
pub fn printable(text: &str) -> String {
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
pub fn visible(c: char) -> char {
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
