//! The rules as admission policies of Kubernetes: one that repairs, one that denies, and one that warns.

use eci_security_context::policy::cel::condition::conditions;
use eci_security_context::policy::cel::validation::{Check, all_variables, audit, checks, needed};
use eci_security_context::policy::settings::{Mutate, Settings};
use serde_json::{Map, Value, json};

use super::{NAME, named, resource_rules};

/// Returns the policies with their bindings. `repair` is the expression of the repairs.
pub(super) fn documents(settings: &Settings, repair: Option<&str>) -> Vec<Value> {
    let mut all = Vec::new();
    let variables = all_variables(settings, repair.is_some());
    if let Some(repair) = repair {
        let rules = match settings.mutate {
            Mutate::Pods => pods(resource_rules()),
            Mutate::None | Mutate::All => resource_rules(),
        };
        let mut spec = spec(settings, needed(&variables, &[repair]), rules);
        spec.insert("reinvocationPolicy".to_owned(), json!("IfNeeded"));
        spec.insert(
            "mutations".to_owned(),
            json!([{"patchType": "JSONPatch", "jsonPatch": {"expression": repair}}]),
        );
        all.extend(policy("Mutating", NAME, spec, json!({})));
    }
    for denies in [true, false] {
        let checks = checks(settings, repair.is_some(), denies);
        let audit = (!denies).then(|| audit(settings));
        let texts = checks
            .iter()
            .flat_map(|check| [check.expression.as_str(), &check.message]);
        let texts: Vec<_> = texts.chain(audit.as_deref()).collect();
        let mut spec = spec(settings, needed(&variables, &texts), resource_rules());
        let validations = checks.iter().map(|Check { expression, message }| {
            json!({"expression": expression, "messageExpression": message, "reason": "Forbidden"})
        });
        spec.insert("validations".to_owned(), validations.collect());
        if let Some(audit) = audit {
            spec.insert(
                "auditAnnotations".to_owned(),
                json!([{"key": "findings", "valueExpression": audit}]),
            );
        }
        let (name, actions) = match denies {
            true => (NAME.to_owned(), json!(["Deny"])),
            false => (format!("{NAME}-warn"), json!(["Warn", "Audit"])),
        };
        all.extend(policy(
            "Validating",
            &name,
            spec,
            json!({"validationActions": actions}),
        ));
    }
    all
}

/// Returns what the policies have in common.
fn spec(settings: &Settings, variables: Vec<(String, String)>, rules: Value) -> Map<String, Value> {
    let scope = settings.scope;
    // A signal on the pod is not needed.
    let left_out = usize::from(scope.assume_eci || scope.namespace_labels);
    let conditions = conditions().into_iter().skip(left_out);
    let conditions = conditions.map(|condition| (condition.name.to_owned(), condition.expression));
    let constraints = json!({
        "namespaceSelector": {"matchExpressions": [
            {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system"]},
        ]},
        "resourceRules": rules,
    });
    Map::from_iter([
        ("failurePolicy".to_owned(), json!("Fail")),
        ("matchConstraints".to_owned(), constraints),
        ("matchConditions".to_owned(), named(conditions)),
        ("variables".to_owned(), named(variables)),
    ])
}

/// Returns a policy and its binding.
fn policy(kind: &str, name: &str, spec: Map<String, Value>, mut binding: Value) -> [Value; 2] {
    if let Some(binding) = binding.as_object_mut() {
        binding.insert("policyName".to_owned(), json!(name));
    }
    let object = |kind: String, spec: Value| {
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": kind,
            "metadata": {"name": name},
            "spec": spec,
        })
    };
    [
        object(format!("{kind}AdmissionPolicy"), spec.into()),
        object(format!("{kind}AdmissionPolicyBinding"), binding),
    ]
}

/// Returns the rules for pods.
fn pods(mut rules: Value) -> Value {
    if let Some(rules) = rules.as_array_mut() {
        let is_of_pods = |resource: &Value| {
            let resource = resource.as_str();
            resource.is_some_and(|resource| resource.split('/').next() == Some("pods"))
        };
        rules.retain(|rule| {
            let resources = rule.get("resources").and_then(Value::as_array);
            resources.is_some_and(|resources| resources.iter().any(is_of_pods))
        });
    }
    rules
}
