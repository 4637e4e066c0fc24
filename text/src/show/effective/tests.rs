#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use eci_security_context::policy::parse;
use serde_json::json;

use super::*;

/// The JSON of a pod of ECI with this specification, by these settings.
fn pod(spec: Value, settings: Value) -> Value {
    let labels = json!({ "alibabacloud.com/eci": "true" });
    let object = json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "labels": labels }, "spec": spec });
    shown(&object, settings)
}

fn shown(object: &Value, settings: Value) -> Value {
    let settings = parse::settings(&settings.to_string(), true).unwrap();
    serde_json::to_value(read(object, &settings).unwrap()).unwrap()
}

fn read(object: &Value, settings: &Settings) -> Result<Option<Shown>, ReadError> {
    let group = object["apiVersion"].as_str().unwrap().split_once('/');
    let group = group.map_or("", |(group, _)| group);
    let raw = serde_json::value::to_raw_value(object).unwrap();
    show(&raw, (group, object["kind"].as_str().unwrap()), settings)
}

fn one(context: Value, settings: Value) -> Value {
    pod(
        json!({ "containers": [{ "name": "c", "securityContext": context }] }),
        settings,
    )["containers"][0]
        .clone()
}

#[test]
fn identity_follows_the_profile() {
    let spec = json!({
        "securityContext": { "runAsUser": 1000, "runAsGroup": 3000, "runAsNonRoot": true },
        "initContainers": [{ "name": "i", "securityContext": { "runAsUser": 5, "runAsGroup": 6, "runAsNonRoot": true } }],
        "containers": [{ "name": "a" }, { "name": "b", "securityContext": { "runAsGroup": 7, "runAsNonRoot": true } }],
    });
    let own = |value: Value| json!({ "value": value, "from": "container" });
    let user_of_pod = json!({ "value": 1000, "from": "pod" });
    let asks = |value: Value, from: &str| json!({ "value": value, "from": from });
    for (profile, init_group, init_non_root) in [
        ("2024-02-26", own(json!(6)), own(json!(true))),
        (
            "2026-04-01",
            json!({ "value": null, "from": "image", "asked": asks(json!(6), "container") }),
            json!({ "value": false, "from": "default", "asked": asks(json!(true), "container") }),
        ),
    ] {
        let shown = pod(spec.clone(), json!({ "profile": profile }));
        let settings = |index: usize| shown["containers"][index]["settings"].clone();
        assert_eq!(settings(0)["runAsUser"], own(json!(5)), "{profile}");
        assert_eq!(settings(0)["runAsGroup"], init_group, "{profile}");
        assert_eq!(settings(0)["runAsNonRoot"], init_non_root, "{profile}");
        assert_eq!(settings(1)["runAsUser"], user_of_pod);
        assert_eq!(
            settings(1)["runAsGroup"],
            json!({ "value": null, "from": "image", "asked": asks(json!(3000), "pod") }),
            "no profile reads it at pod level"
        );
        assert_eq!(
            settings(1)["runAsNonRoot"],
            json!({ "value": false, "from": "default", "asked": asks(json!(true), "pod") })
        );
        assert_eq!(settings(2)["runAsGroup"], own(json!(7)));
        assert_eq!(settings(2)["runAsNonRoot"], own(json!(true)));
        let lost: Vec<_> = shown["lost"]
            .as_array()
            .unwrap()
            .iter()
            .map(|remark| &remark["path"])
            .collect();
        // The user, which ECI reads, ensures runAsNonRoot.
        assert_eq!(lost, ["spec.securityContext.runAsGroup"]);
    }
}

#[test]
fn fixed_values_are_fixed() {
    let plain = one(json!({}), json!({}));
    let asked = json!({ "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": false, "procMount": "Unmasked" });
    let contrary = one(asked, json!({}));
    for (field, value, from, asked) in [
        (
            "allowPrivilegeEscalation",
            json!(true),
            "notOffered",
            json!(false),
        ),
        ("readOnlyRootFilesystem", json!(true), "fixed", json!(false)),
        ("procMount", json!("Default"), "fixed", json!("Unmasked")),
    ] {
        assert_eq!(
            plain["settings"][field],
            json!({ "value": value, "from": from })
        );
        let asked = json!({ "value": asked, "from": "container" });
        assert_eq!(
            contrary["settings"][field],
            json!({ "value": value, "from": from, "asked": asked }),
            "{field}"
        );
    }
}

#[test]
fn privileged_follows_the_approval() {
    let context =
        json!({ "privileged": true, "capabilities": { "add": ["SYS_TIME"], "drop": ["ALL"] } });
    let approved = json!({ "approved": { "privileged": true } });
    let container = one(context.clone(), approved.clone());
    assert_eq!(
        container["settings"]["privileged"],
        json!({ "value": true, "from": "container" })
    );
    let all = "000001ffffffffff";
    assert_eq!(container["capabilities"]["granted"]["mask"], all);
    assert_eq!(container["capabilities"]["refused"], json!([]));
    let spec = json!({ "containers": [{ "name": "c", "securityContext": context }] });
    let shown = pod(spec.clone(), approved);
    assert_eq!(
        shown["refused"],
        json!([]),
        "SYS_TIME makes no difference to a privileged container"
    );
    assert_eq!(shown["ignored"][0]["rule"], "capability-unsupported");

    for settings in [
        json!({}),
        json!({ "profile": "2024-02-26", "approved": { "privileged": true } }),
    ] {
        let shown = pod(spec.clone(), settings);
        let container = &shown["containers"][0];
        assert_eq!(
            container["settings"]["privileged"],
            json!({ "value": false, "from": "notGranted", "asked": { "value": true, "from": "container" } })
        );
        assert_eq!(
            container["capabilities"]["granted"]["mask"],
            "0000000000000000"
        );
        assert_eq!(container["capabilities"]["asked"]["mask"], all);
        let refused = shown["refused"].as_array().unwrap();
        assert!(
            refused.iter().any(|remark| remark["rule"] == "privileged"),
            "{refused:?}"
        );
    }
}

#[test]
fn capabilities_are_those_that_eci_grants() {
    let add = json!({ "capabilities": { "add": ["NET_ADMIN", "SYS_TIME", "CAP_CHOWN", "ALL"] } });
    let capabilities = &one(add, json!({}))["capabilities"];
    assert_eq!(
        capabilities["granted"]["mask"], "00000000a80435fb",
        "the default and bit 12"
    );
    assert_eq!(
        capabilities["refused"],
        json!(["SYS_TIME", "CAP_CHOWN", "ALL"])
    );

    // The Kubernetes page's security-context-4.yaml, and SYS_TIME approved.
    let add = json!({ "capabilities": { "add": ["NET_ADMIN", "SYS_TIME"] } });
    let capabilities = &one(add.clone(), json!({}))["capabilities"];
    assert_eq!(capabilities["asked"]["mask"], "00000000aa0435fb");
    assert_eq!(capabilities["granted"]["mask"], "00000000a80435fb");
    let capabilities =
        &one(add, json!({ "approved": { "capabilities": ["SYS_TIME"] } }))["capabilities"];
    assert_eq!(capabilities["granted"]["mask"], "00000000aa0435fb");
    assert_eq!(capabilities["refused"], json!([]));
}

#[test]
fn sysctls_are_shown_by_channel() {
    let annotations = |list: &str| json!({ "k8s.aliyun.com/eci-host-sysctls": list });
    let sysctls = json!([
        { "name": "net/core/somaxconn", "value": "1024" },
        { "name": "net.ipv4.tcp_syncookies", "value": "1" },
        { "name": "kernel.msgmax", "value": "much" },
        { "name": "Kernel.sem", "value": "1" },
        { "name": "vm.min_free_kbytes", "value": "838861" },
    ]);
    let object = |annotation: &str| {
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": { "labels": { "eci": "true" }, "annotations": annotations(annotation) },
            "spec": { "securityContext": { "sysctls": sysctls }, "containers": [] },
        })
    };
    let settings = json!({ "approved": { "hostSysctls": ["vm.max_map_count"] } });
    let both = r#"[{"name":"vm/max_map_count","value":"1"},{"name":"kernel.pid_max","value":"2"}]"#;
    let sysctls = |shown: &Value| -> Vec<[String; 3]> {
        let sysctls = shown["sysctls"].as_array().unwrap().iter();
        sysctls
            .map(|sysctl| {
                ["name", "channel", "outcome"].map(|key| sysctl[key].as_str().unwrap().to_owned())
            })
            .collect()
    };
    let field = [
        ["net.core.somaxconn", "field", "taken"],
        ["net.ipv4.tcp_syncookies", "field", "refused"],
        ["kernel.msgmax", "field", "refused"],
        ["Kernel.sem", "field", "refused"],
        ["vm.min_free_kbytes", "field", "overridden"],
    ];
    let annotation = [
        ["vm.max_map_count", "hostAnnotation", "taken"],
        ["kernel.pid_max", "hostAnnotation", "refused"],
    ];
    let shown_both = shown(&object(both), settings.clone());
    assert_eq!(
        sysctls(&shown_both),
        [field.as_slice(), &annotation].concat()
    );
    let malformed = shown(&object("[]"), settings.clone());
    assert_eq!(sysctls(&malformed), field);
    let rules: Vec<_> = malformed["refused"]
        .as_array()
        .unwrap()
        .iter()
        .map(|remark| &remark["rule"])
        .collect();
    assert!(
        rules.contains(&&json!("host-sysctls-malformed")),
        "{rules:?}"
    );

    let misplaced = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "annotations": annotations(both) },
        "spec": { "template": { "metadata": { "labels": { "eci": "true" } }, "spec": { "containers": [] } } },
    });
    let misplaced = shown(&misplaced, settings);
    assert_eq!(misplaced["sysctls"], json!([]));
    assert_eq!(misplaced["ignored"][0]["rule"], "host-sysctls-misplaced");
}

#[test]
fn the_instance_is_that_of_the_memory_rule() {
    let asks = |cpu: &str, memory: &str| json!({ "limits": { "cpu": cpu, "memory": memory } });
    let ignored = json!([{ "name": "__ECI_RESOURCE_IGNORE__", "value": "TRUE" }]);
    let instance = |containers: Value| {
        let spec = json!({ "initContainers": [{ "resources": asks("64", "512Gi") }], "containers": containers });
        let instance = pod(spec, json!({}))["instance"].clone();
        ["memoryKib", "cpu", "memory"].map(|key| instance[key].clone())
    };
    let gib = 1 << 20;
    let none = Value::Null;
    // "Specify vCPU and memory": 4 GiB where nothing is given; 4.25 vCPU and 8.5 GiB run on 6 and 10.
    assert_eq!(
        instance(json!([{}])),
        [json!(4 * gib), none.clone(), none.clone()]
    );
    assert_eq!(
        instance(json!([
            { "resources": asks("4", "8Gi") },
            { "resources": asks("250m", "512Mi") },
            { "resources": asks("32", "64Gi"), "env": ignored },
        ])),
        [json!(10 * gib), json!("4.25"), json!("8704Mi")]
    );
    assert_eq!(
        instance(json!([{ "resources": asks("65", "1") }])),
        [none.clone(), json!("65"), json!("1")],
        "no instance is that large"
    );
    assert_eq!(
        instance(json!([{ "resources": asks("much", "1") }])),
        [none.clone(), none.clone(), none.clone()]
    );
    assert_eq!(
        instance(json!([{ "env": 1 }])),
        [none.clone(), none.clone(), none],
        "not a reason to give up"
    );
}

#[test]
fn quantities_are_written_in_the_largest_unit_that_fits() {
    for (written, shown) in [
        ("1Gi", "1Gi"),
        ("1.5Gi", "1536Mi"),
        ("1024Gi", "1Ti"),
        ("1000", "1000"),
        ("0", "0"),
        ("1m", "1m"),
    ] {
        assert_eq!(bytes(Quantity::parse(written).unwrap()), shown);
    }
    assert_eq!(
        ["250m", "2", "1.5"].map(|cpu| cores(Quantity::parse(cpu).unwrap())),
        ["0.25", "2", "1.5"]
    );
}

#[test]
fn a_repair_is_shown_if_the_policy_makes_it() {
    let spec = json!({
        "securityContext": { "runAsGroup": 3000 },
        "containers": [{ "name": "c", "image": "registry.example/c" }],
    });
    let repair = |settings| pod(spec.clone(), settings)["lost"][0].clone();
    assert!(
        repair(json!({}))["repair"]
            .as_str()
            .unwrap()
            .starts_with("copied into the containers")
    );
    let exempt = json!([{ "image": "registry.example/c" }]);
    for settings in [
        json!({ "mutate": "none" }),
        json!({ "actions": { "pod-identity": "warn" } }),
        json!({ "exempt": exempt }),
    ] {
        let lost = repair(settings);
        assert_eq!(
            lost["rule"], "pod-identity",
            "whatever the policy does, the field is lost"
        );
        assert_eq!(lost.get("repair"), None);
    }
}

#[test]
fn a_pod_that_is_not_for_eci_need_not_be_readable() {
    let object = json!({ "apiVersion": "v1", "kind": "Pod", "spec": { "containers": 1 } });
    let shown = shown(&object, json!({}));
    assert_eq!(shown["scope"]["certainty"], "no");
    assert_eq!(shown.get("containers"), None);
    let settings = parse::settings(r#"{"scope":{"assumeEci":true}}"#, false).unwrap();
    let unreadable = read(&object, &settings).unwrap_err();
    assert_eq!(
        unreadable.to_string(),
        "spec.containers: is a number, and must be an array"
    );
}
