//! What the options of Docker become, by the table from Docker to Kubernetes.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

use serde_json::{Value, json};

use super::*;

/// The pod of `docker run <options> image`, read back from YAML, and its remarks.
fn pod(options: &str) -> (Value, Vec<String>) {
    let converted = convert(&[format!("docker run {options} image")])
        .unwrap_or_else(|error| panic!("{options}: {error}"));
    let documents = eci_manifest::documents(&converted.manifest).unwrap();
    assert_eq!(documents.len(), 1);
    (documents[0].value(), converted.remarks)
}

/// What a pod of the image alone does not have.
fn beyond_plain(options: &str) -> (Value, Vec<String>) {
    let (mut pod, remarks) = pod(options);
    let mut spec = pod["spec"].take();
    let mut container = spec["containers"][0].take();
    spec.as_object_mut().unwrap().remove("containers");
    container
        .as_object_mut()
        .unwrap()
        .retain(|key, _| !matches!(key.as_str(), "name" | "image"));
    if spec["restartPolicy"] == "Never" {
        spec.as_object_mut().unwrap().remove("restartPolicy");
    }
    spec["container"] = container;
    (spec, remarks)
}

/// Each command line with the fields of `spec` and of the container (in `container`) that it becomes, and with
/// what each remark says.
fn becomes(cases: &[(&str, Value, &[&str])]) {
    for (options, expected, remarks) in cases {
        let mut expected = expected.clone();
        if expected.get("container").is_none() {
            expected["container"] = json!({});
        }
        let (spec, said) = beyond_plain(options);
        assert_eq!(spec, expected, "{options}");
        assert_eq!(said.len(), remarks.len(), "{options}: {said:?}");
        for (said, remark) in said.iter().zip(*remarks) {
            assert!(
                said.starts_with("--") && said.contains(remark),
                "{options}: {said}"
            );
        }
    }
}

fn security(fields: Value) -> Value {
    json!({"container": {"securityContext": fields}})
}

fn failure(command: &str) -> String {
    match convert(&[command.to_owned()]) {
        Err(failure) => failure.to_string(),
        Ok(converted) => panic!("{command}:\n{}", converted.manifest),
    }
}

#[test]
fn a_pod_of_the_image_alone() {
    let manifest = "\
apiVersion: v1
kind: Pod
metadata:
  name: nginx
  labels:
    alibabacloud.com/eci: \"true\"
spec:
  containers:
  - name: nginx
    image: nginx:1.25
  restartPolicy: Never
";
    let converted = convert(&["docker run --rm -d nginx:1.25".to_owned()]).unwrap();
    assert_eq!(
        converted,
        Converted {
            manifest: manifest.to_owned(),
            remarks: vec![]
        }
    );
    let words = ["docker", "run", "--rm", "-d", "nginx:1.25"].map(str::to_owned);
    assert_eq!(convert(&words).unwrap(), converted);
}

#[test]
fn users_and_groups_are_numbers() {
    becomes(&[
        ("--user 1000", security(json!({"runAsUser": 1000})), &[]),
        (
            "-u 1000:2000",
            security(json!({"runAsUser": 1000, "runAsGroup": 2000})),
            &[],
        ),
        ("--user=root", security(json!({"runAsUser": 0})), &[]),
        (
            "--user root:root",
            security(json!({"runAsUser": 0, "runAsGroup": 0})),
            &[],
        ),
        (
            "--user 0:0",
            security(json!({"runAsUser": 0, "runAsGroup": 0})),
            &[],
        ),
        ("--user 007", security(json!({"runAsUser": 7})), &[]),
        ("--user :5", security(json!({"runAsGroup": 5})), &[]),
        ("--user ''", json!({}), &[]),
        (
            "--user www-data",
            json!({}),
            &["the number of a user, and \"www-data\" is a name"],
        ),
        (
            "--user app:3",
            security(json!({"runAsGroup": 3})),
            &["\"app\" is a name"],
        ),
        (
            "--user 3:staff",
            security(json!({"runAsUser": 3})),
            &["the number of a group, and \"staff\" is a name"],
        ),
        (
            "--group-add 10 --group-add audio --group-add root --group-add 10",
            json!({"securityContext": {"supplementalGroups": [10, 0]}}),
            &["\"audio\" is a name"],
        ),
    ]);
}

#[test]
fn capabilities_are_spelled_as_kubernetes_spells_them() {
    let capabilities = |fields| security(json!({"capabilities": fields}));
    becomes(&[
        (
            "--cap-add NET_ADMIN",
            capabilities(json!({"add": ["NET_ADMIN"]})),
            &[],
        ),
        (
            "--cap-add=cap_net_admin,CAP_SYS_TIME --cap-add NET_ADMIN",
            capabilities(json!({"add": ["NET_ADMIN", "SYS_TIME"]})),
            &[],
        ),
        (
            "--cap-add=ALL --cap-drop=MKNOD",
            capabilities(json!({"add": ["ALL"], "drop": ["MKNOD"]})),
            &[],
        ),
        (
            "--cap-drop all --cap-add chown",
            capabilities(json!({"add": ["CHOWN"], "drop": ["ALL"]})),
            &[],
        ),
        // Docker adds what both lists name.
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
        ("--privileged=false --read-only=0", json!({}), &[]),
        (
            "--read-only",
            security(json!({"readOnlyRootFilesystem": true})),
            &[],
        ),
        (
            "--security-opt no-new-privileges",
            security(json!({"allowPrivilegeEscalation": false})),
            &[],
        ),
        (
            "--security-opt=no-new-privileges:true",
            security(json!({"allowPrivilegeEscalation": false})),
            &[],
        ),
        ("--security-opt no-new-privileges=false", json!({}), &[]),
        (
            "--security-opt no-new-privileges --security-opt no-new-privileges=false",
            json!({}),
            &[],
        ),
        (
            "--security-opt no-new-privileges=false --security-opt no-new-privileges",
            security(json!({"allowPrivilegeEscalation": false})),
            &[],
        ),
        (
            "--security-opt seccomp=unconfined",
            security(json!({"seccompProfile": {"type": "Unconfined"}})),
            &[],
        ),
        (
            "--security-opt seccomp=builtin",
            security(json!({"seccompProfile": {"type": "RuntimeDefault"}})),
            &[],
        ),
        (
            "--security-opt seccomp:/etc/strict.json",
            security(
                json!({"seccompProfile": {"type": "Localhost", "localhostProfile": "strict.json"}}),
            ),
            &["put the file where the kubelet looks for seccomp profiles, as \"strict.json\""],
        ),
        (
            "--security-opt apparmor=unconfined",
            security(json!({"appArmorProfile": {"type": "Unconfined"}})),
            &[],
        ),
        (
            "--security-opt apparmor=docker-default",
            security(json!({"appArmorProfile": {"type": "RuntimeDefault"}})),
            &[],
        ),
        (
            "--security-opt apparmor:web",
            security(json!({"appArmorProfile": {"type": "Localhost", "localhostProfile": "web"}})),
            &[],
        ),
        (
            "--security-opt label=user:u --security-opt label:role:r \
             --security-opt label=type:t --security-opt label=level:s0:c1,c2",
            security(
                json!({"seLinuxOptions": {"user": "u", "role": "r", "type": "t", "level": "s0:c1,c2"}}),
            ),
            &[],
        ),
        (
            "--security-opt label=disable",
            json!({}),
            &["a pod cannot switch SELinux off"],
        ),
        (
            "--security-opt systempaths=unconfined",
            security(json!({"procMount": "Unmasked"})),
            &["hostUsers: false"],
        ),
        (
            "--security-opt writable-cgroups=true",
            json!({}),
            &["a pod has no field for it"],
        ),
        (
            "--sysctl net.core.somaxconn=1024 --sysctl kernel.shm_rmid_forced=1 \
             --sysctl net.core.somaxconn=0777 --sysctl a.b='1 2'",
            json!({"securityContext": {"sysctls": [
                {"name": "kernel.shm_rmid_forced", "value": "1"},
                {"name": "net.core.somaxconn", "value": "0777"},
                {"name": "a.b", "value": "1 2"},
            ]}}),
            &[],
        ),
    ]);
}

#[test]
fn namespaces_of_the_host() {
    becomes(&[
        (
            "--pid=host --ipc host --network=host",
            json!({"hostPID": true, "hostIPC": true, "hostNetwork": true}),
            &[],
        ),
        ("--net host", json!({"hostNetwork": true}), &[]),
        ("--network name=host", json!({"hostNetwork": true}), &[]),
        (
            "--network bridge --ipc private --ipc shareable --userns=host --cgroupns private",
            json!({}),
            &[],
        ),
        (
            "--network none",
            json!({}),
            &["no pod is without a network"],
        ),
        (
            "--network shop",
            json!({}),
            &["a pod is in the cluster's network"],
        ),
        (
            "--network container:db",
            json!({}),
            &["containers of one pod share their network"],
        ),
        (
            "--pid=container:db",
            json!({"shareProcessNamespace": true}),
            &["containers of one pod can see each other's processes"],
        ),
        (
            "--ipc container:db",
            json!({}),
            &["containers of one pod share it"],
        ),
        (
            "--uts=host",
            json!({}),
            &["a pod has a hostname of its own"],
        ),
        (
            "--cgroupns=host",
            json!({}),
            &["a pod cannot see the cgroups"],
        ),
    ]);
}

#[test]
fn volumes_of_every_kind() {
    let mounted = |volumes: Value, mounts: Value| json!({"volumes": volumes, "container": {"volumeMounts": mounts}});
    becomes(&[
        (
            "-v /var/run/docker.sock:/var/run/docker.sock:ro",
            mounted(
                json!([{"name": "var-run-docker-sock", "hostPath": {"path": "/var/run/docker.sock"}}]),
                json!([{"name": "var-run-docker-sock", "mountPath": "/var/run/docker.sock", "readOnly": true}]),
            ),
            &[],
        ),
        (
            "-v data:/a --volume=data:/b/ -v /c -v /c",
            mounted(
                json!([{"name": "data", "emptyDir": {}}, {"name": "c", "emptyDir": {}}]),
                json!([{"name": "data", "mountPath": "/a"}, {"name": "data", "mountPath": "/b"}, {"name": "c", "mountPath": "/c"}]),
            ),
            &[
                "the volume \"data\" becomes an emptyDir",
                "the volume \"data\" becomes an emptyDir",
            ],
        ),
        (
            "-v ./a:/a:rw,Z",
            mounted(
                json!([{"name": "a", "hostPath": {"path": "./a"}}]),
                json!([{"name": "a", "mountPath": "/a"}]),
            ),
            &["no option \"Z\"", "a hostPath is an absolute path"],
        ),
        (
            r"-v 'C:\Data:/d'",
            mounted(
                json!([{"name": "c--data", "hostPath": {"path": r"C:\Data"}}]),
                json!([{"name": "c--data", "mountPath": "/d"}]),
            ),
            &["a hostPath is an absolute path"],
        ),
        (
            "-v /a/b:/x -v /a-b:/y",
            mounted(
                json!([{"name": "a-b", "hostPath": {"path": "/a/b"}}, {"name": "a-b-2", "hostPath": {"path": "/a-b"}}]),
                json!([{"name": "a-b", "mountPath": "/x"}, {"name": "a-b-2", "mountPath": "/y"}]),
            ),
            &[],
        ),
        (
            "--mount type=bind,source=/a,target=/b,readonly \
             --mount 'type=volume,src=v,dst=/c,volume-subpath=s' \
             --mount destination=/d,ro=false \
             --mount type=tmpfs,target=/e,tmpfs-size=64m,tmpfs-mode=1777",
            mounted(
                json!([
                    {"name": "a", "hostPath": {"path": "/a"}},
                    {"name": "v", "emptyDir": {}},
                    {"name": "d", "emptyDir": {}},
                    {"name": "e", "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}},
                ]),
                json!([
                    {"name": "a", "mountPath": "/b", "readOnly": true},
                    {"name": "v", "mountPath": "/c", "subPath": "s"},
                    {"name": "d", "mountPath": "/d"},
                    {"name": "e", "mountPath": "/e"},
                ]),
            ),
            &[
                "the volume \"v\" becomes an emptyDir",
                "a mount of a pod has no \"tmpfs-mode\"",
            ],
        ),
        (
            "--mount '\"type=bind\",\"source=/a,b\",target=/c'",
            mounted(
                json!([{"name": "a-b", "hostPath": {"path": "/a,b"}}]),
                json!([{"name": "a-b", "mountPath": "/c"}]),
            ),
            &[],
        ),
        (
            "--tmpfs /run --tmpfs /tmp:ro,size=65536k,noexec",
            mounted(
                json!([
                    {"name": "run", "emptyDir": {"medium": "Memory"}},
                    {"name": "tmp", "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}},
                ]),
                json!([{"name": "run", "mountPath": "/run"}, {"name": "tmp", "mountPath": "/tmp", "readOnly": true}]),
            ),
            &["no option \"noexec\""],
        ),
        (
            "--shm-size 1g",
            mounted(
                json!([{"name": "dev-shm", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}}]),
                json!([{"name": "dev-shm", "mountPath": "/dev/shm"}]),
            ),
            &[],
        ),
        (
            "--shm-size 1g --tmpfs /dev/shm",
            mounted(
                json!([{"name": "dev-shm", "emptyDir": {"medium": "Memory"}}]),
                json!([{"name": "dev-shm", "mountPath": "/dev/shm"}]),
            ),
            &[],
        ),
    ]);
}

#[test]
fn ports_and_names() {
    let ports = |ports: Value| json!({"container": {"ports": ports}});
    becomes(&[
        (
            "--expose 80 -p 80",
            ports(json!([{"containerPort": 80}])),
            &[],
        ),
        (
            "-p 8080:80",
            ports(json!([{"containerPort": 80}])),
            &["a Service publishes the port"],
        ),
        (
            "-p 127.0.0.1::53/udp",
            ports(json!([{"containerPort": 53, "protocol": "UDP"}])),
            &["a Service publishes the port"],
        ),
        (
            "-p [::1]:1:2/sctp",
            ports(json!([{"containerPort": 2, "protocol": "SCTP"}])),
            &["a Service publishes the port"],
        ),
        (
            "--expose 7000-7001/TCP",
            ports(json!([{"containerPort": 7000}, {"containerPort": 7001}])),
            &[],
        ),
        (
            "-p target=80,protocol=udp,mode=host",
            ports(json!([{"containerPort": 80, "protocol": "UDP"}])),
            &[],
        ),
        (
            "-p published=1,target=80",
            ports(json!([{"containerPort": 80}])),
            &["a Service publishes the port"],
        ),
        (
            "--expose 10000-20000",
            json!({}),
            &["so many ports are not listed"],
        ),
        ("-h web", json!({"hostname": "web"}), &[]),
        ("-h web.example.com", json!({}), &["a pod's hostname"]),
        (
            "--add-host a:10.0.0.1 --add-host=b=::1 --add-host c:10.0.0.1 --add-host 'd:[::1]'",
            json!({"hostAliases": [{"ip": "10.0.0.1", "hostnames": ["a", "c"]}, {"ip": "::1", "hostnames": ["b", "d"]}]}),
            &[],
        ),
        (
            "--add-host host.docker.internal:host-gateway",
            json!({}),
            &["a pod on ECI has no host to reach"],
        ),
        (
            "--dns 8.8.8.8 --dns-search example.com --dns-opt ndots:2 --dns-option rotate",
            json!({
                "dnsConfig": {"nameservers": ["8.8.8.8"], "searches": ["example.com"], "options": [{"name": "ndots", "value": "2"}, {"name": "rotate"}]},
                "dnsPolicy": "None",
            }),
            &[],
        ),
        (
            "--dns-search example.com",
            json!({"dnsConfig": {"searches": ["example.com"]}}),
            &[],
        ),
        (
            "--dns 1.1.1.1 --dns 1.1.1.2 --dns 1.1.1.3 --dns 1.1.1.4",
            json!({"dnsConfig": {"nameservers": ["1.1.1.1", "1.1.1.2", "1.1.1.3"]}, "dnsPolicy": "None"}),
            &["at most three"],
        ),
    ]);
}

#[test]
fn what_the_container_runs_with() {
    let container = |fields: Value| json!({"container": fields});
    becomes(&[
        ("-it", container(json!({"stdin": true, "tty": true})), &[]),
        ("-w /app", container(json!({"workingDir": "/app"})), &[]),
        (
            "-m 512m --cpus 1.5",
            container(json!({"resources": {"limits": {"memory": "512Mi", "cpu": "1.5"}}})),
            &[],
        ),
        (
            "-m 1g --memory-reservation 512m",
            container(
                json!({"resources": {"limits": {"memory": "1Gi"}, "requests": {"memory": "512Mi"}}}),
            ),
            &[],
        ),
        ("-m 0 --cpus 0", json!({}), &[]),
        (
            "--cpus 0.0005",
            container(json!({"resources": {"limits": {"cpu": "0.001"}}})),
            &["thousandths"],
        ),
        (
            "--pull always",
            container(json!({"imagePullPolicy": "Always"})),
            &[],
        ),
        ("--restart always", json!({"restartPolicy": "Always"}), &[]),
        (
            "--restart unless-stopped",
            json!({"restartPolicy": "Always"}),
            &[],
        ),
        (
            "--restart=on-failure:5",
            json!({"restartPolicy": "OnFailure"}),
            &["backoffLimit"],
        ),
        ("--restart no", json!({}), &[]),
        (
            "--stop-timeout 30",
            json!({"terminationGracePeriodSeconds": 30}),
            &[],
        ),
        (
            "-e A=yes -e B=0777 -e C= -e D -e A=1:30 --env-file f -e 'E=$(A)$$'",
            container(json!({"env": [
                {"name": "B", "value": "0777"},
                {"name": "C", "value": ""},
                {"name": "A", "value": "1:30"},
                {"name": "E", "value": "$$(A)$$$"},
            ]})),
            &["--env \"D\": its value", "ConfigMap"],
        ),
        (
            "--device /dev/fuse --ulimit nofile=1024 --gpus all",
            json!({}),
            &[
                "no field for a device",
                "--ulimit \"nofile\": ECI cannot change ulimits",
                "nvidia.com/gpu",
            ],
        ),
        (
            "--init --rm -d --sig-proxy=false -a stdout --cidfile f -q",
            json!({}),
            &["shareProcessNamespace"],
        ),
        ("--oom-kill-disable=false --cpuset-cpus ''", json!({}), &[]),
    ]);
}

#[test]
fn command_and_args() {
    for (command, expected) in [
        (
            "docker run image a -b --c",
            json!({"args": ["a", "-b", "--c"]}),
        ),
        (
            "docker run --entrypoint /bin/sh image -c 'echo $(date) y'",
            json!({"command": ["/bin/sh"], "args": ["-c", "echo $$(date) y"]}),
        ),
        (
            "docker run --entrypoint '' image a b",
            json!({"command": ["a", "b"]}),
        ),
        (
            "docker run --entrypoint a --entrypoint b image",
            json!({"command": ["b"]}),
        ),
        (
            "docker run image yes 0777 1e3 ''",
            json!({"args": ["yes", "0777", "1e3", ""]}),
        ),
    ] {
        let converted = convert(&[command.to_owned()]).unwrap();
        let pod = eci_manifest::documents(&converted.manifest).unwrap()[0].value();
        let mut container = pod["spec"]["containers"][0].clone();
        for key in ["name", "image"] {
            assert_eq!(
                container.as_object_mut().unwrap().remove(key),
                Some("image".into())
            );
        }
        assert_eq!(container, expected, "{command}");
    }
}

#[test]
fn metadata() {
    let (pod, remarks) = pod(
        "--name My_Shop.web -l app=yes --label tier -l 'note=a b' -l 'a b=c' \
             --label alibabacloud.com/eci=false --annotation k=v",
    );
    assert_eq!(
        pod["metadata"],
        json!({
            "name": "my-shop-web",
            "labels": {"alibabacloud.com/eci": "true", "app": "yes", "tier": ""},
            "annotations": {"note": "a b", "k": "v"},
        })
    );
    assert_eq!(pod["spec"]["containers"][0]["name"], "my-shop-web");
    let begin = [
        "--name \"My_Shop.web\": ",
        "--label \"a b\": ",
        "--label \"alibabacloud.com/eci\": ",
    ];
    assert_eq!(remarks.len(), begin.len(), "{remarks:?}");
    assert!(
        remarks
            .iter()
            .zip(begin)
            .all(|(remark, begin)| remark.starts_with(begin)),
        "{remarks:?}"
    );
}

#[test]
fn a_secret_is_in_no_remark() {
    let (_, remarks) = pod("--log-opt splunk-token=hush -l 'a b=hush' --ulimit x=hush");
    assert_eq!(remarks.len(), 3);
    assert!(
        remarks.iter().all(|remark| !remark.contains("hush")),
        "{remarks:?}"
    );
}

#[test]
fn values_that_docker_refuses_are_refused() {
    for (options, said) in [
        (
            "--memory lots",
            "--memory \"lots\" cannot be read: a size is a number and a unit",
        ),
        (
            "--cpus many",
            "--cpus \"many\" cannot be read: CPUs are a decimal number",
        ),
        (
            "--user 99999999999999999999",
            "--user \"99999999999999999999\" cannot be read: an id is at most",
        ),
        (
            "--cap-add ''",
            "--cap-add \"\" cannot be read: a capability has a name",
        ),
        (
            "--sysctl net.core.somaxconn",
            "--sysctl \"net.core.somaxconn\" cannot be read: a sysctl is a name",
        ),
        (
            "--security-opt seccom=x",
            "--security-opt \"seccom\" cannot be read: Docker has no such security option; \
             did you mean seccomp?",
        ),
        (
            "--security-opt seccomp",
            "--security-opt \"seccomp\" cannot be read: seccomp has a value",
        ),
        (
            "--pid=hosts",
            "--pid \"hosts\" cannot be read: a namespace is host",
        ),
        (
            "--restart sometimes",
            "--restart \"sometimes\" cannot be read: a policy is no, on-failure",
        ),
        ("-e =x", "--env \"\" cannot be read: a variable has a name"),
        (
            "-p 80:http",
            "--publish \"80:http\" cannot be read: a port is a number",
        ),
        ("-p 0", "--publish \"0\" cannot be read: a port is a number"),
        (
            "-p 80/icmp",
            "--publish \"80/icmp\" cannot be read: a protocol is",
        ),
        (
            "--expose 9-8",
            "--expose \"9-8\" cannot be read: a range of ports",
        ),
        (
            "-v data:relative",
            "--volume \"data:relative\" cannot be read: where a volume is mounted is an absolute path",
        ),
        (
            "-v /a:/",
            "--volume \"/a:/\" cannot be read: where a volume is mounted",
        ),
        (
            "-v a/b:/c",
            "--volume \"a/b:/c\" cannot be read: a directory of the host is an absolute path",
        ),
        (
            "-v :/c",
            "--volume \":/c\" cannot be read: a volume or a path stands before the colon",
        ),
        (
            "-v /a:/c -v /b:/c",
            "--volume \"/b:/c\" cannot be read: something else is mounted at \"/c\"",
        ),
        (
            "--mount type=bind,target=/a",
            "--mount \"type=bind,target=/a\" cannot be read: a mount of the type bind has a source",
        ),
        (
            "--mount type=bind,sorce=/a",
            "--mount \"type=bind,sorce=/a\" cannot be read: a mount has no \"sorce\"; did you mean source?",
        ),
        (
            "--mount type=disk,target=/a",
            "--mount \"type=disk,target=/a\" cannot be read: the type of a mount is",
        ),
        (
            "--add-host a",
            "--add-host \"a\" cannot be read: a host is name:address",
        ),
        (
            "--add-host a:b",
            "--add-host \"a:b\" cannot be read: the address is none of",
        ),
        (
            "--dns resolver",
            "--dns \"resolver\" cannot be read: a server is an address",
        ),
        (
            "--pull often",
            "--pull \"often\" cannot be read: a policy is always",
        ),
    ] {
        let failure = failure(&format!("docker run {options} image"));
        assert!(failure.starts_with(said), "{options}: {failure}");
    }
}

#[test]
fn every_option_is_converted_without_a_panic() {
    for option in options::DOCKER.iter().chain(options::PODMAN) {
        for value in [
            "",
            "a",
            "1",
            "host",
            "/a",
            ":",
            "=",
            "::",
            "a=b",
            "\u{0}\u{85}ä",
            "1:2:3",
            ",",
            "\"",
            "-1",
            "[",
            "-",
        ] {
            let word = match option.takes {
                options::Takes::Nothing => format!("--{}", option.long),
                _ => format!("--{}={value}", option.long),
            };
            let words = ["podman", "run", &word, "image", value].map(str::to_owned);
            if let Ok(converted) = convert(&words) {
                assert_eq!(
                    eci_manifest::documents(&converted.manifest).unwrap().len(),
                    1,
                    "{word}"
                );
            }
        }
    }
}
