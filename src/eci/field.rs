//! The fields of a security context: what ECI reads, fixes or ignores. The rules, `show` and `convert` read this.
//!
//! Sources: the pod page and the API page of the profiles ([`super::profile`]).

use super::profile::Identity;

/// The value to which ECI documents `readOnlyRootFilesystem` as fixed.
pub const READ_ONLY_ROOT_FILESYSTEM: bool = true;

/// The value to which ECI documents `procMount` as fixed.
pub const PROC_MOUNT: &str = "Default";

/// The fields of a pod's security context that ECI does not offer.
pub static POD_IGNORED: &[&str] = &[
    "fsGroup",
    "fsGroupChangePolicy",
    "supplementalGroups",
    "supplementalGroupsPolicy",
    "seLinuxOptions",
    "seLinuxChangePolicy",
    "seccompProfile",
    "appArmorProfile",
    "windowsOptions",
];

/// The fields of a container's security context that ECI does not offer.
pub static CONTAINER_IGNORED: &[&str] = &[
    "allowPrivilegeEscalation",
    "seccompProfile",
    "seLinuxOptions",
    "appArmorProfile",
    "windowsOptions",
];

/// The annotations that set AppArmor or seccomp before there were fields; one that ends in `/` stands for all with this
/// prefix. ECI ignores them too.
pub static LEGACY_PROFILES: &[&str] = &[
    "seccomp.security.alpha.kubernetes.io/pod",
    "container.seccomp.security.alpha.kubernetes.io/",
    "container.apparmor.security.beta.kubernetes.io/",
];

/// True for an annotation of [`LEGACY_PROFILES`].
pub fn is_legacy_profile(annotation: &str) -> bool {
    LEGACY_PROFILES.iter().any(|profile| {
        annotation == *profile || profile.ends_with('/') && annotation.starts_with(profile)
    })
}

/// The types of a seccomp profile that Pod Security's *restricted* level accepts.
pub static RESTRICTED_SECCOMP: &[&str] = &["RuntimeDefault", "Localhost"];

/// The user and group IDs that the API server accepts (`IsValidUserID` and `IsValidGroupID` of Kubernetes).
pub const IDS: std::ops::RangeInclusive<i64> = 0..=2_147_483_647;

/// A field that says who the processes of a container run as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityField {
    /// `runAsUser`
    RunAsUser,
    /// `runAsGroup`
    RunAsGroup,
    /// `runAsNonRoot`
    RunAsNonRoot,
}

impl IdentityField {
    /// Every such field.
    pub const ALL: [Self; 3] = [Self::RunAsUser, Self::RunAsGroup, Self::RunAsNonRoot];

    /// Returns the name of the field.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RunAsUser => "runAsUser",
            Self::RunAsGroup => "runAsGroup",
            Self::RunAsNonRoot => "runAsNonRoot",
        }
    }
}

impl Identity {
    /// True if ECI reads the field at this level.
    pub const fn reads(&self, field: IdentityField) -> bool {
        match field {
            IdentityField::RunAsUser => self.run_as_user,
            IdentityField::RunAsGroup => self.run_as_group,
            IdentityField::RunAsNonRoot => self.run_as_non_root,
        }
    }
}
