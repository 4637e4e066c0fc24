//! The catalogue: one file a rule, its page beside it, and two lines here, which `cargo xtask new-rule` writes.

use rule::Rule;

/// The page of a rule, which the guests leave out.
macro_rules! docs {
    ($file:literal) => {
        if cfg!(feature = "docs") {
            include_str!($file)
        } else {
            ""
        }
    };
}

pub mod rule;

pub use field_ignored::RULE as FIELD_IGNORED;
pub use sysctl_unsupported::RULE as SYSCTL_UNSUPPORTED;

mod capability_name;
mod capability_unsupported;
mod field_ignored;
mod host_namespaces;
mod host_path;
mod host_ports;
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

/// Every rule, in evaluation order: settings of the pod, then of its containers, then requests to the node.
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
    &host_ports::RULE,
];
