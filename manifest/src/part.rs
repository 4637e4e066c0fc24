//! Splits a text into parts that are read one by one.

use std::ops::Range;
use std::sync::Arc;

use memchr::{memchr_iter, memmem};
use serde::de::IgnoredAny;

use crate::breaks;
use crate::comment::{self, Comment};
use crate::document::{Document, flatten};
use crate::error::{Error, Problem};
use crate::reader;

/// A part of a text. It is read separately, as by kubectl, so that an error in it does not affect the others.
#[derive(Debug, Clone)]
pub struct Part<'t> {
    /// The whole text.
    text: &'t str,
    /// The bytes of the part in the whole text.
    pub span: Range<usize>,
    /// The number of lines before it.
    lines_before: usize,
}

/// Splits a text into parts: at lines that begin with `---`, which always begin a document, and between consecutive
/// JSON objects.
pub fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    parts_in(text, 0..text.len(), &mut parts);
    parts
}

/// Adds the parts of a piece of a text.
pub(crate) fn parts_in<'t>(whole: &'t str, piece: Range<usize>, parts: &mut Vec<Part<'t>>) {
    let text = whole.get(..piece.end).unwrap_or_default();
    let begin = match piece.start {
        0 if text.starts_with('\u{feff}') => '\u{feff}'.len_utf8(),
        start => start,
    };
    let mut starts = vec![begin];
    // A YAML directive is above the `---` of its document, so a text with directives is one part.
    let content = text.get(begin..).unwrap_or_default();
    let has_directives =
        content.starts_with('%') || memmem::find(content.as_bytes(), b"\n%").is_some();
    if !has_directives {
        let markers = memmem::find_iter(content.as_bytes(), b"\n---").filter(|at| {
            let rest = content.get(at + "\n---".len()..).unwrap_or_default();
            rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n'])
        });
        starts.extend(markers.map(|at| begin + at + 1));
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    for (start, end) in starts.iter().copied().zip(ends) {
        let begins = stream(text.get(start..end).unwrap_or_default());
        let ends = begins
            .iter()
            .skip(1)
            .map(|begin| start + begin)
            .chain([end]);
        for (begin, end) in begins.iter().zip(ends) {
            let (from, lines) = parts
                .last()
                .map_or((0, 0), |last| (last.span.start, last.lines_before));
            let between = whole.get(from..start + begin).unwrap_or_default();
            parts.push(Part {
                text: whole,
                span: start + begin..end,
                lines_before: lines + lines_in(between),
            });
        }
    }
}

/// The starts of the objects in a JSON stream, or only the start of any other text.
fn stream(text: &str) -> Vec<usize> {
    // Most texts have no `{` after a `}` and are not parsed twice.
    let meet = |at: usize| {
        text.get(..at)
            .is_some_and(|before| before.trim_ascii_end().ends_with('}'))
    };
    if !text.trim_ascii_start().starts_with('{') || !memchr_iter(b'{', text.as_bytes()).any(meet) {
        return vec![0];
    }
    let mut begins = vec![0];
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    while let Some(value) = values.next() {
        begins.push(values.byte_offset());
        let is_object = |begin: &usize| {
            text.get(*begin..)
                .is_some_and(|rest| rest.trim_ascii_start().starts_with('{'))
        };
        if value.is_err() || !begins.iter().rev().nth(1).is_some_and(is_object) {
            return vec![0];
        }
    }
    // The last offset is the end of the text.
    begins.pop();
    begins
}

pub(crate) fn lines_in(text: &str) -> usize {
    memchr_iter(b'\n', text.as_bytes()).count()
}

impl<'t> Part<'t> {
    /// The text of the part.
    pub fn text(&self) -> &'t str {
        self.text.get(self.span.clone()).unwrap_or_default()
    }

    /// The documents of the part, as [`documents`](crate::documents) reads them.
    ///
    /// # Errors
    /// As [`documents`](crate::documents).
    pub fn documents(&self) -> Result<Vec<Document<'t>>, Error> {
        if let Some((at, c)) = breaks::unquoted(self.text()) {
            return Err(self.error(at, Problem::LineBreak(c)));
        }
        let mut documents = Vec::new();
        let read = reader::read(self, |tree, root| {
            flatten(self.text, &Arc::new(tree), root, None, &mut documents);
        });
        match read {
            Ok(()) => Ok(documents),
            Err(error) => Err(Error {
                line: error.line + self.lines_before,
                ..error
            }),
        }
    }

    /// Returns the error for a problem at an offset in the part.
    fn error(&self, offset: usize, problem: Problem) -> Error {
        let before = self.text().get(..offset).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        Error {
            line: self.lines_before + lines_in(before) + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
            offset: self.span.start + offset,
            problem,
        }
    }

    /// The comments of the part, up to its first syntax error.
    pub fn comments(&self) -> Vec<Comment<'t>> {
        comment::read(self)
    }
}
