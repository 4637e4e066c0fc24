//! `eci-policy generate`: its output is in deploy/, and follows the settings. tests/cel.rs holds the expressions to the core.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

mod support;

use std::fs;
use std::path::Path;

use eci_manifest::Document;
use serde_json::{Value, json};
use support::{CLEAN, Folder};

const KINDS: [&str; 2] = ["validating-admission-policy", "gatekeeper"];

/// Returns the output with settings.
fn generated(kind: &str, settings: &str) -> String {
    let folder = Folder::with(&[("settings.yaml", settings)]);
    let ran = folder.run(&["generate", kind, "--settings", "settings.yaml"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{kind}: {settings}");
    ran.out
}

fn documents(text: &str) -> Vec<Value> {
    let documents = eci_manifest::documents(text).unwrap();
    documents.iter().map(Document::value).collect()
}

/// Returns the comment at the top, with each of its lines joined.
fn comment(text: &str) -> Vec<String> {
    let comment = text.split("---\n").next().unwrap();
    let lines = comment.replace("\n#   ", " ");
    lines
        .lines()
        .map(|line| line.strip_prefix("# ").unwrap().to_owned())
        .collect()
}

/// Returns the document of a kind and a name.
fn find<'d>(documents: &'d [Value], kind: &str, name: &str) -> &'d Value {
    let is_it = |document: &&Value| document["kind"] == kind && document["metadata"]["name"] == name;
    documents.iter().find(is_it).unwrap()
}

/// Returns the policy that denies.
fn policy(settings: &str) -> Value {
    let documents = documents(&generated("validating-admission-policy", settings));
    let (kind, name) = ("ValidatingAdmissionPolicy", "eci-security-context");
    find(&documents, kind, name)["spec"].clone()
}

/// Returns an expression by its name.
fn expression<'v>(named: &'v Value, name: &str) -> Option<&'v str> {
    let mut named = named.as_array().unwrap().iter();
    let found = named.find(|entry| entry["name"] == name)?;
    found["expression"].as_str()
}

/// Holds a file of the repository to its content.
fn held(file: &str, content: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    if std::env::var_os("ECI_BLESS").is_some() {
        fs::write(&path, content).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == content,
        "{file} is not up to date; run `make bless`"
    );
}

/// The API server knows the kinds of the constraints only after Gatekeeper has read the templates, so they are two files.
#[test]
fn the_files_for_the_default_settings_are_in_deploy() {
    let [policies, gatekeeper] = KINDS.map(|kind| generated(kind, "{}"));
    held(
        "deploy/validating-admission-policy/policies.yaml",
        &policies,
    );
    let comment = gatekeeper.split("---\n").next().unwrap();
    let (templates, constraints) = {
        let start = gatekeeper.find("---\napiVersion: constraints").unwrap();
        gatekeeper.split_at(start)
    };
    held("deploy/gatekeeper/templates/templates.yaml", templates);
    held(
        "deploy/gatekeeper/constraints/constraints.yaml",
        &format!("{comment}{constraints}"),
    );
}
