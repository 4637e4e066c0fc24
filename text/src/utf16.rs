//! Offsets in UTF-16, as JavaScript counts them.

use std::ops::Range;

/// The bytes between two counts. A text may be large, and is not counted again for each offset.
const BLOCK: usize = 4096;

/// A text whose offsets are converted.
#[derive(Debug)]
pub struct Utf16<'t> {
    text: &'t str,
    /// The units before each block of [`BLOCK`] bytes.
    counts: Vec<usize>,
}

impl<'t> Utf16<'t> {
    /// Counts the units of a text.
    pub fn of(text: &'t str) -> Self {
        let mut counts = vec![0];
        let (mut start, mut count) = (0, 0);
        for block in 1..=text.len() / BLOCK {
            let end = text.floor_char_boundary(block * BLOCK);
            count += units(text, start..end);
            counts.push(count);
            start = end;
        }
        Self { text, counts }
    }

    /// Returns the units before an offset in bytes.
    pub fn at(&self, offset: usize) -> usize {
        let offset = self.text.floor_char_boundary(offset);
        let block = offset / BLOCK;
        let start = self.text.floor_char_boundary(block * BLOCK);
        self.counts.get(block).copied().unwrap_or_default() + units(self.text, start..offset)
    }

    /// Returns the offset in bytes behind this many units. One inside a character is its start.
    pub fn offset(&self, at: usize) -> usize {
        let block = self.counts.partition_point(|count| *count <= at) - 1;
        let mut left = at - self.counts.get(block).copied().unwrap_or_default();
        let mut offset = self.text.floor_char_boundary(block * BLOCK);
        for c in self.text.get(offset..).unwrap_or_default().chars() {
            if left < c.len_utf16() {
                break;
            }
            left -= c.len_utf16();
            offset += c.len_utf8();
        }
        offset
    }
}

fn units(text: &str, range: Range<usize>) -> usize {
    let characters = text.get(range).unwrap_or_default().chars();
    characters.map(char::len_utf16).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_those_of_a_count_from_the_start() {
        let text = "a\u{feff}\u{e4}\u{df}\u{20ac}\u{1f389}\n".repeat(2 * BLOCK);
        let utf16 = Utf16::of(&text);
        let mut at = 0;
        for (offset, c) in text.char_indices() {
            assert_eq!(utf16.at(offset), at);
            assert_eq!(utf16.offset(at), offset);
            at += c.len_utf16();
        }
        assert_eq!((utf16.at(text.len()), utf16.at(usize::MAX)), (at, at));
        assert_eq!(
            (utf16.offset(at), utf16.offset(at + 9)),
            (text.len(), text.len())
        );
        let emoji = text.find('\u{1f389}').unwrap_or_default();
        assert_eq!(utf16.offset(utf16.at(emoji) + 1), emoji);
        assert_eq!((Utf16::of("").at(3), Utf16::of("").offset(3)), (0, 0));
    }
}
