//! Lists that are longer than any a person writes: they cost no more than reading them, and hide nothing.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use eci_manifest::{RequestOptions, admission_request};
use eci_security_context::rule::Action;
use eci_security_context::{Verdict, validate};
use serde_json::{Value, json};

/// A pod for ECI with these fields in its specification.
fn pod_with(spec: &Value, settings: &Value) -> Verdict {
    let pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"labels": {"alibabacloud.com/eci": "true"}},
        "spec": spec,
    });
    let request = admission_request(&pod, &RequestOptions::default());
    validate(
        json!({"request": request, "settings": settings})
            .to_string()
            .as_bytes(),
        None,
    )
}

#[test]
fn what_is_wrong_in_a_list_is_told_a_hundred_times_and_then_once() {
    let adding = |names: Vec<String>| json!({"containers": [{"name": "a", "securityContext": {"capabilities": {"add": names}}}]});
    let many = |name: fn(usize) -> String| (0..2000).map(name).collect::<Vec<_>>();
    let sysctls = |value: &str| -> Vec<Value> {
        (0..2000)
            .map(|n| json!({"name": format!("kernel.x{n}"), "value": value}))
            .collect()
    };
    for (spec, rule, list) in [
        (
            json!({"securityContext": {"supplementalGroups": vec![-1; 2000]}}),
            "run-as-id-range",
            "spec.securityContext.supplementalGroups",
        ),
        (
            adding(many(|n| format!("SYS_X{n}"))),
            "capability-unsupported",
            "spec.containers[0].securityContext.capabilities.add",
        ),
        (
            adding(many(|_| "cap_chown".to_owned())),
            "capability-name",
            "spec.containers[0].securityContext.capabilities.add",
        ),
        (
            json!({"securityContext": {"sysctls": sysctls("1")}}),
            "sysctl-unsupported",
            "spec.securityContext.sysctls",
        ),
        (
            json!({"securityContext": {"sysctls": sysctls("")}}),
            "sysctl-malformed",
            "spec.securityContext.sysctls",
        ),
        (
            json!({"volumes": vec![json!({"hostPath": {"path": "/"}}); 2000]}),
            "host-path",
            "spec.volumes",
        ),
    ] {
        let verdict = pod_with(&spec, &json!({}));
        assert!(!verdict.accepted, "{rule}");
        let found: Vec<_> = verdict
            .findings
            .iter()
            .filter(|found| found.rule.id == rule)
            .collect();
        assert_eq!(found.len(), 101, "{rule}");
        let rest = found.last().unwrap();
        assert_eq!(rest.path.to_string(), list);
        assert_eq!(rest.message, "1900 more of its items are as those before");
        assert_eq!(
            (rest.action, rest.edits.len(), rest.places),
            (Action::Deny, 0, 1900),
            "{rule}"
        );
    }
}

#[test]
fn the_count_of_the_rest_is_of_places() {
    let verdict = pod_with(
        &json!({"securityContext": {"supplementalGroups": vec![-1; 2000]}}),
        &json!({}),
    );
    let message = verdict.message.unwrap();
    let told = message.matches("[run-as-id-range]").count();
    assert!((20..100).contains(&told), "{message}");
    assert!(
        message.ends_with(&format!(" And {} more.", 2000 - told)),
        "{message}"
    );
}

#[test]
fn over_a_thousand_are_not_repaired_and_not_let_in() {
    let sysctls: Vec<_> = (0..1001)
        .map(|n| json!({"name": format!("vm.x{n}"), "value": "1"}))
        .collect();
    let settings =
        json!({"actions": {"sysctl-unsupported": "fix"}, "approved": {"hostSysctls": ["vm.*"]}});
    let judged = |count: usize| {
        pod_with(
            &json!({"securityContext": {"sysctls": sysctls[..count]}}),
            &settings,
        )
    };
    let moved = judged(1000);
    assert!(
        moved.accepted
            && moved
                .mutated_object
                .unwrap()
                .contains(r#"{\"name\":\"vm.x999\""#)
    );
    let denied = judged(1001);
    assert!(
        !denied.accepted
            && denied
                .message
                .unwrap()
                .contains("\"vm.x0\" is not a sysctl that ECI takes")
    );
    // Ten containers, whose lists are one too many only together.
    let misspelt = |count: usize| {
        let container = |names: usize| json!({"name": "a", "securityContext": {"capabilities": {"drop": vec!["bpf"; names]}}});
        let mut containers = vec![container(100); 10];
        containers.push(container(count));
        pod_with(&json!({"containers": containers}), &json!({}))
    };
    let repaired = misspelt(0);
    assert!(repaired.accepted && !repaired.mutated_object.unwrap().contains("bpf"));
    let denied = misspelt(1);
    assert!(!denied.accepted && denied.findings.iter().all(|found| found.edits.is_empty()));
    assert_eq!(denied.findings.len(), 1001);
}

#[test]
fn a_list_in_an_exempt_container_hides_nothing_of_the_next() {
    let container = |name: &str, added: Value| json!({"name": name, "image": "r.example/a", "securityContext": {"capabilities": {"add": added}}});
    let spec = json!({"containers": [
        container("exempt", json!(vec!["SYS_ADMIN"; 2000])),
        container("judged", json!(["SYS_ADMIN"])),
    ]});
    let exempt = json!({"exempt": [{"image": "r.example/**", "container": "exempt"}]});
    let verdict = pod_with(&spec, &exempt);
    assert!(!verdict.accepted);
    assert!(
        verdict
            .message
            .unwrap()
            .starts_with("[capability-unsupported] spec.containers[1].")
    );
}

#[test]
fn of_each_list_the_first_is_told_however_many_there_are() {
    let flooded = |name: &str| json!({"name": name, "image": "r.example/a", "securityContext": {"capabilities": {"add": vec!["SYS_ADMIN"; 100]}}});
    let mut containers = vec![flooded("exempt"); 20];
    containers.push(flooded("judged"));
    let exempt = json!({"exempt": [{"image": "r.example/**", "container": "exempt"}]});
    let verdict = pod_with(&json!({"containers": containers}), &exempt);
    assert!(!verdict.accepted);
    assert!(
        verdict
            .message
            .unwrap()
            .starts_with("[capability-unsupported] spec.containers[20].")
    );
    assert_eq!(verdict.findings.len(), 10 * 100 + 11 * 2);
}
