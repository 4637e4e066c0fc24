//! Generators: any JSON, pods that break every rule now and then, settings that judge them.

use eci_manifest::{RequestOptions, admission_request};
use eci_security_context::eci::capability;
use eci_security_context::rules::RULES;
use proptest::collection::{btree_map, vec};
use proptest::option::{of, weighted};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value, json};

/// The registry of every generated image.
pub(crate) const REGISTRY: &str = "registry.example";

/// The annotation that sets host sysctls.
const HOST_SYSCTLS: &str = "k8s.aliyun.com/eci-host-sysctls";

/// Any text, control characters and such that turn the line around among them.
fn arb_text() -> impl Strategy<Value = String> {
    let odd = select(vec![
        '\n', '\0', '\u{1b}', '\u{85}', '\u{202e}', '\u{2028}', '"', '\\', 'ß',
    ]);
    vec(prop_oneof![4 => any::<char>(), 1 => odd], 0..12).prop_map(String::from_iter)
}

/// Any JSON tree; its keys are often those of a pod.
pub(crate) fn arb_json() -> impl Strategy<Value = Value> {
    let key = prop_oneof![
        select(vec![
            "request",
            "settings",
            "kind",
            "group",
            "object",
            "metadata",
            "labels",
            "annotations",
            "spec",
            "containers",
            "securityContext",
            "sysctls",
            "capabilities",
            "add",
            "name",
            "value",
            "image",
        ])
        .prop_map(str::to_owned),
        arb_text(),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        arb_text().prop_map(Value::from),
        select(vec![
            "true",
            "Pod",
            "ALL",
            "",
            "[]",
            "{}",
            "vm.min_free_kbytes"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..8).prop_map(Value::from),
            btree_map(key.clone(), inner, 0..8).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

/// A payload for a generated pod, with one node replaced by anything.
pub(crate) fn arb_damaged_payload() -> impl Strategy<Value = Value> {
    (
        arb_pod_spec(),
        arb_settings(),
        0..PLACES.len(),
        any::<Index>(),
        arb_json(),
    )
        .prop_map(|(template, settings, place, at, value)| {
            let mut payload: Value =
                serde_json::from_slice(&payload(&placed(&template, PLACES[place]), &settings))
                    .unwrap();
            let at = at.index(nodes(&payload));
            *node(&mut payload, &mut { at }).unwrap() = value;
            payload
        })
}

fn nodes(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(nodes).sum(),
        Value::Object(map) => map.values().map(nodes).sum(),
        _ => 0,
    }
}

/// The node of a tree that is reached after `left` others.
fn node<'v>(value: &'v mut Value, left: &mut usize) -> Option<&'v mut Value> {
    if *left == 0 {
        return Some(value);
    }
    *left -= 1;
    match value {
        Value::Array(items) => items.iter_mut().find_map(|item| node(item, left)),
        Value::Object(map) => map.values_mut().find_map(|value| node(value, left)),
        _ => None,
    }
}

/// A pod on ECI, as the `metadata` and `spec` of an object or a pod template.
pub(crate) fn arb_pod_spec() -> impl Strategy<Value = Value> {
    let containers = |counts| vec(arb_container(), counts);
    let lists = (
        containers(1..4),
        weighted(0.5, containers(0..3)),
        weighted(0.3, containers(0..3)),
    );
    let context = (of(arb_pod_context()), of(vec(arb_sysctl(), 0..5)));
    let flags = [(); 3].map(|()| weighted(0.1, any::<bool>()));
    (lists, context, flags, weighted(0.2, vec(arb_volume(), 0..3)), arb_annotations(), arb_unknown())
        .prop_map(
            |(
                (main, init, ephemeral),
                (context, sysctls),
                [network, pid, ipc],
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

/// The fields that are there.
fn object<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    let there = fields
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)));
    Value::Object(there.collect())
}

/// A field that the policy has never heard of; [`odd`] makes odd numbers of it.
fn arb_unknown() -> impl Strategy<Value = Option<Value>> {
    weighted(
        0.2,
        (0..ODD_NUMBERS.len()).prop_map(|index| json!({"list": [null, {odd_key(index): "odd"}]})),
    )
}

/// Numbers that a tree of JSON would not keep as they are written.
pub(crate) static ODD_NUMBERS: &[&str] = &[
    "1.10",
    "1e400",
    "-0.0",
    "123456789012345678901234567890",
    "1E+2",
    "0.1000000000000000055511151231257827",
];

fn odd_key(index: usize) -> String {
    format!("odd-{index}")
}

/// The text with an odd number wherever there is a word for one.
pub(crate) fn odd(text: &str) -> String {
    replace_odd(text, |index| {
        (format!(r#""{}":"odd""#, odd_key(index)), written(index))
    })
}

/// The text with the words that [`odd`] replaced.
pub(crate) fn even(text: &str) -> String {
    replace_odd(text, |index| {
        (written(index), format!(r#""{}":"odd""#, odd_key(index)))
    })
}

fn written(index: usize) -> String {
    format!(r#""{}":{}"#, odd_key(index), ODD_NUMBERS[index])
}

fn replace_odd(text: &str, replacement: impl Fn(usize) -> (String, String)) -> String {
    (0..ODD_NUMBERS.len()).fold(text.to_owned(), |text, index| {
        let (from, to) = replacement(index);
        text.replace(&from, &to)
    })
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
                select(vec![
                    "vm.max_map_count",
                    "kernel.pid_max",
                    "fs/file-max",
                    "net.core.somaxconn"
                ]),
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
    let image = select(vec!["app:1", "istio/proxyv2:1.20", "a/b/c@sha256:00"]);
    let context = prop_oneof![4 => arb_context(), 1 => Just(Value::Null)];
    (
        "[a-c]",
        image,
        of(context),
        weighted(0.5, resources),
        weighted(0.1, env),
        arb_unknown(),
    )
        .prop_map(|(name, image, context, resources, env, unknown)| {
            object([
                ("name", Some(name.into())),
                ("image", Some(format!("{REGISTRY}/{image}").into())),
                ("securityContext", context),
                ("resources", resources),
                ("env", env),
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
        select(vec![
            "CHOWN",
            "NET_ADMIN",
            "NET_RAW",
            "ALL",
            "SYS_ADMIN",
            "SYS_RAWIO"
        ]),
    ];
    prop_oneof![9 => (name, select(spellings)).prop_map(|(name, spell)| spell(name)), 1 => arb_text()]
}

/// Settings that are valid.
pub(crate) fn arb_settings() -> impl Strategy<Value = Value> {
    let approved = (
        any::<bool>(),
        vec(select(vec!["SYS_RAWIO", "cap_sys_admin", "BPF"]), 0..3),
        vec(
            select(vec![
                "vm.max_map_count",
                "vm/swappiness",
                "vm.*",
                "kernel.pid*",
                "fs.*",
                "net.*",
            ]),
            0..3,
        ),
    );
    let scope = (
        any::<bool>(),
        select(vec!["warn", "enforce", "ignore"]),
        any::<bool>(),
    );
    let exempt = (
        select(vec!["app:1", "istio/**", "*", "**"]),
        weighted(0.3, select(vec!["a", "*", "[ab]"])),
    );
    (
        of(select(vec!["2024-02-26", "2026-04-01", "latest"])),
        of(select(vec!["none", "pods", "all"])),
        weighted(0.3, arb_ceiling()),
        vec((0..RULES.len(), 0_usize..5), 0..6),
        of(approved),
        weighted(0.3, scope),
        vec(exempt, 0..2),
    )
        .prop_map(|(profile, mutate, ceiling, named, approved, scope, exempt)| {
            let mut actions = Map::new();
            for (rule, action) in named {
                let (id, action) = action_of(rule, action);
                actions.insert(id.to_owned(), action.into());
            }
            if let Some(ceiling) = ceiling {
                actions.insert("*".to_owned(), ceiling.into());
            }
            let exempt: Vec<_> = exempt
                .into_iter()
                .map(|(image, container)| {
                    let image = format!("{REGISTRY}/{image}").into();
                    object([("image", Some(image)), ("container", container.map(Value::from))])
                })
                .collect();
            object([
                ("profile", profile.map(Value::from)),
                ("mutate", mutate.map(Value::from)),
                ("actions", Some(actions.into())),
                (
                    "scope",
                    scope.map(|(assume_eci, possible, namespace_labels)| {
                        json!({"assumeEci": assume_eci, "possible": possible, "namespaceLabels": namespace_labels})
                    }),
                ),
                (
                    "approved",
                    approved.map(|(privileged, capabilities, sysctls)| {
                        json!({"privileged": privileged, "capabilities": capabilities, "hostSysctls": sysctls})
                    }),
                ),
                ("exempt", Some(exempt.into())),
            ])
        })
}

/// An action that is a ceiling.
pub(crate) fn arb_ceiling() -> impl Strategy<Value = &'static str> {
    select(vec!["deny", "fix", "warn", "audit", "off"])
}

/// One of the actions that a rule can take.
fn action_of(rule: usize, action: usize) -> (&'static str, &'static str) {
    let rule = RULES[rule];
    let action = ["fix", "deny", "warn", "audit", "off"][action];
    (
        rule.id,
        if action == "fix" && !rule.fix.is_available() {
            "deny"
        } else {
            action
        },
    )
}

/// An object that holds pods: its API version, its kind, and the JSON pointer of its pod (template).
pub(crate) type Place = (&'static str, &'static str, &'static str);

/// A pod, and two objects that make pods of a template.
pub(crate) const PLACES: [Place; 3] = [
    ("v1", "Pod", ""),
    ("apps/v1", "Deployment", "/spec/template"),
    ("batch/v1", "CronJob", "/spec/jobTemplate/spec/template"),
];

/// An object with the pod (template) in its place.
pub(crate) fn placed(template: &Value, (api_version, kind, pointer): Place) -> Value {
    let mut object = pointer
        .rsplit('/')
        .filter(|step| !step.is_empty())
        .fold(template.clone(), |below, step| json!({step: below}));
    object["apiVersion"] = api_version.into();
    object["kind"] = kind.into();
    object
}

/// The payload that asks to create `object`.
pub(crate) fn payload(object: &Value, settings: &Value) -> Vec<u8> {
    let request = admission_request(object, &RequestOptions::default());
    serde_json::to_vec(&json!({"request": request, "settings": settings})).unwrap()
}
