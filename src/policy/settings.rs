//! Checked settings.

use crate::eci::account::Account;
use crate::glob::Glob;
use crate::pod::object::ContainerSpec;
use crate::rules::rule::{Action, Rule};

/// The name by which settings choose the newest profile.
pub const LATEST: &str = "latest";

/// The longest image reference, in bytes, that an exemption matches. A registry's own limit is lower.
pub(super) const LONGEST_IMAGE: usize = 4096;

/// Checked settings. `Default` gives those of `{}`.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The rules of ECI by which pods are judged.
    pub account: Account,
    /// Which objects may be repaired.
    pub mutate: Mutate,
    /// Which pods are ECI's.
    pub scope: ScopeSettings,
    /// The actions of the rules that are named.
    pub actions: Vec<(&'static str, Action)>,
    /// The ceiling for the actions of rules that are not named.
    pub ceiling: Action,
    /// Containers that the container-level rules leave alone.
    pub exempt: Vec<Exemption>,
}

/// Which objects may be repaired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutate {
    /// None.
    None,
    /// Pods.
    Pods,
    /// Pods and workloads.
    All,
}

impl Mutate {
    /// Every value with its name in the settings.
    pub const ALL: [(&'static str, Self); 3] = [
        ("none", Self::None),
        ("pods", Self::Pods),
        ("all", Self::All),
    ];
}

/// How a pod that may run on ECI is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Possible {
    /// With warnings, where a pod that certainly runs on ECI would be denied or repaired.
    Warn,
    /// As a pod that certainly runs on ECI.
    Enforce,
    /// As a pod that does not run on ECI.
    Ignore,
}

impl Possible {
    /// Every value with its name in the settings.
    pub const ALL: [(&'static str, Self); 3] = [
        ("warn", Self::Warn),
        ("enforce", Self::Enforce),
        ("ignore", Self::Ignore),
    ];
}

/// The settings below `scope`.
#[derive(Clone, Copy, Debug)]
pub struct ScopeSettings {
    /// True if every pod runs on ECI.
    pub assume_eci: bool,
    /// How a pod that may run on ECI is treated.
    pub possible: Possible,
    /// True if the labels of the Namespace count.
    pub namespace_labels: bool,
}

/// Containers that the container-level rules leave alone.
#[derive(Clone, Debug)]
pub struct Exemption {
    /// Matches the image reference as written.
    pub image: Glob,
    /// Matches the container's name, where only some of these containers are exempt.
    pub container: Option<Glob>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            account: Account::default(),
            mutate: Mutate::Pods,
            scope: ScopeSettings {
                assume_eci: false,
                possible: Possible::Warn,
                namespace_labels: false,
            },
            actions: Vec::new(),
            ceiling: Action::Deny,
            exempt: Vec::new(),
        }
    }
}

impl Settings {
    /// Returns the action that the settings name for a rule.
    pub fn named_action(&self, rule: &Rule) -> Option<Action> {
        self.actions
            .iter()
            .find(|(id, _)| *id == rule.id)
            .map(|(_, action)| *action)
    }

    /// True if the container-level rules leave this container alone.
    pub fn exempts(&self, container: &ContainerSpec<'_>) -> bool {
        let Some(image) = container
            .image
            .as_deref()
            .filter(|image| image.len() <= LONGEST_IMAGE)
        else {
            return false;
        };
        let has_name = |glob: &Glob| {
            container
                .name
                .as_deref()
                .is_some_and(|name| glob.matches(name))
        };
        let mut exempt = self.exempt.iter();
        exempt.any(|entry| {
            entry.image.matches(image) && entry.container.as_ref().is_none_or(has_name)
        })
    }
}
