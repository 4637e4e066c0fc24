//! `eci-bench`: what an evaluation costs, beside a guest that only reads its payload and a policy written the usual way.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use eci_host::payload::{self, median};
use eci_host::{Meter, Module};
use serde_json::Value;

const HELP: &str = "\
Measures the policy's module in the host that Kubewarden embeds: every evaluation in a fresh instance, beside
a floor, a guest that reads the payload to its end and accepts it (its source is in host/floor), and beside the usual,
a policy that takes the whole payload as the SDK's helpers do, and checks privileged mode and added capabilities alone
(host/usual).

  eci-bench --module policy.wasm --floor floor.wasm --usual usual.wasm
  eci-bench --seconds 2                  longer, and steadier

  --module FILE  the policy [policy.wasm]
  --floor FILE   the floor [floor.wasm]
  --usual FILE   the usual [usual.wasm]
  --seconds N    how long each line is measured [0.5]
  -h, --help     this help

The first table is the time, in microseconds (medians):

  start    until a fresh instance is ready: the policy's, the floor's, the usual's
  eval     of an evaluation, the start and `validate`: the same three
  x floor  the policy's evaluation by the floor's
  x usual  the policy's evaluation by the usual's

The second is what is the same on every machine:

  fuel     thousands of instructions of `validate`, without the start, with the same ratios
  memory   KiB of linear memory at its peak; over 2 MB for a payload of up to 100 kB is an error
";

/// The most linear memory for a payload of up to [`SMALL`] bytes.
const MEMORY: usize = 2_000_000;
const SMALL: usize = 100_000;

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
    failure
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn run() -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    let Some(arguments) = Arguments::parse(lexopt::Parser::from_env())? else {
        write!(out, "{HELP}")?;
        return Ok(());
    };
    let cores = std::thread::available_parallelism()?;
    writeln!(
        out,
        "{} {}, {cores} cores",
        std::env::consts::OS,
        std::env::consts::ARCH
    )?;
    let paths = [&arguments.module, &arguments.floor, &arguments.usual];
    let [policy, floor, usual] = paths.map(|path| load(path, &mut out));
    let modules = [&policy?, &floor?, &usual?];
    let [policy, floor, usual] = paths
        .map(|path| -> Result<Meter, Failure> { Ok(Meter::from_bytes(&std::fs::read(path)?)?) });
    let meters = [policy?, floor?, usual?];

    let payloads = payload::all();
    let mut least = f64::INFINITY;
    write!(out, "\n{:<28} {:>8}  {:<8}", "payload", "bytes", "verdict")?;
    write!(out, " {:>7} {:>7} {:>7}", "start", "floor", "usual")?;
    writeln!(
        out,
        " {:>9} {:>8} {:>9} {:>8} {:>8}",
        "eval", "floor", "usual", "x floor", "x usual"
    )?;
    for (name, payload) in &payloads {
        let [policy, _, usual] = modules;
        let verdict = verdict(&policy.call("validate", payload, no_cluster)?)?;
        if verdict != self::verdict(&usual.call("validate", payload, no_cluster)?)? {
            return Err(
                format!("{name}: the usual way has another verdict, and is no comparison").into(),
            );
        }
        let times = medians(modules, payload, arguments.budget)?;
        write!(out, "{name:<28} {:>8}  {verdict:<8}", payload.len())?;
        for time in &times {
            write!(out, " {:>7.1}", time.start)?;
        }
        let [policy, floor, usual] = times.map(|times| times.start + times.call);
        write!(out, " {policy:>9.1} {floor:>8.1} {usual:>9.1}")?;
        writeln!(out, " {:>8.2} {:>8.2}", policy / floor, policy / usual)?;
        least = least.min(usual / policy);
    }
    writeln!(out, "the usual way takes at least {least:.2} times as long")?;

    write!(
        out,
        "\n{:<28} {:>8} {:>9} {:>8} {:>9}",
        "payload", "bytes", "fuel", "floor", "usual"
    )?;
    writeln!(
        out,
        " {:>8} {:>8} {:>7} {:>7} {:>7}",
        "x floor", "x usual", "memory", "floor", "usual"
    )?;
    let mut over = Vec::new();
    for (name, payload) in &payloads {
        let [policy, floor, usual] = meters
            .each_ref()
            .map(|meter| meter.measure("validate", payload));
        let costs = [policy?, floor?, usual?];
        let [fuel, floor, usual] = costs.map(|cost| cost.fuel);
        write!(out, "{name:<28} {:>8}", payload.len())?;
        write!(
            out,
            " {:>9} {:>8} {:>9}",
            fuel.div_ceil(1000),
            floor.div_ceil(1000),
            usual.div_ceil(1000)
        )?;
        write!(
            out,
            " {:>8.2} {:>8.2}",
            fuel as f64 / floor as f64,
            fuel as f64 / usual as f64
        )?;
        let [memory, floor, usual] = costs.map(|cost| cost.memory / 1024);
        writeln!(out, " {memory:>7} {floor:>7} {usual:>7}")?;
        if payload.len() <= SMALL && costs[0].memory > MEMORY {
            over.push(name.as_str());
        }
    }
    if over.is_empty() {
        Ok(())
    } else {
        Err(format!("over 2 MB of memory: {}", over.join("; ")).into())
    }
}

/// What the command line says.
struct Arguments {
    module: PathBuf,
    floor: PathBuf,
    usual: PathBuf,
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
            usual: "usual.wasm".into(),
            budget: Duration::from_millis(500),
        };
        while let Some(argument) = parser.next()? {
            match argument {
                Long("help") | Short('h') => return Ok(None),
                Long("module") => arguments.module = parser.value()?.into(),
                Long("floor") => arguments.floor = parser.value()?.into(),
                Long("usual") => arguments.usual = parser.value()?.into(),
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
    writeln!(
        out,
        "{}: {} bytes, compiled in {elapsed} ms",
        path.display(),
        std::fs::metadata(path)?.len()
    )?;
    Ok(module)
}

fn no_cluster(_: &str) -> Result<Value, String> {
    Err("a bench has no cluster".to_owned())
}

fn verdict(answer: &[u8]) -> Result<&'static str, Failure> {
    let answer: Value = serde_json::from_slice(answer)?;
    Ok(
        match (answer.get("accepted"), answer.get("mutated_object")) {
            (Some(Value::Bool(true)), None | Some(Value::Null)) => "accepted",
            (Some(Value::Bool(true)), _) => "repaired",
            _ => "denied",
        },
    )
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
    Ok(samples.map(|(starts, calls)| Times {
        start: median(starts),
        call: median(calls),
    }))
}
