//! The validations of the rules: what denies, and what warns.

use super::syntax::string;
use super::variables::{MOST_ITEMS, Variable, variables};
use crate::fix::Edit;
use crate::path::Path;
use crate::policy::decide::{Situation, WINDOWS, decide};
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
    /// An expression for the requests in which such a denial is only a warning.
    pub only_warns: Option<&'static str>,
}

/// The requests that are decided alike.
const POD: &str = "variables.at == \"\"";
const TEMPLATE: &str = "variables.at != \"\"";
/// The template of a Job cannot change.
pub(super) const IS_JOB_UPDATE: &str = r#"request.operation == "UPDATE" && request.kind.group == "batch" && request.kind.kind == "Job""#;

/// Returns the validations of the rules that can be expressed and are not off. Where `are_repaired`, what [`repairs`] repairs is
/// decided by the settings, else all is decided as under `mutate: none`.
///
/// [`repairs`]: super::repair::repairs
pub fn validations(settings: &Settings, are_repaired: bool) -> Vec<Validation> {
    let mut all = Vec::new();
    for rule in RULES {
        let mutate = match rule.cel {
            Cel::Repaired(..) if are_repaired => settings.mutate,
            _ => Mutate::None,
        };
        let settings = Settings {
            mutate,
            ..settings.clone()
        };
        // The rules whose findings are among its own.
        let is_in =
            |other: &&&'static Rule| matches!(other.cel, Cel::In(name, _) if name == rule.id);
        for (index, findings) in rule.cel.findings().iter().enumerate() {
            let action = |requests: &'static str| {
                let others = RULES.iter().filter(is_in);
                let others = others.map(|other| (*other, other.action));
                let all = std::iter::once((*rule, findings.default)).chain(others);
                let actions =
                    all.map(|(rule, default)| decided(rule, default, &settings, requests));
                actions.max().unwrap_or(Action::Off)
            };
            let suffix = if index == 0 {
                String::new()
            } else {
                format!("_{index}")
            };
            all.push(Validation {
                rule,
                variable: format!("found_{}{suffix}", rule.id.replace('-', "_")),
                findings: of_debugged(rule, findings.expression),
                action: action(POD),
                only_warns: [TEMPLATE, IS_JOB_UPDATE]
                    .into_iter()
                    .find(|requests| action(requests) < action(POD)),
            });
        }
    }
    all.retain(|validation| validation.action != Action::Off);
    all
}

/// Returns the action on a finding that is there after all repairs, in a Pod or a template that certainly runs on ECI.
fn decided(rule: &'static Rule, default: Action, settings: &Settings, requests: &str) -> Action {
    let situation = Situation {
        is_pod: requests == POD,
        is_job_update: requests == IS_JOB_UPDATE,
        ..Situation::CREATED
    };
    let decision = decide(&finding(rule, default), settings, &situation);
    match decision.action {
        Action::Fix => {
            let settings = Settings {
                mutate: Mutate::None,
                ..settings.clone()
            };
            decide(&finding(rule, default), &settings, &situation).action
        }
        action => action,
    }
}

/// Returns the action on the findings of a rule in a new Pod that certainly runs on ECI.
pub(super) fn action(rule: &'static Rule, settings: &Settings) -> Action {
    decide(&finding(rule, rule.action), settings, &Situation::CREATED).action
}

fn finding(rule: &'static Rule, default: Action) -> Finding {
    // Only whether there is a repair counts.
    let edit = Edit::Remove(Path::default());
    Finding {
        rule,
        default,
        path: Path::default(),
        message: "".into(),
        help: "".into(),
        edits: rule
            .fix
            .is_available()
            .then_some(edit)
            .into_iter()
            .collect(),
        exempt: false,
        places: 1,
    }
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

/// Returns the variables for [`checks`] and [`audit`]: those of the rules, their findings, and the denials.
pub fn all_variables(settings: &Settings, are_repaired: bool) -> Vec<(String, String)> {
    let common = variables(settings).into_iter();
    let common = common.map(|Variable { name, expression }| (name.to_owned(), expression));
    let validations = validations(settings, are_repaired);
    let denied = validations
        .iter()
        .filter(|validation| validation.action == Action::Deny)
        .map(|validation| match validation.only_warns {
            Some(requests) => format!(" +\n({requests} ? [] : {})", validation.sentences()),
            None => format!(" +\n{}", validation.sentences()),
        });
    let denied = format!(
        "!variables.denies ? [] :\n([]{}).filter(text, text != \"\")",
        denied.collect::<String>()
    );
    let decisions = [("denies", DENIES), ("warns", WARNS)];
    let decisions = decisions.map(|(name, expression)| (name.to_owned(), expression.to_owned()));
    let found = validations.into_iter();
    let found = found.map(|validation| (validation.variable, validation.findings));
    let denied = [("denied".to_owned(), denied)];
    common.chain(decisions).chain(found).chain(denied).collect()
}

impl Validation {
    /// Returns an expression for the findings as sentences: a text for each container, which may be empty.
    fn sentences(&self) -> String {
        format!(
            "variables.{}.map(found, found.map(text, \"[{}] \" + text + \".\").join(\" \"))",
            self.variable, self.rule.id
        )
    }
}

/// The characters of a message. The API server drops one of more than 5 KiB, or with a line break.
const LONGEST_MESSAGE: usize = 1200;

/// Returns an expression for texts as one message.
fn message(texts: &str) -> String {
    format!(
        "[{texts}.join(\" \").replace(\"\\n\", \" \")]\n.map(text, size(text) > {LONGEST_MESSAGE} ? text.substring(0, {LONGEST_MESSAGE}) + \"…\" : text)[0]"
    )
}

/// Returns those of the variables that the expressions need, one by one or by way of another.
pub fn needed(variables: &[(String, String)], expressions: &[&str]) -> Vec<(String, String)> {
    let mut needed: Vec<(String, String)> = Vec::new();
    for (name, expression) in variables.iter().rev() {
        let reference = format!("variables.{name}");
        let refers = |text: &str| {
            text.match_indices(&reference).any(|(at, found)| {
                let next = text
                    .get(at + found.len()..)
                    .and_then(|rest| rest.chars().next());
                !next.is_some_and(|next| next.is_ascii_alphanumeric() || next == '_')
            })
        };
        if expressions.iter().any(|text| refers(text))
            || needed.iter().any(|(_, text)| refers(text))
        {
            needed.push((name.clone(), expression.clone()));
        }
    }
    needed.reverse();
    needed
}

const DENIES: &str = r#"variables.certainty == 2 && !variables.isUnchanged && !variables.isWindows && !(variables.isOwned && variables.at != "")"#;

const WARNS: &str = "variables.certainty >= 1 && !variables.isWindows && !variables.isOwned";

/// Returns the checks whose failure denies the request, or those whose failure gives a warning.
pub fn checks(settings: &Settings, are_repaired: bool, denies: bool) -> Vec<Check> {
    let bounds = |when: &str| Check {
        expression: format!("!({when}) ||\n{}", within_bounds()),
        message: format!(
            "variables.at + \"spec has a list of more than {MOST_ITEMS} items, which is not judged; split it\""
        ),
    };
    if denies {
        let denied = Check {
            expression: "variables.denied == []".to_owned(),
            message: message("variables.denied"),
        };
        return vec![bounds("variables.denies"), denied];
    }
    let windows = Check {
        expression: "!(variables.certainty >= 1 && variables.isWindows)".to_owned(),
        message: string(WINDOWS),
    };
    let mut all = vec![bounds("variables.warns && !variables.denies"), windows];
    for validation in validations(settings, are_repaired) {
        let when = match (validation.action, validation.only_warns) {
            (Action::Deny, Some(requests)) => {
                format!("variables.warns && (!variables.denies || {requests})")
            }
            (Action::Deny, None) => "variables.warns && !variables.denies".to_owned(),
            (Action::Warn, _) => "variables.warns".to_owned(),
            _ => continue,
        };
        all.push(Check {
            expression: format!(
                "!({when}) || variables.{}.all(found, found == [])",
                validation.variable
            ),
            message: message(&format!(
                "{}.filter(text, text != \"\")",
                validation.sentences()
            )),
        });
    }
    all
}

/// Returns an expression for the findings as lines of text; empty where there is none.
pub fn audit(settings: &Settings) -> String {
    let found = validations(settings, false).into_iter().map(|validation| {
        format!(
            " +\nvariables.{}.map(found, found.map(text, \"{}: \" + text.replace(\"\\n\", \" \")).join(\"\\n\"))",
            validation.variable, validation.rule.id
        )
    });
    format!(
        "variables.certainty == 0 || variables.isWindows ? \"\" : ([]{}).filter(text, text != \"\").join(\"\\n\")",
        found.collect::<String>()
    )
}

/// Returns the rules that are not in the checks, or are stricter there, each with the reason.
pub fn limits() -> Vec<(&'static Rule, &'static str)> {
    let all = RULES.iter().filter_map(|rule| match rule.cel {
        Cel::Exact(_) | Cel::Repaired(..) => None,
        Cel::Stricter(_, why) | Cel::In(_, why) | Cel::Missing(why) => Some((*rule, why)),
    });
    all.collect()
}
