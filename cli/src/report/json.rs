//! The report for programs: one JSON object with every file, one finding a line.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    CountRecord, Counts, FileReport, Fix, Found, Lines, Problem, Region, Reporter, Run,
    Suppression, Totals, url_of,
};
use eci_text::report::json::{write, write_lists};

/// The version of the format. It rises when a field is removed, or changes its meaning.
const VERSION: u32 = 1;

/// Writes JSON.
#[derive(Debug)]
pub(super) struct Json {
    run: Run,
    /// True after the first file.
    follows: bool,
}

impl Json {
    pub(super) const fn of(run: Run) -> Self {
        Self {
            run,
            follows: false,
        }
    }
}

impl Reporter for Json {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "{{\"version\":{VERSION},\"run\":")?;
        write(out, &self.run)?;
        write!(out, ",\"files\":[")
    }

    fn file(&mut self, report: &FileReport, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(if self.follows { b",\n" } else { b"\n" })?;
        self.follows = true;
        write_lists(out, &FileRecord::of(report))
    }

    fn end(&mut self, totals: &Totals, counts: &Counts, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(b"\n],\"statistics\":")?;
        write_lists(out, &counts.records())?;
        out.write_all(b",\"totals\":")?;
        write(out, totals)?;
        out.write_all(b"}\n")
    }
}

/// Returns the JSON Schema of the report.
pub(crate) fn schema() -> schemars::Schema {
    schemars::schema_for!(Report<'static>)
}

/// The report of `eci-policy check --format json`.
#[derive(JsonSchema)]
#[expect(
    dead_code,
    reason = "it is written piece by piece, as files are checked"
)]
struct Report<'r> {
    /// The version of the format. It rises when a field is removed, or changes its meaning.
    version: u32,
    /// The profile, the settings and the version by which the run judged.
    run: &'r Run,
    /// The files, in the order in which they were read. Standard input and a large file have a record for each MiB.
    files: Vec<FileRecord<'r>>,
    /// The number of findings by Namespace and rule.
    statistics: Vec<CountRecord<'r>>,
    /// The totals of all files.
    totals: &'r Totals,
}

/// A file.
#[derive(Serialize, JsonSchema)]
struct FileRecord<'r> {
    /// The path as it was given or found, or `<stdin>`.
    file: &'r str,
    /// The number of objects that were reviewed.
    objects: usize,
    /// The problems of reading it.
    problems: Vec<ProblemRecord<'r>>,
    /// The findings, in the order of the file.
    findings: Vec<FindingRecord<'r>>,
}

impl<'r> FileRecord<'r> {
    fn of(report: &'r FileReport) -> Self {
        let lines = report.lines();
        let problems = report.problems.iter();
        let findings = report.found.iter();
        Self {
            file: &report.name,
            objects: report.objects.len(),
            problems: problems
                .map(|problem| ProblemRecord::of(problem, &lines))
                .collect(),
            findings: findings
                .map(|found| FindingRecord::of(found, report, &lines))
                .collect(),
        }
    }
}

/// A problem of reading a file.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ProblemRecord<'r> {
    /// The problem.
    message: &'r str,
    /// The fix, if one is known.
    help: Option<&'r str>,
    /// The line, from 1; null for the whole file, as the next three.
    line: Option<usize>,
    /// The column in characters, from 1.
    column: Option<usize>,
    /// The line of the end.
    end_line: Option<usize>,
    /// The column of the first character after it.
    end_column: Option<usize>,
    /// True if everything was reviewed in spite of it.
    remark: bool,
}

impl<'r> ProblemRecord<'r> {
    fn of(problem: &'r Problem, lines: &Lines<'_>) -> Self {
        let region = problem.span.as_ref().map(|span| lines.region(span));
        Self {
            message: &problem.message,
            help: problem.help.as_deref(),
            line: region.map(|region| region.line),
            column: region.map(|region| region.column),
            end_line: region.map(|region| region.end_line),
            end_column: region.map(|region| region.end_column),
            remark: problem.is_remark(),
        }
    }
}

/// A finding.
#[derive(Serialize, JsonSchema)]
struct FindingRecord<'r> {
    /// The rule.
    rule: &'static str,
    /// The action of the policy: `deny`, `fix`, `warn` or `audit`.
    action: &'static str,
    /// The effect on ECI: `refused`, `lost`, `overridden` or `ignored`.
    effect: &'static str,
    /// The object, such as `Deployment shop/web`.
    object: &'r str,
    /// The field, as the API server prints it.
    path: String,
    /// The problem.
    message: &'r str,
    /// The fix.
    help: &'r str,
    /// The page of the rule.
    url: String,
    /// The reason for the action, where it is not the rule's default or the settings'.
    note: Option<&'static str>,
    #[serde(flatten)]
    region: Region,
    /// The offset of the field in the file, in bytes.
    offset: usize,
    /// The length of the field, in bytes.
    length: usize,
    /// The repair, if there is one.
    fix: Option<FixRecord<'r>>,
    /// True if a controller owns the Pod, so that the finding is one of its owner.
    owned: bool,
    /// Why the finding is suppressed, if it is.
    suppressed: Option<&'r Suppression>,
}

impl<'r> FindingRecord<'r> {
    fn of(found: &'r Found, report: &'r FileReport, lines: &Lines<'_>) -> Self {
        let finding = &found.finding;
        Self {
            rule: finding.rule.id,
            action: found.decision.action.as_str(),
            effect: finding.rule.effect.as_str(),
            object: report.object_of(found),
            path: finding.path.to_string(),
            message: &finding.message,
            help: &finding.help,
            url: url_of(finding.rule),
            note: found.note(),
            region: lines.region(&found.span),
            offset: report.start.offset + found.span.start,
            length: found.span.len(),
            fix: found
                .fix
                .as_ref()
                .map(|fix| FixRecord::of(fix, report.start.offset)),
            owned: report.is_owned(found),
            suppressed: found.suppressed.as_ref(),
        }
    }
}

/// A repair of the file.
#[derive(Serialize, JsonSchema)]
struct FixRecord<'r> {
    /// The title of the change.
    title: &'static str,
    /// The changes of the text, in order.
    replacements: Vec<ReplacementRecord<'r>>,
}

impl<'r> FixRecord<'r> {
    /// Returns the repair in a text that begins at this offset.
    fn of(fix: &'r Fix, start: usize) -> Self {
        let replacements = fix
            .replacements
            .iter()
            .map(|replacement| ReplacementRecord {
                offset: start + replacement.span.start,
                length: replacement.span.len(),
                text: &replacement.text,
            });
        Self {
            title: fix.title,
            replacements: replacements.collect(),
        }
    }
}

/// A change of the text.
#[derive(Serialize, JsonSchema)]
struct ReplacementRecord<'r> {
    /// The offset of the old text, in bytes.
    offset: usize,
    /// The length of the old text, in bytes.
    length: usize,
    /// The new text.
    text: &'r str,
}

#[cfg(test)]
mod tests;
