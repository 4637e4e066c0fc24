//! The pod: its name, its one container, and its namespaces.

use std::collections::BTreeMap;

use eci_security_context::eci::signal::{ECI_LABEL, TRUE};
use k8s_openapi::api::core::v1::{Container, EnvVar, Pod, PodSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::flags::{DockerRun, WORDS};

impl DockerRun {
    /// Builds the pod.
    pub(super) fn pod(&mut self) -> Result<Pod, String> {
        let mut words = self.all(WORDS).into_iter();
        let image = words
            .next()
            .filter(|image| !image.is_empty())
            .ok_or("docker run has no image; write it after the flags")?;
        let words = words.map(literal).collect();
        // An empty entry point removes the image's.
        let (command, args) = match self.last("entrypoint") {
            None => (Vec::new(), words),
            Some(empty) if empty.is_empty() => (words, Vec::new()),
            Some(entrypoint) => (vec![literal(entrypoint)], words),
        };
        let name = self.name(&image);
        let (volumes, volume_mounts) = self.volumes()?;
        let container = Container {
            name: name.clone(),
            image: Some(image),
            command: filled(command),
            args: filled(args),
            env: filled(self.env()),
            security_context: filled(self.container_security()?),
            stdin: filled(self.is_set("interactive")),
            tty: filled(self.is_set("tty")),
            volume_mounts: filled(volume_mounts),
            working_dir: self.last("workdir").and_then(filled),
            ..Container::default()
        };
        let security_context = filled(self.pod_security()?);
        let is = |value: &String, kind| value.split(':').next() == Some(kind);
        let has = |flag, kind| filled(self.all(flag).iter().any(|value| is(value, kind)));
        let spec = PodSpec {
            containers: vec![container],
            host_ipc: has("ipc", "host"),
            host_network: has("network", "host"),
            host_pid: has("pid", "host"),
            restart_policy: Some("Never".to_owned()),
            security_context,
            share_process_namespace: has("pid", "container"),
            volumes: filled(volumes),
            ..PodSpec::default()
        };
        self.check_namespaces()?;
        self.remarks.extend(self.all("device").iter().map(|device| {
            format!("--device {device:?}: a pod has no field for devices, and ECI gives no access to devices of a host")
        }));
        let metadata = ObjectMeta {
            name: Some(name),
            labels: Some(BTreeMap::from([(ECI_LABEL.to_owned(), TRUE.to_owned())])),
            ..ObjectMeta::default()
        };
        Ok(Pod {
            metadata,
            spec: Some(spec),
            ..Pod::default()
        })
    }

    /// Returns the name of the pod: the given one, or else that of the image.
    fn name(&mut self, image: &str) -> String {
        let Some(given) = self.last("name").and_then(filled) else {
            let image = image.rsplit('/').next().unwrap_or(image);
            return dns_label(image.split([':', '@']).next().unwrap_or(image), "container");
        };
        let name = dns_label(&given, "container");
        if name != given {
            self.remarks.push(format!(
                "--name {given:?}: the name of a pod has only lowercase letters, digits and dashes; it is {name:?} here"
            ));
        }
        name
    }

    /// Returns the variables of the environment.
    fn env(&mut self) -> Vec<EnvVar> {
        let variable = |(name, value)| EnvVar {
            name,
            value: Some(literal(value)),
            ..EnvVar::default()
        };
        self.pairs("env").into_iter().map(variable).collect()
    }

    /// Adds a remark for each namespace that a pod cannot express.
    fn check_namespaces(&mut self) -> Result<(), String> {
        for flag in ["network", "pid", "ipc", "uts", "userns", "cgroupns"] {
            for value in self.all(flag) {
                let reason = match (flag, value.as_str()) {
                    ("network" | "pid" | "ipc", "host") => continue,
                    // The defaults of a pod.
                    ("network", "bridge" | "default") | ("ipc", "shareable") => continue,
                    ("userns", "host") | (_, "" | "private") => continue,
                    (_, other) if other.starts_with("container:") => {
                        "only containers of one pod share a namespace; add the other container to the pod"
                    }
                    ("network", _) => {
                        "a pod uses the network of the cluster; deny its traffic with a NetworkPolicy"
                    }
                    ("uts" | "cgroupns", "host") | ("ipc", "none") => {
                        "a pod always has its own namespace"
                    }
                    _ => {
                        return Err(format!(
                            "--{flag} {value:?} is not valid; use host, or remove the flag"
                        ));
                    }
                };
                self.remarks.push(format!("--{flag} {value:?}: {reason}"));
            }
        }
        Ok(())
    }
}

/// Returns the value unless it is empty, so that its field is left out.
pub(super) fn filled<T: Default + PartialEq>(value: T) -> Option<T> {
    (value != T::default()).then_some(value)
}

/// Returns the text as a label of RFC 1123 (at most 63 of a-z, 0-9 and dashes), or `default` if nothing remains.
pub(super) fn dns_label(text: &str, default: &str) -> String {
    let dashed = text.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let label: String = dashed.trim_start_matches('-').chars().take(63).collect();
    filled(label.trim_end_matches('-').to_ascii_lowercase()).unwrap_or_else(|| default.to_owned())
}

/// Returns the text so that the kubelet, which replaces `$(NAME)` and `$$`, passes it on unchanged.
fn literal(text: String) -> String {
    match text.contains("$$") || text.contains("$(") {
        true => text.replace('$', "$$"),
        false => text,
    }
}
