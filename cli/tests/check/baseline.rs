//! Baselines: findings that a repository has already.

use serde_json::json;

use crate::support::{CLEAN, DENIED, Folder, WARNED, findings, pod, summaries};

/// Writes the baseline of all files, and returns it.
fn written(folder: &Folder) -> serde_json::Value {
    let ran = folder.run(&["check", "--write-baseline", "known.json", "."]);
    assert_eq!(ran.code, 0, "{ran:?}");
    serde_json::from_str(&folder.read("known.json")).unwrap()
}

const BASED: [&str; 3] = ["--baseline", "known.json", "."];

#[test]
fn known_findings_are_not_reported() {
    let folder = Folder::with(&[
        ("a/pod.yaml", DENIED),
        ("b.yaml", WARNED),
        (".git/HEAD", ""),
    ]);
    let baseline = written(&folder);
    assert_eq!(baseline["version"], 1);
    let entry = &baseline["findings"][0];
    assert_eq!(
        *entry,
        json!({
            "file": "a/pod.yaml",
            "object": "Pod denied",
            "rule": "host-namespaces",
            "message": entry["message"],
            "count": 1,
        })
    );
    let report = folder.checked(0, &BASED);
    assert_eq!(report["totals"]["suppressed"], 2);
    assert_eq!(
        findings(&report)[0]["suppressed"],
        json!({"by": "baseline", "reason": "the baseline has it"})
    );
    let ran = folder.run(&[&["check", "--strict"], &BASED[..]].concat());
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (
            0,
            "no problems in 2 objects in 2 files; 2 suppressed; 1 file without a manifest\n"
        )
    );
    assert!(folder.names().contains(&"known.json".to_owned()) && folder.names().len() == 4);
}

#[test]
fn a_baseline_survives_moved_lines_and_not_new_findings() {
    let context = |add: &str| {
        pod(&format!(
            "containers:\n  - {{name: web, image: nginx, securityContext: {{capabilities: {{add: [{add}]}}}}}}"
        ))
    };
    let folder = Folder::with(&[("pod.yaml", &context("SYS_ADMIN"))]);
    written(&folder);
    folder.write(
        "pod.yaml",
        format!("# moved\n\n{}---\n{CLEAN}", context("SYS_ADMIN")),
    );
    folder.checked(0, &BASED);
    // Another value is another finding.
    folder.write("pod.yaml", context("SYS_MODULE"));
    assert_eq!(summaries(&folder.checked(1, &BASED)).len(), 1);
    // The same once more is new, too.
    folder.write("pod.yaml", context("SYS_ADMIN, SYS_ADMIN"));
    let report = folder.checked(1, &BASED);
    let open: Vec<_> = findings(&report)
        .into_iter()
        .filter(|finding| finding["suppressed"].is_null())
        .collect();
    assert_eq!(open.len(), 1, "{report:#}");
    // Another file is another place.
    folder.write("pod.yaml", CLEAN);
    folder.write("copy.yaml", context("SYS_ADMIN"));
    folder.checked(1, &BASED);
}

#[test]
fn suppressed_and_audited_findings_are_not_written() {
    let commented = DENIED.replace(
        "hostPID: true",
        "hostPID: true # eci-policy: allow host-namespaces known",
    );
    let folder = Folder::with(&[("pod.yaml", &commented)]);
    assert_eq!(written(&folder)["findings"], json!([]));
    folder.write(
        ".eci-policy.yaml",
        "settings: {actions: {host-namespaces: audit}}",
    );
    folder.write("pod.yaml", DENIED);
    assert_eq!(written(&folder)["findings"], json!([]));
}

#[test]
fn a_baseline_is_written_whole_or_not_at_all() {
    let folder = Folder::with(&[
        ("pod.yaml", DENIED),
        ("broken.yaml", "a: [\n"),
        ("known.json", "old"),
    ]);
    let ran = folder.run(&["check", "--write-baseline", "known.json", "."]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.err
            .contains("the baseline is not written, because a file could not be checked"),
        "{}",
        ran.err
    );
    assert_eq!(folder.read("known.json"), "old");
    let ran = folder.run(&["check", "--write-baseline", "none/known.json", "pod.yaml"]);
    assert_eq!(
        (ran.code, ran.err.as_str()),
        (
            2,
            "eci-policy: none/known.json: cannot be written: no such file or directory\n"
        )
    );
}

#[test]
fn what_is_no_baseline_is_refused() {
    let folder = Folder::with(&[("pod.yaml", CLEAN)]);
    let again = "; write it again: eci-policy check --write-baseline known.json …";
    for (text, says) in [
        ("", "known.json: is not a baseline: "),
        ("[]", "known.json: is not a baseline: it has no version"),
        (
            "{\"version\": 2, \"entries\": []}",
            "known.json: is a baseline of version 2, and this command reads version 1",
        ),
        (
            "{\"version\": 1, \"findings\": [{\"file\": \"a\"}]}",
            "known.json: is not a baseline: missing field",
        ),
        (
            "{\"version\": 1, \"finding\": []}",
            "known.json: is not a baseline: unknown field `finding`",
        ),
    ] {
        folder.write("known.json", text);
        let ran = folder.run(&["check", "--baseline", "known.json", "pod.yaml"]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{text}");
        assert!(
            ran.err.contains(says) && ran.err.trim_end().ends_with(again),
            "{text}: {}",
            ran.err
        );
    }
    let ran = folder.run(&["check", "--baseline", "missing.json", "pod.yaml"]);
    assert_eq!(
        (ran.code, ran.err.as_str()),
        (
            2,
            "eci-policy: missing.json: cannot be read: no such file or directory\n"
        )
    );
}
