//! The functions in which an evaluation spends its instructions.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::Args;
use eci_host::Meter;

use crate::{Failure, payload};

/// Samples an evaluation after each equal part of its instructions, and counts the functions on the stack.
///
/// The numbers are the same every time. An inlined function counts for its caller. `make bench-profile` builds the module
/// with CARGO_PROFILE_RELEASE_STRIP=debuginfo, so that it keeps the names of its functions.
#[derive(Debug, Args)]
#[command(after_help = COLUMNS)]
pub(crate) struct Options {
    /// The policy.
    #[arg(long, default_value = "policy.wasm")]
    module: PathBuf,
    /// The number of samples.
    #[arg(long, default_value_t = 1000)]
    samples: u64,
    /// A payload of `eci-bench module`, such as 'pod, 1 kB, accepted', or a file.
    payload: String,
}

const COLUMNS: &str = "\
The columns:

  self  percent of the instructions in the function itself
  all   percent in it and in the functions it calls";

/// Prints a line for each function.
///
/// # Errors
/// If the payload does not exist or the module fails.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let wanted = &options.payload;
    let known = payload::all().into_iter().find(|(name, _)| name == wanted);
    let payload = match known {
        Some((_, payload)) => payload,
        None => std::fs::read(wanted).map_err(|error| {
            format!("{wanted}: neither a payload of the benchmark nor a file: {error}")
        })?,
    };
    let path = options.module.display();
    let bytes = std::fs::read(&options.module).map_err(|error| format!("{path}: {error}"))?;
    let stacks = Meter::from_bytes(&bytes)?.stacks("validate", &payload, options.samples)?;
    let (mut own, mut all) = (BTreeMap::new(), BTreeMap::new());
    for stack in &stacks {
        if let Some(innermost) = stack.first() {
            *own.entry(innermost).or_insert(0) += 1;
        }
        for function in stack.iter().collect::<BTreeSet<_>>() {
            *all.entry(function).or_insert(0) += 1;
        }
    }
    let mut functions: Vec<_> = all.into_iter().collect();
    functions.sort_by_key(|(function, all)| (Reverse((own.get(function), *all)), *function));
    let percent = |count: i32| f64::from(count) * 100.0 / stacks.len() as f64;
    println!("{:>6} {:>6}  function", "self", "all");
    for (function, all) in functions {
        let own = own.get(function).copied().unwrap_or_default();
        println!("{:>6.1} {:>6.1}  {function}", percent(own), percent(all));
    }
    Ok(())
}
