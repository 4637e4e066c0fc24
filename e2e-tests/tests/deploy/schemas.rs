//! The schemas by which an API server reads the documents.
//!
//! Those of Kubewarden's policies come from its SDK (feature `crd`), and those of Kubernetes' own kinds from k8s-openapi.
//! Neither has the PolicyServer. [`PolicyServerSpec`] follows <https://docs.kubewarden.io/reference/CRDs>, and has the
//! fields of the oldest supported Kubewarden, 1.35. [`PrometheusRule`] follows the Prometheus Operator 0.95.2, without the
//! fields that are not for alerts.

use std::collections::BTreeMap;

use jsonschema::Validator;
use k8s_openapi::api::admissionregistration::v1::{
    ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
};
use k8s_openapi::api::core::v1::{
    Affinity, ConfigMap, EnvVar, PodSecurityContext, SecurityContext, ServiceAccount, Toleration,
};
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kubewarden_policy_sdk::crd::policies::{ClusterAdmissionPolicy, ClusterAdmissionPolicyGroup};
use schemars::{JsonSchema, schema_for};
use serde_json::{Value, json};

use super::all;

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[allow(dead_code, reason = "only its schema is used")]
struct PolicyServer {
    api_version: String,
    kind: String,
    metadata: ObjectMeta,
    spec: PolicyServerSpec,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[allow(dead_code, reason = "only its schema is used")]
struct PolicyServerSpec {
    affinity: Option<Affinity>,
    annotations: Option<BTreeMap<String, String>>,
    env: Option<Vec<EnvVar>>,
    image: String,
    image_pull_secret: Option<String>,
    insecure_sources: Option<Vec<String>>,
    labels: Option<BTreeMap<String, String>>,
    limits: Option<BTreeMap<String, Quantity>>,
    max_unavailable: Option<IntOrString>,
    min_available: Option<IntOrString>,
    namespaced_policies_capabilities: Option<Vec<String>>,
    priority_class_name: Option<String>,
    replicas: i32,
    requests: Option<BTreeMap<String, Quantity>>,
    security_contexts: Option<SecurityContexts>,
    service_account_name: Option<String>,
    sigstore_trust_config: Option<String>,
    source_authorities: Option<BTreeMap<String, Vec<String>>>,
    tolerations: Option<Vec<Toleration>>,
    verification_config: Option<String>,
}

#[derive(JsonSchema)]
#[allow(dead_code, reason = "only its schema is used")]
struct SecurityContexts {
    container: Option<SecurityContext>,
    pod: Option<PodSecurityContext>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[allow(dead_code, reason = "only its schema is used")]
struct PrometheusRule {
    api_version: String,
    kind: String,
    metadata: ObjectMeta,
    spec: PrometheusRuleSpec,
}

#[derive(JsonSchema)]
#[allow(dead_code, reason = "only its schema is used")]
struct PrometheusRuleSpec {
    groups: Vec<RuleGroup>,
}

#[derive(JsonSchema)]
#[allow(dead_code, reason = "only its schema is used")]
struct RuleGroup {
    name: String,
    interval: Option<String>,
    rules: Vec<Rule>,
}

#[derive(JsonSchema)]
#[allow(dead_code, reason = "only its schema is used")]
struct Rule {
    alert: String,
    expr: String,
    r#for: String,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
}

/// The schema of a document's kind, if deploy/ uses the kind.
pub(crate) fn of(document: &Value) -> Option<Value> {
    let (version, kind) = (&document["apiVersion"], &document["kind"]);
    let schema = match (version.as_str()?, kind.as_str()?) {
        ("policies.kubewarden.io/v1", "ClusterAdmissionPolicy") => {
            schema_for!(ClusterAdmissionPolicy)
        }
        ("policies.kubewarden.io/v1", "ClusterAdmissionPolicyGroup") => {
            schema_for!(ClusterAdmissionPolicyGroup)
        }
        ("policies.kubewarden.io/v1", "PolicyServer") => schema_for!(PolicyServer),
        ("monitoring.coreos.com/v1", "PrometheusRule") => schema_for!(PrometheusRule),
        ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy") => {
            schema_for!(ValidatingAdmissionPolicy)
        }
        ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding") => {
            schema_for!(ValidatingAdmissionPolicyBinding)
        }
        ("v1", "ConfigMap") => schema_for!(ConfigMap),
        ("v1", "ServiceAccount") => schema_for!(ServiceAccount),
        ("rbac.authorization.k8s.io/v1", "ClusterRole") => schema_for!(ClusterRole),
        ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding") => schema_for!(ClusterRoleBinding),
        _ => return None,
    };
    let mut schema = schema.to_value();
    // The SDK requires a field that only its definition of the kind has.
    let properties = schema["properties"].as_object_mut().unwrap();
    if properties.remove("subresources").is_some() {
        let required = schema["required"].as_array_mut().unwrap();
        required.retain(|field| field != "subresources");
    }
    close(&mut schema);
    Some(schema)
}

/// The errors of a document by the schema of its kind.
pub(crate) fn errors(document: &Value) -> Vec<String> {
    let Some(schema) = of(document) else {
        return vec![format!("deploy/ has no schema for {}", document["kind"])];
    };
    let validator: Validator = jsonschema::draft202012::new(&schema).unwrap();
    validator
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

/// Makes an unknown field an error. An API server drops it without an error.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if object.contains_key("properties") && object["type"] == "object" {
                object.entry("additionalProperties").or_insert(false.into());
            }
            object.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

#[test]
fn every_document_fits_the_schema_of_its_kind() {
    let all = all();
    assert!(all.len() > 20, "{}", all.len());
    for (origin, document) in all {
        let errors = errors(&document);
        let name = &document["metadata"]["name"];
        assert!(errors.is_empty(), "{origin}: {name}: {errors:#?}");
    }
}

#[test]
fn errors_that_an_api_server_would_drop_or_refuse_are_found() {
    let all = all();
    let first = |kind: &str| {
        let mut documents = all.iter().map(|(_, document)| document);
        documents
            .find(|document| document["kind"] == kind)
            .unwrap()
            .clone()
    };
    // For each kind a path, the wrong value there, and a part of the error.
    let wrong = json!({
        "ClusterAdmissionPolicy": [
            ["", "spce", {}, "spce"],
            ["/metadata", "lables", {}, "lables"],
            ["/spec", "setings", {}, "setings"],
            ["/spec", "namespaceSelector", {"matchLabel": {}}, "matchLabel"],
            ["/spec", "mode", "Monitor", "Monitor"],
            ["/spec", "failurePolicy", "fail", "fail"],
            ["/spec", "module", 1, "string"],
            ["/spec/rules/0", "resource", "pods", "resource"],
            ["/spec/contextAwareResources/0", "version", "v1", "version"],
        ],
        "ClusterAdmissionPolicyGroup": [
            ["/spec/policies/newest", "mutating", false, "mutating"],
            ["/spec", "policies", [], "object"],
        ],
        "PolicyServer": [
            ["/spec", "replica", 2, "replica"],
            ["/spec", "replicas", "2", "integer"],
            // A field that Kubewarden has since 1.36.
            ["/spec", "webhookPort", 8443, "webhookPort"],
            ["/spec/affinity/podAntiAffinity", "required", [], "required"],
        ],
        "PrometheusRule": [
            ["/spec/groups/0", "rule", [], "rule"],
            ["/spec/groups/0/rules/0", "severity", "critical", "severity"],
            ["/spec/groups/0/rules/0", "for", 5, "string"],
        ],
        "ValidatingAdmissionPolicy": [
            ["/spec", "failPolicy", "Fail", "failPolicy"],
            ["/spec", "variables", {}, "array"],
            ["/spec/validations/0", "reason", 403, "string"],
            ["/spec/matchConstraints/resourceRules/0", "resource", [], "resource"],
        ],
        "ValidatingAdmissionPolicyBinding": [["/spec", "validationActions", "Deny", "array"]],
        "ConfigMap": [["", "spec", {}, "spec"]],
        "ServiceAccount": [["/metadata", "namespaces", "kubewarden", "namespaces"]],
        "ClusterRole": [["/rules/0", "verb", "get", "verb"]],
        "ClusterRoleBinding": [["/roleRef", "namespace", "kubewarden", "namespace"]],
    });
    for (kind, rows) in wrong.as_object().unwrap() {
        for row in rows.as_array().unwrap() {
            let [pointer, key, part] = [0, 1, 3].map(|cell| row[cell].as_str().unwrap());
            let mut document = first(kind);
            document.pointer_mut(pointer).unwrap()[key] = row[2].clone();
            let errors = errors(&document).join("\n");
            assert!(errors.contains(part), "{kind}: {row}: {errors:?}");
        }
    }
    for (kind, pointer, key) in [
        ("ClusterAdmissionPolicy", "/spec", "module"),
        ("ClusterAdmissionPolicyGroup", "/spec", "expression"),
        ("PolicyServer", "/spec", "image"),
        ("ClusterRoleBinding", "", "roleRef"),
    ] {
        let mut document = first(kind);
        let fields = document.pointer_mut(pointer).unwrap();
        fields.as_object_mut().unwrap().remove(key).unwrap();
        let errors = errors(&document).join("\n");
        assert!(errors.contains(key), "{kind} without {key}: {errors:?}");
    }
    assert_eq!(errors(&json!({"apiVersion": "v1", "kind": "Pod"})).len(), 1);
}
