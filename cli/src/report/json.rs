//! The report for programs: one JSON object with every file, one finding a line.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use super::lines::Region;
use super::{FileReport, Fix, Found, Lines, Problem, Reporter, Run, Suppression, Totals, url_of};

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
        let lines = Lines::of(&report.text);
        out.write_all(if self.follows { b",\n" } else { b"\n" })?;
        self.follows = true;
        out.write_all(b"{\"file\":")?;
        write(out, &report.name)?;
        write!(out, ",\"objects\":{},\"problems\":", report.objects.len())?;
        list(out, &report.problems, |problem| {
            ProblemRecord::of(problem, &lines)
        })?;
        out.write_all(b",\"findings\":")?;
        list(out, &report.found, |found| {
            FindingRecord::of(found, report, &lines)
        })?;
        out.write_all(b"}")
    }

    fn end(&mut self, totals: &Totals, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(b"\n],\"totals\":")?;
        write(out, totals)?;
        out.write_all(b"}\n")
    }
}

/// Writes an array, one item a line.
fn list<'i, T, R: Serialize>(
    out: &mut dyn Write,
    items: &'i [T],
    record: impl Fn(&'i T) -> R,
) -> io::Result<()> {
    out.write_all(b"[")?;
    for (position, item) in items.iter().enumerate() {
        out.write_all(if position == 0 { b"\n" } else { b",\n" })?;
        write(out, &record(item))?;
    }
    out.write_all(b"]")
}

/// Writes a value on one line.
pub(super) fn write(out: &mut dyn Write, value: &(impl Serialize + ?Sized)) -> io::Result<()> {
    Ok(value.serialize(&mut Serializer::with_formatter(out, OneLine))?)
}

/// Compact JSON with every control character escaped, also those that JSON allows: an output that strips styles would
/// remove them.
struct OneLine;

impl Formatter for OneLine {
    fn write_string_fragment<W: Write + ?Sized>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        for part in fragment.split_inclusive(char::is_control) {
            let text = part.strip_suffix(char::is_control).unwrap_or(part);
            out.write_all(text.as_bytes())?;
            for control in part.strip_prefix(text).unwrap_or_default().chars() {
                write!(out, "\\u{:04x}", u32::from(control))?;
            }
        }
        Ok(())
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProblemRecord<'r> {
    message: &'r str,
    help: Option<&'r str>,
    /// The position; each part is null for a problem of the whole file.
    line: Option<usize>,
    column: Option<usize>,
    end_line: Option<usize>,
    end_column: Option<usize>,
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

#[derive(Serialize)]
struct FindingRecord<'r> {
    rule: &'static str,
    action: &'static str,
    effect: &'static str,
    object: &'r str,
    path: String,
    message: &'r str,
    help: &'r str,
    /// The page of the rule.
    url: String,
    /// The reason for the action, where it is not the rule's default or the settings'.
    note: Option<&'static str>,
    #[serde(flatten)]
    region: Region,
    /// In bytes, by which programs cut a file.
    offset: usize,
    length: usize,
    fix: Option<FixRecord<'r>>,
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
            offset: found.span.start,
            length: found.span.len(),
            fix: found.fix.as_ref().map(FixRecord::of),
            suppressed: found.suppressed.as_ref(),
        }
    }
}

#[derive(Serialize)]
struct FixRecord<'r> {
    title: &'static str,
    replacements: Vec<ReplacementRecord<'r>>,
}

impl<'r> FixRecord<'r> {
    fn of(fix: &'r Fix) -> Self {
        let replacements = fix
            .replacements
            .iter()
            .map(|replacement| ReplacementRecord {
                offset: replacement.span.start,
                length: replacement.span.len(),
                text: &replacement.text,
            });
        Self {
            title: fix.title,
            replacements: replacements.collect(),
        }
    }
}

#[derive(Serialize)]
struct ReplacementRecord<'r> {
    offset: usize,
    length: usize,
    text: &'r str,
}

#[cfg(test)]
mod tests;
