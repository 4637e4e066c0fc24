//! The comments of a text.

use std::ops::Range;

use granit_parser::{Event, Parser, options};

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment<'t> {
    /// What stands after its `#`, to the end of the line.
    pub text: &'t str,
    /// The bytes of the text that it takes, with its `#`.
    pub span: Range<usize>,
    /// The line on which it stands, from 1.
    pub line: usize,
    /// Whether nothing else stands on its line.
    pub is_alone: bool,
    /// The document that it stands in or, between two of them, the one before it; from 0.
    pub document: usize,
}

/// The comments of a YAML text, as far as it can be read.
pub fn comments(text: &str) -> Vec<Comment<'_>> {
    let content = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mark = text.len() - content.len();
    let options = options! { max_buffered_comment_events: usize::MAX };
    let mut ended = 0;
    let mut comments = Vec::new();
    for (event, span) in Parser::new_from_str_with_options(content, options).map_while(Result::ok) {
        match event {
            Event::DocumentEnd => ended += 1,
            Event::Comment(..) => {
                let within = span.byte_range().unwrap_or_default();
                let span = within.start + mark..within.end + mark;
                let line_before = text.get(..span.start).and_then(|before| before.rsplit('\n').next());
                comments.push(Comment {
                    text: text.get(span.start + 1..span.end).unwrap_or_default(),
                    is_alone: line_before
                        .unwrap_or_default()
                        .trim_matches(['\u{feff}', ' ', '\t'])
                        .is_empty(),
                    line: 0,
                    span,
                    document: ended,
                });
            }
            _ => {}
        }
    }
    // Buffered comments may come before the events of what precedes them.
    comments.sort_by_key(|comment| comment.span.start);
    let (mut line, mut counted) = (1, 0);
    for comment in &mut comments {
        line += text.get(counted..comment.span.start).unwrap_or_default().matches('\n').count();
        counted = comment.span.start;
        comment.line = line;
    }
    comments
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn comments_are_told_with_their_places() {
        let text = "\u{feff}#! top\r\na: 1 # é\nb: | #two\n  # text\nc: '# text'\n---\n  # alone\nd: [1, # in\n 2]\n";
        let told: Vec<_> = comments(text)
            .into_iter()
            .map(|comment| (comment.text, comment.line, comment.is_alone, comment.document))
            .collect();
        assert_eq!(
            told,
            [
                ("! top", 1, true, 0),
                (" é", 2, false, 0),
                ("two", 3, false, 0),
                (" alone", 7, true, 1),
                (" in", 8, false, 1),
            ]
        );
        for comment in comments(text) {
            assert_eq!(text.get(comment.span).unwrap(), format!("#{}", comment.text));
        }
    }

    #[test]
    fn what_cannot_be_read_does_not_take_those_before_it_along() {
        assert_eq!(comments("a: 1 # one\nb: [").first().unwrap().text, " one");
    }
}
