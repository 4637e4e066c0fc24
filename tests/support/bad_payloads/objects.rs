//! Objects with odd texts, each with the answer to it.

use serde_json::json;

use super::{
    BadPayload, DENIED, FINE, NOT_JSON, SECRET, UNREADABLE, bad, payload, payload_of_text, pod,
};

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
