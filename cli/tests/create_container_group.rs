//! `eci-policy convert --to create-container-group`, as it is run.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

mod support;

use assert_cmd::Command;
use serde_json::{Value, json};
use support::Folder;

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("eci-policy"));
    command
        .args(["convert", "--to", "create-container-group"])
        .args(arguments);
    command
}

/// Returns the output and the remarks for a manifest on standard input.
fn convert(format: &str, manifest: &str) -> (String, Vec<String>) {
    let output = command(&["--format", format, "-"])
        .write_stdin(manifest)
        .output()
        .unwrap();
    let written = String::from_utf8(output.stdout).unwrap();
    let remarked = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{remarked}");
    (written, remarked.lines().map(str::to_owned).collect())
}

/// Why nothing is written.
fn refused(arguments: &[&str], manifest: &str) -> String {
    let output = command(arguments).write_stdin(manifest).output().unwrap();
    assert_eq!(
        (output.status.code(), output.stdout.as_slice()),
        (Some(2), b"".as_slice())
    );
    String::from_utf8(output.stderr)
        .unwrap()
        .trim_end()
        .to_owned()
}

const POD: &str = r#"
apiVersion: v1
kind: Pod
metadata:
  name: web
  annotations:
    k8s.aliyun.com/eci-host-sysctls: '[{"name":"net/core/somaxconn","value":"1024"},{"name":"vm.max_map_count","value":"1"}]'
spec:
  shareProcessNamespace: true
  securityContext:
    runAsUser: 1000
    runAsGroup: 3000
    runAsNonRoot: true
    sysctls:
    - {name: net/ipv4/ping_group_range, value: "0 100"}
    - {name: kernel.msgmax, value: "65536"}
    - {name: net.ipv4.tcp_syncookies, value: "1"}
  initContainers:
  - name: setup
    securityContext: {capabilities: {add: [cap_net_admin]}}
  containers:
  - name: web
    securityContext:
      runAsUser: 0
      runAsNonRoot: false
      capabilities: {add: [SYS_PTRACE, CAP_KILL]}
      readOnlyRootFilesystem: true
  - name: side
    securityContext: {privileged: true}
"#;

const FLAT: &str = "\
SecurityContext.Sysctl.1.Name=net.ipv4.ping_group_range
SecurityContext.Sysctl.1.Value=0 100
HostSecurityContext.Sysctl.1.Name=kernel.msgmax
HostSecurityContext.Sysctl.1.Value=65536
HostSecurityContext.Sysctl.2.Name=net.core.somaxconn
HostSecurityContext.Sysctl.2.Value=1024
ShareProcessNamespace=true
Container.1.Name=web
Container.1.SecurityContext.RunAsUser=0
Container.1.SecurityContextRunAsGroup=3000
Container.1.SecurityContextRunAsNonRoot=false
Container.1.SecurityContext.Capability.Add.1=SYS_PTRACE
Container.1.SecurityContext.Capability.Add.2=KILL
Container.1.SecurityContext.ReadOnlyRootFilesystem=true
Container.2.Name=side
Container.2.SecurityContext.RunAsUser=1000
Container.2.SecurityContextRunAsGroup=3000
Container.2.SecurityContextRunAsNonRoot=true
Container.2.SecurityContextPrivileged=true
InitContainer.1.Name=setup
InitContainer.1.SecurityContext.RunAsUser=1000
InitContainer.1.SecurityContext.Capability.Add.1=NET_ADMIN
";

#[test]
fn a_pod_is_written_flat() {
    let (written, remarked) = convert("flat", POD);
    assert_eq!(written, FLAT);
    let expected = "\
remark: spec.securityContext.sysctls[2]: \"net.ipv4.tcp_syncookies\" is not supported in SecurityContext.Sysctl or HostSecurityContext.Sysctl; left out
remark: metadata.annotations[k8s.aliyun.com/eci-host-sysctls]: \"vm.max_map_count\" is not supported in SecurityContext.Sysctl or HostSecurityContext.Sysctl; left out
remark: spec.initContainers[0].securityContext.runAsGroup: SecurityContextRunAsGroup is not supported on init containers; left out
remark: spec.initContainers[0].securityContext.runAsNonRoot: SecurityContextRunAsNonRoot is not supported on init containers; left out";
    assert_eq!(remarked.join("\n"), expected);
}

#[test]
fn a_pod_is_written_as_the_sdks_nest_it() {
    let (written, _) = convert("json", POD);
    let expected = json!({
        "SecurityContext": { "Sysctl": [{ "Name": "net.ipv4.ping_group_range", "Value": "0 100" }] },
        "HostSecurityContext": { "Sysctl": [
            { "Name": "kernel.msgmax", "Value": "65536" },
            { "Name": "net.core.somaxconn", "Value": "1024" },
        ] },
        "ShareProcessNamespace": true,
        "Container": [
            {
                "Name": "web",
                "SecurityContext": {
                    "RunAsUser": 0,
                    "Capability": { "Add": ["SYS_PTRACE", "KILL"] },
                    "ReadOnlyRootFilesystem": true,
                },
                "SecurityContextRunAsGroup": 3000,
                "SecurityContextRunAsNonRoot": false,
            },
            {
                "Name": "side",
                "SecurityContext": { "RunAsUser": 1000 },
                "SecurityContextRunAsGroup": 3000,
                "SecurityContextRunAsNonRoot": true,
                "SecurityContextPrivileged": true,
            },
        ],
        "InitContainer": [{
            "Name": "setup",
            "SecurityContext": { "RunAsUser": 1000, "Capability": { "Add": ["NET_ADMIN"] } },
        }],
    });
    assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), expected);
}

#[test]
fn a_field_without_a_parameter_gets_a_remark() {
    let manifest = "\
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  jobTemplate:
    spec:
      template:
        metadata:
          annotations: {container.apparmor.security.beta.kubernetes.io/a: unconfined}
        spec:
          hostNetwork: true
          hostPID: true
          hostIPC: false
          hostUsers: false
          securityContext:
            fsGroup: 2000
            fsGroupChangePolicy: Always
            supplementalGroups: [1]
            supplementalGroupsPolicy: Strict
            seLinuxOptions: {level: s0}
            seLinuxChangePolicy: Recursive
            seccompProfile: {type: RuntimeDefault}
            appArmorProfile: {type: Unconfined}
            windowsOptions: {hostProcess: true}
          initContainers:
          - name: i
            securityContext: {runAsGroup: 1, runAsNonRoot: true, privileged: true}
          - name: j
            securityContext: {runAsNonRoot: false, privileged: false, capabilities: {drop: []}}
          containers:
          - name: a
            securityContext:
              capabilities: {drop: [ALL]}
              allowPrivilegeEscalation: false
              procMount: Unmasked
              seccompProfile: {type: RuntimeDefault}
              seLinuxOptions: {level: s0}
              appArmorProfile: {type: Unconfined}
              windowsOptions: {hostProcess: true}
              readOnlyRootFilesystem: false
          ephemeralContainers: [{name: debug, securityContext: {runAsUser: 0}}]
";
    let (written, remarked) = convert("flat", manifest);
    assert_eq!(
        written,
        "Container.1.Name=a\nInitContainer.1.Name=i\nInitContainer.2.Name=j\n"
    );
    let path = |line: &String| {
        let path = line
            .strip_prefix("remark: spec.jobTemplate.spec.template.")
            .unwrap();
        path.split_once(": ").unwrap().0.to_owned()
    };
    let mut paths: Vec<_> = remarked.iter().map(path).collect();
    paths.sort();
    let mut expected = Vec::new();
    for (at, fields) in [
        (
            "metadata.annotations",
            "[container.apparmor.security.beta.kubernetes.io/a]",
        ),
        (
            "spec",
            ".ephemeralContainers[0] .hostNetwork .hostPID .hostUsers",
        ),
        (
            "spec.securityContext",
            ".appArmorProfile .fsGroup .fsGroupChangePolicy .seLinuxChangePolicy .seLinuxOptions .seccompProfile \
             .supplementalGroups .supplementalGroupsPolicy .windowsOptions",
        ),
        (
            "spec.initContainers[0].securityContext",
            ".privileged .runAsGroup .runAsNonRoot",
        ),
        (
            "spec.containers[0].securityContext",
            ".allowPrivilegeEscalation .appArmorProfile .capabilities.drop .procMount .readOnlyRootFilesystem \
             .seLinuxOptions .seccompProfile .windowsOptions",
        ),
    ] {
        expected.extend(fields.split(' ').map(|field| format!("{at}{field}")));
    }
    expected.sort();
    assert_eq!(paths, expected);
}

#[test]
fn several_objects_are_several_requests() {
    let pod = |name: &str| {
        let metadata = format!("{{name: {name}, namespace: shop}}");
        let spec = format!("{{hostPID: true, containers: [{{name: {name}}}]}}");
        format!("apiVersion: v1\nkind: Pod\nmetadata: {metadata}\nspec: {spec}\n")
    };
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {}\n";
    let manifest = [pod("a"), service.to_owned(), pod("b")].join("---\n");
    let (written, remarked) = convert("flat", &manifest);
    assert_eq!(
        written,
        "# Pod shop/a\nContainer.1.Name=a\n---\n# Pod shop/b\nContainer.1.Name=b\n"
    );
    let left_out = "spec.hostPID: no parameter of CreateContainerGroup; left out";
    assert_eq!(
        remarked,
        [
            &format!("remark: Pod shop/a: {left_out}"),
            "remark: Service web: has no pods; left out",
            &format!("remark: Pod shop/b: {left_out}"),
        ]
    );
    let (written, _) = convert("json", &manifest);
    let expected = json!([{ "Container": [{ "Name": "a" }] }, { "Container": [{ "Name": "b" }] }]);
    assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), expected);
}

#[test]
fn a_value_cannot_end_its_line() {
    let manifest = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "a" },
        "spec": {
            "containers": [{ "name": "a" }],
            "securityContext": { "sysctls": [{ "name": "net.a", "value": "4096\t1%&\nContainer.2.Name=x" }] },
        },
    });
    let (written, _) = convert("flat", &manifest.to_string());
    let line = "HostSecurityContext.Sysctl.1.Value=4096%091%25%26%0AContainer.2.Name=x\n";
    assert!(written.contains(line), "{written}");
}

#[test]
fn a_channel_takes_101_sysctls() {
    let sysctls: Vec<_> = (1..=102)
        .map(|n| json!({ "name": format!("net.x{n}"), "value": "1" }))
        .collect();
    let manifest = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "a" },
        "spec": { "containers": [{ "name": "a" }], "securityContext": { "sysctls": sysctls } },
    });
    let (written, remarked) = convert("flat", &manifest.to_string());
    assert!(
        written.contains("HostSecurityContext.Sysctl.101.Name=net.x101\n"),
        "{written}"
    );
    assert!(!written.contains("Sysctl.102"), "{written}");
    assert_eq!(remarked.len(), 1);
    let expected = "remark: spec.securityContext.sysctls[101]: too many sysctls";
    assert!(remarked[0].starts_with(expected), "{remarked:?}");
}

#[test]
fn invalid_input_is_refused() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  ";
    let wrong_user = format!("{pod}containers: [{{securityContext: {{runAsUser: x}}}}]");
    let wrong_flag = format!("{pod}shareProcessNamespace: 1");
    for (manifest, said) in [
        ("", "is empty; did the command before it fail?"),
        ("# nothing", "has no pods"),
        ("a: [", "line "),
        (
            &wrong_user,
            "Pod a: spec.containers[0].securityContext.runAsUser: ",
        ),
        (
            &wrong_flag,
            "Pod a: spec.shareProcessNamespace: must be true or false",
        ),
        ("apiVersion: v1\nkind: Pod\n", "Pod: spec: is missing"),
    ] {
        let message = refused(&["-"], manifest);
        assert!(
            message.starts_with(&format!("eci-policy: <stdin>: {said}")),
            "{message}"
        );
    }
    assert_eq!(
        refused(&["a", "--format"], ""),
        "eci-policy: write --format before the manifest"
    );
    assert_eq!(
        refused(&["a", "b"], ""),
        "eci-policy: --to takes one manifest, not 2"
    );
    let message = refused(&["does-not-exist.yaml"], "");
    assert!(
        message.starts_with("eci-policy: does-not-exist.yaml: cannot be read: "),
        "{message}"
    );
}

#[test]
fn host_paths_are_remarked_without_control_characters() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: \"a\\e[31mRED\\n::error::x\"}\nspec:\n  volumes: [{name: a, emptyDir: {}}, {name: b, hostPath: {path: /}}]\n  containers: [{name: a, image: a}]\n";
    let folder = Folder::with(&[("pods.yaml", &format!("{pod}---\n{pod}"))]);
    let ran = folder.run(&["convert", "--to", "create-container-group", "pods.yaml"]);
    assert_eq!(ran.code, 0);
    let remark = "remark: Pod a [31mRED ::error::x: spec.volumes[1].hostPath: not supported on ECI; left out\n";
    assert_eq!(ran.err, remark.repeat(2));
    assert!(!ran.out.contains('\u{1b}'), "{}", ran.out);
}

#[test]
fn a_request_is_refused_and_both_directions_are_named() {
    let review =
        "apiVersion: admission.k8s.io/v1\nkind: AdmissionReview\nrequest: {uid: a, object: {}}\n";
    let folder = Folder::with(&[("review.yaml", review)]);
    let ran = folder.run(&["convert", "--to", "create-container-group", "review.yaml"]);
    assert_eq!(
        (ran.code, ran.err.contains("use the object in it")),
        (2, true),
        "{}",
        ran.err
    );
    let ran = folder.run(&["show", "review.yaml"]);
    assert_eq!(
        (ran.code, ran.err.contains("use the object in it")),
        (2, true),
        "{}",
        ran.err
    );
    let ran = folder.run(&["convert"]);
    assert!(
        ran.err.contains("--from <SOURCE>") && ran.err.contains("--to <TARGET>"),
        "{}",
        ran.err
    );
}
