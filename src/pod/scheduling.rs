//! The view of the fields that choose the nodes of a pod.

use serde::Deserialize;

use crate::eci::signal;
use crate::json::{Item, Keys, List, Text, views};

/// The labels of virtual nodes that a pod can require.
#[derive(Debug)]
pub struct NodeLabels;

impl Keys for NodeLabels {
    const KEYS: &'static [&'static str] =
        &[signal::VIRTUAL_KUBELET.0, signal::VNODE, signal::HOSTNAME];
}

/// The affinities of a pod.
#[derive(Debug, Default, Deserialize)]
#[serde(
    remote = "Self",
    default,
    rename_all = "camelCase",
    expecting = "an object",
    bound(deserialize = "'de: 'a")
)]
pub struct Affinity<'a> {
    /// The affinity to nodes.
    pub node_affinity: Option<NodeAffinity<'a>>,
}

/// The affinity of a pod to nodes.
#[derive(Debug, Default, Deserialize)]
#[serde(
    remote = "Self",
    default,
    expecting = "an object",
    bound(deserialize = "'de: 'a")
)]
pub struct NodeAffinity<'a> {
    /// Nodes that the pod requires.
    #[serde(rename = "requiredDuringSchedulingIgnoredDuringExecution")]
    pub required: Option<NodeSelector<'a>>,
    /// Nodes that it prefers.
    #[serde(rename = "preferredDuringSchedulingIgnoredDuringExecution")]
    pub preferred: List<PreferredTerm<'a>>,
}

/// The nodes that a pod requires: those that match any of the terms.
#[derive(Debug, Default, Deserialize)]
#[serde(
    remote = "Self",
    default,
    rename_all = "camelCase",
    expecting = "an object",
    bound(deserialize = "'de: 'a")
)]
pub struct NodeSelector<'a> {
    /// The terms. One without a requirement matches no node, and is not kept.
    pub node_selector_terms: List<NodeTerm<'a>>,
}

/// A preference for nodes.
#[derive(Debug, Default, Deserialize)]
#[serde(
    remote = "Self",
    default,
    expecting = "an object",
    bound(deserialize = "'de: 'a")
)]
pub struct PreferredTerm<'a> {
    /// The nodes.
    pub preference: Option<NodeTerm<'a>>,
}

impl Item for PreferredTerm<'_> {
    fn matters(&self) -> bool {
        self.preference.as_ref().is_some_and(Item::matters)
    }
}

/// A term: nodes that match all its requirements.
#[derive(Debug, Default, Deserialize)]
#[serde(
    remote = "Self",
    default,
    rename_all = "camelCase",
    expecting = "an object",
    bound(deserialize = "'de: 'a")
)]
pub struct NodeTerm<'a> {
    /// Requirements on labels.
    pub match_expressions: List<NodeRequirement<'a>>,
    /// Requirements on fields.
    pub match_fields: List<NodeRequirement<'a>>,
}

impl Item for NodeTerm<'_> {
    fn matters(&self) -> bool {
        !self.match_expressions.is_empty() || !self.match_fields.is_empty()
    }
}

/// A requirement on a label or a field of nodes.
#[derive(Debug, Default, Deserialize)]
#[serde(
    remote = "Self",
    default,
    expecting = "an object",
    bound(deserialize = "'de: 'a")
)]
pub struct NodeRequirement<'a> {
    /// The label or field.
    pub key: Option<Text<'a>>,
    /// How it is compared.
    pub operator: Option<Text<'a>>,
    /// The values that name virtual nodes.
    pub values: List<NodeValue<'a>>,
}

impl Item for NodeRequirement<'_> {
    fn matters(&self) -> bool {
        let is_read = |key: &Text<'_>| {
            NodeLabels::KEYS.contains(&&**key) || **key == *signal::NODE_NAME_FIELD
        };
        self.key.as_ref().is_some_and(is_read)
    }
}

/// A value of a requirement.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent, bound(deserialize = "'de: 'a"))]
pub struct NodeValue<'a>(pub Text<'a>);

impl Item for NodeValue<'_> {
    fn matters(&self) -> bool {
        *self.0 == *signal::VIRTUAL_KUBELET.1
            || *self.0 == *signal::TRUE
            || signal::is_virtual_node(&self.0)
    }
}

/// A taint that a pod tolerates.
#[derive(Debug, Default, Deserialize)]
#[serde(
    remote = "Self",
    default,
    expecting = "an object",
    bound(deserialize = "'de: 'a")
)]
pub struct Toleration<'a> {
    /// The key of the taint.
    pub key: Option<Text<'a>>,
    /// How the value is compared.
    pub operator: Option<Text<'a>>,
    /// Its value.
    pub value: Option<Text<'a>>,
}

impl Item for Toleration<'_> {
    fn matters(&self) -> bool {
        let is_read = |key: &Text<'_>| {
            [
                signal::ACS_TAINT.0,
                signal::VIRTUAL_KUBELET_TAINT,
                signal::VNODE,
            ]
            .contains(&&**key)
        };
        self.key.as_ref().is_some_and(is_read)
    }
}

views!(
    Affinity<'a>,
    NodeAffinity<'a>,
    NodeSelector<'a>,
    PreferredTerm<'a>,
    NodeTerm<'a>,
    NodeRequirement<'a>,
    Toleration<'a>,
);
