//! The view of an object that the policy reads, in one pass: a Pod, or anything that holds a pod template.

use serde::Deserialize;
use serde::de::Deserializer;

use crate::eci::{field, instance, signal, sysctl};
use crate::json::{Amount, Entries, Item, Keys, List, ObjectOnly, RawValue, Text, counted, views};
use crate::pod::scheduling::{Affinity, NodeLabels, Toleration};
use crate::pod::security::{PodSecurityContext, SecurityContext};

/// An object, a pod template or a Job template: they have the same fields as far as the policy reads them.
#[derive(Debug, Default, Deserialize)]
#[serde(
    remote = "Self",
    default,
    expecting = "an object",
    bound(deserialize = "'de: 'a")
)]
pub struct Object<'a> {
    /// Names, labels and annotations.
    pub metadata: Option<Metadata<'a, Annotations>>,
    /// The specification of a pod, or of an object that makes pods.
    pub spec: Option<Spec<'a>>,
    /// The template of a PodTemplate.
    pub template: Option<Box<Self>>,
    /// The number of items in all its lists.
    #[serde(skip)]
    pub items: usize,
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (object, items) = counted(|| Self::deserialize(ObjectOnly(deserializer)))?;
        Ok(Self { items, ..object })
    }
}

/// The metadata of an object or of a pod template. `A` is which annotations are read.
#[derive(Debug, Deserialize)]
#[serde(
    remote = "Self",
    default,
    expecting = "an object",
    bound(deserialize = "'de: 'a, A: Keys")
)]
pub struct Metadata<'a, A> {
    /// The Namespace.
    pub namespace: Option<Text<'a>>,
    /// The labels that say where a pod runs.
    pub labels: Entries<'a, Labels>,
    /// The annotations.
    pub annotations: Entries<'a, A>,
    /// The owners of the object.
    #[serde(rename = "ownerReferences")]
    pub owner_references: List<OwnerReference>,
}

impl<A> Default for Metadata<'_, A> {
    fn default() -> Self {
        Self {
            namespace: None,
            labels: Entries::default(),
            annotations: Entries::default(),
            owner_references: List::default(),
        }
    }
}

impl<'de: 'a, 'a, A: Keys> Deserialize<'de> for Metadata<'a, A> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(ObjectOnly(deserializer))
    }
}

/// The labels that say where a pod runs.
#[derive(Debug)]
pub struct Labels;

impl Keys for Labels {
    const KEYS: &'static [&'static str] = &[
        signal::ECI_LABEL,
        signal::ECI_LABEL_LEGACY,
        signal::ACS_LABEL,
        signal::ACS_COMPUTE_CLASS,
    ];
}

/// The annotations that the scope or a rule reads.
#[derive(Debug)]
pub struct Annotations;

impl Keys for Annotations {
    const KEYS: &'static [&'static str] = &[
        signal::BURST_RESOURCE,
        signal::INSTANCE_ID,
        sysctl::HOST_SYSCTLS,
        instance::USE_SPECS,
    ];

    fn is_family(key: &str) -> bool {
        field::is_legacy_profile(key)
    }
}

/// An owner of an object.
#[derive(Debug, Default, Deserialize)]
#[serde(remote = "Self", default, expecting = "an object")]
pub struct OwnerReference {
    /// True for the controller that manages the object.
    pub controller: Option<bool>,
}

impl Item for OwnerReference {}

/// A specification: the fields of a pod's, and the templates of workloads.
#[derive(Debug, Default, Deserialize)]
#[serde(
    remote = "Self",
    default,
    rename_all = "camelCase",
    expecting = "an object",
    bound(deserialize = "'de: 'a")
)]
pub struct Spec<'a> {
    /// The node to which the pod is bound.
    pub node_name: Option<Text<'a>>,
    /// The labels of the nodes that it requires.
    pub node_selector: Entries<'a, NodeLabels>,
    /// The nodes that it requires or prefers.
    pub affinity: Option<Affinity<'a>>,
    /// The taints that it tolerates.
    pub tolerations: List<Toleration<'a>>,
    /// The operating system for which it is written.
    pub os: Option<Os<'a>>,
    /// True if it shares the network of the node.
    pub host_network: Option<bool>,
    /// True if it shares the process IDs of the node.
    #[serde(rename = "hostPID")]
    pub host_pid: Option<bool>,
    /// True if it shares the IPC namespace of the node.
    #[serde(rename = "hostIPC")]
    pub host_ipc: Option<bool>,
    /// False if it has a user namespace of its own.
    pub host_users: Option<bool>,
    /// The security context of the pod.
    pub security_context: Option<PodSecurityContext<'a>>,
    /// Containers that run first, and sidecars.
    pub init_containers: List<ContainerSpec<'a>>,
    /// The containers.
    pub containers: List<ContainerSpec<'a>>,
    /// Containers that were added for debugging.
    pub ephemeral_containers: List<ContainerSpec<'a>>,
    /// The volumes that are paths of the node.
    pub volumes: List<Volume<'a>>,
    /// The pod template of a workload.
    pub template: Option<Box<Object<'a>>>,
    /// The Job template of a CronJob.
    pub job_template: Option<Box<Object<'a>>>,
}

/// The operating system of a pod.
#[derive(Debug, Default, Deserialize)]
#[serde(
    remote = "Self",
    default,
    expecting = "an object",
    bound(deserialize = "'de: 'a")
)]
pub struct Os<'a> {
    /// `linux` or `windows`
    pub name: Option<Text<'a>>,
}

/// A volume of a pod.
#[derive(Debug, Default, Deserialize)]
#[serde(
    remote = "Self",
    default,
    rename_all = "camelCase",
    expecting = "an object",
    bound(deserialize = "'de: 'a")
)]
pub struct Volume<'a> {
    /// The path of the node, where the volume is one.
    pub host_path: Option<HostPath<'a>>,
}

impl Item for Volume<'_> {
    fn matters(&self) -> bool {
        self.host_path.is_some()
    }
}

/// A path of the node.
#[derive(Debug, Default, Deserialize)]
#[serde(
    remote = "Self",
    default,
    expecting = "an object",
    bound(deserialize = "'de: 'a")
)]
pub struct HostPath<'a> {
    /// The path.
    pub path: Option<Text<'a>>,
}

/// A container of any list.
#[derive(Debug, Default, Deserialize)]
#[serde(
    remote = "Self",
    default,
    rename_all = "camelCase",
    expecting = "an object",
    bound(deserialize = "'de: 'a")
)]
pub struct ContainerSpec<'a> {
    /// The name.
    pub name: Option<Text<'a>>,
    /// The reference of the image, as written.
    pub image: Option<Text<'a>>,
    /// The ports that are bound on the node.
    pub ports: List<Port>,
    /// The security context.
    pub security_context: Option<SecurityContext<'a>>,
    /// The compute resources.
    pub resources: Option<Resources<'a>>,
    /// The environment: a list of [`Variable`], read only where the size of the instance counts.
    pub env: Option<&'a RawValue>,
}

impl Item for ContainerSpec<'_> {}

/// A port of a container.
#[derive(Debug, Default, Deserialize)]
#[serde(
    remote = "Self",
    default,
    rename_all = "camelCase",
    expecting = "an object"
)]
pub struct Port {
    /// The port of the node.
    pub host_port: Option<i64>,
}

impl Item for Port {
    fn matters(&self) -> bool {
        self.host_port.is_some_and(|port| port != 0)
    }
}

/// The compute resources of a container.
#[derive(Debug, Default, Deserialize)]
#[serde(
    remote = "Self",
    default,
    expecting = "an object",
    bound(deserialize = "'de: 'a")
)]
pub struct Resources<'a> {
    /// The most that it gets.
    pub limits: Option<Amounts<'a>>,
    /// The least that it gets.
    pub requests: Option<Amounts<'a>>,
}

/// The amounts that decide the size of an instance.
#[derive(Debug, Default, Deserialize)]
#[serde(
    remote = "Self",
    default,
    expecting = "an object",
    bound(deserialize = "'de: 'a")
)]
pub struct Amounts<'a> {
    /// A quantity of cores.
    pub cpu: Option<Amount<'a>>,
    /// A quantity of bytes.
    pub memory: Option<Amount<'a>>,
}

/// A variable of a container's environment.
#[derive(Debug, Default, Deserialize)]
#[serde(
    remote = "Self",
    default,
    expecting = "an object",
    bound(deserialize = "'de: 'a")
)]
pub struct Variable<'a> {
    /// The name.
    pub name: Option<Text<'a>>,
    /// The value, where it is written here.
    pub value: Option<Text<'a>>,
}

impl Item for Variable<'_> {
    fn matters(&self) -> bool {
        self.name.as_deref() == Some(instance::RESOURCE_IGNORE)
    }
}

views!(
    OwnerReference,
    Spec<'a>,
    Os<'a>,
    Volume<'a>,
    HostPath<'a>,
    ContainerSpec<'a>,
    Port,
    Resources<'a>,
    Amounts<'a>,
    Variable<'a>,
);

impl Object<'_> {
    /// True if the pod is written for Windows.
    pub fn is_windows(&self) -> bool {
        let os = self.spec.as_ref().and_then(|spec| spec.os.as_ref());
        os.and_then(|os| os.name.as_deref()) == Some("windows")
    }
}

impl Metadata<'_, Annotations> {
    /// True if a controller owns the object.
    pub fn is_owned(&self) -> bool {
        self.owner_references
            .items()
            .any(|owner| owner.controller == Some(true))
    }
}
