//! The pod as the rules see it: its template, its containers one after the other, and their paths.

use k8s_openapi::api::core::v1::{PodSecurityContext, SecurityContext};
use serde_json::Value;

use crate::eci::profile::Identity;
use crate::eci::{instance, sysctl};
use crate::json::{self, Unreadable};
use crate::path::{Path, Step};
use crate::settings::Settings;
use crate::sysctls::{self, HostSysctls, PodSysctl};
use crate::workload::{Annotations, ContainerSpec, PodSpec, Variable, Workload};

/// A pod, or the pods that a workload makes.
#[derive(Debug)]
pub struct Pod<'w> {
    /// The path of the pod (template) in its object.
    pub path: Path,
    /// Its annotations, where it has some.
    pub annotations: Option<&'w Annotations<'w>>,
    /// Its specification.
    pub spec: &'w PodSpec<'w>,
    /// Its containers: the init containers, the containers, the ephemeral containers.
    pub containers: Vec<Container<'w>>,
    /// What its security context sets of the kernel.
    pub sysctls: Vec<PodSysctl<'w>>,
    /// What its annotation sets of the kernel.
    pub host_sysctls: HostSysctls,
    /// The annotations of the workload itself, where the pod has one and it has some.
    pub workload_annotations: Option<&'w Annotations<'w>>,
}

/// A container of a pod.
#[derive(Debug)]
pub struct Container<'w> {
    /// The path of the container in its object.
    pub path: Path,
    /// The list that holds it.
    pub list: List,
    /// Its index there.
    pub index: usize,
    /// What it is.
    pub spec: &'w ContainerSpec<'w>,
    /// Whether the settings exempt it.
    pub exempt: bool,
    /// Whether its environment leaves it out of the instance's size ([`Pod::read_environments`]).
    pub ignores_resources: bool,
}

/// A list of containers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum List {
    /// `initContainers`, sidecars among them.
    Init,
    /// `containers`
    Main,
    /// `ephemeralContainers`
    Ephemeral,
}

impl List {
    /// The field of a pod's specification.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Init => "initContainers",
            Self::Main => "containers",
            Self::Ephemeral => "ephemeralContainers",
        }
    }
}

impl<'w> Pod<'w> {
    /// The pod of `workload`; `None` where its template has no specification.
    pub fn of(workload: &'w Workload<'w>, settings: &Settings) -> Result<Option<Self>, Unreadable> {
        let Some(spec) = workload.template.spec.as_ref() else {
            return Ok(None);
        };
        let path = Path::of(workload.place);
        let metadata = workload.template.metadata.as_ref();
        let annotations = metadata.and_then(|metadata| metadata.annotations.as_ref());
        let field = spec
            .security_context
            .as_ref()
            .and_then(|context| context.sysctls.as_deref());
        let sysctls_path = || path.field("spec").field("securityContext").field("sysctls");
        let sysctls =
            field.map(|field| sysctls::of_field(field, &sysctls_path(), settings.profile));
        let sysctls = sysctls.unwrap_or_default();
        let size_counts = sysctls
            .iter()
            .any(|entry| entry.name == sysctl::MIN_FREE_KBYTES);
        let annotation = annotations.and_then(|annotations| annotations.host_sysctls.as_deref());
        let mut containers = Vec::new();
        for (list, specs) in [
            (List::Init, &spec.init_containers),
            (List::Main, &spec.containers),
            (List::Ephemeral, &spec.ephemeral_containers),
        ] {
            let Some(specs) = specs else { continue };
            let list_path = path.field("spec").field(list.name());
            for (index, spec) in specs.iter().enumerate() {
                containers.push(Container {
                    path: list_path.index(index),
                    list,
                    index,
                    spec,
                    exempt: settings.exempts(spec),
                    ignores_resources: false,
                });
            }
        }
        let mut pod = Self {
            annotations,
            host_sysctls: sysctls::of_annotation(annotation, &sysctls),
            sysctls,
            spec,
            containers,
            workload_annotations: workload.metadata.annotations.as_ref(),
            path,
        };
        if size_counts {
            pod.read_environments()?;
        }
        Ok(Some(pod))
    }

    /// Finds the containers whose environment leaves them out of the instance's size. [`Self::of`] does so only
    /// where a rule needs the size: of other pods no environment need be readable.
    pub fn read_environments(&mut self) -> Result<(), Unreadable> {
        for container in &mut self.containers {
            container.ignores_resources = ignores_resources(container.spec, &container.path)?;
        }
        Ok(())
    }

    /// The container that `path` is, or is in.
    pub fn container_at(&self, path: &Path) -> Option<&Container<'w>> {
        let [spec, Step::Field(name), Step::Index(index), ..] =
            path.steps().strip_prefix(self.path.steps())?
        else {
            return None;
        };
        let list = [List::Init, List::Main, List::Ephemeral]
            .into_iter()
            .find(|list| list.name() == name)?;
        let found = self
            .containers
            .binary_search_by_key(&(list, *index), |found| (found.list, found.index));
        self.containers
            .get(found.ok()?)
            .filter(|_| spec.key() == Some("spec"))
    }

    /// The security context for all containers, where there is one.
    pub const fn security_context(&self) -> Option<&'w PodSecurityContext> {
        self.spec.security_context.as_ref()
    }

    /// The path of a field of the pod's security context.
    pub fn security_path(&self, field: &'static str) -> Path {
        self.path
            .field("spec")
            .field("securityContext")
            .field(field)
    }

    /// The path of an annotation of the pod.
    pub fn annotation_path(&self, key: &str) -> Path {
        self.path.field("metadata").field("annotations").key(key)
    }

    /// Whether a process of `container` must not be root: its own word, or else the pod's.
    pub fn run_as_non_root(&self, container: &Container<'_>) -> Option<bool> {
        container
            .security_context()
            .and_then(|own| own.run_as_non_root)
            .or_else(|| self.security_context().and_then(|pod| pod.run_as_non_root))
    }

    /// The user of `container`'s processes: its own, or else the pod's.
    pub fn run_as_user(&self, container: &Container<'_>) -> Option<i64> {
        container
            .security_context()
            .and_then(|own| own.run_as_user)
            .or_else(|| self.security_context().and_then(|pod| pod.run_as_user))
    }
}

fn ignores_resources(spec: &ContainerSpec<'_>, path: &Path) -> Result<bool, Unreadable> {
    let Some(env) = spec.env else {
        return Ok(false);
    };
    let variables: Vec<Variable<'_>> =
        json::read(env.get()).map_err(|unreadable| unreadable.below(&path.field("env")))?;
    Ok(variables.iter().any(|variable| {
        variable.name.as_deref() == Some(instance::RESOURCE_IGNORE)
            && variable.value.as_deref() == Some(instance::RESOURCE_IGNORE_TRUE)
    }))
}

impl<'w> Container<'w> {
    /// Its security context, where it has one.
    pub const fn security_context(&self) -> Option<&'w SecurityContext> {
        self.spec.security_context.as_ref()
    }

    /// The path of a field of its security context.
    pub fn security_path(&self, field: &'static str) -> Path {
        self.path.field("securityContext").field(field)
    }

    /// Its name, or an empty one.
    pub fn name(&self) -> &str {
        self.spec.name.as_deref().unwrap_or_default()
    }
}

/// A field that says who the processes of a container run as, at pod and at container level.
pub struct IdentityField {
    /// Its name.
    pub name: &'static str,
    /// Whether a level of a profile reads it.
    pub is_read: fn(&Identity) -> bool,
    /// What the pod asks of its containers, where it asks something.
    pub of_pod: fn(&PodSecurityContext) -> Option<Value>,
    /// What a container says, if only to refuse what the pod asks.
    pub of_container: fn(&SecurityContext) -> Option<Value>,
}

/// The fields that say who the processes run as.
pub static IDENTITY_FIELDS: &[IdentityField] = &[
    IdentityField {
        name: "runAsUser",
        is_read: |level| level.run_as_user,
        of_pod: |pod| pod.run_as_user.map(Value::from),
        of_container: |own| own.run_as_user.map(Value::from),
    },
    IdentityField {
        name: "runAsGroup",
        is_read: |level| level.run_as_group,
        of_pod: |pod| pod.run_as_group.map(Value::from),
        of_container: |own| own.run_as_group.map(Value::from),
    },
    IdentityField {
        name: "runAsNonRoot",
        is_read: |level| level.run_as_non_root,
        // `false` asks for nothing: it is the default.
        of_pod: |pod| pod.run_as_non_root.filter(|asked| *asked).map(Value::from),
        of_container: |own| own.run_as_non_root.map(Value::from),
    },
];
