//! What an API server takes of a document, by its kind.
//!
//! The schemas of Kubewarden's policies are those of its SDK (feature `crd`), those of Kubernetes' own kinds
//! k8s-openapi's. Of the PolicyServer neither has one: [`PolicyServerSpec`] is written after its reference,
//! <https://docs.kubewarden.io/reference/CRDs>, with the fields that the oldest Kubewarden taken here, 1.35, has.

use std::collections::BTreeMap;

use jsonschema::Validator;
use k8s_openapi::api::core::v1::{
    Affinity, EnvVar, PodSecurityContext, SecurityContext, ServiceAccount, Toleration,
};
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kubewarden_policy_sdk::crd::policies::{ClusterAdmissionPolicy, ClusterAdmissionPolicyGroup};
use schemars::{JsonSchema, schema_for};
use serde_json::Value;

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

/// The schema of a document's kind, if it is one of those that deploy/ has.
pub(crate) fn of(document: &Value) -> Option<Value> {
    let is = |api_version: &str, kind: &str| {
        document["apiVersion"] == api_version && document["kind"] == kind
    };
    let schema = if is("policies.kubewarden.io/v1", "ClusterAdmissionPolicy") {
        schema_for!(ClusterAdmissionPolicy)
    } else if is("policies.kubewarden.io/v1", "ClusterAdmissionPolicyGroup") {
        schema_for!(ClusterAdmissionPolicyGroup)
    } else if is("policies.kubewarden.io/v1", "PolicyServer") {
        schema_for!(PolicyServer)
    } else if is("v1", "ServiceAccount") {
        schema_for!(ServiceAccount)
    } else if is("rbac.authorization.k8s.io/v1", "ClusterRole") {
        schema_for!(ClusterRole)
    } else if is("rbac.authorization.k8s.io/v1", "ClusterRoleBinding") {
        schema_for!(ClusterRoleBinding)
    } else {
        return None;
    };
    let mut schema = schema.to_value();
    // The SDK's objects have a field for the subresources of their definition, which is none of the API's.
    if schema["properties"]
        .as_object_mut()
        .unwrap()
        .remove("subresources")
        .is_some()
    {
        schema["required"]
            .as_array_mut()
            .unwrap()
            .retain(|field| field != "subresources");
    }
    close(&mut schema);
    Some(schema)
}

/// What breaks the schema of the document's kind.
pub(crate) fn errors(document: &Value) -> Vec<String> {
    let Some(schema) = of(document) else {
        return vec![format!(
            "{}/{} is no kind of deploy/",
            document["apiVersion"], document["kind"]
        )];
    };
    let validator: Validator = jsonschema::draft202012::new(&schema).unwrap();
    validator
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

/// An API server drops a field that the schema does not have, and says nothing. Here it is an error.
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
