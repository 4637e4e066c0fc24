//! Where the command writes for whoever reads: standard output, as long as somebody does, and standard error.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

use eci_security_context::text::one_line;

/// An output that swallows what nobody reads any more (`eci-policy check . | head`): the work goes on, and its verdict
/// is the same.
pub(crate) struct WhileRead<W> {
    /// `None` once the reader has gone.
    out: Option<W>,
}

impl<W: Write> WhileRead<W> {
    pub(crate) const fn new(out: W) -> Self {
        Self { out: Some(out) }
    }

    /// What the writing gives; `gone` where the reader has gone.
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

/// Says something on standard error, on one line, and without what would steer a terminal. Where nobody listens, that
/// is no reason to stop.
pub(crate) fn tell(message: impl Display) {
    writeln!(
        anstream::stderr().lock(),
        "{}",
        one_line(&message.to_string())
    )
    .ok();
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    /// Fails with this kind of error.
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
    fn a_reader_that_goes_is_no_error_and_a_full_disk_is() {
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
}
