//! The errors of loading and calling a module.

use std::path::PathBuf;

use wasmtime_provider::wasmtime;

/// The reason why a module could not be loaded or called.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file does not exist.
    #[error("{}: not found; `make policy.wasm` builds the policy", .0.display())]
    NotFound(PathBuf),
    /// The file exists, but cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The bytes are not a module that a waPC host can run.
    #[error("{name} is not a valid waPC module: {reason}; `make policy.wasm` builds one")]
    Load {
        /// The file, or `the module` if it was not read from one.
        name: String,
        /// The cause.
        reason: String,
    },
    /// The guest has no function of this name.
    #[error(
        "the module has no function `{0}`; a Kubewarden policy has `validate`, `validate_settings` and `protocol_version`"
    )]
    NoSuchFunction(String),
    /// The guest answered with an error.
    #[error("`{function}` failed in the guest: {message}")]
    Guest {
        /// The called function.
        function: String,
        /// The guest's message.
        message: String,
    },
    /// The guest trapped: it panicked, or ran out of memory or stack.
    #[error(
        "`{function}` trapped: {reason}; standard error has the message of a panic; add the request to the tests"
    )]
    Trap {
        /// The called function, or `wapc_init`.
        function: String,
        /// The trap.
        reason: String,
    },
    /// The guest took longer than policy-server's deadline.
    #[error("`{0}` was interrupted after {seconds} seconds, policy-server's deadline; measure it with `eci-bench module`", seconds = crate::module::DEADLINE_SECONDS)]
    Deadline(String),
}

/// Part of the provider's message for a guest that it interrupted.
const INTERRUPTED: &str = "deadline exceeded";
/// The start of wapc-guest's message for a function that it does not have.
const NOT_REGISTERED: &str = "No handler registered for function";
/// The starts of wasmtime's messages. wapc passes them on as text, like those of the guest.
const TRAPS: [&str; 4] = [
    "wasm trap:",
    "memory fault",
    "Exited with i32 exit status",
    "wasm function",
];

impl Error {
    pub(crate) fn load(name: &str, source: &wasmtime::Error) -> Self {
        Self::Load {
            name: name.to_owned(),
            reason: format!("{source:#}"),
        }
    }

    /// Returns the error for a call that `wapc` reports as failed.
    pub(crate) fn of_call(function: &str, error: wapc::errors::Error) -> Self {
        let function = function.to_owned();
        let (started, text) = match error {
            wapc::errors::Error::InitFailed(text) => (false, text),
            wapc::errors::Error::GuestCallFailure(text) => (true, text),
            other => (true, other.to_string()),
        };
        if text.contains(INTERRUPTED) {
            Self::Deadline(function)
        } else if text.starts_with(NOT_REGISTERED) {
            Self::NoSuchFunction(function)
        } else if !started || TRAPS.iter().any(|trap| text.starts_with(trap)) {
            Self::Trap {
                function,
                reason: text.trim_end().to_owned(),
            }
        } else {
            Self::Guest {
                function,
                message: text,
            }
        }
    }
}
