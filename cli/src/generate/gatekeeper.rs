//! The rules as a ConstraintTemplate of Gatekeeper with the engine `K8sNativeValidation`, and a constraint for each action.

use eci_security_context::glob::Glob;
use eci_security_context::policy::cel::condition::conditions;
use eci_security_context::policy::cel::syntax::capability;
use eci_security_context::policy::cel::validation::{Check, all_variables, checks, needed};
use eci_security_context::policy::cel::variables::pattern_of_glob;
use eci_security_context::policy::settings::{Exemption, Settings};
use serde_json::{Value, json};

use super::named;
use crate::failure::Failure;

/// The kind of the constraints that deny, and of those that warn.
const KINDS: [(&str, bool); 2] = [
    ("EciSecurityContext", true),
    ("EciSecurityContextWarning", false),
];

/// Returns the templates and the constraints.
///
/// # Errors
///
/// If a pattern of an exemption has characters that the parameters do not take.
pub(super) fn documents(settings: &Settings) -> Result<Vec<Value>, Failure> {
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
        let mut checks = checks(settings, false, denies);
        if settings.scope.namespace_labels {
            checks.insert(0, Check {
                expression: "namespaceObject != null".to_owned(),
                message: "\"scope.namespaceLabels needs Gatekeeper 3.23 or newer, which gives the Namespace to CEL\"".to_owned(),
            });
        }
        let mut texts = vec!["variables.isJudged"];
        texts.extend(
            checks
                .iter()
                .flat_map(|check| [check.expression.as_str(), &check.message]),
        );
        let needed = needed(&variables, &texts);
        let validations = checks.iter().map(|Check { expression, message }| {
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
                            "variables": named(needed),
                            "validations": validations.collect::<Vec<_>>(),
                        },
                    }],
                }],
            },
        }));
    }
    let approved = &settings.account.approved;
    let exempt = exempt(settings)?;
    for (kind, denies) in KINDS {
        all.push(json!({
            "apiVersion": "constraints.gatekeeper.sh/v1beta1",
            "kind": kind,
            "metadata": {"name": super::NAME},
            "spec": {
                "enforcementAction": if denies { "deny" } else { "warn" },
                "parameters": {"approved": {"privileged": approved.privileged, "capabilities": approved.capabilities}, "exempt": exempt},
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
    Ok(all)
}

/// Returns the exemptions as parameters.
fn exempt(settings: &Settings) -> Result<Vec<Value>, Failure> {
    let is_simple = |c: char| c.is_ascii_alphanumeric() || "._:@*/-".contains(c);
    let exempt = settings.exempt.iter().map(|Exemption { image, container }| {
        let container = container.as_ref().map(Glob::as_str);
        let mut globs = [Some(image.as_str()), container].into_iter().flatten();
        if let Some(glob) = globs.find(|glob| !glob.chars().all(is_simple)) {
            return Err(Failure::new(format!(
                "exempt: {glob:?} cannot be expressed for Gatekeeper; use letters, digits and . _ : @ * / - only"
            )));
        }
        Ok(match container {
            Some(container) => json!({"image": image.as_str(), "container": container}),
            None => json!({"image": image.as_str()}),
        })
    });
    exempt.collect()
}

const APPROVED_PRIVILEGED: &str = "variables.params.?approved.?privileged.orValue(false)";

/// Returns the variables, of which the approvals and exemptions are those of the constraint.
fn variables(settings: &Settings) -> Vec<(String, String)> {
    let mut without = settings.clone();
    without.account.approved.privileged = false;
    without.account.approved.capabilities.clear();
    let mut variables = all_variables(&without, false);
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
            "exempt" => {
                *expression = format!(
                    "variables.params.?exempt.orValue([])\n  .map(e, {{\"image\": {}, \"container\": {}}})",
                    pattern_of_glob("e.image"),
                    pattern_of_glob("e.?container.orValue(\"**\")")
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
            "exempt": {
                "type": "array",
                "description": "Containers that the rules of containers leave alone, by their image.",
                "items": {
                    "type": "object",
                    "required": ["image"],
                    "properties": {
                        "image": {
                            "type": "string",
                            "description": "A pattern for the image as it is written: * matches within a path segment, ** across them. The registry is written out.",
                            "pattern": "^[A-Za-z0-9._:@-]+(/[A-Za-z0-9._:@*/-]*)?$",
                        },
                        "container": {
                            "type": "string",
                            "description": "A pattern for the container's name, if only some containers with this image are exempt.",
                            "pattern": "^[A-Za-z0-9.*-]+$",
                        },
                    },
                },
            },
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
