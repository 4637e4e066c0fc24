//! Files that repeat the catalogue, the settings or the version equal the text generated from them.
//! `make bless` writes them again.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

mod chart;
mod chinese;
mod conditions;
mod figures;
mod metadata;
mod pages;
mod version;

use std::path::{Path, PathBuf};

use eci_security_context::rules::RULES;
use serde_json::Value;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The two policies that everything in deploy/ is made of.
const TWINS: [&str; 2] = [
    "deploy/virtual-nodes/mutating.yaml",
    "deploy/virtual-nodes/validating.yaml",
];

fn root(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

fn read(file: &str) -> String {
    std::fs::read_to_string(root(file)).unwrap_or_default()
}

/// The text of a file with today's version and conditions, so that a file is generated from it before or after it is updated.
fn text(file: &str) -> String {
    conditions::updated(file, version::updated(file, read(file)))
}

fn yaml(file: &str) -> Value {
    parsed(&text(file))
}

/// The one YAML document of a text.
fn parsed(text: &str) -> Value {
    let mut documents = eci_manifest::documents(text).unwrap();
    assert_eq!(documents.len(), 1, "not one document: {text}");
    documents.remove(0).value()
}

/// Asserts that a file has the generated text, or writes the file for `make bless`.
fn held(file: &str, generated: &str) {
    if std::env::var_os("ECI_BLESS").is_some() {
        std::fs::write(root(file), generated).unwrap();
        return;
    }
    let there = read(file);
    let pairs = there.lines().zip(generated.lines());
    let line = pairs.take_while(|(one, other)| one == other).count() + 1;
    assert!(
        there == generated,
        "{file} is out of date from line {line} on: run `make bless`"
    );
}

/// A page in three: up to the end of the first of two markers, between them, and from the second one on.
fn parts<'a>(page: &'a str, name: &str) -> [&'a str; 3] {
    let found = |marker: &str| {
        page.find(marker)
            .unwrap_or_else(|| panic!("no {marker} in: {page}"))
    };
    let begin = format!("<!-- begin {name} -->\n");
    let (before, rest) = page.split_at(found(&begin) + begin.len());
    let (part, after) = rest.split_at(found(&format!("<!-- end {name} -->")) - before.len());
    [before, part, after]
}

/// The text of a file with the part between two markers replaced.
fn between(file: &str, name: &str, generated: &str) -> String {
    let there = text(file);
    let [before, _, after] = parts(&there, name);
    format!("{before}{generated}{after}")
}
