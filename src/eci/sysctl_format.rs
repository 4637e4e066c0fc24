//! What the Linux kernel takes as the value of the sysctls that a pod may set on ECI.
//!
//! Read in the kernel's source, the tables (`struct ctl_table`) as well as the handlers: 4.19.13, 4.19.108,
//! 5.4.273, 5.10.198, 6.1.192, 6.12.117, 6.18.2 and 7.0, and `net/ipv4/sysctl_net_ipv4.c` of
//! alibaba/cloud-kernel (4.19.91). ECI says of its guests no more than that they ran 4.19 in 2020, so each
//! entry is the union, the widest of what any of them takes: a value is called refused only if all of them
//! refuse it. What differs is said beside the entry.
//!
//! Of a value, `proc_dointvec` and its kin (`kernel/sysctl.c`, `proc_get_long`) read as many integers as the
//! vector is long: blanks, an optional `-` (no `+`), decimal, hexadecimal (`0x`) or octal (`0`) digits, then
//! the end, a space, a tab or a newline. Fewer integers leave the rest of the vector as it was. Of more of
//! them the kernel takes the first and drops the rest (`kernel.sysctl_writes_strict` is 1 by default): what
//! the author asked for is not set, so such a value is refused here too.
//!
//! Left out: what isn't a plain vector of integers (`net.ipv4.ip_local_reserved_ports`,
//! `net.ipv4.tcp_congestion_control`, …); what some kernel refuses nothing for (`net.ipv4.route.flush` and
//! `net.ipv6.route.flush`; `forwarding`, `disable_ipv6` and `ignore_routes_with_linkdown` of
//! `net.ipv6.conf.*`, whose handlers forget that the value couldn't be read); limits that depend on another
//! value (`net.ipv4.ip_local_port_range`: the first no more than the second).

const INT_MIN: i64 = i32::MIN as i64;
const INT_MAX: i64 = i32::MAX as i64;
const UINT_MAX: i64 = u32::MAX as i64;

/// The longest text of one integer, sign and prefix included (`TMPBUFLEN` - 2).
const LONGEST: usize = 20;

/// The integers that the kernel takes for one sysctl.
#[derive(Debug)]
pub struct Format {
    /// Dotted name; `*` in the place of an interface.
    pub name: &'static str,
    /// Length of the vector: the kernel reads no more integers than this. Fewer are fine.
    pub values: usize,
    /// The smallest integer that some kernel takes.
    pub min: i64,
    /// The largest; `i64::MAX` for every unsigned 64-bit integer too.
    pub max: i64,
}

const fn one(name: &'static str, min: i64, max: i64) -> Format {
    vector(name, 1, min, max)
}

const fn vector(name: &'static str, values: usize, min: i64, max: i64) -> Format {
    Format {
        name,
        values,
        min,
        max,
    }
}

/// `proc_dointvec`.
const fn int(name: &'static str) -> Format {
    one(name, INT_MIN, INT_MAX)
}

/// `proc_dointvec` in 4.19, `proc_dou8vec_minmax` (0..=255, or narrower) in 5.10 or later.
const fn byte(name: &'static str) -> Format {
    int(name)
}

/// `proc_dointvec_jiffies`: seconds, no more than `INT_MAX` / `HZ`, at its widest where `HZ` is 100. (7.0
/// multiplies before it compares, so that some numbers beyond 2^64 / `HZ` pass as well; left aside.)
const fn seconds(name: &'static str) -> Format {
    one(name, -(INT_MAX / 100), INT_MAX / 100)
}

/// Any integer. `proc_doulongvec_minmax` without limits takes 0..=18446744073709551615, and skips a negative
/// one in 5.10 and before (6.1 and later refuse it). `proc_dointvec_ms_jiffies` cuts to 32 bits.
const fn any(name: &'static str, values: usize) -> Format {
    vector(name, values, -i64::MAX, i64::MAX)
}

/// Sorted by name.
#[rustfmt::skip] // one entry a line, with what is to be said of it
pub static FORMATS: &[Format] = &[
    // ipc/mq_sysctl.c, include/linux/ipc_namespace.h
    one("fs.mqueue.msg_default", 1, 65536),
    one("fs.mqueue.msg_max", 1, 65536),
    one("fs.mqueue.msgsize_default", 128, 16 * 1024 * 1024),
    one("fs.mqueue.msgsize_max", 128, 16 * 1024 * 1024),
    int("fs.mqueue.queues_max"),
    // ipc/ipc_sysctl.c, ipc/util.h
    one("kernel.msg_next_id", 0, INT_MAX),
    one("kernel.msgmax", 0, INT_MAX),
    one("kernel.msgmnb", 0, INT_MAX),
    one("kernel.msgmni", 0, INT_MAX), // 0..=32768 (16777216 with ipcmni_extend) since 5.4
    vector("kernel.sem", 4, INT_MIN, INT_MAX), // the 4th 0..=32768 (16777216 with ipcmni_extend) since 5.4
    one("kernel.shm_next_id", 0, INT_MAX),
    one("kernel.shm_rmid_forced", 0, 1),
    any("kernel.shmall", 1),
    any("kernel.shmmax", 1),
    int("kernel.shmmni"), // 0..=32768 (16777216 with ipcmni_extend) since 5.4
    // net/bridge/br_netfilter_hooks.c
    int("net.bridge.bridge-nf-call-arptables"),
    int("net.bridge.bridge-nf-call-ip6tables"),
    int("net.bridge.bridge-nf-call-iptables"),
    // net/core/sysctl_net_core.c
    one("net.core.busy_poll", 0, INT_MAX),
    one("net.core.busy_read", 0, INT_MAX),
    int("net.core.dev_weight"), // 1 or more in 6.1 and later
    one("net.core.max_skb_frags", 1, 45), // 17, in 6.12 and later CONFIG_MAX_SKB_FRAGS (17..=45)
    int("net.core.message_burst"),
    seconds("net.core.message_cost"),
    int("net.core.netdev_budget"),
    one("net.core.netdev_budget_usecs", 0, INT_MAX), // more than 0 since 6.1
    int("net.core.netdev_max_backlog"),
    int("net.core.optmem_max"), // 0 or more in 6.12 and later
    one("net.core.rmem_default", 2048, INT_MAX), // 2048 + the size of a struct sk_buff
    one("net.core.rmem_max", 2048, INT_MAX), // 2048 + the size of a struct sk_buff
    one("net.core.rps_sock_flow_entries", 0, 1 << 29),
    one("net.core.somaxconn", 0, INT_MAX),
    one("net.core.wmem_default", 4096, INT_MAX), // twice 2048 + the size of a struct sk_buff
    one("net.core.wmem_max", 4096, INT_MAX), // twice 2048 + the size of a struct sk_buff
    // net/ipv4/devinet.c
    int("net.ipv4.conf.*.accept_local"),
    int("net.ipv4.conf.*.accept_redirects"),
    int("net.ipv4.conf.*.accept_source_route"),
    int("net.ipv4.conf.*.arp_accept"),
    int("net.ipv4.conf.*.arp_announce"),
    int("net.ipv4.conf.*.arp_filter"),
    int("net.ipv4.conf.*.arp_ignore"),
    int("net.ipv4.conf.*.arp_notify"),
    int("net.ipv4.conf.*.force_igmp_version"),
    int("net.ipv4.conf.*.forwarding"),
    int("net.ipv4.conf.*.log_martians"),
    int("net.ipv4.conf.*.promote_secondaries"),
    int("net.ipv4.conf.*.proxy_arp"),
    int("net.ipv4.conf.*.route_localnet"),
    int("net.ipv4.conf.*.rp_filter"),
    int("net.ipv4.conf.*.secure_redirects"),
    int("net.ipv4.conf.*.send_redirects"),
    int("net.ipv4.conf.*.shared_media"),
    int("net.ipv4.conf.*.src_valid_mark"),
    // net/ipv4/sysctl_net_ipv4.c, devinet.c (ip_forward), ip_fragment.c (ipfrag_*)
    byte("net.ipv4.icmp_echo_ignore_all"),
    byte("net.ipv4.icmp_echo_ignore_broadcasts"),
    byte("net.ipv4.icmp_ignore_bogus_error_responses"),
    one("net.ipv4.icmp_msgs_burst", 0, INT_MAX),
    one("net.ipv4.icmp_msgs_per_sec", 0, INT_MAX),
    any("net.ipv4.icmp_ratelimit", 1),
    int("net.ipv4.icmp_ratemask"),
    int("net.ipv4.igmp_max_memberships"),
    int("net.ipv4.igmp_max_msf"),
    one("net.ipv4.ip_autobind_reuse", 0, 1),
    one("net.ipv4.ip_default_ttl", 1, 255),
    int("net.ipv4.ip_forward"),
    vector("net.ipv4.ip_local_port_range", 2, 1, 65535),
    byte("net.ipv4.ip_no_pmtu_disc"),
    byte("net.ipv4.ip_nonlocal_bind"),
    one("net.ipv4.ip_unprivileged_port_start", 0, 65535),
    any("net.ipv4.ipfrag_high_thresh", 1),
    any("net.ipv4.ipfrag_low_thresh", 1),
    seconds("net.ipv4.ipfrag_time"),
    // net/core/neighbour.c
    seconds("net.ipv4.neigh.*.base_reachable_time"),
    any("net.ipv4.neigh.*.base_reachable_time_ms", 1),
    seconds("net.ipv4.neigh.*.delay_first_probe_time"),
    seconds("net.ipv4.neigh.*.gc_stale_time"),
    one("net.ipv4.neigh.*.gc_thresh1", 0, INT_MAX),
    one("net.ipv4.neigh.*.gc_thresh2", 0, INT_MAX),
    one("net.ipv4.neigh.*.gc_thresh3", 0, INT_MAX),
    one("net.ipv4.neigh.*.mcast_solicit", 0, INT_MAX),
    any("net.ipv4.neigh.*.retrans_time_ms", 1),
    one("net.ipv4.neigh.*.ucast_solicit", 0, INT_MAX),
    one("net.ipv4.neigh.*.unres_qlen_bytes", 0, INT_MAX),
    // net/ipv4/sysctl_net_ipv4.c, devinet.c (ip_forward), ip_fragment.c (ipfrag_*)
    vector("net.ipv4.ping_group_range", 2, 0, UINT_MAX - 1), // up to 2147483647 in 4.19, 5.4 and 5.10
    // net/ipv4/route.c
    int("net.ipv4.route.gc_thresh"),
    seconds("net.ipv4.route.gc_timeout"),
    int("net.ipv4.route.max_size"),
    int("net.ipv4.route.min_adv_mss"),
    one("net.ipv4.route.min_pmtu", 68, INT_MAX),
    seconds("net.ipv4.route.mtu_expires"),
    // net/ipv4/sysctl_net_ipv4.c, devinet.c (ip_forward), ip_fragment.c (ipfrag_*)
    byte("net.ipv4.tcp_abort_on_overflow"),
    one("net.ipv4.tcp_adv_win_scale", -31, 31),
    one("net.ipv4.tcp_autocorking", 0, 1),
    int("net.ipv4.tcp_base_mss"),
    int("net.ipv4.tcp_challenge_ack_limit"),
    byte("net.ipv4.tcp_dsack"),
    one("net.ipv4.tcp_early_retrans", 0, 4),
    byte("net.ipv4.tcp_ecn"),
    int("net.ipv4.tcp_fastopen"),
    one("net.ipv4.tcp_fastopen_blackhole_timeout_sec", 0, INT_MAX),
    seconds("net.ipv4.tcp_fin_timeout"),
    byte("net.ipv4.tcp_frto"),
    seconds("net.ipv4.tcp_keepalive_intvl"),
    byte("net.ipv4.tcp_keepalive_probes"),
    seconds("net.ipv4.tcp_keepalive_time"),
    int("net.ipv4.tcp_limit_output_bytes"),
    int("net.ipv4.tcp_low_latency"),
    int("net.ipv4.tcp_max_orphans"),
    int("net.ipv4.tcp_max_reordering"), // 1 or more in 6.1 and 6.12
    int("net.ipv4.tcp_max_syn_backlog"),
    int("net.ipv4.tcp_max_tw_buckets"),
    any("net.ipv4.tcp_mem", 3),
    one("net.ipv4.tcp_min_snd_mss", 48, 65535),
    one("net.ipv4.tcp_min_tso_segs", 1, 65535), // 1..=255 in 5.10 and later
    byte("net.ipv4.tcp_moderate_rcvbuf"),
    byte("net.ipv4.tcp_mtu_probing"),
    byte("net.ipv4.tcp_no_metrics_save"),
    one("net.ipv4.tcp_notsent_lowat", 0, UINT_MAX),
    byte("net.ipv4.tcp_orphan_retries"),
    one("net.ipv4.tcp_pacing_ca_ratio", 0, 1000),
    one("net.ipv4.tcp_pacing_ss_ratio", 0, 1000),
    int("net.ipv4.tcp_reordering"), // 1 or more in 6.1 and 6.12
    one("net.ipv4.tcp_retries1", INT_MIN, 255), // 0..=255 in 5.10 and later
    byte("net.ipv4.tcp_retries2"),
    byte("net.ipv4.tcp_rfc1337"),
    vector("net.ipv4.tcp_rmem", 3, 1, INT_MAX), // 4096 or more in 6.1 and 6.12
    byte("net.ipv4.tcp_sack"),
    byte("net.ipv4.tcp_slow_start_after_idle"),
    one("net.ipv4.tcp_syn_retries", 1, 127),
    byte("net.ipv4.tcp_synack_retries"),
    byte("net.ipv4.tcp_syncookies"),
    byte("net.ipv4.tcp_timestamps"),
    byte("net.ipv4.tcp_tso_win_divisor"),
    one("net.ipv4.tcp_tw_reuse", 0, 2),
    byte("net.ipv4.tcp_window_scaling"),
    vector("net.ipv4.tcp_wmem", 3, 1, INT_MAX),
    any("net.ipv4.udp_mem", 3),
    one("net.ipv4.udp_rmem_min", 1, INT_MAX),
    one("net.ipv4.udp_wmem_min", 1, INT_MAX),
    // net/netfilter/ipvs/ip_vs_ctl.c
    int("net.ipv4.vs.conn_reuse_mode"),
    int("net.ipv4.vs.conntrack"),
    int("net.ipv4.vs.expire_nodest_conn"),
    int("net.ipv4.vs.expire_quiescent_template"),
    // net/ipv6/sysctl_net_ipv6.c, icmp.c, reassembly.c (ip6frag_*)
    byte("net.ipv6.bindv6only"),
    // net/ipv6/addrconf.c
    int("net.ipv6.conf.*.accept_dad"),
    int("net.ipv6.conf.*.accept_ra"),
    int("net.ipv6.conf.*.accept_ra_defrtr"),
    int("net.ipv6.conf.*.accept_ra_pinfo"),
    int("net.ipv6.conf.*.accept_ra_rt_info_max_plen"),
    int("net.ipv6.conf.*.accept_ra_rtr_pref"),
    int("net.ipv6.conf.*.accept_redirects"),
    int("net.ipv6.conf.*.accept_source_route"),
    int("net.ipv6.conf.*.autoconf"),
    int("net.ipv6.conf.*.dad_transmits"),
    one("net.ipv6.conf.*.hop_limit", 1, 255),
    int("net.ipv6.conf.*.keep_addr_on_down"),
    int("net.ipv6.conf.*.max_addresses"),
    one("net.ipv6.conf.*.mtu", 1280, INT_MAX), // no more than the MTU of the device
    int("net.ipv6.conf.*.optimistic_dad"),
    int("net.ipv6.conf.*.proxy_ndp"),
    one("net.ipv6.conf.*.router_solicitations", -1, INT_MAX),
    int("net.ipv6.conf.*.temp_prefered_lft"),
    int("net.ipv6.conf.*.temp_valid_lft"),
    int("net.ipv6.conf.*.use_tempaddr"),
    // net/ipv6/sysctl_net_ipv6.c, icmp.c, reassembly.c (ip6frag_*)
    byte("net.ipv6.icmp.echo_ignore_all"),
    any("net.ipv6.ip6frag_high_thresh", 1),
    any("net.ipv6.ip6frag_low_thresh", 1),
    seconds("net.ipv6.ip6frag_time"),
    byte("net.ipv6.ip_nonlocal_bind"),
    int("net.ipv6.mld_max_msf"),
    // net/core/neighbour.c, net/ipv6/ndisc.c
    seconds("net.ipv6.neigh.*.base_reachable_time"),
    any("net.ipv6.neigh.*.base_reachable_time_ms", 1),
    seconds("net.ipv6.neigh.*.delay_first_probe_time"),
    seconds("net.ipv6.neigh.*.gc_stale_time"),
    one("net.ipv6.neigh.*.gc_thresh1", 0, INT_MAX),
    one("net.ipv6.neigh.*.gc_thresh2", 0, INT_MAX),
    one("net.ipv6.neigh.*.gc_thresh3", 0, INT_MAX),
    one("net.ipv6.neigh.*.mcast_solicit", 0, INT_MAX),
    any("net.ipv6.neigh.*.retrans_time_ms", 1),
    one("net.ipv6.neigh.*.ucast_solicit", 0, INT_MAX),
    one("net.ipv6.neigh.*.unres_qlen_bytes", 0, INT_MAX),
    // net/ipv6/route.c
    int("net.ipv6.route.gc_thresh"),
    int("net.ipv6.route.max_size"),
    int("net.ipv6.route.min_adv_mss"),
    seconds("net.ipv6.route.mtu_expires"),
    // net/netfilter/nf_conntrack_standalone.c; in 4.19 nf_conntrack_{acct,ecache,proto_*}.c too
    byte("net.netfilter.nf_conntrack_acct"),
    int("net.netfilter.nf_conntrack_buckets"),
    byte("net.netfilter.nf_conntrack_events"),
    int("net.netfilter.nf_conntrack_expect_max"), // 1 or more in 6.1 and later
    seconds("net.netfilter.nf_conntrack_generic_timeout"),
    seconds("net.netfilter.nf_conntrack_icmp_timeout"),
    one("net.netfilter.nf_conntrack_log_invalid", 0, 255),
    int("net.netfilter.nf_conntrack_max"), // 0 or more since 6.1, 1 or more in 7.0
    byte("net.netfilter.nf_conntrack_tcp_be_liberal"),
    byte("net.netfilter.nf_conntrack_tcp_loose"),
    byte("net.netfilter.nf_conntrack_tcp_max_retrans"),
    seconds("net.netfilter.nf_conntrack_tcp_timeout_close"),
    seconds("net.netfilter.nf_conntrack_tcp_timeout_close_wait"),
    seconds("net.netfilter.nf_conntrack_tcp_timeout_established"),
    seconds("net.netfilter.nf_conntrack_tcp_timeout_fin_wait"),
    seconds("net.netfilter.nf_conntrack_tcp_timeout_last_ack"),
    seconds("net.netfilter.nf_conntrack_tcp_timeout_syn_recv"),
    seconds("net.netfilter.nf_conntrack_tcp_timeout_syn_sent"),
    seconds("net.netfilter.nf_conntrack_tcp_timeout_time_wait"),
    seconds("net.netfilter.nf_conntrack_udp_timeout"),
    seconds("net.netfilter.nf_conntrack_udp_timeout_stream"),
    // net/netfilter/nf_conntrack_standalone.c
    int("net.nf_conntrack_max"), // 0 or more since 6.1, 1 or more in 7.0
    // net/unix/sysctl_net_unix.c
    int("net.unix.max_dgram_qlen"), // 0 or more in 6.12
    // kernel/sysctl.c, since 6.12 mm/page_alloc.c
    one("vm.min_free_kbytes", 0, INT_MAX),
];

/// The families that have a member for each interface.
const FAMILIES: [&str; 4] = [
    "net.ipv4.conf.",
    "net.ipv4.neigh.",
    "net.ipv6.conf.",
    "net.ipv6.neigh.",
];

/// What the kernel takes for the sysctl of this dotted name; `None` if the table doesn't know it.
///
/// An interface with a dot in its name may be written with the dot or with a slash (`eth0/1`).
pub fn format_of(name: &str) -> Option<&'static Format> {
    let of_any = FAMILIES.iter().find_map(|family| {
        let (_interface, leaf) = name.strip_prefix(family)?.rsplit_once('.')?;
        Some(format!("{family}*.{leaf}"))
    });
    let name = of_any.as_deref().unwrap_or(name);
    let at = FORMATS
        .binary_search_by(|format| format.name.cmp(name))
        .ok()?;
    FORMATS.get(at)
}

impl Format {
    /// What is wrong with `value`; `None` if some kernel sets all of it.
    pub fn refuse(&self, value: &str) -> Option<String> {
        let mut left = value;
        for nth in 0..self.values {
            left = left.trim_start_matches(is_space);
            if left.is_empty() && nth > 0 {
                return None;
            }
            let Some((number, rest)) = integer(left) else {
                return Some("takes integers".to_owned());
            };
            let Some(number) = number else {
                return Some("takes integers of at most 64 bits".to_owned());
            };
            if !(self.min..=self.max).contains(&number) {
                return Some(format!("takes integers from {} to {}", self.min, self.max));
            }
            left = rest;
        }
        let more = left.split(is_space).filter(|word| !word.is_empty()).count();
        let plural = if self.values == 1 { "" } else { "s" };
        (more > 0).then(|| {
            format!(
                "takes {} integer{plural}, not {}",
                self.values,
                self.values + more
            )
        })
    }

    /// The first integer of a value that is not refused.
    pub fn first(&self, value: &str) -> Option<i64> {
        match self.refuse(value) {
            None => integer(value.trim_start_matches(is_space))?.0,
            Some(_) => None,
        }
    }
}

/// The kernel's `isspace`.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t'..='\r')
}

/// The integer that `text` begins with, and what follows it; one beyond `i64` is the last of its sign. `None`
/// if that isn't an integer; no number if it is too long for the kernel.
fn integer(text: &str) -> Option<(Option<i64>, &str)> {
    let (sign, digits) = text
        .strip_prefix('-')
        .map_or((1, text), |digits| (-1, digits));
    let (radix, digits) = match digits.strip_prefix('0') {
        Some(octal) => match octal.strip_prefix(['x', 'X']) {
            Some(hex) => (16, hex),
            None => (8, digits),
        },
        None => (10, digits),
    };
    let rest = digits.trim_start_matches(|c: char| c.is_digit(radix));
    let digits = digits
        .strip_suffix(rest)
        .filter(|digits| !digits.is_empty())?;
    if !rest.is_empty() && !rest.starts_with([' ', '\t', '\n']) {
        return None;
    }
    let fits = text.len().saturating_sub(rest.len()) <= LONGEST;
    let number = if fits {
        u64::from_str_radix(digits, radix).ok()
    } else {
        None
    };
    Some((
        number.map(|number| sign * i64::try_from(number).unwrap_or(i64::MAX)),
        rest,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `Some(None)` if taken, `None` if the sysctl isn't known.
    fn refuse(name: &str, value: &str) -> Option<Option<String>> {
        format_of(name).map(|format| format.refuse(value))
    }

    #[track_caller]
    fn taken(name: &str, value: &str) {
        assert_eq!(refuse(name, value), Some(None), "{name} = {value:?}");
    }

    #[track_caller]
    fn refused(name: &str, value: &str, why: &str) {
        assert_eq!(
            refuse(name, value),
            Some(Some(why.to_owned())),
            "{name} = {value:?}"
        );
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
        refused("net.ipv4.ping_group_range", "1 abc", "takes integers");
        refused(
            "net.ipv4.ip_local_port_range",
            "1024-65535",
            "takes integers",
        );
        refused("net.ipv4.tcp_rmem", "4096,87380,6291456", "takes integers");
    }

    #[test]
    fn bases_and_blanks() {
        for value in ["0x10", "0X10", "020", " \t\r\n16", "16 ", "16\n", "-0"] {
            taken("net.core.somaxconn", value);
        }
        taken("net.ipv4.ip_unprivileged_port_start", "0xffff");
        refused(
            "net.ipv4.ip_unprivileged_port_start",
            "0x10000",
            "takes integers from 0 to 65535",
        );
        taken("net.ipv4.ip_default_ttl", "0377");
        refused(
            "net.ipv4.ip_default_ttl",
            "0400",
            "takes integers from 1 to 255",
        );
    }

    #[test]
    fn out_of_range() {
        for value in ["65536", "-1", "4294967295", "4294967297"] {
            refused(
                "net.ipv4.ip_unprivileged_port_start",
                value,
                "takes integers from 0 to 65535",
            );
        }
        refused(
            "net.core.somaxconn",
            "-1",
            "takes integers from 0 to 2147483647",
        );
        refused(
            "net.ipv4.ip_local_port_range",
            "1024 65536",
            "takes integers from 1 to 65535",
        );
        refused(
            "net.ipv4.ping_group_range",
            "0 4294967295",
            "takes integers from 0 to 4294967294",
        );
        refused("net.ipv4.tcp_tw_reuse", "3", "takes integers from 0 to 2");
        refused(
            "fs.mqueue.msg_max",
            "65537",
            "takes integers from 1 to 65536",
        );
        for value in ["2147483648", "-2147483649", "99999999999"] {
            refused(
                "net.ipv4.ip_forward",
                value,
                "takes integers from -2147483648 to 2147483647",
            );
        }
        let long = "takes integers of at most 64 bits";
        for name in ["net.core.somaxconn", "kernel.shmmax", "net.ipv4.ip_forward"] {
            for value in [
                "100000000000000000000",
                "-10000000000000000000",
                "000000000000000000001",
            ] {
                refused(name, value, long);
            }
            refused(name, &"9".repeat(5000), long);
        }
    }

    /// The limits that the table computes, to the integer.
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
        for (name, value, what) in [
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
            refused(name, value, what);
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
