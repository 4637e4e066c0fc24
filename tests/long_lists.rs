//! Lists that are longer than any a person writes: they cost no more than reading them, and hide nothing.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

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
    validate(json!({"request": request, "settings": settings}).to_string().as_bytes(), None)
}

#[test]
fn what_is_wrong_in_a_list_is_told_a_hundred_times_and_then_once() {
    let adding = |names: Vec<String>| json!({"containers": [{"name": "a", "securityContext": {"capabilities": {"add": names}}}]});
    let many = |name: fn(usize) -> String| (0..1000).map(name).collect::<Vec<_>>();
    let sysctls = |value: &str| -> Vec<Value> {
        (0..1000).map(|n| json!({"name": format!("kernel.x{n}"), "value": value})).collect()
    };
    for (spec, rule, list) in [
        (
            json!({"securityContext": {"supplementalGroups": vec![-1; 1000]}}),
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
        (json!({"volumes": vec![json!({"hostPath": {"path": "/"}}); 1000]}), "host-path", "spec.volumes"),
    ] {
        let verdict = pod_with(&spec, &json!({}));
        assert!(!verdict.accepted, "{rule}");
        let found: Vec<_> = verdict.findings.iter().filter(|found| found.rule.id == rule).collect();
        assert_eq!(found.len(), 101, "{rule}");
        let rest = found.last().unwrap();
        assert_eq!(rest.path.to_string(), list);
        assert_eq!(rest.message, "900 more of its items are as those before");
        assert_eq!((rest.action, rest.edits.len(), rest.places), (Action::Deny, 0, 900), "{rule}");
    }
}

#[test]
fn the_count_of_the_rest_is_of_places() {
    let verdict = pod_with(&json!({"securityContext": {"supplementalGroups": vec![-1; 1000]}}), &json!({}));
    let message = verdict.message.unwrap();
    let told = message.matches("[run-as-id-range]").count();
    assert!((20..100).contains(&told), "{message}");
    assert!(message.ends_with(&format!(" And {} more.", 1000 - told)), "{message}");
}

#[test]
fn what_is_not_moved_is_not_let_in() {
    let sysctls: Vec<_> = (0..101).map(|n| json!({"name": format!("vm.x{n}"), "value": "1"})).collect();
    let settings = json!({"actions": {"sysctl-unsupported": "fix"}, "approved": {"hostSysctls": ["vm.*"]}});
    let judged =
        |count: usize| pod_with(&json!({"securityContext": {"sysctls": sysctls[..count]}}), &settings);
    let moved = judged(100);
    assert!(moved.accepted && moved.mutated_object.unwrap().contains(r#"{\"name\":\"vm.x99\""#));
    let denied = judged(101);
    assert!(
        !denied.accepted && denied.message.unwrap().contains("\"vm.x100\" is not a sysctl that ECI takes")
    );
}

#[test]
fn a_list_in_an_exempt_container_hides_nothing_of_the_next() {
    let container = |name: &str, added: Value| json!({"name": name, "image": "r.example/a", "securityContext": {"capabilities": {"add": added}}});
    let spec = json!({"containers": [
        container("exempt", json!(vec!["SYS_ADMIN"; 1000])),
        container("judged", json!(["SYS_ADMIN"])),
    ]});
    let exempt = json!({"exempt": [{"image": "r.example/**", "container": "exempt"}]});
    let verdict = pod_with(&spec, &exempt);
    assert!(!verdict.accepted);
    assert!(verdict.message.unwrap().starts_with("[capability-unsupported] spec.containers[1]."));
}
