//! Positions in a text as the protocol counts them: lines from 0, and columns from 0 in UTF-16.

use std::ops::Range;

use lsp_types::Position;

use crate::report::Lines;

/// Returns the position of an offset.
pub(super) fn position(lines: &Lines<'_>, offset: usize) -> Position {
    let (line, start) = lines.line(offset);
    let before = lines.text.get(start..offset).unwrap_or_default();
    Position {
        line: number(line.saturating_sub(1)),
        character: number(before.encode_utf16().count()),
    }
}

/// Returns the range of a span.
pub(super) fn range(lines: &Lines<'_>, span: &Range<usize>) -> lsp_types::Range {
    lsp_types::Range {
        start: position(lines, span.start),
        end: position(lines, span.end.max(span.start)),
    }
}

/// Returns the offset of a position. One behind the end of its line is the end, and one behind the text is its end.
pub(super) fn offset(lines: &Lines<'_>, position: Position) -> usize {
    let line = usize::try_from(position.line).unwrap_or(usize::MAX);
    let line = line.saturating_add(1);
    let Some(start) = lines.start_of(line) else {
        return lines.text.len();
    };
    let text = lines
        .text
        .get(start..lines.end_of(line))
        .unwrap_or_default();
    let mut left = usize::try_from(position.character).unwrap_or(usize::MAX);
    let mut offset = start;
    for c in text.chars() {
        // A position inside a character is its start.
        if left < c.len_utf16() {
            break;
        }
        left -= c.len_utf16();
        offset += c.len_utf8();
    }
    offset
}

/// Returns a number of the protocol.
fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_utf_16() {
        let text = "a: 1\r\nb: \"🎉ö\" # x\n";
        let lines = Lines::of(text);
        for (line, character, before) in [
            (0, 0, ""),
            (0, 4, "a: 1"),
            (1, 0, "a: 1\r\n"),
            (1, 4, "a: 1\r\nb: \""),
            (1, 6, "a: 1\r\nb: \"🎉"),
            (1, 7, "a: 1\r\nb: \"🎉ö"),
            (2, 0, text),
        ] {
            let at = Position { line, character };
            assert_eq!(position(&lines, before.len()), at, "{before:?}");
            assert_eq!(offset(&lines, at), before.len(), "{at:?}");
        }
    }

    #[test]
    fn a_broken_position_is_the_nearest_one() {
        let text = "a: 🎉\nb: 2";
        let lines = Lines::of(text);
        for (line, character, expected) in [
            (0, 4, "a: "),
            (0, 99, "a: 🎉"),
            (1, u32::MAX, text),
            (7, 0, text),
            (u32::MAX, u32::MAX, text),
        ] {
            assert_eq!(offset(&lines, Position { line, character }), expected.len());
        }
    }
}
