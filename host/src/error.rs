//! What can go wrong, and what to do about it.

use std::path::PathBuf;

use wasmtime_provider::wasmtime;

/// Why a module could not be loaded or called.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such file.
    #[error("{}: not found; `make policy.wasm` builds the policy", .0.display())]
    NotFound(PathBuf),
    /// The file is there, but cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The bytes are no module that a waPC host can run.
    #[error("{name} is no waPC module: {reason}; `make policy.wasm` builds one")]
    Load {
        /// The file, or what stands for it.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The guest has registered no function of this name.
    #[error(
        "`{0}` is no function of this module; a Kubewarden policy has `validate`, `validate_settings` and `protocol_version`"
    )]
    NoSuchFunction(String),
    /// The guest answered with an error.
    #[error("`{function}` failed in the guest: {message}")]
    Guest {
        /// The called function.
        function: String,
        /// The guest's words.
        message: String,
    },
    /// The guest trapped: it panicked, or ran out of memory or stack.
    #[error(
        "`{function}` trapped: {reason}; a panic's message stands above, on stderr, and the request that led to it makes a test"
    )]
    Trap {
        /// The called function, or `wapc_init`.
        function: String,
        /// The trap.
        reason: String,
    },
    /// The guest took longer than policy-server would let it.
    #[error("`{0}` was interrupted after {seconds} seconds, policy-server's deadline; `eci-bench module` measures an evaluation", seconds = crate::module::DEADLINE_SECONDS)]
    Deadline(String),
}

/// What the provider says where it interrupted a guest.
const INTERRUPTED: &str = "deadline exceeded";
/// What wapc-guest says where it has no such function.
const NOT_REGISTERED: &str = "No handler registered for function";
/// How wasmtime's own errors begin; wapc hands them over as text, like the guest's.
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

    /// The error in what `wapc` reports of a call.
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
