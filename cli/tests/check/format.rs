//! The formats of the report.

use crate::input::DEPLOYMENT;
use crate::support::{CLEAN, DENIED, Folder, REPAIRED, WARNED, pod};
use serde_json::{Value, json};

#[test]
fn text_shows_the_source_as_compilers_do() {
    let folder = Folder::with(&[(
        "pod.yaml",
        &pod(
            "containers:\n- name: größer\n  image: größer\n  securityContext: {note: \"größer\", capabilities: {add: [CAP_CHOWN, SYS_TIMES]}}",
        ),
    )]);
    let ran = folder.run(&["check", "pod.yaml"]);
    let source =
        "8 |     securityContext: {note: \"größer\", capabilities: {add: [CAP_CHOWN, SYS_TIMES]}}";
    let blocks: Vec<Vec<&str>> = ran
        .out
        .trim_end()
        .split("\n\n")
        .map(|block| block.lines().collect())
        .collect();
    assert_eq!(blocks.len(), 3, "{}", ran.out);
    for (block, head, column, value, has_fix) in [
        (
            &blocks[0],
            "warning[capability-name]: ",
            60,
            "CAP_CHOWN",
            true,
        ),
        (
            &blocks[1],
            "error[capability-unsupported]: ",
            71,
            "SYS_TIMES",
            false,
        ),
    ] {
        assert!(
            block[0].starts_with(head) && block[0].contains(value),
            "{}",
            ran.out
        );
        assert_eq!(block[1].trim(), format!("--> pod.yaml:8:{column}"));
        assert_eq!(block[3], source);
        let caret = format!(
            "  |{}{}",
            " ".repeat(source[..source.find(value).unwrap()].chars().count() - 3),
            "^".repeat(value.len())
        );
        assert_eq!(block[4], caret);
        let says = |label: &str| {
            block
                .iter()
                .any(|line| line.contains(&format!("= {label}: ")))
        };
        assert!(says("help"), "{}", ran.out);
        assert_eq!(says("fix"), has_fix, "{}", ran.out);
    }
    assert!(
        blocks[1]
            .iter()
            .any(|line| line.contains("help: ") && line.contains("SYS_TIME")),
        "{}",
        ran.out
    );
    assert_eq!(
        ran.summary(),
        "1 error, 1 repair at admission in 1 object. 1 can be repaired: eci-policy fix"
    );
}

#[test]
fn a_repair_is_reported_with_its_command() {
    let named = DEPLOYMENT
        .replace(
            "image: nginx}",
            "image: nginx, securityContext: {capabilities: {add: [CAP_KILL]}}}",
        )
        .replace(", hostIPC: true", "");
    // How often it is said that `fix` repairs, and of how many findings `fix` then does so.
    for (text, settings, said, count) in [
        (REPAIRED, "{}", "(eci-policy fix)", 1),
        // A workload is repaired in its file, though not at admission.
        (&named, "{}", "(eci-policy fix)", 1),
        (&named, "mutate: all", "(eci-policy fix)", 1),
        (REPAIRED, "mutate: none", "(eci-policy fix)", 1),
        (WARNED, "{}", "(eci-policy fix --rule proc-mount)", 0),
        (WARNED, "actions: {proc-mount: fix}", "(eci-policy fix)", 1),
        (
            REPAIRED,
            "actions: {capability-name: deny}",
            "(eci-policy fix --rule capability-name)",
            0,
        ),
        (
            REPAIRED,
            "exempt: [{image: nginx}]",
            "for the audit log only",
            0,
        ),
    ] {
        let folder = Folder::with(&[("pod.yaml", text), ("settings.yaml", settings)]);
        let arguments = ["check", "--settings", "settings.yaml", "pod.yaml"];
        let ran = folder.run(&arguments);
        assert_eq!(ran.out.matches(said).count(), 1, "{settings}: {}", ran.out);
        let report = folder.run(&[&arguments[..], &["--format", "json"]].concat());
        let report: Value = serde_json::from_str(&report.out).unwrap();
        assert_eq!(report["totals"]["fixable"], count, "{settings}: {report}");
        let ran = folder.run(&["fix", "--settings", "settings.yaml", "pod.yaml"]);
        assert_eq!(
            ran.err.starts_with("1 finding in 1 file repaired"),
            count == 1,
            "{settings}: {}",
            ran.err
        );
    }
}

#[test]
fn every_format_names_rule_file_and_line() {
    let folder = Folder::with(&[("deploy/denied.yaml", DENIED), ("deploy/clean.yaml", CLEAN)]);
    let ran = |format: &str| {
        let ran = folder.run(&["check", "--format", format, "deploy"]);
        assert_eq!((ran.code, ran.err.as_str()), (1, ""), "{format}");
        ran.out
    };
    let sarif: Value = serde_json::from_str(&ran("sarif")).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let result = &sarif["runs"][0]["results"][0];
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(
        (&result["ruleId"], &result["level"]),
        (&json!("host-namespaces"), &json!("error"))
    );
    assert_eq!(place["artifactLocation"]["uri"], "deploy/denied.yaml");
    assert_eq!(
        (
            &place["region"]["startLine"],
            &place["region"]["startColumn"]
        ),
        (&json!(6), &json!(3))
    );
    let github = ran("github");
    let command = github.lines().next().unwrap();
    assert!(
        command.starts_with("::error file=deploy/denied.yaml,line=6,"),
        "{github}"
    );
    assert!(command.contains("host-namespaces"), "{github}");
    let junit = ran("junit");
    assert!(junit.starts_with("<?xml"), "{junit}");
    for part in [
        "<testsuite",
        "failures=\"1\"",
        "host-namespaces",
        "deploy/denied.yaml:6",
    ] {
        assert!(junit.contains(part), "no {part} in {junit}");
    }
}

#[test]
fn colours_are_for_terminals() {
    let folder = Folder::with(&[("pod.yaml", DENIED)]);
    let is_coloured = |text: &str| text.contains("\u{1b}[");
    assert!(!is_coloured(&folder.run(&["check", "pod.yaml"]).out));
    assert!(is_coloured(
        &folder.run(&["check", "--color", "always", "pod.yaml"]).out
    ));
    // `script` runs a command on a terminal.
    let on_terminal = |before: &str, after: &str| {
        folder.bash(&format!(
            "TERM=xterm {before} script -qec 'eci-policy check {after} pod.yaml' /dev/null"
        ))
    };
    let plain = on_terminal("", "");
    if plain.err.contains("script: command not found") {
        return;
    }
    assert_eq!(plain.code, 1, "{plain:?}");
    assert!(is_coloured(&plain.out), "{plain:?}");
    assert!(!is_coloured(&on_terminal("NO_COLOR=1", "").out));
    assert!(!is_coloured(&on_terminal("", "--color never").out));
}

#[test]
fn a_program_gets_every_byte_of_a_name() {
    // An output that strips styles must not strip these.
    let name = "a\u{1b}[31m\u{7f}\u{9b}ü.yaml";
    let folder = Folder::with(&[(name, DENIED)]);
    let report = folder.checked(1, &[name]);
    assert_eq!(report["files"][0]["file"], name);
    let ran = folder.run(&["check", "--color", "always", name]);
    assert!(
        !ran.out.contains("\u{1b}[31m\u{7f}") && !ran.out.contains('\u{9b}'),
        "{:?}",
        ran.out
    );
}

/// A pod whose capabilities stand behind an anchor that another container uses.
const ANCHORED: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: anchored, labels: {alibabacloud.com/eci: \"true\"}}
spec:
  initContainers: [{name: a, image: a, securityContext: &c {capabilities: {add: [net_admin]}}}]
  containers: [{name: b, image: b, securityContext: *c}]
";

#[test]
fn a_repair_is_announced_with_the_option_that_makes_it() {
    let possible = REPAIRED.replace(", labels: {alibabacloud.com/eci: \"true\"}", "")
        + "  tolerations: [{key: virtual-kubelet.io/provider, operator: Exists}]\n";
    for (text, hint, promised) in [
        (
            REPAIRED,
            "(eci-policy fix)",
            ". 1 can be repaired: eci-policy fix",
        ),
        (ANCHORED, "", ""),
        (
            &possible,
            "(eci-policy fix --assume-eci)",
            ". 1 can be repaired: eci-policy fix --assume-eci",
        ),
        (WARNED, "(eci-policy fix --rule proc-mount)", ""),
    ] {
        let folder = Folder::with(&[("pod.yaml", text)]);
        let ran = folder.run(&["check", "pod.yaml"]);
        assert_eq!(
            (ran.out.contains("= fix: "), ran.out.contains(hint)),
            (!hint.is_empty(), true),
            "{}",
            ran.out
        );
        let end = ran.summary();
        let end = end.find(". ").map_or("", |at| &end[at..]);
        assert_eq!(end, promised);
        // Every hint is true.
        if let Some(options) = hint
            .strip_prefix("(eci-policy fix")
            .and_then(|rest| rest.strip_suffix(')'))
        {
            let fixed = folder.bash(&format!("eci-policy fix{options} pod.yaml"));
            assert_eq!(
                (fixed.code, fixed.err.as_str()),
                (0, "1 finding in 1 file repaired\n")
            );
        } else {
            assert!(
                folder
                    .run(&["fix", "pod.yaml"])
                    .err
                    .contains("nothing to repair")
            );
        }
    }
}

#[test]
fn services_get_paths_from_the_root_of_the_repository() {
    let folder = Folder::with(&[("repository/deploy/pod.yaml", DENIED)]);
    std::fs::create_dir(folder.path().join("repository/.git")).unwrap();
    let absolute = folder.path().join("repository/deploy/pod.yaml");
    for path in ["repository/deploy/pod.yaml", absolute.to_str().unwrap()] {
        let sarif = folder.run(&["check", "--format", "sarif", path]).json(1);
        let location = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
        assert_eq!(location["artifactLocation"]["uri"], "deploy/pod.yaml");
        let gitlab = folder.run(&["check", "--format", "gitlab", path]).json(1);
        assert_eq!(gitlab[0]["location"]["path"], "deploy/pod.yaml");
        let github = folder.run(&["check", "--format", "github", path]);
        assert!(
            github.out.starts_with("::error file=deploy/pod.yaml,"),
            "{}",
            github.out
        );
    }
}
