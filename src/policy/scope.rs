//! Whether a pod runs on ECI, by the signals on its template and on its Namespace.

use serde::Deserialize;

use crate::eci::signal;
use crate::json::{Entries, Item, Keys, List, Text, views};
use crate::pod::object::{Labels, Metadata, Object};
use crate::pod::scheduling::{
    Affinity, NodeLabels, NodeRequirement, NodeTerm, NodeValue, Toleration,
};
use crate::policy::settings::ScopeSettings;

/// How sure it is that a pod runs on ECI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// The pod does not run on ECI.
    No,
    /// It may run on ECI.
    Possible,
    /// It runs on ECI.
    Certain,
}

impl Certainty {
    /// Every certainty, the strongest first.
    pub const ALL: [Self; 3] = [Self::Certain, Self::Possible, Self::No];

    /// Returns the word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Possible => "possible",
            Self::No => "no",
        }
    }
}

/// The answer of the signals on a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// How sure it is that the pod runs on ECI.
    pub certainty: Certainty,
    /// True if the labels of the Namespace can still make it certain.
    pub raisable: bool,
    /// The signal that decides.
    pub signal: Signal,
}

/// A signal that decides whether a pod runs on ECI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// `scope.assumeEci`
    AssumeEci,
    /// The label of this key, with the value `true`.
    Label(&'static str),
    /// The annotation that ECI writes on pods that it runs.
    InstanceId,
    /// A label or a toleration of ACS.
    Acs,
    /// A toleration that ACS and virtual nodes have in common.
    MayBeAcs,
    /// The name of the node.
    NodeName,
    /// A required node affinity that excludes virtual nodes.
    Excluded,
    /// A node selector, a required node affinity, or an annotation that requires virtual nodes.
    Required,
    /// A toleration, a preferred node affinity, or an annotation that allows virtual nodes.
    Allowed,
    /// No signal was found.
    None,
}

impl Scope {
    /// Returns the scope with another certainty.
    pub(crate) const fn with(self, certainty: Certainty) -> Self {
        Self { certainty, ..self }
    }

    const fn decided(certainty: Certainty, signal: Signal) -> Self {
        Self {
            certainty,
            raisable: false,
            signal,
        }
    }

    const fn open(certainty: Certainty, signal: Signal) -> Self {
        Self {
            certainty,
            raisable: true,
            signal,
        }
    }
}

/// The part of a pod (template) that says where it runs. Of a pod that is not ECI's only this has to be readable.
#[derive(Debug, Default, Deserialize)]
#[serde(
    remote = "Self",
    default,
    expecting = "an object",
    bound(deserialize = "'de: 'a")
)]
pub struct PlacedObject<'a> {
    metadata: Option<Metadata<'a, PlacingAnnotations>>,
    spec: Option<PlacedSpec<'a>>,
}

/// The annotations that say where a pod runs.
#[derive(Debug)]
pub struct PlacingAnnotations;

impl Keys for PlacingAnnotations {
    const KEYS: &'static [&'static str] = &[signal::BURST_RESOURCE, signal::INSTANCE_ID];
}

#[derive(Debug, Default, Deserialize)]
#[serde(
    remote = "Self",
    default,
    rename_all = "camelCase",
    expecting = "an object",
    bound(deserialize = "'de: 'a")
)]
struct PlacedSpec<'a> {
    node_name: Option<Text<'a>>,
    node_selector: Entries<'a, NodeLabels>,
    affinity: Option<Affinity<'a>>,
    tolerations: List<Toleration<'a>>,
    scheduling_gates: List<Gate>,
}

/// A scheduling gate, of which only the presence is read.
#[derive(Debug, Default, Deserialize)]
#[serde(remote = "Self", default, expecting = "an object")]
struct Gate {}

impl Item for Gate {}

views!(PlacedObject<'a>, PlacedSpec<'a>, Gate);

impl PlacedObject<'_> {
    /// True if the pod waits behind scheduling gates, and may still be sent to any node.
    pub fn is_gated(&self) -> bool {
        self.spec
            .as_ref()
            .is_some_and(|spec| !spec.scheduling_gates.is_empty() && spec.node_name.is_none())
    }

    /// True if the object has a specification.
    pub const fn has_spec(&self) -> bool {
        self.spec.is_some()
    }

    /// Returns what the signals say. `is_pod` is false for a pod template.
    pub fn scope(&self, is_pod: bool, settings: ScopeSettings) -> Scope {
        let spec = self.spec.as_ref();
        Signals {
            node_name: spec.and_then(|spec| spec.node_name.as_deref()),
            node_selector: spec.map(|spec| &spec.node_selector),
            affinity: spec.and_then(|spec| spec.affinity.as_ref()),
            tolerations: spec.map(|spec| &spec.tolerations),
            ..Signals::of(self.metadata.as_ref(), is_pod)
        }
        .scope(settings)
    }
}

/// Returns what the signals on a pod (template) say. `is_pod` is false for a template.
pub fn of(template: &Object<'_>, is_pod: bool, settings: ScopeSettings) -> Scope {
    let spec = template.spec.as_ref();
    Signals {
        node_name: spec.and_then(|spec| spec.node_name.as_deref()),
        node_selector: spec.map(|spec| &spec.node_selector),
        affinity: spec.and_then(|spec| spec.affinity.as_ref()),
        tolerations: spec.map(|spec| &spec.tolerations),
        ..Signals::of(template.metadata.as_ref(), is_pod)
    }
    .scope(settings)
}

/// The signals on a pod (template).
#[derive(Default)]
struct Signals<'s> {
    labels: Option<&'s Entries<'s, Labels>>,
    burst_resource: Option<&'s str>,
    /// True for a pod that ECI says it runs.
    runs: bool,
    node_name: Option<&'s str>,
    node_selector: Option<&'s Entries<'s, NodeLabels>>,
    affinity: Option<&'s Affinity<'s>>,
    tolerations: Option<&'s List<Toleration<'s>>>,
}

impl<'s> Signals<'s> {
    /// Returns the signals of the metadata.
    fn of<A>(metadata: Option<&'s Metadata<'s, A>>, is_pod: bool) -> Self {
        let annotation = |key: &str| metadata?.annotations.get(key);
        Self {
            labels: metadata.map(|metadata| &metadata.labels),
            burst_resource: annotation(signal::BURST_RESOURCE),
            runs: is_pod && annotation(signal::INSTANCE_ID).is_some(),
            ..Self::default()
        }
    }

    /// Decides by the first signal that applies (`docs/specification.md`, section 4).
    fn scope(&self, settings: ScopeSettings) -> Scope {
        if settings.assume_eci {
            return Scope::decided(Certainty::Certain, Signal::AssumeEci);
        }
        if let Some(key) = self.eci_label() {
            return Scope::decided(Certainty::Certain, Signal::Label(key));
        }
        if self.runs {
            return Scope::decided(Certainty::Certain, Signal::InstanceId);
        }
        if self.is_acs() {
            return Scope::decided(Certainty::No, Signal::Acs);
        }
        let scope = if self.is_bound_to_virtual_node() {
            Scope::decided(Certainty::Certain, Signal::NodeName)
        } else if self.excludes_virtual_nodes() {
            Scope::open(Certainty::No, Signal::Excluded)
        } else if self.requires_virtual_nodes() {
            Scope::decided(Certainty::Certain, Signal::Required)
        } else if self.tolerates_or_prefers_virtual_nodes() {
            Scope::open(Certainty::Possible, Signal::Allowed)
        } else {
            Scope::open(Certainty::No, Signal::None)
        };
        match scope.certainty {
            Certainty::Certain if self.may_be_acs() => {
                Scope::open(Certainty::Possible, Signal::MayBeAcs)
            }
            _ => scope,
        }
    }

    fn label(&self, key: &str) -> Option<&str> {
        self.labels?.get(key)
    }

    fn eci_label(&self) -> Option<&'static str> {
        [signal::ECI_LABEL, signal::ECI_LABEL_LEGACY]
            .into_iter()
            .find(|key| self.label(key) == Some(signal::TRUE))
    }

    fn is_acs(&self) -> bool {
        self.label(signal::ACS_LABEL) == Some(signal::TRUE)
            || self.label(signal::ACS_COMPUTE_CLASS).is_some()
            || self.tolerates(|key, taint| {
                (key, taint.value.as_deref()) == (signal::ACS_TAINT.0, Some(signal::ACS_TAINT.1))
            })
    }

    /// True if the pod tolerates the taint of ACS with any value.
    fn may_be_acs(&self) -> bool {
        self.tolerates(|key, taint| {
            key == signal::ACS_TAINT.0 && taint.operator.as_deref() == Some("Exists")
        })
    }

    fn is_bound_to_virtual_node(&self) -> bool {
        self.node_name.is_some_and(signal::is_virtual_node)
    }

    fn excludes_virtual_nodes(&self) -> bool {
        let (label, value) = signal::VIRTUAL_KUBELET;
        self.every_required_term(|term| {
            term.match_expressions.items().any(|requirement| {
                is(requirement, label, "NotIn")
                    && requirement
                        .values
                        .items()
                        .any(|NodeValue(excluded)| **excluded == *value)
            })
        })
    }

    fn requires_virtual_nodes(&self) -> bool {
        let (label, value) = signal::VIRTUAL_KUBELET;
        let selected = |key: &str| self.node_selector.and_then(|selector| selector.get(key));
        self.burst_resource == Some(signal::BURST_ECI_ONLY)
            || selected(label) == Some(value)
            || selected(signal::VNODE) == Some(signal::TRUE)
            || selected(signal::HOSTNAME).is_some_and(signal::is_virtual_node)
            || self.every_required_term(requires_virtual_node)
    }

    fn tolerates_or_prefers_virtual_nodes(&self) -> bool {
        let (label, value) = signal::VIRTUAL_KUBELET;
        let prefers = |term: &NodeTerm<'_>| {
            term.match_expressions.items().any(|requirement| {
                is(requirement, label, "In")
                    && requirement
                        .values
                        .items()
                        .any(|NodeValue(preferred)| **preferred == *value)
            })
        };
        let preferred = self
            .affinity
            .and_then(|affinity| affinity.node_affinity.as_ref());
        let mut preferred = preferred
            .into_iter()
            .flat_map(|affinity| affinity.preferred.items());
        self.tolerates(|key, _| key == signal::VIRTUAL_KUBELET_TAINT || key == signal::VNODE)
            || self.burst_resource == Some(signal::BURST_ECI)
            || preferred.any(|term| term.preference.as_ref().is_some_and(prefers))
    }

    fn tolerates(&self, taint: impl Fn(&str, &Toleration<'_>) -> bool) -> bool {
        let mut tolerations = self.tolerations.into_iter().flat_map(List::items);
        tolerations.any(|toleration| {
            toleration
                .key
                .as_deref()
                .is_some_and(|key| taint(key, toleration))
        })
    }

    fn required_terms(&self) -> Option<&List<NodeTerm<'_>>> {
        Some(
            &self
                .affinity?
                .node_affinity
                .as_ref()?
                .required
                .as_ref()?
                .node_selector_terms,
        )
    }

    /// True if there are required terms, and `is` holds for each. The scheduler takes a node that matches any term;
    /// a term without a requirement matches none, and is not in the list.
    fn every_required_term(&self, is: impl Fn(&NodeTerm<'_>) -> bool) -> bool {
        self.required_terms()
            .is_some_and(|terms| terms.items().next().is_some() && terms.items().all(is))
    }
}

fn is(requirement: &NodeRequirement<'_>, key: &str, operator: &str) -> bool {
    requirement.key.as_deref() == Some(key) && requirement.operator.as_deref() == Some(operator)
}

/// True if a node that matches the term is a virtual node: a term means all its requirements.
fn requires_virtual_node(term: &NodeTerm<'_>) -> bool {
    let only = |requirement: &NodeRequirement<'_>, key: &str, is_value: &dyn Fn(&str) -> bool| {
        let values = &requirement.values;
        is(requirement, key, "In")
            && !values.is_empty()
            && values.is_all_kept()
            && values.items().all(|NodeValue(value)| is_value(value))
    };
    let (label, label_value) = signal::VIRTUAL_KUBELET;
    term.match_expressions.items().any(|requirement| {
        only(requirement, label, &|value| value == label_value)
            || only(requirement, signal::VNODE, &|value| value == signal::TRUE)
            || is(requirement, signal::VNODE, "Exists")
            || only(requirement, signal::HOSTNAME, &signal::is_virtual_node)
    }) || term.match_fields.items().any(|requirement| {
        only(
            requirement,
            signal::NODE_NAME_FIELD,
            &signal::is_virtual_node,
        )
    })
}

/// A Namespace, as the host returns it.
#[derive(Debug, Default, Deserialize)]
#[serde(
    remote = "Self",
    default,
    expecting = "an object",
    bound(deserialize = "'de: 'a")
)]
pub struct Namespace<'a> {
    metadata: Option<NamespaceMetadata<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(
    remote = "Self",
    default,
    expecting = "an object",
    bound(deserialize = "'de: 'a")
)]
struct NamespaceMetadata<'a> {
    labels: Entries<'a, NamespaceLabels>,
}

#[derive(Debug)]
struct NamespaceLabels;

impl Keys for NamespaceLabels {
    const KEYS: &'static [&'static str] = &[
        signal::ECI_LABEL,
        signal::ECI_LABEL_LEGACY,
        signal::NAMESPACE_INJECTION.0,
    ];
}

views!(Namespace<'a>, NamespaceMetadata<'a>);

impl Namespace<'_> {
    /// True if its labels send its pods to ECI.
    pub fn is_eci(&self) -> bool {
        let labels = self.metadata.as_ref().map(|metadata| &metadata.labels);
        let has =
            |key: &str, value: &str| labels.is_some_and(|labels| labels.get(key) == Some(value));
        has(signal::ECI_LABEL, signal::TRUE)
            || has(signal::ECI_LABEL_LEGACY, signal::TRUE)
            || has(signal::NAMESPACE_INJECTION.0, signal::NAMESPACE_INJECTION.1)
    }
}
