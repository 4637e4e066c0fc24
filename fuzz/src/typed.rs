//! The policy's views of a request, written out as the values that [`crate::untyped`] reads.

use eci_security_context::admission::Request;
use eci_security_context::json::{Amount, Raw, Text};
use eci_security_context::workload::{
    Affinity, Amounts, Annotations, ContainerSpec, Labels, Metadata, NodeLabels, OwnerReference,
    PodSpec, Template,
};
use k8s_openapi::api::core::v1::{
    NodeSelectorTerm, PodSecurityContext, SeccompProfile, SecurityContext, Sysctl, Toleration,
};
use serde_json::{Value, json};

fn object<'k>(fields: impl IntoIterator<Item = (&'k str, Option<Value>)>) -> Value {
    fields
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn list<T>(items: &[T], item: impl Fn(&T) -> Value) -> Value {
    items.iter().map(item).collect()
}

fn text(text: Option<&Text<'_>>) -> Option<Value> {
    text.map(|text| Value::from(&**text))
}

fn raw(raw: Option<Raw<'_>>) -> Option<Value> {
    raw.map(|raw| crate::untyped::value(raw.get()).expect("a part of what can be read can be read"))
}

/// A payload.
pub fn payload(request: &Request<'_>, settings: Option<Raw<'_>>) -> Value {
    let kind = request.kind.as_ref().map(|kind| {
        object([
            ("group", text(kind.group.as_ref())),
            ("kind", text(kind.kind.as_ref())),
        ])
    });
    let request = object([
        ("kind", kind),
        ("subResource", text(request.sub_resource.as_ref())),
        ("namespace", text(request.namespace.as_ref())),
        ("operation", text(request.operation.as_ref())),
        ("object", raw(request.object().ok())),
        ("oldObject", raw(request.old_object)),
    ]);
    object([("request", Some(request)), ("settings", raw(settings))])
}

/// A pod template.
pub fn template(template: &Template<'_>) -> Value {
    object([
        ("metadata", template.metadata.as_ref().map(metadata)),
        ("spec", template.spec.as_ref().map(spec)),
    ])
}

/// What of a pod template says whether its pod runs on ECI.
pub fn placing(template: &Template<'_>) -> Value {
    let annotations = |annotations: &Annotations<'_>| {
        object([(
            "alibabacloud.com/burst-resource",
            text(annotations.burst_resource.as_ref()),
        )])
    };
    let metadata = template.metadata.as_ref().map(|metadata| {
        object([
            ("labels", metadata.labels.as_ref().map(labels)),
            (
                "annotations",
                metadata.annotations.as_ref().map(annotations),
            ),
        ])
    });
    object([
        ("metadata", metadata),
        (
            "spec",
            template.spec.as_ref().map(|spec| object(nodes(spec))),
        ),
    ])
}

/// A workload's own metadata.
pub fn own_metadata(metadata: &Metadata<'_>) -> Value {
    let annotations = metadata.annotations.as_ref().map(|annotations| {
        object([(
            "k8s.aliyun.com/eci-host-sysctls",
            text(annotations.host_sysctls.as_ref()),
        )])
    });
    object([
        ("annotations", annotations),
        ("ownerReferences", owners(metadata)),
    ])
}

fn metadata(metadata: &Metadata<'_>) -> Value {
    object([
        ("labels", metadata.labels.as_ref().map(labels)),
        (
            "annotations",
            metadata.annotations.as_ref().map(annotations),
        ),
        ("ownerReferences", owners(metadata)),
    ])
}

fn owners(metadata: &Metadata<'_>) -> Option<Value> {
    let owner =
        |owner: &OwnerReference<'_>| object([("controller", owner.controller.map(Value::from))]);
    metadata
        .owner_references
        .as_ref()
        .map(|owners| list(owners, owner))
}

fn labels(labels: &Labels<'_>) -> Value {
    object([
        ("alibabacloud.com/eci", text(labels.eci.as_ref())),
        ("eci", text(labels.eci_legacy.as_ref())),
        ("alibabacloud.com/acs", text(labels.acs.as_ref())),
        (
            "alibabacloud.com/compute-class",
            text(labels.acs_compute_class.as_ref()),
        ),
    ])
}

fn annotations(annotations: &Annotations<'_>) -> Value {
    let mut profiles: Vec<_> = annotations
        .legacy_profiles
        .iter()
        .map(|key| key.to_string())
        .collect();
    profiles.sort();
    object([
        (
            "alibabacloud.com/burst-resource",
            text(annotations.burst_resource.as_ref()),
        ),
        (
            "k8s.aliyun.com/eci-host-sysctls",
            text(annotations.host_sysctls.as_ref()),
        ),
        (
            "k8s.aliyun.com/eci-use-specs",
            text(annotations.use_specs.as_ref()),
        ),
        ("profiles", Some(profiles.into())),
    ])
}

fn nodes(spec: &PodSpec<'_>) -> [(&'static str, Option<Value>); 4] {
    let selector = |labels: &NodeLabels<'_>| {
        object([
            ("type", text(labels.node_type.as_ref())),
            ("k8s.aliyun.com/vnode", text(labels.vnode.as_ref())),
        ])
    };
    let toleration = |Toleration { key, value, .. }: &Toleration| {
        object([
            ("key", key.clone().map(Value::from)),
            ("value", value.clone().map(Value::from)),
        ])
    };
    [
        ("nodeName", text(spec.node_name.as_ref())),
        ("nodeSelector", spec.node_selector.as_ref().map(selector)),
        ("affinity", spec.affinity.as_ref().map(affinity)),
        (
            "tolerations",
            spec.tolerations
                .as_ref()
                .map(|tolerations| list(tolerations, toleration)),
        ),
    ]
}

fn affinity(affinity: &Affinity<'_>) -> Value {
    fn term(term: &NodeSelectorTerm) -> Value {
        let expressions = term.match_expressions.as_ref().map(|expressions| {
            list(expressions, |expression| {
                object([
                    ("key", Some(json!(expression.key))),
                    ("operator", Some(json!(expression.operator))),
                    (
                        "values",
                        expression.values.as_ref().map(|values| json!(values)),
                    ),
                ])
            })
        });
        object([("matchExpressions", expressions)])
    }
    let of_nodes = affinity.node_affinity.as_ref().map(|affinity| {
        let preferred = affinity.preferred_during_scheduling_ignored_during_execution.as_ref();
        let required = affinity.required_during_scheduling_ignored_during_execution.as_ref();
        object([
            (
                "preferredDuringSchedulingIgnoredDuringExecution",
                preferred.map(|terms| list(terms, |one| json!({"preference": term(&one.preference)}))),
            ),
            (
                "requiredDuringSchedulingIgnoredDuringExecution",
                required
                    .map(|selector| json!({"nodeSelectorTerms": list(&selector.node_selector_terms, term)})),
            ),
        ])
    });
    object([("nodeAffinity", of_nodes)])
}

fn spec(spec: &PodSpec<'_>) -> Value {
    let containers = |containers: &Option<Vec<ContainerSpec<'_>>>| {
        containers
            .as_ref()
            .map(|containers| list(containers, container))
    };
    let volumes = spec.volumes.as_ref().map(|volumes| {
        list(volumes, |volume| {
            object([(
                "hostPath",
                volume
                    .host_path
                    .as_ref()
                    .map(|host_path| object([("path", text(host_path.path.as_ref()))])),
            )])
        })
    });
    object(
        nodes(spec).into_iter().chain([
            (
                "os",
                spec.os
                    .as_ref()
                    .map(|os| object([("name", text(os.name.as_ref()))])),
            ),
            ("hostNetwork", spec.host_network.map(Value::from)),
            ("hostPID", spec.host_pid.map(Value::from)),
            ("hostIPC", spec.host_ipc.map(Value::from)),
            (
                "securityContext",
                spec.security_context.as_ref().map(pod_context),
            ),
            ("initContainers", containers(&spec.init_containers)),
            ("containers", containers(&spec.containers)),
            (
                "ephemeralContainers",
                containers(&spec.ephemeral_containers),
            ),
            ("volumes", volumes),
        ]),
    )
}

fn seccomp(profile: &SeccompProfile) -> Value {
    json!({"type": profile.type_})
}

fn pod_context(context: &PodSecurityContext) -> Value {
    let sysctl = |Sysctl { name, value }: &Sysctl| json!({"name": name, "value": value});
    object([
        (
            "appArmorProfile",
            context.app_armor_profile.as_ref().map(|_| json!({})),
        ),
        ("fsGroup", context.fs_group.map(Value::from)),
        (
            "fsGroupChangePolicy",
            context.fs_group_change_policy.clone().map(Value::from),
        ),
        ("runAsGroup", context.run_as_group.map(Value::from)),
        ("runAsNonRoot", context.run_as_non_root.map(Value::from)),
        ("runAsUser", context.run_as_user.map(Value::from)),
        (
            "seLinuxChangePolicy",
            context.se_linux_change_policy.clone().map(Value::from),
        ),
        (
            "seLinuxOptions",
            context.se_linux_options.as_ref().map(|_| json!({})),
        ),
        (
            "seccompProfile",
            context.seccomp_profile.as_ref().map(seccomp),
        ),
        (
            "supplementalGroups",
            context.supplemental_groups.clone().map(Value::from),
        ),
        (
            "supplementalGroupsPolicy",
            context.supplemental_groups_policy.clone().map(Value::from),
        ),
        (
            "sysctls",
            context
                .sysctls
                .as_ref()
                .map(|sysctls| list(sysctls, sysctl)),
        ),
        (
            "windowsOptions",
            context.windows_options.as_ref().map(|_| json!({})),
        ),
    ])
}

fn context(context: &SecurityContext) -> Value {
    let capabilities = context.capabilities.as_ref().map(|capabilities| {
        object([
            ("add", capabilities.add.clone().map(Value::from)),
            ("drop", capabilities.drop.clone().map(Value::from)),
        ])
    });
    object([
        (
            "allowPrivilegeEscalation",
            context.allow_privilege_escalation.map(Value::from),
        ),
        (
            "appArmorProfile",
            context.app_armor_profile.as_ref().map(|_| json!({})),
        ),
        ("capabilities", capabilities),
        ("privileged", context.privileged.map(Value::from)),
        ("procMount", context.proc_mount.clone().map(Value::from)),
        (
            "readOnlyRootFilesystem",
            context.read_only_root_filesystem.map(Value::from),
        ),
        ("runAsGroup", context.run_as_group.map(Value::from)),
        ("runAsNonRoot", context.run_as_non_root.map(Value::from)),
        ("runAsUser", context.run_as_user.map(Value::from)),
        (
            "seLinuxOptions",
            context.se_linux_options.as_ref().map(|_| json!({})),
        ),
        (
            "seccompProfile",
            context.seccomp_profile.as_ref().map(seccomp),
        ),
        (
            "windowsOptions",
            context.windows_options.as_ref().map(|_| json!({})),
        ),
    ])
}

fn container(container: &ContainerSpec<'_>) -> Value {
    let amount = |Amount(amount): &Amount<'_>| crate::untyped::amount(amount);
    let amounts = |amounts: &Amounts<'_>| {
        object([
            ("cpu", amounts.cpu.as_ref().map(amount)),
            ("memory", amounts.memory.as_ref().map(amount)),
        ])
    };
    let resources = container.resources.as_ref().map(|resources| {
        object([
            ("limits", resources.limits.as_ref().map(amounts)),
            ("requests", resources.requests.as_ref().map(amounts)),
        ])
    });
    object([
        ("name", text(container.name.as_ref())),
        ("image", text(container.image.as_ref())),
        (
            "securityContext",
            container.security_context.as_ref().map(context),
        ),
        ("resources", resources),
        ("env", raw(container.env)),
    ])
}
