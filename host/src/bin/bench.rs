//! `eci-bench`: what an evaluation costs, beside a guest that only reads its payload.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use eci_host::payload::{self, median};
use eci_host::{Meter, Module};
use serde_json::Value;

const HELP: &str = "\
Measures the policy's module in the host that Kubewarden embeds: every evaluation in a fresh instance, beside
a floor, a guest that reads the payload to its end and accepts it (its source is in host/floor).

  eci-bench --module policy.wasm --floor floor.wasm
  eci-bench --seconds 2                  longer, and steadier

  --module FILE  the policy [policy.wasm]
  --floor FILE   the floor [floor.wasm]
  --seconds N    how long each line is measured [0.5]
  -h, --help     this help

  start   microseconds until a fresh instance is ready (median)
  eval    microseconds of an evaluation, the start and `validate` (medians), the floor's, and their ratio
  fuel    instructions of `validate`, in thousands, the same on every machine, the floor's, and their ratio
  memory  KiB of linear memory at its peak
";

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) if is_broken_pipe(&*failure) => ExitCode::SUCCESS,
        Err(failure) => {
            anstream::eprintln!("eci-bench: {failure}");
            ExitCode::from(2)
        }
    }
}

fn is_broken_pipe(failure: &(dyn std::error::Error + 'static)) -> bool {
    failure.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn run() -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    let Some(arguments) = Arguments::parse(lexopt::Parser::from_env())? else {
        write!(out, "{HELP}")?;
        return Ok(());
    };
    let cores = std::thread::available_parallelism()?;
    writeln!(out, "{} {}, {cores} cores", std::env::consts::OS, std::env::consts::ARCH)?;
    let policy = load(&arguments.module, &mut out)?;
    let floor = load(&arguments.floor, &mut out)?;
    let [meter, floor_meter] = [&arguments.module, &arguments.floor]
        .map(|path| -> Result<Meter, Failure> { Ok(Meter::from_bytes(&std::fs::read(path)?)?) });
    let (meter, floor_meter) = (meter?, floor_meter?);

    writeln!(
        out,
        "\n{:<28} {:>8}  {:<8} {:>7} {:>9} {:>9} {:>6} {:>9} {:>9} {:>6} {:>6}",
        "payload", "bytes", "verdict", "start", "eval", "floor", "ratio", "fuel", "floor", "ratio", "memory"
    )?;
    for (name, object) in payload::all() {
        let payload = payload::asking_for(&object);
        let verdict = verdict(&policy.call("validate", &payload, no_cluster)?)?;
        let [times, floor] = medians([&policy, &floor], &payload, arguments.budget)?;
        let cost = meter.measure("validate", &payload)?;
        let least = floor_meter.measure("validate", &payload)?;
        writeln!(
            out,
            "{name:<28} {:>8}  {verdict:<8} {:>7.1} {:>9.1} {:>9.1} {:>6.1} {:>9} {:>9} {:>6.1} {:>6}",
            payload.len(),
            times.start,
            times.start + times.call,
            floor.start + floor.call,
            (times.start + times.call) / (floor.start + floor.call),
            cost.fuel.div_ceil(1000),
            least.fuel.div_ceil(1000),
            cost.fuel as f64 / least.fuel as f64,
            cost.memory / 1024,
        )?;
    }
    Ok(())
}

/// What the command line says.
struct Arguments {
    module: PathBuf,
    floor: PathBuf,
    budget: Duration,
}

impl Arguments {
    /// The arguments; none where help is asked for.
    fn parse(mut parser: lexopt::Parser) -> Result<Option<Self>, Failure> {
        use lexopt::Arg::{Long, Short};
        use lexopt::ValueExt;
        let mut arguments = Self {
            module: "policy.wasm".into(),
            floor: "floor.wasm".into(),
            budget: Duration::from_millis(500),
        };
        while let Some(argument) = parser.next()? {
            match argument {
                Long("help") | Short('h') => return Ok(None),
                Long("module") => arguments.module = parser.value()?.into(),
                Long("floor") => arguments.floor = parser.value()?.into(),
                Long("seconds") => {
                    arguments.budget = Duration::try_from_secs_f64(parser.value()?.parse()?)?;
                }
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(Some(arguments))
    }
}

/// Compiles a module, and says how large it is and how long that took.
fn load(path: &PathBuf, out: &mut dyn Write) -> Result<Module, Failure> {
    let begin = Instant::now();
    let module = Module::load(path)?;
    let elapsed = begin.elapsed().as_millis();
    writeln!(out, "{}: {} bytes, compiled in {elapsed} ms", path.display(), std::fs::metadata(path)?.len())?;
    Ok(module)
}

fn no_cluster(_: &str) -> Result<Value, String> {
    Err("a bench has no cluster".to_owned())
}

fn verdict(answer: &[u8]) -> Result<&'static str, Failure> {
    let answer: Value = serde_json::from_slice(answer)?;
    Ok(match (answer.get("accepted"), answer.get("mutated_object")) {
        (Some(Value::Bool(true)), None | Some(Value::Null)) => "accepted",
        (Some(Value::Bool(true)), _) => "repaired",
        _ => "denied",
    })
}

/// Medians, in microseconds.
struct Times {
    start: f64,
    call: f64,
}

/// Measures the modules in turns, so that what disturbs the machine disturbs them all.
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
    Ok(samples.map(|(starts, calls)| Times { start: median(starts), call: median(calls) }))
}
