//! The marks on a pod by which ACK and ECI place it (`schedule-pods-to-virtual-nodes`,
//! `schedule-pods-to-a-vnode` and `use-elastic-container-instance-based-scheduling` of Alibaba
//! Cloud's documentation; the keys of ACS from its manifests).

/// The label of a pod that puts it on ECI where its value is [`TRUE`], whatever else places it; on a
/// Namespace, every new pod in it.
pub const ECI_LABEL: &str = "alibabacloud.com/eci";
/// Its older spelling, which does the same.
pub const ECI_LABEL_LEGACY: &str = "eci";

/// A label of a Namespace that sends its pods to virtual nodes, with its value (older than
/// [`ECI_LABEL`], and discouraged).
pub const NAMESPACE_INJECTION: (&str, &str) = ("virtual-node-affinity-injection", "enabled");

/// The value of a label that is set.
pub const TRUE: &str = "true";

/// The label by which Alibaba Cloud Container Compute Service (ACS), another product, claims a pod
/// where its value is [`TRUE`].
pub const ACS_LABEL: &str = "alibabacloud.com/acs";

/// The label that names a compute class of ACS.
pub const ACS_COMPUTE_CLASS: &str = "alibabacloud.com/compute-class";

/// A taint of virtual nodes that serve ACS, with its value.
pub const ACS_TAINT: (&str, &str) = ("virtual-kubelet.io/compute-type", "acs");

/// The annotation that lets a pod burst onto ECI.
pub const BURST_RESOURCE: &str = "alibabacloud.com/burst-resource";
/// Its value for pods that run on ECI only.
pub const BURST_ECI_ONLY: &str = "eci_only";
/// Its value for pods that run on ECI where the nodes are full.
pub const BURST_ECI: &str = "eci";

/// The label of a virtual node of ACK, with its value.
pub const VIRTUAL_KUBELET: (&str, &str) = ("type", "virtual-kubelet");

/// The label, and the taint, of a self-managed VNode; its value is [`TRUE`].
pub const VNODE: &str = "k8s.aliyun.com/vnode";

/// The taint of a virtual node of ACK.
pub const VIRTUAL_KUBELET_TAINT: &str = "virtual-kubelet.io/provider";

/// Whether a node of this name is a virtual one: `virtual-kubelet`, `virtual-kubelet-cn-beijing-g`,
/// `cn-hangzhou.vnd-2ze…`.
pub fn is_virtual_node(name: &str) -> bool {
    name == "virtual-kubelet" || name.starts_with("virtual-kubelet-") || name.contains(".vnd-")
}

/// [`is_virtual_node`] as a regular expression (RE2).
pub const VIRTUAL_NODE_PATTERN: &str = r"^virtual-kubelet($|-)|\.vnd-";

/// The annotation that ECI writes on a pod that it runs.
pub const INSTANCE_ID: &str = "k8s.aliyun.com/eci-instance-id";

/// The label of a node with its host name, which is the name of the node.
pub const HOSTNAME: &str = "kubernetes.io/hostname";

/// The field of a node with its name, in a node affinity's `matchFields`.
pub const NODE_NAME_FIELD: &str = "metadata.name";
