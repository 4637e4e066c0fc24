//! Compares the worst payloads that an API server accepts with the limits of policy-server.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use eci_host::{Error, Meter, Module};

use crate::Failure;
use crate::payload::{Verdict, no_cluster};
use crate::shapes::{LARGEST, shapes};

/// Policy-server's deadline for an evaluation.
const TIME: Duration = Duration::from_secs(2);
/// The share of the deadline that a payload may take.
const SHARE: f64 = 0.1;
/// The most memory that a payload may take, in MiB.
const MEMORY: f64 = 64.0;
/// The growth that still counts as linear. In a sorted structure with twice as many entries, each takes one step more, on
/// top of about seventeen.
const GROWTH: f64 = 2.2;
const SAMPLES: usize = 5;

/// Judges the worst payloads of 3 MiB, the most that an API server accepts.
///
/// Fails if one takes more than a tenth of policy-server's deadline of 2 seconds or more than 64 MiB, or if the
/// instructions of a shape grow faster than its bytes.
#[derive(Debug, Args)]
#[command(after_help = COLUMNS)]
pub(crate) struct Options {
    /// The policy.
    #[arg(long, default_value = "policy.wasm")]
    module: PathBuf,
    /// Measures only the shapes with this text in their name.
    #[arg(default_value = "")]
    name: String,
}

const COLUMNS: &str = "\
The columns:

  bytes    of the payload
  verdict  of the policy; `refused` where the payload cannot be read, `late` after the deadline
  ms       milliseconds of an evaluation in a fresh instance with its start, the fastest of 5
  time     that as a share of 2 seconds
  MiB      of linear memory at its peak
  fuel     instructions of `validate`, in millions
  growth   the instructions divided by those of a payload of half the size: 2 is linear";

/// Measures every shape.
///
/// # Errors
/// If a shape exceeds a limit or the module fails.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let module = Module::load(&options.module)?;
    let meter = Meter::from_bytes(&std::fs::read(&options.module)?)?;
    print!("{:<52} {:>8}  {:<8}", "shape", "bytes", "verdict");
    print!(" {:>6} {:>6} {:>6}", "ms", "time", "MiB");
    println!(" {:>6} {:>6}", "fuel", "growth");
    let mut over = 0;
    for shape in shapes()
        .iter()
        .filter(|shape| shape.name.contains(&*options.name))
    {
        let payload = shape.of_bytes(LARGEST);
        let cost = meter.measure("validate", &payload)?;
        let half = meter.measure("validate", &shape.of_bytes(LARGEST / 2))?;
        let growth = cost.fuel as f64 / half.fuel as f64;
        let (verdict, milliseconds) = timed(&module, &payload)?;
        let time = milliseconds / 1e3 / TIME.as_secs_f64();
        let mib = cost.memory as f64 / f64::from(1 << 20);
        let is_over = time > SHARE || mib > MEMORY || growth > GROWTH;
        over += usize::from(is_over);
        print!("{:<52} {:>8}  {verdict:<8}", shape.name, payload.len());
        print!(" {milliseconds:>6.1} {:>5.1}%", 100.0 * time);
        print!(" {mib:>6.1}");
        let mark = if is_over { "  OVER" } else { "" };
        println!(" {:>6} {growth:>6.2}{mark}", cost.fuel / 1_000_000);
    }
    match over {
        0 => Ok(()),
        1 => Err("1 shape is over a limit".into()),
        _ => Err(format!("{over} shapes are over a limit").into()),
    }
}

/// Returns the verdict on a payload and the milliseconds that it takes, at most the deadline.
fn timed(module: &Module, payload: &[u8]) -> Result<(Verdict, f64), Failure> {
    // The fastest run counts, as other work on the machine only adds time.
    let mut fastest = (Verdict::Late, TIME);
    for _ in 0..SAMPLES {
        let begin = Instant::now();
        let answer = module.call("validate", payload, no_cluster);
        let elapsed = begin.elapsed();
        match answer {
            Ok(answer) if elapsed < fastest.1 => fastest = (Verdict::of(&answer)?, elapsed),
            Ok(_) => {}
            Err(Error::Deadline(_)) => break,
            Err(error) => return Err(error.into()),
        }
    }
    Ok((fastest.0, fastest.1.as_secs_f64() * 1e3))
}
