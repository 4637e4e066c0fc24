//! An evaluator of the rules in CEL.

use std::collections::BTreeSet;
use std::sync::Arc;

use cel::extensions::strings;
use cel::{Context, Env, Program};
use eci_security_context::policy::cel::condition::conditions;
use eci_security_context::policy::cel::validation::{
    Validation, all_variables, validations, within_bounds,
};
use eci_security_context::policy::settings::Settings;
use eci_security_context::rules::rule::Action;
use serde_json::{Value, json};

/// The findings that deny or warn: the rule, the action and the path.
pub(crate) type Findings = BTreeSet<(&'static str, &'static str, String)>;

/// The compiled expressions for some settings.
pub(crate) struct AdmissionPolicy {
    env: Arc<Env>,
    conditions: Vec<Program>,
    variables: Vec<(String, Program)>,
    within_bounds: Program,
    validations: Vec<Validation>,
}

/// `variables.NAME` is a variable of its own here, which spares an object of all variables.
fn flat(expression: &str) -> String {
    expression.replace("variables.", "v_")
}

impl AdmissionPolicy {
    pub(crate) fn new(settings: &Settings) -> Self {
        let mut env = Env::stdlib();
        strings(&mut env).unwrap();
        let compile = |text: &str| {
            env.compile(&flat(text))
                .unwrap_or_else(|error| panic!("{error}"))
        };
        let reads_more = settings.scope.assume_eci || settings.scope.namespace_labels;
        let conditions = conditions().into_iter().skip(usize::from(reads_more));
        let variables = all_variables(settings, false).into_iter();
        Self {
            conditions: conditions
                .map(|condition| compile(&condition.expression))
                .collect(),
            variables: variables
                .map(|(name, text)| (format!("v_{name}"), compile(&text)))
                .collect(),
            within_bounds: compile(&within_bounds()),
            validations: validations(settings, false),
            env: Arc::new(env),
        }
    }

    /// Returns the findings in a request, or the error for which the API server refuses it.
    pub(crate) fn findings(&self, request: &Value, namespace: &Value) -> Result<Findings, String> {
        let mut context = Context::with_env(Arc::clone(&self.env));
        let fields = ["kind", "operation", "subResource"];
        let fields = fields
            .into_iter()
            .filter_map(|field| Some((field, request.get(field)?)));
        let fields: std::collections::BTreeMap<_, _> = fields.collect();
        context.add_variable("request", fields).unwrap();
        context.add_variable("object", &request["object"]).unwrap();
        context
            .add_variable("oldObject", &request["oldObject"])
            .unwrap();
        context.add_variable("namespaceObject", namespace).unwrap();
        let run = |context: &Context<'_, '_>, program: &Program| {
            let value = program
                .execute(context)
                .map_err(|error| error.to_string())?;
            value.json().map_err(|error| error.to_string())
        };
        for condition in &self.conditions {
            if run(&context, condition)? != json!(true) {
                return Ok(Findings::new());
            }
        }
        let mut found = Findings::new();
        let (mut denies, mut warns) = (false, false);
        for (name, program) in &self.variables {
            let value = run(&context, program).map_err(|error| format!("{name}: {error}"))?;
            match name.as_str() {
                "v_denies" => denies = value == true,
                "v_warns" => warns = value == true,
                _ => {}
            }
            if let Some(validation) = self
                .validations
                .iter()
                .find(|of| Some(of.variable.as_str()) == name.strip_prefix("v_"))
            {
                let only_warns = validation.only_warns.is_some_and(|requests| {
                    let program = self.env.compile(&flat(requests)).unwrap();
                    run(&context, &program).unwrap() == json!(true)
                });
                let action = match (validation.action, denies, warns) {
                    (Action::Deny, true, _) if !only_warns => Action::Deny,
                    (Action::Deny | Action::Warn, _, true) => Action::Warn,
                    _ => Action::Audit,
                };
                for text in value
                    .as_array()
                    .unwrap()
                    .iter()
                    .flat_map(|list| list.as_array().unwrap())
                {
                    let (path, _) = text.as_str().unwrap().split_once(": ").unwrap();
                    if action >= Action::Warn {
                        found.insert((validation.rule.id, action.as_str(), path.to_owned()));
                    }
                }
            }
            context.add_variable(name.as_str(), value).unwrap();
        }
        match run(&context, &self.within_bounds)? == json!(true) {
            true => Ok(found),
            false => Err("more items than are judged".to_owned()),
        }
    }
}
