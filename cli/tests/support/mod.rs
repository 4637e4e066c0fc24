//! Runs the command in a folder of files.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::fs;
use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use assert_cmd::cargo::cargo_bin_cmd;
use serde_json::Value;
use tempfile::TempDir;

/// A temporary folder.
pub(crate) struct Folder(TempDir);

/// The output and the exit code of the command.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Folder {
    /// A folder with these files, the directories above them included.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            folder.write(name, text);
        }
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        String::from_utf8(fs::read(self.path().join(name)).unwrap()).unwrap()
    }

    /// Returns the names of all files, hidden ones included, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// Returns the command in this folder, without variables for colours and threads.
    pub(crate) fn command(&self) -> Command {
        let mut command = cargo_bin_cmd!("eci-policy");
        command.current_dir(self.path());
        for name in [
            "NO_COLOR",
            "CLICOLOR",
            "CLICOLOR_FORCE",
            "RAYON_NUM_THREADS",
        ] {
            command.env_remove(name);
        }
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, "")
    }

    pub(crate) fn run_with(&self, arguments: &[&str], stdin: impl Into<Vec<u8>>) -> Ran {
        Ran::of(
            &self
                .command()
                .args(arguments)
                .write_stdin(stdin)
                .output()
                .unwrap(),
        )
    }

    /// Runs a script of bash in this folder, in which `eci-policy` is the command.
    pub(crate) fn bash(&self, script: &str) -> Ran {
        let program = cargo_bin_cmd!("eci-policy");
        let directory = Path::new(program.get_program()).parent().unwrap();
        let path = format!("{}:{}", directory.display(), std::env::var("PATH").unwrap());
        let mut command = std::process::Command::new("bash");
        command
            .args(["-c", script])
            .current_dir(self.path())
            .env("PATH", path)
            .env_remove("NO_COLOR");
        Ran::of(&command.output().unwrap())
    }

    /// `check --format json`, which ends with `code`.
    pub(crate) fn checked(&self, code: i32, arguments: &[&str]) -> Value {
        self.run(&[&["check", "--format", "json"], arguments].concat())
            .json(code)
    }
}

impl Ran {
    pub(crate) fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Self {
            code: output.status.code().unwrap(),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }

    /// Returns the output as JSON, after an exit with `code` and an empty standard error.
    pub(crate) fn json(&self, code: i32) -> Value {
        assert_eq!((self.code, self.err.as_str()), (code, ""), "{}", self.out);
        serde_json::from_str(&self.out).unwrap()
    }

    /// Returns the last line, which is the summary.
    pub(crate) fn summary(&self) -> &str {
        self.out.lines().last().unwrap_or_default()
    }
}

/// Returns the findings of all files in a report.
pub(crate) fn findings(report: &Value) -> Vec<&Value> {
    let files = report["files"].as_array().unwrap();
    files
        .iter()
        .flat_map(|file| file["findings"].as_array().unwrap())
        .collect()
}

/// Returns the problems of all files in a report.
pub(crate) fn problems(report: &Value) -> Vec<&Value> {
    let files = report["files"].as_array().unwrap();
    files
        .iter()
        .flat_map(|file| file["problems"].as_array().unwrap())
        .collect()
}

/// Returns a summary of each finding: its rule, action and path.
pub(crate) fn summaries(report: &Value) -> Vec<String> {
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let summary = |finding: &&Value| {
        [
            text(finding, "rule"),
            text(finding, "action"),
            text(finding, "path"),
        ]
        .join(" ")
    };
    findings(report).iter().map(summary).collect()
}

/// Returns a pod on ECI with this `spec`.
pub(crate) fn pod(spec: &str) -> String {
    let head = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, labels: {alibabacloud.com/eci: \"true\"}}\nspec:\n";
    let spec: String = spec.lines().map(|line| format!("  {line}\n")).collect();
    format!("{head}{spec}")
}

/// A pod without findings.
pub(crate) const CLEAN: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: clean, labels: {alibabacloud.com/eci: \"true\"}}
spec: {containers: [{name: web, image: nginx}]}
";

/// A pod that is denied, by the field on its last line.
pub(crate) const DENIED: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: denied, labels: {alibabacloud.com/eci: \"true\"}}
spec:
  containers: [{name: web, image: nginx}]
  hostPID: true
";

/// A pod with a warning.
pub(crate) const WARNED: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: warned, labels: {alibabacloud.com/eci: \"true\"}}
spec:
  containers: [{name: web, image: nginx, securityContext: {procMount: Unmasked}}]
";

/// A pod that is repaired.
pub(crate) const REPAIRED: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: repaired, labels: {alibabacloud.com/eci: \"true\"}}
spec:
  containers: [{name: web, image: nginx, securityContext: {capabilities: {add: [CAP_CHOWN]}}}]
";

/// Invalid YAML: the sequence on line 2 is not closed.
pub(crate) const BROKEN: &str = "a: 1\nb: [1,\n";

/// YAML that is not a Kubernetes object.
pub(crate) const FOREIGN: &str = "services: {web: {image: nginx}}\n";

/// Holds a file of the repository to its content.
pub(crate) fn held(file: &str, content: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    if std::env::var_os("ECI_BLESS").is_some() {
        fs::write(&path, content).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == content,
        "{file} is not up to date; run `make bless`"
    );
}
