//! The report for people: each finding with the source it stands in, as compilers show it, and a summary. What is
//! for the audit log only, and what comments take back, is counted, not shown.

use std::io::{self, Write};
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Message, Origin, Renderer, Snippet, Title};
use eci_security_context::rules::rule::{Action, Effect};
use eci_security_context::text::cut;

use super::{FileReport, Found, Lines, Problem, Reporter, Severity, Taken, Totals, visible};

/// The bytes of a line that are looked at on either side of a finding: more than is ever shown.
const AROUND: usize = 1024;
/// The most characters of a message.
const MESSAGE: usize = 1024;

/// Stands for the place in what is rendered; it occurs nowhere else there, as it is not printable.
const PLACE: char = '\0';

const RENDERER: Renderer = Renderer::styled().decor_style(DecorStyle::Ascii);

/// Writes text.
#[derive(Debug)]
pub(super) struct Text;

impl Reporter for Text {
    fn begin(&mut self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    fn file(&mut self, report: &FileReport, out: &mut dyn Write) -> io::Result<()> {
        let told = |found: &&Found| {
            found.suppressed.is_none()
                && matches!(found.severity(), Severity::Error | Severity::Warning)
        };
        let mut found = report.found.iter().filter(told).peekable();
        if found.peek().is_none() && report.problems.is_empty() {
            return Ok(());
        }
        let source = Source {
            name: printable(&report.name),
            lines: Lines::of(&report.text),
        };
        for problem in &report.problems {
            writeln!(out, "{}\n", source.problem(problem))?;
        }
        for found in found {
            writeln!(out, "{}\n", source.found(found))?;
        }
        Ok(())
    }

    fn end(&mut self, totals: &Totals, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", summary(totals))
    }
}

/// A file that is spoken of.
struct Source<'t> {
    name: String,
    lines: Lines<'t>,
}

impl Source<'_> {
    fn found(&self, found: &Found) -> String {
        let level = if found.severity() == Severity::Error {
            Level::ERROR
        } else {
            Level::WARNING
        };
        let title = level
            .primary_title(printable(&found.message))
            .id(found.rule.id);
        let mut notes = vec![
            note(Level::NOTE, &format!("{}: {}", found.object, found.path)),
            note(Level::NOTE, effect(found.rule.effect)),
        ];
        if found.decision.action == Action::Fix {
            notes.push(note(Level::NOTE, "the policy repairs it at admission"));
        }
        if !found.help.is_empty() {
            notes.push(note(Level::HELP, &found.help));
        }
        if let Some(fix) = &found.fix {
            let option = match fix.taken {
                Taken::Always => String::new(),
                Taken::AsEci => " --assume-eci".to_owned(),
                Taken::OnDemand => format!(" --rule {}", found.rule.id),
            };
            let told = format!("{} (eci-policy fix{option})", fix.title);
            notes.push(note(Level::HELP.with_name("fix"), &told));
        }
        self.render(title, Some(&found.span), notes)
    }

    fn problem(&self, problem: &Problem) -> String {
        let level = if problem.is_remark() {
            Level::WARNING
        } else {
            Level::ERROR
        };
        let help = problem
            .help
            .iter()
            .map(|help| note(Level::HELP, help))
            .collect();
        self.render(
            level.primary_title(printable(&problem.message)),
            problem.span.as_ref(),
            help,
        )
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
        let (shown, marked) = self.excerpt(line, span);
        let snippet = Snippet::source(shown)
            .line_start(line)
            .path(PLACE.to_string())
            .annotation(AnnotationKind::Primary.span(marked));
        placed(
            &title.element(snippet).elements(notes),
            &format!("{}:{line}:{column}", self.name),
        )
    }

    /// What is shown of the line where a span begins, and the bytes of that which are underlined.
    fn excerpt(&self, line: usize, span: &Range<usize>) -> (String, Range<usize>) {
        let text = self.lines.text;
        let end_of_line = self.lines.end_of(line);
        let start = text.floor_char_boundary(span.start);
        let (_, start_of_line) = self.lines.line(start);
        // A span may begin in the byte-order mark, or between the two characters of a line break.
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

/// The rendered group, with the place where it belongs. The renderer would count the columns of what is shown, which
/// of a long line is a part.
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

fn note<'a>(level: Level<'a>, text: &str) -> Message<'a> {
    level.message(printable(text))
}

/// A text on one line, without what would steer the terminal.
fn printable(text: &str) -> String {
    let space = |c: char| {
        if matches!(c, '\t' | '\n' | '\r') {
            ' '
        } else {
            visible(c)
        }
    };
    cut(text.chars().map(space).collect(), MESSAGE)
}

/// A piece of source, likewise. The renderer gives a tab its width.
fn source(text: &str) -> String {
    text.chars()
        .map(|c| if c == '\t' { c } else { visible(c) })
        .collect()
}

/// What ECI does, as a sentence.
const fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Refused => {
            "refused: the pod would not be created, or a container of it would not start"
        }
        Effect::Lost => "lost: ECI does not read the field where it stands",
        Effect::Overridden => "overridden: ECI replaces the value by its fixed default",
        Effect::Ignored => "ignored: ECI has no such setting, so the field has no effect",
    }
}

/// What was found, in one line.
pub(super) fn summary(totals: &Totals) -> String {
    let counted = |count: usize, one: &str, many: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{count} {many}")),
    };
    let told: Vec<_> = [
        counted(totals.denied, "denied", "denied"),
        counted(
            totals.repaired,
            "repaired at admission",
            "repaired at admission",
        ),
        counted(totals.warned, "warning", "warnings"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let verdict = match totals {
        _ if !told.is_empty() => Some(told.join(", ")),
        Totals { files: 0, .. } => Some("nothing was judged".to_owned()),
        Totals { failed: 0, .. } => Some("nothing to object to".to_owned()),
        _ => None,
    };
    let clauses: Vec<_> = [
        verdict,
        counted(
            totals.audited,
            "for the audit log only",
            "for the audit log only",
        ),
        counted(totals.suppressed, "suppressed", "suppressed"),
        counted(
            totals.ineffective,
            "suppression without effect",
            "suppressions without effect",
        ),
        counted(
            totals.skipped,
            "file holds no manifest",
            "files hold no manifest",
        ),
        counted(
            totals.skipped_documents,
            "document is no manifest",
            "documents are no manifests",
        ),
        counted(totals.failed, "could not be read", "could not be read"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let files = if totals.files == 1 { "file" } else { "files" };
    let objects = if totals.objects == 1 {
        "object"
    } else {
        "objects"
    };
    let mut summary = format!(
        "{} {files}, {} {objects}: {}",
        totals.files,
        totals.objects,
        clauses.join("; ")
    );
    let repairs = [
        (totals.fixable, "eci-policy fix"),
        (totals.fixable_as_eci, "eci-policy fix --assume-eci"),
    ];
    for (count, command) in repairs.into_iter().filter(|(count, _)| *count > 0) {
        summary.push_str(&format!(". {count} can be repaired: {command}"));
    }
    summary
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test may panic"
    )]

    use proptest::prelude::*;

    use super::super::fixtures::{MANIFEST, denial, found, problem, raw, report, written};
    use super::*;
    use crate::args::ReportFormat::Text;
    use crate::report::{Fix, Suppressed, Weight};

    const DENIED: Totals = Totals {
        files: 1,
        objects: 1,
        skipped: 0,
        skipped_documents: 0,
        denied: 1,
        repaired: 0,
        warned: 0,
        audited: 0,
        fixable: 0,
        fixable_as_eci: 0,
        suppressed: 0,
        ineffective: 0,
        failed: 0,
    };

    /// The lines of a report, without the blanks at their ends and without the summary.
    fn shown(file: FileReport) -> Vec<String> {
        let text = written(Text, &[file], &Totals::default());
        let mut lines: Vec<_> = text
            .lines()
            .map(|line| line.trim_end().to_owned())
            .collect();
        lines.pop();
        lines
    }

    /// The place, the source and the carets, of a finding on a span of a text.
    fn snippet(text: &str, span: Range<usize>) -> [String; 3] {
        let mut file = report(
            "a.yaml",
            text,
            vec![found("privileged", Action::Deny, "true", "true")],
        );
        file.found[0].span = span;
        let lines = shown(file);
        [1, 3, 4].map(|line| lines[line].clone())
    }

    #[test]
    fn a_denial_is_shown_as_compilers_do() {
        assert_eq!(
            written(Text, &[denial()], &DENIED)
                .lines()
                .map(str::trim_end)
                .collect::<Vec<_>>(),
            [
                "error[privileged]: true needs an approval by Alibaba Cloud",
                " --> deploy/web.yaml:4:36",
                "  |",
                "4 | spec: {note: \"größer\", privileged: true}",
                "  |                                    ^^^^",
                "  |",
                "  = note: Deployment shop/web: spec.template.spec.containers[0].securityContext.privileged",
                "  = note: refused: the pod would not be created, or a container of it would not start",
                "  = help: remove it",
                "",
                "1 file, 1 object: 1 denied",
            ]
        );
    }

    #[test]
    fn a_repair_is_a_warning_that_tells_both_ways_to_be_repaired() {
        let mut fixed = found("capability-name", Action::Fix, MANIFEST, "true");
        fixed.fix = Some(Fix {
            title: "rewritten as Kubernetes spells it",
            taken: Taken::Always,
            edits: Vec::new(),
            replacements: Vec::new(),
        });
        let lines = shown(report("a.yaml", MANIFEST, vec![fixed]));
        assert_eq!(
            lines[0],
            "warning[capability-name]: true needs an approval by Alibaba Cloud"
        );
        assert!(lines.contains(&"  = note: the policy repairs it at admission".to_owned()));
        assert!(
            lines.contains(
                &"  = fix: rewritten as Kubernetes spells it (eci-policy fix)".to_owned()
            )
        );
    }

    #[test]
    fn what_is_for_the_audit_log_or_taken_back_is_not_shown() {
        let audited = found("field-ignored", Action::Audit, MANIFEST, "true");
        let mut allowed = found("privileged", Action::Deny, MANIFEST, "true");
        allowed.suppressed = Some(Suppressed {
            reason: "known".to_owned(),
        });
        assert_eq!(
            shown(report("a.yaml", MANIFEST, vec![audited, allowed])),
            [""; 0]
        );
    }

    #[test]
    fn a_problem_is_shown_with_its_place_where_it_has_one() {
        let mut file = report("a.yaml", "a: [\n", Vec::new());
        file.problems = vec![
            problem("it is not YAML", Some(3..4)),
            problem("no such file", None),
        ];
        file.problems[1].weight = Weight::Remark;
        assert_eq!(
            shown(file),
            [
                "error: it is not YAML",
                " --> a.yaml:1:4",
                "  |",
                "1 | a: [",
                "  |    ^",
                "  |",
                "  = help: repair it",
                "",
                "warning: no such file",
                "--> a.yaml",
                " = help: repair it",
                "",
            ]
        );
    }

    #[test]
    fn the_caret_is_under_what_is_meant() {
        let place = |at: &str| format!(" --> a.yaml:{at}");
        for (text, span, at, source, carets) in [
            // At the end of the file, with a line break and without; and an empty file.
            ("a: 1\n", 5..5, "2:1", "2 |", "  | ^"),
            ("a: 1", 4..4, "1:5", "1 | a: 1", "  |     ^"),
            ("", 0..0, "1:1", "1 |", "  | ^"),
            // Behind the end.
            ("a: 1", 9..12, "1:5", "1 | a: 1", "  |     ^"),
            // Nothing, and a range the wrong way round.
            ("a: 1\nb: 2\n", 8..8, "2:4", "2 | b: 2", "  |    ^"),
            // Over several lines.
            (
                "a:\n  b: 1\n  c: 2\n",
                5..17,
                "2:3",
                "2 |   b: 1",
                "  |   ^^^^",
            ),
            (
                "a:\r\n  b: 1\r\n  c: 2\r\n",
                6..19,
                "2:3",
                "2 |   b: 1",
                "  |   ^^^^",
            ),
            // From the end of a line on.
            ("a:\n  b: 1\n", 2..9, "1:3", "1 | a:", "  |   ^"),
            ("a:\r\n  b: 1\n", 3..9, "1:4", "1 | a:", "  |   ^"),
            // Behind a byte-order mark, and in it.
            ("\u{feff}a: 1\n", 6..7, "1:4", "1 | a: 1", "  |    ^"),
            ("\u{feff}a: 1\n", 0..4, "1:1", "1 | a: 1", "  | ^"),
            // Tabs are as wide as four blanks, and wide characters are wide.
            (
                "\ta:\t1\n",
                4..5,
                "1:5",
                "1 |     a:    1",
                "  |           ^",
            ),
            ("名: 1\n", 5..6, "1:4", "1 | 名: 1", "  |     ^"),
            // Within a character.
            ("ä: 1\n", 1..4, "1:1", "1 | ä: 1", "  | ^^^"),
        ] {
            assert_eq!(
                snippet(text, span.clone()),
                [&place(at), source, carets],
                "{text:?} {span:?}"
            );
        }
    }

    #[test]
    fn no_content_of_a_file_steers_the_terminal() {
        let text = "a: \u{1b}[31mred\u{9b}32m \u{202e}\u{0}true\n";
        let mut file = report(
            "a\u{1b}[31m\n.yaml",
            text,
            vec![found("privileged", Action::Deny, text, "true")],
        );
        file.found[0].object = "Pod \u{1b}[31mred".to_owned();
        file.found[0].message = "\u{1b}[31m\u{9b}32m\0 is meant".to_owned();
        file.found[0].help = "remove \u{1b}[31m\0".to_owned();
        file.problems = vec![problem("bad: \u{1b}[31m\u{9b}\r\n", Some(0..1))];
        let colourful = raw(Text, &[file], &DENIED);
        assert!(!colourful.contains("\u{1b}[31m"), "{colourful:?}");
        let text = anstream::adapter::strip_str(&colourful).to_string();
        assert!(
            text.chars().all(|c| c == '\n' || !c.is_control()),
            "{text:?}"
        );
        assert!(
            text.contains("1 | a: ␛[31mred\u{fffd}32m \u{fffd}␀true\n"),
            "{text}"
        );
        assert!(text.contains(" --> a␛[31m .yaml:1:19\n"), "{text}");
    }

    #[test]
    fn of_a_long_line_a_part_is_shown() {
        let text = format!("{}true{}\n", "é".repeat(500_000), "x".repeat(500_000));
        let [place, source, carets] = snippet(&text, 1_000_000..1_000_004);
        assert_eq!(place, " --> a.yaml:1:500001");
        assert!(
            source.starts_with("1 | ...éé") && source.ends_with("xxx..."),
            "{source}"
        );
        assert!(source.chars().count() <= 150, "{source}");
        let caret = carets.chars().position(|c| c == '^').unwrap();
        assert_eq!(
            source.chars().skip(caret).take(4).collect::<String>(),
            "true"
        );
        assert_eq!(carets.matches('^').count(), 4);
        // The whole line is meant.
        let [place, source, carets] = snippet(&text, 0..1_500_004);
        assert_eq!(place, " --> a.yaml:1:1");
        assert!(
            source.chars().count() <= 150 && carets.chars().count() <= 150,
            "{source}\n{carets}"
        );
    }

    #[test]
    fn many_findings_in_one_long_line_are_shown_quickly() {
        let text = "{\"privileged\": true},".repeat(250_000);
        let mut file = report("a.json", &text, Vec::new());
        for at in (0..10_000).map(|position| position * 525) {
            let mut next = found("privileged", Action::Deny, "true", "true");
            next.span = at + 15..at + 19;
            file.found.push(next);
        }
        let started = std::time::Instant::now();
        let shown = written(Text, &[file], &DENIED);
        assert!(shown.contains(" --> a.json:1:5249491\n"));
        // The whole line for each would be 50 GB, which take minutes.
        assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
    }

    #[test]
    fn the_summary_is_a_sentence() {
        let all = Totals {
            files: 3,
            objects: 12,
            skipped: 2,
            skipped_documents: 1,
            denied: 2,
            repaired: 1,
            warned: 4,
            audited: 1,
            fixable: 3,
            fixable_as_eci: 0,
            suppressed: 1,
            ineffective: 0,
            failed: 1,
        };
        assert_eq!(
            summary(&all),
            "3 files, 12 objects: 2 denied, 1 repaired at admission, 4 warnings; 1 for the audit log only; 1 \
             suppressed; 2 files hold no manifest; 1 document is no manifest; \
             1 could not be read. 3 can be repaired: eci-policy fix"
        );
        let none = Totals::default();
        for (totals, said) in [
            (
                Totals {
                    files: 3,
                    objects: 12,
                    ..none
                },
                "3 files, 12 objects: nothing to object to",
            ),
            (
                Totals {
                    files: 1,
                    objects: 1,
                    warned: 1,
                    ..none
                },
                "1 file, 1 object: 1 warning",
            ),
            (
                Totals {
                    files: 1,
                    objects: 2,
                    suppressed: 2,
                    skipped: 1,
                    ..none
                },
                "1 file, 2 objects: nothing to object to; 2 suppressed; 1 file holds no manifest",
            ),
            // Repairs that need a word are told with it, and comments that do nothing are counted.
            (
                Totals {
                    files: 1,
                    objects: 1,
                    warned: 2,
                    fixable: 1,
                    fixable_as_eci: 1,
                    ..none
                },
                "1 file, 1 object: 2 warnings. 1 can be repaired: eci-policy fix. 1 can be repaired: eci-policy fix \
                 --assume-eci",
            ),
            (
                Totals {
                    files: 1,
                    objects: 1,
                    ineffective: 1,
                    ..none
                },
                "1 file, 1 object: nothing to object to; 1 suppression without effect",
            ),
            // What was not read is not found good.
            (
                Totals {
                    files: 1,
                    objects: 2,
                    failed: 2,
                    ..none
                },
                "1 file, 2 objects: 2 could not be read",
            ),
            (
                Totals { skipped: 2, ..none },
                "0 files, 0 objects: nothing was judged; 2 files hold no manifest",
            ),
        ] {
            assert_eq!(summary(&totals), said);
        }
    }

    proptest! {
        #[test]
        fn any_span_of_any_text_is_shown_where_it_is(
            text in "[aä€🎉\u{301}\u{feff}\r\n\t\u{1b}\u{9b} :]{0,40}",
            start in 0usize..160,
            length in 0usize..80,
        ) {
            let (line, column) = Lines::of(&text).at(start);
            let [place, source, carets] = snippet(&text, start..start + length);
            prop_assert_eq!(place.trim_start(), format!("--> a.yaml:{line}:{column}"));
            let number = format!("{line} |");
            prop_assert!(source.trim_start().starts_with(&number), "{source:?}");
            prop_assert!(carets.contains('^'), "{carets:?}");
        }
    }
}
