//! Files that repeat the catalogue, the settings or the version equal the text generated from them.
//! `make bless` writes them again.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

mod chart;
mod conditions;
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

/// The text of a file with the part between two markers replaced.
fn between(file: &str, name: &str, generated: &str) -> String {
    let there = text(file);
    let begin = format!("<!-- begin {name} -->\n");
    let end = format!("<!-- end {name} -->");
    let (before, rest) = there
        .split_once(&begin)
        .unwrap_or_else(|| panic!("{file} has no {begin}"));
    let (_, after) = rest
        .split_once(&end)
        .unwrap_or_else(|| panic!("{file} has no {end}"));
    format!("{before}{begin}{generated}{end}{after}")
}
