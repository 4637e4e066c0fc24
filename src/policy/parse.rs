//! Reading settings: JSON in, checked values out, or an error that names the key and the way out.

use std::collections::BTreeMap;
use std::fmt;

use crate::eci::account::{Account, Approved};
use crate::eci::profile::{self, PROFILES};
use crate::eci::{capability, sysctl};
use crate::glob::Glob;
use crate::json::{self, ReadError, Tree};
use crate::policy::settings::{Exemption, LATEST, Mutate, Possible, ScopeSettings, Settings};
use crate::rules::RULES;
use crate::rules::rule::{Action, Rule};
use crate::text::{cut, nearest, one_line, quote};

/// The key of `actions` for every rule that is not named.
const CEILING: &str = "*";

/// Reads settings from JSON; `null` gives the default ones. `can_ask` says whether the host can be asked for a
/// Namespace: one that cannot refuses the setting that needs it.
pub fn settings(text: &str, can_ask: bool) -> Result<Settings, SettingsError> {
    match json::read(text) {
        Ok(Tree::Null) => Ok(Settings::default()),
        Ok(tree) => parse(&tree, can_ask),
        Err(ReadError::Invalid { path, reason }) => Err(SettingsError {
            path: cut(one_line(&path.to_string()), 256),
            problem: format!("{reason}; keep one of the two"),
        }),
        Err(ReadError::NotJson(_)) => Err(SettingsError::whole("cannot be read as JSON")),
    }
}

fn parse(tree: &Tree, can_ask: bool) -> Result<Settings, SettingsError> {
    let keys = [
        "profile", "mutate", "scope", "actions", "approved", "exempt",
    ];
    let root = Section::open(tree, String::new(), &keys)?;
    let defaults = Settings::default();
    let profiles = PROFILES
        .iter()
        .map(|profile| (profile.name, *profile))
        .chain([(LATEST, profile::latest())]);
    let (actions, ceiling) = actions(&root)?;
    let mut exempt = Vec::new();
    for (index, entry) in root.items("exempt")?.iter().enumerate() {
        exempt.push(exemption(entry, format!("exempt[{index}]"))?);
    }
    Ok(Settings {
        account: Account {
            profile: root
                .one_of("profile", profiles)?
                .unwrap_or(defaults.account.profile),
            approved: approved(&root)?,
        },
        mutate: root
            .one_of("mutate", Mutate::ALL)?
            .unwrap_or(defaults.mutate),
        scope: scope(&root, defaults.scope, can_ask)?,
        actions,
        ceiling: ceiling.unwrap_or(defaults.ceiling),
        exempt,
    })
}

fn scope(
    root: &Section<'_>,
    defaults: ScopeSettings,
    can_ask: bool,
) -> Result<ScopeSettings, SettingsError> {
    let Some(scope) = root.section("scope", &["assumeEci", "possible", "namespaceLabels"])? else {
        return Ok(defaults);
    };
    let settings = ScopeSettings {
        assume_eci: scope.flag("assumeEci")?,
        possible: scope
            .one_of("possible", Possible::ALL)?
            .unwrap_or(defaults.possible),
        namespace_labels: scope.flag("namespaceLabels")?,
    };
    if settings.namespace_labels && !can_ask {
        return wrong(
            &scope.path("namespaceLabels"),
            "this host cannot be asked for a Namespace; leave it false, and bind the policy by namespaceSelector with \
             scope.assumeEci: true",
        );
    }
    Ok(settings)
}

fn approved(root: &Section<'_>) -> Result<Approved, SettingsError> {
    match root.section("approved", &["privileged", "capabilities", "hostSysctls"])? {
        None => Ok(Approved::default()),
        Some(approved) => Ok(Approved {
            privileged: approved.flag("privileged")?,
            capabilities: approved.texts("capabilities", approved_capability)?,
            host_sysctls: approved.texts("hostSysctls", approved_sysctl)?,
        }),
    }
}

/// The actions of the named rules, and the ceiling.
type Actions = (Vec<(&'static str, Action)>, Option<Action>);

fn actions(root: &Section<'_>) -> Result<Actions, SettingsError> {
    let mut actions = Vec::new();
    let mut ceiling = None;
    match root.get("actions") {
        None => {}
        Some(Tree::Object(fields)) => {
            for (id, value) in fields {
                if id == CEILING {
                    ceiling = Some(action(value, None)?);
                } else {
                    let rule = rule_of(id)?;
                    actions.push((rule.id, action(value, Some(rule))?));
                }
            }
        }
        Some(_) => return wrong("actions", "must be an object"),
    }
    Ok((actions, ceiling))
}

/// Settings that cannot be used: the key, what is wrong, and the way out.
#[derive(Debug, PartialEq, Eq)]
pub struct SettingsError {
    /// The key, from the root of the settings; empty for the settings as a whole.
    pub path: String,
    /// The error and the way out: a clause that follows the key.
    pub problem: String,
}

impl SettingsError {
    fn whole(problem: &str) -> Self {
        Self {
            path: String::new(),
            problem: problem.to_owned(),
        }
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = if self.path.is_empty() { "" } else { ": " };
        write!(f, "settings: {}{separator}{}", self.path, self.problem)
    }
}

impl std::error::Error for SettingsError {}

fn wrong<T>(path: &str, problem: impl fmt::Display) -> Result<T, SettingsError> {
    Err(SettingsError {
        path: path.to_owned(),
        problem: problem.to_string(),
    })
}

/// An object whose keys are all known.
struct Section<'v> {
    at: String,
    fields: &'v BTreeMap<String, Tree>,
}

impl<'v> Section<'v> {
    fn open(value: &'v Tree, at: String, keys: &[&'static str]) -> Result<Self, SettingsError> {
        let fields = match value {
            Tree::Object(fields) => fields,
            _ if at.is_empty() => {
                return Err(SettingsError::whole("the settings: must be an object"));
            }
            _ => return wrong(&at, "must be an object"),
        };
        let section = Self { at, fields };
        match fields.keys().find(|key| !keys.contains(&key.as_str())) {
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

    fn get(&self, key: &str) -> Option<&'v Tree> {
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

    fn one_of<T>(
        &self,
        key: &str,
        valid: impl IntoIterator<Item = (&'static str, T)>,
    ) -> Result<Option<T>, SettingsError> {
        self.get(key)
            .map(|value| one_of(value, &self.path(key), valid))
            .transpose()
    }

    fn items(&self, key: &str) -> Result<&'v [Tree], SettingsError> {
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
                check(text).or_else(|problem| wrong(&at, problem))
            })
            .collect()
    }
}

fn suggestion(problem: &str, word: &str, valid: &[&'static str]) -> String {
    match nearest(word, valid) {
        Some(meant) => format!("{problem}; did you mean {meant}?"),
        None => format!("{problem}; valid are {}", valid.join(", ")),
    }
}

fn one_of<T>(
    value: &Tree,
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
            let ids: Vec<_> = RULES.iter().map(|rule| rule.id).collect();
            wrong(
                &format!("actions.{}", cut(one_line(id), 64)),
                suggestion("no such rule", id, &ids),
            )
        }
    }
}

/// Reads the action of a rule, or the ceiling of all.
fn action(value: &Tree, rule: Option<&'static Rule>) -> Result<Action, SettingsError> {
    let at = format!("actions.{}", rule.map_or(CEILING, |rule| rule.id));
    let takes_fix = rule.is_none_or(|rule| rule.fix.is_available());
    let actions = Action::ALL
        .into_iter()
        .filter(|action| takes_fix || *action != Action::Fix);
    match value {
        // kubectl reads YAML 1.1, in which a bare `off` is false.
        Tree::Bool(false) => Ok(Action::Off),
        Tree::Text(word) if word == Action::Fix.as_str() && !takes_fix => {
            let words: Vec<_> = actions.map(Action::as_str).collect();
            wrong(
                &at,
                format!("the rule has no fix; use one of {}", words.join(", ")),
            )
        }
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
        let valid = capability::LINUX.join(", ");
        Err(format!(
            "{} is not a capability of Linux{meant} (one of {valid})",
            quote(name)
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
            "{} is not a valid sysctl name, nor a prefix that ends in *",
            quote(pattern)
        ))
    }
}

fn exemption(entry: &Tree, at: String) -> Result<Exemption, SettingsError> {
    let entry = Section::open(entry, at, &["image", "container"])?;
    let Some(image) = entry.text("image")? else {
        return wrong(
            &entry.at,
            "has no image; a container's name alone proves nothing, anyone can choose it",
        );
    };
    if image
        .split('/')
        .next()
        .is_some_and(|registry| registry.contains('*'))
    {
        return wrong(
            &entry.path("image"),
            "must not have a wildcard before the first /, which would match any registry; write the registry out",
        );
    }
    Ok(Exemption {
        image: Glob::new(image),
        container: entry.text("container")?.map(Glob::new),
    })
}
