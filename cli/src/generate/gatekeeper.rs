//! The rules as a ConstraintTemplate of Gatekeeper with the engine `K8sNativeValidation`, and a constraint for each action.

use eci_security_context::policy::cel::condition::conditions;
use eci_security_context::policy::cel::syntax::capability;
use eci_security_context::policy::cel::validation::{Check, all_variables, checks};
use eci_security_context::policy::settings::Settings;
use serde_json::{Value, json};

use super::named;

/// The kind of the constraints that deny, and of those that warn.
const KINDS: [(&str, bool); 2] = [
    ("EciSecurityContext", true),
    ("EciSecurityContextWarning", false),
];

pub(super) fn documents(settings: &Settings) -> Vec<Value> {
    // What the webhook of Gatekeeper is asked about is decided by its own configuration, so the conditions hold here.
    let conditions: Vec<_> = conditions()
        .into_iter()
        .skip(1)
        .map(|condition| condition.expression)
        .collect();
    let judged = conditions
        .iter()
        .map(|condition| format!("({condition})"))
        .collect::<Vec<_>>()
        .join(" && ");
    let mut variables = variables(settings);
    variables.push(("isJudged".to_owned(), judged));
    let mut all = Vec::new();
    for (kind, denies) in KINDS {
        let validations = checks(settings, denies).into_iter().map(|Check { expression, message }| {
            json!({"expression": format!("!variables.isJudged ||\n({expression})"), "messageExpression": message})
        });
        all.push(json!({
            "apiVersion": "templates.gatekeeper.sh/v1",
            "kind": "ConstraintTemplate",
            "metadata": {
                "name": kind.to_ascii_lowercase(),
                "annotations": {
                    "metadata.gatekeeper.sh/title": "ECI security context",
                    "metadata.gatekeeper.sh/version": env!("CARGO_PKG_VERSION"),
                    "description": "Reports what Alibaba Cloud's Elastic Container Instance refuses, loses or ignores of a pod's security context.",
                },
            },
            "spec": {
                "crd": {"spec": {"names": {"kind": kind}, "validation": {"openAPIV3Schema": parameters_schema()}}},
                "targets": [{
                    "target": "admission.k8s.gatekeeper.sh",
                    "code": [{
                        "engine": "K8sNativeValidation",
                        "source": {
                            "failurePolicy": "Fail",
                            "variables": named(variables.clone()),
                            "validations": validations.collect::<Vec<_>>(),
                        },
                    }],
                }],
            },
        }));
    }
    let approved = &settings.account.approved;
    for (kind, denies) in KINDS {
        all.push(json!({
            "apiVersion": "constraints.gatekeeper.sh/v1beta1",
            "kind": kind,
            "metadata": {"name": super::NAME},
            "spec": {
                "enforcementAction": if denies { "deny" } else { "warn" },
                "parameters": {"approved": {"privileged": approved.privileged, "capabilities": approved.capabilities}},
                "match": {
                    "excludedNamespaces": ["kube-system"],
                    "kinds": [
                        {"apiGroups": [""], "kinds": ["Pod", "PodTemplate", "ReplicationController"]},
                        {"apiGroups": ["apps"], "kinds": ["ReplicaSet", "Deployment", "StatefulSet", "DaemonSet"]},
                        {"apiGroups": ["batch"], "kinds": ["Job", "CronJob"]},
                        {"apiGroups": ["apps.kruise.io", "argoproj.io", "serving.knative.dev"], "kinds": ["CloneSet", "Rollout", "Service"]},
                    ],
                },
            },
        }));
    }
    all
}

const APPROVED_PRIVILEGED: &str = "variables.params.?approved.?privileged.orValue(false)";

/// Returns the variables, of which the approvals are those of the constraint.
fn variables(settings: &Settings) -> Vec<(String, String)> {
    let mut without = settings.clone();
    without.account.approved.privileged = false;
    without.account.approved.capabilities.clear();
    let mut variables = all_variables(&without);
    let profile = settings.account.profile;
    for (name, expression) in &mut variables {
        match name.as_str() {
            "granted" if profile.capability_approvals => {
                // `ALL` cannot be approved.
                *expression = format!(
                    "{expression} + variables.params.?approved.?capabilities.orValue([])\n  .map(n, {}).filter(n, n != \"ALL\")",
                    capability("n")
                );
            }
            "privileged" if profile.privileged => APPROVED_PRIVILEGED.clone_into(expression),
            "privilegedInit" if profile.privileged_init => {
                APPROVED_PRIVILEGED.clone_into(expression)
            }
            _ => {}
        }
    }
    variables
}

fn parameters_schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "approved": {
                "type": "object",
                "description": "What Alibaba Cloud has approved for the account, by ticket.",
                "properties": {
                    "privileged": {"type": "boolean", "description": "Privileged containers."},
                    "capabilities": {
                        "type": "array",
                        "description": "Capabilities, such as SYS_RAWIO. ALL has no effect.",
                        "items": {"type": "string"},
                    },
                },
            },
        },
    })
}
