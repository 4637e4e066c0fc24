//! Volumes and mounts. A directory of the host is a `hostPath`; what Docker keeps, and what it holds in memory,
//! is an `emptyDir`.

use eci_security_context::text::{nearest, quote};
use serde_json::{Value, json};

use super::amount;
use super::pod::{Applied, Fields, Pod, label_of, set};

/// The volumes of a pod, and where its container has them.
#[derive(Debug, Default)]
pub(super) struct Volumes {
    volumes: Vec<(String, Source)>,
    mounts: Vec<Mount>,
    /// The bytes of /dev/shm, where something else is not mounted there.
    shm: Option<u64>,
}

/// What a volume is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    /// A path of the host.
    Host(String),
    /// One that Docker keeps by its name.
    Named(String),
    /// One that Docker keeps until the container goes.
    Anonymous,
    /// One in memory, with its size in bytes.
    Memory(Option<u64>),
}

/// Where a volume is mounted.
#[derive(Debug, PartialEq, Eq)]
struct Mount {
    volume: String,
    source: Source,
    path: String,
    read_only: bool,
    sub_path: Option<String>,
}

/// Where shared memory is.
const SHM: &str = "/dev/shm";

impl Volumes {
    /// The volumes and the mounts, as Kubernetes has them.
    pub(super) fn finish(mut self) -> (Vec<Value>, Vec<Value>) {
        if let Some(bytes) = self.shm {
            // What another option mounts there comes first, as with Docker.
            let _ = self.add(Source::Memory(Some(bytes)), SHM, false, None);
        }
        let volumes = self
            .volumes
            .iter()
            .map(|(name, source)| source.volume(name))
            .collect();
        let mounts = self.mounts.iter().map(|mount| {
            let mut fields = Fields::new();
            set(&mut fields, "name", mount.volume.as_str());
            set(&mut fields, "mountPath", mount.path.as_str());
            if mount.read_only {
                set(&mut fields, "readOnly", true);
            }
            if let Some(path) = &mount.sub_path {
                set(&mut fields, "subPath", path.as_str());
            }
            fields.into()
        });
        let mounts = mounts.collect();
        (volumes, mounts)
    }

    fn add(
        &mut self,
        source: Source,
        path: &str,
        read_only: bool,
        sub_path: Option<&str>,
    ) -> Applied {
        let trimmed = path.trim_end_matches('/');
        if trimmed.is_empty() || !path.starts_with('/') || path.contains(':') {
            return Err(
                "where a volume is mounted is an absolute path, not /, without a colon".to_owned(),
            );
        }
        let sub_path = sub_path.map(str::to_owned);
        if let Some(other) = self.mounts.iter().find(|mount| mount.path == trimmed) {
            // Docker takes a repetition for one.
            let same = (&other.source, other.read_only, &other.sub_path)
                == (&source, read_only, &sub_path);
            return same
                .then_some(())
                .ok_or_else(|| format!("something else is mounted at {}", quote(path)));
        }
        let shared = matches!(source, Source::Host(_) | Source::Named(_));
        let known = self
            .volumes
            .iter()
            .find(|(_, other)| shared && *other == source);
        let volume = match known {
            Some((name, _)) => name.clone(),
            None => {
                let name = self.free_name(match &source {
                    Source::Host(text) | Source::Named(text) => text,
                    _ => trimmed,
                });
                self.volumes.push((name.clone(), source.clone()));
                name
            }
        };
        self.mounts.push(Mount {
            volume,
            source,
            path: trimmed.to_owned(),
            read_only,
            sub_path,
        });
        Ok(())
    }

    /// A name that no volume has yet.
    fn free_name(&self, text: &str) -> String {
        let label = label_of(text, "volume");
        let is_free = |name: &String| self.volumes.iter().all(|(other, _)| other != name);
        let numbered = (2..).map(|number: u32| {
            let suffix = format!("-{number}");
            // A label has no room for more than 63 characters, all of them ASCII.
            let kept = label.get(..63 - suffix.len()).unwrap_or(&label);
            format!("{kept}{suffix}")
        });
        std::iter::once(label.clone())
            .chain(numbered)
            .find(is_free)
            .unwrap_or_default()
    }
}

impl Source {
    fn volume(&self, name: &str) -> Value {
        match self {
            Self::Host(path) => json!({"name": name, "hostPath": {"path": path}}),
            Self::Named(_) | Self::Anonymous => json!({"name": name, "emptyDir": {}}),
            Self::Memory(None) => json!({"name": name, "emptyDir": {"medium": "Memory"}}),
            Self::Memory(Some(bytes)) => {
                let size = amount::quantity(*bytes);
                json!({"name": name, "emptyDir": {"medium": "Memory", "sizeLimit": size}})
            }
        }
    }
}

impl Pod {
    /// A volume of the host, with a remark where its path is not absolute.
    fn host(&mut self, path: &str) -> Source {
        if !path.starts_with('/') {
            self.remark("a hostPath is an absolute path; it stands as it is written");
        }
        Source::Host(path.to_owned())
    }

    /// A volume that Docker keeps, with a remark that the pod does not.
    fn named(&mut self, name: &str) -> Source {
        self.remark(format!(
            "the volume {} becomes an emptyDir, which goes with the pod; a PersistentVolumeClaim keeps \
             what is in it",
            quote(name)
        ));
        Source::Named(name.to_owned())
    }
}

/// `path`, `volume:path`, `/host:path`, with `:options`.
pub(super) fn volume(pod: &mut Pod, value: &str) -> Applied {
    let (source, rest) = split_source(value);
    let (path, options) = rest.split_once(':').unwrap_or((rest, ""));
    let mut read_only = false;
    for option in options.split(',').filter(|option| !option.is_empty()) {
        match option {
            "ro" | "readonly" => read_only = true,
            "rw" | "nocopy" | "cached" | "delegated" | "consistent" | "rprivate" | "private" => {}
            _ => pod.remark(format!("a mount of a pod has no option {}", quote(option))),
        }
    }
    let source = match source {
        None => Source::Anonymous,
        Some("") => return Err("a volume or a path stands before the colon".to_owned()),
        Some(source) if is_host_path(source) => pod.host(source),
        Some(source) if source.contains(['/', '\\']) => {
            return Err(
                "a directory of the host is an absolute path, or begins with a dot".to_owned(),
            );
        }
        Some(source) => pod.named(source),
    };
    pod.volumes.add(source, path, read_only, None)
}

/// What stands before the first colon that is not a Windows drive's, and what after.
fn split_source(value: &str) -> (Option<&str>, &str) {
    let is_drive = matches!(value.as_bytes(), [drive, b':', b'\\' | b'/', ..] if drive.is_ascii_alphabetic())
        && value.matches(':').count() > 1;
    let from = if is_drive { 2 } else { 0 };
    let colon = value
        .get(from..)
        .and_then(|rest| rest.find(':'))
        .map(|at| at + from);
    match colon.and_then(|at| value.split_at_checked(at)) {
        Some((source, rest)) => (Some(source), rest.strip_prefix(':').unwrap_or(rest)),
        None => (None, value),
    }
}

/// Whether it is a path of the host and not the name of a volume: `/a`, `./a`, `~/a`, `$PWD`, `C:\a`.
fn is_host_path(source: &str) -> bool {
    source.starts_with(['/', '.', '~', '$', '\\']) || source.as_bytes().get(1) == Some(&b':')
}

/// The keys of `--mount`, and what follows from each besides those that the pod has a field for.
const MOUNT_KEYS: &[(&str, Key)] = &[
    ("type", Key::Type),
    ("source", Key::Source),
    ("src", Key::Source),
    ("target", Key::Target),
    ("dst", Key::Target),
    ("destination", Key::Target),
    ("readonly", Key::ReadOnly),
    ("ro", Key::ReadOnly),
    ("tmpfs-size", Key::Size),
    ("volume-subpath", Key::SubPath),
    ("subpath", Key::SubPath),
    ("consistency", Key::Nothing),
    ("volume-nocopy", Key::Nothing),
    ("bind-create-src", Key::Nothing),
    ("tmpcopyup", Key::Nothing),
    ("notmpcopyup", Key::Nothing),
    ("bind-propagation", Key::Lost),
    ("bind-nonrecursive", Key::Lost),
    ("bind-recursive", Key::Lost),
    ("bind-readonly", Key::Lost),
    ("tmpfs-mode", Key::Lost),
    ("tmpfs-options", Key::Lost),
    ("volume-label", Key::Lost),
    ("volume-driver", Key::Lost),
    ("volume-opt", Key::Lost),
    ("relabel", Key::Lost),
    ("chown", Key::Lost),
    ("idmap", Key::Lost),
    ("image-subpath", Key::SubPath),
];

/// What a key of `--mount` says.
#[derive(Clone, Copy)]
enum Key {
    Type,
    Source,
    Target,
    ReadOnly,
    Size,
    SubPath,
    Nothing,
    Lost,
}

/// `type=bind,source=/a,target=/b,readonly`, and the like.
pub(super) fn mount(pod: &mut Pod, value: &str) -> Applied {
    let (mut kind, mut source, mut target) = ("volume".to_owned(), String::new(), String::new());
    let (mut read_only, mut size, mut sub_path) = (false, None, None);
    for field in csv(value)? {
        let (key, value) = field.split_once('=').unwrap_or((&field, ""));
        let Some((_, says)) = MOUNT_KEYS.iter().find(|(name, _)| *name == key) else {
            let names: Vec<_> = MOUNT_KEYS.iter().map(|(name, _)| *name).collect();
            let way_out = nearest(key, &names)
                .map_or_else(String::new, |meant| format!("; did you mean {meant}?"));
            return Err(format!("a mount has no {}{way_out}", quote(key)));
        };
        match says {
            Key::Type => kind = value.to_ascii_lowercase(),
            Key::Source => source = value.to_owned(),
            Key::Target => target = value.to_owned(),
            Key::ReadOnly => {
                read_only = !matches!(value, "false" | "0" | "f" | "F" | "FALSE" | "False")
            }
            Key::Size => size = Some(amount::bytes(value)?).filter(|bytes| *bytes > 0),
            Key::SubPath => sub_path = Some(value.to_owned()),
            Key::Nothing => {}
            Key::Lost => pod.remark(format!("a mount of a pod has no {}", quote(key))),
        }
    }
    let source = match (kind.as_str(), source.as_str()) {
        ("bind", "") => return Err("a mount of the type bind has a source".to_owned()),
        ("bind", path) => pod.host(path),
        ("volume", "") => Source::Anonymous,
        ("volume", name) => pod.named(name),
        ("tmpfs", _) => Source::Memory(size),
        ("image" | "npipe" | "cluster" | "devpts" | "glob" | "ramfs", _) => {
            pod.remark(format!("a mount of the type {kind} becomes nothing"));
            return Ok(());
        }
        _ => return Err("the type of a mount is bind, volume or tmpfs".to_owned()),
    };
    pod.volumes
        .add(source, &target, read_only, sub_path.as_deref())
}

/// The fields of a line of CSV, as `--mount` has them: a field in double quotes may hold commas.
fn csv(line: &str) -> Result<Vec<String>, String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut characters = line.chars().peekable();
    while let Some(c) = characters.next() {
        let Some(field) = fields.last_mut() else {
            break;
        };
        match c {
            '"' if quoted && characters.next_if_eq(&'"').is_some() => field.push('"'),
            '"' if quoted || field.is_empty() => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            _ => field.push(c),
        }
    }
    if quoted {
        Err("a double quote is not closed".to_owned())
    } else {
        Ok(fields)
    }
}

/// `path`, with `:options`.
pub(super) fn tmpfs(pod: &mut Pod, value: &str) -> Applied {
    let (path, options) = value.split_once(':').unwrap_or((value, ""));
    let (mut read_only, mut size) = (false, None);
    for option in options.split(',').filter(|option| !option.is_empty()) {
        match option.split_once('=').unwrap_or((option, "")) {
            ("ro", _) => read_only = true,
            ("rw", _) => {}
            ("size", text) if !text.ends_with('%') => {
                size = Some(amount::bytes(text)?).filter(|bytes| *bytes > 0)
            }
            _ => pod.remark(format!(
                "an emptyDir in memory has no option {}",
                quote(option)
            )),
        }
    }
    pod.volumes.add(Source::Memory(size), path, read_only, None)
}

pub(super) fn shm_size(pod: &mut Pod, value: &str) -> Applied {
    pod.volumes.shm = Some(amount::bytes(value)?).filter(|bytes| *bytes > 0);
    Ok(())
}
