//! The settings: raw JSON in, checked values out, or an error that names the key and the way out.

use std::collections::BTreeMap;
use std::fmt;

use crate::eci::profile::{self, PROFILES, Profile};
use crate::eci::{capability, sysctl};
use crate::glob::Glob;
use crate::json::{Text, Tree, Unreadable};
use crate::rule::{Action, Finding, Rule};
use crate::rules::RULES;
use crate::text::{cut, nearest, one_line, quote};
use crate::workload::ContainerSpec;

/// The name by which settings choose the newest profile.
pub const LATEST: &str = "latest";

/// The key of `actions` that is a ceiling for every rule not named.
const CEILING: &str = "*";

/// Checked settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The state of ECI's rules to judge by.
    pub profile: &'static Profile,
    /// Which objects may be repaired.
    pub mutate: Mutate,
    /// Which pods are ECI's.
    pub scope: ScopeSettings,
    /// What Alibaba Cloud has approved for the account.
    pub approved: Approved,
    actions: Vec<(&'static str, Action)>,
    ceiling: Action,
    exempt: Vec<Exemption>,
}

/// Which objects may be repaired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutate {
    /// None.
    None,
    /// Pods.
    Pods,
    /// Pods, and workloads too.
    All,
}

/// What a pod gets that may run on ECI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Possible {
    /// Warnings, where a pod that certainly runs on ECI would be denied or repaired.
    Warn,
    /// The same as a pod that certainly runs on ECI.
    Enforce,
    /// The same as a pod that does not run on ECI.
    Ignore,
}

/// The settings below `scope`.
#[derive(Clone, Copy, Debug)]
pub struct ScopeSettings {
    /// Whether every pod runs on ECI.
    pub assume_eci: bool,
    /// What a pod gets that may run on ECI.
    pub possible: Possible,
    /// Whether the labels of the Namespace count.
    pub namespace_labels: bool,
}

/// The settings below `approved`.
#[derive(Clone, Debug, Default)]
pub struct Approved {
    /// Whether privileged mode is approved.
    pub privileged: bool,
    /// The normalised names of the approved capabilities.
    pub capabilities: Vec<String>,
    /// The approved host sysctls: normalised names, or prefixes that end in `*`.
    pub host_sysctls: Vec<String>,
}

impl Approved {
    /// Whether the host sysctl of this normalised name is approved. What is no name is not: behind an approved
    /// prefix it may lead anywhere (`vm.//.kernel.core_pattern`, of which `sysctl` makes a path with `..`).
    pub fn host_sysctl(&self, name: &str) -> bool {
        sysctl::is_name(name)
            && self
                .host_sysctls
                .iter()
                .any(|pattern| sysctl::covers(pattern, name))
    }
}

/// Containers that the container-level rules leave alone.
#[derive(Clone, Debug)]
struct Exemption {
    image: Glob,
    container: Option<Glob>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            profile: profile::latest(),
            mutate: Mutate::Pods,
            scope: ScopeSettings {
                assume_eci: false,
                possible: Possible::Warn,
                namespace_labels: false,
            },
            approved: Approved::default(),
            actions: Vec::new(),
            ceiling: Action::Deny,
            exempt: Vec::new(),
        }
    }
}

impl Settings {
    /// Checks `raw`. `can_ask` says whether the host can be asked for a Namespace: one that cannot
    /// refuses the setting that needs it.
    pub fn parse(raw: &Tree<'_>, can_ask: bool) -> Result<Self, SettingsError> {
        let mut settings = Self::default();
        let root = Section::open(
            raw,
            String::new(),
            &[
                "profile", "mutate", "scope", "actions", "approved", "exempt",
            ],
        )?;
        if let Some(name) = root.get("profile") {
            let profiles = PROFILES.iter().map(|profile| (profile.name, *profile));
            settings.profile = one_of(
                name,
                "profile",
                profiles.chain([(LATEST, profile::latest())]),
            )?;
        }
        if let Some(mode) = root.get("mutate") {
            settings.mutate = one_of(
                mode,
                "mutate",
                [
                    ("none", Mutate::None),
                    ("pods", Mutate::Pods),
                    ("all", Mutate::All),
                ],
            )?;
        }
        if let Some(scope) = root.section("scope", &["assumeEci", "possible", "namespaceLabels"])? {
            settings.scope.assume_eci = scope.flag("assumeEci")?;
            settings.scope.namespace_labels = scope.flag("namespaceLabels")?;
            if let Some(possible) = scope.get("possible") {
                let actions = [
                    ("warn", Possible::Warn),
                    ("enforce", Possible::Enforce),
                    ("ignore", Possible::Ignore),
                ];
                settings.scope.possible = one_of(possible, "scope.possible", actions)?;
            }
            if settings.scope.namespace_labels && !can_ask {
                return wrong(
                    "scope.namespaceLabels",
                    "this host cannot be asked for a Namespace; leave it false, and bind the policy by \
                     namespaceSelector with scope.assumeEci: true",
                );
            }
        }
        if let Some(actions) = root.get("actions") {
            let actions = object(actions, "actions")?;
            for (id, action) in actions {
                if **id == *CEILING {
                    settings.ceiling = self::action(action, None)?;
                } else {
                    let rule = rule_of(id)?;
                    settings
                        .actions
                        .push((rule.id, self::action(action, Some(rule))?));
                }
            }
        }
        if let Some(approved) =
            root.section("approved", &["privileged", "capabilities", "hostSysctls"])?
        {
            settings.approved = Approved {
                privileged: approved.flag("privileged")?,
                capabilities: approved.texts("capabilities", approved_capability)?,
                host_sysctls: approved.texts("hostSysctls", approved_sysctl)?,
            };
        }
        for (index, entry) in root.items("exempt")?.iter().enumerate() {
            settings
                .exempt
                .push(exemption(entry, format!("exempt[{index}]"))?);
        }
        Ok(settings)
    }

    /// What the settings do about a finding: the action of its rule, or else the finding's default
    /// under the ceiling.
    pub fn action(&self, finding: &Finding) -> Action {
        let fixable = !finding.edits.is_empty();
        match self.actions.iter().find(|(id, _)| *id == finding.rule.id) {
            Some((_, Action::Fix)) if !fixable => Action::Deny,
            Some((_, action)) => *action,
            None if finding.action <= self.ceiling => finding.action,
            None if self.ceiling == Action::Fix && !fixable => Action::Warn,
            None => self.ceiling,
        }
    }

    /// Whether privileged mode can be had.
    pub const fn grants_privileged(&self) -> bool {
        self.profile.privileged && self.approved.privileged
    }

    /// Whether a container can add the capability of this normalised name.
    pub fn grants_capability(&self, name: &str) -> bool {
        self.profile.capabilities.contains(&name)
            || self.profile.capability_approvals
                && self
                    .approved
                    .capabilities
                    .iter()
                    .any(|approved| approved == name)
    }

    /// Whether the container-level rules leave this container alone.
    pub fn exempts(&self, container: &ContainerSpec<'_>) -> bool {
        self.exempt.iter().any(|exemption| {
            container
                .image
                .as_deref()
                .is_some_and(|image| exemption.image.matches(image))
                && exemption.container.as_ref().is_none_or(|glob| {
                    container
                        .name
                        .as_deref()
                        .is_some_and(|name| glob.matches(name))
                })
        })
    }
}

/// Settings that cannot be used: the key, what is wrong, and what would be right.
#[derive(Debug, PartialEq, Eq)]
pub struct SettingsError {
    /// The key, from the root of the settings; empty where it is the settings themselves.
    pub path: String,
    what: String,
}

impl SettingsError {
    /// The settings as a whole are not what they must be.
    pub(crate) fn whole(what: &str) -> Self {
        Self {
            path: String::new(),
            what: what.to_owned(),
        }
    }

    /// The settings cannot be read.
    pub(crate) fn unreadable(unreadable: Unreadable) -> Self {
        match unreadable {
            // Of two equal keys, neither is more meant than the other.
            Unreadable::WrongType { path, reason } => Self {
                path: cut(one_line(&path.to_string()), 256),
                what: format!("{reason}; keep one of the two"),
            },
            Unreadable::NotJson { .. } => Self::whole("cannot be read as JSON"),
        }
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = if self.path.is_empty() { "" } else { ": " };
        write!(f, "settings: {}{separator}{}", self.path, self.what)
    }
}

impl std::error::Error for SettingsError {}

fn wrong<T>(at: &str, what: impl fmt::Display) -> Result<T, SettingsError> {
    Err(SettingsError {
        path: at.to_owned(),
        what: what.to_string(),
    })
}

/// An object whose keys are all known.
struct Section<'v> {
    at: String,
    fields: &'v BTreeMap<Text<'v>, Tree<'v>>,
}

impl<'v> Section<'v> {
    fn open(value: &'v Tree<'v>, at: String, keys: &[&'static str]) -> Result<Self, SettingsError> {
        let fields = match value {
            Tree::Object(fields) => fields,
            _ if at.is_empty() => {
                return Err(SettingsError::whole("the settings: must be an object"));
            }
            _ => return wrong(&at, "must be an object"),
        };
        let section = Self { at, fields };
        match fields.keys().find(|key| !keys.contains(&&***key)) {
            Some(unknown) => wrong(
                &section.path(unknown),
                suggestion("no such key", unknown, keys),
            ),
            None => Ok(section),
        }
    }

    fn path(&self, key: &str) -> String {
        let key = cut(one_line(key), 64);
        if self.at.is_empty() {
            key
        } else {
            format!("{}.{key}", self.at)
        }
    }

    fn get(&self, key: &str) -> Option<&'v Tree<'v>> {
        self.fields.get(key)
    }

    fn section(&self, key: &str, keys: &[&'static str]) -> Result<Option<Self>, SettingsError> {
        self.get(key)
            .map(|value| Self::open(value, self.path(key), keys))
            .transpose()
    }

    fn flag(&self, key: &str) -> Result<bool, SettingsError> {
        match self.get(key) {
            None => Ok(false),
            Some(Tree::Bool(flag)) => Ok(*flag),
            Some(_) => wrong(&self.path(key), "must be true or false"),
        }
    }

    fn items(&self, key: &str) -> Result<&'v [Tree<'v>], SettingsError> {
        match self.get(key) {
            None => Ok(&[]),
            Some(Tree::List(items)) => Ok(items),
            Some(_) => wrong(&self.path(key), "must be a list"),
        }
    }

    fn text(&self, key: &str) -> Result<Option<&'v str>, SettingsError> {
        match self.get(key) {
            None => Ok(None),
            Some(Tree::Text(text)) if !text.is_empty() => Ok(Some(text)),
            Some(_) => wrong(&self.path(key), "must be a string that is not empty"),
        }
    }

    fn texts(
        &self,
        key: &str,
        check: fn(&str) -> Result<String, String>,
    ) -> Result<Vec<String>, SettingsError> {
        let items = self.items(key)?.iter().enumerate();
        items
            .map(|(index, item)| {
                let at = format!("{}[{index}]", self.path(key));
                let text = item
                    .as_str()
                    .map_or_else(|| wrong(&at, "must be a string"), Ok)?;
                check(text).or_else(|what| wrong(&at, what))
            })
            .collect()
    }
}

fn object<'v>(
    value: &'v Tree<'v>,
    at: &str,
) -> Result<&'v BTreeMap<Text<'v>, Tree<'v>>, SettingsError> {
    match value {
        Tree::Object(fields) => Ok(fields),
        _ => wrong(at, "must be an object"),
    }
}

fn suggestion(what: &str, word: &str, valid: &[&'static str]) -> String {
    match nearest(word, valid) {
        Some(meant) => format!("{what}; did you mean {meant}?"),
        None => format!("{what}; there are {}", valid.join(", ")),
    }
}

fn one_of<T>(
    value: &Tree<'_>,
    at: &str,
    valid: impl IntoIterator<Item = (&'static str, T)>,
) -> Result<T, SettingsError> {
    let mut names = Vec::new();
    for (name, meaning) in valid {
        if value.as_str() == Some(name) {
            return Ok(meaning);
        }
        names.push(name);
    }
    let found = value.as_str().map_or_else(|| "this".to_owned(), quote);
    wrong(at, format!("{found} is not one of {}", names.join(", ")))
}

fn rule_of(id: &str) -> Result<&'static Rule, SettingsError> {
    match RULES.iter().find(|rule| rule.id == id) {
        Some(rule) => Ok(rule),
        None => {
            let at = format!("actions.{}", cut(one_line(id), 64));
            wrong(
                &at,
                suggestion(
                    "no such rule",
                    id,
                    &RULES.iter().map(|rule| rule.id).collect::<Vec<_>>(),
                ),
            )
        }
    }
}

/// Reads an action, of one rule or of all.
fn action(value: &Tree<'_>, rule: Option<&'static Rule>) -> Result<Action, SettingsError> {
    let at = format!("actions.{}", rule.map_or(CEILING, |rule| rule.id));
    let takes_fix = rule.is_none_or(|rule| rule.fix.is_some());
    let actions = Action::ALL
        .into_iter()
        .filter(|action| takes_fix || *action != Action::Fix);
    match value {
        // kubectl reads YAML 1.1, in which a bare `off` is false.
        Tree::Bool(false) => Ok(Action::Off),
        Tree::Text(word) if **word == *Action::Fix.as_str() && !takes_fix => wrong(
            &at,
            format!(
                "the rule has no fix; use one of {}",
                actions.map(Action::as_str).collect::<Vec<_>>().join(", ")
            ),
        ),
        _ => one_of(value, &at, actions.map(|action| (action.as_str(), action))),
    }
}

fn approved_capability(name: &str) -> Result<String, String> {
    let normalised = capability::normalise(name);
    if normalised == capability::ALL {
        Err("ALL cannot be approved; name the capabilities one by one".to_owned())
    } else if capability::LINUX.contains(&&*normalised) {
        Ok(normalised.into_owned())
    } else {
        let meant = nearest(&normalised, capability::LINUX);
        let meant = meant
            .map(|meant| format!("; did you mean {meant}?"))
            .unwrap_or_default();
        Err(format!(
            "{} is no capability of Linux{meant} (one of {})",
            quote(name),
            capability::LINUX.join(", ")
        ))
    }
}

fn approved_sysctl(pattern: &str) -> Result<String, String> {
    // A prefix may end in the middle of a segment, so it is a name once a letter follows.
    let as_name = pattern
        .strip_suffix('*')
        .map_or_else(|| pattern.to_owned(), |prefix| format!("{prefix}a"));
    if sysctl::is_name(&as_name) {
        Ok(sysctl::normalise(pattern).into_owned())
    } else {
        Err(format!(
            "{} is no name of a sysctl, nor a prefix that ends in *",
            quote(pattern)
        ))
    }
}

fn exemption(entry: &Tree<'_>, at: String) -> Result<Exemption, SettingsError> {
    let entry = Section::open(entry, at, &["image", "container"])?;
    let Some(image) = entry.text("image")? else {
        return wrong(
            &entry.at,
            "has no image; a container's name alone proves nothing, anyone can choose it",
        );
    };
    let registry = image.split('/').next().unwrap_or(image);
    if registry.contains('*') {
        return wrong(
            &entry.path("image"),
            "must have no wildcard before the first /: it would match any registry; write the registry out",
        );
    }
    let container = entry.text("container")?;
    Ok(Exemption {
        image: Glob::new(image),
        container: container.map(Glob::new),
    })
}
