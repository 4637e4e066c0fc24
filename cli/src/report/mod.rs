//! What is said of a file, in the formats that people and programs read. A format is written file by file, so that
//! nothing has to be kept.

mod github;
mod json;
mod junit;
mod sarif;
mod text;

use std::io::{self, Write};
use std::ops::Range;

use eci_manifest::Replacement;
use eci_security_context::fix::Edit;
use eci_security_context::policy::decide::Decision;
use eci_security_context::rules::rule::{Action, Rule};
use serde::Serialize;

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
    /// How many documents are nothing of Kubernetes.
    pub(crate) skipped: usize,
    /// What the rules found, in the order of the file.
    pub(crate) found: Vec<Found>,
    /// Why something in the file was not judged.
    pub(crate) problems: Vec<Problem>,
}

impl FileReport {
    /// The name without a leading `./`: what services that know the repository's files compare with.
    fn relative_name(&self) -> &str {
        self.name.strip_prefix("./").unwrap_or(&self.name)
    }
}

/// What a rule found in a file.
#[derive(Debug)]
pub(crate) struct Found {
    /// The rule.
    pub(crate) rule: &'static Rule,
    /// What the policy does about it, and why; the action is never [`Action::Off`].
    pub(crate) decision: Decision,
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

impl Found {
    /// The finding in one clause, for formats that do not show the source.
    fn told(&self) -> String {
        let Self {
            object,
            path,
            message,
            help,
            ..
        } = self;
        let mut told = format!("{object}: {path}: {message}");
        if !help.is_empty() {
            told.push_str("; ");
            told.push_str(help);
        }
        told
    }

    /// How loud the finding is.
    const fn severity(&self) -> Severity {
        Severity::of(self.decision.action)
    }
}

/// How loud a finding is where a format knows no actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Severity {
    /// The request is rejected.
    Error,
    /// The user is told; admission may repair the object.
    Warning,
    /// For the audit log.
    Note,
    /// Silence.
    None,
}

impl Severity {
    const fn of(action: Action) -> Self {
        match action {
            Action::Deny => Self::Error,
            Action::Fix | Action::Warn => Self::Warning,
            Action::Audit => Self::Note,
            Action::Off => Self::None,
        }
    }
}

/// A repair of a file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fix {
    /// What it does.
    pub(crate) title: &'static str,
    /// When `eci-policy fix` makes it.
    pub(crate) taken: Taken,
    /// The same for the object.
    pub(crate) edits: Vec<Edit>,
    /// What is put in place of what, from the top of the file down, where that is asked for; no two overlap.
    pub(crate) replacements: Vec<Replacement>,
}

/// When `eci-policy fix` makes a repair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Without being told to.
    Always,
    /// Where the pod, which may run on ECI, is taken for one that does.
    AsEci,
    /// Where `--rule` names the rule.
    OnDemand,
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
    /// What it means for the verdict.
    pub(crate) weight: Weight,
}

/// What a problem means for the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// Something was not judged.
    Failure,
    /// A comment takes nothing back, though it is meant to.
    Ineffective,
    /// Nothing: everything that can be judged was.
    Remark,
}

impl Problem {
    /// Whether all the same everything was judged.
    pub(crate) fn is_remark(&self) -> bool {
        self.weight != Weight::Failure
    }

    /// The problem in one clause.
    fn told(&self) -> String {
        match &self.help {
            Some(help) => format!("{}; {help}", self.message),
            None => self.message.clone(),
        }
    }
}

/// What is counted over all files.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Totals {
    /// Files that hold manifests.
    pub(crate) files: usize,
    /// Objects that were judged.
    pub(crate) objects: usize,
    /// Files that hold no Kubernetes manifest.
    pub(crate) skipped: usize,
    /// Documents that are none, in files that hold some.
    pub(crate) skipped_documents: usize,
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
    /// Those that it can repair with `--assume-eci`.
    #[serde(skip)]
    pub(crate) fixable_as_eci: usize,
    /// Findings that comments take back.
    pub(crate) suppressed: usize,
    /// Comments that are meant to take something back, and are not written so that they do.
    pub(crate) ineffective: usize,
    /// What was not judged.
    pub(crate) failed: usize,
}

impl Totals {
    /// Counts what is said of a file.
    pub(crate) fn count(&mut self, report: &FileReport) {
        self.objects += report.objects;
        for problem in &report.problems {
            match problem.weight {
                Weight::Failure => self.failed += 1,
                Weight::Ineffective => self.ineffective += 1,
                Weight::Remark => {}
            }
        }
        match (report.objects, report.problems.is_empty()) {
            (0, true) => self.skipped += 1,
            _ => {
                self.files += 1;
                self.skipped_documents += report.skipped;
            }
        }
        for found in &report.found {
            if found.suppressed.is_some() {
                self.suppressed += 1;
                continue;
            }
            match found.decision.action {
                Action::Deny => self.denied += 1,
                Action::Fix => self.repaired += 1,
                Action::Warn => self.warned += 1,
                Action::Audit | Action::Off => self.audited += 1,
            }
            // What is exempt is not repaired.
            match found
                .fix
                .as_ref()
                .filter(|_| found.decision.action > Action::Audit)
                .map(|fix| fix.taken)
            {
                Some(Taken::Always) => self.fixable += 1,
                Some(Taken::AsEci) => self.fixable_as_eci += 1,
                Some(Taken::OnDemand) | None => {}
            }
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

/// The writer of a format. What it writes for people carries ANSI styles; the output strips them where they are not
/// wanted.
pub(crate) fn reporter(format: ReportFormat) -> Box<dyn Reporter> {
    match format {
        ReportFormat::Text => Box::new(text::Text),
        ReportFormat::Json => Box::new(json::Json::default()),
        ReportFormat::Sarif => Box::new(sarif::Sarif::default()),
        ReportFormat::Github => Box::new(github::Github),
        ReportFormat::Junit => Box::new(junit::Junit),
    }
}

/// Where a span begins and ends, all from 1; the end is the first character after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The line of the first character.
    pub(crate) line: usize,
    /// The column of the first character.
    pub(crate) column: usize,
    /// The line of the end.
    pub(crate) end_line: usize,
    /// The column of the end.
    pub(crate) end_column: usize,
}

/// Lines and columns of a text, both from 1; columns count characters.
#[derive(Debug)]
pub(crate) struct Lines<'t> {
    text: &'t str,
    /// The offset at which each line begins.
    starts: Vec<usize>,
    /// How many characters stand before each block of [`BLOCK`] bytes: a file may be a single line, and is not counted
    /// anew for each finding.
    counts: Vec<usize>,
}

/// The bytes between two counts of characters.
const BLOCK: usize = 4096;

/// The byte-order mark.
const MARK: char = '\u{feff}';

impl<'t> Lines<'t> {
    /// Finds the lines of `text`.
    pub(crate) fn of(text: &'t str) -> Self {
        let ends = memchr::memchr_iter(b'\n', text.as_bytes());
        let starts = std::iter::once(0).chain(ends.map(|end| end + 1)).collect();
        let mut counts = vec![0];
        let (mut offset, mut count) = (0, 0);
        for block in 1..=text.len() / BLOCK {
            let end = text.floor_char_boundary(block * BLOCK);
            count += characters(text, offset..end);
            counts.push(count);
            offset = end;
        }
        Self {
            text,
            starts,
            counts,
        }
    }

    /// The line and the column of an offset. A byte-order mark has no column.
    pub(crate) fn at(&self, offset: usize) -> (usize, usize) {
        let offset = self.text.floor_char_boundary(offset);
        let (line, start) = self.line(offset);
        (
            line,
            self.count(offset).saturating_sub(self.count(start)) + 1,
        )
    }

    /// Where a span begins and ends.
    pub(crate) fn place(&self, span: &Range<usize>) -> Place {
        let (line, column) = self.at(span.start);
        let (end_line, end_column) = self.at(span.end.max(span.start));
        Place {
            line,
            column,
            end_line,
            end_column,
        }
    }

    /// The line of an offset, and where its text begins.
    fn line(&self, offset: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self
            .starts
            .get(line.saturating_sub(1))
            .copied()
            .unwrap_or_default();
        let has_mark = self
            .text
            .get(start..)
            .is_some_and(|rest| rest.starts_with(MARK));
        (
            line,
            if has_mark {
                start + MARK.len_utf8()
            } else {
                start
            },
        )
    }

    /// Where the text of a line ends, its line break aside.
    fn end_of(&self, line: usize) -> usize {
        let Some(next) = self.starts.get(line) else {
            return self.text.len();
        };
        let end = next.saturating_sub(1);
        let is_return = end
            .checked_sub(1)
            .and_then(|last| self.text.as_bytes().get(last))
            == Some(&b'\r');
        if is_return { end - 1 } else { end }
    }

    /// How many characters stand before an offset.
    fn count(&self, offset: usize) -> usize {
        let block = offset / BLOCK;
        let counted = self.counts.get(block).copied().unwrap_or_default();
        counted
            + characters(
                self.text,
                self.text.floor_char_boundary(block * BLOCK)..offset,
            )
    }
}

/// How many characters a range of `text` holds.
fn characters(text: &str, range: Range<usize>) -> usize {
    text.get(range).unwrap_or_default().chars().count()
}

/// The character, or what stands for it where it is a control character or turns the direction of writing: no content
/// of a file steers a terminal.
fn visible(c: char) -> char {
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

#[cfg(test)]
mod fixtures {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use eci_security_context::rules::RULES;

    use super::*;

    /// The manifest of most tests, with characters of more than one byte before what is found.
    pub(super) const MANIFEST: &str = "\
kind: Deployment
metadata: {name: web, namespace: shop}
# größer
spec: {note: \"größer\", privileged: true}
";

    /// A finding on the first `value` in `text`.
    pub(super) fn found(rule: &str, action: Action, text: &str, value: &str) -> Found {
        let start = text.find(value).unwrap();
        Found {
            rule: RULES.iter().find(|known| known.id == rule).unwrap(),
            decision: Decision {
                action,
                why: eci_security_context::policy::decide::Why::Default,
            },
            document: 0,
            object: "Deployment shop/web".to_owned(),
            path: "spec.template.spec.containers[0].securityContext.privileged".to_owned(),
            message: "true needs an approval by Alibaba Cloud".to_owned(),
            help: "remove it".to_owned(),
            span: start..start + value.len(),
            fix: None,
            suppressed: None,
        }
    }

    pub(super) fn problem(message: &str, span: Option<Range<usize>>) -> Problem {
        Problem {
            span,
            message: message.to_owned(),
            help: Some("repair it".to_owned()),
            weight: Weight::Failure,
        }
    }

    pub(super) fn report(name: &str, text: &str, found: Vec<Found>) -> FileReport {
        FileReport {
            name: name.to_owned(),
            text: text.to_owned(),
            objects: 1,
            found,
            ..FileReport::default()
        }
    }

    /// The denial of the manifest.
    pub(super) fn denial() -> FileReport {
        let found = found("privileged", Action::Deny, MANIFEST, "true");
        report("deploy/web.yaml", MANIFEST, vec![found])
    }

    /// What the format writes, without styles.
    pub(super) fn written(format: ReportFormat, reports: &[FileReport], totals: &Totals) -> String {
        anstream::adapter::strip_str(&raw(format, reports, totals)).to_string()
    }

    /// What the format writes.
    pub(super) fn raw(format: ReportFormat, reports: &[FileReport], totals: &Totals) -> String {
        let mut out = Vec::new();
        let mut reporter = reporter(format);
        reporter.begin(&mut out).unwrap();
        for report in reports {
            reporter.file(report, &mut out).unwrap();
        }
        reporter.end(totals, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test may panic"
    )]

    use super::*;

    #[test]
    fn columns_count_characters() {
        let lines = Lines::of("a: größer\nb: 1\r\n");
        assert_eq!(lines.at(0), (1, 1));
        assert_eq!(lines.at("a: größer".len()), (1, 10));
        assert_eq!(lines.at("a: größer\nb: ".len()), (2, 4));
        assert_eq!(lines.at("a: größer\nb: 1\r\n".len()), (3, 1));
        // Nothing lies behind the end; and a span that begins within a character begins with it.
        assert_eq!(lines.at(999), (3, 1));
        assert_eq!(lines.at("a: grö".len() - 1), (1, 6));
    }

    #[test]
    fn a_byte_order_mark_has_no_column() {
        let lines = Lines::of("\u{feff}a: 1");
        assert_eq!(
            [lines.at(0), lines.at(3), lines.at(6)],
            [(1, 1), (1, 1), (1, 4)]
        );
    }

    #[test]
    fn long_lines_are_counted_by_blocks() {
        let text = format!("first\n{}x", "äöß€🎉".repeat(4 * BLOCK));
        let lines = Lines::of(&text);
        let line = text.strip_prefix("first\n").unwrap();
        for (count, (offset, _)) in line.char_indices().enumerate().step_by(997) {
            assert_eq!(lines.at("first\n".len() + offset), (2, count + 1));
        }
    }

    #[test]
    fn nothing_visible_steers_a_terminal() {
        let shown: String = "\u{1b}[31m\u{9b}31m\u{202e}\u{7f}ä\u{301}"
            .chars()
            .map(visible)
            .collect();
        assert_eq!(shown, "␛[31m\u{fffd}31m\u{fffd}␡ä\u{301}");
    }
}
