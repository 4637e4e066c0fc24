//! Errors of reading: serde_json's, with the path in place of the value.

use std::borrow::Cow;
use std::fmt;

use serde::de::IgnoredAny;
use serde_json::error::Category;

use crate::path::{Path, Step};

/// The message of a map in which a key of the author's is set twice. The map is named, not the key.
pub(super) const KEY_TWICE: &str = "sets a key twice";

/// Why a JSON text could not be read. Holds no value of the text, which may be a token or a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// The text is not JSON, or nested too deeply; the reason.
    NotJson(String),
    /// The text is JSON, but a value is not what is read there.
    Invalid {
        /// The path of the value.
        path: Path,
        /// The error: a clause that follows the path.
        reason: String,
    },
}

impl ReadError {
    /// Returns the error for a value that is missing.
    pub fn missing(path: &[&'static str]) -> Self {
        Self::Invalid {
            path: Path::of(path),
            reason: "is missing".to_owned(),
        }
    }

    /// Explains an error of serde_json: its position gives the path, and what it expected is safe to repeat.
    #[cold]
    pub(super) fn new(text: &str, error: &serde_json::Error) -> Self {
        // A text that is not JSON is reported as such first, wherever the reader stopped.
        if let Err(error) = serde_json::from_str::<IgnoredAny>(text) {
            let reason = match error.classify() {
                Category::Eof => "JSON that ends too early",
                _ => "not JSON",
            };
            return Self::not_json(reason, &error);
        }
        let offset = offset(text, error.line(), error.column());
        let before = text.get(..offset).unwrap_or(text);
        let position = Position::at(before);
        if error.classify() == Category::Syntax {
            // The text is JSON, so this is a number out of range, a string of half characters, or the reader's limit.
            if position.is_in_string {
                return Self::not_json("not JSON: a string is not valid Unicode", error);
            }
            if !before.ends_with(|c: char| c.is_ascii_digit() || c == '.') {
                return Self::not_json("nested deeper than 128 levels", error);
            }
        }
        let message = error.to_string();
        let mut path = position.path;
        let reason = if message.starts_with("duplicate field") {
            "is set twice".to_owned()
        } else if message.starts_with(KEY_TWICE) {
            path = path.parent();
            KEY_TWICE.to_owned()
        } else if message.starts_with("unknown field") {
            "is not expected here".to_owned()
        } else if let Some(field) = message.strip_prefix("missing field `") {
            let field = field.split('`').next().unwrap_or_default();
            format!("has no {field}")
        } else {
            let found = found(before, text.get(offset..).unwrap_or_default());
            match message
                .rsplit_once(", expected ")
                .and_then(|(_, rest)| rest.rsplit_once(" at line "))
            {
                Some(("i64", _)) => format!("is {found}, and must be a 64-bit integer"),
                Some((expected, _)) => format!("is {found}, and must be {expected}"),
                None => format!("is {found}, and must be a 64-bit integer"),
            }
        };
        Self::Invalid { path, reason }
    }

    fn not_json(reason: &str, error: &serde_json::Error) -> Self {
        Self::NotJson(format!(
            "{reason} (line {}, column {})",
            error.line(),
            error.column()
        ))
    }

    /// Returns the error of a text that stands at `path` in a larger one.
    pub fn below(self, above: &[&'static str]) -> Self {
        match self {
            Self::Invalid { path, reason } => Self::Invalid {
                path: Path::of(above).join(&path),
                reason,
            },
            not_json @ Self::NotJson(_) => not_json,
        }
    }

    /// Returns the error, with `path` as the path of the text as a whole.
    pub fn named(self, whole: &[&'static str]) -> Self {
        match self {
            Self::Invalid { path, reason } if path.steps().is_empty() => Self::Invalid {
                path: Path::of(whole),
                reason,
            },
            other => other,
        }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson(reason) => f.write_str(reason),
            Self::Invalid { path, reason } if path.steps().is_empty() => f.write_str(reason),
            Self::Invalid { path, reason } => write!(f, "{path}: {reason}"),
        }
    }
}

/// Returns the byte offset of serde_json's line (from 1) and column (bytes consumed in the line).
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    start + column
}

/// Returns the kind of the value that ends `before`, or that begins `after` where it is an array or an object.
fn found(before: &str, after: &str) -> &'static str {
    match after.trim_start().as_bytes().first() {
        Some(b'{') => return "an object",
        Some(b'[') => return "an array",
        _ => {}
    }
    match before.trim_end().as_bytes().last() {
        Some(b'"') => "a string",
        Some(b'e') => "a boolean",
        Some(b'l') => "null",
        Some(b'}') => "an object",
        Some(b']') => "an array",
        _ => "a number",
    }
}

/// A level of nesting in a JSON text.
enum Level<'t> {
    Array(usize),
    Object(Option<&'t str>),
}

/// Where a JSON text stops. (Tracking the path while reading would cost where nothing is wrong.)
struct Position {
    path: Path,
    is_in_string: bool,
}

impl Position {
    /// Returns the position behind `before`, the beginning of a JSON text.
    fn at(before: &str) -> Self {
        let mut levels: Vec<Level<'_>> = Vec::new();
        let mut bytes = before.bytes().enumerate();
        let mut is_in_string = false;
        while let Some((start, byte)) = bytes.next() {
            match (byte, levels.last_mut()) {
                (b'{', _) => levels.push(Level::Object(None)),
                (b'[', _) => levels.push(Level::Array(0)),
                (b'}' | b']', _) => drop(levels.pop()),
                (b',', Some(Level::Array(index))) => *index += 1,
                (b',', Some(Level::Object(key))) => *key = None,
                (b'"', level) => {
                    let mut is_escaped = false;
                    let end = bytes.find(|(_, byte)| {
                        let is_end = *byte == b'"' && !is_escaped;
                        is_escaped = *byte == b'\\' && !is_escaped;
                        is_end
                    });
                    is_in_string = end.is_none();
                    if let (Some(Level::Object(key @ None)), Some((end, _))) = (level, end) {
                        *key = before.get(start..=end);
                    }
                }
                _ => {}
            }
        }
        let path = levels
            .iter()
            .fold(Path::default(), |path, level| match level {
                Level::Array(index) => path.index(*index),
                Level::Object(None) => path,
                Level::Object(Some(quoted)) => {
                    let key: String = serde_json::from_str(quoted).unwrap_or_default();
                    match key.chars().all(|c| c.is_ascii_alphanumeric()) {
                        true => path.step(Step::Field(Cow::Owned(key))),
                        false => path.key(&key),
                    }
                }
            });
        Self { path, is_in_string }
    }
}
