//! Writes the generated files of the npm package to a folder.
//!
//! `types.d.ts` has the answers, from the Rust types, and the settings, from their schema. `schema.js` is that schema,
//! which would take twice the space in the module. `version.js` is the version.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use eci_security_context::policy::schema::schema;
use eci_security_context::policy::scope::Certainty;
use eci_security_context::rules::RULES;
use eci_security_context::rules::rule::{Action, Effect};
use eci_security_context_js::{AuditAnnotations, Finding, Rule, Verdict, text};
use eci_text::diff::{Change, Changed, Difference};
use eci_text::report::{SuppressedBy, Suppression};
use eci_text::show::{Located, container, effective};
use serde_json::{Map, Value};
use ts_rs::{Config, TS};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let out = PathBuf::from(std::env::args_os().nth(1).ok_or("usage: types OUT_DIR")?);
    fs::write(out.join("types.d.ts"), types())?;
    fs::write(
        out.join("schema.js"),
        format!("export default {};\n", schema()),
    )?;
    let version = env!("CARGO_PKG_VERSION");
    fs::write(
        out.join("version.js"),
        format!(
            "/** The version of the package. */\nconst version = '{version}';\nexport default version;\n"
        ),
    )?;
    Ok(())
}

fn types() -> String {
    let config = Config::default();
    let mut types = vec![
        alias(
            "The name of a rule.",
            "RuleId",
            RULES.iter().map(|rule| rule.id),
        ),
        alias(
            "The policy's action for a finding, the strongest first.",
            "Action",
            Action::ALL.map(Action::as_str),
        ),
        alias(
            "The effect on ECI of a pod that violates a rule.",
            "Effect",
            Effect::ALL.map(Effect::as_str),
        ),
        alias(
            "How sure it is that a pod runs on ECI.",
            "Certainty",
            Certainty::ALL.map(Certainty::as_str),
        ),
    ];
    types.push(declared::<Verdict>(&config));
    types.push(declared::<AuditAnnotations>(&config));
    types.push(declared::<Finding>(&config));
    types.push(declared::<Rule>(&config));
    types.extend(text_types(&config));
    let schema = schema();
    types.push(format!(
        "{}export type Settings = {};\n",
        comment(&schema, ""),
        typed(&schema, "")
    ));
    types.join("\n")
}

/// Returns the types of the functions on text.
fn text_types(config: &Config) -> Vec<String> {
    let mut types = vec![
        alias(
            "A field of a container's security context that `show` returns.",
            "Field",
            [
                "runAsUser",
                "runAsGroup",
                "runAsNonRoot",
                "privileged",
                "allowPrivilegeEscalation",
                "readOnlyRootFilesystem",
                "procMount",
            ],
        ),
        declared::<text::Range>(config),
        declared::<text::TextEdit>(config),
        declared::<text::TextProblem>(config),
        declared::<text::Checked>(config),
        declared::<text::CheckedObject>(config),
        declared::<text::TextScope>(config),
        declared::<text::TextFinding>(config),
        declared::<text::TextFix>(config),
        declared::<Suppression>(config),
        declared::<SuppressedBy>(config),
        declared::<text::Fixed>(config),
        declared::<text::Converted>(config),
        declared::<text::Explained>(config),
        declared::<Located>(config),
        declared::<effective::Scope>(config),
        declared::<effective::Effective>(config),
        declared::<effective::Instance>(config),
        declared::<effective::Sysctl>(config),
        declared::<effective::Remark>(config),
        declared::<container::Container>(config),
        declared::<container::Setting>(config),
        declared::<container::Asked>(config),
        declared::<container::Source>(config),
        declared::<container::Capabilities>(config),
        declared::<Changed>(config),
        declared::<Change>(config),
        declared::<Difference>(config),
    ];
    // What `show` and `diff` add to the types of the command.
    types.push(include_str!("ranges.d.ts").to_owned());
    types
}

fn declared<T: TS + 'static>(config: &Config) -> String {
    let docs = T::docs().unwrap_or_default();
    format!("{docs}export {}\n", T::decl(config))
}

fn alias(docs: &str, name: &str, words: impl IntoIterator<Item = &'static str>) -> String {
    format!(
        "/** {docs} */\nexport type {name} = {};\n",
        union(words.into_iter().map(|word| format!("{word:?}")))
    )
}

fn union(types: impl Iterator<Item = String>) -> String {
    types.collect::<Vec<_>>().join(" | ")
}

/// Returns the TypeScript type for a schema. It supports the keywords of the settings' schema; patterns have no type.
fn typed(schema: &Value, indent: &str) -> String {
    let parts = |key: &str| {
        schema
            .get(key)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    };
    if schema.get("enum").is_some() {
        return union(parts("enum").map(Value::to_string));
    }
    if schema.get("anyOf").is_some() {
        // An editor offers the known words, and other strings are accepted too.
        let words = union(parts("anyOf").map(|part| typed(part, indent)));
        return words.replace(" | string", " | (string & {})");
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("array") => {
            let items = schema
                .get("items")
                .map(|items| typed(items, indent))
                .unwrap_or_default();
            format!("({items})[]")
        }
        Some("object") => members(schema, indent),
        other => other.unwrap_or("unknown").to_owned(),
    }
}

fn members(schema: &Value, indent: &str) -> String {
    let none = Map::new();
    let inner = format!("{indent}  ");
    let required = |key: &str| {
        let list = schema.get("required").and_then(Value::as_array);
        list.is_some_and(|list| list.iter().any(|name| name == key))
    };
    let mut text = String::from("{\n");
    for (key, property) in schema
        .get("properties")
        .and_then(Value::as_object)
        .unwrap_or(&none)
    {
        let optional = if required(key) { "" } else { "?" };
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "{}{inner}{key:?}{optional}: {};",
            comment(property, &inner),
            typed(property, &inner)
        );
    }
    text + indent + "}"
}

fn comment(schema: &Value, indent: &str) -> String {
    let docs = schema
        .get("description")
        .and_then(Value::as_str)
        .unwrap_or_default();
    format!("{indent}/** {} */\n", docs.replace("*/", "*\\/"))
}
