//! Lines and columns of a text.

use std::ops::Range;

use eci_manifest::Place;
use serde::Serialize;

/// The lines and columns of a span, from 1. The end is the first character after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Region {
    /// The line of the first character.
    pub line: usize,
    /// The column of the first character.
    pub column: usize,
    /// The line of the end.
    pub end_line: usize,
    /// The column of the end.
    pub end_column: usize,
}

/// Lines and columns of a text, both from 1; columns count characters.
#[derive(Debug)]
pub struct Lines<'t> {
    /// The text.
    pub text: &'t str,
    /// Where the text begins in its file.
    from: Place,
    /// The offset at which each line begins.
    starts: Vec<usize>,
    /// The number of characters before each block of [`BLOCK`] bytes. A file may be a single line, which is not counted
    /// again for each finding.
    counts: Vec<usize>,
}

/// The bytes between two counts of characters.
const BLOCK: usize = 4096;

/// The byte-order mark.
const MARK: char = '\u{feff}';

impl<'t> Lines<'t> {
    /// Finds the lines of `text`.
    pub fn of(text: &'t str) -> Self {
        Self::from(Place::default(), text)
    }

    /// Finds the lines of a text that begins at this place of its file.
    pub fn from(from: Place, text: &'t str) -> Self {
        let ends = memchr::memchr_iter(b'\n', text.as_bytes());
        let starts = std::iter::once(0).chain(ends.map(|end| end + 1)).collect();
        let mut counts = vec![0];
        let (mut offset, mut count) = (0, 0);
        for block in 1..=text.len() / BLOCK {
            let end = text.floor_char_boundary(block * BLOCK);
            count += characters(text, offset..end);
            counts.push(count);
            offset = end;
        }
        Self {
            text,
            from,
            starts,
            counts,
        }
    }

    /// Returns the line and the column of an offset in the file. A byte-order mark has no column.
    pub fn at(&self, offset: usize) -> (usize, usize) {
        let offset = self.text.floor_char_boundary(offset);
        let (line, start) = self.line(offset);
        let before = if line == 1 { self.from.columns } else { 0 };
        let column = self.count(offset).saturating_sub(self.count(start)) + 1;
        (self.from.lines + line, before + column)
    }

    /// Returns the place of an offset in the file.
    pub fn place(&self, offset: usize) -> Place {
        let (line, column) = self.at(offset);
        Place {
            offset: self.from.offset + offset,
            lines: line - 1,
            columns: column - 1,
        }
    }

    /// Returns the lines and columns of a span.
    pub fn region(&self, span: &Range<usize>) -> Region {
        let (line, column) = self.at(span.start);
        let (end_line, end_column) = self.at(span.end.max(span.start));
        Region {
            line,
            column,
            end_line,
            end_column,
        }
    }

    /// Returns the line of an offset, and the offset of its text.
    pub fn line(&self, offset: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self
            .starts
            .get(line.saturating_sub(1))
            .copied()
            .unwrap_or_default();
        let has_mark = self
            .text
            .get(start..)
            .is_some_and(|rest| rest.starts_with(MARK));
        (
            line,
            if has_mark {
                start + MARK.len_utf8()
            } else {
                start
            },
        )
    }

    /// Returns the offset of the text of a line; `None` behind the last.
    pub fn start_of(&self, line: usize) -> Option<usize> {
        let start = self.starts.get(line.checked_sub(1)?)?;
        Some(self.line(*start).1)
    }

    /// Returns the end of the text of a line, without the line break.
    pub fn end_of(&self, line: usize) -> usize {
        let Some(next) = self.starts.get(line) else {
            return self.text.len();
        };
        let end = next.saturating_sub(1);
        let is_return = end
            .checked_sub(1)
            .and_then(|last| self.text.as_bytes().get(last))
            == Some(&b'\r');
        if is_return { end - 1 } else { end }
    }

    /// Returns the number of characters before an offset.
    fn count(&self, offset: usize) -> usize {
        let block = offset / BLOCK;
        let counted = self.counts.get(block).copied().unwrap_or_default();
        counted
            + characters(
                self.text,
                self.text.floor_char_boundary(block * BLOCK)..offset,
            )
    }
}

/// Returns the number of characters in a range of `text`.
fn characters(text: &str, range: Range<usize>) -> usize {
    text.get(range).unwrap_or_default().chars().count()
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test may panic"
    )]

    use super::*;

    #[test]
    fn columns_count_characters() {
        let lines = Lines::of("a: größer\nb: 1\r\n");
        assert_eq!(lines.at(0), (1, 1));
        assert_eq!(lines.at("a: größer".len()), (1, 10));
        assert_eq!(lines.at("a: größer\nb: ".len()), (2, 4));
        assert_eq!(lines.at("a: größer\nb: 1\r\n".len()), (3, 1));
        // An offset behind the end is the end, and an offset within a character is its start.
        assert_eq!(lines.at(999), (3, 1));
        assert_eq!(lines.at("a: grö".len() - 1), (1, 6));
    }

    #[test]
    fn a_byte_order_mark_has_no_column() {
        let lines = Lines::of("\u{feff}a: 1");
        assert_eq!(
            [lines.at(0), lines.at(3), lines.at(6)],
            [(1, 1), (1, 1), (1, 4)]
        );
    }

    #[test]
    fn long_lines_are_counted_by_blocks() {
        let text = format!("first\n{}x", "äöß€🎉".repeat(4 * BLOCK));
        let lines = Lines::of(&text);
        let line = text.strip_prefix("first\n").unwrap();
        for (count, (offset, _)) in line.char_indices().enumerate().step_by(997) {
            assert_eq!(lines.at("first\n".len() + offset), (2, count + 1));
        }
    }
}
