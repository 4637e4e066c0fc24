//! The conditions under which the API server asks the policy.

use crate::eci::signal::{
    BURST_ECI, BURST_ECI_ONLY, BURST_RESOURCE, ECI_LABEL, ECI_LABEL_LEGACY, HOSTNAME, INSTANCE_ID,
    NODE_NAME_FIELD, TRUE, VIRTUAL_KUBELET, VIRTUAL_KUBELET_TAINT, VIRTUAL_NODE_PATTERN, VNODE,
};

/// A condition of `matchConditions`, as a CEL expression of `request`, `object` and `oldObject`.
#[derive(Debug)]
pub struct Condition {
    /// The name.
    pub name: &'static str,
    /// The expression. One that covers several lines ends with a line break.
    pub expression: String,
}

/// Returns the conditions, all of which hold for every request on which the policy acts without `scope.assumeEci` and
/// `scope.namespaceLabels`.
pub fn conditions() -> [Condition; 3] {
    [
        Condition {
            name: "may-run-on-eci",
            expression: may_run_on_eci(),
        },
        Condition {
            name: "may-still-be-placed",
            expression: MAY_STILL_BE_PLACED.to_owned(),
        },
        Condition {
            name: "is-not-being-deleted",
            expression: IS_NOT_BEING_DELETED.to_owned(),
        },
    ]
}

/// False for the update of a pod, unless it is behind scheduling gates.
const MAY_STILL_BE_PLACED: &str = r#"request.operation != "UPDATE" || request.kind.kind != "Pod" || request.?subResource.orValue("") != "" ||
oldObject.?spec.?schedulingGates.orValue([]) != [] && oldObject.?spec.?nodeName.orValue(null) == null
"#;

/// False for an update of an object that is being deleted, so that finalizers can be removed while no policy-server answers.
const IS_NOT_BEING_DELETED: &str = r#"request.operation != "UPDATE" || oldObject.?metadata.?deletionTimestamp.orValue(null) == null"#;

/// Returns the condition that is false only where no signal is on the pod (template).
///
/// Objects of other groups than Kubernetes' own may have any shape, so the API server asks about all of them.
fn may_run_on_eci() -> String {
    let (label, label_value) = VIRTUAL_KUBELET;
    // Rust's `Debug` writes these strings as CEL does.
    let virtual_node = format!("matches({VIRTUAL_NODE_PATTERN:?})");
    format!(
        r#"object != null && (
  !(request.kind.group in ["", "apps", "batch"]) ||
  [
    request.kind.kind == "Pod" ? object :
    request.kind.kind == "PodTemplate" ? object.?template.orValue({{}}) :
    request.kind.kind == "CronJob" ? object.?spec.?jobTemplate.?spec.?template.orValue({{}}) :
    object.?spec.?template.orValue({{}})
  ].exists(pod,
    [{ECI_LABEL:?}, {ECI_LABEL_LEGACY:?}].exists(label, pod.?metadata.?labels[?label].orValue("") == {TRUE:?}) ||
    pod.?metadata.?annotations[?{INSTANCE_ID:?}].hasValue() ||
    pod.?metadata.?annotations[?{BURST_RESOURCE:?}].orValue("") in [{BURST_ECI_ONLY:?}, {BURST_ECI:?}] ||
    pod.?spec.?nodeName.orValue("").{virtual_node} ||
    pod.?spec.?nodeSelector[?{label:?}].orValue("") == {label_value:?} ||
    pod.?spec.?nodeSelector[?{VNODE:?}].orValue("") == {TRUE:?} ||
    pod.?spec.?nodeSelector[?{HOSTNAME:?}].orValue("").{virtual_node} ||
    pod.?spec.?tolerations.orValue([]).exists(toleration,
      toleration.?key.orValue("") in [{VIRTUAL_KUBELET_TAINT:?}, {VNODE:?}]) ||
    (
      pod.?spec.?affinity.?nodeAffinity.?requiredDuringSchedulingIgnoredDuringExecution.?nodeSelectorTerms.orValue([]) +
      pod.?spec.?affinity.?nodeAffinity.?preferredDuringSchedulingIgnoredDuringExecution.orValue([])
        .map(preferred, preferred.?preference.orValue({{}}))
    ).exists(term,
      term.?matchExpressions.orValue([]).exists(required,
        required.?key.orValue("") in [{label:?}, {VNODE:?}] && required.?operator.orValue("") in ["In", "Exists"] ||
        required.?key.orValue("") == {HOSTNAME:?} && required.?values.orValue([]).exists(name, name.{virtual_node})) ||
      term.?matchFields.orValue([]).exists(required,
        required.?key.orValue("") == {NODE_NAME_FIELD:?} && required.?values.orValue([]).exists(name, name.{virtual_node})))
  )
)
"#
    )
}
