//! The GitHub action.

use crate::*;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

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
            "an input is pasted into a script: {run}"
        );
        let script = run
            .strip_prefix("\"$GITHUB_ACTION_PATH/")
            .and_then(|rest| rest.strip_suffix('"'))
            .unwrap();
        assert!(is_executable(&root(script)), "{script}");
        // The script reads the variables that the step sets, and those of the runner.
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
pub(crate) fn act(
    machine: &Machine,
    inputs: &[(&str, &str)],
) -> (Option<i32>, String, Option<Value>) {
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

/// Without code scanning, one run of the check prints the annotations.
#[test]
fn the_action_annotates_where_it_does_not_upload() {
    let machine = Machine::new();
    machine.write("my pods/bad.yaml", DENIED);
    machine.write("repaired.yaml", REPAIRED);
    let annotations = |path: &str| {
        let mut check = Command::new(COMMAND);
        check.args(["check", "--format", "github", "--", path]);
        said(&check.current_dir(machine.path("work")).output().unwrap())
    };
    for (inputs, expected, level) in [
        (&[("paths", "my pods")][..], 1, "::error file="),
        (&[("paths", "repaired.yaml")], 0, "::warning file="),
        (
            &[("paths", "repaired.yaml"), ("strict", "true")],
            1,
            "::warning file=",
        ),
    ] {
        let (code, printed, sarif) =
            act(&machine, &[inputs, &[("upload-sarif", "false")]].concat());
        assert_eq!((code, sarif), (Some(expected), None), "{printed}");
        assert_eq!(printed, annotations(inputs[0].1));
        assert!(printed.starts_with(level), "{printed}");
    }
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
        (
            &[("upload-sarif", "no")],
            "upload-sarif: must be true or false",
        ),
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
    // An argument that is not an option is a path.
    let (code, said, sarif) = act(&machine, &[("args", hostile), ("paths", "--help")]);
    assert_eq!(
        (code, rules_of(&sarif.unwrap()).len()),
        (Some(1), 2),
        "{said}"
    );
    assert!(!machine.path("work/pwned").exists());
}
