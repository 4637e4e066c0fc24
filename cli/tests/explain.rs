//! `eci-policy explain`, as a user calls it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

use std::process::Command;

use eci_security_context::rules::RULES;

/// The exit code, the output, and what is said on standard error.
fn explain(arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_eci-policy"));
    let output = command
        .arg("explain")
        .args(arguments)
        .env_remove("NO_COLOR")
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// The text without its line breaks.
fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_page_of_a_rule_is_complete() {
    for rule in RULES {
        let (code, page, said) = explain(&[rule.id]);
        assert_eq!((code, said.as_str()), (Some(0), ""), "{}", rule.id);
        assert_eq!(page.lines().next(), Some(rule.id));
        let page = unwrapped(&page);
        for part in [
            format!("{}.", rule.summary),
            format!("Effect {}: ", rule.effect.as_str()),
            format!("Default {} ", rule.action.as_str()),
            format!(
                "Fix {} ",
                rule.fix_summary().unwrap_or_else(|| "none".to_owned())
            ),
            format!("Since {} ", rule.since),
            " Why. ".to_owned(),
            " Found: ".to_owned(),
            " Not found: ".to_owned(),
            " The way out. ".to_owned(),
        ] {
            assert!(page.contains(&part), "{}: no {part:?} in {page}", rule.id);
        }
        // Every word of the source, without the marks of Markdown.
        let mut words = page.split(' ');
        for word in rule.docs.replace("](", " <").split_whitespace() {
            let word = word.trim_matches(|c: char| !c.is_alphanumeric());
            let is_mark = word.is_empty() || ["yaml", "bad", "good"].contains(&word);
            assert!(
                is_mark || words.any(|shown| shown.contains(word)),
                "{}: no {word:?} in {page}",
                rule.id
            );
        }
        assert!(!page.contains("**") && !page.contains("```") && !page.contains("]("));
        assert!(!page.contains('\u{1b}'), "no colours in a pipe");
    }
}

#[test]
fn the_head_of_a_page_reads_in_a_hundred_columns() {
    let (_, page, _) = explain(&["sysctl-unsupported"]);
    let head = page.split("\n\n").take(3).collect::<Vec<_>>().join("\n");
    assert!(
        head.contains("\nFix      moved into the annotation")
            && head.contains("\n         covers it, only when")
    );
    assert!(
        head.lines().all(|line| line.chars().count() <= 100),
        "{head}"
    );
}

#[test]
fn without_a_rule_all_are_listed() {
    let (code, table, said) = explain(&[]);
    assert_eq!((code, said.as_str()), (Some(0), ""));
    assert!(
        table.lines().all(|line| line.chars().count() <= 100),
        "{table}"
    );
    let rows: Vec<_> = table
        .lines()
        .filter(|line| !line.starts_with(' '))
        .collect();
    assert!(rows[0].starts_with("rule "));
    // In evaluation order, each with the columns of the specification's table.
    for (row, rule) in rows[1..].iter().zip(RULES) {
        let words: Vec<_> = row.split_whitespace().take(3).collect();
        assert_eq!(words, [rule.id, rule.effect.as_str(), rule.action.as_str()]);
    }
    let text = unwrapped(&table);
    for rule in RULES {
        assert!(text.contains(rule.summary), "{}", rule.id);
        assert!(
            rule.fix_summary()
                .is_none_or(|fix| text.contains(&format!("fix: {fix}"))),
            "{}",
            rule.id
        );
    }
    let columns: Vec<_> = table
        .lines()
        .filter_map(|line| line.find("fix: "))
        .collect();
    assert!(
        columns.len() > 3 && columns.iter().all(|column| *column == columns[0]),
        "{table}"
    );
}

#[test]
fn a_terminal_shows_leading_words_in_bold() {
    let (_, page, _) = explain(&["--color", "always", "privileged"]);
    assert!(
        page.starts_with("\u{1b}[1mprivileged\u{1b}[0m\n"),
        "{page:?}"
    );
    assert!(page.contains("\u{1b}[1mWhy.\u{1b}[0m "));
}

#[test]
fn an_unknown_rule_is_an_error_with_the_way_out() {
    for (id, says) in [
        (
            "priviledged",
            "eci-policy: there is no rule \"priviledged\"; did you mean privileged?\n",
        ),
        (
            "net-policy",
            "eci-policy: there is no rule \"net-policy\"; `eci-policy explain` lists the rules\n",
        ),
        (
            "",
            "eci-policy: there is no rule \"\"; `eci-policy explain` lists the rules\n",
        ),
    ] {
        assert_eq!(explain(&[id]), (Some(2), String::new(), says.to_owned()));
    }
}
