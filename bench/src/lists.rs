//! Every list that the policy reads. Filled with its shortest valid item, a payload has as many items as possible.

use crate::shapes::{ECI, asked};

/// A list in an object.
pub(crate) struct List {
    /// The name of the list.
    pub(crate) name: &'static str,
    /// The item.
    pub(crate) item: &'static str,
    /// The field of the metadata or of the pod's specification that holds the list, with `@` for the items.
    field: &'static str,
}

const fn list(name: &'static str, item: &'static str, field: &'static str) -> List {
    List { name, item, field }
}

/// Every list.
#[rustfmt::skip]
pub(crate) const LISTS: [List; 18] = [
    list("containers", "{}", r#""containers":[@]"#),
    list("initContainers", "{}", r#""initContainers":[@]"#),
    list("ephemeralContainers", "{}", r#""ephemeralContainers":[@]"#),
    list("ports", "{}", r#""containers":[{"name":"a","ports":[@]}]"#),
    list("env", "{}", r#""securityContext":{"sysctls":[{"name":"vm.min_free_kbytes","value":"99999999"}]},"containers":[{"name":"a","env":[@]}]"#),
    list("capabilities.add", r#""""#, r#""containers":[{"name":"a","securityContext":{"capabilities":{"add":[@]}}}]"#),
    list("capabilities.drop", r#""""#, r#""containers":[{"name":"a","securityContext":{"capabilities":{"drop":[@]}}}]"#),
    list("volumes", "{}", r#""volumes":[@]"#),
    list("sysctls", "{}", r#""securityContext":{"sysctls":[@]}"#),
    list("supplementalGroups", "0", r#""securityContext":{"supplementalGroups":[@]}"#),
    list("tolerations", "{}", r#""tolerations":[@]"#),
    list("schedulingGates", "{}", r#""schedulingGates":[@]"#),
    list("required terms", "{}", r#""affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[@]}}}"#),
    list("matchExpressions", "{}", r#""affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[@]}]}}}"#),
    list("matchFields", "{}", r#""affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchFields":[@]}]}}}"#),
    list("values", r#""""#, r#""affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"type","operator":"In","values":[@]}]}]}}}"#),
    list("preferred terms", "{}", r#""affinity":{"nodeAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[@]}}"#),
    list(OWNERS, "{}", r#","ownerReferences":[@]"#),
];

const OWNERS: &str = "ownerReferences";

impl List {
    /// Returns the payload of a pod, or of an object of a custom kind, with this many items in the list.
    pub(crate) fn payload(&self, count: usize, is_custom: bool, is_on_eci: bool) -> String {
        let field = self.field.replace('@', &vec![self.item; count].join(","));
        let (metadata, spec) = match self.name {
            OWNERS => (&*field, ""),
            _ => ("", &*field),
        };
        let labels = if is_on_eci { ECI } else { "" };
        let template =
            format!(r#"{{"metadata":{{"labels":{{{labels}}}{metadata}}},"spec":{{{spec}}}}}"#);
        if is_custom {
            let object = format!(
                r#"{{"metadata":{{"name":"web"{metadata}}},"spec":{{"template":{template}}}}}"#
            );
            asked("CREATE", "example.com", "Game", "", &object, "null", "{}")
        } else {
            asked("CREATE", "", "Pod", "", &template, "null", "{}")
        }
    }
}
