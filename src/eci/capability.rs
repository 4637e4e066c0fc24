//! Linux capabilities and how they are spelled.

use std::borrow::Cow;

/// Every capability of Linux without its `CAP_`, at the index of its bit
/// (`include/uapi/linux/capability.h`, `CAP_LAST_CAP` 40).
pub static LINUX: &[&str] = &[
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];

/// The capabilities of a container that neither adds nor drops any: mask `00000000a80425fb` (`defaultUnixCaps`
/// in `oci/spec.go` of containerd, which ECI's instances run, and `DefaultCapabilities` in `oci/caps/defaults.go`
/// of moby agree). ECI's pages do not list its own default; they say only that `NET_ADMIN` is not in it.
pub static RUNTIME_DEFAULT: &[&str] = &[
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SYS_CHROOT",
    "MKNOD",
    "AUDIT_WRITE",
    "SETFCAP",
];

/// The name that container runtimes read as every capability.
pub const ALL: &str = "ALL";

/// The name as Kubernetes spells it: ASCII upper case, without `CAP_`. (containerd puts `CAP_` before
/// whatever it is given, so `CAP_NET_ADMIN` becomes `CAP_CAP_NET_ADMIN` there.)
pub fn normalise(name: &str) -> Cow<'_, str> {
    let name = match name.split_at_checked(4) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case("CAP_") => rest,
        _ => name,
    };
    match name.bytes().any(|byte| byte.is_ascii_lowercase()) {
        true => name.to_ascii_uppercase().into(),
        false => name.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_those_of_the_kernel() {
        for (bit, name) in [
            (0, "CHOWN"),
            (12, "NET_ADMIN"),
            (25, "SYS_TIME"),
            (31, "SETFCAP"),
            (40, "CHECKPOINT_RESTORE"),
        ] {
            assert_eq!(LINUX.get(bit), Some(&name));
        }
        assert_eq!(LINUX.len(), 41);
    }

    #[test]
    fn the_default_is_the_mask_that_kubernetes_shows() {
        // "Configure a Security Context for a Pod or Container", CapPrm of security-context-3.yaml.
        let bits = RUNTIME_DEFAULT
            .iter()
            .map(|name| LINUX.iter().position(|known| known == name).unwrap());
        assert_eq!(bits.fold(0_u64, |mask, bit| mask | 1 << bit), 0xa804_25fb);
    }

    #[test]
    fn spelling_is_upper_case_without_the_prefix() {
        for spelling in [
            "NET_ADMIN",
            "net_admin",
            "CAP_NET_ADMIN",
            "cap_net_admin",
            "Cap_Net_Admin",
        ] {
            assert_eq!(normalise(spelling), "NET_ADMIN");
        }
        assert_eq!(normalise("CAP_CAP_NET_ADMIN"), "CAP_NET_ADMIN");
        assert_eq!(
            normalise("ſys_admin"),
            "ſYS_ADMIN",
            "only ASCII letters have an upper case here"
        );
    }
}
