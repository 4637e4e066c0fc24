//! The rules as ValidatingAdmissionPolicies of Kubernetes: one that denies, and one that warns.

use eci_security_context::policy::cel::condition::conditions;
use eci_security_context::policy::cel::validation::{Check, all_variables, audit, checks};
use eci_security_context::policy::settings::Settings;
use serde_json::{Value, json};

use super::{NAME, named, resource_rules};

pub(super) fn documents(settings: &Settings) -> Vec<Value> {
    let scope = settings.scope;
    // A signal on the pod is not needed.
    let left_out = usize::from(scope.assume_eci || scope.namespace_labels);
    let conditions = conditions().into_iter().skip(left_out);
    let conditions =
        named(conditions.map(|condition| (condition.name.to_owned(), condition.expression)));
    let variables = named(all_variables(settings));
    let policies = [
        (NAME.to_owned(), true, json!(["Deny"])),
        (format!("{NAME}-warn"), false, json!(["Warn", "Audit"])),
    ];
    let mut all = Vec::new();
    for (name, denies, actions) in policies {
        let validations = checks(settings, denies).into_iter().map(|Check { expression, message }| {
            json!({"expression": expression, "messageExpression": message, "reason": "Forbidden"})
        });
        let mut policy = json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": name},
            "spec": {
                "failurePolicy": "Fail",
                "matchConstraints": {
                    "namespaceSelector": {"matchExpressions": [
                        {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system"]},
                    ]},
                    "resourceRules": resource_rules(),
                },
                "matchConditions": conditions,
                "variables": variables,
                "validations": validations.collect::<Vec<_>>(),
            },
        });
        if let Some(spec) = policy
            .get_mut("spec")
            .and_then(Value::as_object_mut)
            .filter(|_| !denies)
        {
            spec.insert(
                "auditAnnotations".to_owned(),
                json!([{"key": "findings", "valueExpression": audit(settings)}]),
            );
        }
        all.push(policy);
        all.push(json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": name},
            "spec": {"policyName": name, "validationActions": actions},
        }));
    }
    all
}
