//! The schemas of the configuration and of the report say what the command reads and writes, and docs/report.md lists the
//! fields of the report. `make bless` writes the files again.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

mod support;

use std::collections::BTreeSet;

use serde_json::Value;
use support::{BROKEN, CLEAN, DENIED, FOREIGN, Folder, REPAIRED, WARNED, held};

fn schema(of: &str) -> Value {
    let ran = Folder::with(&[]).run(&["schema", of]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{of}");
    serde_json::from_str(&ran.out).unwrap()
}

#[test]
fn the_schemas_are_published() {
    for of in ["config", "report"] {
        let schema = schema(of);
        jsonschema::meta::validate(&schema).unwrap();
        held(
            &format!("schemas/{of}.schema.json"),
            &format!("{schema:#}\n"),
        );
    }
}

#[test]
fn the_schema_of_the_configuration_agrees_with_the_command() {
    let schema = jsonschema::draft202012::new(&schema("config")).unwrap();
    let folder = Folder::with(&[("pod.yaml", CLEAN), ("settings.yaml", "mutate: none")]);
    for (text, is_valid) in [
        ("{}", true),
        ("strict: true", true),
        ("strict: yes", true),
        ("strict: 1", false),
        ("strikt: true", false),
        ("exclude: [vendor/, '!vendor/a.yaml']", true),
        ("exclude: vendor/", false),
        ("exclude: [1]", false),
        ("assumeEci: true", true),
        ("assumeEci: [a, b]", true),
        ("assumeEci: a", false),
        ("settings: settings.yaml", true),
        ("settings: ''", false),
        ("settings: {mutate: none}", true),
        ("settings: {mutate: never}", false),
        ("settings: [1]", false),
        ("[]", false),
    ] {
        folder.write(".eci-policy.yaml", text);
        let value = eci_manifest::documents(text).unwrap().remove(0).value();
        assert_eq!(schema.is_valid(&value), is_valid, "the schema: {text}");
        let ran = folder.run(&["check", "pod.yaml"]);
        assert_eq!(ran.code, if is_valid { 0 } else { 2 }, "{text}: {ran:?}");
    }
}

/// Adds the path of every field that a schema has: `files[].findings[].rule`.
fn fields(schema: &Value, root: &Value, at: &str, all: &mut Vec<(String, String, String)>) {
    let resolved = |schema: &Value| -> Value {
        let reference = schema["$ref"].as_str();
        reference.map_or_else(
            || schema.clone(),
            |reference| {
                let pointer = reference.strip_prefix('#').unwrap();
                root.pointer(pointer).unwrap().clone()
            },
        )
    };
    let schema = resolved(schema);
    let Some(properties) = schema["properties"].as_object() else {
        return;
    };
    for (name, property) in properties {
        let path = match at {
            "" => name.clone(),
            at => format!("{at}.{name}"),
        };
        let words = |schema: &Value| match &schema["type"] {
            Value::String(word) => word.clone(),
            Value::Array(words) => {
                let words: Vec<_> = words.iter().map(|word| word.as_str().unwrap()).collect();
                words.join(" or ")
            }
            _ if schema["oneOf"].is_array() => "string".to_owned(),
            _ => "object".to_owned(),
        };
        let (one, more) = match property["anyOf"].as_array() {
            Some(choices) => (resolved(&choices[0]), " or null"),
            None => (resolved(property), ""),
        };
        let description = property["description"].as_str();
        let description = description.unwrap_or_else(|| panic!("{path} has no description"));
        let kind = format!("{}{more}", words(&one));
        all.push((path.clone(), kind, description.to_owned()));
        match one["items"].is_object() {
            true => fields(&one["items"], root, &format!("{path}[]"), all),
            false => fields(&one, root, &path, all),
        }
    }
}

/// Adds the path of every field that a value has.
fn written(value: &Value, at: &str, all: &mut BTreeSet<String>) {
    match value {
        Value::Object(entries) => {
            for (name, value) in entries {
                let path = match at {
                    "" => name.clone(),
                    at => format!("{at}.{name}"),
                };
                all.insert(path.clone());
                written(value, &path, all);
            }
        }
        Value::Array(items) => {
            let at = format!("{at}[]");
            items.iter().for_each(|item| written(item, &at, all));
        }
        _ => {}
    }
}

#[test]
fn the_report_has_the_fields_of_its_schema_and_no_others() {
    let root = schema("report");
    let mut known = Vec::new();
    fields(&root, &root, "", &mut known);
    let known: BTreeSet<_> = known.into_iter().map(|(path, ..)| path).collect();
    let validator = jsonschema::draft202012::new(&root).unwrap();
    let folder = Folder::with(&[
        ("denied.yaml", DENIED),
        ("warned.yaml", WARNED),
        ("repaired.yaml", REPAIRED),
        ("broken.yaml", BROKEN),
        ("foreign.yaml", FOREIGN),
    ]);
    let allowed = "hostPID: true # eci-policy: allow host-namespaces known";
    folder.write("suppressed.yaml", DENIED.replace("hostPID: true", allowed));
    let cases = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/cases");
    let mut all = BTreeSet::new();
    for (code, path) in [(2, "."), (2, "none.yaml"), (2, cases)] {
        let report = folder.checked(code, &[path]);
        let errors: Vec<_> = validator
            .iter_errors(&report)
            .map(|error| error.to_string())
            .collect();
        assert_eq!(errors, [""; 0], "{path}");
        written(&report, "", &mut all);
    }
    assert_eq!(all, known);
}

#[test]
fn a_page_lists_the_fields() {
    let root = schema("report");
    let mut all = Vec::new();
    fields(&root, &root, "", &mut all);
    let rows: Vec<_> = all
        .into_iter()
        .map(|(path, kind, description)| format!("| `{path}` | {kind} | {description} |\n"))
        .collect();
    let page = format!(
        "\
# The JSON report

`eci-policy check --format json` prints this report, for programs. Its schema is
[report.schema.json](../schemas/report.schema.json), and `eci-policy schema report` prints it. `version` rises when a
field is removed or changes its meaning; new fields may appear at any time. This page is generated from the schema.

| field | type | meaning |
|---|---|---|
{}",
        rows.concat()
    );
    held("docs/report.md", &page);
}
