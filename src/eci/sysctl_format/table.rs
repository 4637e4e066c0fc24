//! The sysctls, each with the integers that some kernel accepts.

use super::format::Format;

const INT_MIN: i64 = i32::MIN as i64;
const INT_MAX: i64 = i32::MAX as i64;
const UINT_MAX: i64 = u32::MAX as i64;

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

/// `proc_dointvec` in 4.19, `proc_dou8vec_minmax` (0..=255 or narrower) in 5.10 or later.
const fn byte(name: &'static str) -> Format {
    int(name)
}

/// `proc_dointvec_jiffies`: at most `INT_MAX` / `HZ` seconds; the limit is widest with an `HZ` of 100.
///
/// Linux 7.0 multiplies before it compares and so accepts some numbers beyond 2^64 / `HZ`. They are refused here.
const fn seconds(name: &'static str) -> Format {
    one(name, -(INT_MAX / 100), INT_MAX / 100)
}

/// Any integer: `proc_doulongvec_minmax` without limits, and `proc_dointvec_ms_jiffies`, which cuts to 32 bits.
///
/// The first accepts 0..=18446744073709551615. It skips a negative integer in 5.10 and earlier; 6.1 and later refuse it.
const fn any(name: &'static str, values: usize) -> Format {
    vector(name, values, -i64::MAX, i64::MAX)
}

/// The formats, sorted by name.
#[rustfmt::skip] // One entry on each line, with its comment.
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
