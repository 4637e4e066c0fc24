//! The command output in README.md and docs/ is generated: every line after a `$` is run, and its output follows.
//! `make bless` writes it again, and its pictures: a line `![…](pictures/NAME.svg)` before such a block shows it as a
//! terminal does.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod support;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anstyle::RgbColor;
use anstyle_svg::Term;
use support::{Folder, held};

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
    let mut picture = None;
    for line in page.split_inclusive('\n') {
        match (&mut fence, line.trim_end().strip_prefix("```")) {
            (None, Some(mark)) => fence = Some((mark, String::new())),
            (None, None) => {
                let link = line.trim_end().strip_suffix(".svg)");
                let name = link.and_then(|link| link.split_once("](pictures/"));
                picture = name
                    .map(|(_, name)| name)
                    .or(picture.filter(|_| line == "\n"));
            }
            (Some((mark, block)), Some(_)) => {
                match mark.split_once(' ') {
                    None if *mark == "console" && is_ours(block) => {
                        if let Some(name) = picture.take() {
                            held(
                                &format!("docs/pictures/{name}.svg"),
                                &terminal(&folder, block),
                            );
                        }
                        *block = run(&folder, block);
                    }
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

/// The width of the terminal in a picture.
const COLUMNS: usize = 112;

/// Returns a picture of a terminal in which the command of the block ran.
fn terminal(folder: &Folder, block: &str) -> String {
    let command = block.lines().next().unwrap_or_default();
    let command = command.trim_start_matches("$ ");
    let ran = folder.bash(&format!("exec 2>&1; CLICOLOR_FORCE=1 {command}"));
    let options = textwrap::Options::new(COLUMNS)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    let lines = ran.out.lines();
    let lines = lines.flat_map(|line| textwrap::wrap(line, &options));
    let text = format!("$ {command}\n{}", lines.collect::<Vec<_>>().join("\n"));
    Term::new()
        .palette(anstyle_svg::WIN10_CONSOLE)
        .fg_color(RgbColor(0xc9, 0xd1, 0xd9).into())
        .bg_color(RgbColor(0x0d, 0x11, 0x17).into())
        .render_svg(&text)
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
