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
}
