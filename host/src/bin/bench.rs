//! `eci-bench`: what an evaluation costs, beside a guest that only reads its payload.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use eci_host::{Meter, Module};
use serde_json::{Map, Value, json};

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
    for (name, object) in payloads() {
        let request = eci_manifest::request_of(&object);
        let payload = serde_json::to_vec(&json!({ "request": request, "settings": {} }))?;
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

fn median(mut samples: Vec<Duration>) -> f64 {
    samples.sort_unstable();
    let median = samples.get(samples.len() / 2).copied().unwrap_or_default();
    median.as_secs_f64() * 1e6
}

/// What the pods of a payload are to the policy.
#[derive(Clone, Copy)]
enum Variant {
    Elsewhere,
    Accepted,
    Denied,
    Repaired,
}

impl Variant {
    const ALL: [(Self, &str); 4] = [
        (Self::Elsewhere, "not ECI's"),
        (Self::Accepted, "accepted"),
        (Self::Denied, "denied"),
        (Self::Repaired, "repaired"),
    ];

    fn labels(self) -> Value {
        match self {
            Self::Elsewhere => json!({ "app": "web" }),
            _ => json!({ "app": "web", "alibabacloud.com/eci": "true" }),
        }
    }

    /// The first container's capabilities.
    fn capabilities(self) -> Value {
        match self {
            Self::Elsewhere | Self::Accepted => json!({ "add": ["NET_ADMIN"] }),
            Self::Denied => json!({ "add": ["SYS_ADMIN"] }),
            Self::Repaired => json!({ "add": ["cap_net_admin"] }),
        }
    }
}

/// The objects to judge, each with what it is called.
fn payloads() -> Vec<(String, Value)> {
    let mut payloads = Vec::new();
    for (variant, what) in Variant::ALL {
        payloads.push((format!("pod, 1 kB, {what}"), pod(variant, 1, 400, 0)));
    }
    for (size, containers, environment) in [("3 kB", 2, 1_900), ("30 kB", 20, 25_000)] {
        // By default only pods are repaired.
        for (variant, what) in Variant::ALL.into_iter().take(3) {
            let object = deployment(variant, containers, environment);
            payloads.push((format!("deployment, {size}, {what}"), object));
        }
    }
    for (size, environment, annotation) in [("300 kB", 48_000, 250_000), ("1 MB", 995_000, 0)] {
        for (variant, what) in Variant::ALL {
            payloads.push((format!("pod, {size}, {what}"), pod(variant, 20, environment, annotation)));
        }
    }
    for containers in [1, 10, 100, 1000] {
        for (variant, what) in Variant::ALL.into_iter().skip(1) {
            let plural = if containers == 1 { "" } else { "s" };
            payloads
                .push((format!("{containers} container{plural}, {what}"), pod(variant, containers, 0, 0)));
        }
    }
    payloads
}

/// A pod with so many containers, so many bytes of environment in them, and an annotation so long.
fn pod(variant: Variant, containers: usize, environment: usize, annotation: usize) -> Value {
    let mut metadata = json!({ "name": "web", "namespace": "shop", "labels": variant.labels() });
    if let (Value::Object(metadata), true) = (&mut metadata, annotation > 0) {
        let annotations = Map::from_iter([("example.com/notes".to_owned(), "x".repeat(annotation).into())]);
        metadata.insert("annotations".to_owned(), annotations.into());
    }
    let spec = pod_spec(variant, containers, environment);
    json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec })
}

fn deployment(variant: Variant, containers: usize, environment: usize) -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": { "name": "web", "namespace": "shop" },
        "spec": {
            "replicas": 3,
            "selector": { "matchLabels": { "app": "web" } },
            "template": {
                "metadata": { "labels": variant.labels() },
                "spec": pod_spec(variant, containers, environment),
            },
        },
    })
}

fn pod_spec(variant: Variant, containers: usize, environment: usize) -> Value {
    const VALUE: &str = "https://service.example.com/of/a/length/that/is/usual?in=values";
    // A variable takes its value, a name of six characters, and the syntax around both.
    let variables = environment / containers / (VALUE.len() + 27);
    let env = |index| json!({ "name": format!("VAR{index:03}"), "value": VALUE });
    let containers = (0..containers).map(|index| {
        let capabilities = if index == 0 { variant } else { Variant::Accepted }.capabilities();
        json!({
            "name": format!("c{index}"),
            "image": "registry.example.com/shop/web:1.2.3",
            "env": (0..variables).map(env).collect::<Vec<_>>(),
            "resources": { "limits": { "cpu": "250m", "memory": "256Mi" } },
            "securityContext": { "runAsUser": 1000, "runAsNonRoot": true, "capabilities": capabilities },
        })
    });
    json!({
        "securityContext": { "sysctls": [{ "name": "net.core.somaxconn", "value": "1024" }] },
        "containers": containers.collect::<Vec<_>>(),
    })
}
