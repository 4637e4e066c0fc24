//! The pod that a command becomes: its name, its one container, and what the container runs with.

use eci_security_context::eci::signal::{ECI_LABEL, TRUE};
use eci_security_context::text::quote;
use serde_json::{Map, Value, json};

use super::amount;
use super::command::{Command, Given};
use super::options::{Meaning, Takes};
use super::volumes::Volumes;
use crate::failure::Failure;

/// The fields of an object.
pub(super) type Fields = Map<String, Value>;

/// What an option does to the pod.
pub(super) type Applied = Result<(), String>;

/// A pod on its way.
#[derive(Debug, Default)]
pub(super) struct Pod {
    /// `metadata.labels`.
    labels: Fields,
    /// `metadata.annotations`.
    annotations: Fields,
    /// The name that the command gives.
    name: Option<String>,
    /// `spec`.
    pub(super) spec: Fields,
    /// `spec.securityContext`.
    pub(super) pod_security: Fields,
    /// The container.
    pub(super) container: Fields,
    /// The container's `securityContext`.
    pub(super) security: Fields,
    /// `capabilities.add` and `capabilities.drop`.
    pub(super) capabilities: (Vec<String>, Vec<String>),
    /// The container's `env`.
    env: Vec<(String, String)>,
    /// The container's `resources`: of limits and requests, which resource is how much.
    limits: Fields,
    requests: Fields,
    /// The entry point that the command gives; empty where it takes that of the image away.
    entrypoint: Option<String>,
    /// The volumes, and where they are mounted.
    pub(super) volumes: Volumes,
    /// What has no counterpart.
    remarks: Vec<String>,
    /// The option that is being converted, for remarks.
    option: String,
}

/// The pod, and what of the command it does not have.
pub(super) fn of(command: &Command) -> Result<(Value, Vec<String>), Failure> {
    let mut pod = Pod::default();
    set(&mut pod.spec, "restartPolicy", "Never");
    for given in &command.given {
        pod.apply(given)?;
    }
    Ok(pod.finish(command))
}

impl Pod {
    fn apply(&mut self, given: &Given) -> Result<(), Failure> {
        let Given { option, value } = given;
        self.option = match option.takes {
            Takes::Nothing => format!("--{}", option.long),
            _ => format!("--{} {}", option.long, quote(&told(option.long, value))),
        };
        let nothing_said = match option.takes {
            Takes::Nothing => value == "false",
            Takes::Value => value.is_empty(),
            Takes::Values => false,
        };
        match option.meaning {
            _ if nothing_said => {}
            Meaning::Nothing => {}
            Meaning::Lost(reason) => self.remark(reason),
            Meaning::Becomes(becomes) => becomes(self, value).map_err(|reason| {
                Failure::new(format!("{} cannot be read: {reason}", self.option))
            })?,
        }
        Ok(())
    }

    /// Says what the option that is being converted does not become, and the way out.
    pub(super) fn remark(&mut self, reason: impl std::fmt::Display) {
        self.remarks.push(format!("{}: {reason}", self.option));
    }

    fn finish(mut self, command: &Command) -> (Value, Vec<String>) {
        let name = self
            .name
            .take()
            .unwrap_or_else(|| label_of(base_name(&command.image), "container"));
        self.program(&command.arguments);
        if !self.env.is_empty() {
            let env = self
                .env
                .iter()
                .map(|(name, value)| json!({"name": name, "value": literal(value)}));
            self.container.insert("env".to_owned(), env.collect());
        }
        let mut resources = Fields::new();
        set_filled(&mut resources, "limits", self.limits);
        set_filled(&mut resources, "requests", self.requests);
        set_filled(&mut self.container, "resources", resources);

        let (add, drop) = super::security::effective(self.capabilities);
        let mut capabilities = Fields::new();
        for (key, names) in [("add", add), ("drop", drop)] {
            if !names.is_empty() {
                set(&mut capabilities, key, names);
            }
        }
        set_filled(&mut self.security, "capabilities", capabilities);
        set_filled(&mut self.container, "securityContext", self.security);
        let (volumes, mounts) = self.volumes.finish();
        for (fields, key, items) in [
            (&mut self.spec, "volumes", volumes),
            (&mut self.container, "volumeMounts", mounts),
        ] {
            if !items.is_empty() {
                set(fields, key, items);
            }
        }
        set(&mut self.container, "name", name.as_str());
        set(&mut self.container, "image", command.image.as_str());

        set_filled(&mut self.spec, "securityContext", self.pod_security);
        // The API server refuses the policy `None` where no server is named.
        if self
            .spec
            .get("dnsConfig")
            .is_some_and(|config| config.get("nameservers").is_some())
        {
            set(&mut self.spec, "dnsPolicy", "None");
        }
        self.spec
            .insert("containers".to_owned(), json!([self.container]));
        set(&mut self.labels, ECI_LABEL, TRUE);
        let mut metadata = Fields::new();
        set(&mut metadata, "name", name);
        set_filled(&mut metadata, "labels", self.labels);
        set_filled(&mut metadata, "annotations", self.annotations);
        let pod =
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": self.spec});
        (pod, self.remarks)
    }

    /// `command` and `args`, which mean what Docker calls the entry point and the command.
    fn program(&mut self, arguments: &[String]) {
        let arguments: Vec<_> = arguments.iter().map(|argument| literal(argument)).collect();
        let (command, args) = match self.entrypoint.take() {
            Some(entrypoint) if entrypoint.is_empty() => (arguments, Vec::new()),
            Some(entrypoint) => (vec![literal(&entrypoint)], arguments),
            None => (Vec::new(), arguments),
        };
        for (key, words) in [("command", command), ("args", args)] {
            if !words.is_empty() {
                set(&mut self.container, key, words);
            }
        }
    }
}

/// What is told of an option's value: what follows an equals sign may be a secret, but where it cannot.
fn told(option: &str, value: &str) -> String {
    match option {
        "mount" => {
            let fields: Vec<_> = value
                .split(',')
                .filter(|field| !field.starts_with("volume-opt"))
                .collect();
            fields.join(",")
        }
        _ => value.split('=').next().unwrap_or_default().to_owned(),
    }
}

/// Sets a field.
pub(super) fn set(fields: &mut Fields, key: &str, value: impl Into<Value>) {
    fields.insert(key.to_owned(), value.into());
}

fn set_filled(fields: &mut Fields, key: &str, value: Fields) {
    if !value.is_empty() {
        set(fields, key, value);
    }
}

/// Appends to the list in a field, what is not there yet.
pub(super) fn push(fields: &mut Fields, key: &str, item: impl Into<Value>) {
    let item = item.into();
    let list = fields.entry(key).or_insert_with(|| json!([]));
    if let Some(list) = list.as_array_mut().filter(|list| !list.contains(&item)) {
        list.push(item);
    }
}

/// The object in a field.
pub(super) fn object<'f>(fields: &'f mut Fields, key: &str) -> Option<&'f mut Fields> {
    fields
        .entry(key)
        .or_insert_with(|| json!({}))
        .as_object_mut()
}

/// A text that the kubelet takes literally, as Docker does: it would replace `$(NAME)`, and take `$$` for
/// a `$`.
fn literal(text: &str) -> String {
    let mut literal = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        literal.push(c);
        if c == '$' && matches!(characters.peek(), Some('$' | '(')) {
            literal.push('$');
        }
    }
    literal
}

/// An image's name without its registry, its tag and its digest.
fn base_name(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    let name = image.rsplit('/').next().unwrap_or(image);
    name.split(':').next().unwrap_or(name)
}

/// A label as RFC 1123 has it, as names of pods, containers and volumes are, as near to `text` as can be.
pub(super) fn label_of(text: &str, otherwise: &str) -> String {
    let dashed: String = text
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .skip_while(|c| *c == '-')
        .take(LABEL)
        .collect();
    match dashed.trim_end_matches('-') {
        "" => otherwise.to_owned(),
        label => label.to_owned(),
    }
}

/// How many characters a label of RFC 1123 has, and a label's value.
const LABEL: usize = 63;

pub(super) fn name(pod: &mut Pod, value: &str) -> Applied {
    let name = label_of(value, "container");
    if name != value {
        pod.remark(format!(
            "a name has small letters, digits and dashes; it becomes {name}"
        ));
    }
    pod.name = Some(name);
    Ok(())
}

pub(super) fn entrypoint(pod: &mut Pod, value: &str) -> Applied {
    pod.entrypoint = Some(value.to_owned());
    Ok(())
}

pub(super) fn env(pod: &mut Pod, variable: &str) -> Applied {
    let Some((name, value)) = variable.split_once('=') else {
        pod.remark(
            "its value is in the environment of the command, which is not read; write --env NAME=VALUE",
        );
        return Ok(());
    };
    if name.is_empty() {
        return Err("a variable has a name before the equals sign".to_owned());
    }
    pod.env.retain(|(other, _)| other != name);
    pod.env.push((name.to_owned(), value.to_owned()));
    Ok(())
}

pub(super) fn label(pod: &mut Pod, value: &str) -> Applied {
    let (key, value) = value.split_once('=').unwrap_or((value, ""));
    if key == ECI_LABEL && value != TRUE {
        pod.remark("the pod is one of ECI, and carries the label with the value \"true\"");
    } else if is_label_value(value) && is_key(key) {
        set(&mut pod.labels, key, value);
    } else {
        annotate(pod, key, value);
    }
    Ok(())
}

pub(super) fn annotation(pod: &mut Pod, value: &str) -> Applied {
    let (key, value) = value
        .split_once('=')
        .ok_or("an annotation is a key, an equals sign and a value")?;
    annotate(pod, key, value);
    Ok(())
}

fn annotate(pod: &mut Pod, key: &str, value: &str) {
    if is_key(key) {
        set(&mut pod.annotations, key, value);
    } else {
        pod.remark("Kubernetes takes no such key, neither for a label nor for an annotation");
    }
}

/// Whether Kubernetes takes it for the key of a label or an annotation: a name of at most 63 characters, before
/// which a DNS name and a slash may stand.
fn is_key(key: &str) -> bool {
    let (prefix, name) = key
        .split_once('/')
        .map_or((None, key), |(prefix, name)| (Some(prefix), name));
    let is_part = |part: &str| {
        let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        part.starts_with(alphanumeric)
            && part.ends_with(alphanumeric)
            && part.chars().all(|c| alphanumeric(c) || c == '-')
    };
    prefix.is_none_or(|prefix| prefix.len() <= 253 && prefix.split('.').all(is_part))
        && !name.is_empty()
        && is_label_value(name)
}

fn is_label_value(value: &str) -> bool {
    let alphanumeric = |c: char| c.is_ascii_alphanumeric();
    value.is_empty()
        || value.len() <= LABEL
            && value.starts_with(alphanumeric)
            && value.ends_with(alphanumeric)
            && value.chars().all(|c| alphanumeric(c) || "-_.".contains(c))
}

pub(super) fn workdir(pod: &mut Pod, value: &str) -> Applied {
    set(&mut pod.container, "workingDir", value);
    Ok(())
}

pub(super) fn tty(pod: &mut Pod, _: &str) -> Applied {
    set(&mut pod.container, "tty", true);
    Ok(())
}

pub(super) fn interactive(pod: &mut Pod, _: &str) -> Applied {
    set(&mut pod.container, "stdin", true);
    Ok(())
}

pub(super) fn memory(pod: &mut Pod, value: &str) -> Applied {
    // No memory at all is no limit to Docker.
    match amount::bytes(value)? {
        0 => {}
        bytes => set(&mut pod.limits, "memory", amount::quantity(bytes)),
    }
    Ok(())
}

/// Docker guarantees as much where memory is short, as Kubernetes does what is requested.
pub(super) fn memory_reservation(pod: &mut Pod, value: &str) -> Applied {
    match amount::bytes(value)? {
        0 => {}
        bytes => set(&mut pod.requests, "memory", amount::quantity(bytes)),
    }
    Ok(())
}

pub(super) fn cpus(pod: &mut Pod, value: &str) -> Applied {
    if let Some((cpus, rounded)) = amount::cpus(value)? {
        if rounded {
            pod.remark(format!(
                "Kubernetes counts thousandths of a CPU; it becomes {cpus}"
            ));
        }
        set(&mut pod.limits, "cpu", cpus);
    }
    Ok(())
}

pub(super) fn restart(pod: &mut Pod, value: &str) -> Applied {
    let (policy, tries) = value
        .split_once(':')
        .map_or((value, None), |(policy, tries)| (policy, Some(tries)));
    let policy = match policy {
        "no" | "never" => "Never",
        "always" | "unless-stopped" => "Always",
        "on-failure" => "OnFailure",
        _ => return Err("a policy is no, on-failure, always or unless-stopped".to_owned()),
    };
    if tries.is_some() {
        pod.remark("a pod is restarted without a limit; a Job has one, backoffLimit");
    }
    set(&mut pod.spec, "restartPolicy", policy);
    Ok(())
}

pub(super) fn pull(pod: &mut Pod, value: &str) -> Applied {
    let policy = match value {
        "always" | "newer" => "Always",
        "missing" => "IfNotPresent",
        "never" => "Never",
        _ => return Err("a policy is always, missing or never".to_owned()),
    };
    set(&mut pod.container, "imagePullPolicy", policy);
    Ok(())
}

pub(super) fn stop_timeout(pod: &mut Pod, value: &str) -> Applied {
    match value.parse::<i64>() {
        Ok(seconds @ 0..) => set(&mut pod.spec, "terminationGracePeriodSeconds", seconds),
        Ok(_) => pod
            .remark("a pod is not waited for without end; set spec.terminationGracePeriodSeconds"),
        Err(_) => return Err("it is a number of seconds".to_owned()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::panic,
        reason = "a test may panic"
    )]
    use super::*;

    #[test]
    fn images_have_a_name() {
        for (image, name) in [
            ("nginx", "nginx"),
            ("nginx:1.25", "nginx"),
            (
                "registry.example:5000/team/My_App.x:1.2@sha256:0123",
                "my-app-x",
            ),
            ("sha256:0123", "sha256"),
            ("___", "container"),
        ] {
            assert_eq!(label_of(base_name(image), "container"), name);
        }
        assert_eq!(label_of(&"a".repeat(70), ""), "a".repeat(63));
        assert_eq!(
            label_of(&format!("{}-b", "a".repeat(62)), ""),
            "a".repeat(62)
        );
    }

    #[test]
    fn dollars_are_literal_to_the_kubelet() {
        for (docker, kubernetes) in [
            ("$HOME", "$HOME"),
            ("$(date)", "$$(date)"),
            ("$$", "$$$"),
            ("$$(A)", "$$$$(A)"),
            ("a$", "a$"),
        ] {
            assert_eq!(literal(docker), kubernetes);
        }
    }

    #[test]
    fn keys_are_those_of_kubernetes() {
        for key in ["a", "A_b.c-d", "example.com/a", "a-b.c/d"] {
            assert!(is_key(key), "{key}");
        }
        for key in [
            "",
            "/a",
            "a/",
            "A.com/b",
            "a/b/c",
            "-a",
            "a b",
            "a..b/c",
            "ä",
            &"a".repeat(64),
        ] {
            assert!(!is_key(key), "{key}");
        }
    }
}
