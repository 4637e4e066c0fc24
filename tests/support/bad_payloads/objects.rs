//! Objects with odd texts.

use serde_json::json;

use super::{
    BadPayload, DENIED, FINE, NOT_JSON, SECRET, UNREADABLE, bad, group, payload_of_text, pod,
};

/// Pods with odd texts.
pub(crate) fn objects() -> Vec<BadPayload> {
    let pod = pod().to_string();
    let with = |before: &str, after: &str| pod.replacen(before, after, 1);
    let context = |context: &str| payload_of_text(&with(r#"{"privileged":true}"#, context));
    let labelled = |labels: &str| {
        let labels = format!(r#""labels":{{{labels},"#);
        payload_of_text(&with(r#""labels":{"#, &labels))
    };
    let annotated = |annotations: &str, context: &str| {
        let annotations = format!(r#""annotations":{{{annotations},"#);
        let pod = with(r#"{"privileged":true}"#, context);
        payload_of_text(&pod.replacen(r#""annotations":{"#, &annotations, 1))
    };
    let spec = |field: &str| {
        let pod = with(r#"{"privileged":true}"#, "{}");
        let field = format!(r#""spec":{{{field},"#);
        payload_of_text(&pod.replacen(r#""spec":{"#, &field, 1))
    };
    let host_sysctls = |value: &str| {
        annotated(
            &format!(r#""k8s.aliyun.com/eci-host-sysctls":{value}"#),
            "{}",
        )
    };
    let arrays = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let deepest = format!(r#""deep":{}"#, arrays(100_000));
    let arrays = arrays(200);
    let maps = format!("{}1{}", r#"{"a":"#.repeat(200), "}".repeat(200));
    let deep = format!(r#""deep":{arrays}"#);
    let deep_maps = format!(r#""deep":{maps}"#);
    let privileged = r#"{"privileged":true}"#;
    let large = format!(r#""large":"{}""#, "x".repeat(5 << 20));
    let many = (0..100_000).map(|index| format!(r#""example.com/{index}":"{SECRET}""#));
    let many = many.collect::<Vec<_>>().join(",");
    let seccomp = [r#""seccomp.security.alpha.kubernetes.io/pod":"a""#; 2].join(",");

    let in_context = |code, says: &str, contexts: &[&str]| -> Vec<_> {
        let name = |text: &str| format!("context {text}");
        let payloads = contexts
            .iter()
            .map(|text| bad(name(text), context(text), code, says));
        payloads.collect()
    };
    let ids = |code, says: &str, ids: &[&str]| -> Vec<_> {
        let context = |id: &str| context(&format!(r#"{{"runAsUser":{id}}}"#));
        let payloads = ids
            .iter()
            .map(|id| bad(format!("id {id}"), context(id), code, says));
        payloads.collect()
    };
    let id = "spec.containers[0].securityContext.runAsUser";
    let groups = [
        // The API server keeps one of the two, and a reader may judge the other.
        in_context(
            UNREADABLE,
            "spec.containers[0].securityContext.privileged: is set twice",
            &[
                r#"{"privileged":true,"privileged":false}"#,
                r#"{"privileged":false,"privileged":true}"#,
                r#"{"privileged":true,"privileged":null}"#,
                r#"{"privileged":null,"privileged":true}"#,
                r#"{"privileged":false,"privilege\u0064":true}"#,
            ],
        ),
        in_context(
            UNREADABLE,
            "spec.containers[0].securityContext: is set twice",
            &[
                r#"{"privileged":true},"securityContext":{}"#,
                r#"{},"securityContext":{"privileged":true}"#,
            ],
        ),
        group(
            UNREADABLE,
            "metadata.labels[alibabacloud.com/eci]: is set twice",
            [
                (
                    "duplicate label: false, then true",
                    labelled(r#""alibabacloud.com/eci":"false""#),
                ),
                (
                    "duplicate label: true, then false",
                    context(privileged).replacen(
                        r#""alibabacloud.com/eci":"true""#,
                        r#""alibabacloud.com/eci":"true","alibabacloud.com/eci":"false""#,
                        1,
                    ),
                ),
            ],
        ),
        group(
            UNREADABLE,
            "metadata.annotations: sets a key twice",
            [(
                "duplicate annotation of a family",
                annotated(&seccomp, "{}"),
            )],
        ),
        ids(
            UNREADABLE,
            &format!("{id}: is a"),
            &[
                "9223372036854775808",
                "-9223372036854775809",
                "123456789012345678901234567890",
                "1e400",
                "1e3",
                "1.5",
                "1.0",
            ],
        ),
        ids(
            DENIED,
            &format!("[run-as-id-range] {id}"),
            &[
                "-1",
                "2147483648",
                "9223372036854775807",
                "-9223372036854775808",
            ],
        ),
        ids(FINE, "", &["2147483647"]),
        group(
            NOT_JSON,
            "cannot be read",
            [(
                "half a surrogate pair in a name",
                context("{}").replacen(r#""name":"main""#, r#""name":"\ud800""#, 1),
            )],
        ),
        group(
            UNREADABLE,
            "cannot be read",
            [
                (
                    "200 arrays for volumes",
                    spec(&format!(r#""volumes":{arrays}"#)),
                ),
                (
                    "200 objects for a flag",
                    spec(&format!(r#""hostNetwork":{maps}"#)),
                ),
                ("200 arrays for an annotation", host_sysctls(&arrays)),
            ],
        ),
        group(
            DENIED,
            "[host-sysctls-malformed]",
            [(
                "200 arrays in an annotation's text",
                host_sysctls(&json!(arrays).to_string()),
            )],
        ),
        group(
            DENIED,
            "[privileged]",
            [
                (
                    "duplicate label that is not read",
                    labelled(r#""a":"1","a":"2""#),
                ),
                (
                    "200 arrays in a denied container",
                    context(&format!(r#"{{{deep},"privileged":true}}"#)),
                ),
                (
                    "5 MB in an annotation of a denied pod",
                    annotated(&large, privileged),
                ),
                (
                    "100000 annotations of a denied pod",
                    annotated(&many, privileged),
                ),
                (
                    "5 MB of blanks",
                    payload_of_text(&(" ".repeat(5 << 20) + &pod)),
                ),
            ],
        ),
        group(
            FINE,
            "",
            [
                ("1e400 in an unknown field", context(r#"{"unknown":1e400}"#)),
                ("200 arrays in an annotation", annotated(&deep, "{}")),
                ("200 objects in an annotation", annotated(&deep_maps, "{}")),
                ("200 arrays in an unknown field", spec(&deep)),
                ("100000 arrays in an annotation", annotated(&deepest, "{}")),
                ("5 MB in an annotation", annotated(&large, "{}")),
                ("100000 annotations", annotated(&many, "{}")),
            ],
        ),
    ];
    groups.into_iter().flatten().collect()
}
