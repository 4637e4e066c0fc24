//! Requests under settings that cannot be used.

use super::{BadPayload, UNREADABLE, bad, payload, pod};

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
