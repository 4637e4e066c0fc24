//! The `AdmissionReview` of the API server, and its answer.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use eci_host::Error;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::policies::Policy;

/// A review of the API server (`admission.k8s.io/v1`).
#[derive(Deserialize)]
pub(crate) struct Review {
    request: Box<RawValue>,
}

/// The parts of a request that the answer needs.
#[derive(Deserialize)]
struct Request {
    uid: String,
    object: Option<Value>,
}

/// The answer of a policy (`ValidationResponse` of Kubewarden's SDK).
#[derive(Deserialize)]
struct Verdict {
    accepted: bool,
    message: Option<String>,
    code: Option<u16>,
    mutated_object: Option<Value>,
    warnings: Option<Vec<String>>,
    audit_annotations: Option<Map<String, Value>>,
}

/// An answer to the API server.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    uid: String,
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Value>,
    audit_annotations: Option<Map<String, Value>>,
    warnings: Option<Vec<String>>,
}

impl Review {
    /// Returns the answer of a policy. `namespaces` reads a Namespace of the cluster.
    ///
    /// # Errors
    /// If the request has no uid.
    pub(crate) fn answer(
        &self,
        name: &str,
        policy: &Policy,
        namespaces: impl Fn(&str) -> Result<Value, String> + Send + Sync + 'static,
    ) -> Result<Value, serde_json::Error> {
        let request: Request = serde_json::from_str(self.request.get())?;
        let payload = format!(
            r#"{{"request":{},"settings":{}}}"#,
            self.request.get(),
            policy.settings
        );
        let verdict = policy
            .module
            .call("validate", payload.as_bytes(), namespaces);
        let verdict = verdict
            .map_err(|error| message_of(&error))
            .and_then(|bytes| {
                serde_json::from_slice(&bytes)
                    .map_err(|error| format!("internal server error: {error}"))
            });
        let response = match verdict {
            Ok(verdict) => Response::of(request, verdict),
            Err(message) => Response::rejection(request.uid, &message, Some(500)),
        };
        Ok(json!({
            "apiVersion": "admission.k8s.io/v1",
            "kind": "AdmissionReview",
            "response": response.within_limits(name, policy),
        }))
    }
}

/// The message of policy-server for a call that failed.
fn message_of(error: &Error) -> String {
    match error {
        Error::Deadline(_) => {
            "Policy execution interrupted because it exceeded the allowed execution time".to_owned()
        }
        other => format!("internal server error: Guest call failure: {other}"),
    }
}

impl Response {
    fn of(request: Request, verdict: Verdict) -> Self {
        let patch = verdict
            .mutated_object
            .map(|repaired| json_patch::diff(&request.object.unwrap_or_default(), &repaired));
        let patch = patch.filter(|patch| !patch.0.is_empty());
        let response = if verdict.accepted {
            Self {
                uid: request.uid,
                allowed: true,
                ..Self::default()
            }
        } else {
            Self::rejection(
                request.uid,
                &verdict.message.unwrap_or_default(),
                verdict.code,
            )
        };
        Self {
            patch_type: patch.is_some().then_some("JSONPatch"),
            patch: patch.map(|patch| STANDARD.encode(json!(patch).to_string())),
            audit_annotations: verdict.audit_annotations,
            warnings: verdict.warnings,
            ..response
        }
    }

    fn rejection(uid: String, message: &str, code: Option<u16>) -> Self {
        let status = Some(json!({ "message": message, "code": code }));
        Self {
            uid,
            status,
            ..Self::default()
        }
    }

    /// Applies monitor mode, and refuses a patch of a policy that may not change the object.
    fn within_limits(self, name: &str, policy: &Policy) -> Self {
        if policy.monitors {
            eprintln!("policy evaluation (monitor mode) {name} {}", json!(self));
            return Self {
                allowed: true,
                patch_type: None,
                patch: None,
                status: None,
                ..self
            };
        }
        if policy.mutating || self.patch.is_none() {
            return self;
        }
        let message = format!(
            "Request rejected by policy {name}. The policy attempted to mutate the request, but it is currently configured to not allow mutations."
        );
        Self {
            audit_annotations: self.audit_annotations,
            warnings: self.warnings,
            ..Self::rejection(self.uid, &message, None)
        }
    }
}
