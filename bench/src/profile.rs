//! `eci-profile`: which functions of the module an evaluation's instructions go to.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use eci_host::{Meter, payload};

const HELP: &str = "\
Takes samples of an evaluation, one after each equal part of its instructions, and counts the functions that it is in.
The numbers are the same every time. A module keeps the names of its functions if it is built with
CARGO_PROFILE_RELEASE_STRIP=debuginfo (`make profile` does so); what was inlined counts for its caller.

  eci-profile --module policy.wasm 'pod, 1 kB, accepted'    a payload of `make bench`
  eci-profile --module policy.wasm payload.json             a file

  --module FILE  the policy [policy.wasm]
  --samples N    how many samples [1000]
  -h, --help     this help

  self  percent of the instructions in the function itself
  all   percent in it and in what it calls
";

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            anstream::eprintln!("eci-profile: {failure}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), Failure> {
    use lexopt::Arg::{Long, Short, Value};
    use lexopt::ValueExt;
    let (mut path, mut samples, mut wanted) = ("policy.wasm".to_owned(), 1000, None);
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("help") | Short('h') => {
                anstream::print!("{HELP}");
                return Ok(());
            }
            Long("module") => path = parser.value()?.string()?,
            Long("samples") => samples = parser.value()?.parse()?,
            Value(name) => wanted = Some(name.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let wanted = wanted.ok_or("which payload? `eci-profile --help` tells")?;
    let payload = match payload::all().into_iter().find(|(name, _)| *name == wanted) {
        Some((_, payload)) => payload,
        None => std::fs::read(&wanted).map_err(|error| {
            format!("{wanted}: no payload of the benchmark, and no file: {error}")
        })?,
    };
    let bytes = std::fs::read(&path).map_err(|error| format!("{path}: {error}"))?;
    let meter = Meter::from_bytes(&bytes)?;
    let stacks = meter.stacks("validate", &payload, samples)?;
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
    functions
        .sort_by_key(|(function, all)| (std::cmp::Reverse((own.get(function), *all)), *function));
    let percent = |count: i32| f64::from(count) * 100.0 / stacks.len() as f64;
    anstream::println!("{:>6} {:>6}  function", "self", "all");
    for (function, all) in functions {
        let own = own.get(function).copied().unwrap_or_default();
        anstream::println!("{:>6.1} {:>6.1}  {function}", percent(own), percent(all));
    }
    Ok(())
}
