//! The validations of the rules: what denies, and what warns.

use super::syntax::string;
use super::variables::{MOST_ITEMS, Variable, variables};
use crate::fix::Edit;
use crate::path::Path;
use crate::policy::decide::{Situation, WINDOWS, decide};
use crate::policy::scope::Certainty;
use crate::policy::settings::{Mutate, Settings};
use crate::rules::RULES;
use crate::rules::rule::Cel;
use crate::rules::rule::{Action, Effect, Finding, Rule};

/// A validation of a rule.
#[derive(Debug)]
pub struct Validation {
    /// The rule.
    pub rule: &'static Rule,
    /// The name of the variable with its findings.
    pub variable: String,
    /// The expression of the variable.
    pub findings: String,
    /// The action on the findings of a pod that certainly runs on ECI: deny, warn or audit.
    pub action: Action,
    /// The action on those of an updated Job, whose template cannot be repaired.
    pub on_job_update: Action,
}

/// Returns the validations of the rules that can be expressed and are not off. Nothing is repaired, so each decision is that
/// under `mutate: none`.
pub fn validations(settings: &Settings) -> Vec<Validation> {
    let settings = Settings {
        mutate: Mutate::None,
        ..settings.clone()
    };
    // The action of a rule, also for the rules whose findings are among its own.
    let action = |rule: &'static Rule, default: Action, is_job_update: bool| {
        let is_in =
            |other: &&&'static Rule| matches!(other.cel, Cel::In(name, _) if name == rule.id);
        let others = RULES
            .iter()
            .filter(is_in)
            .map(|other| (*other, other.action));
        let all = std::iter::once((rule, default)).chain(others);
        let actions = all.map(|(rule, default)| decided(rule, default, &settings, is_job_update));
        actions.max().unwrap_or(Action::Off)
    };
    let mut all = Vec::new();
    for rule in RULES {
        for (index, findings) in rule.cel.findings().iter().enumerate() {
            let suffix = if index == 0 {
                String::new()
            } else {
                format!("_{index}")
            };
            all.push(Validation {
                rule,
                variable: format!("found_{}{suffix}", rule.id.replace('-', "_")),
                findings: of_debugged(rule, findings.expression),
                action: action(rule, findings.default, false),
                on_job_update: action(rule, findings.default, true),
            });
        }
    }
    all.retain(|validation| validation.action != Action::Off);
    all
}

/// Returns the action on a finding in a Pod, or in an updated Job, that certainly runs on ECI.
fn decided(
    rule: &'static Rule,
    default: Action,
    settings: &Settings,
    is_job_update: bool,
) -> Action {
    let finding = Finding {
        rule,
        default,
        path: Path::default(),
        message: "".into(),
        help: "".into(),
        // Only whether there is a repair counts.
        edits: rule
            .fix
            .is_available()
            .then(|| Edit::Remove(Path::default()))
            .into_iter()
            .collect(),
        exempt: false,
        places: 1,
    };
    let situation = Situation {
        certainty: Certainty::Certain,
        is_pod: !is_job_update,
        is_owned: false,
        is_template_unchanged: false,
        is_job_update,
        is_pod_update: false,
    };
    decide(&finding, settings, &situation).action
}

/// Returns an expression that is false where a list has more items than are judged.
pub fn within_bounds() -> String {
    format!(
        "size(variables.spec.?initContainers.orValue([])) <= {MOST_ITEMS} && size(variables.spec.?containers.orValue([])) <= {MOST_ITEMS} &&
size(variables.spec.?ephemeralContainers.orValue([])) <= {MOST_ITEMS} && size(variables.volumes) <= {MOST_ITEMS} &&
size(variables.groups) <= {MOST_ITEMS} && size(variables.sysctls) <= {MOST_ITEMS} &&
variables.containers.all(c, size(c.add) <= {MOST_ITEMS} && size(c.drop) <= {MOST_ITEMS} && size(c.ports) <= {MOST_ITEMS})"
    )
}

/// Returns the findings of a rule, of which only those in new ephemeral containers count when a running pod is debugged. A rule
/// whose finding is repaired in the containers looks at these containers alone.
fn of_debugged(rule: &Rule, expression: &str) -> String {
    if rule.effect == Effect::Lost {
        return expression.to_owned();
    }
    format!(
        "({expression})\n.map(found, found.filter(text, !variables.isDebugged || text.startsWith(\"spec.ephemeralContainers[\")))"
    )
}

/// A check of an object: the expression is false where something is wrong, and the message says what.
#[derive(Debug)]
pub struct Check {
    /// An expression that is true or false.
    pub expression: String,
    /// An expression for the message.
    pub message: String,
}

/// Returns the variables for [`checks`]: those of the rules, and whether a finding denies or warns.
pub fn all_variables(settings: &Settings) -> Vec<(String, String)> {
    let common = variables(settings).into_iter();
    let common = common.map(|Variable { name, expression }| (name.to_owned(), expression));
    let decisions = [("denies", DENIES), ("warns", WARNS)];
    let decisions = decisions.map(|(name, expression)| (name.to_owned(), expression.to_owned()));
    let found = validations(settings).into_iter();
    let found = found.map(|validation| (validation.variable, validation.findings));
    common.chain(decisions).chain(found).collect()
}

const DENIES: &str = r#"variables.certainty == 2 && !variables.isUnchanged && !variables.isWindows && !(variables.isOwned && variables.at != "")"#;

const WARNS: &str = "variables.certainty >= 1 && !variables.isWindows && !variables.isOwned";

const IS_JOB_UPDATE: &str = r#"request.operation == "UPDATE" && request.kind.group == "batch" && request.kind.kind == "Job""#;

/// Returns the checks whose failure denies the request, or those whose failure gives a warning.
pub fn checks(settings: &Settings, denies: bool) -> Vec<Check> {
    let bounds = |when: &str| Check {
        expression: format!("!({when}) ||\n{}", within_bounds()),
        message: format!(
            "variables.at + \"spec has a list of more than {MOST_ITEMS} items, which is not judged; split it\""
        ),
    };
    let mut all = vec![match denies {
        true => bounds("variables.denies"),
        false => bounds("variables.warns && !variables.denies"),
    }];
    if !denies {
        all.push(Check {
            expression: "!(variables.certainty >= 1 && variables.isWindows)".to_owned(),
            message: string(WINDOWS),
        });
    }
    for validation in validations(settings) {
        let is_weaker = validation.on_job_update < Action::Deny;
        let when = match (validation.action, denies) {
            (Action::Deny, true) if is_weaker => format!("variables.denies && !({IS_JOB_UPDATE})"),
            (Action::Deny, true) => "variables.denies".to_owned(),
            (Action::Deny, false) if is_weaker => {
                format!("variables.warns && (!variables.denies || {IS_JOB_UPDATE})")
            }
            (Action::Deny, false) => "variables.warns && !variables.denies".to_owned(),
            (Action::Warn, false) => "variables.warns".to_owned(),
            _ => continue,
        };
        let variable = &validation.variable;
        all.push(Check {
            expression: format!("!({when}) || variables.{variable}.all(found, found == [])"),
            message: format!(
                "\"[{}] \" + variables.{variable}.filter(found, found != [])[0][0]",
                validation.rule.id
            ),
        });
    }
    all
}

/// Returns an expression for the findings as lines of text; empty where there is none.
pub fn audit(settings: &Settings) -> String {
    let found = validations(settings).into_iter().map(|validation| {
        format!(
            "variables.{}.map(found, found.map(text, \"{}: \" + text).join(\"\\n\"))",
            validation.variable, validation.rule.id
        )
    });
    let found: Vec<_> = found.collect();
    format!(
        "variables.certainty == 0 || variables.isWindows ? \"\" : ({}).filter(text, text != \"\").join(\"\\n\")",
        found.join(" +\n")
    )
}

/// Returns the rules that are not in the checks, or are stricter there, each with the reason.
pub fn limits() -> Vec<(&'static Rule, &'static str)> {
    let all = RULES.iter().filter_map(|rule| match rule.cel {
        Cel::Exact(_) => None,
        Cel::Stricter(_, why) | Cel::In(_, why) | Cel::Missing(why) => Some((*rule, why)),
    });
    all.collect()
}
