#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

use serde_json::json;

use super::*;
use crate::openapi::{flat, of_value};

fn group(object: &Value) -> Group {
    Group::of(object).unwrap().unwrap()
}

fn pod() -> Value {
    let sysctl = |name: &str| json!({ "name": name, "value": " 1\t2%20&\u{85}é \u{2003}" });
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "a" },
        "spec": {
            "shareProcessNamespace": false,
            "securityContext": {
                "runAsGroup": 1,
                "sysctls": [sysctl("kernel.sem"), sysctl("net.ipv4.ping_group_range")],
            },
            "initContainers": [{ "name": "i", "securityContext": { "readOnlyRootFilesystem": true } }],
            "containers": [
                { "securityContext": { "capabilities": { "add": ["KILL", "CHOWN"] }, "privileged": false } },
                { "name": "b", "securityContext": null },
            ],
        },
    })
}

#[test]
fn both_forms_are_read_as_they_were_written() {
    let group = group(&pod());
    let groups = ["Pod a", "Pod a"].map(|name| (name.to_owned(), self::group(&pod())));
    let groups = Groups {
        groups: groups.into(),
        remarks: Vec::new(),
    };
    let requests = flat(&groups.flat()).unwrap().unwrap();
    assert_eq!(requests.len(), 2);
    let written: Vec<_> = group
        .parameters
        .iter()
        .map(|(name, value)| (name.clone(), scalar(value).unwrap()))
        .collect();
    for request in &requests {
        let read: Vec<_> = request
            .params
            .iter()
            .map(|entry| (entry.name.clone(), scalar(&entry.value).unwrap()))
            .collect();
        assert_eq!(read, written);
    }
    let nested = &of_value(&nested(&group.parameters)).unwrap()[0];
    let mut read: Vec<_> = nested
        .params
        .iter()
        .map(|entry| (entry.name.clone(), entry.value.clone()))
        .collect();
    let mut written = group.parameters;
    read.sort_by_key(|(name, _)| name.clone());
    written.sort_by_key(|(name, _)| name.clone());
    assert_eq!(read, written);
}

#[test]
fn a_pod_without_findings_gives_a_request_without_findings() {
    let mut pod = pod();
    pod["spec"]["securityContext"]["sysctls"] = json!([{ "name": "kernel.sem", "value": "250" }]);
    let request = &of_value(&nested(&group(&pod).parameters)).unwrap()[0];
    assert!(request.review(&Settings::default()).unwrap().is_empty());
}
