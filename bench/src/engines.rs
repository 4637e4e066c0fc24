//! The cost of the same decision in each engine.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use clap::Args;
use eci_host::Module;
use serde_json::Value;

use crate::measure::median_of;
use crate::payload::{Variant, asking_for, deployment, no_cluster, pod};
use crate::{Failure, module};

/// Measures the same decision in the native core, the module for Kubewarden, the module for OPA and the npm package.
///
/// Kubewarden's module gets a fresh instance each time, as in policy-server. The last two run in JavaScript, with one
/// instance each. `make bench-engines` builds all of them first.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// A release build of this program, which measures the native core.
    #[arg(long, default_value = "target/dist/eci-bench")]
    native: PathBuf,
    /// The module for Kubewarden.
    #[arg(long, default_value = "policy.wasm")]
    module: PathBuf,
    /// The module for OPA.
    #[arg(long, default_value = "policy.opa.wasm")]
    opa: PathBuf,
    /// The unpacked npm package.
    #[arg(long, default_value = "target/npm/package")]
    npm: PathBuf,
}

/// Prints the sizes of the engines and a line for each payload.
///
/// # Errors
/// If an engine is missing or fails.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    println!("{}", module::machine()?);
    for (name, path) in [
        ("policy.wasm", &options.module),
        ("policy.opa.wasm", &options.opa),
    ] {
        println!("{name:<24}{:>9} bytes", fs::metadata(path)?.len());
    }
    println!(
        "{:<24}{:>9} bytes unpacked\n",
        "npm package",
        size(&options.npm)?
    );

    let payloads = payloads();
    let lines: Vec<_> = payloads.iter().map(|(_, line)| line.as_str()).collect();
    let core = measured(Command::new(&options.native).arg("native"), &lines)?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("engines.js");
    let node = measured(
        Command::new("node")
            .arg(script)
            .env("POLICY_OPA_WASM", &options.opa)
            .env("NPM_PACKAGE", &options.npm),
        &lines,
    )?;
    let module = Module::load(&options.module)?;
    print!("{:<28}{:>9}{:>12}", "microseconds", "native", "Kubewarden");
    println!("{:>12}{:>12}{:>12}", "OPA, bytes", "OPA, object", "npm");
    for (((name, payload), core), node) in payloads.iter().zip(core).zip(node) {
        let kubewarden = median_of(Duration::from_millis(300), || {
            module
                .call("validate", payload.as_bytes(), no_cluster)
                .map(drop)
        })?;
        let costs: Value = serde_json::from_str(&node)?;
        let cost = |key: &str| costs.get(key).and_then(Value::as_f64).unwrap_or(f64::NAN);
        print!("{name:<28}{:>9.1}{kubewarden:>12.1}", core.parse::<f64>()?);
        print!("{:>12.1}{:>12.1}", cost("opaBytes"), cost("opaObject"));
        println!("{:>12.1}", cost("npm"));
    }
    Ok(())
}

/// Returns the payloads with their names, each on one line.
fn payloads() -> Vec<(String, String)> {
    let variants = [
        (Variant::Accepted, "accepted"),
        (Variant::Denied, "denied"),
        (Variant::Repaired, "repaired"),
    ];
    let pods = variants
        .map(|(variant, verdict)| (format!("pod, 1 kB, {verdict}"), pod(variant, 1, 400, 0)));
    let accepted = Variant::Accepted;
    let larger = [
        ("deployment, 3 kB, accepted", deployment(accepted, 2, 1_900)),
        (
            "deployment, 30 kB, accepted",
            deployment(accepted, 20, 25_000),
        ),
        ("pod, 300 kB, accepted", pod(accepted, 20, 48_000, 250_000)),
    ];
    let larger = larger.map(|(name, object)| (name.to_owned(), object));
    let text = |object: &Value| String::from_utf8_lossy(&asking_for(object)).into_owned();
    pods.iter()
        .chain(&larger)
        .map(|(name, object)| (name.clone(), text(object)))
        .collect()
}

/// Returns the total size of the files in a folder.
fn size(folder: &Path) -> Result<u64, Failure> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        bytes += entry?.metadata()?.len();
    }
    Ok(bytes)
}

/// Returns the lines that a program prints for these lines of input.
fn measured(command: &mut Command, lines: &[&str]) -> Result<Vec<String>, Failure> {
    let program = command.get_program().display().to_string();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{program}: {error}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all((lines.join("\n") + "\n").as_bytes())?;
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err(format!("{program}: {}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?
        .lines()
        .map(str::to_owned)
        .collect())
}
