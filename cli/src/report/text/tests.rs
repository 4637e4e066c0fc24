#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use eci_security_context::rules::rule::Action;
use proptest::prelude::*;

use super::super::fixtures::{
    MANIFEST, by_comment, denial, fix, found, problem, raw, report, written,
};
use super::*;
use crate::args::ReportFormat::Text;
use crate::report::Weight;

const DENIED: Totals = Totals {
    files: 1,
    objects: 1,
    on_eci: 1,
    possible: 0,
    elsewhere: 0,
    skipped: 0,
    skipped_documents: 0,
    denied: 1,
    repaired: 0,
    warned: 0,
    audited: 0,
    fixable: 0,
    fixable_as_eci: 0,
    owned: 0,
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
            "error[privileged]: privileged: true is not allowed",
            " --> deploy/web.yaml:4:36",
            "  |",
            "4 | spec: {note: \"größer\", privileged: true}",
            "  |                                    ^^^^",
            "  |",
            "  = note: Deployment shop/web: spec.template.spec.containers[0].securityContext.privileged",
            "  = note: refused: ECI, the API server or the runtime refuses the pod, or a container never starts",
            "  = help: remove it",
            "  = see: https://github.com/eci-security-context/eci-security-context/blob/main/docs/rules.md#privileged",
            "",
            "1 error in 1 object",
        ]
    );
}

#[test]
fn a_repair_is_a_warning_with_both_ways_to_repair() {
    let mut fixed = found("capability-name", Action::Fix, MANIFEST, "true");
    fixed.fix = fix(Vec::new());
    let lines = shown(report("a.yaml", MANIFEST, vec![fixed]));
    assert_eq!(
        lines[0],
        "warning[capability-name]: privileged: true is not allowed"
    );
    assert!(lines.contains(&"  = note: the policy repairs it at admission".to_owned()));
    assert!(lines.contains(&"  = fix: removed (eci-policy fix)".to_owned()));
}

#[test]
fn audited_and_suppressed_findings_are_not_shown() {
    let audited = found("field-ignored", Action::Audit, MANIFEST, "true");
    let mut allowed = found("privileged", Action::Deny, MANIFEST, "true");
    allowed.suppressed = by_comment("known");
    assert_eq!(
        shown(report("a.yaml", MANIFEST, vec![audited, allowed])),
        [""; 0]
    );
}

#[test]
fn a_problem_is_shown_with_its_position() {
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
fn the_caret_is_under_the_span() {
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
    file.objects[0].name = "Pod \u{1b}[31mred".to_owned();
    file.found[0].finding.message = "\u{1b}[31m\u{9b}32m\0 is meant".into();
    file.found[0].finding.help = "remove \u{1b}[31m\0".into();
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

#[test]
fn a_terminal_shows_whole_words() {
    let mut out = Vec::new();
    let mut text = super::Text {
        width: Some(40),
        ..super::Text::default()
    };
    let mut file = denial();
    file.found[0].finding.help = "remove it, or ask for the approval by a ticket".into();
    text.file(&file, &mut out).unwrap();
    let shown = anstream::adapter::strip_bytes(&out).into_vec();
    let shown = String::from_utf8(shown).unwrap();
    let (_, help) = shown.split_once("= help: ").unwrap();
    let lines: Vec<_> = help.lines().take(2).collect();
    assert_eq!(
        lines,
        [
            "remove it, or ask for the",
            "          approval by a ticket"
        ],
        "{shown}"
    );
}
