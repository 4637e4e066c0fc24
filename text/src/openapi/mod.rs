//! Requests to ECI's OpenAPI, `CreateContainerGroup`. One table maps the parameters of security to the fields of a
//! pod, for `check` and for `convert`. Other parameters are ignored.

mod describe;
mod read;
mod review;
mod write;

pub(crate) use read::{Request, flat, of_value};
pub(crate) use write::{encoded, nested};

use std::ops::Range;

use eci_security_context::pod::ContainerList;
use serde_json::Value;

/// A parameter, and the field of a pod that it sets.
///
/// Sources: `CreateContainerGroup` of the API version 2018-08-08, and "Configure a security context for an elastic
/// container instance or a container" of April 1, 2026.
#[derive(Debug)]
pub(crate) struct Parameter {
    /// The name, without the prefix of its container. The items of a list append numbers from 1.
    pub(crate) name: &'static str,
    /// The keys of the field, from the container or the pod's `spec`.
    pub(crate) field: &'static [&'static str],
    /// The type of its value.
    pub(crate) takes: Takes,
    /// True if init containers take it too.
    pub(crate) on_init: bool,
}

/// The type of a parameter's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// A 64-bit integer.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// `true`, the only valid value.
    True,
    /// A list of capabilities.
    Capabilities,
}

/// The parameters of the group: fields of the pod's `spec`.
pub(crate) static OF_GROUP: &[Parameter] = &[Parameter {
    name: "ShareProcessNamespace",
    field: &["shareProcessNamespace"],
    takes: Takes::Boolean,
    on_init: true,
}];

/// The parameters of a container.
pub(crate) static OF_CONTAINER: &[Parameter] = &[
    Parameter {
        name: "SecurityContext.RunAsUser",
        field: &["securityContext", "runAsUser"],
        takes: Takes::Integer,
        on_init: true,
    },
    Parameter {
        name: "SecurityContextRunAsGroup",
        field: &["securityContext", "runAsGroup"],
        takes: Takes::Integer,
        on_init: false,
    },
    Parameter {
        name: "SecurityContextRunAsNonRoot",
        field: &["securityContext", "runAsNonRoot"],
        takes: Takes::Boolean,
        on_init: false,
    },
    Parameter {
        name: "SecurityContextPrivileged",
        field: &["securityContext", "privileged"],
        takes: Takes::Boolean,
        on_init: false,
    },
    Parameter {
        name: "SecurityContext.Capability.Add",
        field: &["securityContext", "capabilities", "add"],
        takes: Takes::Capabilities,
        on_init: true,
    },
    Parameter {
        name: "SecurityContext.ReadOnlyRootFilesystem",
        field: &["securityContext", "readOnlyRootFilesystem"],
        takes: Takes::True,
        on_init: true,
    },
];

/// The lists of containers, by their parameter.
pub(crate) static CONTAINERS: [(&str, ContainerList); 2] = [
    ("Container", ContainerList::Main),
    ("InitContainer", ContainerList::Init),
];

impl Parameter {
    /// True if the containers of `list` take it.
    pub(crate) const fn is_of(&self, list: ContainerList) -> bool {
        self.on_init || !matches!(list, ContainerList::Init)
    }
}

/// The position of a parameter in the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Position {
    /// The bytes of a text.
    Bytes(Range<usize>),
    /// The field of a JSON or YAML document, as `Document::span` takes it.
    Field(String),
}

/// The reason why a request cannot be judged.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RequestError {
    /// The position of the parameter.
    pub(crate) position: Position,
    /// The parameter and its problem.
    pub(crate) message: String,
    /// The fix.
    pub(crate) help: String,
}

/// Returns the text of a scalar; `None` for any other value.
pub(crate) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
