//! Volumes and mounts. A folder of the host becomes a `hostPath`, a volume of Docker an `emptyDir`, and a tmpfs an
//! `emptyDir` in memory.

use std::iter;

use k8s_openapi::api::core::v1::{EmptyDirVolumeSource, HostPathVolumeSource, Volume, VolumeMount};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::flags::DockerRun;
use super::pod::{dns_label, filled};

/// The options of a mount, as `--mount` has them.
type Options<'a> = Vec<(&'a str, &'a str)>;

impl DockerRun {
    /// Returns the pod's volumes and the container's mounts.
    pub(super) fn volumes(&mut self) -> Result<(Vec<Volume>, Vec<VolumeMount>), String> {
        let mut volumes: Vec<Volume> = Vec::new();
        let mut mounts: Vec<VolumeMount> = Vec::new();
        // The source of each volume: mounts with the same source share the volume.
        let mut sources: Vec<String> = Vec::new();
        for flag in ["volume", "mount", "tmpfs"] {
            for text in self.all(flag) {
                let options = match flag {
                    "volume" => of_volume(&text),
                    "tmpfs" => of_tmpfs(&text),
                    _ => options(&text).collect(),
                };
                let (source, mut volume, mut mount) = self
                    .mount(flag, options)
                    .map_err(|reason| format!("--{flag}: {reason}"))?;
                let known = sources.iter().zip(&volumes).find(|(other, known)| {
                    !source.is_empty() && **other == source && known.host_path == volume.host_path
                });
                if let Some((_, known)) = known {
                    mount.name.clone_from(&known.name);
                } else {
                    let text = Some(&source).filter(|source| !source.is_empty());
                    volume.name = free_name(text.unwrap_or(&mount.mount_path), &volumes);
                    mount.name.clone_from(&volume.name);
                    volumes.push(volume);
                    sources.push(source);
                }
                mounts.push(mount);
            }
        }
        Ok((volumes, mounts))
    }

    /// Returns the source, which is empty for a volume without a name, and the volume and its mount without a name.
    fn mount(
        &mut self,
        flag: &str,
        options: Options<'_>,
    ) -> Result<(String, Volume, VolumeMount), String> {
        let (mut kind, mut source, mut path) = ("volume", "", "");
        let (mut volume, mut mount) = (Volume::default(), VolumeMount::default());
        let mut empty_dir = EmptyDirVolumeSource::default();
        for (key, value) in options {
            match key {
                "type" => kind = value,
                "source" | "src" => source = value,
                "target" | "dst" | "destination" => path = value,
                "readonly" | "ro" => mount.read_only = filled(!matches!(value, "false" | "0")),
                "size" | "tmpfs-size" => empty_dir.size_limit = Some(size(value)?),
                "" | "rw" | "nocopy" | "volume-nocopy" | "cached" | "consistent" | "delegated" => {}
                _ => self
                    .remarks
                    .push(format!("--{flag}: a mount of a pod has no option {key:?}")),
            }
        }
        mount.mount_path = path.trim_end_matches('/').to_owned();
        if !mount.mount_path.starts_with('/') || path.contains(':') {
            return Err(format!(
                "{path:?} is not a valid path in the container; write an absolute path other than /, without a colon"
            ));
        }
        match kind {
            "bind" if source.is_empty() => return Err("a bind mount has no source; write source=PATH".to_owned()),
            "bind" => {
                if !source.starts_with('/') {
                    self.remarks.push(format!("--{flag}: {source:?} is a relative path; write the absolute path"));
                }
                volume.host_path = Some(HostPathVolumeSource { path: source.to_owned(), type_: None });
                return Ok((source.to_owned(), volume, mount));
            }
            "tmpfs" => {
                source = "";
                empty_dir.medium = Some("Memory".to_owned());
            }
            "volume" if source.contains('/') => {
                return Err(format!("{source:?} is not a valid name of a volume; write an absolute path for a folder"));
            }
            "volume" if source.is_empty() => {}
            "volume" => self.remarks.push(format!(
                "--{flag}: the volume {source:?} becomes an emptyDir, which is deleted with the pod; use a \
                 PersistentVolumeClaim to keep its files"
            )),
            _ => return Err(format!("a pod has no mount of the type {kind:?}; use bind, volume or tmpfs")),
        }
        volume.empty_dir = Some(empty_dir);
        Ok((source.to_owned(), volume, mount))
    }
}

fn options(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split(',')
        .map(|option| option.split_once('=').unwrap_or((option, "")))
}

/// Returns the options of `--volume [SOURCE:]PATH[:OPTIONS]`.
fn of_volume(text: &str) -> Options<'_> {
    let Some((source, rest)) = text.split_once(':') else {
        return vec![("target", text)];
    };
    let (path, rest) = rest.split_once(':').unwrap_or((rest, ""));
    let kind = match source.starts_with(['/', '.', '~']) {
        true => "bind",
        false => "volume",
    };
    let mount = [("type", kind), ("source", source), ("target", path)];
    mount.into_iter().chain(options(rest)).collect()
}

/// Returns the options of `--tmpfs PATH[:OPTIONS]`.
fn of_tmpfs(text: &str) -> Options<'_> {
    let (path, rest) = text.split_once(':').unwrap_or((text, ""));
    let mount = [("type", "tmpfs"), ("target", path)];
    mount.into_iter().chain(options(rest)).collect()
}

/// Returns a size as Kubernetes writes it. Docker's units are powers of 1024.
fn size(text: &str) -> Result<Quantity, String> {
    let lower = text.to_ascii_lowercase();
    let units = [("k", "Ki"), ("m", "Mi"), ("g", "Gi"), ("b", ""), ("", "")];
    let size = units.iter().find_map(|(docker, unit)| {
        let number: u64 = lower.strip_suffix(docker)?.parse().ok()?;
        Some(Quantity(format!("{number}{unit}")))
    });
    size.ok_or_else(|| {
        format!("{text:?} is not a valid size; write a whole number and k, m or g, as in 64m")
    })
}

/// Returns a name like the text that no other volume has.
fn free_name(text: &str, volumes: &[Volume]) -> String {
    let label = dns_label(text, "volume");
    // A label has at most 63 characters.
    let numbered = (2..).map(|number| format!("{label:.55}-{number}"));
    let mut names = iter::once(label.clone()).chain(numbered);
    let is_free = |name: &String| volumes.iter().all(|other| other.name != *name);
    names.find(is_free).unwrap_or_default()
}
