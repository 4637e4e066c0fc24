//! The conditions under which the API server asks the policy hold wherever the core finds that a pod may run on ECI.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

#[path = "support/match_conditions.rs"]
mod match_conditions;

use std::cell::Cell;
use std::path::Path;

use eci_corpus::read_all;
use eci_manifest::{RequestOptions, admission_request};
use eci_security_context::eci::signal::{VIRTUAL_NODE_PATTERN, is_virtual_node};
use eci_security_context::policy::condition;
use eci_security_context::policy::scope::Certainty;
use eci_security_context::{Verdict, validate};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};

use crate::match_conditions::Conditions;

fn conditions() -> Conditions {
    let conditions = condition::conditions();
    Conditions::new(
        conditions
            .iter()
            .map(|condition| condition.expression.as_str()),
    )
}

/// Whether the policy does anything but accept the object in silence. The API server has read an object before it asks, so
/// it sends none that cannot be read.
fn acts(verdict: &Verdict) -> bool {
    let is_unreadable = verdict.message.as_deref().is_some_and(|message| {
        message.starts_with("the request cannot be read") && !message.contains("has more than")
    });
    let scope = verdict.scope.map(|scope| scope.certainty);
    !verdict.accepted && !is_unreadable
        || !verdict.warnings.is_empty()
        || scope.is_some_and(|scope| scope != Certainty::No)
}

/// True for settings with which the condition is not used.
fn reads_more(settings: &Value) -> bool {
    settings["scope"]["assumeEci"] == true || settings["scope"]["namespaceLabels"] == true
}

#[test]
fn the_api_server_asks_about_every_case_on_which_the_policy_acts() {
    let conditions = conditions();
    let (mut asked, mut spared) = (0, 0);
    for case in read_all(Path::new("tests/cases")) {
        let payload = case.payload_text();
        let Ok(Value::Object(read)) = serde_json::from_str(&payload) else {
            continue;
        };
        if reads_more(&read["settings"]) {
            continue;
        }
        let verdict = validate(payload.as_bytes(), None);
        // A list of more items than the policy keeps. The API server sees all of them.
        if conditions.asks(&read["request"]).unwrap_or(true) {
            asked += 1;
        } else {
            assert!(!acts(&verdict), "{case}: {verdict:?}");
            spared += 1;
        }
    }
    assert!(asked > 200 && spared > 20, "{asked} {spared}");
}

/// Sometimes a value, sometimes null, sometimes nothing.
fn maybe(value: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Option<Value>> {
    prop_oneof![3 => Just(None), 1 => Just(Some(Value::Null)), 4 => value.prop_map(Some)].boxed()
}

fn object<const N: usize>(
    fields: [(&'static str, BoxedStrategy<Option<Value>>); N],
) -> BoxedStrategy<Value> {
    let (names, values): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
    let with = move |values: Vec<Option<Value>>| {
        let fields = names.iter().zip(values);
        fields
            .filter_map(|(name, value)| Some(((*name).to_owned(), value?)))
            .collect::<Map<_, _>>()
    };
    values.prop_map(with).prop_map(Value::Object).boxed()
}

fn list(item: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Value> {
    vec(item, 0..3).prop_map(Value::from).boxed()
}

fn one_of(words: &'static [&'static str]) -> BoxedStrategy<Value> {
    select(words).prop_map(Value::from).boxed()
}

/// A pod (template) with signals, near misses and null fields.
fn arb_template() -> BoxedStrategy<Value> {
    const NODES: &[&str] = &[
        "virtual-kubelet",
        "virtual-kubelet-a",
        "virtual-kubeletx",
        "cn.vnd-1",
        "node-1",
        "x-virtual-kubelet",
    ];
    const LABELS: &[&str] = &[
        "true",
        "false",
        "True",
        "virtual-kubelet",
        "acs",
        "eci",
        "eci_only",
        "",
        "node-1",
        "cn.vnd-1",
    ];
    let label = || maybe(one_of(LABELS));
    let requirement = || {
        object([
            (
                "key",
                maybe(one_of(&[
                    "type",
                    "k8s.aliyun.com/vnode",
                    "kubernetes.io/hostname",
                    "metadata.name",
                    "zone",
                ])),
            ),
            (
                "operator",
                maybe(one_of(&["In", "NotIn", "Exists", "DoesNotExist"])),
            ),
            (
                "values",
                maybe(list(prop_oneof![one_of(LABELS), one_of(NODES)])),
            ),
        ])
    };
    let term = move || {
        object([
            ("matchExpressions", maybe(list(requirement()))),
            ("matchFields", maybe(list(requirement()))),
        ])
    };
    let affinity = object([
        (
            "requiredDuringSchedulingIgnoredDuringExecution",
            maybe(object([("nodeSelectorTerms", maybe(list(term())))])),
        ),
        (
            "preferredDuringSchedulingIgnoredDuringExecution",
            maybe(list(object([
                ("weight", Just(Some(json!(1))).boxed()),
                ("preference", maybe(term())),
            ]))),
        ),
    ]);
    let toleration = object([
        (
            "key",
            maybe(one_of(&[
                "virtual-kubelet.io/provider",
                "k8s.aliyun.com/vnode",
                "virtual-kubelet.io/compute-type",
                "other",
            ])),
        ),
        ("operator", maybe(one_of(&["Exists", "Equal"]))),
        ("value", label()),
    ]);
    let metadata = object([
        (
            "deletionTimestamp",
            maybe(one_of(&["2026-01-01T00:00:00Z"])),
        ),
        (
            "labels",
            maybe(object([
                ("alibabacloud.com/eci", label()),
                ("eci", label()),
                ("alibabacloud.com/acs", label()),
                ("type", label()),
            ])),
        ),
        (
            "annotations",
            maybe(object([
                ("alibabacloud.com/burst-resource", label()),
                ("k8s.aliyun.com/eci-instance-id", label()),
            ])),
        ),
    ]);
    let spec = object([
        ("nodeName", maybe(one_of(NODES))),
        (
            "nodeSelector",
            maybe(object([
                ("type", label()),
                ("k8s.aliyun.com/vnode", label()),
                ("kubernetes.io/hostname", maybe(one_of(NODES))),
            ])),
        ),
        (
            "affinity",
            maybe(object([("nodeAffinity", maybe(affinity))])),
        ),
        ("tolerations", maybe(list(toleration))),
        ("schedulingGates", maybe(Just(json!([{"name": "wait"}])))),
        // Every pod breaks a rule.
        ("hostPID", Just(Some(json!(true))).boxed()),
        ("containers", Just(Some(json!([{"name": "web"}]))).boxed()),
    ]);
    object([
        ("metadata", maybe(metadata)),
        ("spec", spec.prop_map(Some).boxed()),
    ])
}

/// The request for an object with the template.
fn request(
    template: &Value,
    old: &Value,
    kind: (&str, &str, &[&str]),
    operation: &str,
    sub_resource: Option<&str>,
) -> Value {
    let placed = |template: &Value| {
        let (api_version, kind, path) = kind;
        let inner = template.clone();
        let mut object = path
            .iter()
            .rev()
            .fold(inner, |inner, step| json!({ *step: inner }));
        object["apiVersion"] = api_version.into();
        object["kind"] = kind.into();
        object
    };
    let old = (operation == "UPDATE").then(|| placed(old));
    let options = RequestOptions {
        operation,
        sub_resource,
        old_object: old.as_ref(),
    };
    admission_request(&placed(template), &options)
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(fields) => fields.values().any(has_null),
        _ => false,
    }
}

const KINDS: &[(&str, &str, &[&str])] = &[
    ("v1", "Pod", &[]),
    ("v1", "Pod", &[]),
    ("v1", "PodTemplate", &["template"]),
    ("v1", "ReplicationController", &["spec", "template"]),
    ("apps/v1", "Deployment", &["spec", "template"]),
    (
        "batch/v1",
        "CronJob",
        &["spec", "jobTemplate", "spec", "template"],
    ),
    ("apps.kruise.io/v1alpha1", "CloneSet", &["spec", "template"]),
];

#[test]
fn the_api_server_asks_about_every_request_on_which_the_policy_acts() {
    let conditions = conditions();
    let (acted, spared) = (Cell::new(0), Cell::new(0));
    let requests = (
        arb_template(),
        arb_template(),
        select(KINDS),
        select(&["CREATE", "CREATE", "UPDATE", "DELETE", "CONNECT"][..]),
        select(&[None, None, Some("ephemeralcontainers"), Some("status")][..]),
    );
    let requests = requests.prop_map(|(template, old, kind, operation, sub_resource)| {
        request(&template, &old, kind, operation, sub_resource)
    });
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 20_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let held = runner.run(&requests, |request| {
        let payload =
            json!({"request": request, "settings": {"scope": {"possible": "enforce"}}}).to_string();
        let acts = acts(&validate(payload.as_bytes(), None));
        match conditions.asks(&request) {
            Ok(true) => acted.set(acted.get() + u32::from(acts)),
            Ok(false) => {
                prop_assert!(!acts);
                spared.set(spared.get() + 1);
            }
            // The API server sends no null in a kind of its own, and would refuse the request.
            Err(error) => prop_assert!(has_null(&request["object"]), "{error}"),
        }
        Ok(())
    });
    held.unwrap();
    assert!(
        acted.get() > 3000 && spared.get() > 3000,
        "{} {}",
        acted.get(),
        spared.get()
    );
}

#[test]
fn pods_without_a_signal_are_not_asked_about() {
    let conditions = conditions();
    let daemon = json!({"spec": {
        "nodeName": "cn-beijing.10.0.0.1",
        "tolerations": [{"operator": "Exists"}, {"key": "node.kubernetes.io/not-ready", "operator": "Exists"}],
        "nodeSelector": {"kubernetes.io/os": "linux", "kubernetes.io/hostname": "cn-beijing.10.0.0.1"},
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{
            "matchFields": [{"key": "metadata.name", "operator": "In", "values": ["cn-beijing.10.0.0.1"]}],
            "matchExpressions": [{"key": "type", "operator": "NotIn", "values": ["virtual-kubelet"]}],
        }]}}},
    }});
    for template in [json!({"spec": {}}), daemon] {
        for kind in &KINDS[..6] {
            let asked = conditions.asks(&request(&template, &Value::Null, *kind, "CREATE", None));
            assert_eq!(asked, Ok(false), "{kind:?} {template}");
        }
    }
    let gone = request(
        &json!({"spec": {"nodeName": "virtual-kubelet"}}),
        &Value::Null,
        KINDS[0],
        "DELETE",
        None,
    );
    assert_eq!(conditions.asks(&gone), Ok(false));
    // Only an update of a gated pod can still send it to ECI.
    let eci = json!({"metadata": {"labels": {"eci": "true"}}, "spec": {}});
    let gated = json!({"spec": {"schedulingGates": [{"name": "wait"}]}});
    for (old, sub_resource, asked) in [
        (&json!({"spec": {}}), None, false),
        (&gated, None, true),
        (&eci, Some("ephemeralcontainers"), true),
    ] {
        let update = request(&eci, old, KINDS[0], "UPDATE", sub_resource);
        assert_eq!(conditions.asks(&update), Ok(asked), "{update}");
    }
}

#[test]
fn the_pattern_is_that_of_virtual_nodes() {
    let pattern = regex::Regex::new(VIRTUAL_NODE_PATTERN).unwrap();
    for name in [
        "virtual-kubelet",
        "virtual-kubelet-cn-beijing-g",
        "cn-hangzhou.vnd-2ze",
        "virtual-kubeletx",
        "vnd-a",
        "a-virtual-kubelet",
        "",
        "avnd-",
        "a.vnd",
    ] {
        assert_eq!(pattern.is_match(name), is_virtual_node(name), "{name}");
    }
}
