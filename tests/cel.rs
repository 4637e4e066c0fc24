//! The rules in CEL find what the core finds, without a repair.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use cel::extensions::strings;
use cel::{Context, Env, Program};
use eci_corpus::{Namespace, read_all};
use eci_security_context::policy::cel::condition::conditions;
use eci_security_context::policy::cel::validation::{Validation, validations, within_bounds};
use eci_security_context::policy::cel::variables;
use eci_security_context::policy::parse;
use eci_security_context::review::Judged;
use eci_security_context::rules::RULES;
use eci_security_context::rules::rule::Action;
use eci_security_context::validate;
use serde_json::{Value, json};

/// A finding: the rule, the action and the path.
type Found = BTreeSet<(String, &'static str, String)>;

fn env() -> Arc<Env> {
    let mut env = Env::stdlib();
    strings(&mut env).unwrap();
    Arc::new(env)
}

fn main_of(payload: &Value, namespace: &Value) -> Result<Found, String> {
    let env = env();
    let settings = parse::settings(&payload["settings"].to_string(), true).unwrap();
    let request = &payload["request"];
    let mut context = Context::with_env(Arc::clone(&env));
    context.add_variable("request", request).unwrap();
    context.add_variable("object", &request["object"]).unwrap();
    context
        .add_variable("oldObject", &request["oldObject"])
        .unwrap();
    context.add_variable("namespaceObject", namespace).unwrap();
    let run = |context: &Context<'_, '_>, name: &str, expression: &str| -> Result<Value, String> {
        let program: Program = env
            .compile(expression)
            .map_err(|error| format!("{name}: {error}"))?;
        let value = program
            .execute(context)
            .map_err(|error| format!("{name}: {error}"))?;
        value.json().map_err(|error| format!("{name}: {error}"))
    };
    let reads_more = settings.scope.assume_eci || settings.scope.namespace_labels;
    for condition in conditions().iter().skip(usize::from(reads_more)) {
        if run(&context, condition.name, &condition.expression)? != json!(true) {
            return Ok(Found::new());
        }
    }
    let mut known = BTreeMap::new();
    for variable in variables(&settings) {
        let value = run(&context, variable.name, &variable.expression)?;
        known.insert(variable.name, value);
        context.add_variable("variables", &known).unwrap();
    }
    let certainty = known["certainty"].as_i64().unwrap();
    if certainty == 0 || known["isWindows"] == true {
        return Ok(Found::new());
    }
    let is_pod = known["at"] == "";
    if known["isOwned"] == true && !is_pod {
        return Ok(Found::new());
    }
    assert_eq!(run(&context, "bounds", &within_bounds())?, json!(true));
    let weak = certainty < 2 || known["isUnchanged"] == true;
    let is_job_update = request["kind"]["kind"] == "Job" && request["operation"] == "UPDATE";
    let mut found = Found::new();
    for Validation {
        rule,
        variable,
        findings,
        action,
        on_job_update,
    } in validations(&settings)
    {
        let action = if is_job_update { on_job_update } else { action };
        let action = if weak {
            action.min(Action::Warn)
        } else {
            action
        };
        let lists = run(&context, &variable, &findings)?;
        for text in lists
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|list| list.as_array().unwrap())
        {
            let (path, _) = text.as_str().unwrap().split_once(": ").unwrap();
            if action >= Action::Warn {
                found.insert((rule.id.to_owned(), action.as_str(), path.to_owned()));
            }
        }
    }
    Ok(found)
}

#[test]
fn the_corpus() {
    let exact: BTreeSet<_> = RULES
        .iter()
        .filter(|rule| !rule.cel.findings().is_empty())
        .map(|rule| rule.id)
        .collect();
    let (mut same, mut errors, mut different) = (0, 0, Vec::new());
    for case in read_all(Path::new("tests/cases")) {
        let Ok(mut payload) = serde_json::from_str::<Value>(&case.payload_text()) else {
            continue;
        };
        if parse::settings(&payload["settings"].to_string(), true).is_err()
            || case.namespace == Namespace::Refused
        {
            continue;
        }
        // The API server sends no unusual notation, and the manifest binds one subresource.
        let sub_resource = payload["request"]["subResource"]
            .as_str()
            .unwrap_or_default();
        if !["", "ephemeralcontainers"].contains(&sub_resource)
            || case.payload_text() != case.payload.to_string()
        {
            continue;
        }
        if payload["settings"].is_null() {
            payload["settings"] = json!({});
        }
        payload["settings"]["mutate"] = json!("none");
        let namespace = match &case.namespace {
            Namespace::Labels(labels) => json!({"metadata": {"labels": labels}}),
            _ => json!({"metadata": {}}),
        };
        let ask = |_: &str| Ok(namespace.to_string());
        let verdict = validate(payload.to_string().as_bytes(), Some(&ask));
        if verdict.code == Some(422) || verdict.code == Some(400) {
            continue;
        }
        let expected: Found = verdict
            .findings
            .iter()
            .filter(|Judged { finding, decision }| {
                decision.action >= Action::Warn && exact.contains(finding.rule.id)
            })
            .map(|Judged { finding, decision }| {
                (
                    finding.rule.id.to_owned(),
                    decision.action.as_str(),
                    finding.path.to_string(),
                )
            })
            .collect();
        match main_of(&payload, &namespace) {
            Ok(found) if found == expected => same += 1,
            Ok(found) => different.push(format!("{case}:\n  core {expected:?}\n  cel  {found:?}")),
            Err(error) => {
                errors += 1;
                different.push(format!("{case}: {error}"))
            }
        }
    }
    println!("{}", different.join("\n"));
    println!(
        "{same} the same, {} differ, {errors} errors",
        different.len()
    );
}
