//! Payloads that cannot be read, or only just, each with its expected answer. Nothing here uses the policy, so the tests
//! of every engine share it.
#![allow(
    dead_code,
    unused_imports,
    reason = "a test may use a part of the module"
)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

mod objects;
mod requests;
mod settings;
mod texts;
mod types;

pub(crate) use objects::objects;
pub(crate) use requests::requests;
use serde_json::{Value, json};
pub(crate) use settings::{bad_settings, settings_errors};
pub(crate) use texts::texts;
pub(crate) use types::{
    lists_for_something_else, wrong_containers, wrong_instances, wrong_placing, wrong_pods,
    wrong_workloads,
};

/// A word of the payload that no answer may repeat.
pub(crate) const SECRET: &str = "s3cr3t-token";

/// A payload and its expected answer.
#[derive(Debug)]
pub(crate) struct BadPayload {
    /// The name of the error.
    pub(crate) name: String,
    pub(crate) payload: Vec<u8>,
    /// The code of the rejection, or `None` if the payload is accepted.
    pub(crate) code: Option<u16>,
    /// A part of the rejection's message.
    pub(crate) says: String,
}

/// Accepted.
const FINE: Option<u16> = None;
/// Rejected as invalid JSON.
const NOT_JSON: Option<u16> = Some(400);
/// Rejected as JSON with a missing field, a duplicate or a wrong type.
const UNREADABLE: Option<u16> = Some(422);
/// Denied by a rule.
const DENIED: Option<u16> = Some(403);

/// The payloads of every group.
pub(crate) fn all() -> Vec<BadPayload> {
    let groups = [
        texts(),
        requests(),
        objects(),
        bad_settings(),
        wrong_placing(),
        wrong_pods(),
        wrong_containers(),
        wrong_instances(),
        wrong_workloads(),
        lists_for_something_else(),
    ];
    groups.into_iter().flatten().collect()
}

fn bad(
    name: impl Into<String>,
    payload: impl Into<Vec<u8>>,
    code: Option<u16>,
    says: impl Into<String>,
) -> BadPayload {
    BadPayload {
        name: name.into(),
        payload: payload.into(),
        code,
        says: says.into(),
    }
}

/// Payloads with the same answer.
fn group<const N: usize, P: Into<Vec<u8>>>(
    code: Option<u16>,
    says: &str,
    payloads: [(&str, P); N],
) -> Vec<BadPayload> {
    let payloads = payloads.into_iter();
    payloads
        .map(|(name, payload)| bad(name, payload, code, says))
        .collect()
}

/// Sets the value at a JSON pointer, and an object above it where there is none.
fn put(object: &mut Value, pointer: &str, value: Value) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let key = key.replace("~1", "/");
    if object.pointer(parent).is_none() {
        put(object, parent, json!({}));
    }
    match object
        .pointer_mut(parent)
        .unwrap_or_else(|| panic!("no {parent} for {pointer}"))
    {
        Value::Array(items) => items[key.parse::<usize>().unwrap()] = value,
        parent => parent[key] = value,
    }
}

/// An accepted pod with the secret, and with the parent of every field that the policy reads.
fn readable(eci: &str) -> Value {
    let container = json!({
        "name": "main",
        "image": format!("registry.example/{SECRET}"),
        "args": [SECRET],
        "ports": [{}],
        "env": [{"name": "TOKEN", "value": SECRET}],
        "resources": {"limits": {}, "requests": {}},
        "securityContext": {"capabilities": {"add": ["CHOWN"], "drop": ["ALL"]}, "seccompProfile": {}},
    });
    let terms = json!([{"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}]}]);
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": SECRET,
            "labels": {"alibabacloud.com/eci": eci, "token": SECRET},
            "annotations": {"token": SECRET},
            "ownerReferences": [{"controller": false}],
        },
        "spec": {
            "nodeSelector": {},
            "tolerations": [{}],
            "affinity": {"nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms},
                "preferredDuringSchedulingIgnoredDuringExecution": [{"preference": terms[0]}],
            }},
            "os": {},
            "volumes": [{"name": SECRET}],
            "securityContext": {
                "sysctls": [{"name": "vm.min_free_kbytes", "value": "65536"}],
                "supplementalGroups": [1],
                "seccompProfile": {},
            },
            "containers": [container],
            "initContainers": [container],
            "ephemeralContainers": [container],
        },
    })
}

/// A pod on ECI that is denied because of its privileged container.
fn pod() -> Value {
    let container =
        json!({"name": "main", "image": "busybox", "securityContext": {"privileged": true}});
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": eci_metadata(),
        "spec": {"automountServiceAccountToken": false, "containers": [container]},
    })
}

fn eci_metadata() -> Value {
    json!({"labels": {"alibabacloud.com/eci": "true"}, "annotations": {"token": SECRET}})
}

/// A workload on ECI that is denied if it can be read.
fn deployment() -> Value {
    let mut template = readable("true");
    put(
        &mut template,
        "/spec/containers/0/securityContext/privileged",
        json!(true),
    );
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"annotations": {"token": SECRET}, "ownerReferences": [{}]},
        "spec": {"template": template},
    })
}

fn payload(object: &Value, settings: &str) -> String {
    let (group, version) = object["apiVersion"]
        .as_str()
        .unwrap()
        .rsplit_once('/')
        .unwrap_or(("", "v1"));
    let request = json!({
        "uid": SECRET,
        "kind": {"group": group, "version": version, "kind": object["kind"]},
        "operation": "CREATE",
        "userInfo": {"username": SECRET},
        "object": object,
        "dryRun": false,
    });
    format!(r#"{{"request":{request},"settings":{settings}}}"#)
}

fn payload_of_text(object: &str) -> String {
    format!(
        r#"{{"request":{{"uid":"{SECRET}","kind":{{"group":"","version":"v1","kind":"Pod"}},"operation":"CREATE","object":{object}}},"settings":{{}}}}"#
    )
}
