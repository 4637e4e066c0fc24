//! The conditions under which the API server asks the policy hold wherever the core finds that a pod may run on ECI.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

#[path = "support/match_conditions.rs"]
mod match_conditions;

use std::path::Path;

use eci_corpus::read_all;
use eci_manifest::{RequestOptions, admission_request};
use eci_security_context::eci::signal::{VIRTUAL_NODE_PATTERN, is_virtual_node};
use eci_security_context::policy::cel::condition;
use eci_security_context::policy::scope::Certainty;
use eci_security_context::{Verdict, validate};
use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
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

/// The name of a field, and the generator of its value.
type Field<'f> = (&'f str, &'f dyn Fn(&mut Choices) -> Value);

/// The choices of a generator.
struct Choices(TestRng);

impl Choices {
    fn pick<T: Copy>(&mut self, options: &[T]) -> T {
        options[self.0.next_u32() as usize % options.len()]
    }

    fn word(&mut self, options: &[&str]) -> Value {
        self.pick(options).into()
    }

    fn list(&mut self, item: impl Fn(&mut Self) -> Value) -> Value {
        (0..self.pick(&[0, 1, 1, 2])).map(|_| item(self)).collect()
    }

    /// An object in which a field is sometimes missing, and sometimes null.
    fn object<const N: usize>(&mut self, fields: [Field; N]) -> Value {
        let mut object = Map::new();
        for (name, value) in fields {
            match self.pick(&[0, 0, 0, 1, 2, 2, 2, 2]) {
                0 => {}
                1 => _ = object.insert(name.to_owned(), Value::Null),
                _ => _ = object.insert(name.to_owned(), value(self)),
            }
        }
        object.into()
    }
}

/// A pod (template) with signals, near misses and null fields.
fn template(choices: &mut Choices) -> Value {
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
        "cn.vnd-1",
    ];
    const KEYS: &[&str] = &[
        "type",
        "k8s.aliyun.com/vnode",
        "kubernetes.io/hostname",
        "metadata.name",
        "zone",
    ];
    const TAINTS: &[&str] = &[
        "virtual-kubelet.io/provider",
        "k8s.aliyun.com/vnode",
        "virtual-kubelet.io/compute-type",
        "other",
    ];
    let label = |choices: &mut Choices| choices.word(LABELS);
    let node = |choices: &mut Choices| choices.word(NODES);
    let requirement = |choices: &mut Choices| {
        choices.object([
            ("key", &|choices| choices.word(KEYS)),
            ("operator", &|choices| {
                choices.word(&["In", "NotIn", "Exists", "DoesNotExist"])
            }),
            ("values", &|choices| {
                choices.list(|choices| {
                    let words = choices.pick(&[LABELS, NODES]);
                    choices.word(words)
                })
            }),
        ])
    };
    let term = |choices: &mut Choices| {
        choices.object([
            ("matchExpressions", &|choices| choices.list(requirement)),
            ("matchFields", &|choices| choices.list(requirement)),
        ])
    };
    let affinity = |choices: &mut Choices| {
        choices.object([
            (
                "requiredDuringSchedulingIgnoredDuringExecution",
                &|choices| choices.object([("nodeSelectorTerms", &|choices| choices.list(term))]),
            ),
            (
                "preferredDuringSchedulingIgnoredDuringExecution",
                &|choices| choices.list(|choices| choices.object([("preference", &term)])),
            ),
        ])
    };
    let toleration = |choices: &mut Choices| {
        choices.object([
            ("key", &|choices| choices.word(TAINTS)),
            ("operator", &|choices| choices.word(&["Exists", "Equal"])),
            ("value", &label),
        ])
    };
    let mut template = choices.object([("metadata", &|choices| {
        choices.object([
            ("deletionTimestamp", &|_| json!("2026-01-01T00:00:00Z")),
            ("labels", &|choices| {
                choices.object([
                    ("alibabacloud.com/eci", &label),
                    ("eci", &label),
                    ("alibabacloud.com/acs", &label),
                    ("type", &label),
                ])
            }),
            ("annotations", &|choices| {
                choices.object([
                    ("alibabacloud.com/burst-resource", &label),
                    ("k8s.aliyun.com/eci-instance-id", &label),
                ])
            }),
        ])
    })]);
    template["spec"] = choices.object([
        ("nodeName", &node),
        ("nodeSelector", &|choices| {
            choices.object([
                ("type", &label),
                ("k8s.aliyun.com/vnode", &label),
                ("kubernetes.io/hostname", &node),
            ])
        }),
        ("affinity", &|choices| {
            choices.object([("nodeAffinity", &affinity)])
        }),
        ("tolerations", &|choices| choices.list(toleration)),
        ("schedulingGates", &|_| json!([{"name": "wait"}])),
    ]);
    // Every pod breaks a rule.
    template["spec"]["hostPID"] = true.into();
    template["spec"]["containers"] = json!([{"name": "web"}]);
    template
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
    let mut choices = Choices(TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let (mut acted, mut spared) = (0, 0);
    for _ in 0..20_000 {
        let kind = choices.pick(KINDS);
        let operation = choices.pick(&["CREATE", "CREATE", "UPDATE", "DELETE", "CONNECT"]);
        let sub_resource = choices.pick(&[None, None, Some("ephemeralcontainers"), Some("status")]);
        let (new, old) = (template(&mut choices), template(&mut choices));
        let request = request(&new, &old, kind, operation, sub_resource);
        let payload = json!({"request": request, "settings": {"scope": {"possible": "enforce"}}});
        let acts = acts(&validate(payload.to_string().as_bytes(), None));
        match conditions.asks(&request) {
            Ok(true) => acted += u32::from(acts),
            Ok(false) => {
                assert!(!acts, "{request}");
                spared += 1;
            }
            // The API server sends no null in a kind of its own, and would refuse the request.
            Err(error) => assert!(has_null(&request["object"]), "{error}: {request}"),
        }
    }
    assert!(acted > 3000 && spared > 3000, "{acted} {spared}");
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
