//! A folder of files, and the command run in it.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use assert_cmd::cargo::cargo_bin_cmd;
use serde_json::json;
use tempfile::TempDir;

use crate::wasm::annotated;

/// A folder that is removed at the end of the test.
pub(crate) struct Folder(TempDir);

/// The exit code and the output of the command.
#[derive(Debug)]
pub(crate) struct Ran {
    code: i32,
    out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Checks that the command failed with one line that has these parts.
    #[track_caller]
    pub(crate) fn fails(&self, said: &[&str]) {
        assert_eq!((self.code, self.out.as_str()), (1, ""), "{}", self.err);
        assert!(
            self.err.starts_with("xtask: ") && self.err.lines().count() == 1,
            "{}",
            self.err
        );
        for said in said {
            assert!(self.err.contains(said), "{said:?} is not in: {}", self.err);
        }
    }

    /// Checks that the command succeeded and wrote nothing to standard error, and returns its output.
    #[track_caller]
    pub(crate) fn succeeds(&self) -> &str {
        assert_eq!((self.code, self.err.as_str()), (0, ""), "{}", self.out);
        &self.out
    }
}

impl Folder {
    pub(crate) fn with(files: &[(&str, &[u8])]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, bytes) in files {
            folder.write(name, bytes);
        }
        folder
    }

    /// A folder with `policy.wasm`, a module with metadata.
    pub(crate) fn with_policy() -> Self {
        let metadata = json!({"annotations": {"io.kubewarden.policy.title": "one"}});
        Self::with(&[("policy.wasm", &annotated(&metadata))])
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path().join(name), bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path().join(name)).unwrap()
    }

    /// The sorted names of all entries, hidden ones included.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// The command, run in this folder as its home, without the environment's variables for registries.
    pub(crate) fn command(&self) -> Command {
        let mut command = cargo_bin_cmd!("xtask");
        command.current_dir(self.path()).env("HOME", self.path());
        for name in [
            "DOCKER_CONFIG",
            "REGISTRY_USERNAME",
            "REGISTRY_PASSWORD",
            "http_proxy",
            "HTTP_PROXY",
            "https_proxy",
            "HTTPS_PROXY",
            "all_proxy",
            "ALL_PROXY",
        ] {
            command.env_remove(name);
        }
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        ran(self.command().args(arguments))
    }

    /// Pushes `policy.wasm`.
    pub(crate) fn push(&self, reference: &str) -> Ran {
        self.run(&["push", "policy.wasm", reference])
    }

    /// Pushes `policy.wasm` and returns its immutable reference.
    #[track_caller]
    pub(crate) fn pushed(&self, reference: &str) -> String {
        self.push(reference).succeeds().trim_end().to_owned()
    }

    /// Pulls into `pulled.wasm`.
    pub(crate) fn pull(&self, reference: &str) -> Ran {
        self.run(&["pull", reference, "--output", "pulled.wasm"])
    }

    /// Checks that a pull fails with these parts of a message, and writes no file.
    #[track_caller]
    pub(crate) fn pull_fails(&self, reference: &str, said: &[&str]) {
        let names = self.names();
        self.pull(reference).fails(said);
        assert_eq!(self.names(), names);
    }
}

pub(crate) fn ran(command: &mut Command) -> Ran {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    Ran {
        code: output.status.code().unwrap(),
        out: text(&output.stdout),
        err: text(&output.stderr),
    }
}

/// A file of the repository.
pub(crate) fn root(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

/// The file that an environment variable names.
pub(crate) fn named(variable: &str) -> PathBuf {
    std::env::var_os(variable)
        .unwrap_or_else(|| panic!("{variable} names a file; `make test-registry` sets it"))
        .into()
}
