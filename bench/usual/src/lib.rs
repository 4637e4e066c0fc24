//! A policy written the usual way, as the SDK's template and documentation teach it. Only the benchmark runs it.
//!
//! It reads the whole payload as a tree and the pod as types of `k8s-openapi`. A changed pod is written back with the
//! SDK's helper. It checks and repairs only two of the policy's rules.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{EphemeralContainer, PodSpec, SecurityContext};
use kubewarden_policy_sdk::request::ValidationRequest;
use kubewarden_policy_sdk::{
    accept_request, mutate_pod_spec_from_request, protocol_version_guest, reject_request,
};
use serde::Deserialize;
use wapc_guest::{CallResult, register_function};

/// The capabilities that ECI grants, as in the policy's latest profile.
const GRANTED: &[&str] = &[
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_ADMIN",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
    "SYS_PTRACE",
];

/// Any settings, as the payloads have those of the policy.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Settings {
    #[serde(flatten)]
    _all: BTreeMap<String, serde_json::Value>,
}

#[unsafe(no_mangle)]
extern "C" fn wapc_init() {
    register_function("validate", validate);
    register_function("protocol_version", protocol_version_guest);
}

fn validate(payload: &[u8]) -> CallResult {
    let request = ValidationRequest::<Settings>::new(payload)?;
    let Some(mut pod) = request.extract_pod_spec_from_object()? else {
        return accept_request();
    };
    let mut denials = Vec::new();
    let mut is_repaired = false;
    for (name, context) in security_contexts(&mut pod) {
        if context.privileged == Some(true) {
            denials.push(format!("container {name} is privileged"));
        }
        let added = context
            .capabilities
            .as_mut()
            .and_then(|capabilities| capabilities.add.as_mut());
        for capability in added.into_iter().flatten() {
            let upper = capability.to_uppercase();
            let plain = upper.strip_prefix("CAP_").unwrap_or(&upper);
            if !GRANTED.contains(&plain) {
                denials.push(format!("container {name} adds {capability}"));
            } else if plain != capability {
                *capability = plain.to_owned();
                is_repaired = true;
            }
        }
    }
    if !denials.is_empty() {
        reject_request(Some(denials.join("; ")), Some(403), None, None)
    } else if is_repaired {
        mutate_pod_spec_from_request(request, pod)
    } else {
        accept_request()
    }
}

/// Returns the security contexts of all containers, each with the container's name.
fn security_contexts(pod: &mut PodSpec) -> impl Iterator<Item = (&str, &mut SecurityContext)> {
    let init = pod.init_containers.iter_mut().flatten();
    let own = init
        .chain(&mut pod.containers)
        .map(|one| (one.name.as_str(), &mut one.security_context));
    let ephemeral = pod.ephemeral_containers.iter_mut().flatten();
    let ephemeral = ephemeral.map(
        |EphemeralContainer {
             name,
             security_context,
             ..
         }| (&**name, security_context),
    );
    own.chain(ephemeral)
        .filter_map(|(name, context)| Some((name, context.as_mut()?)))
}
