//! The changes of a file as a unified diff: for programs as it is, for people with colours.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use similar::TextDiff;

use crate::report::visible;

const HEADER: Style = Style::new().bold();
const HUNK: Style = AnsiColor::Cyan.on_default();
const REMOVED: Style = AnsiColor::BrightRed.on_default();
const ADDED: Style = AnsiColor::BrightGreen.on_default();

/// Writes the changes of a file. Without colours, a program such as `patch` can read them.
pub(super) fn write(
    name: &str,
    before: &str,
    after: &str,
    is_coloured: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let diff = TextDiff::from_lines(before, after);
    let mut diff = diff.unified_diff();
    let diff = diff
        .header(&format!("a/{name}"), &format!("b/{name}"))
        .to_string();
    if !is_coloured {
        return out.write_all(diff.as_bytes());
    }
    for (number, line) in diff.lines().enumerate() {
        let style = match line.as_bytes().first() {
            _ if number < 2 => HEADER,
            Some(b'@') => HUNK,
            Some(b'-') => REMOVED,
            Some(b'+') => ADDED,
            _ => Style::new(),
        };
        // The content of a file must not control the terminal.
        let line: String = line
            .chars()
            .map(|c| if c == '\t' { c } else { visible(c) })
            .collect();
        writeln!(out, "{style}{line}{style:#}")?;
    }
    Ok(())
}
