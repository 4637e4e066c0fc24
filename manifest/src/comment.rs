//! The comments of a text.

use std::ops::Range;

use granit_parser::{Event, Parser, options};

use crate::reader::Part;

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment<'t> {
    /// What stands after its `#`, to the end of the line.
    pub text: &'t str,
    /// The bytes of the text that it takes, with its `#`.
    pub span: Range<usize>,
    /// The line of its part on which it stands, from 1.
    pub line: usize,
    /// Whether nothing else stands on its line.
    pub is_alone: bool,
}

/// The comments of a part, as far as it can be read.
pub(crate) fn read<'t>(part: Part<'t>) -> Vec<Comment<'t>> {
    let options = options! { max_buffered_comment_events: usize::MAX };
    let mut comments: Vec<_> = Parser::new_from_str_with_options(part.text, options)
        .map_while(Result::ok)
        .filter(|(event, _)| matches!(event, Event::Comment(..)))
        .filter_map(|(_, span)| {
            let within = span.byte_range()?;
            let line_before = part.text.get(..within.start)?.rsplit('\n').next()?;
            Some(Comment {
                text: part.text.get(within.start + 1..within.end)?,
                span: part.offset + within.start..part.offset + within.end,
                line: span.start.line(),
                is_alone: line_before.trim_matches([' ', '\t']).is_empty(),
            })
        })
        .collect();
    // Some come after the events of what follows them.
    comments.sort_by_key(|comment| comment.span.start);
    comments
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use crate::parts;

    #[test]
    fn comments_are_told_with_their_places() {
        let text = "\u{feff}#! top\r\na: 1 # é\nb: | #two\n  # text\nc: '# text'\n---\n  # alone\nd: [1, # in\n 2]\n";
        let comments: Vec<_> = parts(text)
            .iter()
            .flat_map(|part| part.comments())
            .collect();
        let told: Vec<_> = comments
            .iter()
            .map(|comment| (comment.text, comment.line, comment.is_alone))
            .collect();
        assert_eq!(
            told,
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
    fn what_cannot_be_read_does_not_take_those_before_it_along() {
        let comments = parts("a: 1 # one\nb: [").remove(0).comments();
        assert_eq!(comments.first().unwrap().text, " one");
    }
}
