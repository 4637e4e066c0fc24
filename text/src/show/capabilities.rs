//! Linux capabilities as a container runtime computes them: from the names that a container adds and drops to the
//! set, and from the set to the mask in `/proc/PID/status`. What ECI grants is decided elsewhere.

use std::fmt;

use eci_security_context::eci::capability::{ALL, LINUX, RUNTIME_DEFAULT};

/// A set of capabilities, each at its bit of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Set(u64);

impl Set {
    const NONE: Self = Self(0);

    /// Returns every capability of Linux, which a privileged container has.
    pub fn all() -> Self {
        Self::of(LINUX)
    }

    /// Returns the capabilities of a container that adds and drops these. containerd (`WithCapabilities` in its CRI
    /// plugin) considers `ALL` first, in `add` and then in `drop`, and then the other names one by one.
    pub fn of_container(added: &[&str], dropped: &[&str]) -> Self {
        let has_all = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(ALL));
        let base = match (has_all(dropped), has_all(added)) {
            (true, _) => Self::NONE,
            (false, true) => Self::all(),
            (false, false) => Self::of(RUNTIME_DEFAULT),
        };
        Self((base.0 | Self::of(added).0) & !Self::of(dropped).0)
    }

    /// Returns the names in the set, without `CAP_`, in the order of their bits.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        LINUX
            .iter()
            .enumerate()
            .filter(move |(bit, _)| self.0 >> bit & 1 == 1)
            .map(|(_, name)| *name)
    }

    /// Returns the set of the names that Linux knows.
    fn of(names: &[&str]) -> Self {
        let bits = names.iter().filter_map(|name| bit(name));
        Self(bits.fold(0, |mask, bit| mask | 1 << bit))
    }
}

/// Prints the mask as the kernel does.
impl fmt::Display for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Returns the bit of a capability. The runtime puts `CAP_` before any name and writes it in upper case; `None` if that
/// is not a capability of Linux, as with `CAP_NET_ADMIN`.
pub fn bit(written: &str) -> Option<usize> {
    LINUX
        .iter()
        .position(|name| written.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(added: &[&str], dropped: &[&str]) -> String {
        Set::of_container(added, dropped).to_string()
    }

    #[test]
    fn the_masks_of_the_kubernetes_page() {
        // "Configure a Security Context for a Pod or Container": security-context-3.yaml and -4.yaml.
        assert_eq!(mask(&[], &[]), "00000000a80425fb");
        assert_eq!(mask(&["NET_ADMIN", "SYS_TIME"], &[]), "00000000aa0435fb");
    }

    #[test]
    fn all_comes_before_single_names() {
        assert_eq!(
            mask(&["ALL"], &[]),
            "000001ffffffffff",
            "41 capabilities, CAP_LAST_CAP is 40"
        );
        assert_eq!(mask(&[], &["ALL"]), "0000000000000000");
        assert_eq!(
            mask(&["ALL"], &["CHOWN"]),
            "000001fffffffffe",
            "CHOWN is bit 0"
        );
        assert_eq!(
            mask(&["NET_BIND_SERVICE"], &["ALL"]),
            "0000000000000400",
            "its bit is 10"
        );
        assert_eq!(
            mask(&["ALL"], &["ALL"]),
            "0000000000000000",
            "drop is taken after add"
        );
        assert_eq!(mask(&["all"], &[]), "000001ffffffffff", "in any case");
    }

    #[test]
    fn a_capability_that_is_added_and_dropped_is_dropped() {
        assert_eq!(mask(&["NET_ADMIN"], &["NET_ADMIN"]), "00000000a80425fb");
    }

    #[test]
    fn names_are_taken_in_any_case_and_never_with_the_prefix() {
        assert_eq!(mask(&["net_admin"], &[]), mask(&["NET_ADMIN"], &[]));
        assert_eq!(
            mask(&["CAP_NET_ADMIN", "BOGUS", ""], &["CAP_CHOWN"]),
            mask(&[], &[])
        );
        assert_eq!(bit("CAP_NET_ADMIN"), None);
        assert_eq!(bit("net_admin"), Some(12));
    }

    #[test]
    fn a_set_has_names() {
        let set = Set::of_container(&["SYS_TIME", "CHOWN"], &["ALL"]);
        assert_eq!(set.names().collect::<Vec<_>>(), ["CHOWN", "SYS_TIME"]);
        assert_eq!(Set::all().names().count(), 41);
    }
}
