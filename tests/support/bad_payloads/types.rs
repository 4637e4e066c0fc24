//! Objects with a field of a wrong type.

use serde_json::{Value, json};

use super::{BadPayload, FINE, SECRET, UNREADABLE, bad, deployment, payload, put, readable};

/// The type of a field in the policy.
#[derive(Clone, Copy, Debug)]
enum Shape {
    Flag,
    Integer,
    Text,
    /// A quantity: text, or a number.
    Quantity,
    List,
    Object,
}

impl Shape {
    /// A value of every other type. The list is empty.
    fn wrong(self) -> Vec<Value> {
        let number = if matches!(self, Self::Integer) {
            json!(1.5)
        } else {
            json!(4_815_162_342_i64)
        };
        let values = [
            json!(true),
            number,
            json!(SECRET),
            json!([]),
            json!({SECRET: SECRET}),
        ];
        values
            .into_iter()
            .filter(|value| !self.takes(value))
            .collect()
    }

    fn takes(self, value: &Value) -> bool {
        match self {
            Self::Flag => value.is_boolean(),
            Self::Integer => value.is_i64(),
            Self::Text => value.is_string(),
            Self::Quantity => value.is_string() || value.is_number(),
            Self::List => value.is_array(),
            Self::Object => value.is_object(),
        }
    }
}

use Shape::{Flag, Integer, List, Object, Quantity, Text};

/// The beginning of the pointers with `REQUIRED` and `PREFERRED`.
const AFFINITIES: [(&str, &str); 2] = [
    (
        "REQUIRED",
        "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution",
    ),
    (
        "PREFERRED",
        "/spec/affinity/nodeAffinity/preferredDuringSchedulingIgnoredDuringExecution",
    ),
];

/// The fields of a pod template that decide where its pods run (section 4), as JSON pointers.
static PLACING: &[(&str, Shape)] = &[
    ("/metadata", Object),
    ("/metadata/labels", Object),
    ("/metadata/labels/alibabacloud.com~1eci", Text),
    ("/metadata/labels/eci", Text),
    ("/metadata/labels/alibabacloud.com~1acs", Text),
    ("/metadata/labels/alibabacloud.com~1compute-class", Text),
    ("/metadata/annotations", Object),
    (
        "/metadata/annotations/alibabacloud.com~1burst-resource",
        Text,
    ),
    ("/spec", Object),
    ("/spec/nodeName", Text),
    ("/spec/nodeSelector", Object),
    ("/spec/nodeSelector/type", Text),
    ("/spec/nodeSelector/k8s.aliyun.com~1vnode", Text),
    ("/spec/tolerations", List),
    ("/spec/tolerations/0", Object),
    ("/spec/tolerations/0/key", Text),
    ("/spec/tolerations/0/value", Text),
    ("/spec/affinity", Object),
    ("/spec/affinity/nodeAffinity", Object),
    ("REQUIRED", Object),
    ("REQUIRED/nodeSelectorTerms", List),
    ("REQUIRED/nodeSelectorTerms/0", Object),
    ("REQUIRED/nodeSelectorTerms/0/matchExpressions", List),
    ("REQUIRED/nodeSelectorTerms/0/matchFields", List),
    ("PREFERRED", List),
    ("PREFERRED/0", Object),
    ("PREFERRED/0/preference", Object),
    ("PREFERRED/0/preference/matchExpressions", List),
    ("PREFERRED/0/preference/matchExpressions/0", Object),
    ("PREFERRED/0/preference/matchExpressions/0/key", Text),
    ("PREFERRED/0/preference/matchExpressions/0/operator", Text),
    ("PREFERRED/0/preference/matchExpressions/0/values", List),
    ("PREFERRED/0/preference/matchExpressions/0/values/0", Text),
];

/// The fields of a pod that the rules read.
static POD_FIELDS: &[(&str, Shape)] = &[
    (
        "/metadata/annotations/k8s.aliyun.com~1eci-host-sysctls",
        Text,
    ),
    ("/metadata/annotations/k8s.aliyun.com~1eci-use-specs", Text),
    ("/spec/os", Object),
    ("/spec/os/name", Text),
    ("/spec/hostNetwork", Flag),
    ("/spec/hostPID", Flag),
    ("/spec/hostIPC", Flag),
    ("/spec/hostUsers", Flag),
    ("/spec/volumes", List),
    ("/spec/volumes/0", Object),
    ("/spec/volumes/0/hostPath", Object),
    ("/spec/volumes/0/hostPath/path", Text),
    ("/spec/securityContext", Object),
    ("/spec/securityContext/runAsUser", Integer),
    ("/spec/securityContext/runAsGroup", Integer),
    ("/spec/securityContext/runAsNonRoot", Flag),
    ("/spec/securityContext/fsGroup", Integer),
    ("/spec/securityContext/fsGroupChangePolicy", Text),
    ("/spec/securityContext/supplementalGroups", List),
    ("/spec/securityContext/supplementalGroups/0", Integer),
    ("/spec/securityContext/supplementalGroupsPolicy", Text),
    ("/spec/securityContext/seLinuxOptions", Object),
    ("/spec/securityContext/seLinuxChangePolicy", Text),
    ("/spec/securityContext/seccompProfile", Object),
    ("/spec/securityContext/seccompProfile/type", Text),
    (
        "/spec/securityContext/seccompProfile/localhostProfile",
        Text,
    ),
    ("/spec/securityContext/appArmorProfile", Object),
    ("/spec/securityContext/windowsOptions", Object),
    ("/spec/securityContext/sysctls", List),
    ("/spec/securityContext/sysctls/0", Object),
    ("/spec/securityContext/sysctls/0/name", Text),
    ("/spec/securityContext/sysctls/0/value", Text),
    ("/spec/containers", List),
    ("/spec/initContainers", List),
    ("/spec/ephemeralContainers", List),
];

/// The fields of a container that the rules read.
static CONTAINER_FIELDS: &[(&str, Shape)] = &[
    ("", Object),
    ("/name", Text),
    ("/image", Text),
    ("/ports", List),
    ("/ports/0", Object),
    ("/ports/0/hostPort", Integer),
    ("/securityContext", Object),
    ("/securityContext/allowPrivilegeEscalation", Flag),
    ("/securityContext/appArmorProfile", Object),
    ("/securityContext/capabilities", Object),
    ("/securityContext/capabilities/add", List),
    ("/securityContext/capabilities/add/0", Text),
    ("/securityContext/capabilities/drop", List),
    ("/securityContext/capabilities/drop/0", Text),
    ("/securityContext/privileged", Flag),
    ("/securityContext/procMount", Text),
    ("/securityContext/readOnlyRootFilesystem", Flag),
    ("/securityContext/runAsGroup", Integer),
    ("/securityContext/runAsNonRoot", Flag),
    ("/securityContext/runAsUser", Integer),
    ("/securityContext/seLinuxOptions", Object),
    ("/securityContext/seccompProfile", Object),
    ("/securityContext/seccompProfile/type", Text),
    ("/securityContext/seccompProfile/localhostProfile", Text),
    ("/securityContext/windowsOptions", Object),
    ("/resources", Object),
    ("/resources/limits", Object),
    ("/resources/requests", Object),
];

/// The fields that `min-free-kbytes` reads if the pod sets that sysctl.
static INSTANCE_FIELDS: &[(&str, Shape)] = &[
    ("/spec/containers/0/resources/limits/cpu", Quantity),
    ("/spec/containers/0/resources/limits/memory", Quantity),
    ("/spec/containers/0/env", List),
    ("/spec/containers/0/env/0", Object),
    ("/spec/containers/0/env/0/name", Text),
    ("/spec/containers/0/env/0/value", Text),
];

/// The fields that the policy reads in a workload's own metadata.
static WORKLOAD_FIELDS: &[(&str, Shape)] = &[
    ("/metadata", Object),
    ("/metadata/annotations", Object),
    (
        "/metadata/annotations/k8s.aliyun.com~1eci-host-sysctls",
        Text,
    ),
    ("/metadata/ownerReferences", List),
    ("/metadata/ownerReferences/0", Object),
    ("/metadata/ownerReferences/0/controller", Flag),
];

/// Pods with a wrong type in a field that decides where they run. The request is rejected even if no pod runs on ECI.
pub(crate) fn wrong_placing() -> Vec<BadPayload> {
    let fields = PLACING
        .iter()
        .flat_map(|(field, shape)| of_pods(field, shape.wrong(), UNREADABLE));
    fields.collect()
}

/// Pods with a wrong type in a field that the rules read.
pub(crate) fn wrong_pods() -> Vec<BadPayload> {
    POD_FIELDS
        .iter()
        .flat_map(|(field, shape)| of_pods(field, shape.wrong(), FINE))
        .collect()
}

/// Containers with a wrong type in a field that the rules read.
pub(crate) fn wrong_containers() -> Vec<BadPayload> {
    let lists = ["containers", "initContainers", "ephemeralContainers"];
    let fields = lists.iter().flat_map(|list| {
        CONTAINER_FIELDS.iter().flat_map(move |(field, shape)| {
            of_pods(&format!("/spec/{list}/0{field}"), shape.wrong(), FINE)
        })
    });
    fields.collect()
}

/// Pods with a wrong type in a field that decides the size of the instance.
pub(crate) fn wrong_instances() -> Vec<BadPayload> {
    INSTANCE_FIELDS
        .iter()
        .flat_map(|(field, shape)| of_pods(field, shape.wrong(), FINE))
        .collect()
}

/// Workloads with a wrong type in their own metadata.
pub(crate) fn wrong_workloads() -> Vec<BadPayload> {
    let above = [("/spec", Object), ("/spec/template", Object)];
    let of_deployment = WORKLOAD_FIELDS.iter().chain(&above);
    let of_deployment = of_deployment.map(|field| ("Deployment", deployment(), field));
    let cron_job = json!({"apiVersion": "batch/v1", "kind": "CronJob", "spec": {}});
    let of_cron_job = [("CronJob", cron_job, &("/spec/jobTemplate", Object))];
    of_deployment
        .chain(of_cron_job)
        .flat_map(|(kind, object, (field, shape))| {
            let wrong = shape.wrong().into_iter();
            wrong.map(move |wrong| unreadable(kind, object.clone(), field, wrong))
        })
        .collect()
}

/// A list with an item in place of another type. The message must name the list, not its item.
pub(crate) fn lists_for_something_else() -> Vec<BadPayload> {
    let list = json!([SECRET]);
    let fields = PLACING
        .iter()
        .chain(POD_FIELDS)
        .filter(|(_, shape)| !shape.takes(&list));
    let mut all: Vec<_> = fields
        .map(|(field, _)| unreadable("Pod", readable("true"), field, list.clone()))
        .collect();
    for (request, says) in [
        (list.clone(), "request: is an array"),
        (json!({"kind": list}), "request.kind: is an array"),
        (
            json!({"kind": {"group": list, "kind": "Pod"}}),
            "request.kind.group: is an array",
        ),
    ] {
        let payload = json!({"request": request, "settings": {}}).to_string();
        all.push(bad(format!("{says}: {list}"), payload, UNREADABLE, says));
    }
    all
}

/// Pods on ECI and elsewhere with wrong values at `field`, and a workload with the first value.
fn of_pods(field: &str, values: Vec<Value>, elsewhere: Option<u16>) -> Vec<BadPayload> {
    let in_workload = unreadable(
        "Deployment",
        deployment(),
        &format!("/spec/template{field}"),
        values[0].clone(),
    );
    let in_pods = values.into_iter().flat_map(|wrong| {
        [
            unreadable("Pod on ECI", readable("true"), field, wrong.clone()),
            BadPayload {
                code: elsewhere,
                ..unreadable("Pod elsewhere", readable("false"), field, wrong)
            },
        ]
    });
    in_pods.chain([in_workload]).collect()
}

/// An object with a value of a wrong type.
fn unreadable(what: &str, mut object: Value, field: &str, wrong: Value) -> BadPayload {
    let field = AFFINITIES
        .iter()
        .fold(field.to_owned(), |field, (name, pointer)| {
            field.replace(name, pointer)
        });
    let name = format!("{what} {field}: {wrong}");
    put(&mut object, &field, wrong);
    bad(
        name,
        payload(&object, "{}"),
        UNREADABLE,
        format!("{}: is a", path(&field)),
    )
}

/// The field path of a JSON pointer, as the API server prints it.
fn path(pointer: &str) -> String {
    let mut path = String::new();
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/");
        if step.parse::<usize>().is_ok() || step.contains(['.', '/', '-']) {
            path += &format!("[{step}]");
        } else {
            path += if path.is_empty() { "" } else { "." };
            path += &step;
        }
    }
    path
}
