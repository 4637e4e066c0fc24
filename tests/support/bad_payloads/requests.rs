//! Requests that cannot be read.

use serde_json::{Value, json};

use super::{BadPayload, DENIED, FINE, SECRET, UNREADABLE, bad, deployment, eci_metadata, pod};

/// Requests that lack something, or have it of a wrong type.
pub(crate) fn requests() -> Vec<BadPayload> {
    let create =
        |kind: Value, object: Value| json!({"kind": kind, "operation": "CREATE", "object": object});
    let kind = |group: &str, kind: &str| json!({"group": group, "version": "v1", "kind": kind});
    let (pod_kind, deployment_kind) = (kind("", "Pod"), kind("apps", "Deployment"));
    let with = |field: &str, value: Value| {
        let mut request = create(pod_kind.clone(), pod());
        request[field] = value;
        request
    };
    let table: [(&str, Value, Option<u16>, &str); _] = [
        (
            "request null",
            Value::Null,
            UNREADABLE,
            "request: is missing",
        ),
        (
            "request of text",
            json!(SECRET),
            UNREADABLE,
            "request: is a string",
        ),
        (
            "request a number",
            json!(1),
            UNREADABLE,
            "request: is a number",
        ),
        (
            "request true",
            json!(true),
            UNREADABLE,
            "request: is a boolean",
        ),
        ("request empty", json!({}), UNREADABLE, "request.kind"),
        (
            "kind missing",
            create(Value::Null, pod()),
            UNREADABLE,
            "request.kind.kind: is missing",
        ),
        (
            "kind empty",
            create(json!({}), pod()),
            UNREADABLE,
            "request.kind.kind: is missing",
        ),
        (
            "kind of text",
            create(json!(SECRET), pod()),
            UNREADABLE,
            "request.kind: is a string",
        ),
        (
            "kind.kind a number",
            create(json!({"kind": 1}), pod()),
            UNREADABLE,
            "request.kind.kind: is a number",
        ),
        (
            "operation a number",
            with("operation", json!(1)),
            UNREADABLE,
            "request.operation: is a number",
        ),
        (
            "namespace an object",
            with("namespace", json!({})),
            UNREADABLE,
            "request.namespace: is an object",
        ),
        (
            "subResource true",
            with("subResource", json!(true)),
            UNREADABLE,
            "request.subResource: is a boolean",
        ),
        (
            "operation unknown",
            with("operation", json!("PATCH")),
            DENIED,
            "[privileged]",
        ),
        (
            "operation missing",
            with("operation", Value::Null),
            DENIED,
            "[privileged]",
        ),
        (
            "operation in lower case",
            with("operation", json!("delete")),
            DENIED,
            "[privileged]",
        ),
        (
            "object null",
            create(pod_kind.clone(), Value::Null),
            UNREADABLE,
            "request.object: is missing",
        ),
        (
            "object missing",
            json!({"kind": pod_kind.clone(), "operation": "CREATE"}),
            UNREADABLE,
            "request.object: is missing",
        ),
        (
            "object of a Deployment null",
            create(deployment_kind.clone(), Value::Null),
            UNREADABLE,
            "request.object: is missing",
        ),
        (
            "object of an UPDATE missing",
            json!({"kind": deployment_kind.clone(), "operation": "UPDATE", "oldObject": {}}),
            UNREADABLE,
            "request.object: is missing",
        ),
        (
            "object of text",
            create(pod_kind.clone(), json!(SECRET)),
            UNREADABLE,
            "object",
        ),
        (
            "object a list",
            create(pod_kind.clone(), json!([pod()])),
            UNREADABLE,
            "object",
        ),
        (
            "object a number",
            create(pod_kind.clone(), json!(1)),
            UNREADABLE,
            "object",
        ),
        (
            "object of a Deployment true",
            create(deployment_kind.clone(), json!(true)),
            UNREADABLE,
            "object",
        ),
        (
            "object without spec",
            with("object", json!({"metadata": eci_metadata()})),
            UNREADABLE,
            "spec: is missing",
        ),
        (
            "object with spec null",
            with("object", json!({"metadata": eci_metadata(), "spec": null})),
            UNREADABLE,
            "spec: is missing",
        ),
        (
            "object of another kind rubbish",
            create(kind("", "ConfigMap"), json!([SECRET])),
            FINE,
            "",
        ),
        (
            "object of another kind with rubbish for a template",
            create(
                kind("example.com", "Thing"),
                json!({"spec": {"template": [SECRET]}}),
            ),
            FINE,
            "",
        ),
        (
            "DELETE with rubbish",
            json!({"kind": pod_kind.clone(), "operation": "DELETE", "object": [SECRET], "oldObject": 1}),
            FINE,
            "",
        ),
        (
            "DELETE of nothing",
            json!({"operation": "DELETE"}),
            FINE,
            "",
        ),
        (
            "CONNECT with rubbish",
            json!({"kind": pod_kind, "operation": "CONNECT", "object": SECRET}),
            FINE,
            "",
        ),
        (
            "oldObject rubbish",
            json!({"kind": deployment_kind, "operation": "UPDATE", "object": deployment(), "oldObject": [SECRET]}),
            DENIED,
            "[privileged]",
        ),
    ];
    let mut all: Vec<_> = table
        .into_iter()
        .map(|(name, request, code, says)| {
            bad(
                name,
                json!({"request": request, "settings": {}}).to_string(),
                code,
                says,
            )
        })
        .collect();
    for operation in ["DELETE", "CONNECT"] {
        let request = json!({"operation": operation, "object": SECRET});
        all.push(bad(
            format!("{operation} under settings that cannot be used"),
            json!({"request": request, "settings": [SECRET]}).to_string(),
            FINE,
            "",
        ));
    }
    all
}
