//! Why a pod runs on ECI, or does not.

use eci_security_context::eci::signal::INSTANCE_ID;
use eci_security_context::path::Path;
use eci_security_context::pod::template::Location;
use eci_security_context::policy::scope::{self, Certainty, Signal};
use eci_security_context::policy::settings::{Possible, ScopeSettings};

/// Whether a pod runs on ECI, with the signal that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// How sure it is.
    pub certainty: Certainty,
    /// The signal; `None` for a request to ECI's OpenAPI.
    pub signal: Option<Signal>,
    /// True if the labels of its Namespace decide.
    pub is_of_namespace: bool,
}

impl Scope {
    /// The scope of a request to ECI's OpenAPI.
    pub const REQUEST: Self = Self {
        certainty: Certainty::Certain,
        signal: None,
        is_of_namespace: false,
    };

    /// Returns the scope that a review found by these settings.
    pub(crate) fn of(found: scope::Scope, settings: ScopeSettings) -> Self {
        let may_be = matches!(found.signal, Signal::Allowed | Signal::MayBeAcs);
        let is_enforced = may_be && settings.possible == Possible::Enforce;
        let is_certain = found.certainty == Certainty::Certain;
        Self {
            certainty: found.certainty,
            signal: Some(found.signal),
            is_of_namespace: is_certain && found.raisable && !is_enforced,
        }
    }

    /// Returns the reason in words.
    pub fn reason(self) -> String {
        match self.signal {
            None => "a request to ECI's OpenAPI".to_owned(),
            Some(_) if self.is_of_namespace => "the labels of its Namespace".to_owned(),
            Some(signal) => reason(signal),
        }
    }
}

/// Returns the path of the field that is the signal, where it is one.
pub(crate) fn path(signal: Signal, location: Location) -> Option<Path> {
    let template = Path::of(location.path());
    let metadata = template.field("metadata");
    match signal {
        Signal::Label(key) => Some(metadata.field("labels").key(key)),
        Signal::InstanceId => Some(metadata.field("annotations").key(INSTANCE_ID)),
        Signal::NodeName => Some(template.field("spec").field("nodeName")),
        _ => None,
    }
}

/// Returns the reason in words.
pub fn reason(signal: Signal) -> String {
    let reason = match signal {
        Signal::AssumeEci => "every pod is treated as one that runs on ECI",
        Signal::Label(key) => return format!("label {key}=\"true\""),
        Signal::InstanceId => "its annotation k8s.aliyun.com/eci-instance-id",
        Signal::Acs => "its label or toleration of ACS, another product",
        Signal::MayBeAcs => "it tolerates the nodes of ECI and of ACS",
        Signal::NodeName => "its nodeName is a virtual node",
        Signal::Excluded => "its node affinity excludes virtual nodes",
        Signal::Required => "its node selector, node affinity or annotation requires virtual nodes",
        Signal::Allowed => "its tolerations, node affinity or annotation allow virtual nodes",
        Signal::None => {
            "no label, annotation or node selection for it; the Namespace is not known here"
        }
    };
    reason.to_owned()
}
