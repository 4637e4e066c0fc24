//! The dated states of ECI's rules. Its documents disagree from one revision to the next; a reader
//! can check each table here against its source.

use crate::eci::sysctl;

/// One dated state of ECI's rules.
#[derive(Debug)]
pub struct Profile {
    /// The date by which settings name it.
    pub name: &'static str,
    /// The document that it was taken from.
    pub source: &'static str,
    /// The sysctls that the pod's `securityContext.sysctls` takes.
    pub sysctls: SysctlSet,
    /// Whether the annotation [`crate::eci::sysctl::HOST_SYSCTLS`] is read, for approved accounts.
    pub host_sysctls: bool,
    /// True if approved accounts may run privileged containers.
    pub privileged: bool,
    /// True if approved accounts may run privileged init containers.
    pub privileged_init: bool,
    /// Where the sysctls of [`Profile::sysctls`] are written.
    pub sysctl_field: &'static str,
    /// The capabilities that `capabilities.add` grants to everyone.
    pub capabilities: &'static [&'static str],
    /// True if an account can ask for approval of more capabilities.
    pub capability_approvals: bool,
    /// The identity fields that are read from the pod's security context.
    pub pod_identity: Identity,
    /// Those that are read from the security context of a container or an ephemeral container.
    pub container_identity: Identity,
    /// Those that are read from the security context of an init container.
    pub init_container_identity: Identity,
}

/// A text that only programs which show documentation need: the guests leave it out.
const fn doc(text: &'static str) -> &'static str {
    if cfg!(feature = "docs") { text } else { "" }
}

/// A set of sysctls: those that a pattern names, without the exceptions.
#[derive(Debug)]
pub struct SysctlSet {
    /// Names, or prefixes that end in `*`.
    pub patterns: &'static [&'static str],
    /// Names that a pattern covers, and that are refused all the same.
    pub except: &'static [&'static str],
}

impl SysctlSet {
    /// Whether the set holds the sysctl of this normalised name.
    pub fn holds(&self, name: &str) -> bool {
        // Runtimes make a path of the name by turning every dot into a slash, so that an exception is
        // reached by `net.ipv4/tcp_syncookies` too, which the kubelet leaves as it is.
        let reached = name.replace('/', ".");
        !self.except.contains(&reached.as_str())
            && self
                .patterns
                .iter()
                .any(|pattern| sysctl::covers(pattern, name))
    }
}

/// Which of the fields that say who a process runs as are read at one level.
#[derive(Clone, Copy, Debug)]
pub struct Identity {
    /// `runAsUser`
    pub run_as_user: bool,
    /// `runAsGroup`
    pub run_as_group: bool,
    /// `runAsNonRoot`
    pub run_as_non_root: bool,
}

const NONE: Identity = Identity {
    run_as_user: false,
    run_as_group: false,
    run_as_non_root: false,
};
const USER: Identity = Identity {
    run_as_user: true,
    run_as_group: false,
    run_as_non_root: false,
};
const USER_GROUP_NON_ROOT: Identity = Identity {
    run_as_user: true,
    run_as_group: true,
    run_as_non_root: true,
};

/// The seventeen capabilities of all three documents but `SYS_RAWIO`, which "cannot be granted through
/// the capabilities list".
const SIXTEEN: &[&str] = &[
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_ADMIN",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
    "SYS_PTRACE",
];

const POD_SYSCTLS: &str = "the pod's securityContext.sysctls";

const SYSCTLS: &[&str] = &[
    "kernel.shm*",
    "kernel.msg*",
    "kernel.sem",
    "fs.mqueue.*",
    "net.*",
    "vm.min_free_kbytes",
];

/// The profiles, oldest first; `latest` is the last one.
pub static PROFILES: &[&Profile] = &[
    &Profile {
        name: "2024-02-26",
        source: doc(
            "\"Configure a security context for a pod or container\", last updated on February 26, 2024 \
             (the pod page of ECI's documentation)",
        ),
        sysctls: SysctlSet {
            patterns: SYSCTLS,
            except: &["kernel.shm_rmid_forced", "net.ipv4.tcp_syncookies"],
        },
        host_sysctls: false,
        privileged: false,
        privileged_init: false,
        sysctl_field: POD_SYSCTLS,
        capabilities: SIXTEEN,
        capability_approvals: false,
        pod_identity: USER,
        container_identity: USER_GROUP_NON_ROOT,
        init_container_identity: USER_GROUP_NON_ROOT,
    },
    &Profile {
        name: "2026-04-01",
        source: doc(
            "\"Configure a security context for a pod or container\", last updated on March 31, 2026 \
             (the pod page), and \"Configure a security context for an elastic container instance or a \
             container\" of April 1, 2026 (the API page) for what it leaves open",
        ),
        sysctls: SysctlSet {
            patterns: SYSCTLS,
            except: &["net.ipv4.tcp_syncookies"],
        },
        host_sysctls: true,
        privileged: true,
        privileged_init: true,
        sysctl_field: POD_SYSCTLS,
        capabilities: SIXTEEN,
        capability_approvals: true,
        pod_identity: USER,
        container_identity: USER_GROUP_NON_ROOT,
        // The API page: runAsGroup and runAsNonRoot "are not supported for init containers".
        init_container_identity: USER,
    },
];

/// The source of [`OPENAPI`] and [`CHANNELS`].
const API_PAGE: &str = "\"Configure a security context for an elastic container instance or a container\" of \
                        April 1, 2026 (the API page of ECI's documentation)";

/// The state of the rules for requests to ECI's own API, `CreateContainerGroup`. No pod is judged by it, so that
/// settings cannot choose it.
pub static OPENAPI: Profile = Profile {
    name: "openapi",
    source: doc(API_PAGE),
    // What one of the two channels takes.
    sysctls: SysctlSet {
        patterns: SYSCTLS,
        except: &[
            "kernel.shm_rmid_forced",
            "net.ipv4.ip_local_port_range",
            "net.ipv4.tcp_syncookies",
        ],
    },
    host_sysctls: false,
    privileged: true,
    privileged_init: false,
    sysctl_field: "HostSecurityContext.Sysctl",
    capabilities: SIXTEEN,
    capability_approvals: true,
    pod_identity: NONE,
    container_identity: USER_GROUP_NON_ROOT,
    init_container_identity: USER,
};

/// A parameter of `CreateContainerGroup` that sets sysctls.
#[derive(Debug)]
pub struct Channel {
    /// The name of the parameter.
    pub parameter: &'static str,
    /// The sysctls that it takes.
    pub sysctls: SysctlSet,
}

/// The channels of [`OPENAPI`], that of safe sysctls and that of the others. None is in both.
pub static CHANNELS: [Channel; 2] = [
    Channel {
        parameter: "SecurityContext.Sysctl",
        sysctls: SysctlSet {
            patterns: &[
                "net.ipv4.ping_group_range",
                "net.ipv4.ip_unprivileged_port_start",
            ],
            except: &[],
        },
    },
    Channel {
        parameter: "HostSecurityContext.Sysctl",
        sysctls: SysctlSet {
            patterns: SYSCTLS,
            except: &[
                "kernel.shm_rmid_forced",
                "net.ipv4.ip_local_port_range",
                "net.ipv4.tcp_syncookies",
                "net.ipv4.ping_group_range",
                "net.ipv4.ip_unprivileged_port_start",
            ],
        },
    },
];

/// How many sysctls a channel takes (`SecurityContext.Sysctl` and `HostSecurityContext.Sysctl` of
/// `CreateContainerGroup`, API version 2018-08-08).
pub const CHANNEL_SYSCTLS: usize = 101;

/// The profile that settings name `latest`.
pub fn latest() -> &'static Profile {
    const LATEST: &Profile = match PROFILES {
        [.., latest] => latest,
        [] => panic!("there is a profile"),
    };
    LATEST
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eci::sysctl_format;

    fn profile(name: &str) -> &'static Profile {
        PROFILES
            .iter()
            .find(|profile| profile.name == name)
            .copied()
            .unwrap_or_else(latest)
    }

    #[test]
    fn shm_rmid_forced_came_with_2026() {
        assert!(
            !profile("2024-02-26")
                .sysctls
                .holds("kernel.shm_rmid_forced")
        );
        assert!(
            profile("2026-04-01")
                .sysctls
                .holds("kernel.shm_rmid_forced")
        );
    }

    #[test]
    fn a_star_without_a_dot_is_a_plain_prefix() {
        for profile in PROFILES {
            assert!(profile.sysctls.holds("kernel.shmmax"));
            assert!(profile.sysctls.holds("kernel.shm_next_id"));
            assert!(profile.sysctls.holds("kernel.msgmax"));
            assert!(profile.sysctls.holds("kernel.sem"));
            assert!(profile.sysctls.holds("fs.mqueue.msg_max"));
            assert!(profile.sysctls.holds("net.core.somaxconn"));
            assert!(profile.sysctls.holds("vm.min_free_kbytes"));
            assert!(!profile.sysctls.holds("kernel.sem_next_id"));
            assert!(!profile.sysctls.holds("net.ipv4.tcp_syncookies"));
            assert!(!profile.sysctls.holds("vm.max_map_count"));
            assert!(!profile.sysctls.holds("fs.mqueue"));
            assert!(!profile.sysctls.holds("net"));
        }
    }

    #[test]
    fn a_channel_takes_what_the_api_page_lists_for_it() {
        let takes = |name: &str| {
            CHANNELS
                .each_ref()
                .map(|channel| channel.sysctls.holds(name))
        };
        for name in [
            "net.ipv4.ping_group_range",
            "net.ipv4.ip_unprivileged_port_start",
        ] {
            assert_eq!(takes(name), [true, false], "{name}");
        }
        for name in [
            "kernel.shmmax",
            "kernel.msgmax",
            "kernel.sem",
            "net.core.somaxconn",
            "vm.min_free_kbytes",
        ] {
            assert_eq!(takes(name), [false, true], "{name}");
        }
        for name in [
            "kernel.shm_rmid_forced",
            "net.ipv4.ip_local_port_range",
            "net.ipv4.tcp_syncookies",
            "vm.max_map_count",
        ] {
            assert_eq!(takes(name), [false, false], "{name}");
        }
    }

    #[test]
    fn the_profile_of_requests_takes_what_exactly_one_channel_takes() {
        let more = [
            "net.ipv4/tcp_syncookies",
            "vm.max_map_count",
            "net",
            "kernel.pid_max",
        ];
        for name in sysctl_format::FORMATS
            .iter()
            .map(|format| format.name)
            .chain(more)
        {
            let channels = CHANNELS
                .iter()
                .filter(|channel| channel.sysctls.holds(name))
                .count();
            assert_eq!(channels, usize::from(OPENAPI.sysctls.holds(name)), "{name}");
        }
    }

    #[test]
    fn settings_cannot_choose_the_profile_of_requests() {
        assert!(PROFILES.iter().all(|profile| profile.name != OPENAPI.name));
    }

    #[test]
    fn the_sources_name_their_pages() {
        for profile in PROFILES {
            assert!(profile.source.starts_with(
                "\"Configure a security context for a pod or container\", last updated on "
            ));
        }
        assert!(
            OPENAPI
                .source
                .starts_with("\"Configure a security context for an elastic container instance")
        );
    }

    #[test]
    fn profiles_are_in_order_and_latest_is_the_last() {
        assert!(PROFILES.is_sorted_by(|earlier, later| earlier.name < later.name));
        assert_eq!(latest().name, "2026-04-01");
    }
}
