//! Finding the pod template in an object of any kind, and the view of it that the rules read.

use k8s_openapi::api::core::v1::{NodeAffinity, PodSecurityContext, SecurityContext, Toleration};
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Unexpected, Visitor,
};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::eci::{instance, signal, sysctl};
use crate::json::{self, Text, Unreadable, child, view};
use crate::path::Path;
use crate::quantity::Quantity;

/// The keys from an object down to its pod template; none for a Pod, which is one itself.
pub type Place = &'static [&'static str];

const POD: Place = &[];
const TEMPLATE: Place = &["template"];
const SPEC_TEMPLATE: Place = &["spec", "template"];
const JOB_TEMPLATE: Place = &["spec", "jobTemplate", "spec", "template"];

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
/// known beforehand, in any other where something stands that can only be one.
pub fn place(group: &str, kind: &str, object: &RawValue) -> Option<Place> {
    match KINDS.iter().find(|(known_group, known_kind, _)| (*known_group, *known_kind) == (group, kind)) {
        Some((_, _, place)) => Some(place),
        None => [SPEC_TEMPLATE, JOB_TEMPLATE].into_iter().find(|place| {
            descend(object, place)
                .and_then(|template| child(template, "spec"))
                .and_then(|spec| child(spec, "containers"))
                .is_some_and(is_list_of_objects)
        }),
    }
}

fn is_list_of_objects(raw: &RawValue) -> bool {
    let items: Result<Vec<&RawValue>, _> = serde_json::from_str(raw.get());
    items.is_ok_and(|items| !items.is_empty() && items.iter().all(|item| item.get().starts_with('{')))
}

/// The value at `place` in `object`, where there is one.
pub fn descend(object: &RawValue, place: Place) -> Option<&RawValue> {
    place.iter().try_fold(object, |raw, key| child(raw, key))
}

view! {
    /// A pod, or the template of one.
    pub struct Template<'de> {
        /// What names it and marks it.
        "metadata" => metadata: Metadata<'de>,
        /// What it runs.
        "spec" => spec: PodSpec<'de>,
    }
}

view! {
    /// The metadata of an object or of a pod template.
    pub struct Metadata<'de> {
        /// The labels that place a pod.
        "labels" => labels: Labels<'de>,
        /// The annotations that place it, or that bear on its security.
        "annotations" => annotations: Annotations<'de>,
        /// The objects that own it.
        "ownerReferences" => owner_references: Vec<OwnerReference<'de>>,
    }
}

view! {
    /// An owner of an object.
    pub struct OwnerReference<'de> {
        /// Whether it is the one that made it, and manages it.
        "controller" => controller: bool,
    }
}

view! {
    /// The labels that place a pod ([`signal`]).
    pub struct Labels<'de> {
        /// [`signal::ECI_LABELS`]
        "alibabacloud.com/eci" => eci: Text<'de>,
        /// [`signal::ECI_LABELS`]
        "eci" => eci_legacy: Text<'de>,
        /// [`signal::ACS_LABEL`]
        "alibabacloud.com/acs" => acs: Text<'de>,
        /// [`signal::ACS_COMPUTE_CLASS`]
        "alibabacloud.com/compute-class" => acs_compute_class: Text<'de>,
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

impl<'de> Deserialize<'de> for Annotations<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = Annotations<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut annotations = Annotations::default();
                while let Some(key) = map.next_key::<Text<'de>>()? {
                    match &*key {
                        signal::BURST_RESOURCE => annotations.burst_resource = map.next_value()?,
                        sysctl::HOST_SYSCTLS => annotations.host_sysctls = map.next_value()?,
                        instance::USE_SPECS => annotations.use_specs = map.next_value()?,
                        legacy if is_legacy_profile(legacy) => {
                            annotations.legacy_profiles.retain(|known| *known != key);
                            if map.next_value::<Option<IgnoredAny>>()?.is_some() {
                                annotations.legacy_profiles.push(key);
                            }
                        }
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(annotations)
            }
        }
        deserializer.deserialize_map(Keys)
    }
}

view! {
    /// The part of a pod's specification that decides.
    pub struct PodSpec<'de> {
        /// The node that it is bound to.
        "nodeName" => node_name: Text<'de>,
        /// The labels of the nodes that it asks for.
        "nodeSelector" => node_selector: NodeSelector<'de>,
        /// The nodes that it asks for, in more words.
        "affinity" => affinity: Affinity<'de>,
        /// The taints that it bears.
        "tolerations" => tolerations: Vec<Toleration>,
        /// The operating system that it is written for.
        "os" => os: Os<'de>,
        /// Whether it shares the network of the node.
        "hostNetwork" => host_network: bool,
        /// Whether it sees the processes of the node.
        "hostPID" => host_pid: bool,
        /// Whether it shares the IPC namespace of the node.
        "hostIPC" => host_ipc: bool,
        /// The security settings for all its containers.
        "securityContext" => security_context: PodSecurityContext,
        /// What runs first.
        "initContainers" => init_containers: Vec<ContainerSpec<'de>>,
        /// What runs.
        "containers" => containers: Vec<ContainerSpec<'de>>,
        /// What was added for debugging.
        "ephemeralContainers" => ephemeral_containers: Vec<ContainerSpec<'de>>,
        /// Its volumes.
        "volumes" => volumes: Vec<Volume<'de>>,
    }
}

view! {
    /// The labels of virtual nodes that a pod may ask for ([`signal`]).
    pub struct NodeSelector<'de> {
        /// [`signal::VIRTUAL_KUBELET`]
        "type" => node_type: Text<'de>,
        /// [`signal::VNODE`]
        "k8s.aliyun.com/vnode" => vnode: Text<'de>,
    }
}

view! {
    /// The affinities of a pod.
    pub struct Affinity<'de> {
        /// To nodes.
        "nodeAffinity" => node_affinity: NodeAffinity,
    }
}

view! {
    /// The operating system of a pod.
    pub struct Os<'de> {
        /// `linux` or `windows`
        "name" => name: Text<'de>,
    }
}

view! {
    /// A volume of a pod.
    pub struct Volume<'de> {
        /// Whether it is a path of the node.
        "hostPath" => host_path: IgnoredAny,
    }
}

view! {
    /// A container of any list.
    pub struct ContainerSpec<'de> {
        /// Its name, unique in the pod.
        "name" => name: Text<'de>,
        /// The reference of its image, as written.
        "image" => image: Text<'de>,
        /// Its security settings.
        "securityContext" => security_context: SecurityContext,
        /// The resources that it asks for.
        "resources" => resources: Resources<'de>,
        /// Whether its environment leaves it out of the instance's size.
        "env" => env: Env,
    }
}

view! {
    /// The resources of a container.
    pub struct Resources<'de> {
        /// At most.
        "limits" => limits: Amounts<'de>,
        /// At least.
        "requests" => requests: Amounts<'de>,
    }
}

view! {
    /// The amounts that bear on the size of an instance.
    pub struct Amounts<'de> {
        /// In cores.
        "cpu" => cpu: Amount,
        /// In bytes.
        "memory" => memory: Amount,
    }
}

/// A quantity; `None` inside where the text is none that Kubernetes would take.
#[derive(Clone, Copy, Debug)]
pub struct Amount(pub Option<Quantity>);

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        match raw.as_bytes().first() {
            Some(b'"') => {
                let text: Result<Text<'_>, _> = serde_json::from_str(raw);
                Ok(Self(text.ok().and_then(|text| Quantity::parse(&text))))
            }
            // A number is read as it is written: the API server makes a string of its digits.
            Some(b'-' | b'0'..=b'9') => Ok(Self(Quantity::parse(raw))),
            _ => Err(D::Error::invalid_type(Unexpected::Other("something else"), &"a string")),
        }
    }
}

/// The environment of a container, of which one variable counts.
#[derive(Clone, Copy, Debug)]
pub struct Env {
    /// Whether [`instance::RESOURCE_IGNORE`] is set.
    pub ignores_resources: bool,
}

impl<'de> Deserialize<'de> for Env {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut ignores_resources = false;
        deserializer.deserialize_seq(EachVariable(&mut ignores_resources))?;
        Ok(Self { ignores_resources })
    }
}

struct EachVariable<'e>(&'e mut bool);

impl<'de> Visitor<'de> for EachVariable<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a sequence")
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut variables: A) -> Result<(), A::Error> {
        while let Some(variable) = variables.next_element::<Variable<'de>>()? {
            *self.0 |= variable.name.as_deref() == Some(instance::RESOURCE_IGNORE)
                && variable.value.as_deref() == Some(instance::RESOURCE_IGNORE_TRUE);
        }
        Ok(())
    }
}

view! {
    /// A variable of a container's environment.
    pub struct Variable<'de> {
        /// Its name.
        "name" => name: Text<'de>,
        /// Its value, where it is given here.
        "value" => value: Text<'de>,
    }
}

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
    pub fn read(object: &'de RawValue, place: Place) -> Result<Option<Self>, Unreadable> {
        let (metadata, template) = json::read_seed(object.get(), ObjectWith(place))?;
        match template {
            Some(Template { spec: None, .. }) => Err(Unreadable::WrongType {
                path: Path::of(place).field("spec"),
                reason: "is missing".to_owned(),
            }),
            Some(template) => Ok(Some(Self { place, metadata, template })),
            None => Ok(None),
        }
    }

    /// Whether the object is a Pod, not something that makes pods.
    pub const fn is_pod(&self) -> bool {
        self.place.is_empty()
    }

    /// Whether the pod is written for Windows.
    pub fn is_windows(&self) -> bool {
        let os = self.template.spec.as_ref().and_then(|spec| spec.os.as_ref());
        os.and_then(|os| os.name.as_deref()) == Some("windows")
    }

    /// Whether a controller owns the object.
    pub fn is_owned(&self) -> bool {
        let metadata = if self.is_pod() { self.template.metadata.as_ref() } else { Some(&self.metadata) };
        let owners = metadata.and_then(|metadata| metadata.owner_references.as_deref()).unwrap_or_default();
        owners.iter().any(|owner| owner.controller == Some(true))
    }
}

view! {
    /// Something with a name.
    pub struct Named<'de> {
        /// The name.
        "name" => name: Text<'de>,
    }
}

/// The names of the ephemeral containers of a Pod; none where they cannot be read.
pub fn ephemeral_names(pod: &RawValue) -> Vec<Text<'_>> {
    let list = child(pod, "spec").and_then(|spec| child(spec, "ephemeralContainers"));
    let containers: Option<Vec<Named<'_>>> = list.and_then(|list| json::read(list.get()).ok());
    containers.into_iter().flatten().filter_map(|container| container.name).collect()
}

/// The part of `object` that places its pod, as the text of an object of the same shape; `None` where
/// that can't be read either.
pub fn placing(object: &RawValue, place: Place) -> Option<String> {
    let template: Value = serde_json::from_str(descend(object, place)?.get()).ok()?;
    let mut placing = Value::Null;
    for (field, key) in [
        ("metadata", "labels"),
        ("spec", "nodeName"),
        ("spec", "nodeSelector"),
        ("spec", "affinity"),
        ("spec", "tolerations"),
        ("spec", "os"),
    ] {
        placing[field][key] = template[field][key].clone();
    }
    let annotations = &template["metadata"]["annotations"];
    placing["metadata"]["annotations"][signal::BURST_RESOURCE] = annotations[signal::BURST_RESOURCE].clone();
    serde_json::to_string(&placing).ok()
}

/// Reads an object's own metadata and the template at the end of its [`Place`], in one pass.
#[derive(Clone, Copy)]
struct ObjectWith(Place);

impl<'de> DeserializeSeed<'de> for ObjectWith {
    type Value = (Metadata<'de>, Option<Template<'de>>);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        match self.0 {
            [] => Ok((Metadata::default(), Some(Template::deserialize(deserializer)?))),
            _ => deserializer.deserialize_map(self),
        }
    }
}

impl<'de> Visitor<'de> for ObjectWith {
    type Value = (Metadata<'de>, Option<Template<'de>>);

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut metadata, mut template) = (None, None);
        while let Some(key) = map.next_key::<Text<'de>>()? {
            match self.0.split_first() {
                Some((first, rest)) if *first == &*key => template = map.next_value_seed(TemplateAt(rest))?,
                _ if &*key == "metadata" => metadata = map.next_value()?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok((metadata.unwrap_or_default(), template))
    }
}

/// Reads the template at the end of a [`Place`], and skips the rest.
#[derive(Clone, Copy)]
struct TemplateAt(Place);

impl<'de> DeserializeSeed<'de> for TemplateAt {
    type Value = Option<Template<'de>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        match self.0 {
            [] => Option::deserialize(deserializer),
            _ => deserializer.deserialize_option(self),
        }
    }
}

impl<'de> Visitor<'de> for TemplateAt {
    type Value = Option<Template<'de>>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut template = None;
        while let Some(key) = map.next_key::<Text<'de>>()? {
            match self.0.split_first() {
                Some((first, rest)) if *first == &*key => template = map.next_value_seed(Self(rest))?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(template)
    }
}
