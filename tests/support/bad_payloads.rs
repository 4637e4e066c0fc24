//! Payloads that cannot be read, or only just, each with the answer that it must get. For every engine's
//! tests: nothing here knows the policy.
#![allow(
    dead_code,
    reason = "not every crate that includes this uses all of it"
)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

use serde_json::{Value, json};

/// A word of the payload that no answer may repeat.
pub(crate) const SECRET: &str = "s3cr3t-token";

/// A payload, and what is answered to it.
#[derive(Debug)]
pub(crate) struct BadPayload {
    /// What is bad about it.
    pub(crate) name: String,
    /// What the host sends.
    pub(crate) payload: Vec<u8>,
    /// The code that it is rejected with; none where it is accepted.
    pub(crate) code: Option<u16>,
    /// What the message of the rejection says.
    pub(crate) says: String,
}

/// Accepted.
const FINE: Option<u16> = None;
/// Rejected as no JSON.
const NOT_JSON: Option<u16> = Some(400);
/// Rejected as JSON that is not what it must be.
const UNREADABLE: Option<u16> = Some(422);
/// Denied by a rule.
const DENIED: Option<u16> = Some(403);

/// All of them.
pub(crate) fn all() -> Vec<BadPayload> {
    GROUPS.iter().flat_map(|group| group()).collect()
}

/// The groups of payloads.
static GROUPS: &[fn() -> Vec<BadPayload>] = &[
    texts,
    requests,
    objects,
    bad_settings,
    wrong_placing,
    wrong_pods,
    wrong_containers,
    wrong_instances,
    wrong_workloads,
    lists_for_something_else,
];

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

/// Payloads that are no object with a request.
pub(crate) fn texts() -> Vec<BadPayload> {
    let whole = payload(&pod(), "{}");
    let in_name = |bytes: &[u8]| {
        let (before, after) = whole.split_once(SECRET).unwrap();
        [before.as_bytes(), bytes, after.as_bytes()].concat()
    };
    let table: [(&str, Vec<u8>, Option<u16>, &str); _] = [
        ("empty", b"".to_vec(), NOT_JSON, "cannot be read"),
        ("blank", b" \n\t".to_vec(), NOT_JSON, "cannot be read"),
        ("a word", SECRET.into(), NOT_JSON, "cannot be read"),
        (
            "YAML",
            format!("request:\n  uid: {SECRET}").into(),
            NOT_JSON,
            "cannot be read",
        ),
        (
            "single quotes",
            format!("{{'request': '{SECRET}'}}").into(),
            NOT_JSON,
            "cannot be read",
        ),
        (
            "NaN",
            whole.replacen("false", "NaN", 1).into(),
            NOT_JSON,
            "cannot be read",
        ),
        (
            "a comment",
            format!("{whole} // {SECRET}").into(),
            NOT_JSON,
            "cannot be read",
        ),
        (
            "two objects",
            whole.repeat(2).into(),
            NOT_JSON,
            "cannot be read",
        ),
        (
            "a byte order mark",
            format!("\u{feff}{whole}").into(),
            NOT_JSON,
            "cannot be read",
        ),
        (
            "UTF-16",
            whole.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            NOT_JSON,
            "cannot be read",
        ),
        (
            "truncated in a string",
            whole[..whole.find(SECRET).unwrap() + 4].into(),
            NOT_JSON,
            "too early",
        ),
        (
            "truncated at the end",
            whole[..whole.len() - 1].into(),
            NOT_JSON,
            "too early",
        ),
        (
            "truncated by half",
            whole[..whole.len() / 2].into(),
            NOT_JSON,
            "too early",
        ),
        (
            "a byte that is no UTF-8",
            in_name(b"\xff"),
            NOT_JSON,
            "UTF-8",
        ),
        (
            "an overlong encoding",
            in_name(b"\xc0\xaf"),
            NOT_JSON,
            "UTF-8",
        ),
        (
            "an encoded surrogate",
            in_name(b"\xed\xa0\x80"),
            NOT_JSON,
            "UTF-8",
        ),
        ("half a character", in_name(b"\xe2\x82"), NOT_JSON, "UTF-8"),
        (
            "an array",
            format!("[{whole}]").into(),
            UNREADABLE,
            "an object",
        ),
        (
            "a string",
            json!(SECRET).to_string().into(),
            UNREADABLE,
            "an object",
        ),
        ("a number", b"4815162342".to_vec(), UNREADABLE, "an object"),
        ("a boolean", b"true".to_vec(), UNREADABLE, "an object"),
        ("null", b"null".to_vec(), UNREADABLE, "null"),
        (
            "an empty object",
            b"{}".to_vec(),
            UNREADABLE,
            "request: is missing",
        ),
        (
            "arrays in arrays",
            ("[".repeat(100_000) + &"]".repeat(100_000)).into(),
            UNREADABLE,
            "an object",
        ),
        (
            "arrays in arrays, unclosed",
            format!(r#"{{"x":{}"#, "[".repeat(100_000)).into(),
            NOT_JSON,
            "too early",
        ),
    ];
    table
        .into_iter()
        .map(|(name, payload, code, says)| bad(name, payload, code, says))
        .collect()
}

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

/// Pods of an odd text.
pub(crate) fn objects() -> Vec<BadPayload> {
    let context = |context: &str| {
        let text = pod().to_string();
        payload_of_text(&text.replacen(r#"{"privileged":true}"#, context, 1))
    };
    let annotated = |annotations: &str, context: &str| {
        let text = pod()
            .to_string()
            .replacen(r#"{"privileged":true}"#, context, 1);
        payload_of_text(&text.replacen(
            r#""annotations":{"#,
            &format!(r#""annotations":{{{annotations},"#),
            1,
        ))
    };
    let spec = |field: &str| {
        let text = pod()
            .to_string()
            .replacen(r#"{"privileged":true}"#, "{}", 1);
        payload_of_text(&text.replacen(r#""spec":{"#, &format!(r#""spec":{{{field},"#), 1))
    };
    let arrays = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let (hundred_thousand, maps) = (
        arrays(100_000),
        format!("{}1{}", r#"{"a":"#.repeat(200), "}".repeat(200)),
    );
    let arrays = arrays(200);
    let five_megabytes = format!(r#""large":"{}""#, "x".repeat(5 << 20));
    let many = |count: usize| {
        let entries: Vec<_> = (0..count)
            .map(|index| format!(r#""example.com/{index}":"{SECRET}""#))
            .collect();
        entries.join(",")
    };
    let id = "spec.containers[0].securityContext.runAsUser";
    let twice = "spec.containers[0].securityContext.privileged: is set twice".to_owned();
    let no_integer = format!("{id}: is a");
    let out_of_range = format!("[run-as-id-range] {id}");
    let table: [(&str, String, Option<u16>, &str); _] = [
        // The API server would merge the two; no reader of the last alone judges what it keeps.
        (
            "duplicate: denied, then good",
            context(r#"{"privileged":true,"privileged":false}"#),
            UNREADABLE,
            &twice,
        ),
        (
            "duplicate: good, then denied",
            context(r#"{"privileged":false,"privileged":true}"#),
            UNREADABLE,
            &twice,
        ),
        (
            "duplicate: denied, then null",
            context(r#"{"privileged":true,"privileged":null}"#),
            UNREADABLE,
            &twice,
        ),
        (
            "duplicate: null, then denied",
            context(r#"{"privileged":null,"privileged":true}"#),
            UNREADABLE,
            &twice,
        ),
        (
            "duplicate by an escape: good, then denied",
            context(r#"{"privileged":false,"privilege\u0064":true}"#),
            UNREADABLE,
            &twice,
        ),
        (
            "duplicate context: denied, then good",
            context(r#"{"privileged":true},"securityContext":{}"#),
            UNREADABLE,
            "spec.containers[0].securityContext: is set twice",
        ),
        (
            "duplicate context: good, then denied",
            context(r#"{},"securityContext":{"privileged":true}"#),
            UNREADABLE,
            "spec.containers[0].securityContext: is set twice",
        ),
        (
            "duplicate label: no, then yes",
            context(r#"{"privileged":true}"#).replacen(
                r#""labels":{"#,
                r#""labels":{"alibabacloud.com/eci":"false","#,
                1,
            ),
            UNREADABLE,
            "metadata.labels[alibabacloud.com/eci]: is set twice",
        ),
        (
            "duplicate label: yes, then no",
            context(r#"{"privileged":true}"#).replacen(
                r#""alibabacloud.com/eci":"true""#,
                r#""alibabacloud.com/eci":"true","alibabacloud.com/eci":"false""#,
                1,
            ),
            UNREADABLE,
            "metadata.labels[alibabacloud.com/eci]: is set twice",
        ),
        (
            "duplicate annotation of a family",
            annotated(
                &[r#""seccomp.security.alpha.kubernetes.io/pod":"a""#; 2].join(","),
                "{}",
            ),
            UNREADABLE,
            "metadata.annotations: sets a key twice",
        ),
        (
            "duplicate label that is not read",
            context(r#"{"privileged":true}"#).replacen(
                r#""labels":{"#,
                r#""labels":{"a":"1","a":"2","#,
                1,
            ),
            DENIED,
            "[privileged]",
        ),
        (
            "an id of 64 bits without a sign",
            context(r#"{"runAsUser":9223372036854775808}"#),
            UNREADABLE,
            &no_integer,
        ),
        (
            "an id under 64 bits",
            context(r#"{"runAsUser":-9223372036854775809}"#),
            UNREADABLE,
            &no_integer,
        ),
        (
            "an id of 30 digits",
            context(r#"{"runAsUser":123456789012345678901234567890}"#),
            UNREADABLE,
            &no_integer,
        ),
        (
            "an id of 1e400",
            context(r#"{"runAsUser":1e400}"#),
            UNREADABLE,
            &no_integer,
        ),
        (
            "an id of 1e3",
            context(r#"{"runAsUser":1e3}"#),
            UNREADABLE,
            &no_integer,
        ),
        (
            "an id of 1.5",
            context(r#"{"runAsUser":1.5}"#),
            UNREADABLE,
            &no_integer,
        ),
        (
            "an id of 1.0",
            context(r#"{"runAsUser":1.0}"#),
            UNREADABLE,
            &no_integer,
        ),
        (
            "an id of -1",
            context(r#"{"runAsUser":-1}"#),
            DENIED,
            &out_of_range,
        ),
        (
            "an id of 2147483648",
            context(r#"{"runAsUser":2147483648}"#),
            DENIED,
            &out_of_range,
        ),
        (
            "the largest 64-bit id",
            context(r#"{"runAsUser":9223372036854775807}"#),
            DENIED,
            &out_of_range,
        ),
        (
            "the smallest 64-bit id",
            context(r#"{"runAsUser":-9223372036854775808}"#),
            DENIED,
            &out_of_range,
        ),
        (
            "an id of 2147483647",
            context(r#"{"runAsUser":2147483647}"#),
            FINE,
            "",
        ),
        (
            "1e400 in an unknown field",
            context(r#"{"unknown":1e400}"#),
            FINE,
            "",
        ),
        (
            "half a surrogate pair in a name",
            context("{}").replacen(r#""name":"main""#, r#""name":"\ud800""#, 1),
            NOT_JSON,
            "cannot be read",
        ),
        (
            "200 arrays in an unknown field",
            annotated(&format!(r#""deep":{arrays}"#), "{}"),
            FINE,
            "",
        ),
        (
            "200 objects in an unknown field",
            annotated(&format!(r#""deep":{maps}"#), "{}"),
            FINE,
            "",
        ),
        (
            "200 arrays in an unknown field of the spec",
            spec(&format!(r#""deep":{arrays}"#)),
            FINE,
            "",
        ),
        (
            "200 arrays in an unknown field of a privileged container",
            context(&format!(r#"{{"deep":{arrays},"privileged":true}}"#)),
            DENIED,
            "[privileged]",
        ),
        (
            "200 arrays for volumes",
            spec(&format!(r#""volumes":{arrays}"#)),
            UNREADABLE,
            "cannot be read",
        ),
        (
            "200 objects for a flag",
            spec(&format!(r#""hostNetwork":{maps}"#)),
            UNREADABLE,
            "cannot be read",
        ),
        (
            "200 arrays for an annotation",
            annotated(&host_sysctls(&arrays), "{}"),
            UNREADABLE,
            "cannot be read",
        ),
        (
            "200 arrays in the text of an annotation",
            annotated(&host_sysctls(&json!(arrays).to_string()), "{}"),
            DENIED,
            "[host-sysctls-malformed]",
        ),
        (
            "100000 arrays in an unknown field",
            annotated(&format!(r#""deep":{hundred_thousand}"#), "{}"),
            FINE,
            "",
        ),
        (
            "5 MB in one annotation",
            annotated(&five_megabytes, "{}"),
            FINE,
            "",
        ),
        (
            "5 MB in one annotation of a privileged pod",
            annotated(&five_megabytes, r#"{"privileged":true}"#),
            DENIED,
            "[privileged]",
        ),
        (
            "100000 annotations",
            annotated(&many(100_000), "{}"),
            FINE,
            "",
        ),
        (
            "100000 annotations of a privileged pod",
            annotated(&many(100_000), r#"{"privileged":true}"#),
            DENIED,
            "[privileged]",
        ),
        (
            "5 MB of blanks",
            payload_of_text(&format!("{}{}", " ".repeat(5 << 20), pod())),
            DENIED,
            "[privileged]",
        ),
    ];
    table
        .into_iter()
        .map(|(name, payload, code, says)| bad(name, payload, code, says))
        .collect()
}

fn host_sysctls(value: &str) -> String {
    format!(r#""k8s.aliyun.com/eci-host-sysctls":{value}"#)
}

/// Settings that cannot be used, with what the message says: the key, and what would be right.
pub(crate) static BAD_SETTINGS: &[(&str, &[&str])] = &[
    ("[]", &["the settings: must be an object"]),
    ("true", &["the settings: must be an object"]),
    ("1", &["the settings: must be an object"]),
    (r#""latest""#, &["the settings: must be an object"]),
    // Unknown keys, near and far.
    (
        r#"{"profiles":"latest"}"#,
        &["profiles: ", "did you mean profile?"],
    ),
    (r#"{"Mutate":"all"}"#, &["Mutate: ", "did you mean mutate?"]),
    (
        r#"{"somethingElse":1}"#,
        &[
            "somethingElse: ",
            "profile",
            "mutate",
            "scope",
            "actions",
            "approved",
            "exempt",
        ],
    ),
    (
        r#"{"scope":{"assumeECI":true}}"#,
        &["scope.assumeECI: ", "did you mean assumeEci?"],
    ),
    (
        r#"{"scope":{"x":true}}"#,
        &["scope.x: ", "assumeEci", "possible", "namespaceLabels"],
    ),
    (
        r#"{"approved":{"hostSysctl":[]}}"#,
        &["approved.hostSysctl: ", "did you mean hostSysctls?"],
    ),
    (
        r#"{"approved":{"x":[]}}"#,
        &["approved.x: ", "privileged", "capabilities", "hostSysctls"],
    ),
    (
        r#"{"exempt":[{"image":"a/b","containers":"c"}]}"#,
        &["exempt[0].containers: ", "did you mean container?"],
    ),
    (
        r#"{"exempt":[{"image":"a/b"},{"x":"a/b"}]}"#,
        &["exempt[1].x: ", "image", "container"],
    ),
    // Unknown rules, near and far.
    (
        r#"{"actions":{"privilegd":"warn"}}"#,
        &["actions.privilegd: ", "did you mean privileged?"],
    ),
    (
        r#"{"actions":{"sysctl_value":"warn"}}"#,
        &["actions.sysctl_value: ", "did you mean sysctl-value?"],
    ),
    (
        r#"{"actions":{"":"warn"}}"#,
        &["no such rule", "sysctl-unsupported", "host-path"],
    ),
    (
        r#"{"actions":{"**":"warn"}}"#,
        &["actions.**: ", "sysctl-unsupported", "host-path"],
    ),
    // Values of a wrong type, and wrong values.
    (
        r#"{"profile":20240226}"#,
        &["profile: ", "2024-02-26", "2026-04-01", "latest"],
    ),
    (
        r#"{"profile":"2025-01-01"}"#,
        &["profile: ", "2024-02-26", "2026-04-01", "latest"],
    ),
    (r#"{"profile":"Latest"}"#, &["profile: ", "latest"]),
    (r#"{"mutate":true}"#, &["mutate: ", "none", "pods", "all"]),
    (r#"{"mutate":"pod"}"#, &["mutate: ", "none", "pods", "all"]),
    (r#"{"scope":true}"#, &["scope: must be an object"]),
    (r#"{"scope":[]}"#, &["scope: must be an object"]),
    (
        r#"{"scope":{"assumeEci":"true"}}"#,
        &["scope.assumeEci: must be true or false"],
    ),
    (
        r#"{"scope":{"assumeEci":1}}"#,
        &["scope.assumeEci: must be true or false"],
    ),
    (
        r#"{"scope":{"namespaceLabels":"yes"}}"#,
        &["scope.namespaceLabels: must be true or false"],
    ),
    (
        r#"{"scope":{"possible":true}}"#,
        &["scope.possible: ", "warn", "enforce", "ignore"],
    ),
    (
        r#"{"scope":{"possible":"deny"}}"#,
        &["scope.possible: ", "warn", "enforce", "ignore"],
    ),
    (r#"{"actions":"warn"}"#, &["actions: must be an object"]),
    (
        r#"{"actions":["privileged"]}"#,
        &["actions: must be an object"],
    ),
    (
        r#"{"actions":{"privileged":1}}"#,
        &["actions.privileged: ", "deny", "warn", "audit", "off"],
    ),
    (
        r#"{"actions":{"privileged":true}}"#,
        &["actions.privileged: ", "deny", "warn", "audit", "off"],
    ),
    (
        r#"{"actions":{"privileged":"fix"}}"#,
        &["actions.privileged: ", "deny, warn, audit, off"],
    ),
    (
        r#"{"actions":{"privileged":"Warn"}}"#,
        &["actions.privileged: ", "deny, warn, audit, off"],
    ),
    (
        r#"{"actions":{"pod-identity":"ignore"}}"#,
        &["actions.pod-identity: ", "deny, fix, warn, audit, off"],
    ),
    (
        r#"{"actions":{"*":"ignore"}}"#,
        &["actions.*: ", "deny, fix, warn, audit, off"],
    ),
    (
        r#"{"actions":{"*":["warn"]}}"#,
        &["actions.*: ", "deny, fix, warn, audit, off"],
    ),
    (r#"{"approved":[]}"#, &["approved: must be an object"]),
    (
        r#"{"approved":{"privileged":"true"}}"#,
        &["approved.privileged: must be true or false"],
    ),
    (
        r#"{"approved":{"capabilities":"SYS_RAWIO"}}"#,
        &["approved.capabilities: must be a list"],
    ),
    (
        r#"{"approved":{"capabilities":[["SYS_RAWIO"]]}}"#,
        &["approved.capabilities[0]: must be a string"],
    ),
    (
        r#"{"approved":{"capabilities":["SYS_RAWIO","ALL"]}}"#,
        &["approved.capabilities[1]: ", "ALL"],
    ),
    (
        r#"{"approved":{"capabilities":["all"]}}"#,
        &["approved.capabilities[0]: ", "ALL"],
    ),
    (
        r#"{"approved":{"capabilities":["SYS_RAWI0"]}}"#,
        &["approved.capabilities[0]: ", "did you mean SYS_RAWIO?"],
    ),
    (
        r#"{"approved":{"hostSysctls":"vm.*"}}"#,
        &["approved.hostSysctls: must be a list"],
    ),
    (
        r#"{"approved":{"hostSysctls":[1]}}"#,
        &["approved.hostSysctls[0]: must be a string"],
    ),
    (
        r#"{"approved":{"hostSysctls":["vm.*","Vm.x"]}}"#,
        &["approved.hostSysctls[1]: "],
    ),
    (r#"{"exempt":{"image":"a/b"}}"#, &["exempt: must be a list"]),
    (
        r#"{"exempt":["registry.example/**"]}"#,
        &["exempt[0]: must be an object"],
    ),
    (
        r#"{"exempt":[{"container":"istio-*"}]}"#,
        &["exempt[0]: has no image"],
    ),
    (
        r#"{"exempt":[{"image":""}]}"#,
        &["exempt[0].image: must be a string"],
    ),
    (
        r#"{"exempt":[{"image":["a/b"]}]}"#,
        &["exempt[0].image: must be a string"],
    ),
    (
        r#"{"exempt":[{"image":"a/b","container":1}]}"#,
        &["exempt[0].container: must be a string"],
    ),
    (
        r#"{"exempt":[{"image":"**"}]}"#,
        &["exempt[0].image: ", "wildcard"],
    ),
    (
        r#"{"exempt":[{"image":"*/istio/**"}]}"#,
        &["exempt[0].image: ", "wildcard"],
    ),
];

/// Requests under settings that cannot be used.
pub(crate) fn bad_settings() -> Vec<BadPayload> {
    let table = BAD_SETTINGS.iter().map(|(settings, says)| {
        bad(
            format!("settings {settings}"),
            payload(&pod(), settings),
            UNREADABLE,
            says[0],
        )
    });
    let deep = format!(r#"{{"scope":{}{}}}"#, "[".repeat(200), "]".repeat(200));
    let unreadable = [
        ("200 arrays", deep.as_str()),
        ("1e400", r#"{"profile":1e400}"#),
        ("half a surrogate pair", r#"{"profile":"\ud800"}"#),
    ];
    table
        .chain(unreadable.into_iter().map(|(name, settings)| {
            bad(
                format!("settings with {name}"),
                payload(&pod(), settings),
                UNREADABLE,
                "settings",
            )
        }))
        .collect()
}

/// What a field is, as the policy reads it.
#[derive(Clone, Copy, Debug)]
enum Shape {
    Flag,
    Integer,
    Text,
    /// A quantity: text, or a number.
    Quantity,
    List,
    Object,
}

impl Shape {
    /// Values of every other type; a list is empty.
    fn wrong(self) -> Vec<Value> {
        let number = if matches!(self, Self::Integer) {
            json!(1.5)
        } else {
            json!(4_815_162_342_i64)
        };
        let values = [
            json!(true),
            number,
            json!(SECRET),
            json!([]),
            json!({SECRET: SECRET}),
        ];
        values
            .into_iter()
            .filter(|value| !self.takes(value))
            .collect()
    }

    fn takes(self, value: &Value) -> bool {
        match self {
            Self::Flag => value.is_boolean(),
            Self::Integer => value.is_i64(),
            Self::Text => value.is_string(),
            Self::Quantity => value.is_string() || value.is_number(),
            Self::List => value.is_array(),
            Self::Object => value.is_object(),
        }
    }
}

use Shape::{Flag, Integer, List, Object, Quantity, Text};

/// What says where a pod runs (section 4), as JSON pointers from the pod (template) on.
static PLACING: &[(&str, Shape)] = &[
    ("/metadata", Object),
    ("/metadata/labels", Object),
    ("/metadata/labels/alibabacloud.com~1eci", Text),
    ("/metadata/labels/eci", Text),
    ("/metadata/labels/alibabacloud.com~1acs", Text),
    ("/metadata/labels/alibabacloud.com~1compute-class", Text),
    ("/metadata/annotations", Object),
    (
        "/metadata/annotations/alibabacloud.com~1burst-resource",
        Text,
    ),
    ("/spec", Object),
    ("/spec/nodeName", Text),
    ("/spec/nodeSelector", Object),
    ("/spec/nodeSelector/type", Text),
    ("/spec/nodeSelector/k8s.aliyun.com~1vnode", Text),
    ("/spec/tolerations", List),
    ("/spec/tolerations/0", Object),
    ("/spec/tolerations/0/key", Text),
    ("/spec/tolerations/0/value", Text),
    ("/spec/affinity", Object),
    ("/spec/affinity/nodeAffinity", Object),
    (
        "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution",
        Object,
    ),
    (
        "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms",
        List,
    ),
    (
        "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms/0",
        Object,
    ),
    (
        "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms/0/matchExpressions",
        List,
    ),
    (
        "/spec/affinity/nodeAffinity/preferredDuringSchedulingIgnoredDuringExecution",
        List,
    ),
    (
        "/spec/affinity/nodeAffinity/preferredDuringSchedulingIgnoredDuringExecution/0",
        Object,
    ),
    (
        "/spec/affinity/nodeAffinity/preferredDuringSchedulingIgnoredDuringExecution/0/preference",
        Object,
    ),
    (
        "/spec/affinity/nodeAffinity/preferredDuringSchedulingIgnoredDuringExecution/0/preference/matchExpressions",
        List,
    ),
    (
        "/spec/affinity/nodeAffinity/preferredDuringSchedulingIgnoredDuringExecution/0/preference/matchExpressions/0",
        Object,
    ),
    (
        "/spec/affinity/nodeAffinity/preferredDuringSchedulingIgnoredDuringExecution/0/preference/matchExpressions/0/key",
        Text,
    ),
    (
        "/spec/affinity/nodeAffinity/preferredDuringSchedulingIgnoredDuringExecution/0/preference/matchExpressions/0/operator",
        Text,
    ),
    (
        "/spec/affinity/nodeAffinity/preferredDuringSchedulingIgnoredDuringExecution/0/preference/matchExpressions/0/values",
        List,
    ),
    (
        "/spec/affinity/nodeAffinity/preferredDuringSchedulingIgnoredDuringExecution/0/preference/matchExpressions/0/values/0",
        Text,
    ),
];

/// What the rules read of a pod.
static POD_FIELDS: &[(&str, Shape)] = &[
    (
        "/metadata/annotations/k8s.aliyun.com~1eci-host-sysctls",
        Text,
    ),
    ("/metadata/annotations/k8s.aliyun.com~1eci-use-specs", Text),
    ("/spec/os", Object),
    ("/spec/os/name", Text),
    ("/spec/hostNetwork", Flag),
    ("/spec/hostPID", Flag),
    ("/spec/hostIPC", Flag),
    ("/spec/volumes", List),
    ("/spec/volumes/0", Object),
    ("/spec/securityContext", Object),
    ("/spec/securityContext/runAsUser", Integer),
    ("/spec/securityContext/runAsGroup", Integer),
    ("/spec/securityContext/runAsNonRoot", Flag),
    ("/spec/securityContext/fsGroup", Integer),
    ("/spec/securityContext/fsGroupChangePolicy", Text),
    ("/spec/securityContext/supplementalGroups", List),
    ("/spec/securityContext/supplementalGroups/0", Integer),
    ("/spec/securityContext/supplementalGroupsPolicy", Text),
    ("/spec/securityContext/seLinuxOptions", Object),
    ("/spec/securityContext/seLinuxChangePolicy", Text),
    ("/spec/securityContext/seccompProfile", Object),
    ("/spec/securityContext/seccompProfile/type", Text),
    ("/spec/securityContext/appArmorProfile", Object),
    ("/spec/securityContext/windowsOptions", Object),
    ("/spec/securityContext/sysctls", List),
    ("/spec/securityContext/sysctls/0", Object),
    ("/spec/securityContext/sysctls/0/name", Text),
    ("/spec/securityContext/sysctls/0/value", Text),
    ("/spec/containers", List),
    ("/spec/initContainers", List),
    ("/spec/ephemeralContainers", List),
];

/// What the rules read of a container, from the container on.
static CONTAINER_FIELDS: &[(&str, Shape)] = &[
    ("", Object),
    ("/name", Text),
    ("/image", Text),
    ("/securityContext", Object),
    ("/securityContext/allowPrivilegeEscalation", Flag),
    ("/securityContext/appArmorProfile", Object),
    ("/securityContext/capabilities", Object),
    ("/securityContext/capabilities/add", List),
    ("/securityContext/capabilities/add/0", Text),
    ("/securityContext/capabilities/drop", List),
    ("/securityContext/capabilities/drop/0", Text),
    ("/securityContext/privileged", Flag),
    ("/securityContext/procMount", Text),
    ("/securityContext/readOnlyRootFilesystem", Flag),
    ("/securityContext/runAsGroup", Integer),
    ("/securityContext/runAsNonRoot", Flag),
    ("/securityContext/runAsUser", Integer),
    ("/securityContext/seLinuxOptions", Object),
    ("/securityContext/seccompProfile", Object),
    ("/securityContext/seccompProfile/type", Text),
    ("/securityContext/windowsOptions", Object),
    ("/resources", Object),
    ("/resources/limits", Object),
    ("/resources/requests", Object),
];

/// What `min-free-kbytes` reads of the containers, where the pod sets that sysctl.
static INSTANCE_FIELDS: &[(&str, Shape)] = &[
    ("/spec/containers/0/resources/limits/cpu", Quantity),
    ("/spec/containers/0/resources/limits/memory", Quantity),
    ("/spec/containers/0/env", List),
    ("/spec/containers/0/env/0", Object),
    ("/spec/containers/0/env/0/name", Text),
    ("/spec/containers/0/env/0/value", Text),
];

/// What is read of a workload's own metadata.
static WORKLOAD_FIELDS: &[(&str, Shape)] = &[
    ("/metadata", Object),
    ("/metadata/annotations", Object),
    (
        "/metadata/annotations/k8s.aliyun.com~1eci-host-sysctls",
        Text,
    ),
    ("/metadata/ownerReferences", List),
    ("/metadata/ownerReferences/0", Object),
    ("/metadata/ownerReferences/0/controller", Flag),
];

/// Marks of a wrong type: without them nobody knows where the pod would run.
pub(crate) fn wrong_placing() -> Vec<BadPayload> {
    let fields = PLACING
        .iter()
        .flat_map(|(field, shape)| of_pods(field, shape.wrong(), UNREADABLE));
    fields.collect()
}

/// Fields of a pod that the rules read, of a wrong type.
pub(crate) fn wrong_pods() -> Vec<BadPayload> {
    POD_FIELDS
        .iter()
        .flat_map(|(field, shape)| of_pods(field, shape.wrong(), FINE))
        .collect()
}

/// Fields of a container that the rules read, of a wrong type.
pub(crate) fn wrong_containers() -> Vec<BadPayload> {
    let lists = ["containers", "initContainers", "ephemeralContainers"];
    let fields = lists.iter().flat_map(|list| {
        CONTAINER_FIELDS.iter().flat_map(move |(field, shape)| {
            of_pods(&format!("/spec/{list}/0{field}"), shape.wrong(), FINE)
        })
    });
    fields.collect()
}

/// Fields that say how large the instance is, of a wrong type.
pub(crate) fn wrong_instances() -> Vec<BadPayload> {
    INSTANCE_FIELDS
        .iter()
        .flat_map(|(field, shape)| of_pods(field, shape.wrong(), FINE))
        .collect()
}

/// Fields of a workload's own metadata, of a wrong type.
pub(crate) fn wrong_workloads() -> Vec<BadPayload> {
    let above = [("/spec", Object), ("/spec/template", Object)];
    let fields = WORKLOAD_FIELDS.iter().chain(&above);
    fields
        .flat_map(|(field, shape)| {
            shape
                .wrong()
                .into_iter()
                .map(|wrong| unreadable("Deployment", deployment(), field, wrong))
        })
        .collect()
}

/// A list that holds something, where there must be something else. (A reader that looks into it may name
/// the first item instead.)
pub(crate) fn lists_for_something_else() -> Vec<BadPayload> {
    let list = json!([SECRET]);
    let fields = PLACING
        .iter()
        .chain(POD_FIELDS)
        .filter(|(_, shape)| !shape.takes(&list));
    let mut all: Vec<_> = fields
        .map(|(field, _)| unreadable("Pod", readable("true"), field, list.clone()))
        .collect();
    for (request, says) in [
        (list.clone(), "request: is an array"),
        (json!({"kind": list}), "request.kind: is an array"),
        (
            json!({"kind": {"group": list, "kind": "Pod"}}),
            "request.kind.group: is an array",
        ),
    ] {
        let payload = json!({"request": request, "settings": {}}).to_string();
        all.push(bad(format!("{says}: {list}"), payload, UNREADABLE, says));
    }
    all
}

/// A pod with wrong values at `field`: on ECI, elsewhere, and for the first of them in a workload.
fn of_pods(field: &str, values: Vec<Value>, elsewhere: Option<u16>) -> Vec<BadPayload> {
    let in_workload = unreadable(
        "Deployment",
        deployment(),
        &format!("/spec/template{field}"),
        values[0].clone(),
    );
    let in_pods = values.into_iter().flat_map(|wrong| {
        [
            unreadable("Pod on ECI", readable("true"), field, wrong.clone()),
            BadPayload {
                code: elsewhere,
                ..unreadable("Pod elsewhere", readable("false"), field, wrong)
            },
        ]
    });
    in_pods.chain([in_workload]).collect()
}

/// An object with a value of a wrong type.
fn unreadable(what: &str, mut object: Value, field: &str, wrong: Value) -> BadPayload {
    let name = format!("{what} {field}: {wrong}");
    put(&mut object, field, wrong);
    bad(
        name,
        payload(&object, "{}"),
        UNREADABLE,
        format!("{}: is a", path(field)),
    )
}

/// Sets what a JSON pointer names; objects and lists on the way are there.
fn put(object: &mut Value, pointer: &str, value: Value) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let key = key.replace("~1", "/");
    match object
        .pointer_mut(parent)
        .unwrap_or_else(|| panic!("no {parent} for {pointer}"))
    {
        Value::Array(items) => items[key.parse::<usize>().unwrap()] = value,
        parent => parent[key] = value,
    }
}

/// The field path of a JSON pointer, as the API server prints it.
fn path(pointer: &str) -> String {
    let mut path = String::new();
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/");
        if step.parse::<usize>().is_ok() || step.contains(['.', '/', '-']) {
            path += &format!("[{step}]");
        } else {
            path += if path.is_empty() { "" } else { "." };
            path += &step;
        }
    }
    path
}

/// A pod that is accepted and repeats the secret, with everything on the way to a field that is read.
fn readable(eci: &str) -> Value {
    let container = json!({
        "name": "main",
        "image": format!("registry.example/{SECRET}"),
        "args": [SECRET],
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

/// A pod on ECI that is denied for its privileged container.
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

/// A workload whose pods are on ECI; it would be denied if it could be read.
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
