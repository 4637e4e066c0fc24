//! The ways in which other tools call the command: the hooks of pre-commit and the GitHub Action, run as these tools
//! would run them, with the built command, and with a cargo that only writes down how it is called.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

const COMMAND: &str = env!("CARGO_BIN_EXE_eci-policy");

const GOOD: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {eci: \"true\"}}
spec: {containers: [{name: web, image: nginx}]}
";

const DENIED: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {eci: \"true\"}}
spec: {hostPID: true, containers: [{name: web, image: nginx}]}
";

const REPAIRED: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {eci: \"true\"}}
spec: {containers: [{name: web, image: nginx, securityContext: {capabilities: {drop: [all]}}}]}
";

fn root(file: &str) -> PathBuf {
    fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .unwrap()
        .join(file)
}

fn text(file: &str) -> String {
    fs::read_to_string(root(file)).unwrap()
}

fn yaml(file: &str) -> Value {
    let text = text(file);
    let documents = eci_manifest::documents(&text).unwrap();
    assert_eq!(documents.len(), 1, "{file} is one document");
    documents[0].value()
}

fn is_executable(file: &Path) -> bool {
    fs::metadata(file)
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 == 0o111)
}

fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// A machine with a checkout of this repository, an installed command, and a cargo that compiles nothing.
struct Machine {
    home: TempDir,
}

impl Machine {
    fn new() -> Self {
        let home = tempfile::Builder::new()
            .prefix("a home ")
            .tempdir()
            .unwrap();
        let machine = Self { home };
        for folder in ["checkout", "bin", "work", "temp"] {
            fs::create_dir(machine.path(folder)).unwrap();
        }
        symlink(root("scripts"), machine.path("checkout/scripts")).unwrap();
        symlink(root("cli/tests/support/cargo"), machine.path("bin/cargo")).unwrap();
        symlink(COMMAND, machine.path("bin/eci-policy")).unwrap();
        machine
    }

    fn path(&self, file: &str) -> PathBuf {
        self.home.path().join(file)
    }

    /// Puts a file into the working directory.
    fn write(&self, file: &str, text: &str) {
        let file = self.path("work").join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    /// A script of the checkout, to be run in the working directory.
    fn script(&self, script: &str) -> Command {
        let mut command = Command::new(self.path("checkout").join(script));
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
        command.env("GITHUB_ACTION_PATH", self.path("checkout"));
        command
            .env("GITHUB_OUTPUT", self.path("output"))
            .env("GITHUB_PATH", self.path("added"));
        command
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap_or_default()
    }

    /// What cargo was called with; first where.
    fn cargo_call(&self) -> Vec<String> {
        self.read("call").lines().map(str::to_owned).collect()
    }
}

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
fn the_hook_says_what_is_missing() {
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

/// The names in `text` that follow `before`.
fn names_after(text: &str, before: &str) -> BTreeSet<String> {
    let rest = text.split(before).skip(1);
    let name = |rest: &str| -> String {
        rest.chars()
            .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
            .collect()
    };
    rest.map(name).collect()
}

#[test]
fn the_action_runs_the_scripts_with_all_its_inputs() {
    let action = yaml("action.yml");
    let inputs: BTreeSet<String> = action["inputs"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    let expected = [
        "args",
        "paths",
        "settings",
        "strict",
        "upload-sarif",
        "version",
    ];
    assert_eq!(inputs, expected.map(str::to_owned).into());
    let steps = action["runs"]["steps"].as_array().unwrap();
    assert_eq!(
        names_after(&Value::from(steps.clone()).to_string(), "inputs."),
        inputs,
        "every input is used"
    );
    assert_eq!(action["runs"]["using"], "composite");
    let mut scripts = Vec::new();
    for step in steps {
        let Some(run) = step["run"].as_str() else {
            continue;
        };
        assert_eq!(step["shell"], "bash");
        assert!(
            !run.contains("${{"),
            "an input is no part of a script: {run}"
        );
        let script = run
            .strip_prefix("\"$GITHUB_ACTION_PATH/")
            .and_then(|rest| rest.strip_suffix('"'))
            .unwrap();
        assert!(is_executable(&root(script)), "{script}");
        // What the step sets is what the script reads, but for what a runner sets.
        let set: BTreeSet<String> = step["env"].as_object().unwrap().keys().cloned().collect();
        let code = text(script);
        let code: String = code.lines().filter(|line| !line.starts_with('#')).collect();
        let mut read = names_after(&code, "$");
        read.append(&mut names_after(&code, "${"));
        read.retain(|name| name.starts_with(|c: char| c.is_ascii_uppercase()));
        read.retain(|name| !name.starts_with("GITHUB_") && !name.starts_with("RUNNER_"));
        assert_eq!(read, set, "{script}");
        scripts.push(script);
    }
    assert_eq!(scripts, ["scripts/action-install", "scripts/action-check"]);
}

#[test]
fn the_action_of_others_is_pinned() {
    let pins: Vec<_> = yaml("action.yml")["runs"]["steps"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|step| step["uses"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(pins.len(), 1);
    let (action, commit) = pins[0].split_once('@').unwrap();
    assert_eq!(action, "github/codeql-action/upload-sarif");
    assert!(
        commit.len() == 40
            && commit
                .bytes()
                .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')),
        "{commit}"
    );
    assert!(
        text("action.yml").contains(&format!("@{commit} # v")),
        "a comment tells the release"
    );
}

#[test]
fn the_action_uploads_before_it_fails() {
    let steps = yaml("action.yml")["runs"]["steps"].clone();
    let upload = &steps[2];
    // Without a status function, a step after one that failed is skipped.
    assert!(
        upload["if"].as_str().unwrap().contains("!cancelled()"),
        "{upload}"
    );
    assert_eq!(
        upload["with"]["sarif_file"],
        "${{ steps.check.outputs.sarif }}"
    );
    assert_eq!(steps[1]["id"], "check");
    assert!(
        steps
            .as_array()
            .unwrap()
            .iter()
            .all(|step| step.get("continue-on-error").is_none())
    );
}

#[test]
fn the_action_installs_its_own_revision_or_a_release() {
    let machine = Machine::new();
    for (version, source) in [
        ("", &["--path", "cli"][..]),
        (
            "0.1.0",
            &[
                "--git",
                env!("CARGO_PKG_REPOSITORY"),
                "--tag",
                "v0.1.0",
                "eci-policy",
            ],
        ),
        (
            "v0.1.0",
            &[
                "--git",
                env!("CARGO_PKG_REPOSITORY"),
                "--tag",
                "v0.1.0",
                "eci-policy",
            ],
        ),
        (
            "1 --path $(touch pwned)",
            &[
                "--git",
                env!("CARGO_PKG_REPOSITORY"),
                "--tag",
                "v1 --path $(touch pwned)",
                "eci-policy",
            ],
        ),
    ] {
        let output = machine
            .script("scripts/action-install")
            .env("VERSION", version)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        let call = machine.cargo_call();
        assert_eq!(
            Path::new(&call[0]),
            fs::canonicalize(machine.path("checkout")).unwrap()
        );
        assert_eq!(call[1..3], ["install", "--locked"]);
        assert!(
            call.ends_with(
                &source
                    .iter()
                    .copied()
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            ),
            "{call:?}"
        );
        let place = call
            .iter()
            .position(|argument| argument == "--root")
            .unwrap()
            + 1;
        assert_eq!(
            machine.read("added").lines().last().unwrap(),
            format!("{}/bin", call[place])
        );
    }
}

/// Checks with these inputs, the others at their defaults; the exit code, what is said, and the SARIF.
fn act(machine: &Machine, inputs: &[(&str, &str)]) -> (Option<i32>, String, Option<Value>) {
    let _ = fs::remove_file(machine.path("output"));
    let mut script = machine.script("scripts/action-check");
    let action = yaml("action.yml");
    let steps = action["runs"]["steps"].as_array().unwrap();
    let env = steps.iter().find(|step| step["id"] == "check").unwrap()["env"]
        .as_object()
        .unwrap();
    for (variable, expression) in env {
        let input = expression
            .as_str()
            .unwrap()
            .strip_prefix("${{ inputs.")
            .unwrap()
            .strip_suffix(" }}")
            .unwrap();
        let given = inputs
            .iter()
            .find(|(name, _)| *name == input)
            .map(|(_, value)| *value);
        script.env(
            variable,
            given.unwrap_or_else(|| action["inputs"][input]["default"].as_str().unwrap()),
        );
    }
    let output = script.output().unwrap();
    let written = machine.read("output");
    let sarif = written.trim_end().strip_prefix("sarif=");
    let sarif = sarif.map(|file| serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap());
    (output.status.code(), said(&output), sarif)
}

fn rules_of(sarif: &Value) -> Vec<&str> {
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    results
        .iter()
        .map(|result| result["ruleId"].as_str().unwrap())
        .collect()
}

#[test]
fn the_action_leaves_the_findings_and_ends_as_the_check() {
    let machine = Machine::new();
    machine.write("my pods/good.yaml", GOOD);
    machine.write("bad.yaml", DENIED);
    let (code, said, sarif) = act(&machine, &[]);
    let sarif = sarif.unwrap();
    assert_eq!(
        (code, rules_of(&sarif)),
        (Some(1), vec!["host-namespaces"]),
        "{said}"
    );
    assert_eq!(sarif["version"], "2.1.0");
    assert!(
        said.contains("host-namespaces"),
        "the log tells it, too: {said}"
    );
    let (code, said, sarif) = act(&machine, &[("paths", "my pods\n")]);
    assert_eq!(
        (code, rules_of(&sarif.unwrap())),
        (Some(0), vec![]),
        "{said}"
    );
}

#[test]
fn the_inputs_of_the_action_are_arguments_of_the_check() {
    let machine = Machine::new();
    machine.write("repaired.yaml", REPAIRED);
    machine.write(
        "off eci.yaml",
        &DENIED.replace("labels: {eci: \"true\"}", "labels: {}"),
    );
    machine.write("my settings.yaml", "{actions: {host-namespaces: audit}}");
    for (inputs, expected) in [
        (&[("paths", "repaired.yaml")][..], 0),
        (&[("paths", "repaired.yaml"), ("strict", "true")], 1),
        (&[("paths", "off eci.yaml")], 0),
        (&[("paths", "off eci.yaml"), ("args", "--assume-eci")], 1),
        (
            &[
                ("paths", "off eci.yaml"),
                ("args", "--assume-eci\n--profile\n2024-02-26\n"),
            ],
            1,
        ),
        (
            &[
                ("paths", "off eci.yaml"),
                ("args", "--assume-eci"),
                ("settings", "my settings.yaml"),
            ],
            0,
        ),
        (&[("paths", "off eci.yaml\nmissing.yaml")], 2),
    ] {
        let (code, said, sarif) = act(&machine, inputs);
        assert_eq!(code, Some(expected), "{inputs:?}: {said}");
        assert!(sarif.is_some(), "{inputs:?}");
    }
    for (inputs, says) in [
        (&[("strict", "yes")][..], "strict: must be true or false"),
        (&[("paths", "")], "<PATH>"),
        (&[("settings", "none.yaml")], "none.yaml"),
        (&[("args", "--profile=1999")], "1999"),
    ] {
        let (code, said, sarif) = act(&machine, inputs);
        assert_eq!((code, sarif), (Some(2), None), "{inputs:?}");
        assert!(said.contains(says), "{inputs:?}: {said}");
    }
}

#[test]
fn no_input_of_the_action_is_taken_for_shell_or_for_an_option() {
    let machine = Machine::new();
    let hostile = "$(touch pwned) `touch pwned`; touch pwned #'\"*";
    machine.write(&format!("{hostile}/pod.yaml"), DENIED);
    machine.write("--help", DENIED);
    let (code, said, sarif) = act(&machine, &[("paths", hostile)]);
    let sarif = sarif.unwrap();
    assert_eq!(
        (code, rules_of(&sarif)),
        (Some(1), vec!["host-namespaces"]),
        "{said}"
    );
    let (code, said, sarif) = act(&machine, &[("paths", "--help")]);
    assert_eq!(
        (code, rules_of(&sarif.unwrap())),
        (Some(1), vec!["host-namespaces"]),
        "{said}"
    );
    for input in ["settings", "strict"] {
        let (code, said, _) = act(&machine, &[(input, hostile), ("paths", "--help")]);
        assert_eq!(code, Some(2), "{input}: {said}");
    }
    // An argument that is no option is one path.
    let (code, said, sarif) = act(&machine, &[("args", hostile), ("paths", "--help")]);
    assert_eq!(
        (code, rules_of(&sarif.unwrap()).len()),
        (Some(1), 2),
        "{said}"
    );
    assert!(!machine.path("work/pwned").exists());
}
