//! From the parameters of a request to the pod that it describes.

use std::collections::BTreeMap;

use eci_security_context::eci::instance::USE_SPECS;
use eci_security_context::eci::profile::{CHANNEL_SYSCTLS, CHANNELS, Channel};
use eci_security_context::path::Path;
use eci_security_context::pod::ContainerList;
use eci_security_context::pod::object::ContainerSpec;
use eci_security_context::policy::settings::Settings;
use serde_json::{Map, Value, json};

use super::read::{Param, Request};
use super::{CONTAINERS, OF_CONTAINER, OF_GROUP, RequestError, Takes};

/// Fields of a pod that share the node's namespaces. People look for parameters of these names.
static HOST_NAMESPACES: [&str; 3] = ["HostNetwork", "HostPID", "HostIPC"];

/// The parameters that size a group or a container, with the resource of a pod and the unit of the amount.
static AMOUNTS: [(&str, &str, &str); 2] = [("Cpu", "cpu", ""), ("Memory", "memory", "Gi")];

/// The parameters that are not used yet, by their names.
struct Parameters<'r>(BTreeMap<&'r str, &'r Param>);

impl<'r> Parameters<'r> {
    fn of(request: &'r Request) -> Result<Self, RequestError> {
        let mut parameters = BTreeMap::new();
        for param in request.params.iter().filter(|param| !param.value.is_null()) {
            // A name in lower case is an option of the command that sends the request.
            let is_parameter = param.name.starts_with(|c: char| c.is_ascii_uppercase());
            if parameters.insert(param.name.as_str(), param).is_some() && is_parameter {
                return Err(param.error("is set twice", "keep one of the two"));
            }
        }
        Ok(Self(parameters))
    }

    fn take(&mut self, name: &str) -> Option<&'r Param> {
        self.0.remove(name)
    }

    fn take_text(&mut self, name: &str) -> Option<String> {
        super::scalar(&self.take(name)?.value)
    }

    /// Returns the length of a list, whose items have numbers from 1 without gaps.
    fn count(&self, list: &str) -> Result<usize, RequestError> {
        let below = format!("{list}.");
        let mut numbers = BTreeMap::new();
        let items = self.0.range(below.as_str()..);
        for (name, param) in items.take_while(|(name, _)| name.starts_with(&below)) {
            let number = name
                .get(below.len()..)
                .and_then(|rest| rest.split('.').next())
                .unwrap_or_default();
            if !number.bytes().all(|b| b.is_ascii_digit()) {
                continue;
            }
            match number.parse::<usize>() {
                Ok(parsed) if parsed > 0 && !number.starts_with('0') => {
                    numbers.entry(parsed).or_insert(param);
                }
                _ => {
                    let what = format!("{list}.{number} is not a valid number of an item");
                    return Err(param.error(what, "number the items from 1"));
                }
            }
        }
        for (expected, (number, param)) in (1..).zip(&numbers) {
            if expected != *number {
                let what = format!("{list}.{expected} is missing");
                return Err(param.error(what, "number the items from 1, without gaps"));
            }
        }
        Ok(numbers.len())
    }
}

/// A sysctl of a request.
pub(super) struct Sysctl<'r> {
    pub(super) channel: &'static Channel,
    pub(super) name: &'r Param,
    pub(super) value: Option<&'r Param>,
}

/// The pod that a request describes, and the parameters behind its fields.
pub(super) struct Described<'r> {
    pub(super) pod: Value,
    /// The sysctls of the pod, in the order of the pod's list.
    pub(super) sysctls: Vec<Sysctl<'r>>,
    /// The other fields of the pod.
    pub(super) fields: Vec<(Path, &'r Param)>,
    /// Parameters of security that do not exist.
    pub(super) unknown: Vec<&'r Param>,
    /// The beginnings of the parameters of exempt containers.
    exempt: Vec<String>,
}

impl<'r> Described<'r> {
    pub(super) fn by(request: &'r Request, settings: &Settings) -> Result<Self, RequestError> {
        let mut left = Parameters::of(request)?;
        let mut described = Self {
            pod: Value::Null,
            sysctls: Vec::new(),
            fields: Vec::new(),
            unknown: Vec::new(),
            exempt: Vec::new(),
        };
        let mut sysctls = Vec::new();
        for channel in &CHANNELS {
            described.read_channel(channel, &mut left, &mut sysctls)?;
        }
        let mut spec = Map::new();
        put(&mut spec, &["securityContext", "sysctls"], sysctls.into());
        for parameter in OF_GROUP {
            if let Some(param) = left.take(parameter.name) {
                put(&mut spec, parameter.field, param.read(parameter.takes)?);
            }
        }
        for (root, list) in CONTAINERS {
            let mut containers = Vec::new();
            for index in 0..left.count(root)? {
                containers.push(described.container(root, list, index, settings, &mut left)?);
            }
            if list == ContainerList::Main {
                size_group(&mut containers, &mut left);
            }
            spec.insert(list.name().to_owned(), containers.into());
        }
        let mut metadata = Map::new();
        if let Some(instance_type) = left.take_text("InstanceType") {
            let value = instance_type.into();
            put(&mut metadata, &["annotations", USE_SPECS], value);
        }
        described.pod = json!({ "metadata": metadata, "spec": spec });
        let left = left.0.into_values();
        described.unknown = left.filter(|param| is_of_security(param)).collect();
        Ok(described)
    }

    fn read_channel(
        &mut self,
        channel: &'static Channel,
        left: &mut Parameters<'r>,
        sysctls: &mut Vec<Value>,
    ) -> Result<(), RequestError> {
        let list = channel.parameter;
        for number in 1..=left.count(list)? {
            let name = left.take(&format!("{list}.{number}.Name"));
            let value = left.take(&format!("{list}.{number}.Value"));
            let Some(name) = name else {
                // Other fields of the item are reported as unknown parameters.
                let Some(value) = value else { continue };
                return Err(value.error("has no name", format!("set {list}.{number}.Name too")));
            };
            if number > CHANNEL_SYSCTLS {
                let what = format!("{list} takes at most {CHANNEL_SYSCTLS} sysctls");
                return Err(name.error(what, "remove some"));
            }
            let value_text = value.map(Param::text).transpose()?.unwrap_or_default();
            sysctls.push(json!({ "name": name.text()?, "value": value_text }));
            self.sysctls.push(Sysctl {
                channel,
                name,
                value,
            });
        }
        Ok(())
    }

    fn container(
        &mut self,
        root: &str,
        list: ContainerList,
        index: usize,
        settings: &Settings,
        left: &mut Parameters<'r>,
    ) -> Result<Value, RequestError> {
        let at = Path::of(&["spec", list.name()]).index(index);
        let prefix = format!("{root}.{}", index + 1);
        let mut container = Map::new();
        let name = left.take_text(&format!("{prefix}.Name"));
        let image = left.take_text(&format!("{prefix}.Image"));
        for (field, text) in [("name", &name), ("image", &image)] {
            if let Some(text) = text {
                container.insert(field.to_owned(), text.as_str().into());
            }
        }
        let spec = ContainerSpec {
            name: name.map(Into::into),
            image: image.map(Into::into),
            ..ContainerSpec::default()
        };
        if settings.exempts(&spec) {
            self.exempt.push(format!("{prefix}."));
        }
        for (name, resource, unit) in AMOUNTS {
            if let Some(amount) = left.take_text(&format!("{prefix}.{name}")) {
                let amount = format!("{amount}{unit}").into();
                put(&mut container, &["resources", "limits", resource], amount);
            }
        }
        for parameter in OF_CONTAINER {
            let name = format!("{prefix}.{}", parameter.name);
            let keys = parameter.field.iter();
            let path = keys.fold(at.clone(), |path, field| path.field(field));
            if parameter.takes == Takes::Capabilities {
                let mut items = Vec::new();
                for item in 0..left.count(&name)? {
                    if let Some(param) = left.take(&format!("{name}.{}", item + 1)) {
                        self.fields.push((path.index(items.len()), param));
                        items.push(param.read(parameter.takes)?);
                    }
                }
                put(&mut container, parameter.field, items.into());
            } else if let Some(param) = left.take(&name) {
                put(
                    &mut container,
                    parameter.field,
                    param.read(parameter.takes)?,
                );
                self.fields.push((path, param));
            }
        }
        Ok(container.into())
    }

    /// True if the parameter is one of an exempt container.
    pub(super) fn is_exempt(&self, param: &Param) -> bool {
        let mut exempt = self.exempt.iter();
        exempt.any(|prefix| param.name.starts_with(prefix))
    }
}

/// Sets the value at the path of `keys` and creates missing objects on it.
fn put(object: &mut Map<String, Value>, keys: &[&str], value: Value) {
    match keys {
        [] => {}
        [key] => {
            object.insert((*key).to_owned(), value);
        }
        [key, rest @ ..] => {
            if let Value::Object(below) = object.entry(*key).or_insert_with(|| json!({})) {
                put(below, rest, value);
            }
        }
    }
}

/// Gives the amounts of the whole group, which outrank those of its containers, to the first container.
fn size_group(containers: &mut Vec<Value>, left: &mut Parameters<'_>) {
    for (name, resource, unit) in AMOUNTS {
        let Some(amount) = left.take_text(name) else {
            continue;
        };
        if containers.is_empty() {
            containers.push(json!({}));
        }
        let mut share = Value::from(format!("{amount}{unit}"));
        for container in containers.iter_mut().filter_map(Value::as_object_mut) {
            put(container, &["resources", "limits", resource], share.take());
        }
    }
}

/// True if the name of the parameter is about security, and it has a value.
fn is_of_security(param: &Param) -> bool {
    let name = param.name.as_str();
    let is_namespace = |known: &&str| known.eq_ignore_ascii_case(name);
    super::scalar(&param.value).is_some()
        && (name.to_ascii_lowercase().contains("securitycontext")
            || HOST_NAMESPACES.iter().any(is_namespace))
}
