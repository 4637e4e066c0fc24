//! Requests to ECI's OpenAPI, `CreateContainerGroup`: the security parameters and the fields of a pod that they
//! are, in one table that both directions share. Everything else in a request is somebody else's.

mod judge;
mod read;

pub(crate) use read::{Request, flat, of_value};

use std::ops::Range;

use eci_security_context::pod::List;
use serde_json::Value;

/// A parameter, and the field of a pod that it is.
///
/// Sources: `CreateContainerGroup` of the API version 2018-08-08, and "Configure a security context for an elastic
/// container instance or a container" of April 1, 2026.
#[derive(Debug)]
pub(crate) struct Parameter {
    /// Its name below what it is a parameter of. A list's items have numbers from 1 behind it.
    pub(crate) name: &'static str,
    /// The keys down to the field.
    pub(crate) field: &'static [&'static str],
    /// What it takes.
    pub(crate) takes: Takes,
    /// The rule that objects to it on an init container; `None` where init containers take it too.
    pub(crate) barred_on_init: Option<&'static str>,
}

/// What a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// An integer of 64 bits.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// `true`; there is nothing else to configure.
    True,
    /// A list of names of capabilities.
    Capabilities,
}

/// The parameters of the group, which are fields of the pod's `spec`.
pub(crate) static OF_GROUP: &[Parameter] = &[Parameter {
    name: "ShareProcessNamespace",
    field: &["shareProcessNamespace"],
    takes: Takes::Boolean,
    barred_on_init: None,
}];

/// The parameters of a container, which are fields of it.
pub(crate) static OF_CONTAINER: &[Parameter] = &[
    Parameter {
        name: "SecurityContext.RunAsUser",
        field: &["securityContext", "runAsUser"],
        takes: Takes::Integer,
        barred_on_init: None,
    },
    Parameter {
        name: "SecurityContextRunAsGroup",
        field: &["securityContext", "runAsGroup"],
        takes: Takes::Integer,
        barred_on_init: Some("init-container-identity"),
    },
    Parameter {
        name: "SecurityContextRunAsNonRoot",
        field: &["securityContext", "runAsNonRoot"],
        takes: Takes::Boolean,
        barred_on_init: Some("init-container-identity"),
    },
    Parameter {
        name: "SecurityContextPrivileged",
        field: &["securityContext", "privileged"],
        takes: Takes::Boolean,
        barred_on_init: Some("privileged"),
    },
    Parameter {
        name: "SecurityContext.Capability.Add",
        field: &["securityContext", "capabilities", "add"],
        takes: Takes::Capabilities,
        barred_on_init: None,
    },
    Parameter {
        name: "SecurityContext.ReadOnlyRootFilesystem",
        field: &["securityContext", "readOnlyRootFilesystem"],
        takes: Takes::True,
        barred_on_init: None,
    },
];

/// The lists of containers, by their parameter.
pub(crate) static CONTAINERS: [(&str, List); 2] =
    [("Container", List::Main), ("InitContainer", List::Init)];

impl Parameter {
    /// Whether the containers of `list` take it.
    pub(crate) const fn is_of(&self, list: List) -> bool {
        !matches!(list, List::Init) || self.barred_on_init.is_none()
    }
}

/// Where something stands in what was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The bytes of a text.
    Bytes(Range<usize>),
    /// The field of a JSON or YAML document, as `Document::span` takes it.
    Field(String),
}

/// Why a request cannot be judged.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// Where.
    pub(crate) place: Place,
    /// What is wrong, beginning with the parameter.
    pub(crate) message: String,
    /// The way out.
    pub(crate) help: String,
}

/// The value as a request writes it; `None` for what is no scalar.
pub(crate) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use eci_security_context::rules::RULES;

    #[test]
    fn what_objects_is_a_rule() {
        for parameter in OF_GROUP.iter().chain(OF_CONTAINER) {
            let id = parameter.barred_on_init;
            assert!(
                id.is_none_or(|id| RULES.iter().any(|rule| rule.id == id)),
                "{parameter:?}"
            );
        }
    }
}
