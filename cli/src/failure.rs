//! Why the command gives up.

use std::io;

/// A reason to give up, for people to read: what, and the way out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Said in words.
    #[error("{0}")]
    Said(String),
    /// The output takes no more.
    #[error("cannot write: {0}")]
    Write(#[from] io::Error),
}

impl Failure {
    pub(crate) fn new(said: impl Into<String>) -> Self {
        Self::Said(said.into())
    }

    /// Whether nobody reads the output any more.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Write(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}
