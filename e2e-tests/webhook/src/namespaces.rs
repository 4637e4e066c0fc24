//! The Namespaces of the cluster, for policies that may ask for them.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

/// Reads Namespaces with kubectl, which finds the cluster in `KUBECONFIG`.
pub(crate) struct Cluster {
    kubectl: PathBuf,
}

impl Cluster {
    pub(crate) const fn new(kubectl: PathBuf) -> Self {
        Self { kubectl }
    }

    /// Returns a Namespace.
    ///
    /// # Errors
    /// kubectl's message.
    pub(crate) fn namespace(&self, name: &str) -> Result<Value, String> {
        let output = Command::new(&self.kubectl)
            .args(["get", "namespace", name, "--output=json"])
            .output()
            .map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
    }
}
