//! The policies of a manifest, as Kubewarden's controller passes them to policy-server.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
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

/// The policies by their unique name, `clusterwide-NAME`, and the modules that were compiled for them.
pub(crate) struct Policies {
    /// The file that every `registry://` stands for.
    default: PathBuf,
    modules: HashMap<String, Arc<Module>>,
    by_name: HashMap<String, Arc<Policy>>,
}

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
    /// Returns no policies yet.
    pub(crate) fn new(default: PathBuf) -> Self {
        Self {
            default,
            modules: HashMap::new(),
            by_name: HashMap::new(),
        }
    }

    /// Replaces the policies by the ClusterAdmissionPolicies of a manifest.
    ///
    /// # Errors
    /// If a policy cannot be read, a module cannot be compiled, or a module refuses its settings. The policies stay as they
    /// are; policy-server would not start.
    pub(crate) fn replace(&mut self, manifest: &str) -> Result<()> {
        let mut by_name = HashMap::new();
        for document in eci_manifest::documents(manifest)? {
            let document = document.value();
            if document.get("kind").and_then(Value::as_str) != Some("ClusterAdmissionPolicy") {
                continue;
            }
            let Document { metadata, spec } = serde_json::from_value(document)?;
            let name = format!("clusterwide-{}", metadata.name);
            let policy = self
                .module(&spec.module)
                .and_then(|module| Policy::new(spec, module))
                .with_context(|| format!("policy {name}"))?;
            by_name.insert(name, Arc::new(policy));
        }
        ensure!(
            !by_name.is_empty(),
            "the manifest has no ClusterAdmissionPolicy"
        );
        self.by_name = by_name;
        Ok(())
    }

    /// Returns the module at a URL: `registry://…` is the default, and `file://…` a file.
    fn module(&mut self, url: &str) -> Result<Arc<Module>> {
        if let Some(module) = self.modules.get(url) {
            return Ok(Arc::clone(module));
        }
        let path = match url.split_once("://") {
            Some(("registry", _)) => &self.default,
            Some(("file", path)) => Path::new(path),
            _ => bail!("module {url}: neither registry:// nor file://"),
        };
        let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
        let module = Arc::new(Module::from_bytes(&bytes)?);
        self.modules.insert(url.to_owned(), Arc::clone(&module));
        Ok(module)
    }

    /// Returns the policy with this name.
    pub(crate) fn get(&self, name: &str) -> Option<Arc<Policy>> {
        self.by_name.get(name).cloned()
    }
}

impl Policy {
    fn new(spec: Spec, module: Arc<Module>) -> Result<Self> {
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
