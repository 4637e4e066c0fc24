//! The configuration `.eci-policy.yaml`.

use crate::support::{CLEAN, DENIED, Folder, WARNED, summaries};

fn elsewhere() -> String {
    DENIED.replace(", labels: {alibabacloud.com/eci: \"true\"}", "")
}

const DENY: [&str; 1] = ["host-namespaces deny spec.hostPID"];

#[test]
fn the_nearest_configuration_above_a_path_counts() {
    let folder = Folder::with(&[
        (".git/HEAD", ""),
        (
            ".eci-policy.yaml",
            "settings: {actions: {host-namespaces: off}}",
        ),
        ("a/pod.yaml", DENIED),
        ("b/.eci-policy.yaml", "# empty\n"),
        ("b/deep/pod.yaml", DENIED),
        ("c/.git/HEAD", ""),
        ("c/pod.yaml", DENIED),
    ]);
    for (paths, code, expected) in [
        (&["."][..], 0, &[][..]),
        (&["a"], 0, &[]),
        (&["a/pod.yaml"], 0, &[]),
        (&["b"], 1, &DENY),
        (&["b/deep/pod.yaml"], 1, &DENY),
        (&["a", "b"], 1, &DENY),
        // It is not looked for above the repository.
        (&["c"], 1, &DENY),
        (&["a", "--no-config"], 1, &DENY),
    ] {
        assert_eq!(
            summaries(&folder.checked(code, paths)),
            expected,
            "{paths:?}"
        );
    }
    let ran = folder.run_with(&["check", "-"], DENIED);
    assert_eq!(
        ran.code, 0,
        "standard input has that of the folder: {ran:?}"
    );
}

#[test]
fn settings_are_a_file_or_written_in_it() {
    let folder = Folder::with(&[
        ("repo/.eci-policy.yaml", "settings: ../policy/settings.yaml"),
        ("repo/pods/pod.yaml", DENIED),
        ("policy/settings.yaml", "actions: {host-namespaces: audit}"),
        ("deny.yaml", "actions: {host-namespaces: deny}"),
    ]);
    folder.checked(0, &["repo"]);
    let report = folder.checked(1, &["repo", "--settings", "deny.yaml"]);
    assert_eq!(summaries(&report), DENY, "the command line outranks it");
    assert_eq!(report["run"]["settings"], "deny.yaml");
    folder.write(
        "repo/.eci-policy.yaml",
        "settings: {profile: \"2024-02-26\"}",
    );
    let report = folder.checked(1, &["repo"]);
    assert_eq!(report["run"]["settings"], "repo/.eci-policy.yaml");
    assert_eq!(report["run"]["profile"], "2024-02-26");
}

#[test]
fn files_are_left_out_and_assumed_by_path() {
    let folder = Folder::with(&[
        (
            ".eci-policy.yaml",
            "exclude: [vendor/, '*.test.yaml']\nassumeEci: [/serverless/]\n",
        ),
        ("vendor/pod.yaml", DENIED),
        ("pods/pod.test.yaml", DENIED),
        ("pods/pod.yaml", &elsewhere()),
    ]);
    assert_eq!(summaries(&folder.checked(0, &["."])), [""; 0]);
    folder.write("serverless/web/pod.yaml", elsewhere());
    assert_eq!(summaries(&folder.checked(1, &["."])), DENY);
    assert_eq!(
        summaries(&folder.checked(1, &["serverless/web/pod.yaml"])),
        DENY
    );
    folder.checked(0, &["pods"]);
    folder.checked(1, &["pods/pod.test.yaml"]);
    let shown = folder.run(&["show", "serverless", "pods"]);
    assert!(shown.out.contains("on ECI    yes"), "{}", shown.out);
    assert!(shown.out.contains("does not run on ECI"), "{}", shown.out);
    folder.write(".eci-policy.yaml", "assumeEci: true");
    folder.checked(1, &["pods"]);
}

#[test]
fn strict_counts_for_the_files_of_its_configuration() {
    let folder = Folder::with(&[
        ("strict/.eci-policy.yaml", "strict: true"),
        ("strict/pod.yaml", WARNED),
        ("lax/pod.yaml", WARNED),
        ("clean/.eci-policy.yaml", "strict: true"),
        ("clean/pod.yaml", CLEAN),
    ]);
    for (paths, code) in [
        (&["strict"][..], 1),
        (&["lax"], 0),
        (&["clean", "lax"], 0),
        (&["lax", "strict"], 1),
        (&["strict", "--exit-zero"], 0),
        (&["strict", "--no-config"], 0),
    ] {
        let ran = folder.run(&[&["check"], paths].concat());
        assert_eq!(ran.code, code, "{paths:?}: {ran:?}");
    }
    folder.write("clean/pod.yaml", elsewhere());
    assert_eq!(
        folder.run(&["check", "clean"]).code,
        1,
        "nothing was checked"
    );
}

#[test]
fn fix_and_diff_have_the_same_configuration() {
    let kept = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: a\n    image: b\n    securityContext: {capabilities: {add: [CAP_CHOWN]}}\n";
    let folder = Folder::with(&[
        (".eci-policy.yaml", "assumeEci: [a.yaml]"),
        ("a.yaml", kept),
        ("b.yaml", kept),
    ]);
    let ran = folder.run(&["fix", "."]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(folder.read("a.yaml").contains("[CHOWN]"));
    assert_eq!(folder.read("b.yaml"), kept);
    folder.write(
        "a.yaml",
        elsewhere().replace(
            "hostPID: true",
            "securityContext: {sysctls: [{name: kernel.shm_rmid_forced, value: \"1\"}]}",
        ),
    );
    let ran = folder.run(&["diff", "--from", "2024-02-26", "."]);
    assert_eq!(ran.code, 1, "{ran:?}");
}

#[test]
fn the_configuration_is_printed() {
    let folder = Folder::with(&[
        (
            ".eci-policy.yaml",
            "strict: true\nexclude: [vendor/]\nassumeEci: ['prod/**']\nsettings: {mutate: none}\n",
        ),
        ("a/pod.yaml", CLEAN),
        ("b/.eci-policy.yaml", "assumeEci: true"),
    ]);
    let ran = folder.run(&["check", "--show-config", "--strict", "--exclude", "x", "b"]);
    assert!(
        ran.out.contains("exclude:\n  - x\n  strict: true\n"),
        "with the options: {}",
        ran.out
    );
    let ran = folder.run(&["check", "--show-config", "a", "b", "-"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert_eq!(
        ran.out,
        "\
- paths:
  - a
  - '-'
  config: .eci-policy.yaml
  settingsFile: .eci-policy.yaml
  settings:
    mutate: none
  profile: \"2026-04-01\"
  exclude:
  - vendor/
  strict: true
  assumeEci:
  - prod/**
- paths:
  - b
  config: b/.eci-policy.yaml
  settingsFile: null
  settings: {}
  profile: \"2026-04-01\"
  exclude: []
  strict: false
  assumeEci: true
"
    );
}

#[test]
fn every_error_is_told_with_its_line() {
    let folder = Folder::with(&[("pod.yaml", CLEAN)]);
    for (name, text, expected) in [
        (
            ".eci-policy.yaml",
            "strikt: true\nexclude: vendor\nassumeEci:\n- a\n- '[z-a]'\n- 7\nstrict: 1\n",
            &[
                ".eci-policy.yaml:1:1: strikt: no such key; did you mean strict?",
                ".eci-policy.yaml:2:1: exclude: must be a list",
                ".eci-policy.yaml:5:3: assumeEci[1]: \"[z-a]\" is not a valid pattern",
                ".eci-policy.yaml:6:3: assumeEci[2]: must be a string",
                ".eci-policy.yaml:7:1: strict: must be true or false",
            ][..],
        ),
        (
            ".eci-policy.yaml",
            "strict: true\nsettings:\n  mutate: never\n  actions:\n    privilege: warn\n",
            &[
                ".eci-policy.yaml:3:3: mutate: \"never\" is not one of none, pods, all",
                ".eci-policy.yaml:5:5: actions.privilege: no such rule; did you mean privileged?",
            ],
        ),
        (
            ".eci-policy.yaml",
            "assumeEci: some\n",
            &[".eci-policy.yaml:1:1: assumeEci: must be true, false or a list of patterns"],
        ),
        (
            ".eci-policy.yaml",
            "settings: other.yaml\n",
            &[".eci-policy.yaml: settings: other.yaml: cannot be read"],
        ),
        (
            ".eci-policy.yaml",
            "a: 1\n---\nb: 2\n",
            &[".eci-policy.yaml: has several documents; it takes one"],
        ),
        (
            ".eci-policy.yaml",
            "- strict\n",
            &[".eci-policy.yaml:1:3: the settings: must be an object"],
        ),
        (
            ".eci-policy.yaml",
            "a: [\n",
            &[".eci-policy.yaml: line 1, column 4: unclosed bracket '['"],
        ),
    ] {
        folder.write(name, text);
        let ran = folder.run(&["check", "."]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{text}");
        let told: Vec<_> = ran.err.lines().collect();
        assert_eq!(told.len(), expected.len(), "{text}: {told:?}");
        for (line, expected) in told.iter().zip(expected) {
            let line = line.strip_prefix("eci-policy: ").unwrap();
            assert!(line.contains(expected), "{text}: {line}");
        }
    }
}

#[test]
fn the_settings_of_a_policy_and_of_a_chart_have_lines() {
    let bad = "mutate: never\nactions: {\"*\": no, privileged: fix}\n";
    let indented = bad.replace('\n', "\n    ");
    let policy = format!(
        "{CLEAN}---\napiVersion: policies.kubewarden.io/v1\nkind: ClusterAdmissionPolicy\nspec:\n  module: x\n  settings:\n    {indented}\n"
    );
    let values = format!("mutating: {{enabled: true}}\nsettings:\n    {indented}\n");
    let folder = Folder::with(&[
        ("pod.yaml", DENIED),
        ("bad.yaml", bad),
        ("policy.yaml", &policy),
        ("values.yaml", &values),
    ]);
    for (name, first, second) in [
        ("bad.yaml", "1:1", "2:20"),
        ("policy.yaml", "11:5", "12:24"),
        ("values.yaml", "3:5", "4:24"),
    ] {
        let ran = folder.run(&["check", "--settings", name, "pod.yaml"]);
        assert_eq!(ran.code, 2);
        let told: Vec<_> = ran.err.lines().collect();
        assert_eq!(told.len(), 2, "{name}: {told:?}");
        assert!(
            told[0].starts_with(&format!("eci-policy: {name}:{first}: mutate: ")),
            "{told:?}"
        );
        assert!(
            told[1].starts_with(&format!(
                "eci-policy: {name}:{second}: actions.privileged: "
            )),
            "{told:?}"
        );
    }
    folder.write(
        "values.yaml",
        "settings: {actions: {host-namespaces: warn}}\nspec: {}\n",
    );
    assert_eq!(
        folder
            .run(&["check", "--settings", "values.yaml", "pod.yaml"])
            .code,
        0
    );
    folder.checked(
        1,
        &[
            "--settings",
            concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/chart/values.yaml"),
            "pod.yaml",
        ],
    );
}

#[cfg(unix)]
#[test]
fn a_link_has_the_configuration_of_its_own_folder() {
    let folder = Folder::with(&[
        (
            "off/.eci-policy.yaml",
            "settings: {actions: {host-namespaces: off}}",
        ),
        ("off/pod.yaml", DENIED),
        ("other/.eci-policy.yaml", ""),
    ]);
    let link = folder.path().join("other/link.yaml");
    std::os::unix::fs::symlink("../off/pod.yaml", link).unwrap();
    for path in ["other", "other/link.yaml"] {
        assert_eq!(summaries(&folder.checked(1, &[path])), DENY, "{path}");
    }
    // What cannot be read is an error.
    let missing = folder.path().join("other/.eci-policy.yaml");
    std::fs::remove_file(&missing).unwrap();
    std::os::unix::fs::symlink("none", &missing).unwrap();
    let ran = folder.run(&["check", "other/link.yaml"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.err.contains("other/.eci-policy.yaml: cannot be read"),
        "{}",
        ran.err
    );
    // An editor leaves such a link while a file is edited.
    std::fs::remove_file(&missing).unwrap();
    std::os::unix::fs::symlink("user@host:1", folder.path().join("off/.#pod.yaml")).unwrap();
    folder.checked(0, &["off"]);
}
