//! The options of `docker run`, and what each becomes in a pod: the table from Docker to Kubernetes. From
//! Docker's reference of `docker run` (version 29) with the hidden and the deprecated ones, and podman's.

use super::pod::{self, Pod};
use super::{network, security, volumes};

/// An option.
#[derive(Debug)]
pub(super) struct Opt {
    /// Its name, without the dashes.
    pub(super) long: &'static str,
    /// Its letter.
    pub(super) short: Option<char>,
    /// How it is read.
    pub(super) takes: Takes,
    /// What becomes of it.
    pub(super) meaning: Meaning,
}

/// What stands after an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    /// Nothing: it is a flag.
    Nothing,
    /// A value, of which the last counts. An empty one is as good as none.
    Value,
    /// A value each time, and all of them count.
    Values,
}

/// What becomes of an option.
#[derive(Clone, Copy, Debug)]
pub(super) enum Meaning {
    /// Nothing, and nobody misses it: it is the client's affair, or what a pod does anyway.
    Nothing,
    /// Nothing, for this reason: a remark.
    Lost(&'static str),
    /// Fields of the pod. An error is the reason why the value cannot be read.
    Becomes(fn(&mut Pod, &str) -> Result<(), String>),
}

use Meaning::{Becomes, Lost, Nothing};

const fn flag(long: &'static str, meaning: Meaning) -> Opt {
    Opt {
        long,
        short: None,
        takes: Takes::Nothing,
        meaning,
    }
}

const fn one(long: &'static str, meaning: Meaning) -> Opt {
    Opt {
        long,
        short: None,
        takes: Takes::Value,
        meaning,
    }
}

const fn many(long: &'static str, meaning: Meaning) -> Opt {
    Opt {
        long,
        short: None,
        takes: Takes::Values,
        meaning,
    }
}

impl Opt {
    const fn or(mut self, short: char) -> Self {
        self.short = Some(short);
        self
    }
}

const ADDRESS: &str = "ECI gives a pod its address";
const BLKIO: &str = "Kubernetes does not shape the traffic of disks";
const CGROUP: &str = "Kubernetes places a container in its cgroup";
const CPU: &str = "Kubernetes counts whole CPUs and their thousandths: use --cpus, which becomes resources.limits.cpu";
const DEVICE: &str = "a pod has no field for a device of the host, and ECI no host of yours";
const HEALTH: &str = "write a livenessProbe or a readinessProbe";
const LOG: &str = "what a container prints is collected where it runs";
const NETWORK: &str = "a pod is in the cluster's network; a Service gives it a name there";
const OOM: &str = "Kubernetes sets it by the pod's quality of service";
const READ: &str = "the file is not read; name what is in it";
const REGISTRY: &str = "name the registry's credentials in imagePullSecrets";
const SWAP: &str = "a pod has no field for swap";
const WINDOWS: &str = "it is for containers of Windows";

/// The options of `docker run`.
pub(super) const DOCKER: &[Opt] = &[
    many("add-host", Becomes(network::add_host)),
    many("annotation", Becomes(pod::annotation)),
    many("attach", Nothing).or('a'),
    one("blkio-weight", Lost(BLKIO)),
    many("blkio-weight-device", Lost(BLKIO)),
    many("cap-add", Becomes(security::cap_add)),
    many("cap-drop", Becomes(security::cap_drop)),
    one("cgroup-parent", Lost(CGROUP)),
    one("cgroupns", Becomes(security::cgroupns)),
    one("cidfile", Nothing),
    one("cpu-count", Lost(WINDOWS)),
    one("cpu-percent", Lost(WINDOWS)),
    one("cpu-period", Lost(CPU)),
    one("cpu-quota", Lost(CPU)),
    one("cpu-rt-period", Lost("Kubernetes has no real-time scheduling")),
    one("cpu-rt-runtime", Lost("Kubernetes has no real-time scheduling")),
    one("cpu-shares", Lost("Kubernetes shares CPUs by resources.requests.cpu")).or('c'),
    one("cpus", Becomes(pod::cpus)),
    one("cpuset-cpus", Lost("Kubernetes does not let a pod choose its CPUs")),
    one("cpuset-mems", Lost("Kubernetes does not let a pod choose its memory nodes")),
    flag("detach", Nothing).or('d'),
    one("detach-keys", Nothing),
    many("device", Lost(DEVICE)),
    many("device-cgroup-rule", Lost(DEVICE)),
    many("device-read-bps", Lost(BLKIO)),
    many("device-read-iops", Lost(BLKIO)),
    many("device-write-bps", Lost(BLKIO)),
    many("device-write-iops", Lost(BLKIO)),
    flag("disable-content-trust", Nothing),
    many("dns", Becomes(network::dns)),
    many("dns-opt", Becomes(network::dns_option)),
    many("dns-option", Becomes(network::dns_option)),
    many("dns-search", Becomes(network::dns_search)),
    one(
        "domainname",
        Lost("a pod's domain is the cluster's; with a headless Service, spec.subdomain is a part of it"),
    ),
    // Each overwrites the one before, an empty one too.
    many("entrypoint", Becomes(pod::entrypoint)),
    many("env", Becomes(pod::env)).or('e'),
    many(
        "env-file",
        Lost("the file is not read; make a ConfigMap or a Secret of it, and name that in envFrom"),
    ),
    many("expose", Becomes(network::expose)),
    many("gpus", Lost("ask for nvidia.com/gpu in resources.limits, and for a GPU specification of ECI")),
    many("group-add", Becomes(security::group_add)),
    one("health-cmd", Lost(HEALTH)),
    one("health-interval", Lost(HEALTH)),
    one("health-retries", Lost(HEALTH)),
    one("health-start-interval", Lost(HEALTH)),
    one("health-start-period", Lost(HEALTH)),
    one("health-timeout", Lost(HEALTH)),
    flag("help", Nothing),
    one("hostname", Becomes(network::hostname)).or('h'),
    flag(
        "init",
        Lost("a container starts with its own program; spec.shareProcessNamespace gives the pod an init"),
    ),
    flag("interactive", Becomes(pod::interactive)).or('i'),
    one("io-maxbandwidth", Lost(WINDOWS)),
    one("io-maxiops", Lost(WINDOWS)),
    one("ip", Lost(ADDRESS)),
    one("ip6", Lost(ADDRESS)),
    one("ipc", Becomes(security::ipc)),
    one("isolation", Lost("ECI runs every pod in a virtual machine of its own")),
    one("kernel-memory", Lost("the kernel knows it no more")),
    many("label", Becomes(pod::label)).or('l'),
    many("label-file", Lost(READ)),
    many("link", Lost(NETWORK)),
    many("link-local-ip", Lost(ADDRESS)),
    one("log-driver", Lost(LOG)),
    many("log-opt", Lost(LOG)),
    one("mac-address", Lost(ADDRESS)),
    one("memory", Becomes(pod::memory)).or('m'),
    one("memory-reservation", Becomes(pod::memory_reservation)),
    one("memory-swap", Lost(SWAP)),
    one("memory-swappiness", Lost(SWAP)),
    many("mount", Becomes(volumes::mount)),
    one("name", Becomes(pod::name)),
    many("net", Becomes(network::network)),
    many("net-alias", Lost(NETWORK)),
    many("network", Becomes(network::network)),
    many("network-alias", Lost(NETWORK)),
    flag("no-healthcheck", Nothing),
    flag("oom-kill-disable", Lost(OOM)),
    one("oom-score-adj", Lost(OOM)),
    one("pid", Becomes(security::pid)),
    one("pids-limit", Lost("a pod has no field for it")),
    one("platform", Lost("a nodeSelector of kubernetes.io/arch asks for an architecture")),
    flag("privileged", Becomes(security::privileged)),
    many("publish", Becomes(network::publish)).or('p'),
    flag(
        "publish-all",
        Lost("a pod on ECI has an address of its own, and no ports of a host; a Service publishes them"),
    )
    .or('P'),
    one("pull", Becomes(pod::pull)),
    flag("quiet", Nothing).or('q'),
    flag("read-only", Becomes(security::read_only)),
    one("restart", Becomes(pod::restart)),
    flag("rm", Nothing),
    one("runtime", Lost("ECI has a runtime of its own")),
    many("security-opt", Becomes(security::security_opt)),
    one("shm-size", Becomes(volumes::shm_size)),
    flag("sig-proxy", Nothing),
    one("stop-signal", Lost("a container is stopped with the signal of its image")),
    one("stop-timeout", Becomes(pod::stop_timeout)),
    many("storage-opt", Lost("resources.limits.ephemeral-storage limits what a container writes")),
    many("sysctl", Becomes(security::sysctl)),
    many("tmpfs", Becomes(volumes::tmpfs)),
    flag("tty", Becomes(pod::tty)).or('t'),
    many("ulimit", Lost("ECI cannot change ulimits")),
    flag("use-api-socket", Lost("ECI has no Docker")),
    one("user", Becomes(security::user)).or('u'),
    one("userns", Becomes(security::userns)),
    one("uts", Becomes(security::uts)),
    many("volume", Becomes(volumes::volume)).or('v'),
    one("volume-driver", Lost("a PersistentVolumeClaim names a StorageClass")),
    many(
        "volumes-from",
        Lost("name the volumes of the other container; containers of one pod can share them"),
    ),
    one("workdir", Becomes(pod::workdir)).or('w'),
];

const INIT: &str = "a container starts with its own program";
const PODMAN_POD: &str =
    "the pod that is written has this one container; add it to the other pod's manifest";
const SYSTEMD: &str = "no systemd watches a pod";
const USERNS: &str = "Kubernetes chooses the ids itself where spec.hostUsers is false";

/// What `podman run` has besides those of `docker run`.
pub(super) const PODMAN: &[Opt] = &[
    one(
        "arch",
        Lost("a nodeSelector of kubernetes.io/arch asks for an architecture"),
    ),
    one("authfile", Lost(REGISTRY)),
    one("cert-dir", Lost(REGISTRY)),
    many("cgroup-conf", Lost(CGROUP)),
    one("cgroups", Lost(CGROUP)),
    many(
        "chrootdirs",
        Lost("Kubernetes mounts its own files where it does"),
    ),
    one("conmon-pidfile", Nothing),
    one("creds", Lost(REGISTRY)),
    many("decryption-key", Lost("Kubernetes does not decrypt images")),
    flag("env-host", Lost("name the variables in env")),
    many(
        "env-merge",
        Lost("a pod does not see what the image's variables hold; name the whole value in env"),
    ),
    many("gidmap", Lost(USERNS)),
    one("group-entry", Lost("Kubernetes does not write /etc/group")),
    one("health-log-destination", Lost(HEALTH)),
    one("health-max-log-count", Lost(HEALTH)),
    one("health-max-log-size", Lost(HEALTH)),
    one("health-on-failure", Lost(HEALTH)),
    one("health-startup-cmd", Lost("write a startupProbe")),
    one("health-startup-interval", Lost("write a startupProbe")),
    one("health-startup-retries", Lost("write a startupProbe")),
    one("health-startup-success", Lost("write a startupProbe")),
    one("health-startup-timeout", Lost("write a startupProbe")),
    one(
        "hosts-file",
        Lost("Kubernetes writes /etc/hosts; spec.hostAliases adds to it"),
    ),
    many("hostuser", Lost("Kubernetes does not write /etc/passwd")),
    flag("http-proxy", Nothing),
    one(
        "image-volume",
        Lost("a pod has no volumes but those that its manifest names"),
    ),
    one("init-ctr", Lost("write it in spec.initContainers")),
    one("init-path", Lost(INIT)),
    one(
        "intel-rdt-closid",
        Lost("Kubernetes does not partition the CPU's cache"),
    ),
    flag("no-hostname", Lost("Kubernetes writes /etc/hostname")),
    flag("no-hosts", Lost("Kubernetes writes /etc/hosts")),
    one("os", Lost("the pod that is written is one of Linux")),
    flag("passwd", Nothing),
    one(
        "passwd-entry",
        Lost("Kubernetes does not write /etc/passwd"),
    ),
    one(
        "personality",
        Lost("Kubernetes does not set a process's personality"),
    ),
    one("pidfile", Nothing),
    one("pod", Lost(PODMAN_POD)),
    one("pod-id-file", Lost(PODMAN_POD)),
    one("preserve-fd", Lost("a pod inherits no files")),
    one("preserve-fds", Lost("a pod inherits no files")),
    one(
        "rdt-class",
        Lost("Kubernetes does not partition the CPU's cache"),
    ),
    flag("read-only-tmpfs", Nothing),
    flag("replace", Nothing),
    many(
        "requires",
        Lost("write what must run before in spec.initContainers"),
    ),
    one("retry", Nothing),
    one("retry-delay", Nothing),
    flag("rootfs", Lost("a pod takes an image, and no directory")),
    one("sdnotify", Lost(SYSTEMD)),
    one(
        "seccomp-policy",
        Lost("Kubernetes reads no seccomp profile out of an image"),
    ),
    many(
        "secret",
        Lost("make a Secret, and name it in env or in volumes"),
    ),
    one("shm-size-systemd", Lost(SYSTEMD)),
    one("signature-policy", Nothing),
    one("subgidname", Lost(USERNS)),
    one("subuidname", Lost(USERNS)),
    one("systemd", Lost(SYSTEMD)),
    one(
        "timeout",
        Lost("spec.activeDeadlineSeconds limits how long a pod runs"),
    ),
    flag("tls-verify", Nothing),
    one("tz", Lost("set the variable TZ")),
    many("uidmap", Lost(USERNS)),
    one("umask", Lost("Kubernetes does not set the umask")),
    many(
        "unsetenv",
        Lost("a pod cannot unset what the image sets; set it to an empty value"),
    ),
    flag(
        "unsetenv-all",
        Lost("a pod cannot unset what the image sets"),
    ),
    one(
        "variant",
        Lost("a nodeSelector of kubernetes.io/arch asks for an architecture"),
    ),
];

/// What stands between `docker` and `run`: with which daemon, and how.
pub(super) const DOCKER_GLOBAL: &[Opt] = &[
    one("config", Nothing),
    one("context", Nothing).or('c'),
    flag("debug", Nothing).or('D'),
    many("host", Nothing).or('H'),
    one("log-level", Nothing).or('l'),
    flag("tls", Nothing),
    one("tlscacert", Nothing),
    one("tlscert", Nothing),
    one("tlskey", Nothing),
    flag("tlsverify", Nothing),
];

/// What stands between `podman` and `run`.
pub(super) const PODMAN_GLOBAL: &[Opt] = &[
    one("cgroup-manager", Nothing),
    one("config", Nothing),
    one("conmon", Nothing),
    one("connection", Nothing).or('c'),
    one("context", Nothing),
    one("events-backend", Nothing),
    many("hooks-dir", Nothing),
    one("host", Nothing).or('H'),
    one("identity", Nothing),
    one("imagestore", Nothing),
    one("log-level", Nothing),
    many("module", Nothing),
    one("network-config-dir", Nothing),
    flag("noout", Nothing),
    flag("remote", Nothing).or('r'),
    one("root", Nothing),
    one("runroot", Nothing),
    one("runtime", Nothing),
    many("runtime-flag", Nothing),
    one("ssh", Nothing),
    one("storage-driver", Nothing),
    many("storage-opt", Nothing),
    flag("syslog", Nothing),
    one("tmpdir", Nothing),
    flag("transient-store", Nothing),
    one("url", Nothing),
    one("volumepath", Nothing),
];

/// The options of sudo.
pub(super) const SUDO: &[Opt] = &[
    flag("askpass", Nothing).or('A'),
    flag("background", Nothing).or('b'),
    one("chdir", Nothing).or('D'),
    one("chroot", Nothing).or('R'),
    one("close-from", Nothing).or('C'),
    one("command-timeout", Nothing).or('T'),
    one("group", Nothing).or('g'),
    one("host", Nothing).or('h'),
    flag("login", Nothing).or('i'),
    flag("non-interactive", Nothing).or('n'),
    flag("preserve-env", Nothing).or('E'),
    flag("preserve-groups", Nothing).or('P'),
    one("prompt", Nothing).or('p'),
    flag("reset-timestamp", Nothing).or('k'),
    one("role", Nothing).or('r'),
    flag("set-home", Nothing).or('H'),
    flag("shell", Nothing).or('s'),
    flag("stdin", Nothing).or('S'),
    one("type", Nothing).or('t'),
    one("user", Nothing).or('u'),
];

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::panic,
        reason = "a test may panic"
    )]
    use super::*;

    /// The flags of Docker's reference; all its other options take a value.
    const FLAGS: &[&str] = &[
        "detach",
        "disable-content-trust",
        "help",
        "init",
        "interactive",
        "no-healthcheck",
        "oom-kill-disable",
        "privileged",
        "publish-all",
        "quiet",
        "read-only",
        "rm",
        "sig-proxy",
        "tty",
        "use-api-socket",
    ];

    /// The letters of Docker's reference.
    const LETTERS: &[(char, &str)] = &[
        ('P', "publish-all"),
        ('a', "attach"),
        ('c', "cpu-shares"),
        ('d', "detach"),
        ('e', "env"),
        ('h', "hostname"),
        ('i', "interactive"),
        ('l', "label"),
        ('m', "memory"),
        ('p', "publish"),
        ('q', "quiet"),
        ('t', "tty"),
        ('u', "user"),
        ('v', "volume"),
        ('w', "workdir"),
    ];

    #[test]
    fn flags_and_letters_are_dockers() {
        let flags: Vec<_> = DOCKER
            .iter()
            .filter(|option| option.takes == Takes::Nothing)
            .map(|option| option.long)
            .collect();
        assert_eq!(flags, FLAGS);
        let mut letters: Vec<_> = DOCKER
            .iter()
            .filter_map(|option| Some((option.short?, option.long)))
            .collect();
        letters.sort_unstable();
        assert_eq!(letters, LETTERS);
    }

    #[test]
    fn no_option_stands_twice() {
        for tables in [
            &[DOCKER, PODMAN][..],
            &[DOCKER_GLOBAL],
            &[PODMAN_GLOBAL],
            &[SUDO],
        ] {
            let mut names: Vec<_> = tables
                .iter()
                .copied()
                .flatten()
                .map(|option| option.long)
                .collect();
            let mut letters: Vec<_> = tables
                .iter()
                .copied()
                .flatten()
                .filter_map(|option| option.short)
                .collect();
            let counts = (names.len(), letters.len());
            names.sort_unstable();
            names.dedup();
            letters.sort_unstable();
            letters.dedup();
            assert_eq!((names.len(), letters.len()), counts);
        }
    }

    #[test]
    fn the_tables_are_sorted() {
        for table in [DOCKER, PODMAN, DOCKER_GLOBAL, PODMAN_GLOBAL, SUDO] {
            assert!(table.is_sorted_by_key(|option| option.long));
        }
    }
}
