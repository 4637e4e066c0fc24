//! Makes seeds for the fuzz targets of the cases: `fuzz-seeds <tests/cases> <fuzz/corpus>`.
//!
//! Of each rule a few short ones are taken: a fuzzer finds the variations by itself, and runs all seeds before it
//! starts. What has been found by fuzzing stands beside them under names of its own, and stays.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a developer's program"
)]

use std::collections::BTreeSet;
use std::path::Path;
use std::{env, fs};

use eci_manifest::case::read_all;
use serde_json::Value;

/// How many seeds of a target come of one rule's cases.
const A_RULE: usize = 4;
/// The longest seed.
const LENGTH: usize = 2048;

fn main() {
    let arguments: Vec<String> = env::args().collect();
    let [_, cases, corpus] = arguments.as_slice() else {
        panic!("usage: fuzz-seeds CASES CORPUS")
    };
    let mut seeds = BTreeSet::new();
    for case in read_all(Path::new(cases)) {
        let rule = &case.rule;
        let mut seed = |target: &'static str, text: String| {
            let of_rule = seeds
                .iter()
                .filter(|(of, name, _)| (*of, name) == (target, rule))
                .count();
            if (1..=LENGTH).contains(&text.len()) && of_rule < A_RULE {
                seeds.insert((target, rule.clone(), text));
            }
        };
        seed("request", case.payload_text());
        let file = Path::new(cases).join(format!("{}.yaml", case.name));
        seed(
            "yaml_edit",
            fs::read_to_string(file).expect("a case is a file"),
        );
        match &case.payload["settings"] {
            Value::Object(settings) if settings.is_empty() => {}
            settings => seed("settings", settings.to_string()),
        }
        each(
            &case.payload["request"]["object"],
            &mut |key, value| match (key, value) {
                ("k8s.aliyun.com/eci-host-sysctls", Value::String(text)) => {
                    seed("host_sysctls", text.clone())
                }
                ("k8s.aliyun.com/eci-use-specs" | "cpu" | "memory", Value::String(text)) => {
                    seed("quantity", text.clone());
                }
                _ => {}
            },
        );
    }
    let mut number = 0;
    let mut before = None;
    for (target, rule, text) in &seeds {
        number = if before == Some((target, rule)) {
            number + 1
        } else {
            1
        };
        before = Some((target, rule));
        let folder = Path::new(corpus).join(target);
        fs::create_dir_all(&folder).expect("a folder can be made");
        fs::write(folder.join(format!("{rule}-{number}")), text).expect("a seed can be written");
    }
}

/// Every field in a value.
fn each(value: &Value, visit: &mut dyn FnMut(&str, &Value)) {
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                visit(key, value);
                each(value, visit);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| each(item, visit)),
        _ => {}
    }
}
