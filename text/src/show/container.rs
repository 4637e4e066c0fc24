//! A container as ECI runs it: each setting with its source, and the capabilities.

use eci_security_context::eci::account::Account;
use eci_security_context::eci::field::{IdentityField, PROC_MOUNT, READ_ONLY_ROOT_FILESYSTEM};
use eci_security_context::path::{Path, Step};
use eci_security_context::pod::{self, ContainerList, Pod};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::capabilities::{self, Set};

/// A container.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "types", derive(ts_rs::TS), ts(rename = "ContainerOnEci"))]
pub struct Container {
    /// Its name.
    pub name: String,
    /// Its path in the object.
    pub path: String,
    /// The list that holds it.
    #[serde(serialize_with = "list_name")]
    #[cfg_attr(
        feature = "types",
        ts(type = "\"containers\" | \"initContainers\" | \"ephemeralContainers\"")
    )]
    pub list: ContainerList,
    /// True for an init container that keeps running.
    pub sidecar: bool,
    /// The settings of its processes, by the field of the security context.
    #[serde(serialize_with = "as_map")]
    #[cfg_attr(feature = "types", ts(type = "Record<Field, Setting>"))]
    pub settings: Vec<(&'static str, Setting)>,
    /// Its capabilities.
    pub capabilities: Capabilities,
}

fn list_name<S: Serializer>(list: &ContainerList, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(list.name())
}

fn as_map<S: Serializer>(
    settings: &[(&'static str, Setting)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(settings.iter().map(|(name, setting)| (name, setting)))
}

/// The effective value of a setting.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "types", derive(ts_rs::TS), ts(optional_fields))]
pub struct Setting {
    /// The value, or `None` if the image decides.
    #[cfg_attr(feature = "types", ts(type = "unknown"))]
    pub value: Option<Value>,
    /// The source of the value.
    pub from: Source,
    /// The value in the object, if it differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
    /// The value in the object. The command does not print it.
    #[serde(skip)]
    #[cfg_attr(feature = "types", ts(skip))]
    pub written: Option<Asked>,
    /// The value that Kubernetes computes, or `None` if the image decides. The command does not print it.
    #[serde(skip)]
    #[cfg_attr(feature = "types", ts(skip))]
    pub kubernetes: Option<Value>,
}

/// A value in an object.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Asked {
    /// The value.
    #[cfg_attr(feature = "types", ts(type = "unknown"))]
    pub value: Value,
    /// Its level: [`Source::Container`] or [`Source::Pod`].
    pub from: Source,
}

/// The source of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub enum Source {
    /// The container's security context.
    Container,
    /// The pod's security context.
    Pod,
    /// The image.
    Image,
    /// Kubernetes' default.
    Default,
    /// ECI, which documents the value as fixed.
    Fixed,
    /// ECI, which does not support the setting.
    NotOffered,
    /// ECI, which refuses a pod with another value.
    NotGranted,
}

impl Setting {
    fn of(value: Option<Value>, from: Source, written: Option<Asked>) -> Self {
        let differs = |written: &Asked| value.as_ref() != Some(&written.value);
        let own = written.as_ref().map(|written| written.value.clone());
        Self {
            asked: written.clone().filter(differs),
            // Without a value in the object, ECI has Kubernetes' default, except in `or_default`.
            kubernetes: own.or_else(|| value.clone()),
            value,
            from,
            written,
        }
    }

    /// Returns the setting with this default of Kubernetes, which is not ECI's.
    fn or_default(mut self, default: bool) -> Self {
        if self.written.is_none() {
            self.kubernetes = Some(default.into());
        }
        self
    }

    /// Returns a setting that ECI decides, with the value of the container if it differs.
    fn decided(value: impl Into<Value>, from: Source, asked: Option<impl Into<Value>>) -> Self {
        let asked = asked.map(|value| Asked {
            value: value.into(),
            from: Source::Container,
        });
        Self::of(Some(value.into()), from, asked)
    }
}

impl Container {
    pub(super) fn of(
        own: &pod::Container<'_>,
        pod: &Pod<'_>,
        object: &Value,
        account: &Account,
    ) -> Self {
        let context = own.security_context();
        let mut settings: Vec<_> = IdentityField::ALL
            .into_iter()
            .map(|field| (field.name(), identity(field, own, pod, account)))
            .collect();
        let asks_privileged = context.and_then(|context| context.privileged);
        let is_granted = account.grants_privileged(own.list == ContainerList::Init);
        let privileged = asks_privileged == Some(true) && is_granted;
        let source = match asks_privileged {
            Some(true) if !is_granted => Source::NotGranted,
            Some(_) => Source::Container,
            None => Source::Default,
        };
        let escalation = context.and_then(|context| context.allow_privilege_escalation);
        let read_only = context.and_then(|context| context.read_only_root_filesystem);
        let proc_mount = context.and_then(|context| context.proc_mount.as_deref());
        settings.extend([
            (
                "privileged",
                Setting::decided(privileged, source, asks_privileged),
            ),
            (
                "allowPrivilegeEscalation",
                Setting::decided(true, Source::NotOffered, escalation),
            ),
            (
                "readOnlyRootFilesystem",
                Setting::decided(READ_ONLY_ROOT_FILESYSTEM, Source::Fixed, read_only)
                    .or_default(false),
            ),
            (
                "procMount",
                Setting::decided(PROC_MOUNT, Source::Fixed, proc_mount),
            ),
        ]);
        // The core does not read it.
        let restart_policy = object
            .pointer(&pointer(&own.path))
            .and_then(|container| container.get("restartPolicy"))
            .and_then(Value::as_str);
        Self {
            name: own.name().to_owned(),
            path: own.path.to_string(),
            list: own.list,
            sidecar: own.list == ContainerList::Init && restart_policy == Some("Always"),
            settings,
            capabilities: Capabilities::of(own, account, asks_privileged == Some(true), privileged),
        }
    }
}

/// Returns the JSON Pointer of a path without keys of the user.
fn pointer(path: &Path) -> String {
    let steps = path.steps().iter();
    steps.fold(String::new(), |pointer, step| match step {
        Step::Index(index) => format!("{pointer}/{index}"),
        step => format!("{pointer}/{}", step.key().unwrap_or_default()),
    })
}

/// Returns the user or group of a container. A level that ECI does not read is skipped.
fn identity(
    field: IdentityField,
    container: &pod::Container<'_>,
    pod: &Pod<'_>,
    account: &Account,
) -> Setting {
    let profile = account.profile;
    let level = match container.list {
        ContainerList::Init => &profile.init_container_identity,
        ContainerList::Main | ContainerList::Ephemeral => &profile.container_identity,
    };
    let own = container
        .security_context()
        .and_then(|own| own.identity(field))
        .map(|own| (json!(own), Source::Container));
    let pods = pod
        .security_context()
        .and_then(|pods| pods.identity(field))
        .map(|pods| (json!(pods), Source::Pod));
    let read_own = own.clone().filter(|_| level.reads(field));
    let read_pods = pods.clone().filter(|_| profile.pod_identity.reads(field));
    let asked = own.or(pods).map(|(value, from)| Asked { value, from });
    match read_own.or(read_pods) {
        Some((value, from)) => Setting::of(Some(value), from, asked),
        // ECI documents a default only for this field.
        None if field == IdentityField::RunAsNonRoot => {
            Setting::of(Some(false.into()), Source::Default, asked)
        }
        None => Setting::of(None, Source::Image, asked),
    }
}

/// The capabilities of a container.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Capabilities {
    /// The granted ones.
    #[serde(serialize_with = "mask_and_names")]
    #[cfg_attr(feature = "types", ts(type = "CapabilitySet"))]
    pub granted: Set,
    /// Those that a runtime without restrictions would grant.
    #[serde(serialize_with = "mask_and_names")]
    #[cfg_attr(feature = "types", ts(type = "CapabilitySet"))]
    pub asked: Set,
    /// The added names that are not granted, as written.
    pub refused: Vec<String>,
}

fn mask_and_names<S: Serializer>(set: &Set, serializer: S) -> Result<S::Ok, S::Error> {
    let names: Vec<_> = set.names().collect();
    serializer.collect_map([
        ("mask", Value::from(set.to_string())),
        ("names", Value::from(names)),
    ])
}

impl Capabilities {
    fn of(
        container: &pod::Container<'_>,
        account: &Account,
        asks_privileged: bool,
        is_privileged: bool,
    ) -> Self {
        if is_privileged {
            return Self {
                granted: Set::all(),
                asked: Set::all(),
                refused: Vec::new(),
            };
        }
        let lists = container
            .security_context()
            .and_then(|context| context.capabilities.as_ref());
        let added: Vec<&str> = lists
            .iter()
            .flat_map(|lists| lists.add.items())
            .map(|name| &**name)
            .collect();
        let dropped: Vec<&str> = lists
            .iter()
            .flat_map(|lists| lists.drop.items())
            .map(|name| &**name)
            .collect();
        let is_granted = |name: &&str| {
            capabilities::bit(name).is_some()
                && account.grants_capability(&name.to_ascii_uppercase())
        };
        let (granted, refused): (Vec<_>, Vec<_>) = added.iter().partition(|name| is_granted(name));
        Self {
            granted: Set::of_container(&granted, &dropped),
            asked: match asks_privileged {
                true => Set::all(),
                false => Set::of_container(&added, &dropped),
            },
            refused: refused.into_iter().map(str::to_owned).collect(),
        }
    }
}
