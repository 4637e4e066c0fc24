//! How sure it is that a pod runs on ECI, in CEL: 2 for certain, 1 for possible, 0 for no.

use crate::eci::signal::{
    ACS_COMPUTE_CLASS, ACS_LABEL, ACS_TAINT, BURST_ECI, BURST_ECI_ONLY, BURST_RESOURCE, ECI_LABEL,
    ECI_LABEL_LEGACY, HOSTNAME, INSTANCE_ID, NAMESPACE_INJECTION, NODE_NAME_FIELD, TRUE,
    VIRTUAL_KUBELET, VIRTUAL_KUBELET_TAINT, VIRTUAL_NODE_PATTERN, VNODE,
};
use crate::policy::settings::{Possible, ScopeSettings};

/// Returns the certainties of the templates in `variables.templates`, in the order of `docs/specification.md`, section 4.
/// `namespaces` is false for the certainty without the labels of the Namespace.
pub(super) fn certainties(settings: ScopeSettings, namespaces: bool) -> String {
    if settings.assume_eci {
        return "variables.templates.map(pod, 2)".to_owned();
    }
    let (label, label_value) = VIRTUAL_KUBELET;
    let (acs_key, acs_value) = ACS_TAINT;
    let virtual_node = format!("matches({VIRTUAL_NODE_PATTERN:?})");
    let terms = "pod.?spec.?affinity.?nodeAffinity.?requiredDuringSchedulingIgnoredDuringExecution.?nodeSelectorTerms.orValue([])\
                 .filter(term, term.?matchExpressions.orValue([]) != [] || term.?matchFields.orValue([]) != [])";
    let every_term = |condition: &str| format!("({terms} != [] && {terms}.all(term, {condition}))");
    let excludes = every_term(&format!(
        "term.?matchExpressions.orValue([]).exists(e, e.?key.orValue(\"\") == {label:?} && e.?operator.orValue(\"\") == \"NotIn\" && {label_value:?} in e.?values.orValue([]))"
    ));
    let only = |condition: &str| {
        format!(
            "e.?operator.orValue(\"\") == \"In\" && e.?values.orValue([]) != [] && e.?values.orValue([]).all(v, {condition})"
        )
    };
    let requires = every_term(&format!(
        "term.?matchExpressions.orValue([]).exists(e,
      e.?key.orValue(\"\") == {label:?} && {is_label} ||
      e.?key.orValue(\"\") == {VNODE:?} && (e.?operator.orValue(\"\") == \"Exists\" || {is_true}) ||
      e.?key.orValue(\"\") == {HOSTNAME:?} && {is_virtual}) ||
    term.?matchFields.orValue([]).exists(e, e.?key.orValue(\"\") == {NODE_NAME_FIELD:?} && {is_virtual})",
        is_label = only(&format!("v == {label_value:?}")),
        is_true = only(&format!("v == {TRUE:?}")),
        is_virtual = only(&format!("v.{virtual_node}")),
    ));
    let may_be_acs = format!(
        "pod.?spec.?tolerations.orValue([]).exists(t, t.?key.orValue(\"\") == {acs_key:?} && t.?operator.orValue(\"\") == \"Exists\")"
    );
    let certain_if = |condition: &str| match namespaces && settings.namespace_labels {
        true => format!("variables.namespaceIsEci ? 2 : {condition}"),
        false => condition.to_owned(),
    };
    format!(
        r#"variables.templates.map(pod,
  [{ECI_LABEL:?}, {ECI_LABEL_LEGACY:?}].exists(label, pod.?metadata.?labels[?label].orValue("") in [dyn({TRUE:?}), dyn(true)]) ||
  variables.at == "" && pod.?metadata.?annotations[?{INSTANCE_ID:?}].orValue(null) != null ? 2 :
  pod.?metadata.?labels[?{ACS_LABEL:?}].orValue("") == {TRUE:?} || pod.?metadata.?labels[?{ACS_COMPUTE_CLASS:?}].orValue(null) != null ||
  pod.?spec.?tolerations.orValue([]).exists(t, t.?key.orValue("") == {acs_key:?} && t.?value.orValue("") == {acs_value:?}) ? 0 :
  pod.?spec.?nodeName.orValue("").{virtual_node} || !{excludes} && (
    pod.?metadata.?annotations[?{BURST_RESOURCE:?}].orValue("") == {BURST_ECI_ONLY:?} ||
    pod.?spec.?nodeSelector[?{label:?}].orValue("") == {label_value:?} ||
    pod.?spec.?nodeSelector[?{VNODE:?}].orValue("") == {TRUE:?} ||
    pod.?spec.?nodeSelector[?{HOSTNAME:?}].orValue("").{virtual_node} ||
    {requires}) ? ({may_be_acs} ? ({maybe}) : 2) :
  !{excludes} && (
    pod.?spec.?tolerations.orValue([]).exists(t, t.?key.orValue("") in [{VIRTUAL_KUBELET_TAINT:?}, {VNODE:?}]) ||
    pod.?metadata.?annotations[?{BURST_RESOURCE:?}].orValue("") == {BURST_ECI:?} ||
    pod.?spec.?affinity.?nodeAffinity.?preferredDuringSchedulingIgnoredDuringExecution.orValue([]).exists(preferred,
      preferred.?preference.?matchExpressions.orValue([]).exists(e,
        e.?key.orValue("") == {label:?} && e.?operator.orValue("") == "In" && {label_value:?} in e.?values.orValue([])))) ? ({maybe}) :
  ({no}))"#,
        maybe = certain_if(match settings.possible {
            Possible::Warn => "1",
            Possible::Enforce => "2",
            Possible::Ignore => "0",
        }),
        no = certain_if("0"),
    )
}

/// Returns whether the labels of the Namespace send its pods to ECI.
pub(super) fn namespace_is_eci() -> String {
    let (injection, enabled) = NAMESPACE_INJECTION;
    format!(
        r#"[{ECI_LABEL:?}, {ECI_LABEL_LEGACY:?}].exists(label, namespaceObject.?metadata.?labels[?label].orValue("") == {TRUE:?}) ||
namespaceObject.?metadata.?labels[?{injection:?}].orValue("") == {enabled:?}"#
    )
}
