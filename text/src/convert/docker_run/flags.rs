//! The flags of `docker run` (Docker 29).

use std::ffi::OsString;

use lexopt::{Arg, Parser};

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

const FLAGS: [Flags; 3] = [CONVERTED, LEFT_OUT, CLIENT];

/// The name of the words from the image on.
pub(super) const WORDS: &str = "";

/// The likeness from which on a name is probably the one that was meant.
const ALIKE: f64 = 0.7;

/// A `docker run` command, and the remarks on what a pod cannot express of it.
pub(super) struct DockerRun {
    /// The flags and their values in order, and the words from the image on under the name [`WORDS`].
    given: Vec<(&'static str, String)>,
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
        let given = given(words).map_err(|problem| format!("docker run: {problem}"))?;
        let is_given = |name: &&str| {
            let mut values = given.iter().rev().filter(|(flag, _)| flag == name);
            values.next().is_some_and(|(_, value)| value != "false")
        };
        let left_out = LEFT_OUT.into_iter().flat_map(names).map(|(name, _)| name);
        let left_out = left_out.filter(is_given);
        let left_out: Vec<_> = left_out.map(|name| format!("--{name}")).collect();
        let remark = format!(
            "not converted: {}; add the fields that the pod needs by hand",
            left_out.join(", ")
        );
        let remarks = Vec::from_iter((!left_out.is_empty()).then_some(remark));
        Ok(Self { given, remarks })
    }

    /// Returns the values of the flag.
    pub(super) fn all(&self, flag: &str) -> Vec<String> {
        let values = self.given.iter().filter(|(name, _)| *name == flag);
        values.map(|(_, value)| value.clone()).collect()
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

/// Returns the names of flags, each with its short name.
fn names(flags: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let flags = flags.split(' ');
    flags.map(|flag| flag.split_once('/').unwrap_or((flag, "")))
}

/// Returns the flags, each with its value. Every word from the image on is one, even if it begins with a dash.
fn given(words: &[&str]) -> Result<Vec<(&'static str, String)>, String> {
    let text = |word: OsString| word.to_string_lossy().into_owned();
    let mut given = Vec::new();
    let mut parser = Parser::from_args(words);
    loop {
        let (name, is_switch) = match parser.next() {
            Ok(None) => return Ok(given),
            Ok(Some(Arg::Long(name))) => named(name)?,
            Ok(Some(Arg::Short(name))) => {
                let is_meant = |(_, short): &(&str, &str)| short.starts_with(name);
                flag(is_meant).ok_or_else(|| format!("unexpected argument '-{name}' found"))?
            }
            Ok(Some(Arg::Value(image))) => {
                given.push((WORDS, text(image)));
                let rest = parser.raw_args().map_err(|error| error.to_string())?;
                given.extend(rest.map(|word| (WORDS, text(word))));
                return Ok(given);
            }
            // The flag before it takes no value, but this: --rm=false.
            Err(lexopt::Error::UnexpectedValue { value, .. }) => {
                if let Some((name, switch)) = given.last_mut() {
                    *switch = switched(name, text(value))?;
                }
                continue;
            }
            Err(error) => return Err(error.to_string()),
        };
        // The word after the flag is its value, even if it begins with a dash.
        let value = match is_switch {
            true => "true".to_owned(),
            false => text(parser.value().map_err(|_| {
                format!("a value is required for '--{name} <{name}>' but none was supplied")
            })?),
        };
        given.push((name, value));
    }
}

fn switched(name: &str, value: String) -> Result<String, String> {
    let problem = match value.as_str() {
        "true" | "false" => return Ok(value),
        "" => format!("a value is required for '--{name}[=<{name}>]' but none was supplied"),
        other => format!("invalid value '{other}' for '--{name}[=<{name}>]'"),
    };
    Err(format!("{problem}; [possible values: true, false]"))
}

/// Returns the flag of this long name, and whether it takes no value.
fn named(name: &str) -> Result<(&'static str, bool), String> {
    let known = if name == "net" { "network" } else { name };
    flag(|(long, _)| *long == known).ok_or_else(|| {
        let longs = FLAGS.iter().flatten().flat_map(|flags| names(flags));
        let near = longs.map(|(long, _)| (strsim::jaro(name, long), long));
        let near = near.filter(|(likeness, _)| *likeness > ALIKE);
        let nearest = near.max_by(|(one, _), (other, _)| one.total_cmp(other));
        let tip = nearest.map(|(_, long)| format!("; tip: a similar argument exists: '--{long}'"));
        format!(
            "unexpected argument '--{name}' found{}",
            tip.unwrap_or_default()
        )
    })
}

/// Returns the flag that is meant, and whether it takes no value.
fn flag(is_meant: impl Fn(&(&str, &str)) -> bool) -> Option<(&'static str, bool)> {
    FLAGS.iter().find_map(|[values, switches]| {
        let find = |flags| names(flags).find(&is_meant).map(|(name, _)| name);
        let value = find(values).map(|name| (name, false));
        value.or_else(|| find(switches).map(|name| (name, true)))
    })
}
