//! An evaluator of `matchConditions`, with the optional values of Kubernetes' CEL.

use std::collections::BTreeMap;
use std::sync::Arc;

use cel::{Context, Env, Program};
use serde_json::Value;

/// The compiled conditions of a webhook.
pub(crate) struct Conditions(Arc<Env>, Vec<Program>);

impl Conditions {
    pub(crate) fn new<'e>(expressions: impl IntoIterator<Item = &'e str>) -> Self {
        let env = Arc::new(Env::stdlib());
        let compiled = expressions
            .into_iter()
            .map(|expression| env.compile(expression).unwrap())
            .collect();
        Self(env, compiled)
    }

    /// Whether the API server asks about a request: if every condition is true. It refuses a request for which a condition is
    /// an error and no other is false.
    pub(crate) fn asks(&self, request: &Value) -> Result<bool, String> {
        let mut context = Context::with_env(Arc::clone(&self.0));
        // The other fields of a request are in no condition, and slow to convert.
        let fields = ["kind", "operation", "subResource"];
        let fields = fields
            .into_iter()
            .filter_map(|field| Some((field, request.get(field)?)));
        context
            .add_variable("request", fields.collect::<BTreeMap<_, _>>())
            .unwrap();
        for name in ["object", "oldObject"] {
            context.add_variable(name, &request[name]).unwrap();
        }
        let mut asks = Ok(true);
        for program in &self.1 {
            match program.execute(&context) {
                Ok(cel::Value::Bool(true)) => {}
                Ok(cel::Value::Bool(false)) => return Ok(false),
                Ok(other) => panic!("{other:?}"),
                Err(error) => asks = Err(error.to_string()),
            }
        }
        asks
    }
}
