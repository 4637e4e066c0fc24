//! A model of the cluster: the policies that the API server asks about a request, and their outcome.

use eci_e2e_tests::agreed;
use eci_manifest::{RequestOptions, admission_request};

use super::*;
use crate::match_conditions::Conditions;

/// The outcome of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The API server asks no policy.
    NotAsked,
    /// The object is admitted without changes.
    Unchanged,
    Repaired,
    Denied,
    /// Policies in monitor mode log this outcome, and the object is admitted without changes.
    Logged(Box<Self>),
}
pub(crate) use Outcome::{Denied, Logged, NotAsked, Repaired, Unchanged};

/// Kubewarden's own Namespace.
pub(crate) const KUBEWARDEN: &str = "kubewarden";

/// The conditions of the `namespaceSelector` in the webhook of a policy or a group. Kubewarden's controller excludes its
/// own Namespace, adds the policy's `matchExpressions` and drops its `matchLabels` (`namespaceSelector` in
/// internal/controller/policy_subreconciler_webhook.go, the same in 1.35.0 and 1.36.0-beta.1).
fn conditions(spec: &Value) -> Vec<Value> {
    let unknown = "allowInsideAdmissionControllerNamespace";
    assert!(spec.get(unknown).is_none(), "the model has no {unknown}");
    let own =
        json!({"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": [KUBEWARDEN]});
    let of_policy = spec["namespaceSelector"]["matchExpressions"].as_array();
    let of_policy = of_policy.into_iter().flatten().cloned();
    std::iter::once(own).chain(of_policy).collect()
}

/// Whether labels fulfil a condition of a selector. A missing label is in no list.
fn fulfils(labels: &Value, condition: &Value) -> bool {
    let label = &labels[condition["key"].as_str().unwrap()];
    let values = condition["values"].as_array();
    let is_listed = values.is_some_and(|values| values.contains(label));
    match condition["operator"].as_str().unwrap() {
        "In" => is_listed,
        "NotIn" => !is_listed,
        operator => panic!("the model has no operator {operator}"),
    }
}

/// A Namespace, with the label that the API server adds.
pub(crate) fn namespace(name: &str, labels: &Value) -> Value {
    let mut labels = labels.clone();
    labels["kubernetes.io/metadata.name"] = name.into();
    json!({"metadata": {"name": name, "labels": labels}})
}

/// Whether the API server asks a policy about this object, by the `rules`, the `namespaceSelector` and the `matchConditions`
/// of its webhook.
pub(crate) fn is_asked(spec: &Value, object: &Value, namespace: &Value) -> bool {
    let request = admission_request(object, &RequestOptions::default());
    let resource = &request["resource"];
    let has = |list: &Value, item: &Value| {
        let list = list.as_array().unwrap();
        list.contains(item) || list.contains(&"*".into())
    };
    let matched = spec["rules"].as_array().unwrap().iter().any(|rule| {
        has(&rule["apiGroups"], &resource["group"])
            && has(&rule["apiVersions"], &resource["version"])
            && has(&rule["resources"], &resource["resource"])
            && has(&rule["operations"], &request["operation"])
    });
    let unknown = "objectSelector";
    assert!(spec.get(unknown).is_none(), "the model has no {unknown}");
    let labels = &namespace["metadata"]["labels"];
    let expressions = spec["matchConditions"].as_array().into_iter().flatten();
    let expressions = expressions.map(|condition| condition["expression"].as_str().unwrap());
    let conditions = conditions(spec);
    matched
        && Conditions::new(expressions).asks(&request).unwrap()
        && conditions
            .iter()
            .all(|condition| fulfils(labels, condition))
}

/// The answer of a policy with these settings.
pub(crate) fn judge(settings: &Value, object: &Value, namespace: &Value) -> Value {
    let request = admission_request(object, &RequestOptions::default());
    let payload = json!({"request": request, "settings": settings}).to_string();
    agreed("validate", payload.as_bytes(), Ok(namespace.clone())).unwrap()
}

/// The outcome of the policies. The API server asks the mutating ones first, then `inject` changes the object as another
/// webhook does, and then the API server asks the others.
pub(crate) fn admitted(
    policies: &[Value],
    object: &Value,
    namespace: &Value,
    inject: impl Fn(&mut Value),
) -> Outcome {
    let (mut object, mut outcome) = (object.clone(), NotAsked);
    let mut logged = None;
    for mutating in [true, false] {
        for policy in named(policies, "ClusterAdmissionPolicy") {
            let spec = &policy["spec"];
            if spec["mutating"] != mutating || !is_asked(spec, &object, namespace) {
                continue;
            }
            let answer = judge(&spec["settings"], &object, namespace);
            let repaired = Some(&answer["mutated_object"]).filter(|object| !object.is_null());
            // Kubewarden would deny the request.
            assert!(
                mutating || repaired.is_none(),
                "the twin changes the object"
            );
            let here = match (answer["accepted"] == true, repaired) {
                (false, _) => Denied,
                (true, Some(_)) => Repaired,
                (true, None) => Unchanged,
            };
            if spec["mode"] == "monitor" {
                // The twin judges the unrepaired object, so its outcome is not logged.
                logged.get_or_insert(here);
                continue;
            }
            if here == Denied {
                return Denied;
            }
            object = repaired.unwrap_or(&object).clone();
            if outcome != Repaired {
                outcome = here;
            }
        }
        if mutating {
            inject(&mut object);
        }
    }
    logged.map_or(outcome, |logged| Logged(Box::new(logged)))
}

pub(crate) fn pod(labels: Value, context: Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "namespace": "shop", "labels": labels},
        "spec": {"containers": [{"name": "web", "image": "nginx", "securityContext": context}]},
    })
}

pub(crate) fn deployment(pod: &Value) -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"selector": {}, "template": {"metadata": pod["metadata"], "spec": pod["spec"]}},
    })
}
