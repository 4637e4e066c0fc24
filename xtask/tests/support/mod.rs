//! A folder of files, the command run in it, and modules small enough to be made by hand.
#![allow(dead_code, reason = "every test file takes what it needs")]

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use assert_cmd::cargo::cargo_bin_cmd;
use tempfile::TempDir;
use wasm_encoder::{
    CodeSection, CustomSection, ExportKind, ExportSection, Function, FunctionSection, Instruction,
    Module, TypeSection,
};
use wasmparser::{Parser, Payload};

/// The name of the section that clusters read.
pub(crate) const SECTION: &str = "io.kubewarden.metadata";

/// A folder that goes with the test.
pub(crate) struct Folder(TempDir);

/// What the command wrote, and how it ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// That it failed, and said nothing but this.
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

    /// What it wrote; it succeeded, without a word on standard error.
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

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path().join(name), bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path().join(name)).unwrap()
    }

    /// The names of everything in it, hidden files too, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// The command in this folder, which is its home too, without what the environment says of registries.
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

/// A module that exports a function under each of these names.
pub(crate) fn module(exports: &[&str]) -> Vec<u8> {
    let (mut types, mut functions, mut exported, mut code) = (
        TypeSection::new(),
        FunctionSection::new(),
        ExportSection::new(),
        CodeSection::new(),
    );
    types.ty().function([], []);
    functions.function(0);
    for name in exports {
        exported.export(name, ExportKind::Func, 0);
    }
    let mut body = Function::new([]);
    body.instruction(&Instruction::End);
    code.function(&body);
    let mut module = Module::new();
    module
        .section(&types)
        .section(&functions)
        .section(&exported)
        .section(&code);
    module.finish()
}

/// A module with one more custom section at its end.
pub(crate) fn with_section(mut module: Vec<u8>, name: &str, data: &[u8]) -> Vec<u8> {
    use wasm_encoder::{Encode, Section};
    let section = CustomSection {
        name: name.into(),
        data: data.into(),
    };
    module.push(section.id());
    section.encode(&mut module);
    module
}

/// The sections of a module in order: the id, the name of a custom one, and the bytes.
pub(crate) fn sections(module: &[u8]) -> Vec<(u8, String, Vec<u8>)> {
    let mut sections = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload.unwrap();
        if let Payload::CustomSection(section) = &payload {
            sections.push((0, section.name().to_owned(), section.data().to_vec()));
        } else if let Some((id, range)) = payload.as_section() {
            sections.push((id, String::new(), module[range.start..range.end].to_vec()));
        }
    }
    sections
}

/// A file of the repository.
pub(crate) fn root(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

/// A file that the environment names.
pub(crate) fn named(variable: &str) -> PathBuf {
    std::env::var_os(variable)
        .unwrap_or_else(|| panic!("{variable} names a file; `make test-registry` sets it"))
        .into()
}
