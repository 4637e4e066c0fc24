//! The catalogue. One rule is one file here, its documentation beside it, and one line in [`RULES`].

use crate::rule::Rule;

/// The text of a rule's documentation, which the guests leave out.
macro_rules! docs {
    ($file:literal) => {
        if cfg!(feature = "docs") {
            include_str!($file)
        } else {
            ""
        }
    };
}

pub(crate) use field_ignored::RULE as FIELD_IGNORED;

mod capability_name;
mod capability_unsupported;
mod field_ignored;
mod host_namespaces;
mod host_path;
mod host_sysctls_malformed;
mod host_sysctls_misplaced;
mod host_sysctls_unapproved;
mod init_container_identity;
mod min_free_kbytes;
mod pod_identity;
mod privilege_escalation_conflict;
mod privileged;
mod proc_mount;
mod root_filesystem;
mod run_as_id_range;
mod run_as_root_conflict;
mod sysctl_malformed;
mod sysctl_unsupported;
mod sysctl_value;

/// Every rule, in evaluation order: what the pod sets for all, then what its containers set, then
/// what it asks of the node.
pub static RULES: &[&Rule] = &[
    &sysctl_unsupported::RULE,
    &sysctl_malformed::RULE,
    &sysctl_value::RULE,
    &min_free_kbytes::RULE,
    &host_sysctls_malformed::RULE,
    &host_sysctls_unapproved::RULE,
    &host_sysctls_misplaced::RULE,
    &capability_unsupported::RULE,
    &capability_name::RULE,
    &privileged::RULE,
    &run_as_root_conflict::RULE,
    &run_as_id_range::RULE,
    &privilege_escalation_conflict::RULE,
    &pod_identity::RULE,
    &init_container_identity::RULE,
    &root_filesystem::RULE,
    &proc_mount::RULE,
    &field_ignored::RULE,
    &host_namespaces::RULE,
    &host_path::RULE,
];
