//! Reading settings: JSON in, checked values out, or the errors, each with its key and the way out.

use crate::eci::account::{Account, Approved};
use crate::eci::profile::{self, PROFILES};
use crate::eci::{capability, sysctl};
use crate::glob::Glob;
use crate::json::{self, ReadError, Tree};
use crate::policy::section::{Section, SettingsErrors, suggestion};
use crate::policy::settings::{Exemption, LATEST, Mutate, Possible, ScopeSettings, Settings};
use crate::rules::RULES;
use crate::rules::rule::{Action, Rule};
use crate::text::{cut, nearest, one_line, quote};

/// The key of `actions` for every rule that is not named.
const CEILING: &str = "*";

/// Reads settings from JSON; `null` gives the default ones. `can_ask` says whether the host can be asked for a
/// Namespace: one that cannot refuses the setting that needs it.
///
/// # Errors
/// If they cannot be used. A key that is set twice is the only error that hides the others.
pub fn settings(text: &str, can_ask: bool) -> Result<Settings, SettingsErrors> {
    match json::read(text) {
        Ok(Tree::Null) => Ok(Settings::default()),
        Ok(tree) => {
            let errors = SettingsErrors::default();
            let settings = parse(&tree, can_ask, &errors);
            errors.unless_any(settings)
        }
        Err(ReadError::Invalid { path, reason }) => {
            let errors = SettingsErrors::default();
            errors.add(
                || cut(one_line(&path.to_string()), 256),
                || format!("{reason}; keep one of the two"),
            );
            Err(errors)
        }
        Err(ReadError::NotJson(_)) => Err(SettingsErrors::whole("cannot be read as JSON")),
    }
}

fn parse(tree: &Tree, can_ask: bool, errors: &SettingsErrors) -> Settings {
    let keys = [
        "profile", "mutate", "scope", "actions", "approved", "exempt",
    ];
    let root = Section::root(tree, &keys, errors);
    let defaults = Settings::default();
    let profiles = PROFILES
        .iter()
        .map(|profile| (profile.name, *profile))
        .chain([(LATEST, profile::latest())]);
    let (actions, ceiling) = actions(&root);
    Settings {
        account: Account {
            profile: root
                .one_of("profile", profiles)
                .unwrap_or(defaults.account.profile),
            approved: approved(&root),
        },
        mutate: root
            .one_of("mutate", Mutate::ALL)
            .unwrap_or(defaults.mutate),
        scope: scope(&root, defaults.scope, can_ask),
        actions,
        ceiling: ceiling.unwrap_or(defaults.ceiling),
        exempt: root
            .sections("exempt", &["image", "container"])
            .iter()
            .filter_map(exemption)
            .collect(),
    }
}

fn scope(root: &Section<'_>, defaults: ScopeSettings, can_ask: bool) -> ScopeSettings {
    let keys = ["assumeEci", "possible", "namespaceLabels"];
    let Some(scope) = root.section("scope", Some(&keys)) else {
        return defaults;
    };
    let settings = ScopeSettings {
        assume_eci: scope.flag("assumeEci"),
        possible: scope
            .one_of("possible", Possible::ALL)
            .unwrap_or(defaults.possible),
        namespace_labels: scope.flag("namespaceLabels"),
    };
    if settings.namespace_labels && !can_ask {
        scope.wrong("namespaceLabels", || {
            "this host cannot be asked for a Namespace; leave it false, and bind the policy by namespaceSelector with \
             scope.assumeEci: true"
                .to_owned()
        });
    }
    settings
}

fn approved(root: &Section<'_>) -> Approved {
    let keys = ["privileged", "capabilities", "hostSysctls"];
    let Some(approved) = root.section("approved", Some(&keys)) else {
        return Approved::default();
    };
    Approved {
        privileged: approved.flag("privileged"),
        capabilities: approved.texts("capabilities", approved_capability),
        host_sysctls: approved.texts("hostSysctls", approved_sysctl),
    }
}

/// Returns the actions of the named rules, and the ceiling.
fn actions(root: &Section<'_>) -> (Vec<(&'static str, Action)>, Option<Action>) {
    let mut actions = Vec::new();
    let mut ceiling = None;
    let Some(section) = root.section("actions", None) else {
        return (actions, ceiling);
    };
    for id in section.keys() {
        if id == CEILING {
            ceiling = action(&section, id, true);
        } else if let Some(rule) = rule_of(&section, id)
            && let Some(action) = action(&section, id, rule.fix.is_available())
        {
            actions.push((rule.id, action));
        }
    }
    (actions, ceiling)
}

fn rule_of(actions: &Section<'_>, id: &str) -> Option<&'static Rule> {
    let rule = RULES.iter().copied().find(|rule| rule.id == id);
    if rule.is_none() {
        actions.wrong(id, || {
            let ids: Vec<_> = RULES.iter().map(|rule| rule.id).collect();
            suggestion("no such rule", id, &ids)
        });
    }
    rule
}

/// Reads the action of a rule, or the ceiling of all.
fn action(section: &Section<'_>, id: &str, takes_fix: bool) -> Option<Action> {
    let actions = Action::ALL
        .into_iter()
        .filter(|action| takes_fix || *action != Action::Fix);
    match section.get(id) {
        // kubectl reads YAML 1.1, in which a bare `off` is false.
        Some(Tree::Bool(false)) => Some(Action::Off),
        Some(Tree::Text(word)) if word == Action::Fix.as_str() && !takes_fix => {
            section.wrong(id, || {
                let words: Vec<_> = actions.map(Action::as_str).collect();
                format!("the rule has no fix; use one of {}", words.join(", "))
            });
            None
        }
        _ => section.one_of(id, actions.map(|action| (action.as_str(), action))),
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

fn exemption(entry: &Section<'_>) -> Option<Exemption> {
    if !entry.is_object() {
        return None;
    }
    if entry.get("image").is_none() {
        entry.refuse("has no image; a container's name alone proves nothing, anyone can choose it");
    }
    let (image, container) = (entry.text("image"), entry.text("container"));
    let registry = image.and_then(|image| image.split('/').next());
    if registry.is_some_and(|registry| registry.contains('*')) {
        entry.wrong("image", || {
            "must not have a wildcard before the first /, which would match any registry; write the registry out"
                .to_owned()
        });
    }
    Some(Exemption {
        image: Glob::new(image?),
        container: container.map(Glob::new),
    })
}
