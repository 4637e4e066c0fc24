//! Many files, many objects, and closed pipes.

use crate::position::index;
use crate::support::{
    BROKEN, CLEAN, DENIED, FOREIGN, Folder, REPAIRED, WARNED, findings, pod, problems,
};

/// More files than are worked on at a time.
fn many() -> Folder {
    let folder = Folder::with(&[]);
    for index in 0..320 {
        let text = [CLEAN, DENIED, WARNED, REPAIRED, BROKEN, FOREIGN][index % 6];
        folder.write(
            &format!("{}/{index}.yaml", index % 7),
            text.replace("web", &format!("web-{index}")),
        );
    }
    folder
}

#[test]
fn threads_and_runs_do_not_show() {
    let folder = many();
    for format in ["text", "json", "junit"] {
        let ran = |threads: &str| {
            let mut command = folder.command();
            command
                .env("RAYON_NUM_THREADS", threads)
                .args(["check", "--format", format, "."]);
            crate::support::Ran::of(&command.output().unwrap())
        };
        let one = ran("1");
        assert_eq!((one.code, one.err.as_str()), (2, ""));
        assert!(one.out.contains("319.yaml"));
        for threads in ["1", "2", "2", "2", "8"] {
            assert!(ran(threads) == one, "{format} with {threads} threads");
        }
    }
    let documents: String = (0..300)
        .map(|index| format!("---\n{}", DENIED.replace("denied", &format!("p{index}"))))
        .collect();
    folder.write("stream.yaml", documents);
    let one = folder.checked(1, &["stream.yaml"]);
    let lines: Vec<_> = findings(&one)
        .iter()
        .map(|found| index(found, "line"))
        .collect();
    assert_eq!(
        lines,
        (0..300).map(|index| index * 7 + 7).collect::<Vec<_>>()
    );
    assert_eq!(folder.checked(1, &["stream.yaml"]), one);
}

#[test]
fn a_closed_pipe_ends_the_printing_quietly() {
    let folder = many();
    let ran = folder.bash("eci-policy check . | head -1 >/dev/null; echo ${PIPESTATUS[0]}");
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("2\n", ""));
    for format in ["text", "json", "sarif", "github", "junit"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = std::process::Command::new(folder.command().get_program());
        command
            .args(["check", "--format", format, "."])
            .current_dir(folder.path())
            .stdout(writer);
        let output = command.output().unwrap();
        assert_eq!(
            (output.status.code(), output.stderr.as_slice()),
            (Some(2), &b""[..]),
            "{format}"
        );
    }
}

#[test]
fn a_full_disk_is_reported() {
    if !std::path::Path::new("/dev/full").exists() {
        return;
    }
    let folder = Folder::with(&[("pod.yaml", CLEAN)]);
    let ran = folder.bash("eci-policy check pod.yaml >/dev/full");
    assert_eq!(ran.code, 2);
    assert!(
        ran.err.starts_with("eci-policy: cannot write: "),
        "{}",
        ran.err
    );
}

#[test]
fn a_list_is_not_read_once_for_each_of_its_objects() {
    let object = REPAIRED
        .lines()
        .map(|line| format!("  {line}\n"))
        .collect::<String>()
        .replacen("  ", "- ", 1);
    let list = format!(
        "apiVersion: v1\nkind: List\nitems:\n{}",
        object.repeat(1000)
    );
    let folder = Folder::with(&[("list.yaml", &list)]);
    let report = folder.checked(0, &["list.yaml"]);
    assert!(
        findings(&report)
            .iter()
            .all(|found| found["fix"]["replacements"][0]["text"] == "CHOWN")
    );
    assert_eq!(report["totals"]["fixable"], 1000);
}

// These files take minutes where the work grows with the square of their size.

#[test]
fn a_file_of_many_broken_documents_is_reported() {
    let folder = Folder::with(&[("broken.yaml", &"---\na: [\n".repeat(20_000))]);
    let report = folder.checked(2, &["broken.yaml"]);
    let problems = problems(&report);
    assert_eq!(problems.len(), 20_000);
    assert_eq!(problems[19_999]["line"], 40_000);
}

#[test]
fn a_finding_below_many_suppressions_is_suppressed() {
    let containers = format!(
        "containers:\n- name: a\n  image: a\n  securityContext:\n{}    privileged: true\n",
        "    # eci-policy: allow privileged ticket 7\n".repeat(80_000)
    );
    let folder = Folder::with(&[("pod.yaml", &pod(&containers))]);
    let report = folder.checked(0, &["pod.yaml"]);
    assert_eq!(report["totals"]["suppressed"], 1, "{}", report["totals"]);
}

#[test]
fn thousands_of_repairs_in_one_object_are_listed() {
    let container =
        "- name: a\n  image: a\n  securityContext: {capabilities: {add: [cap_chown, cap_kill]}}\n";
    let folder = Folder::with(&[(
        "pod.yaml",
        &pod(&format!("containers:\n{}", container.repeat(490))),
    )]);
    let report = folder.checked(0, &["pod.yaml"]);
    let fixes = findings(&report).into_iter().map(|found| {
        let replacements = found["fix"]["replacements"].as_array().unwrap();
        replacements[0]["text"].as_str().unwrap().to_owned()
    });
    assert_eq!(fixes.collect::<Vec<_>>(), ["CHOWN", "KILL"].repeat(490),);
    folder
        .run(&["check", "--format", "sarif", "pod.yaml"])
        .json(0);
}
