//! The instruction budget for the payloads of `eci-bench module`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use eci_host::Meter;

use crate::{Failure, payload};

/// How far a payload may exceed the budget, in percent.
const MARGIN: u64 = 2;
/// The same for a compiler that has no figures in the budget.
const MARGIN_OF_ANOTHER: u64 = 20;

type Fuel = BTreeMap<String, u64>;

/// Compares the instructions that the module takes with bench/fuel-budget.json.
///
/// The number of instructions is the same on every machine, but it depends on the compiler. The module names its compiler
/// in the paths of the standard library's sources. Each payload may take 2% more than the budget for that compiler.
/// Without figures for the compiler, it may take 20% more than the largest figure. That finds a worse algorithm, but not
/// a loss of a few percent, and the output says so.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The policy.
    #[arg(long, default_value = "policy.wasm")]
    module: PathBuf,
    /// Writes the figures of this compiler to the budget instead.
    #[arg(long)]
    write: bool,
}

/// Checks or writes the budget.
///
/// # Errors
/// If a payload exceeds the budget.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let path = options.module.display();
    let module = std::fs::read(&options.module).map_err(|error| format!("{path}: {error}"))?;
    let compiler = compiler(&module).unwrap_or_else(|| "unknown".to_owned());
    let meter = Meter::from_bytes(&module)?;
    let mut fuel = Fuel::new();
    for (name, payload) in payload::all() {
        fuel.insert(name, meter.measure("validate", &payload)?.fuel);
    }

    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuel-budget.json");
    let mut budgets: BTreeMap<String, Fuel> =
        serde_json::from_str(&std::fs::read_to_string(&file)?)?;
    if options.write {
        budgets.insert(compiler.clone(), fuel);
        std::fs::write(&file, serde_json::to_string_pretty(&budgets)? + "\n")?;
        println!("fuel: the budget of compiler {compiler} is written");
        return Ok(());
    }
    let own = budgets.get(&compiler);
    let (budget, margin) = match own {
        Some(budget) => (budget.clone(), MARGIN),
        None => (largest(&budgets), MARGIN_OF_ANOTHER),
    };
    let mut over = 0;
    for (name, fuel) in &fuel {
        match budget.get(name) {
            Some(most) if *fuel * 100 <= most * (100 + margin) => {}
            Some(most) => {
                over += 1;
                let more = 100.0 * (*fuel as f64 / *most as f64 - 1.0);
                eprintln!("fuel: {name}: {fuel} instructions, {more:+.1}% of the budget's {most}");
            }
            None => {
                over += 1;
                eprintln!("fuel: {name}: {fuel} instructions, and no budget");
            }
        }
    }
    if over > 0 {
        return Err(format!(
            "{over} payloads are more than {margin}% over the budget of compiler {compiler}. If that is intended, run \
             `cargo eci-bench fuel --write` and explain it in the commit"
        )
        .into());
    }
    let count = fuel.len();
    if own.is_some() {
        println!("fuel: {count} payloads, none more than {margin}% over the budget of {compiler}");
    } else {
        println!(
            "fuel: the budget has no figures of compiler {compiler}: none of {count} payloads is more than {margin}% over \
             the largest of the others; `cargo eci-bench fuel --write` adds this compiler"
        );
    }
    Ok(())
}

/// Returns the largest figure of any compiler for each payload.
fn largest(budgets: &BTreeMap<String, Fuel>) -> Fuel {
    let mut largest = Fuel::new();
    for (name, fuel) in budgets.values().flatten() {
        let most = largest.entry(name.clone()).or_default();
        *most = (*most).max(*fuel);
    }
    largest
}

/// Returns the compiler that built the module, from the paths of the standard library.
///
/// It is a commit, or the name that `scripts/wasm-build` writes when it compiles the library from source.
fn compiler(module: &[u8]) -> Option<String> {
    const BEFORE: &[u8] = b"/rustc/";
    let at = module
        .windows(BEFORE.len())
        .position(|window| window == BEFORE)?;
    let rest = module.get(at + BEFORE.len()..)?;
    let end = rest.iter().position(|byte| *byte == b'/')?;
    String::from_utf8(rest.get(..end)?.to_vec()).ok()
}
