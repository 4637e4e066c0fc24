//! The hooks of pre-commit.

use crate::*;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output};

/// The hooks of pre-commit: their ids and what they run.
fn hooks() -> Vec<(String, Vec<String>)> {
    let hooks = yaml(".pre-commit-hooks.yaml");
    let hook = |hook: &Value| {
        assert_eq!(hook["types_or"], serde_json::json!(["yaml", "json"]));
        // pre-commit runs the entry from the repository of the hook, in that which is checked.
        assert_eq!(hook["language"], "script");
        assert!(
            hook.get("args").is_none() && hook.get("pass_filenames").is_none(),
            "{hook}"
        );
        (
            hook["id"].as_str().unwrap().to_owned(),
            shell_words::split(hook["entry"].as_str().unwrap()).unwrap(),
        )
    };
    hooks.as_array().unwrap().iter().map(hook).collect()
}

#[test]
fn the_hooks_are_check_and_fix() {
    let hooks = hooks();
    let ids: Vec<_> = hooks.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, ["eci-policy-check", "eci-policy-fix"]);
    for (id, entry) in &hooks {
        assert!(is_executable(&root(&entry[0])), "{id}");
        assert_eq!(*id, format!("eci-policy-{}", entry[1]));
        // The command knows what it is asked.
        let help = Command::new(COMMAND)
            .args(&entry[1..])
            .arg("--help")
            .output()
            .unwrap();
        assert!(help.status.success(), "{id}: {}", said(&help));
    }
}

fn run_hook(machine: &Machine, id: &str, files: &[&str]) -> Output {
    let hooks = hooks();
    let (_, entry) = hooks.iter().find(|(known, _)| known == id).unwrap();
    machine
        .script(&entry[0])
        .args(&entry[1..])
        .args(files)
        .output()
        .unwrap()
}

#[test]
fn the_hook_compiles_the_command_of_its_own_revision() {
    let machine = Machine::new();
    machine.write("pod.yaml", GOOD);
    run_hook(&machine, "eci-policy-check", &["pod.yaml"]);
    let call = machine.cargo_call();
    assert_eq!(
        Path::new(&call[0]),
        fs::canonicalize(machine.path("checkout")).unwrap()
    );
    assert_eq!(call[1], "build");
    for argument in ["--locked", "--no-default-features", "dist", "eci-policy"] {
        assert!(
            call.iter().any(|given| given == argument),
            "{argument}: {call:?}"
        );
    }
    assert!(text("Cargo.toml").contains("\n[profile.dist]\n"));
}

#[test]
fn the_hook_names_a_missing_program() {
    let machine = Machine::new();
    let output = machine
        .script("scripts/eci-policy")
        .env("CARGO_CALL", "/")
        .arg("check")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said(&output).contains("eci-policy: cannot be compiled"),
        "{}",
        said(&output)
    );
    fs::remove_file(machine.path("bin/cargo")).unwrap();
    let path = std::env::var_os("PATH").unwrap();
    for tool in ["bash", "dirname"] {
        let found = std::env::split_paths(&path)
            .map(|folder| folder.join(tool))
            .find(|file| is_executable(file));
        symlink(found.unwrap(), machine.path("bin").join(tool)).unwrap();
    }
    let output = machine
        .script("scripts/eci-policy")
        .env("PATH", machine.path("bin"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said(&output).contains("eci-policy: cargo is missing: install Rust"),
        "{}",
        said(&output)
    );
}

#[test]
fn the_hook_checks_the_files_that_it_is_given() {
    let machine = Machine::new();
    machine.write("my pods/good.yaml", GOOD);
    machine.write("my pods/bad.yaml", DENIED);
    machine.write("package.json", "{\"name\": \"web\"}");
    let output = run_hook(
        &machine,
        "eci-policy-check",
        &["my pods/good.yaml", "package.json"],
    );
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let output = run_hook(
        &machine,
        "eci-policy-check",
        &["my pods/good.yaml", "my pods/bad.yaml"],
    );
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(
        said(&output).contains("host-namespaces"),
        "{}",
        said(&output)
    );
}

#[test]
fn the_hook_repairs_the_files_that_it_is_given() {
    let machine = Machine::new();
    machine.write("my pod.yaml", REPAIRED);
    machine.write("other.yaml", REPAIRED);
    let output = run_hook(&machine, "eci-policy-fix", &["my pod.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(
        machine.read("work/my pod.yaml"),
        REPAIRED.replace("drop: [all]", "drop: [ALL]")
    );
    assert_eq!(machine.read("work/other.yaml"), REPAIRED);
}
