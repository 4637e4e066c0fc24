//! `eci-policy convert --from docker-run`, as it is run.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

use assert_cmd::Command;
use serde_json::json;

/// The exit code, standard output and standard error.
fn converted(input: &[&str], stdin: &str) -> (Option<i32>, String, String) {
    let mut command = Command::cargo_bin("eci-policy").unwrap();
    command
        .args(["convert", "--from", "docker-run"])
        .args(input)
        .write_stdin(stdin);
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

const COMMAND: &str = "docker run -it --user 1000:app --cap-add NET_ADMIN --device /dev/fuse nginx:1.25 nginx -g 'daemon off;'";

#[test]
fn a_command_becomes_a_pod_and_remarks() {
    let (code, out, err) = converted(&[COMMAND], "");
    assert_eq!(code, Some(0), "{err}");
    let documents = eci_manifest::documents(&out).unwrap();
    assert_eq!(documents.len(), 1);
    assert_eq!(
        documents[0].value(),
        json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "nginx", "labels": {"alibabacloud.com/eci": "true"}},
            "spec": {
                "restartPolicy": "Never",
                "containers": [{
                    "name": "nginx",
                    "image": "nginx:1.25",
                    "args": ["nginx", "-g", "daemon off;"],
                    "stdin": true,
                    "tty": true,
                    "securityContext": {"runAsUser": 1000, "capabilities": {"add": ["NET_ADMIN"]}},
                }],
            },
        })
    );
    let remarks: Vec<_> = err.lines().collect();
    assert_eq!(remarks.len(), 2, "{err}");
    assert!(
        remarks[0].starts_with("remark: --user: runAsGroup takes a number, "),
        "{err}"
    );
    assert!(
        remarks[1].starts_with("remark: --device \"/dev/fuse\": "),
        "{err}"
    );
}

#[test]
fn one_argument_several_and_standard_input_are_alike() {
    let one = converted(&[COMMAND], "");
    let words: Vec<_> = COMMAND
        .split(" 'daemon")
        .next()
        .unwrap()
        .split(' ')
        .chain(["daemon off;"])
        .collect();
    assert_eq!(converted(&words, ""), one);
    assert_eq!(converted(&["-"], &COMMAND.replace(" --", " \\\n  --")), one);
}

#[test]
fn bad_input_ends_with_2() {
    for (input, said) in [
        (
            &["docker build ."][..],
            "the command does not start with `docker run`",
        ),
        (&["docker", "run", "--rm"], "docker run has no image"),
        (&[""], "the command does not start with `docker run`"),
        (&["-"], "the command does not start with `docker run`"),
    ] {
        let (code, out, err) = converted(input, "");
        assert_eq!((code, out.as_str()), (Some(2), ""), "{input:?}");
        assert!(
            err.starts_with(&format!("eci-policy: {said}")),
            "{input:?}: {err}"
        );
    }
}
