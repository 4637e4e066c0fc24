//! The metadata of a policy, as kwctl reads them of `metadata.yml` and writes them into a module: the members of
//! `Metadata` in Kubewarden's `policy-evaluator`, in their order, under the same conditions.
//!
//! It is stricter in three things. kwctl skips a member that it does not know, takes a policy for Kubernetes without
//! rules, and `*` beside resources; here those are mistakes.

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

/// What a policy says of itself to a cluster, and to those who look at it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Metadata {
    /// Not in the file, but of the execution mode.
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
            "{text:?} is no version: {error}; write it as \"1.35.0\""
        ))
    };
    text.parse().map(Some).map_err(said)
}

/// What the policy is asked for.
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

/// Which language host and guest speak.
#[derive(Debug, Default, Serialize)]
enum ProtocolVersion {
    /// Every one but Kubewarden's own.
    #[default]
    Unknown,
    /// The only version that there is of it.
    #[serde(rename = "v1")]
    V1,
}

/// By which interface the host calls the module.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ExecutionMode {
    /// waPC, with Kubewarden's own calls.
    #[default]
    #[serde(rename = "kubewarden-wapc")]
    KubewardenWapc,
    /// OPA's Wasm ABI, the answer an AdmissionReview.
    #[serde(rename = "opa")]
    Opa,
    /// OPA's Wasm ABI, the answer Gatekeeper's violations.
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

/// What the policy may ask the cluster for.
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
    /// What is wrong, with the line, the field and the way out.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let name = path.display();
        let text = file::read_text(path)?;
        let documents =
            eci_manifest::documents(&text).map_err(|error| format!("{name}: {error}"))?;
        let [document] = documents.as_slice() else {
            return Err(
                format!("{name}: {} documents, where one is to be", documents.len()).into(),
            );
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
            // kwctl calls the module and takes its answer. There is one version to answer with, and that this policy's
            // module does is a test of the module in the host (e2e-tests/tests/module.rs).
            metadata.protocol_version = ProtocolVersion::V1;
        }
        Ok(metadata)
    }

    /// The execution mode.
    pub(crate) fn execution_mode(&self) -> ExecutionMode {
        self.execution_mode
    }

    /// Makes a text, as it is, the usage among the annotations.
    pub(crate) fn set_usage(&mut self, usage: String) {
        self.annotations.insert(USAGE.to_owned(), usage);
    }

    /// The path of the first field that does not hold what it must, and why.
    fn check(&self) -> Result<(), (String, String)> {
        if self.rules.is_empty() && self.policy_type == PolicyType::Kubernetes {
            let reason = "the policy would be asked for nothing; name what it is to judge";
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
            let reason = "an empty apiVersion or kind; name them, such as v1 and Namespace";
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

/// That a list has something, and nothing beside what stands for all.
fn alone<T: PartialEq<A>, A: ?Sized>(all: &A, list: &[T]) -> Result<(), String> {
    match list {
        [] => Err("it is empty; name at least one, or \"*\" for all".to_owned()),
        [_, _, ..] if list.iter().any(|one| one == all) => {
            Err("\"*\" stands for all; remove it, or the others".to_owned())
        }
        _ => Ok(()),
    }
}

/// The API server's conditions for the resources of a webhook's rule: what an earlier one covers is not named again.
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
