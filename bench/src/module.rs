//! The cost of an evaluation, compared with a guest that only reads its payload and with a policy written the usual way.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use eci_host::{Meter, Module};

use crate::Failure;
use crate::measure::median;
use crate::payload::{self, Verdict, no_cluster};

/// The most linear memory for a payload of up to [`SMALL`] bytes.
const MEMORY: usize = 2_000_000;
const SMALL: usize = 100_000;

/// Measures evaluations in Kubewarden's host, each in a fresh instance.
///
/// Compares the policy with two other guests. The floor (bench/floor) reads the payload to its end and accepts it. The
/// usual policy (bench/usual) reads the whole payload with the SDK's helpers, and checks only privileged mode and added
/// capabilities.
#[derive(Debug, Args)]
#[command(after_help = COLUMNS)]
pub(crate) struct Options {
    /// The policy.
    #[arg(long, default_value = "policy.wasm")]
    module: PathBuf,
    /// The floor.
    #[arg(long, default_value = "target/floor.wasm")]
    floor: PathBuf,
    /// The usual policy.
    #[arg(long, default_value = "target/usual.wasm")]
    usual: PathBuf,
    /// The time for each line.
    #[arg(long, default_value_t = 0.5)]
    seconds: f64,
}

const COLUMNS: &str = "\
The first table is the time in microseconds (medians):

  start    until a fresh instance is ready: the policy's, the floor's, the usual's
  eval     of the start and `validate` together: the same three
  x floor  the policy's evaluation divided by the floor's
  x usual  the policy's evaluation divided by the usual's

The second table has figures that are the same on every machine:

  fuel     thousands of instructions of `validate`, without the start, with the same ratios
  memory   KiB of linear memory at its peak; over 2 MB for a payload of up to 100 kB is an error";

/// Prints both tables.
///
/// # Errors
/// If a module fails, the usual policy has a different verdict, or a payload takes too much memory.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", machine()?)?;
    let paths = [&options.module, &options.floor, &options.usual];
    let budget = Duration::try_from_secs_f64(options.seconds)?;
    time(&mut out, paths, budget)?;
    fuel(&mut out, paths)
}

/// Returns the system and its cores.
///
/// # Errors
/// If the system does not report its cores.
pub(crate) fn machine() -> io::Result<String> {
    let cores = std::thread::available_parallelism()?;
    let (system, processor) = (std::env::consts::OS, std::env::consts::ARCH);
    Ok(format!("{system} {processor}, {cores} cores"))
}

fn time(out: &mut dyn Write, paths: [&PathBuf; 3], budget: Duration) -> Result<(), Failure> {
    let [policy, floor, usual] = paths.map(|path| load(path, &mut *out));
    let modules = [&policy?, &floor?, &usual?];
    write!(out, "\n{:<28} {:>8}  {:<8}", "payload", "bytes", "verdict")?;
    write!(out, " {:>7} {:>7} {:>7}", "start", "floor", "usual")?;
    write!(out, " {:>9} {:>8} {:>9}", "eval", "floor", "usual")?;
    writeln!(out, " {:>8} {:>8}", "x floor", "x usual")?;
    let mut least = f64::INFINITY;
    for (name, payload) in payload::all() {
        let [policy, _, usual] = modules;
        let verdict = Verdict::of(&policy.call("validate", &payload, no_cluster)?)?;
        if verdict != Verdict::of(&usual.call("validate", &payload, no_cluster)?)? {
            return Err(format!("{name}: the usual policy has another verdict").into());
        }
        let times = medians(modules, &payload, budget)?;
        write!(out, "{name:<28} {:>8}  {verdict:<8}", payload.len())?;
        for time in &times {
            write!(out, " {:>7.1}", time.start)?;
        }
        let [policy, floor, usual] = times.map(|times| times.start + times.call);
        write!(out, " {policy:>9.1} {floor:>8.1} {usual:>9.1}")?;
        writeln!(out, " {:>8.2} {:>8.2}", policy / floor, policy / usual)?;
        least = least.min(usual / policy);
    }
    writeln!(
        out,
        "the usual policy takes at least {least:.2} times as long"
    )?;
    Ok(())
}

fn fuel(out: &mut dyn Write, paths: [&PathBuf; 3]) -> Result<(), Failure> {
    let meter = |path| -> Result<_, Failure> { Ok(Meter::from_bytes(&std::fs::read(path)?)?) };
    let [policy, floor, usual] = paths.map(meter);
    let meters = [policy?, floor?, usual?];
    write!(out, "\n{:<28} {:>8}", "payload", "bytes")?;
    write!(out, " {:>9} {:>8} {:>9}", "fuel", "floor", "usual")?;
    write!(out, " {:>8} {:>8}", "x floor", "x usual")?;
    writeln!(out, " {:>7} {:>7} {:>7}", "memory", "floor", "usual")?;
    let mut over = Vec::new();
    for (name, payload) in payload::all() {
        let costs = meters
            .each_ref()
            .map(|meter| meter.measure("validate", &payload));
        let [policy, floor, usual] = costs;
        let costs = [policy?, floor?, usual?];
        let [fuel, floor, usual] = costs.map(|cost| cost.fuel);
        let thousands = [fuel, floor, usual].map(|fuel| fuel.div_ceil(1000));
        write!(out, "{name:<28} {:>8}", payload.len())?;
        write!(
            out,
            " {:>9} {:>8} {:>9}",
            thousands[0], thousands[1], thousands[2]
        )?;
        let by = |other: u64| fuel as f64 / other as f64;
        write!(out, " {:>8.2} {:>8.2}", by(floor), by(usual))?;
        let [memory, floor, usual] = costs.map(|cost| cost.memory / 1024);
        writeln!(out, " {memory:>7} {floor:>7} {usual:>7}")?;
        if payload.len() <= SMALL && costs[0].memory > MEMORY {
            over.push(name);
        }
    }
    if over.is_empty() {
        Ok(())
    } else {
        Err(format!("over 2 MB of memory: {}", over.join("; ")).into())
    }
}

/// Compiles a module and prints its size and the time.
fn load(path: &Path, out: &mut dyn Write) -> Result<Module, Failure> {
    let begin = Instant::now();
    let module = Module::load(path)?;
    let elapsed = begin.elapsed().as_millis();
    let bytes = std::fs::metadata(path)?.len();
    writeln!(
        out,
        "{}: {bytes} bytes, compiled in {elapsed} ms",
        path.display()
    )?;
    Ok(module)
}

/// The medians in microseconds.
struct Times {
    start: f64,
    call: f64,
}

/// Measures the modules in turns, so that other work on the machine slows all of them.
fn medians<const N: usize>(
    modules: [&Module; N],
    payload: &[u8],
    budget: Duration,
) -> Result<[Times; N], Failure> {
    let mut samples = [const { (Vec::new(), Vec::new()) }; N];
    let begin = Instant::now();
    while begin.elapsed() < budget || samples.iter().any(|(starts, _)| starts.len() < 15) {
        for (module, (starts, calls)) in modules.iter().zip(&mut samples) {
            let begin = Instant::now();
            let instance = module.instance(no_cluster)?;
            starts.push(begin.elapsed());
            let begin = Instant::now();
            instance.call("validate", payload)?;
            calls.push(begin.elapsed());
        }
    }
    Ok(samples.map(|(starts, calls)| Times {
        start: median(starts),
        call: median(calls),
    }))
}
