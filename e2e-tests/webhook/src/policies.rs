//! The policies of a manifest, as Kubewarden's controller passes them to policy-server.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use eci_host::Module;
use serde::Deserialize;
use serde_json::{Value, json};

/// A policy that answers requests.
pub(crate) struct Policy {
    pub(crate) module: Arc<Module>,
    pub(crate) settings: Value,
    /// True if the policy is in monitor mode.
    pub(crate) monitors: bool,
    /// True if the policy may change the object.
    pub(crate) mutating: bool,
    /// True if the policy may ask for Namespaces.
    pub(crate) reads_namespaces: bool,
}

/// The policies by their unique name, `clusterwide-NAME`.
pub(crate) struct Policies(HashMap<String, Policy>);

#[derive(Deserialize)]
struct Document {
    metadata: Metadata,
    spec: Spec,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    module: String,
    mutating: bool,
    #[serde(default)]
    mode: Mode,
    #[serde(default = "empty")]
    settings: Value,
    #[serde(default)]
    context_aware_resources: Vec<Resource>,
}

#[derive(Default, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Mode {
    #[default]
    Protect,
    Monitor,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
struct Resource {
    api_version: String,
    kind: String,
}

fn empty() -> Value {
    json!({})
}

impl Policies {
    /// Reads the ClusterAdmissionPolicies of a manifest, and compiles their modules: `registry://…` is the one at
    /// `module`, and `file://…` is a file.
    ///
    /// # Errors
    /// If a policy cannot be read, a module cannot be compiled, or a module refuses its settings. policy-server does not
    /// start either.
    pub(crate) fn read(manifest: &str, module: &Path) -> Result<Self> {
        let (mut modules, mut policies) = (HashMap::new(), HashMap::new());
        for document in eci_manifest::documents(manifest)? {
            let document = document.value();
            if document.get("kind").and_then(Value::as_str) != Some("ClusterAdmissionPolicy") {
                continue;
            }
            let Document { metadata, spec } = serde_json::from_value(document)?;
            let name = format!("clusterwide-{}", metadata.name);
            let policy = Policy::new(spec, module, &mut modules)
                .with_context(|| format!("policy {name}"))?;
            policies.insert(name, policy);
        }
        ensure!(
            !policies.is_empty(),
            "the manifest has no ClusterAdmissionPolicy"
        );
        Ok(Self(policies))
    }

    /// Returns the policy with this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Policy> {
        self.0.get(name)
    }
}

impl Policy {
    fn new(spec: Spec, default: &Path, modules: &mut HashMap<String, Arc<Module>>) -> Result<Self> {
        let module = if let Some(module) = modules.get(&spec.module) {
            Arc::clone(module)
        } else {
            let path = match spec.module.split_once("://") {
                Some(("registry", _)) => default,
                Some(("file", path)) => Path::new(path),
                _ => bail!("module {}: neither registry:// nor file://", spec.module),
            };
            let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
            let module = Arc::new(Module::from_bytes(&bytes)?);
            modules.insert(spec.module, Arc::clone(&module));
            module
        };
        let settings = spec.settings.to_string();
        let answer = module.call("validate_settings", settings.as_bytes(), |_| {
            Err("settings are checked without a cluster".to_owned())
        })?;
        let answer: Value = serde_json::from_slice(&answer)?;
        if answer.get("valid") != Some(&Value::Bool(true)) {
            bail!(
                "invalid settings: {}",
                answer.get("message").unwrap_or(&Value::Null)
            );
        }
        let namespace = Resource {
            api_version: "v1".to_owned(),
            kind: "Namespace".to_owned(),
        };
        Ok(Self {
            module,
            settings: spec.settings,
            monitors: spec.mode == Mode::Monitor,
            mutating: spec.mutating,
            reads_namespaces: spec.context_aware_resources.contains(&namespace),
        })
    }
}
