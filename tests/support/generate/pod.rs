//! Pods that sometimes break a rule.

use eci_security_context::eci::capability;
use proptest::collection::{btree_map, vec};
use proptest::option::{of, weighted};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use super::{ODD_NUMBERS, REGISTRY, arb_text, object, odd_key, words};

/// The annotation that sets host sysctls.
const HOST_SYSCTLS: &str = "k8s.aliyun.com/eci-host-sysctls";

/// The `metadata` and `spec` of a pod on ECI.
pub(crate) fn arb_pod_spec() -> impl Strategy<Value = Value> {
    let containers = |counts| vec(arb_container(), counts);
    let lists = (
        containers(1..4),
        weighted(0.5, containers(0..3)),
        weighted(0.3, containers(0..3)),
    );
    let context = (of(arb_pod_context()), of(vec(arb_sysctl(), 0..5)));
    let flags = [(); 4].map(|()| weighted(0.1, any::<bool>()));
    (lists, context, flags, weighted(0.2, vec(arb_volume(), 0..3)), arb_annotations(), arb_unknown())
        .prop_map(
            |(
                (main, init, ephemeral),
                (context, sysctls),
                [network, pid, ipc, users],
                volumes,
                annotations,
                unknown,
            )| {
                let mut context = context;
                if let Some(sysctls) = sysctls {
                    context.get_or_insert_with(|| json!({}))["sysctls"] = sysctls.into();
                }
                let spec = object([
                    ("containers", Some(main.into())),
                    ("initContainers", init.map(Value::from)),
                    ("ephemeralContainers", ephemeral.map(Value::from)),
                    ("securityContext", context),
                    ("hostNetwork", network.map(Value::from)),
                    ("hostPID", pid.map(Value::from)),
                    ("hostIPC", ipc.map(Value::from)),
                    ("hostUsers", users.map(Value::from)),
                    ("volumes", volumes.map(Value::from)),
                    ("x-unknown", unknown),
                ]);
                json!({
                    "metadata": {"labels": {"alibabacloud.com/eci": "true"}, "annotations": annotations},
                    "spec": spec,
                })
            },
        )
}

/// An unknown field. [`super::odd`] replaces its word with an odd number.
fn arb_unknown() -> impl Strategy<Value = Option<Value>> {
    weighted(
        0.2,
        (0..ODD_NUMBERS.len()).prop_map(|index| json!({"list": [null, {odd_key(index): "odd"}]})),
    )
}

fn arb_id() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => select(vec![0_i64, 1, 1000, 2_147_483_647]),
        1 => select(vec![-1_i64, 2_147_483_648, i64::MAX, i64::MIN]),
    ]
    .prop_map(Value::from)
}

fn arb_profile() -> impl Strategy<Value = Value> {
    select(vec!["RuntimeDefault", "Localhost", "Unconfined"]).prop_map(|kind| json!({"type": kind}))
}

fn arb_flag() -> impl Strategy<Value = Value> {
    prop_oneof![4 => any::<bool>().prop_map(Value::from), 1 => Just(Value::Null)]
}

fn arb_pod_context() -> impl Strategy<Value = Value> {
    let identity = (of(arb_id()), of(arb_id()), of(arb_flag()));
    let groups = (weighted(0.1, arb_id()), weighted(0.1, vec(arb_id(), 0..3)));
    let ignored = (
        weighted(0.1, arb_profile()),
        weighted(0.1, Just(json!({}))),
        arb_unknown(),
    );
    (identity, groups, ignored).prop_map(
        |((user, group, non_root), (fs_group, supplemental), (seccomp, se_linux, unknown))| {
            object([
                ("runAsUser", user),
                ("runAsGroup", group),
                ("runAsNonRoot", non_root),
                ("fsGroup", fs_group),
                ("supplementalGroups", supplemental.map(Value::from)),
                ("seccompProfile", seccomp),
                ("seLinuxOptions", se_linux),
                ("x-unknown", unknown),
            ])
        },
    )
}

fn arb_sysctl() -> impl Strategy<Value = Value> {
    let name = select(vec![
        "kernel.shmmax",
        "kernel/shmmax",
        "kernel.shm_rmid_forced",
        "net.core.somaxconn",
        "net.ipv4.tcp_syncookies",
        "net/ipv4/tcp_syncookies",
        "net.ipv4.ping_group_range",
        "net/ipv4/conf/eno2.100/rp_filter",
        "vm.max_map_count",
        "vm/max_map_count",
        "vm.swappiness",
        "vm.min_free_kbytes",
        "vm.min_free_kbyte",
        "kernel.pid_max",
        "fs.mqueue.msg_max",
        "Vm.X",
        "vm..x",
        "",
    ]);
    let value = select(vec![
        "1",
        "0",
        "65536",
        "838861",
        "99999999999",
        "-1",
        "1 2",
        "many",
        "",
        "\u{7}\n\"",
    ]);
    (name, value, arb_unknown()).prop_map(|(name, value, unknown)| {
        object([
            ("name", Some(name.into())),
            ("value", Some(value.into())),
            ("x-unknown", unknown),
        ])
    })
}

fn arb_volume() -> impl Strategy<Value = Value> {
    select(vec![
        json!({"name": "a", "hostPath": {"path": "/"}}),
        json!({"name": "b", "hostPath": null}),
        json!({"name": "c", "emptyDir": {}}),
    ])
}

fn arb_annotations() -> impl Strategy<Value = Value> {
    let host_sysctls = prop_oneof![
        vec(
            (
                words("vm.max_map_count kernel.pid_max fs/file-max net.core.somaxconn"),
                "[0-9]{1,5}"
            ),
            0..3
        )
        .prop_map(|entries| {
            let entries: Vec<_> = entries
                .into_iter()
                .map(|(name, value)| json!({"name": name, "value": value}))
                .collect();
            Value::from(entries).to_string()
        }),
        select(vec![
            "",
            "{}",
            "[1]",
            r#"[{"name":"vm.max_map_count"}]"#,
            "\u{1b}[31m"
        ])
        .prop_map(str::to_owned),
    ];
    let use_specs = select(vec!["2-4Gi", "2-4Gi,1-1Gi", "ecs.c6.large", ""]);
    let legacy = select(vec![
        "container.apparmor.security.beta.kubernetes.io/main",
        "container.seccomp.security.alpha.kubernetes.io/main",
        "seccomp.security.alpha.kubernetes.io/pod",
        "container.apparmor.security.beta.kubernetes.io/a\nb",
    ]);
    let others = btree_map("[a-z.]{1,12}/[a-z]{1,8}", arb_text(), 0..3);
    (
        weighted(0.4, host_sysctls),
        weighted(0.3, use_specs),
        vec(legacy, 0..3),
        others,
        arb_unknown(),
    )
        .prop_map(|(host_sysctls, use_specs, legacy, others, unknown)| {
            let mut annotations: Map<_, _> = others
                .into_iter()
                .map(|(key, value)| (key, Value::from(value)))
                .collect();
            let set = legacy
                .into_iter()
                .map(|key| (key, Some("unconfined".into())));
            let set = set.chain([
                (HOST_SYSCTLS, host_sysctls.map(Value::from)),
                ("k8s.aliyun.com/eci-use-specs", use_specs.map(Value::from)),
                ("x-unknown", unknown),
            ]);
            annotations.extend(set.filter_map(|(key, value)| Some((key.to_owned(), value?))));
            annotations.into()
        })
}

fn arb_container() -> impl Strategy<Value = Value> {
    let amount = || {
        of(select(vec![
            json!("500m"),
            json!("2"),
            json!(1),
            json!("4Gi"),
            json!("1e30"),
            json!("x"),
        ]))
    };
    let resources = (amount(), amount(), amount(), amount()).prop_map(
        |(cpu, memory, least_cpu, least_memory)| {
            json!({
                "limits": object([("cpu", cpu), ("memory", memory)]),
                "requests": object([("cpu", least_cpu), ("memory", least_memory)]),
            })
        },
    );
    let env = Just(json!([{"name": "__ECI_RESOURCE_IGNORE__", "value": "TRUE"}]));
    let ports = select(vec![
        json!([{"containerPort": 80}, {"containerPort": 81, "hostPort": 81}]),
        json!([{"hostPort": 0}]),
    ]);
    let image = select(vec!["app:1", "istio/proxyv2:1.20", "a/b/c@sha256:00"]);
    let context = prop_oneof![4 => arb_context(), 1 => Just(Value::Null)];
    (
        "[a-c]",
        image,
        of(context),
        weighted(0.5, resources),
        weighted(0.1, env),
        weighted(0.1, ports),
        arb_unknown(),
    )
        .prop_map(|(name, image, context, resources, env, ports, unknown)| {
            object([
                ("name", Some(name.into())),
                ("image", Some(format!("{REGISTRY}/{image}").into())),
                ("securityContext", context),
                ("resources", resources),
                ("env", env),
                ("ports", ports),
                ("x-unknown", unknown),
            ])
        })
}

fn arb_context() -> impl Strategy<Value = Value> {
    let identity = (of(arb_id()), of(arb_id()), of(arb_flag()));
    let rights = (
        weighted(0.2, arb_flag()),
        weighted(0.3, arb_flag()),
        of(arb_capabilities()),
    );
    let mounts = (
        weighted(0.3, arb_flag()),
        weighted(0.2, select(vec!["Default", "Unmasked", "x\u{9}y"])),
    );
    let ignored = (
        weighted(0.2, arb_profile()),
        weighted(0.1, Just(json!({}))),
        arb_unknown(),
    );
    (identity, rights, mounts, ignored).prop_map(
        |(
            (user, group, non_root),
            (privileged, escalation, capabilities),
            (read_only, proc_mount),
            (seccomp, app_armor, unknown),
        )| {
            object([
                ("runAsUser", user),
                ("runAsGroup", group),
                ("runAsNonRoot", non_root),
                ("privileged", privileged),
                ("allowPrivilegeEscalation", escalation),
                ("capabilities", capabilities),
                ("readOnlyRootFilesystem", read_only),
                ("procMount", proc_mount.map(Value::from)),
                ("seccompProfile", seccomp),
                ("appArmorProfile", app_armor),
                ("x-unknown", unknown),
            ])
        },
    )
}

fn arb_capabilities() -> impl Strategy<Value = Value> {
    let list = || weighted(0.7, vec(arb_capability(), 0..4));
    (list(), list()).prop_map(|(add, drop)| {
        object([
            ("add", add.map(Value::from)),
            ("drop", drop.map(Value::from)),
        ])
    })
}

fn arb_capability() -> impl Strategy<Value = String> {
    let spellings: &[fn(&str) -> String] = &[
        str::to_owned,
        str::to_lowercase,
        |name| format!("CAP_{name}"),
        |name| format!("cap_{}", name.to_lowercase()),
        |name| format!("CAP_CAP_{name}"),
        |name| name.replace("N", "n"),
        |name| name.chars().skip(1).collect(),
    ];
    let name = prop_oneof![
        select(capability::LINUX),
        words("CHOWN NET_ADMIN NET_RAW ALL SYS_ADMIN SYS_RAWIO"),
    ];
    prop_oneof![9 => (name, select(spellings)).prop_map(|(name, spell)| spell(name)), 1 => arb_text()]
}
