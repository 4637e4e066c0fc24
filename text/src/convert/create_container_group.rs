//! The security of a pod as parameters of ECI's OpenAPI. A remark names
//! each security field without a parameter. Other fields are left out.

use eci_security_context::eci::field::IdentityField;
use eci_security_context::eci::profile::{CHANNEL_SYSCTLS, CHANNELS};
use eci_security_context::eci::{capability, sysctl};
use eci_security_context::path::{Path, Step};
use eci_security_context::pod::sysctls::HostSysctls;
use eci_security_context::pod::template::Location;
use eci_security_context::pod::{ContainerList, Pod};
use eci_security_context::policy::settings::Settings;
use eci_security_context::review::read::Pieces;
use eci_security_context::text::quote;
use serde_json::Value;
use serde_json::value::to_raw_value;

use crate::object::Object;
use crate::openapi::{
    CONTAINERS, OF_CONTAINER, OF_GROUP, Parameter, Takes, encoded, nested, scalar,
};

/// Security fields of a pod outside its security context, each with the value that is not the default.
static OF_SPEC: &[(&str, bool)] = &[
    ("hostNetwork", true),
    ("hostPID", true),
    ("hostIPC", true),
    ("hostUsers", false),
];

const NO_PARAMETER: &str = "no parameter of CreateContainerGroup; left out";

/// The container groups of a manifest, and what is said about them.
#[derive(Debug)]
pub struct Groups {
    groups: Vec<(String, Group)>,
    /// One sentence for each field without a parameter, and for each object without pods.
    pub remarks: Vec<String>,
}

impl Groups {
    /// Returns the groups of the pods of a manifest.
    ///
    /// # Errors
    /// If the manifest cannot be read.
    pub fn of(text: &str) -> Result<Self, String> {
        let documents = eci_manifest::documents(text).map_err(|error| error.to_string())?;
        let mut groups = Vec::new();
        for document in &documents {
            let object = Object::of(document).map_err(|problem| problem.one_line())?;
            if object.as_ref().is_some_and(Object::is_request) {
                return Err("is an admission request; use the object in it".to_owned());
            }
            let name = object.map_or_else(
                || "a document without a kind".to_owned(),
                |object| object.name.to_string(),
            );
            let group = Group::of(&document.value());
            let group = group.map_err(|problem| format!("{name}: {problem}"))?;
            groups.push((name, group));
        }
        let are_several = groups.len() > 1;
        let mut remarks = Vec::new();
        for (name, group) in &groups {
            let prefix = if are_several {
                format!("{name}: ")
            } else {
                String::new()
            };
            match group {
                Some(group) => {
                    let own = group.remarks.iter();
                    remarks.extend(own.map(|(path, remark)| format!("{prefix}{path}: {remark}")));
                }
                None => remarks.push(format!("{name}: has no pods; left out")),
            }
        }
        let groups = groups.into_iter();
        let groups = groups.filter_map(|(name, group)| Some((name, group?)));
        Ok(Self {
            groups: groups.collect(),
            remarks,
        })
    }

    /// True if the manifest has no pods.
    pub const fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Returns the parameters as JSON, nested as the SDKs have them.
    pub fn json(&self) -> String {
        let requests = self.groups.iter();
        let requests = requests.map(|(_, group)| nested(&group.parameters));
        let written = match <[Value; 1]>::try_from(requests.collect::<Vec<_>>()) {
            Ok([request]) => request,
            Err(requests) => requests.into(),
        };
        format!("{written:#}\n")
    }

    /// Returns one `Name=value` a line. Each of several requests has a heading, and a line `---` before the next.
    pub fn flat(&self) -> String {
        let mut text = String::new();
        for (position, (name, group)) in self.groups.iter().enumerate() {
            if position > 0 {
                text += "---\n";
            }
            if self.groups.len() > 1 {
                text += &format!("# {}\n", eci_security_context::text::one_line(name));
            }
            for (name, value) in &group.parameters {
                let value = encoded(&scalar(value).unwrap_or_default());
                text += &format!("{name}={value}\n");
            }
        }
        text
    }
}

/// The request that creates the container group of a pod.
#[derive(Debug, Default)]
struct Group {
    /// The parameters, by their flat names.
    parameters: Vec<(String, Value)>,
    /// The fields without a parameter, and the reasons.
    remarks: Vec<(Path, String)>,
}

impl Group {
    /// Returns the group of an object, or `None` if the object has no pods. The error names a field that cannot be read.
    fn of(object: &Value) -> Result<Option<Self>, String> {
        let text = |key| object.get(key).and_then(Value::as_str).unwrap_or_default();
        let group = text("apiVersion")
            .split_once('/')
            .map_or("", |(group, _)| group);
        let raw = to_raw_value(object).map_err(|error| error.to_string())?;
        let location = Location::of_kind(group, text("kind"));
        let Some(location) = location.or_else(|| Location::find(raw.get())) else {
            return Ok(None);
        };
        let Some(template) = find(object, location.path()) else {
            return Ok(None);
        };
        let pieces = Pieces::read(&raw, location).map_err(|error| error.to_string())?;
        let Some(pieces) = pieces else {
            return Ok(None);
        };
        let pod = pieces
            .checked()
            .and_then(|read| read.pod(&Settings::default()))
            .map_err(|error| error.to_string())?;
        let spec = find(template, &["spec"]).unwrap_or(&Value::Null);
        let mut group = Self::default();
        let at = pod.path.field("spec");
        group.sysctls(&pod);
        group.of_spec(&pod, spec)?;
        for (root, list) in CONTAINERS {
            let containers = spec
                .get(list.name())
                .and_then(Value::as_array)
                .into_iter()
                .flatten();
            for (index, container) in containers.enumerate() {
                let root = format!("{root}.{}", index + 1);
                group.container(
                    (&root, list),
                    container,
                    &at.field(list.name()).index(index),
                    spec,
                )?;
            }
        }
        let ephemeral = at.field(ContainerList::Ephemeral.name());
        for (index, _) in pod.spec.ephemeral_containers.iter() {
            group.remark(
                ephemeral.index(index),
                "not supported by CreateContainerGroup; left out",
            );
        }
        Ok(Some(group))
    }

    fn remark(&mut self, path: Path, remark: impl Into<String>) {
        self.remarks.push((path, remark.into()));
    }

    /// Adds the sysctls of the field and of the annotation, each in the channel that supports it.
    fn sysctls(&mut self, pod: &Pod<'_>) {
        let annotation = pod.annotation_path(sysctl::HOST_SYSCTLS);
        let of_annotation = match &pod.host_sysctls {
            HostSysctls::Absent => Vec::new(),
            HostSysctls::Malformed(what) => {
                self.remark(
                    annotation.clone(),
                    format!("the annotation {what}; left out"),
                );
                Vec::new()
            }
            HostSysctls::Entries(entries) => entries.clone(),
        };
        let of_annotation = of_annotation.iter().map(|entry| {
            (
                annotation.clone(),
                sysctl::normalise(&entry.name).into_owned(),
                entry.value.as_str(),
            )
        });
        let of_field = pod
            .sysctls
            .iter()
            .map(|entry| (entry.path.clone(), entry.name.to_string(), entry.value));
        let mut counts = CHANNELS.each_ref().map(|channel| (channel, Vec::new()));
        for (path, name, value) in of_field.chain(of_annotation) {
            match counts
                .iter_mut()
                .find(|(channel, _)| channel.sysctls.holds(&name))
            {
                Some((_, taken)) if taken.len() < CHANNEL_SYSCTLS => taken.push((name, value)),
                Some((channel, _)) => {
                    let most = format!("{} takes {CHANNEL_SYSCTLS} at most", channel.parameter);
                    self.remark(
                        path,
                        format!("too many sysctls, {most}: {}; left out", quote(&name)),
                    );
                }
                None => {
                    let takers = CHANNELS
                        .each_ref()
                        .map(|channel| channel.parameter)
                        .join(" or ");
                    self.remark(
                        path,
                        format!("{} is not supported in {takers}; left out", quote(&name)),
                    );
                }
            }
        }
        for (channel, taken) in counts {
            for (number, (name, value)) in (1..).zip(taken) {
                let entry = format!("{}.{number}", channel.parameter);
                self.parameters.push((format!("{entry}.Name"), name.into()));
                self.parameters
                    .push((format!("{entry}.Value"), value.into()));
            }
        }
    }

    /// Adds the fields of the pod, except those that are written into each container.
    fn of_spec(&mut self, pod: &Pod<'_>, spec: &Value) -> Result<(), String> {
        let at = pod.path.field("spec");
        for parameter in OF_GROUP {
            if let Some(value) = find(spec, parameter.field) {
                self.write(
                    parameter,
                    parameter.name,
                    below(&at, parameter.field),
                    value,
                )?;
            }
        }
        let volumes = spec
            .get("volumes")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        for (index, _) in volumes
            .enumerate()
            .filter(|(_, volume)| find(volume, &["hostPath"]).is_some())
        {
            self.remark(
                at.field("volumes").index(index).field("hostPath"),
                "not supported on ECI; left out",
            );
        }
        for (name, asking) in OF_SPEC {
            if spec.get(name).is_some_and(|value| value == asking) {
                self.remark(at.field(name), NO_PARAMETER);
            }
        }
        for (key, value) in spec
            .get("securityContext")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            if key != "sysctls" && !is_identity(key) && is_set(value) {
                self.remark(
                    at.field("securityContext")
                        .step(Step::Field(key.clone().into())),
                    NO_PARAMETER,
                );
            }
        }
        for key in pod.annotations.iter().flat_map(|found| found.family()) {
            self.remark(pod.annotation_path(key), NO_PARAMETER);
        }
        Ok(())
    }

    /// Adds the fields of a container, and the identity that it inherits: the API has it on containers only.
    fn container(
        &mut self,
        (root, list): (&str, ContainerList),
        container: &Value,
        at: &Path,
        spec: &Value,
    ) -> Result<(), String> {
        let name = container
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        self.parameters.push((format!("{root}.Name"), name.into()));
        for parameter in OF_CONTAINER {
            let inherited = || {
                let is_inherited = parameter.field.last().is_some_and(|key| is_identity(key));
                find(spec, parameter.field).filter(|_| is_inherited)
            };
            let Some(value) = find(container, parameter.field).or_else(inherited) else {
                continue;
            };
            let path = below(at, parameter.field);
            if parameter.is_of(list) {
                self.write(
                    parameter,
                    &format!("{root}.{}", parameter.name),
                    path,
                    value,
                )?;
            } else if *value != false {
                self.remark(
                    path,
                    format!(
                        "{} is not supported on init containers; left out",
                        parameter.name
                    ),
                );
            }
        }
        if let Some(context) = container.get("securityContext") {
            self.remark_rest(context, &["securityContext"], at);
        }
        Ok(())
    }

    /// Adds the parameter under its whole name.
    fn write(
        &mut self,
        parameter: &Parameter,
        name: &str,
        path: Path,
        value: &Value,
    ) -> Result<(), String> {
        match (parameter.takes, value) {
            (Takes::True, Value::Bool(false)) => {
                self.remark(
                    path,
                    format!("{} can only be true; left out", parameter.name),
                );
            }
            (Takes::Integer, Value::Number(_)) | (Takes::Boolean | Takes::True, Value::Bool(_)) => {
                self.parameters.push((name.to_owned(), value.clone()));
            }
            (Takes::Capabilities, Value::Array(items)) => {
                for (number, item) in (1..).zip(items.iter().filter_map(Value::as_str)) {
                    self.parameters.push((
                        format!("{name}.{number}"),
                        capability::normalise(item).into(),
                    ));
                }
            }
            (Takes::Integer, _) => return Err(format!("{path}: must be an integer")),
            (Takes::Boolean | Takes::True, _) => {
                return Err(format!("{path}: must be true or false"));
            }
            (Takes::Capabilities, _) => return Err(format!("{path}: must be a list")),
        }
        Ok(())
    }

    /// Adds a remark for each field of `object` without a parameter. The object is at `keys` below `at`.
    fn remark_rest(&mut self, object: &Value, keys: &[&str], at: &Path) {
        for (key, value) in object.as_object().into_iter().flatten() {
            let keys = [keys, &[key.as_str()]].concat();
            if OF_CONTAINER.iter().any(|parameter| parameter.field == keys) {
                continue;
            }
            if OF_CONTAINER
                .iter()
                .any(|parameter| parameter.field.starts_with(&keys))
            {
                self.remark_rest(value, &keys, at);
            } else if is_set(value) {
                self.remark(below(at, &keys), NO_PARAMETER);
            }
        }
    }
}

/// Returns the value at the end of `keys`; `None` if there is none, or `null`.
fn find<'v>(object: &'v Value, keys: &[&str]) -> Option<&'v Value> {
    let found = keys.iter().try_fold(object, |at, key| at.get(key));
    found.filter(|value| !value.is_null())
}

fn below(at: &Path, keys: &[&str]) -> Path {
    keys.iter().fold(at.clone(), |path, key| {
        path.step(Step::Field((*key).to_owned().into()))
    })
}

fn is_identity(key: &str) -> bool {
    IdentityField::ALL.iter().any(|field| field.name() == key)
}

/// True if a value is not null or empty.
fn is_set(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        _ => true,
    }
}

#[cfg(test)]
mod tests;
