//! The budget: the instructions that the built module takes for the payloads of `make bench`, each within 2% of what
//! `fuel-budget.json` has for the compiler that built it. They are the same on every machine, but not from every
//! compiler; the module tells which it was in the paths of the standard library's sources.
//!
//! Where the budget has no such compiler, the module is held against the largest figures of any, and may take a fifth
//! more: this finds a slip of the algorithm, and not one of a few per cent. The output says so.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use eci_host::{Meter, payload};
use serde_json::{Value, json};

/// How far over the budget a payload may be, in parts of a hundred.
const MARGIN: u64 = 2;
/// The same where the compiler is not the budget's.
const MARGIN_OF_ANOTHER: u64 = 20;
const COMMAND: &str = "make fuel-budget";

type Fuel = BTreeMap<String, u64>;

fn main() -> ExitCode {
    let path = std::env::var_os("POLICY_WASM")
        .expect("POLICY_WASM names the built module; `make test` sets it");
    let module = std::fs::read(path).unwrap();
    let compiler = compiler(&module).unwrap_or_else(|| "unknown".to_owned());
    let meter = Meter::from_bytes(&module).unwrap();
    let cost = |payload: &[u8]| meter.measure("validate", payload).unwrap().fuel;
    let fuel: Fuel = payload::all()
        .iter()
        .map(|(name, payload)| (name.clone(), cost(payload)))
        .collect();

    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuel-budget.json");
    let mut budgets: BTreeMap<String, Fuel> =
        serde_json::from_str::<Value>(&std::fs::read_to_string(&file).unwrap())
            .and_then(serde_json::from_value)
            .unwrap();
    if std::env::var_os("ECI_BLESS").is_some() {
        budgets.insert(compiler.clone(), fuel);
        std::fs::write(&file, format!("{:#}\n", json!(budgets))).unwrap();
        println!("fuel: the budget of compiler {compiler} is written");
        return ExitCode::SUCCESS;
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
        eprintln!(
            "fuel: {over} payloads are more than {margin}% over the budget of compiler {compiler}. Where that is meant, \
             `{COMMAND}` writes e2e-tests/fuel-budget.json anew, and the commit says why."
        );
        return ExitCode::FAILURE;
    }
    if own.is_some() {
        println!(
            "fuel: {} payloads, none more than {margin}% over the budget of compiler {compiler}",
            fuel.len()
        );
    } else {
        println!(
            "fuel: NO BUDGET for compiler {compiler}, so only a slip of more than {margin}% over the largest of the others \
             would have been found; `{COMMAND}` adds this compiler's to e2e-tests/fuel-budget.json"
        );
    }
    ExitCode::SUCCESS
}

/// The most that any compiler has for each payload.
fn largest(budgets: &BTreeMap<String, Fuel>) -> Fuel {
    let mut largest = Fuel::new();
    for (name, fuel) in budgets.values().flatten() {
        let most = largest.entry(name.clone()).or_default();
        *most = (*most).max(*fuel);
    }
    largest
}

/// The compiler that built the module: the commit that rustup's compilers have in the paths of the standard library,
/// or what `scripts/wasm-build` puts in its place where it compiles the library from source.
fn compiler(module: &[u8]) -> Option<String> {
    const BEFORE: &[u8] = b"/rustc/";
    let at = module
        .windows(BEFORE.len())
        .position(|window| window == BEFORE)?;
    let rest = module.get(at + BEFORE.len()..)?;
    let end = rest.iter().position(|byte| *byte == b'/')?;
    String::from_utf8(rest.get(..end)?.to_vec()).ok()
}
