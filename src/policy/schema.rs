//! The JSON Schema of the settings, made of the same tables by which [`crate::policy::parse`] checks them. Editors
//! complete and check by it; the policy does not.
//!
//! It cannot say that `scope.namespaceLabels` needs a host that can be asked for a Namespace.

use serde_json::{Map, Value, json};

use crate::eci::capability;
use crate::eci::profile::PROFILES;
use crate::policy::settings::LATEST;
use crate::rules::RULES;
use crate::rules::rule::Action;

/// A segment of a sysctl's name.
const SEGMENT: &str = "[a-z0-9](?:[-_a-z0-9]*[a-z0-9])?";

/// The schema, of draft 2020-12.
pub fn schema() -> Value {
    let profiles: Vec<_> = PROFILES
        .iter()
        .map(|profile| profile.name)
        .chain([LATEST])
        .collect();
    let mut schema = object(
        "The settings of the policy eci-security-context. All are optional.",
        json!({
            "profile": choice(
                "The revision of ECI's rules: the date of its documents, or latest.",
                json!(profiles),
                LATEST,
            ),
            "mutate": choice(
                "The objects that the policy may repair: none, pods when they are created, or all. In workloads, tools \
                 that compare the cluster with git see a repair as a difference.",
                json!(["none", "pods", "all"]),
                "pods",
            ),
            "scope": object("The pods that run on ECI.", json!({
                "assumeEci": flag(
                    "True if every pod runs on ECI: in ACK Serverless, or where a namespaceSelector binds the policy.",
                ),
                "possible": choice(
                    "The action on a pod that may run on ECI: only warnings, the same as on a pod that certainly does, \
                     or nothing.",
                    json!(["warn", "enforce", "ignore"]),
                    "warn",
                ),
                "namespaceLabels": flag(
                    "True if the labels of the Namespace count. The policy then needs permission to read Namespaces.",
                ),
            })),
            "actions": actions(),
            "approved": object("The approvals that the account got by ticket.", json!({
                "privileged": flag("True if privileged containers are approved."),
                "capabilities": list(
                    "The approved capabilities, without those that ECI grants to everyone. ALL cannot be approved.",
                    capability(),
                ),
                "hostSysctls": list(
                    "The sysctls that are approved for the annotation k8s.aliyun.com/eci-host-sysctls.",
                    host_sysctl(),
                ),
            })),
            "exempt": list(
                "Containers that are not judged: their findings are only in the audit annotation, and they are not repaired.",
                exemption(),
            ),
        }),
    );
    put(
        &mut schema,
        "$schema",
        "https://json-schema.org/draft/2020-12/schema".into(),
    );
    put(
        &mut schema,
        "$id",
        concat!(
            env!("CARGO_PKG_REPOSITORY"),
            "/raw/main/schemas/settings.schema.json"
        )
        .into(),
    );
    put(
        &mut schema,
        "title",
        "Settings of eci-security-context".into(),
    );
    schema
}

fn actions() -> Value {
    let mut properties = Map::new();
    properties.insert(
        "*".to_owned(),
        action(
            "The strongest action of all rules that are not named here. It does not raise weaker actions.",
            true,
            Action::Deny,
        ),
    );
    for rule in RULES {
        let repair = rule
            .fix_summary()
            .map(|fix| format!(" Fix: {fix}."))
            .unwrap_or_default();
        let description = format!(
            "Finds {}. Effect: {}.{repair}",
            rule.summary,
            rule.effect.as_str()
        );
        properties.insert(
            rule.id.to_owned(),
            action(&description, rule.fix.is_available(), rule.action),
        );
    }
    object(
        "By rule, what is done about its findings, in place of the default.",
        Value::Object(properties),
    )
}

/// An action. Readers of YAML 1.1, kubectl among them, take a bare `off` for false.
fn action(description: &str, takes_fix: bool, default: Action) -> Value {
    let actions = Action::ALL
        .into_iter()
        .filter(|action| takes_fix || *action != Action::Fix);
    let words: Vec<_> = actions
        .map(|action| json!(action.as_str()))
        .chain([json!(false)])
        .collect();
    choice(description, words.into(), default.as_str())
}

/// A capability of Linux: as Kubernetes spells it, for completion, or in any spelling that is taken.
fn capability() -> Value {
    let letters = |name: &str| name.chars().map(either_case).collect::<String>();
    let names: Vec<_> = capability::LINUX.iter().map(|name| letters(name)).collect();
    json!({
        "description": "A capability of Linux.",
        "anyOf": [
            { "enum": capability::LINUX },
            { "type": "string", "pattern": format!("^(?:{})?(?:{})$", letters("CAP_"), names.join("|")) },
        ],
    })
}

/// A pattern of an ASCII letter in upper or lower case; of another character, that.
fn either_case(c: char) -> String {
    if c.is_ascii_alphabetic() {
        format!("[{}{}]", c.to_ascii_uppercase(), c.to_ascii_lowercase())
    } else {
        c.to_string()
    }
}

/// A name that [`crate::eci::sysctl::is_name`] accepts, or the beginning of one and `*`.
fn host_sysctl() -> Value {
    json!({
        "description": "The name of a sysctl, or a prefix that ends in *.",
        "type": "string",
        "pattern": format!("^(?:{SEGMENT}[./])*(?:{SEGMENT}|(?:[a-z0-9][-_a-z0-9]*)?\\*)$"),
        "maxLength": 253,
        "examples": ["vm.max_map_count", "kernel.shm*"],
    })
}

fn exemption() -> Value {
    let mut exemption = object(
        "Containers, by their image.",
        json!({
            "image": {
                "description": "A pattern for the image as it is written. * matches within a path segment, ** across \
                                segments. The part before the first / cannot have a wildcard.",
                "type": "string",
                "minLength": 1,
                "pattern": "^[^*/]*(?:/|$)",
                "examples": ["registry.example/istio/**"],
            },
            "container": {
                "description": "A pattern for the container's name, if only some containers with this image are exempt.",
                "type": "string",
                "minLength": 1,
                "examples": ["istio-*"],
            },
        }),
    );
    put(&mut exemption, "required", json!(["image"]));
    exemption
}

/// An object of these keys alone.
fn object(description: &str, properties: Value) -> Value {
    json!({ "description": description, "type": "object", "properties": properties, "additionalProperties": false })
}

fn list(description: &str, items: Value) -> Value {
    json!({ "description": description, "type": "array", "items": items, "default": [] })
}

fn flag(description: &str) -> Value {
    json!({ "description": description, "type": "boolean", "default": false })
}

fn choice(description: &str, values: Value, default: &str) -> Value {
    json!({ "description": description, "enum": values, "default": default })
}

fn put(object: &mut Value, key: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(key.to_owned(), value);
    }
}
