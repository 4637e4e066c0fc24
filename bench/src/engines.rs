//! What the same decision costs in each engine: the native core, the module for Kubewarden in a fresh instance each time
//! (as policy-server has it), and in JavaScript the module for OPA and the npm package, in one instance each.
//!
//!   engines-bench NATIVE      NATIVE: the program that measures the core, `eci-bench-check`
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a measurement that fails may panic"
)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use eci_host::Module;
use eci_host::payload::{Variant, asking_for, deployment, median, pod};
use serde_json::Value;

fn main() {
    let native = std::env::args()
        .nth(1)
        .unwrap_or_else(|| panic!("say which program measures the native core"));
    let sizes = [
        ("policy.wasm", "POLICY_WASM"),
        ("policy.opa.wasm", "POLICY_OPA_WASM"),
    ];
    for (name, variable) in sizes {
        println!(
            "{name:<24}{:>9} bytes",
            fs::metadata(path(variable)).unwrap().len()
        );
    }
    println!(
        "{:<24}{:>9} bytes unpacked\n",
        "npm package",
        size(&path("NPM_PACKAGE"))
    );

    let mut payloads = Vec::new();
    for (variant, verdict) in [
        (Variant::Accepted, "accepted"),
        (Variant::Denied, "denied"),
        (Variant::Repaired, "repaired"),
    ] {
        payloads.push((format!("pod, 1 kB, {verdict}"), pod(variant, 1, 400, 0)));
    }
    payloads.push((
        "deployment, 3 kB, accepted".to_owned(),
        deployment(Variant::Accepted, 2, 1_900),
    ));
    payloads.push((
        "deployment, 30 kB, accepted".to_owned(),
        deployment(Variant::Accepted, 20, 25_000),
    ));
    payloads.push((
        "pod, 300 kB, accepted".to_owned(),
        pod(Variant::Accepted, 20, 48_000, 250_000),
    ));
    let lines: Vec<_> = payloads
        .iter()
        .map(|(_, object)| String::from_utf8(asking_for(object)).unwrap())
        .collect();

    let core = measured(Command::new(native).arg("core"), &lines);
    let node = measured(
        Command::new("node").arg(root("e2e-tests/node/bench.js")),
        &lines,
    );
    let module = Module::load(path("POLICY_WASM")).unwrap();
    println!(
        "{:<28}{:>9}{:>12}{:>12}{:>12}{:>12}",
        "microseconds", "native", "Kubewarden", "OPA, bytes", "OPA, object", "npm"
    );
    for (index, (name, _)) in payloads.iter().enumerate() {
        let costs: Value = serde_json::from_str(&node[index]).unwrap();
        let cost = |key: &str| costs[key].as_f64().unwrap();
        println!(
            "{name:<28}{:>9.1}{:>12.1}{:>12.1}{:>12.1}{:>12.1}",
            core[index].parse::<f64>().unwrap(),
            fresh_instances(&module, lines[index].as_bytes()),
            cost("opaBytes"),
            cost("opaObject"),
            cost("npm"),
        );
    }
}

fn root(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file)
}

fn path(variable: &str) -> PathBuf {
    std::env::var_os(variable)
        .unwrap_or_else(|| panic!("{variable} is not set; `make bench` sets it"))
        .into()
}

/// The bytes of the files in a folder.
fn size(folder: &Path) -> u64 {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum()
}

/// What a program says to the lines, a line each.
fn measured(command: &mut Command, lines: &[String]) -> Vec<String> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all((lines.join("\n") + "\n").as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{command:?}");
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

fn fresh_instances(module: &Module, payload: &[u8]) -> f64 {
    let mut samples = Vec::new();
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_millis(300) {
        let begin = Instant::now();
        module
            .call("validate", payload, |_| {
                Err("a bench has no cluster".to_owned())
            })
            .unwrap();
        samples.push(begin.elapsed());
    }
    median(samples)
}
