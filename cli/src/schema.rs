//! `eci-policy schema`: the JSON Schemas of the settings, the configuration and the report.

use std::io::Write;

use eci_security_context::policy::schema;
use serde_json::{Value, json};

use crate::Exit;
use crate::args::SchemaOf;
use crate::failure::Failure;
use crate::report::json;

pub(crate) fn run(of: SchemaOf, out: &mut dyn Write) -> Result<Exit, Failure> {
    let schema = match of {
        SchemaOf::Settings => schema::schema(),
        SchemaOf::Config => config(),
        SchemaOf::Report => {
            let mut schema = json::schema();
            let id = concat!(
                env!("CARGO_PKG_REPOSITORY"),
                "/raw/main/schemas/report.schema.json"
            );
            schema.insert("$id".to_owned(), id.into());
            schema.into()
        }
    };
    writeln!(out, "{schema:#}")?;
    Ok(Exit::Clean)
}

/// Returns the schema of `.eci-policy.yaml`.
fn config() -> Value {
    let mut settings = schema::schema();
    if let Some(settings) = settings.as_object_mut() {
        settings.remove("$schema");
        settings.remove("$id");
    }
    let pattern = json!({"type": "string"});
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": concat!(env!("CARGO_PKG_REPOSITORY"), "/raw/main/schemas/config.schema.json"),
        "title": "Configuration of eci-policy",
        "description": "The configuration of a repository for the command eci-policy. All keys are optional.",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "settings": {
                "description": "The settings of the policy: a file with them, from the folder of this file; or the settings.",
                "anyOf": [{"type": "string", "minLength": 1}, settings],
            },
            "exclude": {
                "description": "Files and folders that are left out in directories, by patterns as in .gitignore, from \
                                the folder of this file.",
                "type": "array",
                "items": pattern,
            },
            "strict": {
                "description": "True if warnings, repairs and invalid suppressions fail the check.",
                "type": "boolean",
                "default": false,
            },
            "assumeEci": {
                "description": "Whether every pod runs on ECI; or the files whose pods do, by patterns as in .gitignore.",
                "anyOf": [{"type": "boolean"}, {"type": "array", "items": pattern}],
                "default": false,
            },
        },
    })
}
