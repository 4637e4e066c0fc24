//! Names of sysctls: what Kubernetes takes for one, and when two of them are the same.

use std::borrow::Cow;

/// The annotation by which an approved account sets further sysctls: a JSON array of objects with the
/// strings `name` and `value` (the pod page of March 31, 2026).
pub const HOST_SYSCTLS: &str = "k8s.aliyun.com/eci-host-sysctls";

/// The sysctl that ECI takes, and advises to keep at or under a fifth of the instance's memory.
pub const MIN_FREE_KBYTES: &str = "vm.min_free_kbytes";

/// Whether the API server takes `name`: at most 253 characters that match
/// `^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$`
/// (`SysctlContainSlashFmt`, `SysctlMaxLength` in `pkg/apis/core/validation` of Kubernetes).
pub fn is_name(name: &str) -> bool {
    name.len() <= 253
        && name
            .as_bytes()
            .split(|byte| matches!(byte, b'.' | b'/'))
            .all(|segment| {
                let is_outer = |byte: Option<&u8>| {
                    byte.is_some_and(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9'))
                };
                is_outer(segment.first())
                    && is_outer(segment.last())
                    && segment
                        .iter()
                        .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
            })
}

/// The name as the kubelet compares it. Where `/` comes before any `.`, the two change places:
/// `net/ipv4/conf/eno2.100/rp_filter` is `net.ipv4.conf.eno2/100.rp_filter` (`NormalizeName` in
/// `k8s.io/component-helpers/node/util/sysctl`).
pub fn normalise(name: &str) -> Cow<'_, str> {
    if name.bytes().find(|byte| matches!(byte, b'.' | b'/')) == Some(b'/') {
        let swapped = name.chars().map(|c| match c {
            '/' => '.',
            '.' => '/',
            other => other,
        });
        Cow::Owned(swapped.collect())
    } else {
        Cow::Borrowed(name)
    }
}

/// Whether `pattern`, a normalised name or a prefix that ends in `*`, covers a normalised name.
pub fn covers(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => name == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_api_server() {
        for name in [
            "a",
            "net.core.somaxconn",
            "net/core/somaxconn",
            "a-b_c.d",
            "0.1",
            "net.ipv4.conf.eno2/100.rp_filter",
        ] {
            assert!(is_name(name), "{name}");
        }
        for name in [
            "",
            ".",
            "a.",
            ".a",
            "a..b",
            "A",
            "net.core.SOMAXCONN",
            "a b",
            "-a",
            "a_",
            "a._b",
            "ä",
            "a\n",
            "a/./b",
        ] {
            assert!(!is_name(name), "{name:?}");
        }
        assert!(is_name(&"a".repeat(253)));
        assert!(!is_name(&"a".repeat(254)));
    }

    #[test]
    fn separators_change_places_where_the_slash_comes_first() {
        for (written, compared) in [
            ("kernel/shmmax", "kernel.shmmax"),
            ("kernel.shmmax", "kernel.shmmax"),
            (
                "net/ipv4/conf/eno2.100/rp_filter",
                "net.ipv4.conf.eno2/100.rp_filter",
            ),
            (
                "net.ipv4.conf.eno2/100.rp_filter",
                "net.ipv4.conf.eno2/100.rp_filter",
            ),
            ("plain", "plain"),
            ("", ""),
            ("/a.b", ".a/b"),
        ] {
            assert_eq!(normalise(written), compared);
        }
    }
}
