//! `eci-policy show`, run.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[path = "../../tests/support/bad_payloads/mod.rs"]
mod bad_payloads;

use std::fmt::Write;
use std::path::Path;

use assert_cmd::cargo::cargo_bin_cmd;
use serde_json::{Value, json};

/// The output and the exit code of the command.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn show(arguments: &[&str], stdin: &str) -> Ran {
    let mut command = cargo_bin_cmd!("eci-policy");
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let ran = command
        .current_dir(examples)
        .arg("show")
        .args(arguments)
        .write_stdin(stdin)
        .output()
        .unwrap();
    Ran {
        code: ran.status.code().unwrap(),
        out: String::from_utf8(ran.stdout).unwrap(),
        err: String::from_utf8(ran.stderr).unwrap(),
    }
}

fn json_of(arguments: &[&str], stdin: &str) -> Value {
    let ran = show(&[&["--format", "json"], arguments].concat(), stdin);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let output: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(output["version"], 1);
    output
}

const WEB: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata:
      labels: {alibabacloud.com/eci: "true"}
    spec:
      securityContext:
        runAsUser: 1000
        runAsGroup: 3000
        sysctls:
        - {name: net.core.somaxconn, value: "1024"}
      initContainers:
      - {name: proxy, restartPolicy: Always}
      containers:
      - name: web
        resources: {limits: {cpu: 500m, memory: 1Gi}}
        securityContext:
          readOnlyRootFilesystem: false
          capabilities: {add: [NET_ADMIN, SYS_TIME]}
"#;

#[test]
fn text_is_a_block_an_object() {
    let ran = show(&["-"], WEB);
    let settings = |user: &str, group: &str, read_only: &str| {
        let mut rows = String::new();
        for (field, value, why) in [
            ("runAsUser", user, "set on the pod"),
            ("runAsGroup", "from the image", group),
            ("runAsNonRoot", "false", "by default"),
            ("privileged", "false", "by default"),
            ("allowPrivilegeEscalation", "true", "not a setting of ECI"),
            ("readOnlyRootFilesystem", "true", read_only),
            ("procMount", "Default", "fixed by ECI"),
        ] {
            writeln!(rows, "    {field:24}  {value:16}  {why}").unwrap();
        }
        rows
    };
    let unread = "the pod asks for 3000, which ECI does not read there";
    let expected = format!(
        "\
Deployment shop/web (template)
  file      <stdin>:2
  on ECI    yes: label alibabacloud.com/eci=\"true\"
  instance  1 GiB: 0.5 vCPU and 1Gi requested

  ECI refuses the pod
    spec.template.spec.containers[0].securityContext.capabilities.add[1]
      capability-unsupported: \"SYS_TIME\" is not a capability that ECI grants

  init container (sidecar) proxy
{}    capabilities              00000000a80425fb  CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID,
                                                SETUID, SETPCAP, NET_BIND_SERVICE, NET_RAW,
                                                SYS_CHROOT, MKNOD, AUDIT_WRITE, SETFCAP

  container web
{}    capabilities              00000000a80435fb  CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID,
                                                SETUID, SETPCAP, NET_BIND_SERVICE, NET_ADMIN,
                                                NET_RAW, SYS_CHROOT, MKNOD, AUDIT_WRITE, SETFCAP
      as asked for            00000000aa0435fb  if these were granted: SYS_TIME

  sysctls
    net.core.somaxconn  1024  taken: the pod's securityContext.sysctls

  lost: ECI does not read these fields where they stand
    spec.template.spec.securityContext.runAsGroup
      pod-identity: runAsGroup: 3000 does not reach \"web\": ECI reads runAsGroup on containers only
      the policy's repair: copied into the containers that do not set it; the pod's own field stays

  overridden: ECI replaces these values
    spec.template.spec.containers[0].securityContext.readOnlyRootFilesystem
      root-filesystem: readOnlyRootFilesystem: false may have no effect: ECI documents it as fixed
      to true

  ignored: these fields have no effect
    spec.template.spec.initContainers[0].securityContext.runAsGroup
      init-container-identity: runAsGroup: 3000 has no effect: ECI does not read runAsGroup on init
      containers
",
        settings("1000", unread, "fixed by ECI"),
        settings("1000", unread, "fixed by ECI; the container asks for false"),
    );
    assert_eq!(ran.out, expected);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
}

#[test]
fn every_example_fits_the_page() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let examples: Vec<_> = files
        .filter(|name| name.ends_with(".yaml") && name.starts_with(|c: char| c.is_ascii_digit()))
        .collect();
    assert!(examples.len() > 20);
    for example in examples {
        let ran = show(&[&example, "--assume-eci"], "");
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{example}");
        for line in ran.out.lines() {
            assert!(line.chars().count() <= 100, "{example}: {line}");
        }
    }
}

#[test]
fn json_is_one_object() {
    let output = json_of(&["06-kubernetes-security-context-4.yaml", "-"], WEB);
    let objects = output["objects"].as_array().unwrap();
    let place = |index: usize| {
        ["file", "line", "kind", "name", "template"].map(|key| objects[index][key].clone())
    };
    assert_eq!(
        place(1),
        [
            json!("<stdin>"),
            json!(2),
            json!("Deployment"),
            json!("web"),
            json!(true)
        ]
    );
    assert_eq!(objects[1]["namespace"], "shop");
    assert_eq!(objects[0].get("namespace"), None);
    let capabilities = &objects[0]["containers"][0]["capabilities"];
    assert_eq!(
        capabilities["asked"]["mask"], "00000000aa0435fb",
        "as the Kubernetes page shows"
    );
    assert_eq!(capabilities["granted"]["mask"], "00000000a80435fb");
    assert_eq!(capabilities["refused"], json!(["SYS_TIME"]));
    let lists: Vec<_> = objects[1]["containers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|own| (&own["list"], &own["sidecar"]))
        .collect();
    assert_eq!(
        lists,
        [
            (&json!("initContainers"), &json!(true)),
            (&json!("containers"), &json!(false))
        ]
    );
    assert_eq!(
        json_of(&["-"], "{apiVersion: v1, kind: ConfigMap}")["objects"],
        json!([])
    );
}

#[test]
fn a_pod_that_is_not_on_eci_is_shown_with_assume_eci() {
    let pod = "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c}]}}";
    let ran = show(&["-"], pod);
    assert_eq!(ran.code, 0);
    assert!(
        ran.out.starts_with(
            "Pod a\n  does not run on ECI (no label, annotation or node selection for it; "
        ),
        "{}",
        ran.out
    );
    let ran = show(&["-", "--assume-eci"], pod);
    assert!(
        ran.out
            .contains("\n  on ECI    yes: every pod is treated as one that runs on ECI\n"),
        "{}",
        ran.out
    );
    for (file, certainty, said) in [
        (
            "20-may-land-on-eci.yaml",
            "possible",
            "on ECI    possible: ",
        ),
        ("21-not-on-eci.yaml", "no", "does not run on ECI ("),
        (
            "22-windows.yaml",
            "certain",
            "is not shown: the pod is for Windows, ",
        ),
    ] {
        assert_eq!(
            json_of(&[file], "")["objects"][0]["scope"]["certainty"],
            certainty,
            "{file}"
        );
        let ran = show(&[file], "");
        assert!(ran.out.contains(said), "{file}: {}", ran.out);
    }
    let acs = pod.replace("name: a", "labels: {alibabacloud.com/acs: 'true'}");
    let ran = show(&["-"], &acs);
    assert!(
        ran.out.starts_with(
            "Pod\n  does not run on ECI (its label or toleration of ACS, another product"
        ),
        "{}",
        ran.out
    );
}

#[test]
fn every_object_of_a_stream_is_shown() {
    let pod = |name: &str| {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, labels: {{eci: 'true'}}}}, spec: {{containers: [], ephemeralContainers: [{{name: debug}}]}}}}"
        )
    };
    let text = format!(
        "{}\n---\n{{apiVersion: v1, kind: Service}}\n---\n{{apiVersion: v1, kind: List, items: [{}, {}]}}\n",
        pod("a"),
        pod("b"),
        pod("c")
    );
    let output = json_of(&["-"], &text);
    let names: Vec<_> = output["objects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|object| &object["name"])
        .collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert!(
        show(&["-"], &text)
            .out
            .contains("\n  ephemeral container debug\n")
    );
}

#[test]
fn unreadable_objects_are_reported_and_the_others_are_shown() {
    let text = "
apiVersion: v1
kind: Pod
metadata: {name: broken, labels: {eci: 'true'}}
spec:
  containers:
  - name: c
    securityContext:
      privileged: 'yes'
---
apiVersion: v1
kind: Pod
metadata: {name: sound, labels: {eci: 'true'}}
spec: {containers: [{name: c}]}
---
just: text
---
kind: Pod
";
    let ran = show(&["-", "nowhere.yaml"], text);
    assert_eq!(ran.code, 2);
    assert!(ran.out.starts_with("Pod sound\n"), "{}", ran.out);
    assert!(!ran.out.contains("broken"), "{}", ran.out);
    let errors: Vec<_> = ran.err.lines().collect();
    assert_eq!(
        errors[..3],
        [
            "eci-policy: <stdin>:9:7: Pod broken: spec.containers[0].securityContext.privileged: is a string, and must be a boolean",
            "eci-policy: <stdin>:16:1: not a Kubernetes manifest: apiVersion is missing",
            "eci-policy: <stdin>:18:1: Pod: apiVersion is missing; the object was not checked; write apiVersion: v1",
        ]
    );
    assert!(
        errors[3].starts_with("eci-policy: nowhere.yaml: cannot be read: "),
        "{}",
        ran.err
    );
    assert_eq!(errors.len(), 4);
}

#[test]
fn a_file_without_a_manifest_is_reported() {
    for (text, error) in [
        ("", "<stdin>: is empty; did the command before it fail?"),
        (
            "# nothing\n---\n",
            "<stdin>: contains no Kubernetes manifest",
        ),
        (
            "plain text",
            "<stdin>:1:1: not a Kubernetes manifest: apiVersion is missing",
        ),
        (
            "[1, 2]",
            "<stdin>:1:1: not a Kubernetes manifest: apiVersion is missing",
        ),
        (
            "{apiVersion: v1}",
            "<stdin>:1:1: not a Kubernetes manifest: kind is missing",
        ),
        (
            "a: 1\na: 2\n",
            "<stdin>:2:1: the key `a` is already set in this mapping",
        ),
    ] {
        let ran = show(&["-"], text);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{text}");
        assert_eq!(ran.err, format!("eci-policy: {error}\n"), "{text}");
    }
    let ran = show(&["-"], "{apiVersion: v1, kind: Service}");
    assert_eq!((ran.code, ran.out.as_str()), (0, ""));
    assert_eq!(ran.err, "eci-policy: no object has a pod\n");
}

#[test]
fn control_characters_are_not_shown() {
    let pod = r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a\u001b[2J\nb", "labels": {"eci": "true"}},
        "spec": {"securityContext": {"sysctls": [{"name": "\u001b]0;x\u0007", "value": "\r\u202e"}]},
                 "containers": [{"name": "c\u009b", "securityContext": {"procMount": "\u001b[31m", "capabilities": {"add": ["\u0008"]}}}]}}"#;
    let ran = show(&["-", "--color", "always"], pod);
    assert_eq!(ran.code, 0);
    let obeyed: Vec<_> = ran
        .out
        .chars()
        .filter(|c| *c != '\n' && c.is_control() || *c == '\u{202e}')
        .collect();
    assert!(obeyed.is_empty(), "{obeyed:?}: {}", ran.out);
}

#[test]
fn a_label_that_misses_is_pointed_out() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  labels: {eci: \"True\"}\nspec: {containers: [{name: a}]}\n";
    let ran = show(&["-"], pod);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(
        ran.err,
        "eci-policy: <stdin>:5:12: Pod a: the label eci is \"True\", so the pod does not run on ECI; write \"true\", in quotes\n"
    );
}

/// Returns the first error on standard error or in a report, without the help.
fn first(lines: &str, name: &str) -> Option<String> {
    let line = lines.lines().find(|line| line.contains(name))?;
    Some(line.split("; ").next().unwrap().to_owned())
}

#[test]
fn check_and_show_tell_the_same_first_error() {
    let folder = tempfile::tempdir().unwrap();
    let mut names = Vec::new();
    let small = bad_payloads::all().into_iter();
    let small = small.filter(|bad| bad.payload.len() < 1 << 16);
    for (number, bad) in small.enumerate() {
        let Ok(payload) = serde_json::from_slice::<Value>(&bad.payload) else {
            continue;
        };
        let object = &payload["request"]["object"];
        if object["kind"].is_string() && object["apiVersion"].is_string() {
            let file = format!("{number}.json");
            std::fs::write(folder.path().join(&file), object.to_string()).unwrap();
            names.push((file, bad.name));
        }
    }
    assert!(names.len() > 300, "{}", names.len());
    let run = |arguments: &[&str]| {
        let mut command = cargo_bin_cmd!("eci-policy");
        let ran = command
            .current_dir(&folder)
            .args(arguments)
            .output()
            .unwrap();
        (ran.stdout, String::from_utf8(ran.stderr).unwrap())
    };
    let (report, _) = run(&["check", "--format", "json", "."]);
    let report: Value = serde_json::from_slice(&report).unwrap();
    let (_, shown) = run(&["show", "."]);
    let mut errors = 0;
    for (file, name) in names {
        let mut files = report["files"].as_array().unwrap().iter();
        let of_file = files.find(|of| of["file"] == format!("./{file}")).unwrap();
        let mut problems = of_file["problems"].as_array().unwrap().iter();
        let checked = problems
            .find(|problem| problem["remark"] == false)
            .map(|problem| {
                let line = format!(
                    "eci-policy: ./{file}:{}:{}: {}",
                    problem["line"],
                    problem["column"],
                    problem["message"].as_str().unwrap()
                );
                line.split("; ").next().unwrap().to_owned()
            });
        let shown = first(&shown, &format!(" ./{file}:"));
        errors += usize::from(checked.is_some());
        assert_eq!(checked, shown, "{name}");
    }
    assert!(errors > 100, "{errors}");
}
