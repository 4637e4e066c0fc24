//! Whether a pod runs on ECI, by the marks that its template carries.

use k8s_openapi::api::core::v1::{NodeAffinity, NodeSelectorRequirement, NodeSelectorTerm};

use crate::eci::signal;
use crate::json::{Text, view};
use crate::settings::Settings;
use crate::workload::Template;

/// How sure it is that a pod runs on ECI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// It does.
    Certain,
    /// It may.
    Possible,
    /// It does not.
    No,
}

/// What the marks on a pod say of where it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// How sure it is.
    pub certainty: Certainty,
    /// Whether the labels of its Namespace may yet say that it certainly runs on ECI.
    pub raisable: bool,
}

const fn decided(certainty: Certainty) -> Scope {
    Scope {
        certainty,
        raisable: false,
    }
}

const fn open(certainty: Certainty) -> Scope {
    Scope {
        certainty,
        raisable: true,
    }
}

/// Reads the marks. The first that applies decides: the settings, a label for ECI, a mark of ACS, an
/// exclusion of virtual nodes, a demand for them, a mere tolerance of them.
pub fn of(template: &Template<'_>, settings: &Settings) -> Scope {
    let marks = Marks(template);
    if settings.scope.assume_eci || marks.has_eci_label() {
        decided(Certainty::Certain)
    } else if marks.is_acs() || marks.excludes_virtual_nodes() {
        decided(Certainty::No)
    } else if marks.demands_virtual_nodes() {
        decided(Certainty::Certain)
    } else if marks.tolerates_virtual_nodes() {
        open(Certainty::Possible)
    } else {
        open(Certainty::No)
    }
}

view! {
    /// A Namespace.
    pub struct Namespace<'de> {
        /// What marks it.
        metadata: Option<NamespaceMetadata<'de>> = "metadata",
    }
}

view! {
    /// The metadata of a Namespace.
    pub struct NamespaceMetadata<'de> {
        /// The labels that send its pods somewhere.
        labels: Option<NamespaceLabels<'de>> = "labels",
    }
}

view! {
    /// The labels of a Namespace that send its pods to ECI ([`signal`]).
    pub struct NamespaceLabels<'de> {
        /// Whether its pods are put on ECI.
        eci: Option<Text<'de>> = signal::ECI_LABEL,
        /// The same.
        eci_legacy: Option<Text<'de>> = signal::ECI_LABEL_LEGACY,
        /// Whether its pods are sent to virtual nodes.
        injection: Option<Text<'de>> = signal::NAMESPACE_INJECTION.0,
    }
}

impl Namespace<'_> {
    /// Whether it sends its pods to ECI.
    pub fn is_eci(&self) -> bool {
        let labels = self
            .metadata
            .as_ref()
            .and_then(|metadata| metadata.labels.as_ref());
        labels.is_some_and(|labels| {
            labels.eci.as_deref() == Some(signal::TRUE)
                || labels.eci_legacy.as_deref() == Some(signal::TRUE)
                || labels.injection.as_deref() == Some(signal::NAMESPACE_INJECTION.1)
        })
    }
}

struct Marks<'t>(&'t Template<'t>);

impl Marks<'_> {
    fn has_eci_label(&self) -> bool {
        let labels = self
            .0
            .metadata
            .as_ref()
            .and_then(|metadata| metadata.labels.as_ref());
        labels.is_some_and(|labels| {
            [&labels.eci, &labels.eci_legacy]
                .into_iter()
                .any(|label| label.as_deref() == Some(signal::TRUE))
        })
    }

    fn is_acs(&self) -> bool {
        let labels = self
            .0
            .metadata
            .as_ref()
            .and_then(|metadata| metadata.labels.as_ref());
        labels.is_some_and(|labels| {
            labels.acs.as_deref() == Some(signal::TRUE) || labels.acs_compute_class.is_some()
        }) || self.tolerates(|key, value| {
            (key, value) == (signal::ACS_TAINT.0, Some(signal::ACS_TAINT.1))
        })
    }

    fn excludes_virtual_nodes(&self) -> bool {
        let (key, value) = signal::VIRTUAL_KUBELET;
        self.every_required_term(|term| {
            term.key == key
                && term.operator == "NotIn"
                && values(term).iter().any(|excluded| excluded == value)
        })
    }

    fn demands_virtual_nodes(&self) -> bool {
        let (key, value) = signal::VIRTUAL_KUBELET;
        let spec = self.0.spec.as_ref();
        let selector = spec.and_then(|spec| spec.node_selector.as_ref());
        self.burst_resource() == Some(signal::BURST_ECI_ONLY)
            || spec
                .and_then(|spec| spec.node_name.as_deref())
                .is_some_and(signal::is_virtual_node)
            || selector.is_some_and(|selector| {
                selector.node_type.as_deref() == Some(value)
                    || selector.vnode.as_deref() == Some(signal::TRUE)
            })
            || self.every_required_term(|term| {
                is_in_only(term, key, value) || is_in_only(term, signal::VNODE, signal::TRUE)
            })
    }

    fn tolerates_virtual_nodes(&self) -> bool {
        let (key, value) = signal::VIRTUAL_KUBELET;
        let prefers = |term: &NodeSelectorRequirement| {
            term.key == key
                && term.operator == "In"
                && values(term).iter().any(|preferred| preferred == value)
        };
        let preferred = self
            .node_affinity()
            .and_then(|affinity| {
                affinity
                    .preferred_during_scheduling_ignored_during_execution
                    .as_deref()
            })
            .unwrap_or_default();
        self.tolerates(|key, _| key == signal::VIRTUAL_KUBELET_TAINT || key == signal::VNODE)
            || self.burst_resource() == Some(signal::BURST_ECI)
            || preferred
                .iter()
                .any(|term| expressions(&term.preference).iter().any(prefers))
    }

    fn burst_resource(&self) -> Option<&str> {
        self.0
            .metadata
            .as_ref()?
            .annotations
            .as_ref()?
            .burst_resource
            .as_deref()
    }

    fn tolerates(&self, taint: impl Fn(&str, Option<&str>) -> bool) -> bool {
        let tolerations = self
            .0
            .spec
            .as_ref()
            .and_then(|spec| spec.tolerations.as_deref())
            .unwrap_or_default();
        tolerations.iter().any(|toleration| {
            toleration
                .key
                .as_deref()
                .is_some_and(|key| taint(key, toleration.value.as_deref()))
        })
    }

    fn node_affinity(&self) -> Option<&NodeAffinity> {
        self.0
            .spec
            .as_ref()?
            .affinity
            .as_ref()?
            .node_affinity
            .as_ref()
    }

    /// Whether there are required terms, and each has an expression like this. The scheduler takes a
    /// node that fits any term, and a term means all its expressions.
    fn every_required_term(&self, is: impl Fn(&NodeSelectorRequirement) -> bool) -> bool {
        let terms = self
            .node_affinity()
            .and_then(|affinity| {
                affinity
                    .required_during_scheduling_ignored_during_execution
                    .as_ref()
            })
            .map(|required| required.node_selector_terms.as_slice())
            .unwrap_or_default();
        !terms.is_empty() && terms.iter().all(|term| expressions(term).iter().any(&is))
    }
}

fn expressions(term: &NodeSelectorTerm) -> &[NodeSelectorRequirement] {
    term.match_expressions.as_deref().unwrap_or_default()
}

fn values(requirement: &NodeSelectorRequirement) -> &[String] {
    requirement.values.as_deref().unwrap_or_default()
}

fn is_in_only(requirement: &NodeSelectorRequirement, key: &str, value: &str) -> bool {
    let values = values(requirement);
    requirement.key == key
        && requirement.operator == "In"
        && !values.is_empty()
        && values.iter().all(|demanded| demanded == value)
}
