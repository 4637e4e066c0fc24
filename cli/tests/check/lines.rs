//! The formats with a line for each finding or rule, and the options that choose what is shown.

use crate::support::{BROKEN, CLEAN, DENIED, Folder, REPAIRED, pod};
use serde_json::{Value, json};

fn folder() -> Folder {
    let audited = pod(
        "containers:\n- {name: web, image: a, securityContext: {allowPrivilegeEscalation: false}}",
    );
    Folder::with(&[
        ("denied.yaml", DENIED),
        ("repaired.yaml", REPAIRED),
        ("audited.yaml", &audited),
        ("broken.yaml", BROKEN),
        ("clean.yaml", CLEAN),
    ])
}

/// The beginnings of the lines, to the rule.
fn heads(text: &str) -> Vec<&str> {
    text.lines()
        .map(|line| line.find(']').map_or(line, |end| &line[..=end]))
        .collect()
}

#[test]
fn concise_has_a_line_for_each_finding() {
    let folder = folder();
    let ran = folder.run(&[
        "check",
        "--format",
        "concise",
        "denied.yaml",
        "repaired.yaml",
    ]);
    let lines: Vec<_> = ran.out.lines().collect();
    assert_eq!(ran.code, 1);
    assert_eq!(
        heads(&ran.out)[..2],
        [
            "denied.yaml:6:3: error[host-namespaces]",
            "repaired.yaml:5:81: warning[capability-name]",
        ],
        "{}",
        ran.out
    );
    assert!(
        lines[0].contains(" Pod denied: spec.hostPID: "),
        "{}",
        lines[0]
    );
    assert!(
        lines[2].starts_with("1 error, 1 repair at admission in 2 objects in 2 files"),
        "{}",
        lines[2]
    );
    let ran = folder.run(&["check", "--format", "concise", "broken.yaml"]);
    assert!(
        ran.out.starts_with("broken.yaml:") && ran.out.contains(": error: "),
        "{}",
        ran.out
    );
}

#[test]
fn quiet_leaves_findings_and_errors() {
    let folder = folder();
    for format in ["text", "concise", "github"] {
        let check = ["check", "--format", format, "--quiet"];
        assert_eq!(
            folder.run(&[&check[..], &["clean.yaml"]].concat()).out,
            "",
            "{format}"
        );
        let ran = folder.run(&[&check[..], &["denied.yaml"]].concat());
        assert!(
            ran.out.contains("host-namespaces") && !ran.out.contains("1 error in"),
            "{}",
            ran.out
        );
        let ran = folder.run(&[&check[..], &["broken.yaml"]].concat());
        assert_eq!(ran.code, 2);
        assert!(ran.out.contains("error"), "{format}: {}", ran.out);
    }
}

#[test]
fn findings_for_the_audit_log_are_shown_on_request() {
    let folder = folder();
    for (format, head) in [
        ("text", "info[field-ignored]"),
        ("concise", "note[field-ignored]"),
        ("github", "::notice file=audited.yaml"),
        ("statistics", "     1  field-ignored"),
        ("gitlab", "\"severity\":\"info\""),
    ] {
        let check = ["check", "--format", format, "audited.yaml"];
        assert!(!folder.run(&check).out.contains(head), "{format}");
        let ran = folder.run(&[&check[..], &["--show-audit"]].concat());
        assert!(ran.out.contains(head), "{format}: {}", ran.out);
        assert_eq!(ran.code, 0);
    }
}

#[test]
fn exit_zero_covers_denials_and_not_errors() {
    let folder = folder();
    for (path, code) in [("denied.yaml", 0), ("clean.yaml", 0), ("broken.yaml", 2)] {
        assert_eq!(
            folder.run(&["check", "--exit-zero", path]).code,
            code,
            "{path}"
        );
    }
    assert_eq!(
        folder
            .run(&["check", "--exit-zero", "--strict", "clean.yaml"])
            .code,
        2
    );
}

#[test]
fn statistics_count_by_rule() {
    let folder = folder();
    folder.write("more.yaml", format!("{DENIED}---\n{DENIED}"));
    let ran = folder.run(&[
        "check",
        "--format",
        "statistics",
        "denied.yaml",
        "repaired.yaml",
        "more.yaml",
    ]);
    let lines: Vec<_> = ran.out.lines().collect();
    assert!(
        lines[0].starts_with("     3  host-namespaces "),
        "{}",
        ran.out
    );
    assert!(
        lines[1].starts_with("     1  capability-name ")
            && lines[1].ends_with("(1 can be repaired)"),
        "{}",
        ran.out
    );
    assert!(
        lines[2].starts_with("3 errors, 1 repair at admission in 4 objects"),
        "{}",
        ran.out
    );
}

#[test]
fn gitlab_gets_issues_with_fingerprints() {
    let folder = folder();
    let ran = folder.run(&[
        "check",
        "--format",
        "gitlab",
        "./denied.yaml",
        "broken.yaml",
    ]);
    let issues: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(issues[0]["check_name"], "host-namespaces");
    assert_eq!(issues[0]["severity"], "critical");
    assert_eq!(
        issues[0]["location"],
        json!({"path": "denied.yaml", "lines": {"begin": 6}})
    );
    assert_eq!(
        issues[0]["fingerprint"],
        "host-namespaces denied.yaml Pod denied: spec.hostPID"
    );
    assert_eq!(
        (&issues[1]["check_name"], &issues[1]["severity"]),
        (&json!("unreadable"), &json!("blocker"))
    );
    let ran = folder.run(&["check", "--format", "gitlab", "clean.yaml"]);
    assert_eq!(serde_json::from_str::<Value>(&ran.out).unwrap(), json!([]));
}
