//! Linux capabilities as a container runtime computes them: from the names that a container adds and drops to the
//! set, and from the set to the mask that `/proc/PID/status` shows. It knows nothing of what ECI grants.

use std::fmt;

use eci_security_context::eci::capability::{ALL, LINUX, RUNTIME_DEFAULT};

/// A set of capabilities, each at its bit of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Set(u64);

impl Set {
    const NONE: Self = Self(0);

    /// Every capability of Linux, as a privileged container has them.
    pub(super) fn all() -> Self {
        Self::of(LINUX.iter().copied())
    }

    /// What a container has that adds and drops these. containerd (`WithCapabilities` in its CRI plugin) takes
    /// `ALL` first, in `add` and then in `drop`, and then what is added and what is dropped one by one.
    pub(super) fn of_container<'n>(
        added: impl Iterator<Item = &'n str> + Clone,
        dropped: impl Iterator<Item = &'n str> + Clone,
    ) -> Self {
        let is_all = |name: &str| name.eq_ignore_ascii_case(ALL);
        let base = match (dropped.clone().any(is_all), added.clone().any(is_all)) {
            (true, _) => Self::NONE,
            (false, true) => Self::all(),
            (false, false) => Self::of(RUNTIME_DEFAULT.iter().copied()),
        };
        Self((base.0 | Self::of(added).0) & !Self::of(dropped).0)
    }

    /// The names in it, without `CAP_`, in the order of their bits.
    pub(super) fn names(self) -> impl Iterator<Item = &'static str> {
        LINUX
            .iter()
            .enumerate()
            .filter(move |(bit, _)| self.0 >> bit & 1 == 1)
            .map(|(_, name)| *name)
    }

    /// Those of the names that Linux knows.
    fn of<'n>(names: impl Iterator<Item = &'n str>) -> Self {
        Self(names.filter_map(bit).fold(0, |mask, bit| mask | 1 << bit))
    }
}

/// The mask as the kernel prints it.
impl fmt::Display for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The bit of the capability that the runtime makes of a name: it puts `CAP_` before it, whatever it is, and writes
/// it in upper case. `None` where that gives no capability of Linux, as of `CAP_NET_ADMIN`.
pub(super) fn bit(written: &str) -> Option<usize> {
    LINUX
        .iter()
        .position(|name| written.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(added: &[&str], dropped: &[&str]) -> String {
        Set::of_container(added.iter().copied(), dropped.iter().copied()).to_string()
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
    fn what_is_added_and_dropped_is_dropped() {
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
    fn a_set_names_what_is_in_it() {
        let set = Set::of_container(["SYS_TIME", "CHOWN"].into_iter(), ["ALL"].into_iter());
        assert_eq!(set.names().collect::<Vec<_>>(), ["CHOWN", "SYS_TIME"]);
        assert_eq!(Set::all().names().count(), 41);
    }
}
