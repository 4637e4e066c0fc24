//! Files that are not manifests, or hostile ones: the problem or the limit is named, and the other files are checked.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

mod support;

use std::fs::{self, File};

use serde_json::json;
use support::{BROKEN, CLEAN, DENIED, Folder, REPAIRED, problems, summaries};

/// An alias bomb: each level is ten times the one before.
fn bomb(levels: usize) -> String {
    let level = |level: usize| {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        format!("a{level}: &a{level} [{aliases}]\n")
    };
    format!(
        "a0: &a0 [lol, lol, lol]\n{}",
        (1..=levels).map(level).collect::<String>()
    )
}

/// The problem of each file, with its line if it has one.
fn bad() -> Vec<(&'static str, Vec<u8>, Option<usize>, &'static str)> {
    let text = |text: &str| text.as_bytes().to_vec();
    vec![
        (
            "cycle.yaml",
            text("apiVersion: v1\nkind: Pod\nspec: &a\n  x: *a\n"),
            Some(4),
            "contains itself",
        ),
        (
            "merge-cycle.yaml",
            text("apiVersion: v1\na: &a\n  <<: *a\n"),
            Some(3),
            "contains itself",
        ),
        (
            "bomb.yaml",
            bomb(9).into(),
            None,
            "aliases expand to more than 32 MiB",
        ),
        (
            "no-anchor.yaml",
            text("a: 1\nb: *nowhere\n"),
            Some(2),
            "unknown anchor",
        ),
        (
            "twice.yaml",
            text("a: 1\nb: 2\na: 3\n"),
            Some(3),
            "`a` is already set",
        ),
        ("tab.yaml", text("a:\n\tb: 1\n"), Some(2), ""),
        ("unclosed.yaml", BROKEN.into(), None, ""),
        ("quote.yaml", text("a: 'b\n"), None, ""),
        ("flow.json", text("{\"a\": 1,\n \"b\": }}\n"), Some(2), ""),
        (
            "deep.json",
            [vec![b'['; 100_000], vec![b']'; 100_000]].concat(),
            Some(1),
            "nested deeper than 200 levels",
        ),
        (
            "unclosed.json",
            vec![b'['; 100_000],
            Some(1),
            "nested deeper than 200 levels",
        ),
        (
            "block.yaml",
            "- ".repeat(100_000).into(),
            Some(1),
            "nested deeper than 200 levels",
        ),
        ("nan.yaml", text("a: .nan\n"), Some(1), ".nan"),
        (
            "key.yaml",
            text("a: 1\n? [b]\n: 1\n"),
            Some(2),
            "a mapping key must be",
        ),
        (
            "binary.yaml",
            b"\x7fELF\x02\x01\x01\x00\xff\xfe\x80".to_vec(),
            None,
            "is not UTF-8 text (at byte 8)",
        ),
        (
            "utf-16.yaml",
            b"\xff\xfea\x00:\x00 \x001\x00".to_vec(),
            None,
            "is not UTF-8 text (at byte 0)",
        ),
        (
            "latin-1.yaml",
            b"a: gr\xf6\xdfer\n".to_vec(),
            None,
            "is not UTF-8 text (at byte 5)",
        ),
        ("nul.yaml", b"a: 1\nb: \0\0\0\n".to_vec(), Some(2), ""),
        (
            "truncated.yaml",
            b"a: gr\xc3".to_vec(),
            None,
            "is not UTF-8 text (at byte 5)",
        ),
    ]
}

#[test]
fn a_bad_file_is_reported_and_the_others_are_checked() {
    for (name, content, line, said) in bad() {
        let folder = Folder::with(&[("a.yaml", CLEAN), ("z.yaml", DENIED)]);
        folder.write(name, &content);
        for arguments in [["."].as_slice(), &["a.yaml", name, "z.yaml"]] {
            let report = folder.checked(2, arguments);
            assert_eq!(
                summaries(&report),
                ["host-namespaces deny spec.hostPID"],
                "{name}"
            );
            assert_eq!(report["totals"]["failed"], 1, "{name}: {report}");
            let problem = problems(&report)[0];
            let message = problem["message"].as_str().unwrap();
            assert!(
                !message.is_empty() && message.contains(said),
                "{name}: {message}"
            );
            assert!(message.len() < 300, "{name}: {message}");
            if let Some(line) = line {
                assert_eq!(problem["line"], line, "{name}: {problem}");
            }
        }
        // By every command, in every format, and from standard input.
        for format in ["text", "sarif", "github", "junit"] {
            let ran = folder.run(&["check", "--format", format, name]);
            assert_eq!((ran.code, ran.err.as_str()), (2, ""), "{name} {format}");
            assert!(ran.out.contains(name), "{name} {format}: {}", ran.out);
        }
        assert_eq!(
            folder.run_with(&["check", "-"], content.clone()).code,
            2,
            "{name}"
        );
        for arguments in [
            &["fix"][..],
            &["fix", "--diff"],
            &["diff", "--from", "2024-02-26"],
            &["show"],
        ] {
            let ran = folder.run(&[arguments, &[name]].concat());
            assert_eq!(ran.code, 2, "{arguments:?} {name}: {}", ran.out);
            assert!(ran.err.contains(name), "{arguments:?} {name}: {}", ran.err);
        }
        assert_eq!(
            fs::read(folder.path().join(name)).unwrap(),
            content,
            "{name}"
        );
    }
}

#[test]
fn a_bomb_takes_only_its_own_document_along() {
    let folder = Folder::with(&[]);
    for levels in [4, 9, 30] {
        folder.write(
            "all.yaml",
            format!("{DENIED}---\n{}---\n{DENIED}", bomb(levels)),
        );
        let report = folder.checked(if levels > 4 { 2 } else { 1 }, &["all.yaml"]);
        assert_eq!(report["totals"]["denied"], 2);
        assert_eq!(problems(&report).len(), usize::from(levels > 4), "{levels}");
    }
}

#[test]
fn a_document_that_is_too_large_is_reported_with_the_limit() {
    let folder = Folder::with(&[("z.yaml", DENIED)]);
    let large = File::create(folder.path().join("a.yaml")).unwrap();
    large.set_len(100 << 20).unwrap();
    let report = folder.checked(2, &["."]);
    assert_eq!(summaries(&report), ["host-namespaces deny spec.hostPID"]);
    let document = "a document is larger than 32 MiB, the limit; a list may be larger if it is written as \
                    `kubectl get -o yaml` and `kubectl get -o json` write it, and each of its items may have 32 MiB";
    assert_eq!(problems(&report)[0]["message"], document);
    // A repair needs the whole file.
    let said = "is larger than 32 MiB, the limit; split it";
    let ran = folder.run(&["fix", "a.yaml"]);
    assert_eq!(
        (ran.code, ran.err.lines().next()),
        (2, Some(format!("a.yaml: {said}").as_str()))
    );
    // Standard input has no size beforehand.
    let ran = folder.bash("head -c 100M /dev/zero | eci-policy check --format json -");
    assert_eq!(problems(&ran.json(2))[0]["message"], document);
    let ran = folder.bash("head -c 100M /dev/zero | eci-policy fix -");
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (2, ""),
        "nothing half-written"
    );
    if std::path::Path::new("/dev/zero").exists() {
        assert_eq!(folder.run(&["check", "/dev/zero"]).code, 2);
    }
}

#[test]
fn long_lines_and_many_objects_are_checked() {
    // 4 MiB on one line; the excerpt stays short.
    let line = format!("x: \"{}\", hostPID: true", "ö".repeat(2 << 20));
    let pod = format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{labels: {{eci: \"true\"}}}}, spec: {{containers: [], {line}}}}}"
    );
    let column = pod.chars().count() - "hostPID: true}}".len() + 1;
    let place = format!("--> ./long.yaml:1:{column}\n");
    let folder = Folder::with(&[
        ("long.yaml", &pod),
        ("many.yaml", &format!("---\n{CLEAN}").repeat(5000)),
    ]);
    let ran = folder.run(&["check", "."]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.out.contains(&place) && ran.out.len() < 8192,
        "{}",
        ran.out
    );
    assert_eq!(ran.summary(), "1 error in 5001 objects in 2 files");
}

#[test]
#[cfg(unix)]
fn an_unreadable_file_is_named() {
    use std::os::unix::fs::symlink;

    let folder = Folder::with(&[("z.yaml", DENIED), ("directory.yaml/within.yaml", DENIED)]);
    symlink("nowhere", folder.path().join("dangling.yaml")).unwrap();
    symlink("loop.yaml", folder.path().join("loop.yaml")).unwrap();
    let report = folder.checked(2, &["."]);
    assert_eq!(summaries(&report), ["host-namespaces deny spec.hostPID"; 2]);
    assert_eq!(report["totals"]["failed"], 2, "{report}");
    let names = ["dangling.yaml", "loop.yaml"];
    let failed: Vec<_> = report["files"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|file| file["problems"] != json!([]))
        .collect();
    assert_eq!(
        failed
            .iter()
            .map(|file| file["file"].as_str().unwrap())
            .collect::<Vec<_>>(),
        names.map(|name| format!("./{name}"))
    );
    for name in [
        "dangling.yaml",
        "loop.yaml",
        "absent.yaml",
        "absent/z.yaml",
        "z.yaml/z.yaml",
    ] {
        for command in ["check", "fix", "show"] {
            let ran = folder.run(&[command, name, "z.yaml"]);
            assert_eq!(ran.code, 2, "{command} {name}");
            let output = if command == "check" {
                &ran.out
            } else {
                &ran.err
            };
            assert!(
                output.contains(name) && output.contains("cannot be read: "),
                "{command} {name}: {output}"
            );
        }
        assert_eq!(
            summaries(&folder.checked(2, &[name, "z.yaml"])),
            ["host-namespaces deny spec.hostPID"]
        );
    }
    // Root can read the file, and then there is no problem.
    use std::os::unix::fs::PermissionsExt;
    let locked = folder.path().join("z.yaml");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
    let is_root = File::open(&locked).is_ok();
    let ran = folder.run(&["check", "z.yaml", "directory.yaml"]);
    assert_eq!(ran.code, if is_root { 1 } else { 2 });
    assert_eq!(
        ran.out.contains("cannot be read: permission denied"),
        !is_root,
        "{}",
        ran.out
    );
}

#[test]
#[cfg(unix)]
fn a_loop_of_directories_is_entered_once() {
    use std::os::unix::fs::symlink;

    let folder = Folder::with(&[("a/b/denied.yaml", DENIED), ("a/repaired.yaml", REPAIRED)]);
    for link in ["a/b/up", "a/b/self"] {
        let to = if link.ends_with("self") { "." } else { "../.." };
        symlink(to, folder.path().join(link)).unwrap();
    }
    for path in [".", "a"] {
        let report = folder.checked(1, &[path]);
        // A file that is found in two ways may be reported twice. The loop ends without a failure.
        assert!(
            summaries(&report).contains(&"host-namespaces deny spec.hostPID".to_owned()),
            "{report}"
        );
        assert_eq!(report["totals"]["failed"], 0, "{report}");
        let remarks = problems(&report);
        assert!(remarks.iter().any(|remark| {
            remark["message"]
                .as_str()
                .unwrap()
                .contains("links back to")
        }));
        assert!(remarks.iter().all(|remark| remark["remark"] == true));
        assert_eq!(folder.run(&["fix", "--diff", path]).code, 1);
        assert_eq!(folder.run(&["diff", "--from", "2024-02-26", path]).code, 0);
        assert_eq!(folder.run(&["show", path]).code, 0);
    }
    assert_eq!(folder.run(&["fix", "."]).code, 0);
    assert_eq!(
        folder.read("a/repaired.yaml"),
        REPAIRED.replace("CAP_CHOWN", "CHOWN")
    );
}

#[test]
fn no_content_steers_the_terminal() {
    let folder = Folder::with(&[]);
    let name = "a\u{1b}[2J.yaml";
    folder.write(
        name,
        "apiVersion: v1\n\"\\e[31m\\u202e\": 1\n\"\\e[31m\\u202e\": 1\n",
    );
    folder.write("b.yaml", support::pod("containers: [{name: \"\\e[31m\", image: nginx, securityContext: {procMount: \"\\e[31m\\u009b\", capabilities: {add: [\"\\e[31m\"]}}}]"));
    for arguments in [
        &["check"][..],
        &["fix"],
        &["fix", "--diff", "--rule", "proc-mount"],
        &["show"],
        &["diff", "--from", "2024-02-26"],
    ] {
        let ran = folder.run(&[arguments, &["--color", "always", name, "b.yaml"]].concat());
        // The styles of the report itself aside, nothing does.
        for (what, text) in [("out", &ran.out), ("err", &ran.err)] {
            let hostile = ["\u{1b}[2J", "\u{1b}[31m", "\u{9b}", "\u{202e}"];
            let found: Vec<_> = hostile
                .iter()
                .filter(|part| text.contains(**part))
                .collect();
            assert!(
                found.is_empty(),
                "{arguments:?}: {found:?} on {what}: {text:?}"
            );
        }
    }
}
