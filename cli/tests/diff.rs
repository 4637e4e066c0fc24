//! `eci-policy diff`, run: which verdicts change between two revisions of ECI's rules, and why.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

mod support;

use serde_json::{Value, json};
use support::{BROKEN, CLEAN, DENIED, FOREIGN, Folder, pod};

const OLD: &str = "2024-02-26";
const NEW: &str = "2026-04-01";

const APPROVED: &str =
    "approved: {privileged: true, capabilities: [SYS_RAWIO], hostSysctls: [vm.swappiness]}\n";

fn changed(folder: &Folder, code: i32, arguments: &[&str]) -> Value {
    folder
        .run(&[&["diff", "--format", "json"], arguments].concat())
        .json(code)
}

fn sysctl() -> String {
    pod(
        "securityContext: {sysctls: [{name: kernel.shm_rmid_forced, value: \"1\"}]}\ncontainers: [{name: web, image: nginx}]",
    )
}

/// Each difference of the profiles, with an object that shows it: rule, path, the action before and after, and of
/// what the revisions differ.
#[test]
fn every_difference_of_the_revisions_is_found_both_ways() {
    let annotated = pod("containers: [{name: web, image: nginx}]").replace(
        "\"true\"}}",
        "\"true\"}, annotations: {k8s.aliyun.com/eci-host-sysctls: '[{\"name\":\"vm.swappiness\",\"value\":\"1\"}]'}}",
    );
    for (text, rule, path, before, after, verdicts, of) in [
        (
            sysctl(),
            "sysctl-unsupported",
            "spec.securityContext.sysctls[0]",
            Some("deny"),
            None,
            ("denied", "accepted"),
            "sysctls",
        ),
        (
            pod("containers: [{name: web, image: nginx, securityContext: {privileged: true}}]"),
            "privileged",
            "spec.containers[0].securityContext.privileged",
            Some("deny"),
            None,
            ("denied", "accepted"),
            "privileged",
        ),
        (
            pod(
                "containers: [{name: web, image: nginx, securityContext: {capabilities: {add: [SYS_RAWIO]}}}]",
            ),
            "capability-unsupported",
            "spec.containers[0].securityContext.capabilities.add[0]",
            Some("deny"),
            None,
            ("denied", "accepted"),
            "capabilities",
        ),
        (
            annotated,
            "host-sysctls-unapproved",
            "metadata.annotations[k8s.aliyun.com/eci-host-sysctls]",
            Some("deny"),
            None,
            ("denied", "accepted"),
            "host sysctls",
        ),
        (
            pod(
                "initContainers: [{name: init, image: nginx, securityContext: {runAsGroup: 1}}]\ncontainers: [{name: web, image: nginx}]",
            ),
            "init-container-identity",
            "spec.initContainers[0].securityContext.runAsGroup",
            None,
            Some("warn"),
            ("accepted", "accepted with warnings"),
            "init container",
        ),
    ] {
        let folder = Folder::with(&[("pod.yaml", &text), ("settings.yaml", APPROVED)]);
        let settings = ["--settings", "settings.yaml", "pod.yaml"];
        for (from, to, before, after, verdicts) in [
            (OLD, NEW, before, after, verdicts),
            (NEW, OLD, after, before, (verdicts.1, verdicts.0)),
        ] {
            let report = changed(
                &folder,
                1,
                &[&["--from", from, "--to", to], &settings[..]].concat(),
            );
            assert_eq!(
                (&report["from"], &report["to"], &report["objects"]),
                (&json!(from), &json!(to), &json!(1))
            );
            let object = &report["changed"][0];
            assert_eq!(
                (&object["file"], &object["object"]),
                (&json!("pod.yaml"), &json!("Pod web"))
            );
            assert_eq!(
                (&object["before"], &object["after"]),
                (&json!(verdicts.0), &json!(verdicts.1)),
                "{rule}"
            );
            let change = &object["changes"][0];
            assert_eq!(object["changes"].as_array().unwrap().len(), 1, "{object}");
            assert_eq!(
                (&change["rule"], &change["path"]),
                (&json!(rule), &json!(path))
            );
            let action = |action: Option<&str>| action.map_or(Value::Null, Value::from);
            assert_eq!(
                (&change["before"], &change["after"]),
                (&action(before), &action(after)),
                "{rule}"
            );
            let reasons = report["reasons"].as_array().unwrap();
            let reason = reasons
                .iter()
                .find(|reason| reason["of"].as_str().unwrap().contains(of));
            let reason = reason.unwrap_or_else(|| panic!("{rule}: {report}"));
            assert_ne!(reason["from"], reason["to"], "{rule}");
        }
    }
}

#[test]
fn the_text_has_the_changes_and_their_reasons() {
    let folder = Folder::with(&[("deploy/a.yaml", &format!("{CLEAN}---\n{}", sysctl()))]);
    let ran = folder.run(&["diff", "--from", OLD, "--to", NEW, "deploy"]);
    assert_eq!((ran.code, ran.err.as_str()), (1, ""));
    for part in [
        "deploy/a.yaml:6: Pod web: denied -> accepted\n",
        "[sysctl-unsupported] 10:31 spec.securityContext.sysctls[0]: ",
        "kernel.shm_rmid_forced",
        "difference: sysctls of the pod field\n",
        "\n  2024-02-26: kernel.shm*, ",
        "\n  2026-04-01: kernel.shm*, ",
        "from 2024-02-26 to 2026-04-01: the verdict changes for 1 of 2 objects\n",
    ] {
        assert!(ran.out.contains(part), "no {part:?} in {}", ran.out);
    }
    let lines: Vec<_> = ran
        .out
        .lines()
        .filter(|line| line.starts_with("  20"))
        .collect();
    let except = |line: &str| line.split(" except ").nth(1).unwrap().to_owned();
    assert!(
        except(lines[0]).contains("kernel.shm_rmid_forced"),
        "{lines:?}"
    );
    assert!(
        !except(lines[1]).contains("kernel.shm_rmid_forced"),
        "{lines:?}"
    );
}

#[test]
fn without_changes_the_exit_code_is_0() {
    let folder = Folder::with(&[
        ("clean.yaml", CLEAN),
        ("denied.yaml", DENIED),
        ("sysctl.yaml", &sysctl()),
        ("foreign.yaml", FOREIGN),
    ]);
    let elsewhere = sysctl().replace("alibabacloud.com/eci", "app");
    folder.write("elsewhere.yaml", &elsewhere);
    for (arguments, objects) in [
        (
            &["--from", OLD, "clean.yaml", "denied.yaml", "foreign.yaml"][..],
            2,
        ),
        (&["--from", OLD, "--to", OLD, "."], 4),
        (&["--from", NEW, "--to", "latest", "."], 4),
        (&["--from", OLD, "elsewhere.yaml"], 1),
        (&["--from", OLD, "foreign.yaml"], 0),
    ] {
        let report = changed(&folder, 0, arguments);
        assert_eq!(
            (&report["changed"], &report["reasons"]),
            (&json!([]), &json!([])),
            "{arguments:?}"
        );
        assert_eq!(report["objects"], objects, "{arguments:?}");
        assert_eq!(folder.run(&[&["diff"], arguments].concat()).code, 0);
    }
    assert_eq!(
        changed(
            &folder,
            1,
            &["--from", OLD, "--assume-eci", "elsewhere.yaml"]
        )["changed"][0]["after"],
        "accepted"
    );
}

#[test]
fn the_profile_of_the_settings_is_not_used() {
    let folder = Folder::with(&[
        ("pod.yaml", &sysctl()),
        ("settings.yaml", "profile: \"2024-02-26\"\n"),
    ]);
    let report = changed(
        &folder,
        1,
        &["--from", OLD, "--settings", "settings.yaml", "pod.yaml"],
    );
    assert_eq!(
        (&report["to"], &report["changed"][0]["after"]),
        (&json!(NEW), &json!("accepted"))
    );
}

#[test]
fn unreadable_files_are_reported_and_the_others_are_compared() {
    let folder = Folder::with(&[
        ("broken.yaml", &format!("{BROKEN}---\n{}", sysctl())),
        ("pod.yaml", &sysctl()),
    ]);
    let ran = folder.run(&[
        "diff",
        "--format",
        "json",
        "--from",
        OLD,
        "absent.yaml",
        "broken.yaml",
        "pod.yaml",
    ]);
    assert_eq!(ran.code, 2);
    let lines: Vec<_> = ran.err.lines().collect();
    assert!(
        lines[0].starts_with("absent.yaml: cannot be read: "),
        "{lines:?}"
    );
    assert!(
        lines[1].starts_with("broken.yaml:2:") || lines[1].starts_with("broken.yaml:3:"),
        "{lines:?}"
    );
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["changed"].as_array().unwrap().len(), 2);
}

#[test]
fn an_unknown_revision_is_reported_with_the_known_ones() {
    let folder = Folder::with(&[("pod.yaml", CLEAN)]);
    for arguments in [
        ["--from", "2025-01-01", "--to", NEW],
        ["--from", OLD, "--to", "2025-01-01"],
    ] {
        let ran = folder.run(&[&["diff", "pod.yaml"], &arguments[..]].concat());
        assert_eq!((ran.code, ran.out.as_str()), (2, ""));
        assert!(
            ran.err.contains("\"2025-01-01\"")
                && ran.err.contains("2024-02-26, 2026-04-01, latest"),
            "{}",
            ran.err
        );
    }
    assert_eq!(
        folder.run(&["diff", "pod.yaml"]).code,
        2,
        "--from is required"
    );
    assert_eq!(
        folder.run(&["diff", "--from", OLD]).code,
        2,
        "a path is required"
    );
}

#[test]
fn changes_that_do_not_decide_are_other_remarks() {
    // Denied by both revisions, for the same reason; the newer one has a warning besides.
    let text = pod(
        "hostPID: true\ninitContainers: [{name: init, image: nginx, securityContext: {runAsGroup: 1}}]\ncontainers: [{name: web, image: nginx}]",
    );
    let folder = Folder::with(&[("pod.yaml", &text)]);
    let ran = folder.run(&["diff", "--from", OLD, "--to", NEW, "pod.yaml"]);
    assert!(
        ran.out
            .starts_with("pod.yaml:1: Pod web: denied as before, with other remarks\n"),
        "{}",
        ran.out
    );
}
