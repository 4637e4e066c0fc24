//! The command output in README.md and docs/ is generated: every line after a `$` is run, and its output follows.
//! `make bless` writes it again.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod support;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use support::Folder;

#[test]
fn the_pages_show_what_the_command_prints() {
    for page in [
        "README.md",
        "README.zh-CN.md",
        "docs/command.md",
        "docs/operating.md",
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(page);
        let text = fs::read_to_string(&path).unwrap();
        let shown = shown(&text);
        if std::env::var_os("ECI_BLESS").is_some() {
            fs::write(&path, &shown).unwrap();
        }
        assert!(
            text == shown || std::env::var_os("ECI_BLESS").is_some(),
            "{}",
            difference(page, &text, &shown)
        );
    }
}

fn difference(page: &str, text: &str, shown: &str) -> String {
    let diff = similar::TextDiff::from_lines(text, shown);
    format!(
        "{page} is not up to date; run `make bless`:\n{}",
        diff.unified_diff()
    )
}

/// Returns the page with the output of every command in it. The commands run in a folder with the files of the page: a
/// fence with a language and a name is a file.
fn shown(page: &str) -> String {
    let folder = Folder::with(&[]);
    let mut shown = String::new();
    let mut fence: Option<(&str, String)> = None;
    for line in page.split_inclusive('\n') {
        match (&mut fence, line.trim_end().strip_prefix("```")) {
            (None, Some(mark)) => fence = Some((mark, String::new())),
            (None, None) => {}
            (Some((mark, block)), Some(_)) => {
                match mark.split_once(' ') {
                    None if *mark == "console" && is_ours(block) => *block = run(&folder, block),
                    Some((_, name)) => folder.write(name, &*block),
                    None => {}
                }
                shown += block;
                fence = None;
            }
            (Some((_, block)), None) => {
                *block += line;
                continue;
            }
        }
        shown += line;
    }
    assert!(fence.is_none(), "a fence is not closed");
    shown
}

/// True if a block shows this command.
fn is_ours(block: &str) -> bool {
    block
        .lines()
        .next()
        .is_some_and(|first| first.starts_with("$ ") && first.contains("eci-policy"))
}

/// Returns the block with the current output of its commands. An exit code other than 0 is printed at the end.
fn run(folder: &Folder, block: &str) -> String {
    let mut shown = String::new();
    for command in block.lines().filter_map(|line| line.strip_prefix("$ ")) {
        let ran = folder.bash(&format!("exec 2>&1; {command}"));
        write!(shown, "$ {command}\n{}", ran.out).unwrap();
        if ran.code != 0 {
            writeln!(shown, "(exit code {})", ran.code).unwrap();
        }
    }
    shown
}
