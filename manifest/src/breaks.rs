//! Line breaks that kubectl sees and YAML 1.2 does not.

use granit_parser::{Event, Parser, ScalarStyle};

/// Returns the offset of the first U+0085, U+2028 or U+2029 outside a quoted scalar. They end a line for kubectl, which
/// reads YAML 1.1: the text behind one in a comment is a field.
pub(crate) fn unquoted(text: &str) -> Option<(usize, char)> {
    // Most texts have none of the bytes with which these characters begin.
    let first = memchr::memchr2(b'\xc2', b'\xe2', text.as_bytes())?;
    let breaks = text
        .char_indices()
        .skip_while(|(at, _)| *at < first)
        .filter(|(_, c)| matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}'));
    let mut breaks = breaks.peekable();
    breaks.peek()?;
    let is_quoted = |style| matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
    let mut quoted = Parser::new_from_str(text)
        .map_while(Result::ok)
        .filter(|(event, _)| matches!(event, Event::Scalar(_, style, ..) if is_quoted(*style)))
        .filter_map(|(_, span)| span.byte_range())
        .peekable();
    breaks.find(|(at, _)| {
        while quoted.next_if(|span| span.end <= *at).is_some() {}
        quoted.peek().is_none_or(|span| *at < span.start)
    })
}
