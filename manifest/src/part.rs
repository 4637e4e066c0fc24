//! Splits a text into parts that are read one by one.

use std::ops::Range;
use std::sync::Arc;

use memchr::{memchr_iter, memmem};
use serde::de::IgnoredAny;

use crate::comment::{self, Comment};
use crate::document::{Document, flatten};
use crate::error::Error;
use crate::reader;

/// A part of a text. It is read separately, as by kubectl, so that an error in it does not affect the others.
#[derive(Debug, Clone)]
pub struct Part<'t> {
    /// The whole text.
    text: &'t str,
    /// The bytes of the part in the whole text.
    pub span: Range<usize>,
}

/// Splits a text into parts: at lines that begin with `---`, which always begin a document, and between consecutive
/// JSON objects.
pub fn parts(text: &str) -> Vec<Part<'_>> {
    let begin = if text.starts_with('\u{feff}') {
        '\u{feff}'.len_utf8()
    } else {
        0
    };
    let mut starts = vec![begin];
    // A YAML directive is above the `---` of its document, so a text with directives is one part.
    let content = text.as_bytes();
    let has_directives = text.get(begin..).is_some_and(|text| text.starts_with('%'))
        || memmem::find(content, b"\n%").is_some();
    if !has_directives {
        let markers = memmem::find_iter(content, b"\n---").filter(|at| {
            let rest = text.get(at + "\n---".len()..).unwrap_or_default();
            rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n'])
        });
        starts.extend(markers.map(|at| at + 1));
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let mut parts = Vec::new();
    for (start, end) in starts.iter().copied().zip(ends) {
        let begins = stream(text.get(start..end).unwrap_or_default());
        let ends = begins
            .iter()
            .skip(1)
            .map(|begin| start + begin)
            .chain([end]);
        parts.extend(begins.iter().zip(ends).map(|(begin, end)| Part {
            text,
            span: start + begin..end,
        }));
    }
    parts
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
        let mut documents = Vec::new();
        let read = reader::read(self, |tree, root| {
            flatten(self.text, &Arc::new(tree), root, None, &mut documents);
        });
        let before = self.text.get(..self.span.start).unwrap_or_default();
        match read {
            Ok(()) => Ok(documents),
            Err(error) => Err(Error {
                line: error.line + lines_in(before),
                ..error
            }),
        }
    }

    /// The comments of the part, up to its first syntax error.
    pub fn comments(&self) -> Vec<Comment<'t>> {
        comment::read(self)
    }
}
