//! The way from a tag to a release. The scripts of the workflows run here in a copy of the checkout. Programs that
//! publish are replaced with stubs, which only log their arguments.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

mod changelog;
mod publish;
mod scripts;
mod workflows;

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const VERSION: &str = env!("CARGO_PKG_VERSION");
const TAG: &str = concat!("v", env!("CARGO_PKG_VERSION"));

fn root(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

fn text(file: impl AsRef<Path>) -> String {
    let file = file.as_ref();
    std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The standard output of a program that passes.
#[track_caller]
fn passed(output: Output) -> String {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8(output.stdout).unwrap()
}

/// The standard error of a program that fails.
#[track_caller]
fn failed(output: Output) -> String {
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "it passes: {error}");
    error
}

/// A new empty folder for a test.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("release")
        .join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).unwrap();
    }
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A folder with the files that the scripts read. The newest entry of its changelog has a date.
fn checkout(name: &str) -> PathBuf {
    let folder = folder(name);
    std::fs::create_dir_all(folder.join("scripts")).unwrap();
    std::fs::create_dir_all(folder.join("guests/opa")).unwrap();
    std::fs::create_dir(folder.join("cli")).unwrap();
    for file in [
        "Cargo.toml",
        "cli/Containerfile",
        "scripts/absolute-links",
        "scripts/changelog",
        "scripts/checksums",
        "scripts/publish",
        "scripts/workspace-package",
        "metadata.yml",
        "guests/opa/metadata.yml",
        "artifacthub-repo.yml",
        "artifacthub-pkg.yml",
        "README.md",
    ] {
        std::fs::copy(root(file), folder.join(file)).unwrap();
    }
    let changelog = text(root("CHANGELOG.md"));
    let (before, rest) = changelog.split_once(&format!("## [{VERSION}] - ")).unwrap();
    let (_, entry) = rest.split_once('\n').unwrap();
    let dated = format!("{before}## [{VERSION}] - 2026-12-01\n{entry}");
    let older = "\n## [0.0.1] - 2026-01-01\n\nOld.\n";
    std::fs::write(folder.join("CHANGELOG.md"), dated + older).unwrap();
    folder
}

/// Makes a program that logs its arguments and its standard input, and then runs `answer`.
fn stub(folder: &Path, name: &str, answer: &str) {
    let log = folder.join("log");
    let log = log.display();
    let script = format!(
        "#!/bin/sh\necho \"{name} $*\" >>'{log}'\ncase \"$*\" in *-stdin*|*-file\\ -*) cat >>'{log}' ;; esac\n{answer}\n"
    );
    let program = folder.join("programs").join(name);
    std::fs::create_dir_all(folder.join("programs")).unwrap();
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(program, Permissions::from_mode(0o755)).unwrap();
}

/// The folder of the stubs, with links to these programs of the machine.
fn with_programs(folder: &Path, names: &[&str]) -> PathBuf {
    let programs = folder.join("programs");
    std::fs::create_dir_all(&programs).unwrap();
    let path = std::env::var_os("PATH").unwrap();
    for name in names {
        let mut places = std::env::split_paths(&path).map(|folder| folder.join(name));
        let program = places.find(|program| program.is_file()).unwrap();
        symlink(program, programs.join(name)).unwrap();
    }
    programs
}

/// Runs a script of the folder with its stubs, and without the variables of a release.
fn script(folder: &Path, command: &[&str], variables: &[(&str, &str)]) -> Output {
    let programs = folder.join("programs");
    let path = std::env::var("PATH").unwrap();
    let mut script = Command::new(folder.join("scripts").join(command[0]));
    script
        .args(&command[1..])
        .current_dir(folder)
        .env("PATH", format!("{}:{path}", programs.display()));
    for variable in ["TAG", "REGISTRY", "REGISTRY_USERNAME", "REGISTRY_PASSWORD"] {
        script.env_remove(variable);
    }
    script.envs(variables.iter().copied()).output().unwrap()
}

#[track_caller]
fn passes(folder: &Path, command: &[&str], variables: &[(&str, &str)]) -> String {
    passed(script(folder, command, variables))
}

#[track_caller]
fn fails(folder: &Path, command: &[&str], variables: &[(&str, &str)], message: &str) {
    let error = failed(script(folder, command, variables));
    assert!(error.contains(message), "not {message:?}: {error}");
}

/// The relative links of a page, which are broken in a copy of the page elsewhere.
fn relative_links(page: &str) -> Vec<&str> {
    page.split("](")
        .skip(1)
        .map(|rest| rest.split(')').next().unwrap())
        .filter(|link| !link.starts_with('#') && !link.starts_with("https://"))
        .collect()
}
