//! `cargo xtask fuzz-seeds`: makes seeds for the fuzz targets from the cases.
//!
//! Each rule gives a few short ones: a fuzzer finds the variations by itself, but runs all seeds before it starts. The
//! inputs that fuzzing has found are in fuzz/found.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use eci_corpus::{Case, read_all};
use serde_json::Value;

use crate::Failure;

/// The most seeds of one rule for one target.
const A_RULE: usize = 4;
/// The longest seed, in bytes.
const LENGTH: usize = 2048;

/// Replaces `folder` by seeds made from the cases in the folder `cases`.
///
/// # Errors
/// If a file cannot be read or written.
pub(crate) fn write(cases: &Path, folder: &Path) -> Result<(), Failure> {
    let mut seeds: BTreeSet<(&str, String, String)> = BTreeSet::new();
    for case in read_all(cases) {
        for (target, text) in of_case(&case) {
            let rule = &case.rule;
            let others = seeds
                .iter()
                .filter(|(of, name, _)| *of == target && name == rule);
            if (1..=LENGTH).contains(&text.len()) && others.count() < A_RULE {
                seeds.insert((target, rule.clone(), text));
            }
        }
    }
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    for (number, (target, rule, text)) in seeds.iter().enumerate() {
        let folder = folder.join(target);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(format!("{rule}-{number}")), text)?;
    }
    println!("{} seeds in {}", seeds.len(), folder.display());
    Ok(())
}

/// Returns the seeds of a case, each with its target.
fn of_case(case: &Case) -> Vec<(&'static str, String)> {
    let mut seeds = vec![
        ("request", case.payload_text()),
        ("yaml_edit", case.text().to_owned()),
    ];
    let part = |pointer| case.payload.pointer(pointer).unwrap_or(&Value::Null);
    match part("/settings") {
        Value::Object(settings) if settings.is_empty() => {}
        settings => seeds.push(("settings", settings.to_string())),
    }
    each(part("/request/object"), &mut |key, value| {
        let target = match key {
            "k8s.aliyun.com/eci-host-sysctls" => "host_sysctls",
            "k8s.aliyun.com/eci-use-specs" | "cpu" | "memory" => "quantity",
            _ => return,
        };
        if let Value::String(text) = value {
            seeds.push((target, text.clone()));
        }
    });
    seeds
}

/// Visits every field in a value.
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
