//! The flags of `docker run` (Docker 29), parsed with clap.

use clap::{Arg, ArgAction, ArgMatches, Command};

/// Flags with their short names: those that take a value, and those that do not.
type Flags = [&'static str; 2];

/// The flags that become a part of the pod.
const CONVERTED: Flags = [
    "cap-add cap-drop cgroupns device entrypoint env/e group-add ipc mount name network pid security-opt sysctl \
     tmpfs user/u userns uts volume/v workdir/w",
    "interactive/i privileged read-only tty/t",
];

/// The flags that do not become a part of the pod. A remark names them.
const LEFT_OUT: Flags = [
    "add-host annotation blkio-weight blkio-weight-device cgroup-parent cpu-count cpu-percent cpu-period cpu-quota \
     cpu-rt-period cpu-rt-runtime cpu-shares/c cpus cpuset-cpus cpuset-mems device-cgroup-rule device-read-bps \
     device-read-iops device-write-bps device-write-iops dns dns-opt dns-option dns-search domainname env-file expose \
     gpus health-cmd health-interval health-retries health-start-interval health-start-period health-timeout \
     hostname/h io-maxbandwidth io-maxiops ip ip6 isolation kernel-memory label/l label-file link link-local-ip \
     log-driver log-opt mac-address memory/m memory-reservation memory-swap memory-swappiness net-alias \
     network-alias oom-score-adj pids-limit platform publish/p pull restart runtime shm-size stop-signal \
     stop-timeout storage-opt ulimit volume-driver volumes-from",
    "init no-healthcheck oom-kill-disable publish-all/P use-api-socket",
];

/// The flags that concern only Docker's client. They need no remark.
const CLIENT: Flags = [
    "attach/a cidfile detach-keys",
    "detach/d disable-content-trust help quiet/q rm sig-proxy",
];

/// A `docker run` command, and the remarks on what a pod cannot express of it.
pub(super) struct DockerRun {
    matches: ArgMatches,
    pub(super) remarks: Vec<String>,
}

impl DockerRun {
    /// Parses the words of a command.
    pub(super) fn parse(words: &[String]) -> Result<Self, String> {
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let (["docker", "run", words @ ..] | ["docker", "container", "run", words @ ..]) =
            &words[..]
        else {
            return Err("the command does not start with `docker run`; \
                 give it without sudo and without flags before `run`"
                .to_owned());
        };
        let matches = command()
            .try_get_matches_from(words)
            .map_err(|error| explain(&error))?;
        let given = |(name, _): &(&str, Arg)| {
            let values = matches.get_many::<String>(name).into_iter().flatten();
            values.last().is_some_and(|value| value != "false")
        };
        let left_out = args(LEFT_OUT).filter(given);
        let left_out: Vec<_> = left_out.map(|(name, _)| format!("--{name}")).collect();
        let remark = format!(
            "not converted: {}; add the fields that the pod needs by hand",
            left_out.join(", ")
        );
        let remarks = Vec::from_iter((!left_out.is_empty()).then_some(remark));
        Ok(Self { matches, remarks })
    }

    /// Returns the values of the flag.
    pub(super) fn all(&self, flag: &str) -> Vec<String> {
        let values = self.matches.get_many(flag);
        values.into_iter().flatten().cloned().collect()
    }

    /// Returns the value that counts of a flag that takes one value.
    pub(super) fn last(&self, flag: &str) -> Option<String> {
        self.all(flag).pop()
    }

    /// True if the flag, which takes no value, is set.
    pub(super) fn is_set(&self, flag: &str) -> bool {
        self.last(flag).is_some_and(|value| value == "true")
    }

    /// Returns the pairs of a flag that takes NAME=VALUE. A later value replaces an earlier one.
    pub(super) fn pairs(&mut self, flag: &str) -> Vec<(String, String)> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for text in self.all(flag) {
            if let Some((name, value)) = text.split_once('=') {
                pairs.retain(|(other, _)| other != name);
                pairs.push((name.to_owned(), value.to_owned()));
            } else {
                self.remarks.push(format!(
                    "--{flag} {text:?} has no value; write --{flag} {text}=VALUE"
                ));
            }
        }
        pairs
    }
}

/// Returns clap's command with all flags of `docker run`.
fn command() -> Command {
    let flags = [CONVERTED, LEFT_OUT, CLIENT].into_iter().flat_map(args);
    Command::new("docker run")
        .no_binary_name(true)
        .disable_help_flag(true)
        .args(flags.map(|(_, arg)| arg))
        .mut_arg("network", |arg| arg.alias("net"))
        // Every word after the image is an argument of its program, even if it begins with a dash.
        .arg(Arg::new("words").num_args(0..).trailing_var_arg(true))
}

/// Returns clap's arguments of the flags, with their names.
fn args([values, switches]: Flags) -> impl Iterator<Item = (&'static str, Arg)> {
    let arg = |flag: &'static str| {
        let (name, short) = flag.split_once('/').unwrap_or((flag, ""));
        let arg = Arg::new(name).long(name).short(short.chars().next());
        (name, arg.action(ArgAction::Append))
    };
    let values = values.split(' ').map(arg);
    let switches = switches.split(' ').map(arg);
    // The word after the flag is its value, even if it begins with a dash.
    let values = values.map(|(name, arg)| (name, arg.allow_hyphen_values(true)));
    // --rm, --rm=true or --rm=false.
    let switches = switches.map(|(name, arg)| {
        let arg = arg.num_args(0..=1).require_equals(true);
        let arg = arg.default_missing_value("true");
        (name, arg.value_parser(["true", "false"]))
    });
    values.chain(switches)
}

/// Returns clap's error on one line, without its usage.
fn explain(error: &clap::Error) -> String {
    let text = error.to_string();
    let lines = text.lines().map(str::trim);
    let lines = lines.take_while(|line| !line.starts_with("Usage:"));
    // A word after `--` would be the image, not a value.
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with("tip: to pass"));
    let text = lines.collect::<Vec<_>>().join("; ");
    format!("docker run: {}", text.trim_start_matches("error: "))
}
