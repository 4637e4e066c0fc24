//! The report for people: each finding with its source, as compilers show it, and a summary. Suppressed findings, and
//! those for the audit log only, are counted and not shown.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Message, Origin, Renderer, Snippet, Title};
use eci_security_context::rules::rule::Finding;

use crate::console::wrap;

use super::{
    Counts, FileReport, FixTrigger, Found, Lines, Problem, Reporter, Severity, Shown, Totals,
    effect_sentence, printable, url_of, visible,
};

/// The bytes of a line that are kept on either side of a finding, which is more than is shown.
const AROUND: usize = 1024;

/// The position in the rendered text. It occurs nowhere else there, because it is not printable.
const PLACE: char = '\0';

const RENDERER: Renderer = Renderer::styled().decor_style(DecorStyle::Ascii);

/// Writes text.
#[derive(Debug, Default)]
pub(super) struct Text {
    pub(super) shown: Shown,
    /// The width at which messages are wrapped; `None` if a program reads them.
    pub(super) width: Option<usize>,
    /// The rules whose effect was printed.
    pub(super) explained: BTreeSet<&'static str>,
}

impl Reporter for Text {
    fn file(&mut self, report: &FileReport, out: &mut dyn Write) -> io::Result<()> {
        let mut found = self.shown.found(report).peekable();
        let mut problems = self.shown.problems(report).peekable();
        if found.peek().is_none() && problems.peek().is_none() {
            return Ok(());
        }
        let file = File {
            name: printable(&report.name),
            lines: report.lines(),
            width: self.width,
        };
        for problem in problems {
            writeln!(out, "{}\n", file.problem(problem))?;
        }
        for found in found {
            let is_first = self.explained.insert(found.finding.rule.id);
            let object = report.object_of(found);
            writeln!(out, "{}\n", file.found(found, object, is_first))?;
        }
        Ok(())
    }

    fn end(&mut self, totals: &Totals, _counts: &Counts, out: &mut dyn Write) -> io::Result<()> {
        self.shown.summary(totals, out)
    }
}

const fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note | Severity::None => Level::INFO,
    }
}

/// A file with findings.
struct File<'t> {
    name: String,
    lines: Lines<'t>,
    width: Option<usize>,
}

impl File<'_> {
    /// Renders a finding. Its effect is explained only once for each rule.
    fn found(&self, found: &Found, object: &str, is_first: bool) -> String {
        let Finding {
            rule,
            path,
            message,
            help,
            ..
        } = &found.finding;
        let level = level(found.severity());
        let before = found.severity().as_str().len() + rule.id.len() + "[]: ".len();
        let title = level
            .primary_title(self.wrapped(message, before))
            .id(rule.id);
        let note = |level: Level<'static>, text: &str| self.note(level, text);
        let mut notes = vec![note(Level::NOTE, &format!("{object}: {path}"))];
        if is_first {
            notes.push(note(Level::NOTE, effect_sentence(rule.effect)));
        }
        notes.extend(found.note().map(|why| note(Level::NOTE, why)));
        notes.push(note(Level::HELP, help));
        if let Some(fix) = &found.fix {
            let option = match fix.trigger {
                FixTrigger::Always => String::new(),
                FixTrigger::AssumeEci => " --assume-eci".to_owned(),
                FixTrigger::Rule => format!(" --rule {}", rule.id),
            };
            let title = format!("{} (eci-policy fix{option})", fix.title);
            notes.push(note(Level::HELP.with_name("fix"), &title));
        }
        if is_first {
            notes.push(note(Level::NOTE.with_name("see"), &url_of(rule)));
        }
        self.render(title, Some(&found.span), notes)
    }

    fn problem(&self, problem: &Problem) -> String {
        let help = problem
            .help
            .iter()
            .map(|help| self.note(Level::HELP, help))
            .collect();
        let before = problem.severity().as_str().len() + ": ".len();
        self.render(
            level(problem.severity()).primary_title(self.wrapped(&problem.message, before)),
            problem.span.as_ref(),
            help,
        )
    }

    /// Returns a message below the source.
    fn note(&self, level: Level<'static>, text: &str) -> Message<'static> {
        // The number of the line, and the name of the level.
        level.message(self.wrapped(text, "12345 = help: ".len()))
    }

    /// Returns a text without control characters, wrapped so that this much fits before each line.
    fn wrapped(&self, text: &str, before: usize) -> String {
        let text = printable(text);
        match self.width {
            Some(width) => wrap(&text, width.saturating_sub(before)).join("\n"),
            None => text,
        }
    }

    fn render(
        &self,
        title: Title<'_>,
        span: Option<&Range<usize>>,
        notes: Vec<Message<'_>>,
    ) -> String {
        let Some(span) = span else {
            let group = title
                .element(Origin::path(PLACE.to_string()))
                .elements(notes);
            return placed(&group, &self.name);
        };
        let (line, column) = self.lines.at(span.start);
        let (shown, marked) = self.excerpt(span);
        let snippet = Snippet::source(shown)
            .line_start(line)
            .path(PLACE.to_string())
            .annotation(AnnotationKind::Primary.span(marked));
        placed(
            &title.element(snippet).elements(notes),
            &format!("{}:{line}:{column}", self.name),
        )
    }

    /// Returns the shown part of the line on which a span begins, and the underlined bytes of it.
    fn excerpt(&self, span: &Range<usize>) -> (String, Range<usize>) {
        let text = self.lines.text;
        let start = text.floor_char_boundary(span.start);
        let (line, start_of_line) = self.lines.line(start);
        let end_of_line = self.lines.end_of(line);
        // A span may begin in the byte-order mark, or inside a line break.
        let start = start.clamp(start_of_line.min(end_of_line), end_of_line);
        let left = text
            .floor_char_boundary(start.saturating_sub(AROUND))
            .max(start_of_line)
            .min(start);
        let right = text
            .ceil_char_boundary(start.saturating_add(AROUND))
            .min(end_of_line);
        let end = text.floor_char_boundary(span.end).clamp(start, right);
        let part = |range: Range<usize>| text.get(range).unwrap_or_default();
        let mut shown = source(part(left..start));
        let from = shown.len();
        shown.push_str(&source(part(start..end)));
        let to = shown.len();
        shown.push_str(&source(part(end..right)));
        (shown, from..to)
    }
}

/// Returns the rendered group with the position inserted. The renderer would count the columns of the shown part of a
/// long line.
fn placed(group: &Group<'_>, place: &str) -> String {
    let rendered = RENDERER.render(std::slice::from_ref(group));
    match rendered.split_once(PLACE) {
        Some((before, after)) => {
            let after = after.trim_start_matches(|c: char| c == ':' || c.is_ascii_digit());
            format!("{before}{place}{after}")
        }
        None => rendered,
    }
}

/// Returns a piece of source without control characters. The renderer expands tabs.
fn source(text: &str) -> String {
    text.chars()
        .map(|c| if c == '\t' { c } else { visible(c) })
        .collect()
}

#[cfg(test)]
mod tests;
