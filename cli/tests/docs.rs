//! What README.md and docs/ show of the command is what it does: every line after a `$` is run, and what follows is
//! what it prints. `make bless` writes it anew.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod support;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use support::Folder;

#[test]
fn the_pages_show_what_the_command_prints() {
    for page in ["README.md", "docs/command.md", "docs/operating.md"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(page);
        let text = fs::read_to_string(&path).unwrap();
        let told = told(&text);
        if std::env::var_os("ECI_BLESS").is_some() {
            fs::write(&path, &told).unwrap();
        }
        assert!(
            text == told || std::env::var_os("ECI_BLESS").is_some(),
            "{}",
            difference(page, &text, &told)
        );
    }
}

fn difference(page: &str, text: &str, told: &str) -> String {
    let diff = similar::TextDiff::from_lines(text, told);
    format!(
        "{page} is not what the command prints; `make bless` writes it anew:\n{}",
        diff.unified_diff()
    )
}

/// The page with the output of every command in it, in a folder in which the files of the page are: a fence that is
/// marked with a language and a name is a file.
fn told(page: &str) -> String {
    let folder = Folder::with(&[]);
    let mut told = String::new();
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
                told += block;
                fence = None;
            }
            (Some((_, block)), None) => {
                *block += line;
                continue;
            }
        }
        told += line;
    }
    assert!(fence.is_none(), "a fence that does not end");
    told
}

/// Whether a block shows this command, and not `make` or `kubectl`.
fn is_ours(block: &str) -> bool {
    block
        .lines()
        .next()
        .is_some_and(|first| first.starts_with("$ ") && first.contains("eci-policy"))
}

/// The block with what its commands print now; an exit code other than 0 is told at the end, as a shell's prompt does.
fn run(folder: &Folder, block: &str) -> String {
    let mut told = String::new();
    for command in block.lines().filter_map(|line| line.strip_prefix("$ ")) {
        let ran = folder.bash(&format!("exec 2>&1; {command}"));
        write!(told, "$ {command}\n{}", ran.out).unwrap();
        if ran.code != 0 {
            writeln!(told, "(exit code {})", ran.code).unwrap();
        }
    }
    told
}
