//! The security contexts of pods and containers, as far as a rule reads them.

use serde::Deserialize;

use crate::eci::field::{IdentityField, RESTRICTED_SECCOMP};
use crate::fix::Scalar;
use crate::json::{Item, List, Options, Text, views};

/// The security context of a pod.
#[derive(Debug, Default, Deserialize)]
#[serde(
    remote = "Self",
    default,
    rename_all = "camelCase",
    expecting = "an object",
    bound(deserialize = "'de: 'a")
)]
pub struct PodSecurityContext<'a> {
    /// `appArmorProfile`
    pub app_armor_profile: Option<Options>,
    /// `fsGroup`
    pub fs_group: Option<i64>,
    /// `fsGroupChangePolicy`
    pub fs_group_change_policy: Option<Text<'a>>,
    /// `runAsGroup`
    pub run_as_group: Option<i64>,
    /// `runAsNonRoot`
    pub run_as_non_root: Option<bool>,
    /// `runAsUser`
    pub run_as_user: Option<i64>,
    /// `seLinuxChangePolicy`
    pub se_linux_change_policy: Option<Text<'a>>,
    /// `seLinuxOptions`
    pub se_linux_options: Option<Options>,
    /// `seccompProfile`
    pub seccomp_profile: Option<SeccompProfile<'a>>,
    /// `supplementalGroups`
    pub supplemental_groups: List<i64>,
    /// `supplementalGroupsPolicy`
    pub supplemental_groups_policy: Option<Text<'a>>,
    /// `sysctls`
    pub sysctls: List<Sysctl<'a>>,
    /// `windowsOptions`
    pub windows_options: Option<Options>,
}

/// The security context of a container.
#[derive(Debug, Default, Deserialize)]
#[serde(
    remote = "Self",
    default,
    rename_all = "camelCase",
    expecting = "an object",
    bound(deserialize = "'de: 'a")
)]
pub struct SecurityContext<'a> {
    /// `allowPrivilegeEscalation`
    pub allow_privilege_escalation: Option<bool>,
    /// `appArmorProfile`
    pub app_armor_profile: Option<Options>,
    /// `capabilities`
    pub capabilities: Option<Capabilities<'a>>,
    /// `privileged`
    pub privileged: Option<bool>,
    /// `procMount`
    pub proc_mount: Option<Text<'a>>,
    /// `readOnlyRootFilesystem`
    pub read_only_root_filesystem: Option<bool>,
    /// `runAsGroup`
    pub run_as_group: Option<i64>,
    /// `runAsNonRoot`
    pub run_as_non_root: Option<bool>,
    /// `runAsUser`
    pub run_as_user: Option<i64>,
    /// `seLinuxOptions`
    pub se_linux_options: Option<Options>,
    /// `seccompProfile`
    pub seccomp_profile: Option<SeccompProfile<'a>>,
    /// `windowsOptions`
    pub windows_options: Option<Options>,
}

/// The capabilities that a container adds and drops.
#[derive(Debug, Default, Deserialize)]
#[serde(
    remote = "Self",
    default,
    expecting = "an object",
    bound(deserialize = "'de: 'a")
)]
pub struct Capabilities<'a> {
    /// `add`
    pub add: List<Text<'a>>,
    /// `drop`
    pub drop: List<Text<'a>>,
}

/// A seccomp profile.
#[derive(Debug, Default, Deserialize)]
#[serde(
    remote = "Self",
    default,
    rename_all = "camelCase",
    expecting = "an object",
    bound(deserialize = "'de: 'a")
)]
pub struct SeccompProfile<'a> {
    /// `type`
    #[serde(rename = "type")]
    pub type_: Option<Text<'a>>,
    /// `localhostProfile`
    pub localhost_profile: Option<Text<'a>>,
}

/// A sysctl of a pod.
#[derive(Debug, Default, Deserialize)]
#[serde(
    remote = "Self",
    default,
    expecting = "an object",
    bound(deserialize = "'de: 'a")
)]
pub struct Sysctl<'a> {
    /// The name, as written.
    pub name: Option<Text<'a>>,
    /// The value.
    pub value: Option<Text<'a>>,
}

impl Item for Sysctl<'_> {}

views!(
    PodSecurityContext<'a>,
    SecurityContext<'a>,
    Capabilities<'a>,
    SeccompProfile<'a>,
    Sysctl<'a>
);

impl SeccompProfile<'_> {
    fn is_set(&self) -> bool {
        self.type_.is_some() || self.localhost_profile.is_some()
    }

    /// True for the types that Pod Security's *restricted* level accepts.
    pub fn is_restricted(&self) -> bool {
        let kind = self.type_.as_deref();
        kind.is_some_and(|kind| RESTRICTED_SECCOMP.contains(&kind))
    }
}

fn is_set(options: Option<&Options>) -> bool {
    options.is_some_and(|options| options.is_set)
}

impl PodSecurityContext<'_> {
    /// True if the field of [`crate::eci::field::POD_IGNORED`] asks for something: an empty list or object does not.
    pub fn asks_for(&self, field: &str) -> bool {
        match field {
            "fsGroup" => self.fs_group.is_some(),
            "fsGroupChangePolicy" => self.fs_group_change_policy.is_some(),
            "supplementalGroups" => !self.supplemental_groups.is_empty(),
            "supplementalGroupsPolicy" => self.supplemental_groups_policy.is_some(),
            "seLinuxOptions" => is_set(self.se_linux_options.as_ref()),
            "seLinuxChangePolicy" => self.se_linux_change_policy.is_some(),
            "seccompProfile" => self
                .seccomp_profile
                .as_ref()
                .is_some_and(SeccompProfile::is_set),
            "appArmorProfile" => is_set(self.app_armor_profile.as_ref()),
            "windowsOptions" => is_set(self.windows_options.as_ref()),
            _ => false,
        }
    }

    /// Returns what the pod asks of its containers. `runAsNonRoot: false` is the default and asks for nothing.
    pub fn identity(&self, field: IdentityField) -> Option<Scalar> {
        match field {
            IdentityField::RunAsUser => self.run_as_user.map(Scalar::Int),
            IdentityField::RunAsGroup => self.run_as_group.map(Scalar::Int),
            IdentityField::RunAsNonRoot => self
                .run_as_non_root
                .filter(|asked| *asked)
                .map(Scalar::Bool),
        }
    }
}

impl SecurityContext<'_> {
    /// True if the field of [`crate::eci::field::CONTAINER_IGNORED`] asks for something: an empty object does not.
    pub fn asks_for(&self, field: &str) -> bool {
        match field {
            "allowPrivilegeEscalation" => self.allow_privilege_escalation.is_some(),
            "seccompProfile" => self
                .seccomp_profile
                .as_ref()
                .is_some_and(SeccompProfile::is_set),
            "seLinuxOptions" => is_set(self.se_linux_options.as_ref()),
            "appArmorProfile" => is_set(self.app_armor_profile.as_ref()),
            "windowsOptions" => is_set(self.windows_options.as_ref()),
            _ => false,
        }
    }

    /// Returns what the container sets, `runAsNonRoot: false` included: it overrides the pod.
    pub fn identity(&self, field: IdentityField) -> Option<Scalar> {
        match field {
            IdentityField::RunAsUser => self.run_as_user.map(Scalar::Int),
            IdentityField::RunAsGroup => self.run_as_group.map(Scalar::Int),
            IdentityField::RunAsNonRoot => self.run_as_non_root.map(Scalar::Bool),
        }
    }
}
