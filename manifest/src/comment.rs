//! The comments of a text.

use std::ops::Range;

use granit_parser::{Event, Parser, options};

use crate::part::Part;

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment<'t> {
    /// The text after the `#`, to the end of the line.
    pub text: &'t str,
    /// Its bytes in the whole text, with the `#`.
    pub span: Range<usize>,
    /// Its line in its part, from 1.
    pub line: usize,
    /// True if nothing else is on its line.
    pub is_alone: bool,
}

/// The comments of a part, up to its first syntax error.
pub(crate) fn read<'t>(part: &Part<'t>) -> Vec<Comment<'t>> {
    let (text, offset) = (part.text(), part.span.start);
    let options = options! { max_buffered_comment_events: usize::MAX };
    let mut comments: Vec<_> = Parser::new_from_str_with_options(text, options)
        .map_while(Result::ok)
        .filter(|(event, _)| matches!(event, Event::Comment(..)))
        .filter_map(|(_, span)| {
            let within = span.byte_range()?;
            let line_before = text.get(..within.start)?.rsplit('\n').next()?;
            Some(Comment {
                text: text.get(within.start + 1..within.end)?,
                span: offset + within.start..offset + within.end,
                line: span.start.line(),
                is_alone: line_before.trim_matches([' ', '\t']).is_empty(),
            })
        })
        .collect();
    // The parser reports some comments after the event that follows them.
    comments.sort_by_key(|comment| comment.span.start);
    comments
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use crate::parts;

    #[test]
    fn comments_have_their_positions() {
        let text = "\u{feff}#! top\r\na: 1 # é\nb: | #two\n  # text\nc: '# text'\n---\n  # alone\nd: [1, # in\n 2]\n";
        let comments: Vec<_> = parts(text)
            .iter()
            .flat_map(|part| part.comments())
            .collect();
        let found: Vec<_> = comments
            .iter()
            .map(|comment| (comment.text, comment.line, comment.is_alone))
            .collect();
        assert_eq!(
            found,
            [
                ("! top", 1, true),
                (" é", 2, false),
                ("two", 3, false),
                (" alone", 2, true),
                (" in", 3, false),
            ]
        );
        for comment in comments {
            assert_eq!(
                text.get(comment.span).unwrap(),
                format!("#{}", comment.text)
            );
        }
    }

    #[test]
    fn comments_before_an_error_are_found() {
        let comments = parts("a: 1 # one\nb: [").remove(0).comments();
        assert_eq!(comments.first().unwrap().text, " one");
    }
}
