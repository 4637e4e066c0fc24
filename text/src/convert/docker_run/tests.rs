//! Tests of the conversion. The expected pods follow Docker's reference of each flag.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// Converts the words, and reads the pod with the project's own reader.
fn pod(words: &[&str]) -> (Value, Vec<String>) {
    let words: Vec<_> = words.iter().copied().map(str::to_owned).collect();
    let converted = convert(&words).unwrap_or_else(|error| panic!("{words:?}: {error}"));
    let documents = eci_manifest::documents(&converted.manifest).unwrap();
    assert_eq!(documents.len(), 1);
    (documents[0].value(), converted.remarks)
}

/// Checks the `spec` of the pod of `docker run FLAGS i`, and the words in its remarks. The container is given as
/// the field `container`, without its name and image.
fn becomes(cases: &[(&str, Value, &[&str])]) {
    for (flags, expected, remarks) in cases {
        let (mut pod, said) = pod(&[&format!("docker run {flags} i")]);
        let spec = pod["spec"].as_object_mut().unwrap();
        let mut containers = spec.remove("containers").unwrap();
        let container = containers[0].as_object_mut().unwrap();
        assert_eq!(container.remove("name"), Some("i".into()));
        assert_eq!(container.remove("image"), Some("i".into()));
        assert_eq!(spec.remove("restartPolicy"), Some("Never".into()));
        if !container.is_empty() {
            spec.insert("container".to_owned(), containers[0].clone());
        }
        assert_eq!(pod["spec"], *expected, "{flags}");
        assert_eq!(said.len(), remarks.len(), "{flags}: {said:?}");
        for (said, remark) in said.iter().zip(*remarks) {
            assert!(said.contains(remark), "{flags}: {said}");
        }
    }
}

fn security(fields: Value) -> Value {
    json!({"container": {"securityContext": fields}})
}

fn capabilities(fields: Value) -> Value {
    security(json!({"capabilities": fields}))
}

#[test]
fn an_image_alone_becomes_a_pod_with_the_label() {
    let manifest = "\
apiVersion: v1
kind: Pod
metadata:
  labels:
    alibabacloud.com/eci: \"true\"
  name: nginx
spec:
  containers:
  - image: team/nginx:1.25
    name: nginx
  restartPolicy: Never
";
    let converted = convert(&["docker run --rm -d team/nginx:1.25".to_owned()]).unwrap();
    assert_eq!(converted.manifest, manifest);
    assert_eq!(converted.remarks, [""; 0]);
}

#[test]
fn users_groups_and_capabilities() {
    becomes(&[
        (
            "-u 1000:2000",
            security(json!({"runAsUser": 1000, "runAsGroup": 2000})),
            &[],
        ),
        (
            "-u 1 --user=root:root",
            security(json!({"runAsUser": 0, "runAsGroup": 0})),
            &[],
        ),
        ("--user :5", security(json!({"runAsGroup": 5})), &[]),
        ("--user ''", json!({}), &[]),
        (
            "--user 3:staff",
            security(json!({"runAsUser": 3})),
            &["runAsGroup takes a number, and \"staff\""],
        ),
        (
            "--group-add 10 --group-add audio",
            json!({"securityContext": {"supplementalGroups": [10]}}),
            &["--group-add: supplementalGroups"],
        ),
        (
            "--cap-add=cap_sys_time",
            capabilities(json!({"add": ["SYS_TIME"]})),
            &[],
        ),
        (
            "--cap-add ALL --cap-drop MKNOD",
            capabilities(json!({"add": ["ALL"], "drop": ["MKNOD"]})),
            &[],
        ),
        (
            "--cap-drop KILL --cap-drop CHOWN --cap-add CHOWN",
            capabilities(json!({"add": ["CHOWN"], "drop": ["KILL"]})),
            &[],
        ),
        (
            "--cap-add ALL --cap-add CHOWN --cap-drop CHOWN --cap-drop ALL",
            capabilities(json!({"add": ["ALL", "CHOWN"], "drop": ["CHOWN"]})),
            &[],
        ),
    ]);
}

#[test]
fn the_security_context() {
    becomes(&[
        ("--privileged", security(json!({"privileged": true})), &[]),
        (
            "--privileged=false --read-only=true",
            security(json!({"readOnlyRootFilesystem": true})),
            &[],
        ),
        (
            "--security-opt no-new-privileges",
            security(json!({"allowPrivilegeEscalation": false})),
            &[],
        ),
        (
            "--security-opt no-new-privileges --security-opt no-new-privileges=false",
            json!({}),
            &[],
        ),
        (
            "--security-opt seccomp=unconfined",
            security(json!({"seccompProfile": {"type": "Unconfined"}})),
            &[],
        ),
        (
            "--security-opt seccomp:/etc/strict.json",
            security(
                json!({"seccompProfile": {"type": "Localhost", "localhostProfile": "strict.json"}}),
            ),
            &["copy the file"],
        ),
        (
            "--security-opt apparmor=docker-default",
            security(json!({"appArmorProfile": {"type": "RuntimeDefault"}})),
            &[],
        ),
        (
            "--security-opt label=type:t --security-opt label:level:s0:c1,c2",
            security(json!({"seLinuxOptions": {"type": "t", "level": "s0:c1,c2"}})),
            &[],
        ),
        (
            "--security-opt label=disable",
            json!({}),
            &["a pod cannot disable SELinux"],
        ),
        (
            "--security-opt systempaths=unconfined",
            security(json!({"procMount": "Unmasked"})),
            &["hostUsers: false"],
        ),
        (
            "--sysctl a.b=1 --sysctl c.d=0777 --sysctl a.b=2 --sysctl e",
            json!({"securityContext": {"sysctls": [
                {"name": "c.d", "value": "0777"}, {"name": "a.b", "value": "2"},
            ]}}),
            &["--sysctl \"e\" has no value; write --sysctl e=VALUE"],
        ),
        (
            "--device /dev/fuse",
            json!({}),
            &["--device \"/dev/fuse\": a pod has no field"],
        ),
    ]);
}

#[test]
fn namespaces() {
    becomes(&[
        (
            "--pid=host --ipc host --net=host",
            json!({"hostPID": true, "hostIPC": true, "hostNetwork": true}),
            &[],
        ),
        (
            "--network bridge --ipc private --userns=host --cgroupns private",
            json!({}),
            &[],
        ),
        ("--network shop", json!({}), &["the network of the cluster"]),
        (
            "--pid=container:db",
            json!({"shareProcessNamespace": true}),
            &["add the other container"],
        ),
        ("--uts=host", json!({}), &["its own namespace"]),
    ]);
}

#[test]
fn volumes() {
    becomes(&[
        (
            "-v /run/x.sock:/x.sock:ro,Z",
            json!({
                "volumes": [{"name": "run-x-sock", "hostPath": {"path": "/run/x.sock"}}],
                "container": {"volumeMounts": [{"name": "run-x-sock", "mountPath": "/x.sock", "readOnly": true}]},
            }),
            &["no option \"Z\""],
        ),
        (
            "-v data:/a -v data:/b/ -v /data",
            json!({
                "volumes": [{"name": "data", "emptyDir": {}}, {"name": "data-2", "emptyDir": {}}],
                "container": {"volumeMounts": [
                    {"name": "data", "mountPath": "/a"},
                    {"name": "data", "mountPath": "/b"},
                    {"name": "data-2", "mountPath": "/data"},
                ]},
            }),
            &["the volume \"data\" becomes an emptyDir"],
        ),
        (
            "--mount type=bind,source=a,target=/b,readonly --mount type=volume,src=a,dst=/c --tmpfs /t:size=64m",
            json!({
                "volumes": [
                    {"name": "a", "hostPath": {"path": "a"}},
                    {"name": "a-2", "emptyDir": {}},
                    {"name": "t", "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}},
                ],
                "container": {"volumeMounts": [
                    {"name": "a", "mountPath": "/b", "readOnly": true},
                    {"name": "a-2", "mountPath": "/c"},
                    {"name": "t", "mountPath": "/t"},
                ]},
            }),
            &["relative path", "becomes an emptyDir"],
        ),
    ]);
}

#[test]
fn the_program_and_its_environment() {
    becomes(&[
        (
            "-it -w /app -e A=1 -e B -e A=yes",
            json!({"container": {
                "stdin": true, "tty": true, "workingDir": "/app", "env": [{"name": "A", "value": "yes"}],
            }}),
            &["write --env B=VALUE"],
        ),
        (
            "--memory-swap -1 -p 80:80 --init=false -q",
            json!({}),
            &["not converted: --memory-swap, --publish;"],
        ),
    ]);
    for (words, command, args) in [
        (
            &["i", "--name", "x"][..],
            json!(null),
            json!(["--name", "x"]),
        ),
        (&["--", "i", "--", "x"], json!(null), json!(["--", "x"])),
        (
            &["--entrypoint", "sh", "i", "$(a) $b"],
            json!(["sh"]),
            json!(["$$(a) $$b"]),
        ),
        (&["--entrypoint", "", "i", "$a"], json!(["$a"]), json!(null)),
    ] {
        let container =
            pod(&[&["docker", "run"], words].concat()).0["spec"]["containers"][0].clone();
        assert_eq!(
            (&container["command"], &container["args"]),
            (&command, &args),
            "{words:?}"
        );
    }
}

/// Commands, each with the start of its error.
const BAD: &str = r#"
docker run -u 9999999999 i => --user: 9999999999 is not a valid ID (allowed: 0–2147483647)
docker run --usr 0 i => docker run: unexpected argument '--usr' found; tip: a similar argument exists: '--user'
docker run -Z i => docker run: unexpected argument '-Z' found
docker run --name => docker run: a value is required for '--name <name>' but none was supplied
docker run --rm=no i => docker run: invalid value 'no' for '--rm[=<rm>]'; [possible values: true, false]
docker run --rm => docker run has no image; write it after the flags
sudo docker run i => the command does not start with `docker run`; give it without sudo
docker run --security-opt seccom=x i => --security-opt "seccom=x" is not valid; use apparmor
docker run --security-opt seccomp i => --security-opt "seccomp" is not valid; write a value
docker run --pid=hosts i => --pid "hosts" is not valid; use host
docker run -v a:b i => --volume: "b" is not a valid path in the container
docker run -v a/b:/c i => --volume: "a/b" is not a valid name of a volume
docker run --mount type=disk,target=/a i => --mount: a pod has no mount of the type "disk"; use bind
docker run --tmpfs /a:size=big i => --tmpfs: "big" is not a valid size; write a whole number
docker run i | cat => the command has '|', which only a shell can evaluate; quote it
docker run "$A" => the command has '$'
docker run $(a) => the command has '$'
docker run `a` => the command has '`'
docker run 'i => the command has a quote that is not closed
"#;

#[test]
fn bad_input_names_the_flag_and_the_fix() {
    let bad = BAD
        .trim()
        .lines()
        .map(|line| line.split_once(" => ").unwrap());
    let lines = ("docker run i\ndocker run j", r"the command has '\n'");
    for (command, said) in bad.chain([lines]) {
        let error = convert(&[command.to_owned()]).unwrap_err();
        assert!(error.starts_with(said), "{command}: {error}");
    }
}

proptest! {
    #[test]
    fn every_string_is_read_back(text in "\\PC{1,8}|[-+.:0-9eExo_]{1,6}|y|on|No|null|~|<<|=|[ \t\n\r\u{0}\u{85}\u{feff}#'\"]{1,4}") {
        prop_assume!(!text.contains('$'));
        let (pod, _) = pod(&["docker", "run", "i", &text]);
        prop_assert_eq!(&pod["spec"]["containers"][0]["args"], &json!([text]));
    }

    #[test]
    fn no_value_of_a_flag_panics(flag in prop::sample::select(vec![
        "name", "user", "group-add", "cap-add", "security-opt", "sysctl", "env", "volume", "mount", "tmpfs", "network",
        "pid", "entrypoint", "workdir", "device", "memory", "privileged",
    ]), value in "[a-z0-9/:=,.\"é-]{0,9}") {
        let words = ["docker", "run", &format!("--{flag}={value}"), "i"].map(str::to_owned);
        if let Ok(converted) = convert(&words) {
            prop_assert_eq!(eci_manifest::documents(&converted.manifest).unwrap().len(), 1);
        }
    }
}
