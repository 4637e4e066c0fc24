//! The pod as the rules see it: its template, its containers one after the other, and their paths.

pub mod object;
pub mod scheduling;
pub mod security;
pub mod size;
pub mod sysctls;
pub mod template;

use crate::eci::account::Account;
use crate::eci::field::IdentityField;
use crate::eci::{instance, sysctl};
use crate::json::{self, Entries, List, ReadError};
use crate::path::{Path, Step};
use object::{Annotations, ContainerSpec, Object, Spec, Variable};
use security::{PodSecurityContext, SecurityContext};
use sysctls::{HostSysctls, PodSysctl};
use template::Location;

/// A pod, or the pods that a workload makes.
#[derive(Debug)]
pub struct Pod<'o> {
    /// The path of the pod (template) in its object.
    pub path: Path,
    /// The annotations, where it has metadata.
    pub annotations: Option<&'o Entries<'o, Annotations>>,
    /// The specification.
    pub spec: &'o Spec<'o>,
    /// The init containers, the containers, and the ephemeral containers.
    pub containers: Vec<Container<'o>>,
    /// The sysctls of the security context.
    pub sysctls: Vec<PodSysctl<'o>>,
    /// The sysctls of the annotation.
    pub host_sysctls: HostSysctls,
    /// The annotations of the workload itself. A Pod has none beside its own.
    pub workload_annotations: Option<&'o Entries<'o, Annotations>>,
}

/// A container of a pod.
#[derive(Debug)]
pub struct Container<'o> {
    /// The path of the container in its object.
    pub path: Path,
    /// The list that holds it.
    pub list: ContainerList,
    /// The index in that list.
    pub index: usize,
    /// The container as it is written.
    pub spec: &'o ContainerSpec<'o>,
    /// True if the settings exempt it.
    pub exempt: bool,
    /// True if its environment leaves it out of the instance's size.
    pub ignores_resources: bool,
}

/// A list of containers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ContainerList {
    /// `initContainers`, sidecars included.
    Init,
    /// `containers`
    Main,
    /// `ephemeralContainers`
    Ephemeral,
}

impl ContainerList {
    /// Every list, in evaluation order.
    pub const ALL: [Self; 3] = [Self::Init, Self::Main, Self::Ephemeral];

    /// Returns the field of a pod's specification.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Init => "initContainers",
            Self::Main => "containers",
            Self::Ephemeral => "ephemeralContainers",
        }
    }

    /// Returns the list of a specification.
    pub const fn of<'s, 'a>(self, spec: &'s Spec<'a>) -> &'s List<ContainerSpec<'a>> {
        match self {
            Self::Init => &spec.init_containers,
            Self::Main => &spec.containers,
            Self::Ephemeral => &spec.ephemeral_containers,
        }
    }
}

impl<'o> Pod<'o> {
    /// Returns the pod of a template. `exempts` says which containers the settings exempt. Fails where the size of the
    /// instance counts and an environment cannot be read; other pods' environments are not read.
    pub fn new(
        location: Location,
        template: &'o Object<'o>,
        spec: &'o Spec<'o>,
        workload_annotations: Option<&'o Entries<'o, Annotations>>,
        account: &Account,
        exempts: impl Fn(&ContainerSpec<'_>) -> bool,
    ) -> Result<Self, ReadError> {
        let path = Path::of(location.path());
        let annotations = template
            .metadata
            .as_ref()
            .map(|metadata| &metadata.annotations);
        let sysctls = spec
            .security_context
            .as_ref()
            .map(|context| sysctls::of_field(context, &path, account.profile));
        let sysctls = sysctls.unwrap_or_default();
        let size_counts = sysctls
            .iter()
            .any(|entry| entry.name == sysctl::MIN_FREE_KBYTES);
        let host_sysctls =
            annotations.and_then(|annotations| annotations.get(sysctl::HOST_SYSCTLS));
        let mut containers = Vec::new();
        for list in ContainerList::ALL {
            for (index, spec) in list.of(spec).iter() {
                containers.push(Container {
                    path: path.field("spec").field(list.name()).index(index),
                    list,
                    index,
                    spec,
                    exempt: exempts(spec),
                    ignores_resources: false,
                });
            }
        }
        let mut pod = Self {
            annotations,
            host_sysctls: sysctls::of_annotation(host_sysctls, &sysctls),
            sysctls,
            spec,
            containers,
            workload_annotations,
            path,
        };
        if size_counts {
            pod.read_environments()?;
        }
        Ok(pod)
    }

    /// Reads which containers their environments leave out of the instance's size.
    pub fn read_environments(&mut self) -> Result<(), ReadError> {
        for container in &mut self.containers {
            container.ignores_resources = ignores_resources(container.spec, &container.path)?;
        }
        Ok(())
    }

    /// Returns the container that `path` is, or is in.
    pub fn container_at(&self, path: &Path) -> Option<&Container<'o>> {
        let [_, Step::Field(name), Step::Index(index), ..] =
            path.steps().strip_prefix(self.path.steps())?
        else {
            return None;
        };
        let list = ContainerList::ALL
            .into_iter()
            .find(|list| list.name() == name)?;
        let found = self
            .containers
            .binary_search_by_key(&(list, *index), |found| (found.list, found.index));
        self.containers.get(found.ok()?)
    }

    /// Returns the security context of the pod.
    pub const fn security_context(&self) -> Option<&'o PodSecurityContext<'o>> {
        self.spec.security_context.as_ref()
    }

    /// Returns the path of a field of the pod's security context.
    pub fn security_path(&self, field: &'static str) -> Path {
        self.path
            .field("spec")
            .field("securityContext")
            .field(field)
    }

    /// Returns the path of an annotation of the pod.
    pub fn annotation_path(&self, key: &str) -> Path {
        self.path.field("metadata").field("annotations").key(key)
    }

    /// Returns the effective `runAsNonRoot` of `container`: its own value, else the pod's.
    pub fn run_as_non_root(&self, container: &Container<'_>) -> Option<bool> {
        let own = container
            .security_context()
            .and_then(|own| own.run_as_non_root);
        own.or_else(|| self.security_context()?.run_as_non_root)
    }

    /// Returns the effective `runAsUser` of `container`: its own value, else the pod's.
    pub fn run_as_user(&self, container: &Container<'_>) -> Option<i64> {
        let own = container.security_context().and_then(|own| own.run_as_user);
        own.or_else(|| self.security_context()?.run_as_user)
    }
}

impl Pod<'_> {
    /// True if an identity that ECI does not read is ensured by one that it reads: a user other than 0 is not root.
    pub fn ensures(&self, container: &Container<'_>, field: IdentityField) -> bool {
        field == IdentityField::RunAsNonRoot
            && self.run_as_user(container).is_some_and(|user| user != 0)
    }
}

fn ignores_resources(spec: &ContainerSpec<'_>, path: &Path) -> Result<bool, ReadError> {
    let Some(env) = spec.env else {
        return Ok(false);
    };
    let variables: List<Variable<'_>> = json::read(env.get()).map_err(|error| match error {
        ReadError::Invalid {
            path: below,
            reason,
        } => ReadError::Invalid {
            path: path.field("env").join(&below),
            reason,
        },
        not_json @ ReadError::NotJson(_) => not_json,
    })?;
    Ok(variables
        .items()
        .any(|variable| variable.value.as_deref() == Some(instance::RESOURCE_IGNORE_TRUE)))
}

impl<'o> Container<'o> {
    /// Returns the security context.
    pub const fn security_context(&self) -> Option<&'o SecurityContext<'o>> {
        self.spec.security_context.as_ref()
    }

    /// Returns the path of a field of the security context.
    pub fn security_path(&self, field: &'static str) -> Path {
        self.path.field("securityContext").field(field)
    }

    /// Returns the name, or an empty string.
    pub fn name(&self) -> &str {
        self.spec.name.as_deref().unwrap_or_default()
    }
}
