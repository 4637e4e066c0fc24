//! Finding the pod template in an object of any kind, and the view of it that the rules read.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    AppArmorProfile, Capabilities, NodeAffinity, NodeSelector, NodeSelectorRequirement,
    NodeSelectorTerm, PodSecurityContext, PreferredSchedulingTerm, SELinuxOptions, SeccompProfile,
    SecurityContext, Sysctl, Toleration, WindowsSecurityContextOptions,
};

use crate::eci::{instance, signal, sysctl};
use crate::json::{self, Amount, Node, Raw, Shape, Text, Unreadable, View, view};
use crate::path::Path;

/// The keys from an object down to its pod template; none for a Pod, which is one itself.
pub type Place = &'static [&'static str];

const POD: Place = &[];
const TEMPLATE: Place = &["template"];
const SPEC_TEMPLATE: Place = &["spec", "template"];
const JOB_TEMPLATE: Place = &["spec", "jobTemplate", "spec", "template"];

/// The keys from a pod template down to its containers.
const CONTAINERS: Place = &["spec", "containers"];

/// The kinds of Kubernetes that hold pods, by group and kind.
static KINDS: &[(&str, &str, Place)] = &[
    ("", "Pod", POD),
    ("", "PodTemplate", TEMPLATE),
    ("", "ReplicationController", SPEC_TEMPLATE),
    ("apps", "ReplicaSet", SPEC_TEMPLATE),
    ("apps", "Deployment", SPEC_TEMPLATE),
    ("apps", "StatefulSet", SPEC_TEMPLATE),
    ("apps", "DaemonSet", SPEC_TEMPLATE),
    ("batch", "Job", SPEC_TEMPLATE),
    ("batch", "CronJob", JOB_TEMPLATE),
];

/// Where the pod template stands in an object of this group and kind: for a kind of Kubernetes
/// known beforehand, in any other where something stands that can only be one, or where two values stand of
/// which one may be.
pub fn place(group: &str, kind: &str, object: Raw<'_>) -> Option<Place> {
    match KINDS
        .iter()
        .find(|(known_group, known_kind, _)| (*known_group, *known_kind) == (group, kind))
    {
        Some((_, _, place)) => Some(place),
        None => [SPEC_TEMPLATE, JOB_TEMPLATE].into_iter().find(|place| {
            let keys: Vec<&str> = place.iter().chain(CONTAINERS).copied().collect();
            json::find(object, &keys).map_or(true, |found| found.is_some_and(is_list_of_objects))
        }),
    }
}

fn is_list_of_objects(raw: Raw<'_>) -> bool {
    let items: Result<Vec<Raw<'_>>, _> = json::read(raw.get());
    items.is_ok_and(|items| {
        !items.is_empty() && items.iter().all(|item| item.get().starts_with('{'))
    })
}

view! {
    /// A pod, or the template of one.
    pub struct Template<'de> {
        /// What names it and marks it.
        metadata: Option<Metadata<'de>> = "metadata",
        /// What it runs.
        spec: Option<PodSpec<'de>> = "spec",
    }
}

view! {
    /// The metadata of an object or of a pod template.
    pub struct Metadata<'de> {
        /// The labels that place a pod.
        labels: Option<Labels<'de>> = "labels",
        /// The annotations that place it, or that bear on its security.
        annotations: Option<Annotations<'de>> = "annotations",
        /// The objects that own it.
        owner_references: Option<Vec<OwnerReference<'de>>> = "ownerReferences",
    }
}

view! {
    /// An owner of an object.
    pub struct OwnerReference<'de> {
        /// Whether it is the one that made it, and manages it.
        controller: Option<bool> = "controller",
    }
}

view! {
    /// The labels that place a pod ([`signal`]).
    pub struct Labels<'de> {
        /// Whether it is put on ECI.
        eci: Option<Text<'de>> = signal::ECI_LABEL,
        /// The same.
        eci_legacy: Option<Text<'de>> = signal::ECI_LABEL_LEGACY,
        /// Whether ACS claims it.
        acs: Option<Text<'de>> = signal::ACS_LABEL,
        /// The compute class of ACS that it asks for.
        acs_compute_class: Option<Text<'de>> = signal::ACS_COMPUTE_CLASS,
    }
}

/// The annotations that the policy reads.
#[derive(Debug, Default)]
pub struct Annotations<'de> {
    /// [`signal::BURST_RESOURCE`]
    pub burst_resource: Option<Text<'de>>,
    /// [`sysctl::HOST_SYSCTLS`]
    pub host_sysctls: Option<Text<'de>>,
    /// [`instance::USE_SPECS`]
    pub use_specs: Option<Text<'de>>,
    /// The keys by which AppArmor and seccomp were set before there were fields, in the object's order.
    pub legacy_profiles: Vec<Text<'de>>,
}

/// The annotations by which AppArmor and seccomp were set before there were fields.
fn is_legacy_profile(key: &str) -> bool {
    key == "seccomp.security.alpha.kubernetes.io/pod"
        || key.starts_with("container.seccomp.security.alpha.kubernetes.io/")
        || key.starts_with("container.apparmor.security.beta.kubernetes.io/")
}

impl<'de> View<'de> for Annotations<'de> {
    const SHAPE: Shape<'static> = Shape::Keys(
        &[
            (signal::BURST_RESOURCE, Shape::Text),
            (sysctl::HOST_SYSCTLS, Shape::Text),
            (instance::USE_SPECS, Shape::Text),
        ],
        is_legacy_profile,
    );

    fn take(node: Node<'de>) -> Self {
        let mut fields = json::fields(node);
        Self {
            burst_resource: View::take(fields.next()),
            host_sysctls: View::take(fields.next()),
            use_specs: View::take(fields.next()),
            legacy_profiles: View::take(fields.next()),
        }
    }
}

view! {
    /// The part of a pod's specification that decides.
    pub struct PodSpec<'de> {
        /// The node that it is bound to.
        node_name: Option<Text<'de>> = "nodeName",
        /// The labels of the nodes that it asks for.
        node_selector: Option<NodeLabels<'de>> = "nodeSelector",
        /// The nodes that it asks for, in more words.
        affinity: Option<Affinity<'de>> = "affinity",
        /// The taints that it bears.
        tolerations: Option<Vec<Toleration>> = "tolerations",
        /// The operating system that it is written for.
        os: Option<Os<'de>> = "os",
        /// Whether it shares the network of the node.
        host_network: Option<bool> = "hostNetwork",
        /// Whether it sees the processes of the node.
        host_pid: Option<bool> = "hostPID",
        /// Whether it shares the IPC namespace of the node.
        host_ipc: Option<bool> = "hostIPC",
        /// The security settings for all its containers.
        security_context: Option<PodSecurityContext> = "securityContext",
        /// What runs first.
        init_containers: Option<Vec<ContainerSpec<'de>>> = "initContainers",
        /// What runs.
        containers: Option<Vec<ContainerSpec<'de>>> = "containers",
        /// What was added for debugging.
        ephemeral_containers: Option<Vec<ContainerSpec<'de>>> = "ephemeralContainers",
        /// Its volumes.
        volumes: Option<Vec<Volume<'de>>> = "volumes",
    }
}

view! {
    /// The labels of virtual nodes that a pod may ask for ([`signal`]).
    pub struct NodeLabels<'de> {
        /// Of a virtual node of ACK.
        node_type: Option<Text<'de>> = signal::VIRTUAL_KUBELET.0,
        /// Of a self-managed VNode.
        vnode: Option<Text<'de>> = signal::VNODE,
    }
}

view! {
    /// The affinities of a pod.
    pub struct Affinity<'de> {
        /// To nodes.
        node_affinity: Option<NodeAffinity> = "nodeAffinity",
    }
}

view! {
    /// The operating system of a pod.
    pub struct Os<'de> {
        /// `linux` or `windows`
        name: Option<Text<'de>> = "name",
    }
}

view! {
    /// A volume of a pod.
    pub struct Volume<'de> {
        /// The path of the node that it is, where it is one.
        host_path: Option<HostPath<'de>> = "hostPath",
    }
}

view! {
    /// A path of the node.
    pub struct HostPath<'de> {
        /// The path.
        path: Option<Text<'de>> = "path",
    }
}

view! {
    /// A container of any list.
    pub struct ContainerSpec<'de> {
        /// Its name, unique in the pod.
        name: Option<Text<'de>> = "name",
        /// The reference of its image, as written.
        image: Option<Text<'de>> = "image",
        /// Its security settings.
        security_context: Option<SecurityContext> = "securityContext",
        /// The resources that it asks for.
        resources: Option<Resources<'de>> = "resources",
        /// The variables of its environment: a list of [`Variable`], read where they count.
        env: Option<Raw<'de>> = "env",
    }
}

view! {
    /// The resources of a container.
    pub struct Resources<'de> {
        /// At most.
        limits: Option<Amounts<'de>> = "limits",
        /// At least.
        requests: Option<Amounts<'de>> = "requests",
    }
}

view! {
    /// The amounts that bear on the size of an instance.
    pub struct Amounts<'de> {
        /// In cores, a quantity.
        cpu: Option<Amount<'de>> = "cpu",
        /// In bytes, a quantity.
        memory: Option<Amount<'de>> = "memory",
    }
}

view! {
    /// A variable of a container's environment.
    pub struct Variable<'de> {
        /// Its name.
        name: Option<Text<'de>> = "name",
        /// Its value, where it is given here.
        value: Option<Text<'de>> = "value",
    }
}

view! {
    of SecurityContext {
        allow_privilege_escalation: Option<bool> = "allowPrivilegeEscalation",
        app_armor_profile: Option<AppArmorProfile> = "appArmorProfile",
        capabilities: Option<Capabilities> = "capabilities",
        privileged: Option<bool> = "privileged",
        proc_mount: Option<String> = "procMount",
        read_only_root_filesystem: Option<bool> = "readOnlyRootFilesystem",
        run_as_group: Option<i64> = "runAsGroup",
        run_as_non_root: Option<bool> = "runAsNonRoot",
        run_as_user: Option<i64> = "runAsUser",
        se_linux_options: Option<SELinuxOptions> = "seLinuxOptions",
        seccomp_profile: Option<SeccompProfile> = "seccompProfile",
        windows_options: Option<WindowsSecurityContextOptions> = "windowsOptions",
    }
    of PodSecurityContext {
        app_armor_profile: Option<AppArmorProfile> = "appArmorProfile",
        fs_group: Option<i64> = "fsGroup",
        fs_group_change_policy: Option<String> = "fsGroupChangePolicy",
        run_as_group: Option<i64> = "runAsGroup",
        run_as_non_root: Option<bool> = "runAsNonRoot",
        run_as_user: Option<i64> = "runAsUser",
        se_linux_change_policy: Option<String> = "seLinuxChangePolicy",
        se_linux_options: Option<SELinuxOptions> = "seLinuxOptions",
        seccomp_profile: Option<SeccompProfile> = "seccompProfile",
        supplemental_groups: Option<Vec<i64>> = "supplementalGroups",
        supplemental_groups_policy: Option<String> = "supplementalGroupsPolicy",
        sysctls: Option<Vec<Sysctl>> = "sysctls",
        windows_options: Option<WindowsSecurityContextOptions> = "windowsOptions",
    }
    of Capabilities {
        add: Option<Vec<String>> = "add",
        drop: Option<Vec<String>> = "drop",
    }
    of Sysctl {
        name: String = "name",
        value: String = "value",
    }
    of SeccompProfile {
        type_: String = "type",
    }
    of AppArmorProfile {}
    of SELinuxOptions {}
    of WindowsSecurityContextOptions {}
    of Toleration {
        key: Option<String> = "key",
        value: Option<String> = "value",
    }
    of NodeAffinity {
        preferred_during_scheduling_ignored_during_execution: Option<Vec<PreferredSchedulingTerm>> = "preferredDuringSchedulingIgnoredDuringExecution",
        required_during_scheduling_ignored_during_execution: Option<NodeSelector> = "requiredDuringSchedulingIgnoredDuringExecution",
    }
    of PreferredSchedulingTerm {
        preference: NodeSelectorTerm = "preference",
    }
    of NodeSelector {
        node_selector_terms: Vec<NodeSelectorTerm> = "nodeSelectorTerms",
    }
    of NodeSelectorTerm {
        match_expressions: Option<Vec<NodeSelectorRequirement>> = "matchExpressions",
    }
    of NodeSelectorRequirement {
        key: String = "key",
        operator: String = "operator",
        values: Option<Vec<String>> = "values",
    }
}

/// What is read of the metadata of a workload itself, of whose marks ECI reads none: fields of [`Metadata`],
/// in its order.
const OWN_METADATA: Shape<'static> = Shape::Object(&[
    ("labels", Shape::Present),
    (
        "annotations",
        Shape::Object(&[
            (signal::BURST_RESOURCE, Shape::Present),
            (sysctl::HOST_SYSCTLS, Shape::Text),
        ]),
    ),
    (
        "ownerReferences",
        <Vec<OwnerReference<'static>> as View<'static>>::SHAPE,
    ),
]);

/// What places a pod: the first fields of each view in [`Template`], and nothing behind them.
const PLACING: Shape<'static> = Shape::Object(&[
    (
        "metadata",
        Shape::Object(&[
            ("labels", Labels::SHAPE),
            (
                "annotations",
                Shape::Object(&[(signal::BURST_RESOURCE, Shape::Text)]),
            ),
        ]),
    ),
    (
        "spec",
        Shape::Object(&[
            ("nodeName", Shape::Text),
            ("nodeSelector", NodeLabels::SHAPE),
            ("affinity", Affinity::SHAPE),
            ("tolerations", <Vec<Toleration> as View<'static>>::SHAPE),
        ]),
    ),
]);

/// An object of a request, read: what it says of itself, and its pod template.
#[derive(Debug)]
pub struct Workload<'de> {
    /// Where the pod template stands.
    pub place: Place,
    /// The object's own metadata; of a Pod they are those of the template, and empty here.
    pub metadata: Metadata<'de>,
    /// The pod template.
    pub template: Template<'de>,
}

impl<'de> Workload<'de> {
    /// Reads `object`, whose pod template stands at `place`; `None` where none stands there.
    pub fn read(object: Raw<'de>, place: Place) -> Result<Option<Self>, Unreadable> {
        Self::read_as(object, place, OWN_METADATA, Template::SHAPE)
    }

    /// Reads of `object` only what places its pod.
    pub fn read_placing(object: Raw<'de>, place: Place) -> Result<Option<Self>, Unreadable> {
        Self::read_as(object, place, Shape::Object(&[]), PLACING)
    }

    fn read_as(
        object: Raw<'de>,
        place: Place,
        own: Shape<'_>,
        template: Shape<'_>,
    ) -> Result<Option<Self>, Unreadable> {
        let missing = |path: Path| Unreadable::WrongType {
            path,
            reason: "is missing".to_owned(),
        };
        let (metadata, template) = match place {
            [] => (
                Metadata::default(),
                View::take(json::read_shape(object.get(), template)?),
            ),
            [first, rest @ ..] => {
                let fields = [("metadata", own), (first, Shape::At(rest, &template))];
                let mut fields =
                    json::fields(json::read_shape(object.get(), Shape::Object(&fields))?);
                (View::take(fields.next()), View::take(fields.next()))
            }
        };
        match template {
            Some(Template { spec: None, .. }) => Err(missing(Path::of(place).field("spec"))),
            Some(template) => Ok(Some(Self {
                place,
                metadata,
                template,
            })),
            None => Ok(None),
        }
    }

    /// Whether the object is a Pod, not something that makes pods.
    pub const fn is_pod(&self) -> bool {
        self.place.is_empty()
    }

    /// Whether the pod is written for Windows.
    pub fn is_windows(&self) -> bool {
        let os = self
            .template
            .spec
            .as_ref()
            .and_then(|spec| spec.os.as_ref());
        os.and_then(|os| os.name.as_deref()) == Some("windows")
    }

    /// Whether a controller owns the object.
    pub fn is_owned(&self) -> bool {
        let metadata = if self.is_pod() {
            self.template.metadata.as_ref()
        } else {
            Some(&self.metadata)
        };
        let owners = metadata
            .and_then(|metadata| metadata.owner_references.as_deref())
            .unwrap_or_default();
        owners.iter().any(|owner| owner.controller == Some(true))
    }
}

view! {
    /// Something with a name.
    pub struct Named<'de> {
        /// The name.
        name: Option<Text<'de>> = "name",
    }
}

/// The names of the ephemeral containers of a Pod, with their indices; none where they cannot be read.
pub fn ephemeral_names(pod: Raw<'_>) -> BTreeMap<String, usize> {
    let list = json::at(pod, &["spec", "ephemeralContainers"]);
    let containers: Option<Vec<Named<'_>>> = list.and_then(|list| json::read(list.get()).ok());
    let mut names = BTreeMap::new();
    for (index, container) in containers.into_iter().flatten().enumerate() {
        if let Some(name) = container.name {
            names.insert(name.to_string(), index);
        }
    }
    names
}
