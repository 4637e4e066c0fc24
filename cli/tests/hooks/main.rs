//! The hooks of pre-commit and the GitHub action, run on a machine of their own.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

mod action;
mod pre_commit;
mod release;
mod snippets;

use serde_json::Value;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

pub(crate) const COMMAND: &str = env!("CARGO_BIN_EXE_eci-policy");

pub(crate) const GOOD: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {eci: \"true\"}}
spec: {containers: [{name: web, image: nginx}]}
";

pub(crate) const DENIED: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {eci: \"true\"}}
spec: {hostPID: true, containers: [{name: web, image: nginx}]}
";

pub(crate) const REPAIRED: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {eci: \"true\"}}
spec: {containers: [{name: web, image: nginx, securityContext: {capabilities: {drop: [all]}}}]}
";

pub(crate) fn root(file: &str) -> PathBuf {
    fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .unwrap()
        .join(file)
}

pub(crate) fn text(file: &str) -> String {
    fs::read_to_string(root(file)).unwrap()
}

pub(crate) fn yaml(file: &str) -> Value {
    let text = text(file);
    let documents = eci_manifest::documents(&text).unwrap();
    assert_eq!(documents.len(), 1, "{file} is one document");
    documents[0].value()
}

pub(crate) fn is_executable(file: &Path) -> bool {
    fs::metadata(file)
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 == 0o111)
}

pub(crate) fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// A machine with a checkout of this repository, an installed command, a cargo that compiles nothing, and a folder of
/// releases, which is empty.
pub(crate) struct Machine {
    home: TempDir,
    /// The folder of the checkout.
    pub(crate) checkout: PathBuf,
}

impl Machine {
    pub(crate) fn new() -> Self {
        let home = tempfile::Builder::new()
            .prefix("a home ")
            .tempdir()
            .unwrap();
        let checkout = home.path().join("checkout");
        let machine = Self { home, checkout };
        for folder in ["checkout", "bin", "work", "temp", "releases"] {
            fs::create_dir(machine.path(folder)).unwrap();
        }
        symlink(root("scripts"), machine.checkout.join("scripts")).unwrap();
        symlink(root("Cargo.toml"), machine.checkout.join("Cargo.toml")).unwrap();
        symlink(root("cli/tests/support/cargo"), machine.path("bin/cargo")).unwrap();
        symlink(COMMAND, machine.path("bin/eci-policy")).unwrap();
        machine
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.home.path().join(file)
    }

    /// Puts a file into the working directory.
    pub(crate) fn write(&self, file: &str, text: &str) {
        let file = self.path("work").join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    /// A script of the checkout, to be run in the working directory.
    pub(crate) fn script(&self, script: &str) -> Command {
        let mut command = Command::new(self.checkout.join(script));
        let path = format!(
            "{}:{}",
            self.path("bin").display(),
            std::env::var("PATH").unwrap()
        );
        command
            .current_dir(self.path("work"))
            .env("PATH", path)
            .env("COMMAND", COMMAND);
        command
            .env("CARGO_CALL", self.path("call"))
            .env("RUNNER_TEMP", self.path("temp"));
        command.env("GITHUB_ACTION_PATH", &self.checkout);
        let releases = format!("file://{}", self.path("releases").display());
        command.env("ECI_POLICY_RELEASES", releases.replace(' ', "%20"));
        command
            .env("GITHUB_OUTPUT", self.path("output"))
            .env("GITHUB_PATH", self.path("added"));
        command
    }

    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap_or_default()
    }

    /// Returns the directory and the arguments of the call of cargo.
    pub(crate) fn cargo_call(&self) -> Vec<String> {
        self.read("call").lines().map(str::to_owned).collect()
    }
}
