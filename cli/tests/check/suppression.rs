//! Suppressions by comments.

use crate::support::{CLEAN, Folder, findings, pod, problems};
use serde_json::{Value, json};

#[test]
fn a_comment_suppresses_a_finding() {
    let with = |above: &str, on: &str| {
        pod(&format!(
            "containers: [{{name: web, image: nginx}}]\n{above}hostPID: true{on}\nhostIPC: true"
        ))
    };
    let allow = "# eci-policy: allow host-namespaces";
    let why = "# eci-policy: allow host-namespaces the agent needs it";
    // The text, a flag, the number of findings that are left, and whether the comment is reported.
    for (text, flag, left, is_remarked) in [
        (with("", ""), "", 2, false),
        (with("", &format!(" {why}")), "", 1, false),
        (with(&format!("{why}\n"), ""), "", 1, false),
        (with(&format!("{why}\n# and more\n"), ""), "", 1, false),
        (with(&format!("{why}\n{allow}\n"), ""), "", 1, false),
        (with(&format!("{why}\n\n"), ""), "", 2, false),
        (with("", &format!(" {allow}")), "", 1, false),
        (
            with("", " #eci-policy: allow host-namespaces"),
            "",
            1,
            false,
        ),
        // For another rule, invalid ones, and texts that are not comments.
        (with("", " # eci-policy: allow host-path"), "", 2, false),
        (with("", " # eci-policy: allow host-namespace"), "", 2, true),
        (with("", " # eci-policy: alow host-namespaces"), "", 2, true),
        (with("", " # eci-policy: allow"), "", 2, true),
        (with("", " # eci-policy allow host-namespaces"), "", 2, true),
        (with("", " # eci-policy is run in CI"), "", 2, false),
        (
            with("note: \"# eci-policy: allow host-namespaces\"\n", ""),
            "",
            2,
            false,
        ),
        (with(&format!("note: |\n  {why}\n"), ""), "", 2, false),
        // Flags.
        (with("", &format!(" {why}")), "--no-suppressions", 2, false),
        (
            with("", &format!(" {allow}")),
            "--no-suppressions",
            2,
            false,
        ),
        (with("", &format!(" {why}")), "--require-reason", 1, false),
        (with("", &format!(" {allow}")), "--require-reason", 2, true),
    ] {
        for text in [
            text.clone(),
            format!("\u{feff}---\n{CLEAN}---\n{text}").replace('\n', "\r\n"),
        ] {
            let folder = Folder::with(&[("pod.yaml", &text)]);
            let flags: Vec<_> = ["pod.yaml", flag]
                .into_iter()
                .filter(|flag| !flag.is_empty())
                .collect();
            let report = folder.checked(1, &flags);
            let totals = &report["totals"];
            assert_eq!(
                (&totals["denied"], &totals["suppressed"]),
                (&json!(left), &json!(2 - left)),
                "{flag} {text}"
            );
            assert_eq!(
                problems(&report).len(),
                usize::from(is_remarked),
                "{flag} {text}"
            );
            let shown = folder.run(&[&["check"], flags.as_slice()].concat()).out;
            assert_eq!(
                shown.matches("error[host-namespaces]").count(),
                left,
                "{shown}"
            );
        }
    }
}

#[test]
fn suppressed_findings_are_reported_to_programs_only() {
    let text = pod(
        "containers: [{name: web, image: nginx}]\nhostPID: true # eci-policy: allow host-namespaces the agent: needs it ",
    );
    let folder = Folder::with(&[("pod.yaml", &text)]);
    let report = folder.checked(0, &["--strict", "pod.yaml"]);
    assert_eq!(
        findings(&report)[0]["suppressed"]["reason"],
        "the agent: needs it"
    );
    assert_eq!(
        folder.run(&["check", "pod.yaml"]).out,
        "no problems in 1 object; 1 suppressed\n"
    );
    assert!(
        !folder
            .run(&["check", "--format", "github", "pod.yaml"])
            .out
            .contains("::error")
    );
    let sarif: Value =
        serde_json::from_str(&folder.run(&["check", "--format", "sarif", "pod.yaml"]).out).unwrap();
    assert_eq!(
        sarif["runs"][0]["results"][0]["suppressions"][0]["kind"],
        "inSource"
    );
}

#[test]
fn comments_in_a_flat_request_suppress_too() {
    let request = |comment: &str| {
        format!(
            "# ours\n\nContainer.1.Name=a\n  # {comment}\n# why\nContainer.1.SecurityContextPrivileged=true\n"
        )
    };
    for (comment, options, code, summary) in [
        (
            "eci-policy: allow privileged ok",
            &[][..],
            0,
            "no problems in 1 object; 1 suppressed",
        ),
        (
            "eci-policy: allow privileged ok",
            &["--no-suppressions"],
            1,
            "1 error in 1 object",
        ),
        (
            "eci-policy: allow privileged",
            &["--require-reason"],
            1,
            "1 error in 1 object; 1 suppression without effect",
        ),
        (
            "eci-policy: allow root-filesystem ok",
            &[],
            1,
            "1 error in 1 object",
        ),
        (
            "eci-policy: allow privileged, root-filesystem",
            &[],
            1,
            "1 error in 1 object; 1 suppression without effect",
        ),
    ] {
        let folder = Folder::with(&[("request", &request(comment))]);
        let ran = folder.run(&[&["check", "request"], options].concat());
        assert_eq!((ran.code, ran.summary()), (code, summary), "{}", ran.out);
        assert_eq!(
            ran.out.contains("a suppression takes one rule"),
            comment.contains(','),
            "{}",
            ran.out
        );
    }
}

#[test]
fn a_suppression_without_effect_fails_strict_checks() {
    let folder = Folder::with(&[(
        "pod.yaml",
        &format!("# eci-policy: alow privileged\n{CLEAN}"),
    )]);
    let ran = folder.run(&["check", "pod.yaml"]);
    assert_eq!(
        (ran.code, ran.summary()),
        (0, "no problems in 1 object; 1 suppression without effect")
    );
    assert_eq!(folder.run(&["check", "--strict", "pod.yaml"]).code, 1);
}
