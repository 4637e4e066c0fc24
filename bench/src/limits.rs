//! `eci-limits`: whether the worst that an API server lets through stays far from what policy-server gives.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use eci_host::limits::{LARGEST, SHAPES};
use eci_host::{Error, Meter, Module};
use serde_json::Value;

const HELP: &str = "\
Judges payloads of 3 MiB, what an API server lets through, in the nastiest shapes, and compares what it takes with
what policy-server gives an evaluation (2 seconds) and what a guest can have (4 GiB): more than a tenth of either is
an error, and so is a shape whose instructions grow faster than its bytes.

  eci-limits --module policy.wasm
  eci-limits containers                  the shapes with this in their name

  --module FILE  the policy [policy.wasm]
  -h, --help     this help

  bytes    of the payload
  verdict  of the policy; `refused` where the payload cannot be read
  ms       milliseconds of an evaluation in a fresh instance, its start included: the least of 5
  time     that as a share of 2 seconds
  MiB      of linear memory at its peak
  memory   that as a share of 4 GiB
  fuel     instructions of `validate`, in millions
  growth   the instructions of the payload by those of one of half its bytes: 2 is linear
";

/// What policy-server gives an evaluation.
const TIME: Duration = Duration::from_secs(2);
/// What a 32-bit guest can have.
const MEMORY: f64 = (1_u64 << 32) as f64;
/// The share of either that a payload may take.
const SHARE: f64 = 0.1;
/// The growth that is still linear: what is kept sorted takes one more step an entry, in seventeen or so.
const GROWTH: f64 = 2.2;
const SAMPLES: usize = 5;

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match run() {
        Ok(0) => ExitCode::SUCCESS,
        Ok(over) => {
            anstream::eprintln!("eci-limits: {over} shapes are over a limit");
            ExitCode::FAILURE
        }
        Err(failure) => {
            anstream::eprintln!("eci-limits: {failure}");
            ExitCode::from(2)
        }
    }
}

/// Measures every shape, and tells how many are over a limit.
fn run() -> Result<usize, Failure> {
    use lexopt::Arg::{Long, Short, Value};
    use lexopt::ValueExt;
    let (mut path, mut wanted) = ("policy.wasm".to_owned(), String::new());
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("help") | Short('h') => {
                anstream::print!("{HELP}");
                return Ok(0);
            }
            Long("module") => path = parser.value()?.string()?,
            Value(name) => wanted = name.string()?,
            other => return Err(other.unexpected().into()),
        }
    }
    let module = Module::load(&path)?;
    let meter = Meter::from_bytes(&std::fs::read(&path)?)?;
    anstream::println!(
        "{:<48} {:>8}  {:<8} {:>6} {:>6} {:>6} {:>6} {:>6} {:>6}",
        "shape",
        "bytes",
        "verdict",
        "ms",
        "time",
        "MiB",
        "memory",
        "fuel",
        "growth"
    );
    let mut over = 0;
    for shape in SHAPES.iter().filter(|shape| shape.name.contains(&wanted)) {
        let payload = shape.of_bytes(LARGEST);
        let cost = meter.measure("validate", &payload)?;
        let half = meter.measure("validate", &shape.of_bytes(LARGEST / 2))?;
        let growth = cost.fuel as f64 / half.fuel as f64;
        let (verdict, milliseconds) = timed(&module, &payload)?;
        let time = milliseconds / 1e3 / TIME.as_secs_f64();
        let memory = cost.memory as f64 / MEMORY;
        let is_over = time > SHARE || memory > SHARE || growth > GROWTH;
        over += usize::from(is_over);
        anstream::println!(
            "{:<48} {:>8}  {verdict:<8} {milliseconds:>6.1} {:>5.1}% {:>6.1} {:>5.1}% {:>6} {growth:>6.2}{}",
            shape.name,
            payload.len(),
            100.0 * time,
            cost.memory as f64 / f64::from(1 << 20),
            100.0 * memory,
            cost.fuel / 1_000_000,
            if is_over { "  OVER" } else { "" },
        );
    }
    Ok(over)
}

/// The verdict over a payload, and the milliseconds until it is there; policy-server's own limit where it takes longer.
fn timed(module: &Module, payload: &[u8]) -> Result<(&'static str, f64), Failure> {
    // The least, not the median: what else the machine does only adds.
    let mut least = Duration::MAX;
    let mut said = "";
    for _ in 0..SAMPLES {
        let begin = Instant::now();
        let answer = module.call("validate", payload, |_| {
            Err("nobody is asked here".to_owned())
        });
        least = least.min(begin.elapsed());
        match answer {
            Ok(answer) => said = verdict(&answer)?,
            Err(Error::Deadline(_)) => return Ok(("late", TIME.as_secs_f64() * 1e3)),
            Err(error) => return Err(error.into()),
        }
    }
    Ok((said, least.as_secs_f64() * 1e3))
}

fn verdict(answer: &[u8]) -> Result<&'static str, Failure> {
    let answer: Value = serde_json::from_slice(answer)?;
    Ok(
        match (
            answer.get("accepted").and_then(Value::as_bool),
            answer.get("code").and_then(Value::as_u64),
        ) {
            (Some(true), _)
                if answer
                    .get("mutated_object")
                    .is_some_and(|object| !object.is_null()) =>
            {
                "repaired"
            }
            (Some(true), _) => "accepted",
            (_, Some(403)) => "denied",
            _ => "refused",
        },
    )
}
