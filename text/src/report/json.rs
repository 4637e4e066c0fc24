//! JSON for programs that read lines.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// Writes a value on one line.
///
/// # Errors
/// If it cannot be written.
pub fn write(out: &mut dyn Write, value: &(impl Serialize + ?Sized)) -> io::Result<()> {
    write_with(out, value, OneLine::default())
}

/// Writes a value on one line, except that each item of an outer list has its own.
///
/// # Errors
/// If it cannot be written.
pub fn write_lists(out: &mut dyn Write, value: &(impl Serialize + ?Sized)) -> io::Result<()> {
    write_with(out, value, OneLine::except_lists())
}

fn write_with(
    out: &mut dyn Write,
    value: &(impl Serialize + ?Sized),
    format: OneLine,
) -> io::Result<()> {
    Ok(value.serialize(&mut Serializer::with_formatter(out, format))?)
}

/// Compact JSON with every control character escaped, also those that JSON allows: an output that strips styles would
/// remove them.
#[derive(Default)]
struct OneLine {
    /// True if an item of an outer array is on a line of its own.
    breaks: bool,
    /// The number of open arrays.
    depth: usize,
}

impl OneLine {
    fn except_lists() -> Self {
        Self {
            breaks: true,
            depth: 0,
        }
    }
}

impl Formatter for OneLine {
    fn begin_array<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.depth += 1;
        out.write_all(b"[")
    }

    fn end_array<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.depth -= 1;
        out.write_all(b"]")
    }

    fn begin_array_value<W: Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        let comma: &[u8] = if first { b"" } else { b"," };
        out.write_all(comma)?;
        match self.breaks && self.depth == 1 {
            true => out.write_all(b"\n"),
            false => Ok(()),
        }
    }

    fn write_string_fragment<W: Write + ?Sized>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        for part in fragment.split_inclusive(char::is_control) {
            let text = part.strip_suffix(char::is_control).unwrap_or(part);
            out.write_all(text.as_bytes())?;
            for control in part.strip_prefix(text).unwrap_or_default().chars() {
                write!(out, "\\u{:04x}", u32::from(control))?;
            }
        }
        Ok(())
    }
}
