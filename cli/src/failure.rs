//! Errors that end the command.

use std::io;

/// An error that ends the command, for people to read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A message with the problem and the fix.
    #[error("{0}")]
    Message(String),
    /// The output cannot be written.
    #[error("cannot write: {0}")]
    Write(#[from] io::Error),
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self::Message(message.into())
    }
}
