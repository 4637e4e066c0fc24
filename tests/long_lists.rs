//! Very long lists cost no more than reading them, and hide no finding.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use eci_manifest::{RequestOptions, admission_request};
use eci_security_context::review::Judged;
use eci_security_context::rules::rule::Action;
use eci_security_context::{Verdict, validate};
use serde_json::{Value, json};

fn judged(metadata: &Value, spec: &Value, settings: &Value) -> Verdict {
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec});
    let request = admission_request(&pod, &RequestOptions::default());
    let payload = json!({"request": request, "settings": settings}).to_string();
    validate(payload.as_bytes(), None)
}

/// The verdict on a pod on ECI.
fn pod_with(spec: &Value, settings: &Value) -> Verdict {
    let metadata = json!({"labels": {"alibabacloud.com/eci": "true"}});
    judged(&metadata, spec, settings)
}

#[test]
fn over_a_thousand_findings_of_a_rule_are_counted_in_one() {
    let adding = |names: Vec<String>| json!({"containers": [{"name": "a", "securityContext": {"capabilities": {"add": names}}}]});
    let many = |name: fn(usize) -> String| (0..2000).map(name).collect::<Vec<_>>();
    let sysctls = |value: &str| -> Vec<Value> {
        (0..2000)
            .map(|n| json!({"name": format!("kernel.x{n}"), "value": value}))
            .collect()
    };
    let security_context =
        |field: &str, value: Value| json!({"containers": [], "securityContext": {field: value}});
    let volumes = vec![json!({"hostPath": {"path": "/"}}); 2000];
    for (spec, rule, list) in [
        (
            security_context("supplementalGroups", json!(vec![-1; 2000])),
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
            security_context("sysctls", json!(sysctls("1"))),
            "sysctl-unsupported",
            "spec.securityContext.sysctls",
        ),
        (
            security_context("sysctls", json!(sysctls(""))),
            "sysctl-malformed",
            "spec.securityContext.sysctls",
        ),
        (json!({"volumes": volumes}), "host-path", "spec.volumes"),
    ] {
        let verdict = pod_with(&spec, &json!({}));
        assert!(!verdict.accepted, "{rule}");
        let found: Vec<_> = verdict
            .findings
            .iter()
            .filter(|found| found.finding.rule.id == rule)
            .collect();
        assert_eq!(found.len(), 1001, "{rule}");
        let Judged {
            finding: rest,
            decision,
        } = found.last().unwrap();
        assert_eq!(rest.path.to_string(), list);
        assert_eq!(rest.message, "1000 more items have the same problem");
        assert_eq!(rest.help, "correct them too");
        assert_eq!(
            (decision.action, rest.edits.len(), rest.places),
            (Action::Deny, 0, 1000),
            "{rule}"
        );
    }
}

#[test]
fn a_thousand_findings_are_reported_one_by_one() {
    // The rule before it has a finding too, which does not count.
    let spec = json!({"hostPID": true, "volumes": vec![json!({"hostPath": {"path": "/"}}); 1000]});
    let findings = pod_with(&spec, &json!({})).findings;
    let paths: Vec<_> = findings
        .iter()
        .filter(|found| found.finding.rule.id == "host-path")
        .map(|found| found.finding.path.to_string())
        .collect();
    let expected: Vec<_> = (0..1000)
        .map(|index| format!("spec.volumes[{index}].hostPath"))
        .collect();
    assert_eq!(paths, expected);
}

#[test]
fn a_denial_counts_all_the_rest() {
    let spec = json!({"securityContext": {"supplementalGroups": vec![-1; 2000]}});
    let message = pod_with(&spec, &json!({})).message.unwrap();
    let shown = message.matches("[run-as-id-range]").count();
    assert!((20..100).contains(&shown), "{message}");
    assert!(
        message.ends_with(&format!(" And {} more.", 2000 - shown)),
        "{message}"
    );
}

#[test]
fn over_a_thousand_repairs_are_not_made_and_deny() {
    let sysctls: Vec<_> = (0..1000)
        .map(|n| json!({"name": format!("vm.x{n}"), "value": "1"}))
        .collect();
    let settings =
        json!({"actions": {"sysctl-unsupported": "fix"}, "approved": {"hostSysctls": ["vm.*"]}});
    let moving = |count: usize| {
        pod_with(
            &json!({"securityContext": {"sysctls": sysctls[..count]}}),
            &settings,
        )
    };
    // The annotation is one more edit.
    let moved = moving(999);
    assert!(
        moved.accepted
            && moved
                .mutated_object
                .unwrap()
                .get()
                .contains(r#"{\"name\":\"vm.x998\""#)
    );
    let denied = moving(1000);
    assert!(
        !denied.accepted
            && denied
                .message
                .unwrap()
                .contains("\"vm.x0\" is not a sysctl that ECI accepts")
    );
    // The lists of all containers have one item too many together.
    let misspelt = |count: usize| {
        let container = |names: usize| json!({"name": "a", "securityContext": {"capabilities": {"drop": vec!["bpf"; names]}}});
        let mut containers = vec![container(100); 10];
        containers.push(container(count));
        pod_with(&json!({"containers": containers}), &json!({}))
    };
    let repaired = misspelt(0);
    assert!(repaired.accepted && !repaired.mutated_object.unwrap().get().contains("bpf"));
    let denied = misspelt(1);
    assert!(
        !denied.accepted
            && denied
                .findings
                .iter()
                .all(|found| found.finding.edits.is_empty())
    );
    assert_eq!(denied.findings.len(), 1001);
}

#[test]
fn findings_in_exempt_containers_hide_no_others() {
    let container = |name: &str, added: Value| json!({"name": name, "image": "r.example/a", "securityContext": {"capabilities": {"add": added}}});
    let exempt = json!({"exempt": [{"image": "r.example/**", "container": "exempt"}]});
    let spec = json!({"containers": [
        container("exempt", json!(vec!["SYS_ADMIN"; 2000])),
        container("judged", json!(["SYS_ADMIN"])),
        container("exempt", json!(["SYS_ADMIN"])),
    ]});
    let verdict = pod_with(&spec, &exempt);
    assert!(!verdict.accepted);
    assert!(
        verdict
            .message
            .unwrap()
            .starts_with("[capability-unsupported] spec.containers[1].")
    );
}

/// The code and the message of the answer to a pod on ECI.
fn rejected(spec: &Value) -> (Option<u16>, String) {
    let verdict = pod_with(spec, &json!({}));
    (verdict.code, verdict.message.unwrap_or_default())
}

#[test]
fn a_pod_has_at_most_500_containers_and_10000_items() {
    let containers = |count: usize| json!({"initContainers": vec![json!({"name": "a"}); 100], "containers": vec![json!({"name": "a"}); count]});
    assert_eq!(rejected(&containers(400)), (None, String::new()));
    let (code, message) = rejected(&containers(401));
    assert_eq!(
        (code, &*message),
        (
            Some(422),
            "the request cannot be read: spec: has more than 500 containers"
        )
    );
    let tolerations = |count: usize| json!({"containers": [{"name": "a"}], "tolerations": vec![json!({"key": "a"}); count]});
    assert_eq!(rejected(&tolerations(9_999)), (None, String::new()));
    let (code, message) = rejected(&tolerations(10_000));
    assert_eq!(code, Some(422));
    assert!(
        message.contains("spec: has more than 10000 items"),
        "{message}"
    );
}

#[test]
fn a_pod_that_is_not_for_eci_may_have_any_number() {
    for spec in [
        json!({"containers": vec![json!({"name": "a", "securityContext": {"privileged": true}}); 600]}),
        json!({"tolerations": vec![json!({"operator": "Exists"}); 20_000]}),
        json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": vec![json!({}); 20_000]}}}}),
    ] {
        let verdict = judged(&json!({}), &spec, &json!({}));
        assert_eq!((verdict.accepted, verdict.findings.len()), (true, 0));
    }
}

/// The signal comes after the last item that the policy keeps.
#[test]
fn a_long_list_hides_no_signal() {
    let capabilities = vec![""; 10_000];
    let padding =
        json!([{"name": "a", "securityContext": {"capabilities": {"add": capabilities}}}]);
    let requirement = json!({"key": "type", "operator": "In", "values": ["virtual-kubelet"]});
    let term = json!({"matchExpressions": [requirement]});
    let required = |terms: Value| json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}});
    let mut tolerations = vec![json!({"key": "other"}); 10_000];
    tolerations.push(json!({"key": "virtual-kubelet.io/provider"}));
    let mut terms = vec![json!({}); 10_000];
    terms.push(term.clone());
    for spec in [
        json!({"containers": padding, "tolerations": [{"key": "virtual-kubelet.io/provider"}]}),
        json!({"containers": padding, "zaffinity": 1, "affinity": required(json!([term]))}),
        json!({"tolerations": tolerations}),
        json!({"affinity": required(json!(terms))}),
    ] {
        let verdict = judged(&json!({}), &spec, &json!({}));
        assert_eq!(verdict.code, Some(422), "{:?}", verdict.message);
    }
}
