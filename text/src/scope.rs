//! Why a pod runs on ECI, or does not.

use eci_security_context::eci::signal::INSTANCE_ID;
use eci_security_context::path::Path;
use eci_security_context::pod::template::Location;
use eci_security_context::policy::scope::{Certainty, Signal};

/// Whether a pod runs on ECI, with the signal that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// How sure it is.
    pub certainty: Certainty,
    /// The signal; `None` for a request to ECI's OpenAPI.
    pub signal: Option<Signal>,
}

impl Scope {
    /// Returns the reason in words.
    pub fn reason(self) -> String {
        match (self.certainty, self.signal) {
            (_, None) => "a request to ECI's OpenAPI".to_owned(),
            // These alone decide nothing certain.
            (
                Certainty::Certain,
                Some(Signal::MayBeAcs | Signal::Excluded | Signal::Allowed | Signal::None),
            ) => "the labels of its Namespace".to_owned(),
            (_, Some(signal)) => reason(signal),
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
