//! Standard output, until its reader closes it, and standard error.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

use std::sync::OnceLock;

use eci_security_context::text::one_line;
use textwrap::{WordSeparator, WordSplitter, WrapAlgorithm};

/// An output that drops everything after its reader closed it (`eci-policy check . | head`). The work goes on, and the
/// exit code is the same.
pub(crate) struct WhileRead<W> {
    /// `None` after the reader closed it.
    out: Option<W>,
}

impl<W: Write> WhileRead<W> {
    pub(crate) const fn new(out: W) -> Self {
        Self { out: Some(out) }
    }

    /// Writes, and returns the result; `gone` if the reader closed the output.
    fn with<T>(&mut self, gone: T, write: impl FnOnce(&mut W) -> io::Result<T>) -> io::Result<T> {
        let Some(out) = &mut self.out else {
            return Ok(gone);
        };
        match write(out) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.out = None;
                Ok(gone)
            }
            written => written,
        }
    }
}

impl<W: Write> Write for WhileRead<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.with(bytes.len(), |out| out.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.with((), W::flush)
    }
}

/// Prints a line on standard error, without control characters. A closed standard error is ignored.
pub(crate) fn to_stderr(message: impl Display) {
    writeln!(
        anstream::stderr().lock(),
        "{}",
        one_line(&message.to_string())
    )
    .ok();
}

/// The width of a text for people.
const WIDTH: usize = 100;

/// Returns the width of the terminal that shows the output; `None` if a program reads it.
pub(crate) fn terminal_width() -> Option<usize> {
    static TERMINAL: OnceLock<Option<usize>> = OnceLock::new();
    *TERMINAL.get_or_init(|| {
        let size = terminal_size::terminal_size_of(io::stdout());
        size.map(|(width, _)| usize::from(width.0).max(NARROWEST))
    })
}

/// The width at which a terminal is too narrow for columns.
const NARROWEST: usize = 40;

/// Returns the width of a text: that of the terminal, and at most 100 columns.
pub(crate) fn text_width() -> usize {
    terminal_width().map_or(WIDTH, |width| width.min(WIDTH))
}

/// Returns the lines of a text, wrapped between words. A word that is wider than a line has its own line.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let options = textwrap::Options::new(width)
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit);
    let lines = textwrap::wrap(text, options).into_iter();
    lines.map(Cow::into_owned).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    /// An output that fails with this kind of error.
    struct Failing(ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(self.0.into())
        }
    }

    #[test]
    fn a_closed_pipe_is_ignored_and_a_full_disk_is_an_error() {
        let mut out = WhileRead::new(Failing(ErrorKind::BrokenPipe));
        out.write_all(b"text").unwrap();
        out.flush().unwrap();
        let mut out = WhileRead::new(Failing(ErrorKind::StorageFull));
        assert_eq!(
            out.write_all(b"text").unwrap_err().kind(),
            ErrorKind::StorageFull
        );
        assert_eq!(out.flush().unwrap_err().kind(), ErrorKind::StorageFull);
    }

    #[test]
    fn text_is_wrapped_between_words() {
        assert_eq!(wrap("ab cd  ef", 5), ["ab cd", "ef"]);
        assert_eq!(wrap("ab  cd ef-gh", 7), ["ab  cd", "ef-gh"]);
        assert_eq!(wrap("a longword b", 4), ["a", "longword", "b"]);
        assert_eq!(wrap("äöü äöü", 7), ["äöü äöü"], "columns are characters");
    }
}
