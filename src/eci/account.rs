//! An account of Alibaba Cloud: its profile, and the approvals that it got by ticket.

use super::profile::{self, Profile};
use super::sysctl;

/// The rules of ECI for one account. It is all that a rule knows of the settings.
#[derive(Clone, Debug)]
pub struct Account {
    /// The dated state of ECI's rules.
    pub profile: &'static Profile,
    /// The approvals beyond the profile.
    pub approved: Approved,
}

/// The approvals that an account got by ticket.
#[derive(Clone, Debug, Default)]
pub struct Approved {
    /// True if privileged containers are approved.
    pub privileged: bool,
    /// The normalised names of the approved capabilities.
    pub capabilities: Vec<String>,
    /// The approved host sysctls: normalised names, or prefixes that end in `*`.
    pub host_sysctls: Vec<String>,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            profile: profile::latest(),
            approved: Approved::default(),
        }
    }
}

impl Account {
    /// True if a container, or an init container, may be privileged.
    pub const fn grants_privileged(&self, is_init: bool) -> bool {
        let profile = self.profile;
        let is_possible = if is_init {
            profile.privileged_init
        } else {
            profile.privileged
        };
        is_possible && self.approved.privileged
    }

    /// True if a container may add the capability of this normalised name.
    pub fn grants_capability(&self, name: &str) -> bool {
        self.profile.capabilities.contains(&name)
            || self.profile.capability_approvals
                && self
                    .approved
                    .capabilities
                    .iter()
                    .any(|approved| approved == name)
    }

    /// True if the annotation may set the host sysctl of this normalised name. An invalid name is never approved:
    /// behind an approved prefix it may lead anywhere (`vm.//.kernel.core_pattern`, which `sysctl` turns into a path
    /// with `..`).
    pub fn grants_host_sysctl(&self, name: &str) -> bool {
        self.profile.host_sysctls
            && sysctl::is_name(name)
            && self
                .approved
                .host_sysctls
                .iter()
                .any(|pattern| sysctl::covers(pattern, name))
    }
}
