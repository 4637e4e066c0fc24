//! Requests with a missing field or a wrong type, and odd requests that are accepted.

use serde_json::{Value, json};

use super::{BadPayload, DENIED, FINE, SECRET, UNREADABLE, bad, deployment, eci_metadata, pod};

const NO_KIND: &str = "request.kind.kind: is missing";
const NO_OBJECT: &str = "request.object: is missing";

/// Requests with a missing field or a wrong type, and odd requests that are accepted.
pub(crate) fn requests() -> Vec<BadPayload> {
    let create = |kind: &Value, object: Value| json!({"kind": kind, "operation": "CREATE", "object": object});
    let kind = |group: &str, kind: &str| json!({"group": group, "version": "v1", "kind": kind});
    let (of_pod, of_deployment) = (kind("", "Pod"), kind("apps", "Deployment"));
    let (of_other, of_thing) = (kind("", "ConfigMap"), kind("example.com", "Thing"));
    let with = |field: &str, value: Value| {
        let mut request = create(&of_pod, pod());
        request[field] = value;
        request
    };
    let of_kind = |kind: Value| create(&kind, pod());
    let no_spec = json!({"metadata": eci_metadata()});
    let null_spec = json!({"metadata": eci_metadata(), "spec": null});
    let unreadable = [
        ("request null", Value::Null, "request: is missing"),
        ("request of text", json!(SECRET), "request: is a string"),
        ("request a number", json!(1), "request: is a number"),
        ("request true", json!(true), "request: is a boolean"),
        ("request empty", json!({}), "request.kind"),
        ("kind missing", of_kind(Value::Null), NO_KIND),
        ("kind empty", of_kind(json!({})), NO_KIND),
        (
            "kind of text",
            of_kind(json!(SECRET)),
            "request.kind: is a string",
        ),
        (
            "kind.kind a number",
            of_kind(json!({"kind": 1})),
            "request.kind.kind: is a number",
        ),
        (
            "operation a number",
            with("operation", json!(1)),
            "request.operation: is a number",
        ),
        (
            "namespace an object",
            with("namespace", json!({})),
            "request.namespace: is an object",
        ),
        (
            "subResource true",
            with("subResource", json!(true)),
            "request.subResource: is a boolean",
        ),
        ("object null", create(&of_pod, Value::Null), NO_OBJECT),
        (
            "object missing",
            json!({"kind": of_pod, "operation": "CREATE"}),
            NO_OBJECT,
        ),
        (
            "object of a Deployment null",
            create(&of_deployment, Value::Null),
            NO_OBJECT,
        ),
        (
            "object of an UPDATE missing",
            json!({"kind": of_deployment, "operation": "UPDATE", "oldObject": {}}),
            NO_OBJECT,
        ),
        ("object of text", create(&of_pod, json!(SECRET)), "object"),
        ("object a list", create(&of_pod, json!([pod()])), "object"),
        ("object a number", create(&of_pod, json!(1)), "object"),
        (
            "object of a Deployment true",
            create(&of_deployment, json!(true)),
            "object",
        ),
        (
            "object without spec",
            with("object", no_spec),
            "spec: is missing",
        ),
        (
            "object with spec null",
            with("object", null_spec),
            "spec: is missing",
        ),
    ];
    let denied = [
        ("operation unknown", with("operation", json!("PATCH"))),
        ("operation missing", with("operation", Value::Null)),
        (
            "operation in lower case",
            with("operation", json!("delete")),
        ),
        (
            "oldObject rubbish",
            json!({"kind": of_deployment, "operation": "UPDATE", "object": deployment(), "oldObject": [SECRET]}),
        ),
    ];
    let rubbish_template = json!({"spec": {"template": [SECRET]}});
    let fine = [
        (
            "rubbish of another kind",
            create(&of_other, json!([SECRET])),
        ),
        (
            "a rubbish template of another kind",
            create(&of_thing, rubbish_template),
        ),
        (
            "DELETE with rubbish",
            json!({"kind": of_pod, "operation": "DELETE", "object": [SECRET], "oldObject": 1}),
        ),
        ("DELETE of nothing", json!({"operation": "DELETE"})),
        (
            "CONNECT with rubbish",
            json!({"kind": of_pod, "operation": "CONNECT", "object": SECRET}),
        ),
    ];
    let unreadable = unreadable.map(|(name, request, says)| (name, request, UNREADABLE, says));
    let denied = denied.map(|(name, request)| (name, request, DENIED, "[privileged]"));
    let fine = fine.map(|(name, request)| (name, request, FINE, ""));
    let all = unreadable.into_iter().chain(denied).chain(fine);
    let all = all.map(|(name, request, code, says)| {
        let payload = json!({"request": request, "settings": {}}).to_string();
        bad(name, payload, code, says)
    });
    let bad_settings = ["DELETE", "CONNECT"].map(|operation| {
        let request = json!({"operation": operation, "object": SECRET});
        let payload = json!({"request": request, "settings": [SECRET]}).to_string();
        bad(format!("{operation} under bad settings"), payload, FINE, "")
    });
    all.chain(bad_settings).collect()
}
