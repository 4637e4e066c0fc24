//! The values that the Linux kernel accepts for the sysctls that a pod may set on ECI.
//!
//! Source: the kernel's tables (`struct ctl_table`) and handlers in 4.19.13, 4.19.108, 5.4.273, 5.10.198, 6.1.192,
//! 6.12.117, 6.18.2 and 7.0, and `net/ipv4/sysctl_net_ipv4.c` of alibaba/cloud-kernel (4.19.91). Alibaba Cloud does not
//! publish the kernel of ECI's guests, except that it was 4.19 in 2020. Each entry therefore accepts what any of these
//! kernels accepts. Where they differ, a comment beside the entry says so.
//!
//! `proc_dointvec` and its relatives (`kernel/sysctl.c`, `proc_get_long`) read at most as many integers as the vector
//! has items. An integer is blanks, an optional `-` (no `+`), decimal, hexadecimal (`0x`) or octal (`0`) digits, and
//! then the end, a space, a tab or a newline. Missing integers leave the rest of the vector unchanged. The kernel drops
//! surplus ones (`kernel.sysctl_writes_strict` is 1 by default), so the author does not get what the value says. Such a
//! value is refused here too.
//!
//! Left out are:
//! - sysctls that are not a plain vector of integers (`net.ipv4.ip_local_reserved_ports`,
//!   `net.ipv4.tcp_congestion_control`, …);
//! - sysctls for which some kernel accepts every text: `net.ipv4.route.flush`, `net.ipv6.route.flush`, and
//!   `forwarding`, `disable_ipv6` and `ignore_routes_with_linkdown` of `net.ipv6.conf.*`, whose handlers ignore a value
//!   that cannot be read;
//! - limits that depend on another value (`net.ipv4.ip_local_port_range`: the first must not exceed the second).

mod format;
mod table;

pub use self::format::Format;
pub use self::table::FORMATS;

/// The prefixes of the sysctls that exist once for each interface.
const FAMILIES: [&str; 4] = [
    "net.ipv4.conf.",
    "net.ipv4.neigh.",
    "net.ipv6.conf.",
    "net.ipv6.neigh.",
];

/// Returns the format of the sysctl with this dotted name, or `None` if the table does not have it.
///
/// A dot in the name of an interface may be written as a dot or as a slash (`eth0/1`).
pub fn format_of(name: &str) -> Option<&'static Format> {
    let wildcard = FAMILIES.iter().find_map(|family| {
        let (_interface, leaf) = name.strip_prefix(family)?.rsplit_once('.')?;
        Some(format!("{family}*.{leaf}"))
    });
    let name = wildcard.as_deref().unwrap_or(name);
    let at = FORMATS
        .binary_search_by(|format| format.name.cmp(name))
        .ok()?;
    FORMATS.get(at)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[track_caller]
    fn taken(name: &str, value: &str) {
        let refusal = format_of(name).unwrap().refuse(value);
        assert_eq!(refusal, None, "{name} = {value:?}");
    }

    #[track_caller]
    fn refused(name: &str, value: &str, why: &str) {
        let refusal = format_of(name).unwrap().refuse(value);
        assert_eq!(refusal.as_deref(), Some(why), "{name} = {value:?}");
    }

    #[test]
    fn sorted_and_unique() {
        assert!(FORMATS.is_sorted_by(|a, b| a.name < b.name));
    }

    #[test]
    fn sound() {
        for format in FORMATS {
            assert!(format.values > 0 && format.min <= format.max, "{format:?}");
            assert_eq!(
                format_of(format.name).map(|found| found.name),
                Some(format.name)
            );
            taken(format.name, &format.max.to_string());
        }
    }

    #[test]
    fn common_values() {
        for (name, value) in [
            ("kernel.msgmax", "65536"),
            ("kernel.sem", "32000 1024000000 500 32000"),
            ("kernel.sem", "250\t32000\t32\t128\n"),
            ("kernel.shm_rmid_forced", "1"),
            ("kernel.shmall", "18446744073692774399"),
            ("kernel.shmmax", "18446744073692774399"),
            ("kernel.shmmax", "18446744073709551615"),
            ("net.core.somaxconn", "1024"),
            ("net.core.rmem_max", "16777216"),
            ("net.ipv4.ip_local_port_range", "1024 65535"),
            ("net.ipv4.ip_local_port_range", "1024"),
            ("net.ipv4.ip_unprivileged_port_start", "0"),
            ("net.ipv4.ip_unprivileged_port_start", "65535"),
            ("net.ipv4.ping_group_range", "0 2147483647"),
            ("net.ipv4.ping_group_range", "1"),
            ("net.ipv4.ping_group_range", "1 0"),
            ("net.ipv4.tcp_keepalive_time", "600"),
            ("net.ipv4.tcp_rmem", "4096 87380 6291456"),
            ("net.ipv4.tcp_syncookies", "1"),
            ("net.ipv4.tcp_tw_reuse", "2"),
            ("net.unix.max_dgram_qlen", "512"),
            ("vm.min_free_kbytes", "67584"),
        ] {
            taken(name, value);
        }
    }

    #[test]
    fn not_integers() {
        let values = [
            "abc", "1.5", "10k", "+5", "1,2", "-", "- 1", "--1", "08", "0x", "0xg", "1\r\n",
            "1_000", "¼", "1\u{a0}",
        ];
        for value in values.into_iter().chain(["", " ", "\n"]) {
            refused("net.core.somaxconn", value, "takes integers");
            refused("kernel.shmmax", value, "takes integers");
        }
        for (name, value) in [
            ("net.ipv4.ping_group_range", "1 abc"),
            ("net.ipv4.ip_local_port_range", "1024-65535"),
            ("net.ipv4.tcp_rmem", "4096,87380,6291456"),
        ] {
            refused(name, value, "takes integers");
        }
    }

    #[test]
    fn bases_and_blanks() {
        for value in ["0x10", "0X10", "020", " \t\r\n16", "16 ", "16\n", "-0"] {
            taken("net.core.somaxconn", value);
        }
        let ports = "net.ipv4.ip_unprivileged_port_start";
        taken(ports, "0xffff");
        refused(ports, "0x10000", "takes integers from 0 to 65535");
        let ttl = "net.ipv4.ip_default_ttl";
        taken(ttl, "0377");
        refused(ttl, "0400", "takes integers from 1 to 255");
    }

    #[test]
    fn out_of_range() {
        let ports = "net.ipv4.ip_unprivileged_port_start";
        let forward = "net.ipv4.ip_forward";
        for (name, value, range) in [
            (ports, "65536", "0 to 65535"),
            (ports, "-1", "0 to 65535"),
            (ports, "4294967295", "0 to 65535"),
            (ports, "4294967297", "0 to 65535"),
            ("net.core.somaxconn", "-1", "0 to 2147483647"),
            ("net.ipv4.ip_local_port_range", "1024 65536", "1 to 65535"),
            (
                "net.ipv4.ping_group_range",
                "0 4294967295",
                "0 to 4294967294",
            ),
            ("net.ipv4.tcp_tw_reuse", "3", "0 to 2"),
            ("fs.mqueue.msg_max", "65537", "1 to 65536"),
            (forward, "2147483648", "-2147483648 to 2147483647"),
            (forward, "-2147483649", "-2147483648 to 2147483647"),
            (forward, "99999999999", "-2147483648 to 2147483647"),
        ] {
            refused(name, value, &format!("takes integers from {range}"));
        }
        let nines = "9".repeat(5000);
        for name in ["net.core.somaxconn", "kernel.shmmax", forward] {
            for value in [
                "100000000000000000000",
                "-10000000000000000000",
                "000000000000000000001",
                &nines,
            ] {
                refused(name, value, "takes integers of at most 64 bits");
            }
        }
    }

    /// The limits that the table computes are exact.
    #[test]
    fn limits() {
        for (name, min, max) in [
            ("fs.mqueue.msgsize_default", 128, 16_777_216),
            ("fs.mqueue.msgsize_max", 128, 16_777_216),
            ("net.core.rps_sock_flow_entries", 0, 536_870_912),
            ("net.ipv4.ping_group_range", 0, 4_294_967_294),
            ("net.ipv4.tcp_adv_win_scale", -31, 31),
            ("net.ipv4.tcp_fin_timeout", -21_474_836, 21_474_836),
            ("net.ipv6.conf.all.router_solicitations", -1, 2_147_483_647),
        ] {
            let why = format!("takes integers from {min} to {max}");
            for (limit, beyond) in [(min, min - 1), (max, max + 1)] {
                taken(name, &i64::to_string(&limit));
                refused(name, &i64::to_string(&beyond), &why);
            }
        }
        for value in [
            "-9223372036854775807",
            "9223372036854775807",
            "18446744073709551615",
        ] {
            taken("kernel.shmmax", value);
        }
    }

    #[test]
    fn widest_of_all_kernels() {
        taken("kernel.shmmax", "-1"); // skipped in 5.10 and before
        taken("net.ipv4.tcp_syncookies", "256"); // an int in 4.19
        taken("net.ipv4.ping_group_range", "0 4294967294"); // since 6.1
    }

    #[test]
    fn more_than_the_vector_holds() {
        for (name, value, why) in [
            ("net.core.somaxconn", "1 2", "takes 1 integer, not 2"),
            (
                "net.core.somaxconn",
                "1024 # connections",
                "takes 1 integer, not 3",
            ),
            (
                "net.ipv4.ip_local_port_range",
                "1024 65535 1",
                "takes 2 integers, not 3",
            ),
            ("kernel.sem", "1 2 3 4 5", "takes 4 integers, not 5"),
        ] {
            refused(name, value, why);
        }
    }

    #[test]
    fn the_first_integer() {
        let first = |name, value| format_of(name).and_then(|format| format.first(value));
        assert_eq!(first("vm.min_free_kbytes", " 0x10"), Some(16));
        assert_eq!(first("kernel.sem", "250 32000"), Some(250));
        assert_eq!(first("vm.min_free_kbytes", "many"), None);
    }

    #[test]
    fn interfaces() {
        for interface in ["all", "default", "eth0", "eth0.1", "eth0/1"] {
            taken(&format!("net.ipv4.conf.{interface}.rp_filter"), "2");
            refused(
                &format!("net.ipv6.conf.{interface}.hop_limit"),
                "0",
                "takes integers from 1 to 255",
            );
        }
        taken("net.ipv4.neigh.default.gc_thresh3", "8192");
        for name in [
            "net.ipv4.conf.rp_filter",
            "net.ipv4.conf.all.none",
            "net.ipv6.conf.all.disable_ipv6",
            "",
            "net",
        ] {
            assert!(format_of(name).is_none(), "{name}");
        }
    }
}
