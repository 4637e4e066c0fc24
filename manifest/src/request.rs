//! The admission request that the API server sends for an object, without the defaults that the server would add to
//! the object.

use serde_json::{Value, json};

const UID: &str = "00000000-0000-4000-8000-000000000000";

/// The parts of a request that do not follow from its object.
#[derive(Debug, Clone, Copy)]
pub struct RequestOptions<'a> {
    /// `CREATE`, `UPDATE`, `DELETE` or `CONNECT`.
    pub operation: &'a str,
    /// The subresource, if the request is for one.
    pub sub_resource: Option<&'a str>,
    /// The object before an `UPDATE`.
    pub old_object: Option<&'a Value>,
}

impl Default for RequestOptions<'_> {
    fn default() -> Self {
        Self {
            operation: "CREATE",
            sub_resource: None,
            old_object: None,
        }
    }
}

/// Makes the AdmissionRequest (the `request` of an AdmissionReview) for an object. A `DELETE` has the object as its
/// `oldObject`, and no `object`.
pub fn admission_request(object: &Value, options: &RequestOptions) -> Value {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let kind = text("/kind").unwrap_or_default();
    let api_version = text("/apiVersion").unwrap_or_default();
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let name = text("/metadata/name").unwrap_or_default();
    let namespace = text("/metadata/namespace").unwrap_or("default");
    let kind_of_request = json!({ "group": group, "version": version, "kind": kind });
    let resource = json!({ "group": group, "version": version, "resource": plural(kind) });
    let (object, old_object) = match options.operation {
        "DELETE" => (None, options.old_object.or(Some(object))),
        _ => (Some(object), options.old_object),
    };
    let mut request = json!({
        "uid": UID,
        "kind": kind_of_request,
        "resource": resource,
        "requestKind": kind_of_request,
        "requestResource": resource,
        "name": name,
        "namespace": namespace,
        "operation": options.operation,
        "userInfo": { "username": "kubernetes-admin", "groups": ["system:authenticated"] },
        "object": object,
        "oldObject": old_object,
        "dryRun": false,
        "options": {},
    });
    if let (Some(sub_resource), Value::Object(request)) = (options.sub_resource, &mut request) {
        request.insert("subResource".into(), sub_resource.into());
        request.insert("requestSubResource".into(), sub_resource.into());
    }
    request
}

/// Returns the AdmissionRequest in a document that is an AdmissionReview, the payload of a Kubewarden policy or an
/// AdmissionRequest. For any other document, makes the request that creates it.
pub fn request_of(document: &Value) -> Value {
    let has = |key| document.get(key).is_some();
    match document.get("request") {
        Some(request)
            if document.get("kind").map_or_else(
                || {
                    ["uid", "operation"]
                        .iter()
                        .all(|key| request.get(key).is_some())
                },
                |kind| kind == "AdmissionReview",
            ) =>
        {
            request.clone()
        }
        _ if has("uid") && has("operation") && (has("object") || has("oldObject")) => {
            document.clone()
        }
        _ => admission_request(document, &RequestOptions::default()),
    }
}

/// The resource of a kind, guessed as Kubernetes does it.
fn plural(kind: &str) -> String {
    let singular = kind.to_lowercase();
    match singular.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None if singular.ends_with('s') => format!("{singular}es"),
        None => format!("{singular}s"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "a test may panic")]

    use super::*;

    #[test]
    fn the_kind_gives_group_version_and_resource() {
        for (api_version, kind, group, version, resource) in [
            ("v1", "Pod", "", "v1", "pods"),
            ("v1", "PodTemplate", "", "v1", "podtemplates"),
            (
                "v1",
                "ReplicationController",
                "",
                "v1",
                "replicationcontrollers",
            ),
            ("apps/v1", "Deployment", "apps", "v1", "deployments"),
            ("batch/v1beta1", "CronJob", "batch", "v1beta1", "cronjobs"),
            (
                "networking.k8s.io/v1",
                "NetworkPolicy",
                "networking.k8s.io",
                "v1",
                "networkpolicies",
            ),
            (
                "networking.k8s.io/v1",
                "Ingress",
                "networking.k8s.io",
                "v1",
                "ingresses",
            ),
        ] {
            let object = json!({ "apiVersion": api_version, "kind": kind });
            let request = admission_request(&object, &RequestOptions::default());
            assert_eq!(
                request["kind"],
                json!({ "group": group, "version": version, "kind": kind })
            );
            assert_eq!(
                request["resource"],
                json!({ "group": group, "version": version, "resource": resource })
            );
            assert_eq!(request["requestKind"], request["kind"]);
            assert_eq!(request["requestResource"], request["resource"]);
        }
    }

    #[test]
    fn a_request_to_create() {
        let object = json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "web", "namespace": "shop" } });
        let request = admission_request(&object, &RequestOptions::default());
        assert_eq!(request["object"], object);
        assert_eq!(request["oldObject"], Value::Null);
        assert_eq!(request["name"], "web");
        assert_eq!(request["namespace"], "shop");
        assert_eq!(request["operation"], "CREATE");
        assert_eq!(request["dryRun"], false);
        assert_eq!(request.get("subResource"), None);
    }

    #[test]
    fn the_options_show_in_the_request() {
        let (old, new) = (
            json!({ "kind": "Pod", "old": true }),
            json!({ "kind": "Pod" }),
        );
        let request = admission_request(
            &new,
            &RequestOptions {
                operation: "UPDATE",
                sub_resource: Some("ephemeralcontainers"),
                old_object: Some(&old),
            },
        );
        assert_eq!(request["object"], new);
        assert_eq!(request["oldObject"], old);
        assert_eq!(request["operation"], "UPDATE");
        assert_eq!(request["subResource"], "ephemeralcontainers");
        assert_eq!(request["namespace"], "default");
    }

    #[test]
    fn a_deleted_object_is_the_old_object() {
        let object = json!({ "kind": "Pod", "metadata": { "name": "web" } });
        let request = admission_request(
            &object,
            &RequestOptions {
                operation: "DELETE",
                ..RequestOptions::default()
            },
        );
        assert_eq!(request["object"], Value::Null);
        assert_eq!(request["oldObject"], object);
        assert_eq!(request["name"], "web");
    }

    #[test]
    fn an_object_of_any_shape_has_a_request() {
        for object in [
            json!(null),
            json!([]),
            json!({ "kind": 1, "metadata": "x", "apiVersion": {} }),
        ] {
            let request = admission_request(&object, &RequestOptions::default());
            assert_eq!(request["object"], object);
            assert_eq!(request["kind"]["kind"], "");
        }
    }

    #[test]
    fn a_request_is_found_in_a_document() {
        let pod = json!({ "apiVersion": "v1", "kind": "Pod" });
        let request = admission_request(
            &pod,
            &RequestOptions {
                operation: "UPDATE",
                ..RequestOptions::default()
            },
        );
        let review = json!({ "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request });
        assert_eq!(request_of(&review), request);
        assert_eq!(request_of(&request), request);
        assert_eq!(
            request_of(&json!({ "request": request, "settings": {} })),
            request
        );
        assert_eq!(request_of(&pod)["object"], pod);
        let other = json!({ "kind": "Other", "request": {}, "operation": "x", "object": {} });
        assert_eq!(request_of(&other)["object"], other);
    }
}
