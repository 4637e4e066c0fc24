//! The review of a request: findings with what is done about them, or why nothing could be judged.

use crate::json::ReadError;
use crate::policy::decide::Decision;
use crate::policy::scope::Scope;
use crate::policy::section::SettingsErrors;
use crate::rules::rule::Finding;

/// Asks the host for a Namespace by name. Returns the JSON text of the object, or why the host does not give it.
pub type AskNamespace<'h> = dyn Fn(&str) -> Result<String, String> + 'h;

/// The findings of a request.
#[derive(Debug)]
pub struct Review {
    /// The findings in evaluation order, with what is done about them. None of them is off.
    pub findings: Vec<Judged>,
    /// How sure it is that the pod runs on ECI, and the signal that says so. Of a pod that does not, nothing is judged.
    /// `None` for an object without a pod, and for a request that is not judged.
    pub scope: Option<Scope>,
    /// True if the pod is written for Windows: no rule has judged it.
    pub is_windows: bool,
    /// True if a controller owns the object.
    pub is_owned: bool,
}

impl Review {
    /// Returns the review of a request that is not judged.
    pub(super) const fn nothing(scope: Option<Scope>) -> Self {
        Self {
            findings: Vec::new(),
            scope,
            is_windows: false,
            is_owned: false,
        }
    }
}

/// A finding, and what is done about it.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The finding.
    pub finding: Finding,
    /// The action on it, and why.
    pub decision: Decision,
}

/// Why a request is rejected without being judged.
#[derive(Debug)]
pub enum Refusal {
    /// The request cannot be read; the path is that in the payload.
    Unreadable(ReadError),
    /// The settings are not valid.
    Settings(SettingsErrors),
    /// The host does not give the Namespace whose labels count.
    Namespace {
        /// The name of the Namespace; empty where the request names none.
        name: String,
        /// The answer of the host.
        reason: String,
    },
}

impl From<ReadError> for Refusal {
    fn from(error: ReadError) -> Self {
        Self::Unreadable(error.named(&["request", "object"]))
    }
}
