//! The metadata of a policy, read from `metadata.yml` and written into a module as kwctl does it: the fields of
//! `Metadata` in Kubewarden's `policy-evaluator`, in the same order and with the same checks.
//!
//! Three things that kwctl accepts are errors here: an unknown field, a Kubernetes policy without rules, and `*` beside
//! other resources.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use semver::Version;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use super::file;
use crate::Failure;

/// The annotation that carries the README.
pub(crate) const USAGE: &str = "io.kubewarden.policy.usage";
/// The annotation that names the repository of the sources.
pub(crate) const SOURCE: &str = "io.kubewarden.policy.source";

/// The metadata of a policy.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Metadata {
    /// Set from the execution mode; the file does not have it.
    #[serde(skip_deserializing)]
    protocol_version: ProtocolVersion,
    rules: Vec<Rule>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    mutating: bool,
    #[serde(default = "yes")]
    background_audit: bool,
    #[serde(default)]
    execution_mode: ExecutionMode,
    #[serde(default)]
    policy_type: PolicyType,
    #[serde(default)]
    context_aware_resources: BTreeSet<ContextAwareResource>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    host_capabilities: Option<BTreeSet<String>>,
    #[serde(
        default,
        deserialize_with = "version",
        skip_serializing_if = "Option::is_none"
    )]
    minimum_kubewarden_version: Option<Version>,
}

const fn yes() -> bool {
    true
}

fn version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Version>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let said = |error| {
        D::Error::custom(format!(
            "{text:?} is not a valid version: {error}; write it as \"1.35.0\""
        ))
    };
    text.parse().map(Some).map_err(said)
}

/// A webhook rule: the requests that reach the policy.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Rule {
    api_groups: Vec<String>,
    api_versions: Vec<String>,
    resources: Vec<String>,
    operations: Vec<Operation>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Operation {
    Create,
    Update,
    Delete,
    Connect,
    #[serde(rename = "*")]
    All,
}

/// The version of the protocol between host and guest.
#[derive(Debug, Default, Serialize)]
enum ProtocolVersion {
    /// Any protocol except Kubewarden's own.
    #[default]
    Unknown,
    /// The only version of Kubewarden's own protocol.
    #[serde(rename = "v1")]
    V1,
}

/// The interface by which the host calls the module.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ExecutionMode {
    /// waPC with Kubewarden's own calls.
    #[default]
    #[serde(rename = "kubewarden-wapc")]
    KubewardenWapc,
    /// OPA's Wasm ABI; the answer is an AdmissionReview.
    #[serde(rename = "opa")]
    Opa,
    /// OPA's Wasm ABI; the answer is Gatekeeper's violations.
    #[serde(rename = "gatekeeper")]
    Gatekeeper,
    /// A program that reads standard input.
    #[serde(rename = "wasi")]
    Wasi,
}

#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum PolicyType {
    #[default]
    Kubernetes,
    Raw,
}

/// A kind of object that the policy may read from the cluster.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ContextAwareResource {
    api_version: String,
    kind: String,
}

impl Metadata {
    /// Reads and checks a `metadata.yml`.
    ///
    /// # Errors
    /// If the file is not valid metadata. The message has the line, the field and the fix.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let name = path.display();
        let text = file::read_text(path)?;
        let documents =
            eci_manifest::documents(&text).map_err(|error| format!("{name}: {error}"))?;
        let [document] = documents.as_slice() else {
            return Err(format!("{name}: expected one document, found {}", documents.len()).into());
        };
        let said = |path: &str, reason: String| {
            format!("{name}:{}: {path}: {reason}", document.line(path))
        };
        let mut metadata: Self =
            serde_path_to_error::deserialize(document.value()).map_err(|error| {
                let path = error.path().to_string();
                said(
                    if path == "." { "metadata" } else { &path },
                    error.inner().to_string(),
                )
            })?;
        metadata
            .check()
            .map_err(|(path, reason)| said(&path, reason))?;
        if metadata.execution_mode == ExecutionMode::KubewardenWapc {
            // kwctl calls the module and takes its answer. There is only one version, and e2e-tests/tests/module.rs
            // checks that this policy's module answers with it.
            metadata.protocol_version = ProtocolVersion::V1;
        }
        Ok(metadata)
    }

    /// Returns the execution mode.
    pub(crate) fn execution_mode(&self) -> ExecutionMode {
        self.execution_mode
    }

    /// Sets the annotation that carries the README.
    pub(crate) fn set_usage(&mut self, usage: String) {
        self.annotations.insert(USAGE.to_owned(), usage);
    }

    /// Returns the path of the first invalid field, and what is wrong with it.
    fn check(&self) -> Result<(), (String, String)> {
        if self.rules.is_empty() && self.policy_type == PolicyType::Kubernetes {
            let reason = "a Kubernetes policy without rules never runs; add a rule";
            return Err(("rules".to_owned(), reason.to_owned()));
        }
        for (index, rule) in self.rules.iter().enumerate() {
            rule.check()
                .map_err(|(field, reason)| (format!("rules[{index}].{field}"), reason))?;
        }
        if self
            .context_aware_resources
            .iter()
            .any(|one| one.api_version.is_empty() || one.kind.is_empty())
        {
            let reason = "apiVersion or kind is empty; set both, such as v1 and Namespace";
            return Err(("contextAwareResources".to_owned(), reason.to_owned()));
        }
        Ok(())
    }
}

impl Rule {
    fn check(&self) -> Result<(), (&'static str, String)> {
        alone("*", &self.api_groups).map_err(|reason| ("apiGroups", reason))?;
        alone("*", &self.api_versions).map_err(|reason| ("apiVersions", reason))?;
        alone(&Operation::All, &self.operations).map_err(|reason| ("operations", reason))?;
        resources(&self.resources).map_err(|reason| ("resources", reason))
    }
}

/// Checks that a list is not empty, and that `all` is alone in it.
fn alone<T: PartialEq<A>, A: ?Sized>(all: &A, list: &[T]) -> Result<(), String> {
    match list {
        [] => Err("the list is empty; name at least one item, or \"*\" for all".to_owned()),
        [_, _, ..] if list.iter().any(|one| one == all) => {
            Err("\"*\" stands for all; remove it or the other items".to_owned())
        }
        _ => Ok(()),
    }
}

/// Checks resources as the API server checks those of a webhook: none may be covered by an earlier one.
fn resources(list: &[String]) -> Result<(), String> {
    alone("*/*", list)?;
    let all = list.iter().any(|one| one == "*");
    for (index, resource) in list.iter().enumerate() {
        let earlier = list.get(..index).unwrap_or_default();
        let covered_by = match resource.split_once('/') {
            _ if resource.is_empty() => {
                return Err("a resource is empty; name one, such as pods".to_owned());
            }
            None if all && resource != "*" => Some("*".to_owned()),
            None => None,
            Some((of, sub)) => [format!("{of}/*"), format!("*/{sub}")]
                .into_iter()
                .find(|wide| earlier.contains(wide)),
        };
        if let Some(wide) = covered_by {
            return Err(format!("\"{wide}\" covers {resource}; remove one of them"));
        }
    }
    Ok(())
}
