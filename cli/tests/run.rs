//! `eci-policy run`: the built module on the examples, in the embedded runtime.
#![cfg(feature = "run")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may panic"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

/// Returns the exit code, the output and standard error of the command in the repository's root.
fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let module = std::env::var_os("POLICY_WASM")
        .expect("POLICY_WASM names the built module; `make test` sets it");
    let mut command = Command::new(env!("CARGO_BIN_EXE_eci-policy"));
    command
        .arg("run")
        .arg("--module")
        .arg(module)
        .args(arguments);
    let output = command
        .current_dir(root(""))
        .env_remove("NO_COLOR")
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

fn root(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file)
}

/// A folder of this test's own with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

const PRIVILEGED: &str = "\
apiVersion: v1
kind: Pod
metadata:
  name: tuner
  labels:
    eci: \"true\"
spec:
  containers:
  - name: tuner
    image: busybox
    securityContext:
      privileged: true
";

#[test]
fn the_examples_are_judged_and_a_denial_ends_with_1() {
    let (code, out, said) = run(&["examples/14-privileged.yaml", "examples/21-not-on-eci.yaml"]);
    assert_eq!((code, said.as_str()), (Some(1), ""), "{out}");
    assert!(
        out.contains(
            "denied (403)\n  message [privileged] spec.containers[0].securityContext.privileged: "
        ) && out
            .contains("  audit deny privileged spec.containers[0].securityContext.privileged\n"),
        "{out}"
    );
    let (code, out, said) = run(&["examples/21-not-on-eci.yaml"]);
    assert_eq!((code, said.as_str()), (Some(0), ""), "{out}");
    let (code, all, said) = run(&["examples"]);
    assert_eq!((code, said.as_str()), (Some(1), ""), "{all}");
    let totals = all.lines().last().unwrap();
    assert!(
        !totals.contains("could not be judged") && !totals.contains(" 0 denied"),
        "{totals}"
    );
    assert!(
        !totals.contains(" 0 repaired") && !totals.contains(" 0 accepted"),
        "{totals}"
    );
    // The settings among the examples are not a Kubernetes object.
    assert!(
        all.contains("examples/requests/") && !all.contains("settings.yaml"),
        "{all}"
    );
    assert!(!all.contains('\u{1b}'), "no colours in a pipe");
}

#[test]
fn settings_are_a_file_or_a_policy() {
    let folder = folder(&[
        ("pod.yaml", PRIVILEGED),
        ("plain.yaml", "approved: {privileged: true}\n"),
        (
            "policy.yaml",
            "apiVersion: policies.kubewarden.io/v1\nkind: ClusterAdmissionPolicy\nspec: {settings: {approved: {privileged: true}}}\n",
        ),
        ("bad.yaml", "approve: {}\n"),
    ]);
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (code, out, _) = run(&[&file("pod.yaml")]);
    assert_eq!(code, Some(1));
    assert!(
        out.ends_with("1 document: 0 accepted, 0 repaired, 1 denied\n"),
        "{out}"
    );
    for settings in ["plain.yaml", "policy.yaml"] {
        let (code, out, _) = run(&["--settings", &file(settings), &file("pod.yaml")]);
        assert_eq!(code, Some(0));
        assert!(
            out.ends_with("1 document: 1 accepted, 0 repaired, 0 denied\n"),
            "{settings}: {out}"
        );
    }
    let (code, out, said) = run(&["--settings", &file("bad.yaml"), &file("pod.yaml")]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(
        said.contains("the settings are not valid") && said.contains("did you mean approved?"),
        "{said}"
    );
}

#[test]
fn unreadable_files_are_reported_and_end_with_2() {
    let folder = folder(&[
        ("pod.yaml", PRIVILEGED),
        ("broken.yaml", "a: [\n"),
        ("note.txt", "no manifest"),
    ]);
    let (code, out, said) = run(&[&folder.path().display().to_string(), "missing.yaml"]);
    assert_eq!(code, Some(2));
    assert!(
        said.contains("broken.yaml:") && said.contains("missing.yaml: cannot be read: "),
        "{said}"
    );
    assert!(!said.contains("note.txt"), "{said}");
    assert!(
        out.ends_with("1 document: 0 accepted, 0 repaired, 1 denied; 2 could not be judged\n"),
        "the others are judged: {out}"
    );
}

#[test]
fn a_namespace_is_one_of_the_files() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: shop}\nspec: {hostPID: true, containers: [{name: a, image: a}]}\n";
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {alibabacloud.com/eci: \"true\"}}\n";
    let folder = folder(&[
        ("pod.yaml", pod),
        ("namespace.yaml", namespace),
        ("settings.txt", "scope: {namespaceLabels: true}"),
    ]);
    let file = |name: &str| folder.path().join(name).display().to_string();
    let settings = file("settings.txt");
    let (_, out, _) = run(&[
        "--settings",
        &settings,
        &file("pod.yaml"),
        &file("namespace.yaml"),
    ]);
    assert!(out.contains("deny host-namespaces spec.hostPID"), "{out}");
    let (_, out, _) = run(&["--settings", &settings, &file("pod.yaml")]);
    assert!(
        out.contains("denied (500)") && out.contains("the Namespace `shop` is not in the files"),
        "{out}"
    );
}

#[test]
fn a_file_that_is_not_a_module_is_an_error() {
    let folder = folder(&[("pod.yaml", PRIVILEGED), ("policy.wasm", "no module")]);
    let output = Command::new(env!("CARGO_BIN_EXE_eci-policy"))
        .args(["run", "pod.yaml"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said.starts_with("eci-policy: policy.wasm is ") && said.contains("waPC module"),
        "{said}"
    );
}
