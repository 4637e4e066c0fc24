//! `load`: how long answers take at rising rates of requests, of the built module in a host that works as policy-server
//! does; and whether each request has its own answer. `make load` runs it.

mod figures;
mod ledger;
mod memory;
mod plot;
mod question;
mod server;

use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use eci_host::Module;
use tempfile::NamedTempFile;

use crate::figures::{Rate, Requests, Run};
use crate::ledger::Fault;
use crate::question::Question;
use crate::server::{MOST_WORKERS, Server, plan};

const HELP: &str = "\
Asks the policy's module at rising rates, as an API server does: requests come by a schedule, whether or not the ones
before are answered, and latency counts from when a request is due. Each answer is held against the native core's. It
writes load.json and load.svg, and the figures in operating.md where that stands beside them.

  load --module policy.wasm --out docs
  load --out docs --draw                 writes what is made of load.json anew, and measures nothing

  --module FILE    the policy [policy.wasm]
  --out FOLDER     where to write [docs]
  --rates LIST     requests a second, rising, with commas between them [500,1000,2000,3000,4000,5000,6000]
  --seconds N      how long each rate is held [10]
  --workers N      how many evaluations may be under way at once, as policy-server's --workers [a core each]
  --deadline MS    what is later is counted as late [100]
  --draw           as above
  -h, --help       this help
";

const DATA: &str = "load.json";
const PICTURE: &str = "load.svg";
const PAGE: &str = "operating.md";
/// What stands around the figures in [`PAGE`].
const MARKS: (&str, &str) = ("<!-- begin load -->\n", "<!-- end load -->");

/// So many requests in all; more would measure this program's own memory.
const MOST_REQUESTS: u64 = 5_000_000;
/// So many requests a rate, at least, for one in a hundred to be one.
const LEAST_REQUESTS: u64 = 100;
/// Faults that are shown; the others are counted.
const SHOWN: usize = 5;

type Failure = Box<dyn Error>;

fn main() -> ExitCode {
    match Arguments::parse(lexopt::Parser::from_env()).and_then(|arguments| run(arguments.as_ref()))
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(io::stderr(), "load: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Option<&Arguments>) -> Result<(), Failure> {
    let Some(arguments) = arguments else {
        io::stdout().write_all(HELP.as_bytes())?;
        return Ok(());
    };
    if !arguments.out.is_dir() {
        return Err(format!(
            "{}: no such folder; --out names one that is there",
            arguments.out.display()
        )
        .into());
    }
    let data = arguments.out.join(DATA);
    let mut files = Vec::new();
    let run = if arguments.draw {
        read(&data)?
    } else {
        let run = measure(arguments)?;
        files.push((data, serde_json::to_string_pretty(&run)? + "\n"));
        run
    };
    files.extend(drawn(&arguments.out, &run)?);
    write(&files)?;
    for (path, _) in &files {
        writeln!(io::stderr(), "load: {} is written", path.display())?;
    }
    Ok(())
}

fn measure(arguments: &Arguments) -> Result<Run, Failure> {
    let module = Arc::new(Module::load(&arguments.module)?);
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/cases");
    let questions: Vec<_> = Question::all(&corpus)?.into_iter().map(Arc::new).collect();
    let server = Server::start(module, arguments.workers)?;
    let Arguments {
        rates,
        workers,
        seconds,
        deadline_ms,
        ..
    } = arguments;
    let (length, deadline) = (
        Duration::from_secs(*seconds),
        Duration::from_millis(*deadline_ms),
    );
    let mut run = Run {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        machine: format!(
            "{} {}, {} cores",
            std::env::consts::OS,
            std::env::consts::ARCH,
            std::thread::available_parallelism()?
        ),
        workers: *workers,
        seconds: *seconds,
        deadline_ms: *deadline_ms,
        requests: Requests::of(questions.iter().map(AsRef::as_ref)),
        rates: Vec::new(),
    };
    let mut out = io::stdout().lock();
    write!(out, "{}", run.heading())?;
    // What is done once is done before anything is measured.
    let slowest = rates.iter().copied().min().unwrap_or_default();
    let warm_up = plan(slowest as f64, Duration::from_secs(1), &questions, 0);
    server.drive(0, &warm_up).map_err(told)?;
    let mut first = warm_up.len() as u64;
    for rate in rates {
        let plan = plan(*rate as f64, length, &questions, *rate);
        memory::forget_peak();
        let timings = server.drive(first, &plan).map_err(told)?;
        first += plan.len() as u64;
        let rate = Rate::of(*rate, &timings, length, deadline, memory::peak_kib());
        write!(out, "{}", run.row(&rate))?;
        run.rates.push(rate);
    }
    Ok(run)
}

/// What is wrong with the answers, the first of it in full.
fn told(faults: Vec<Fault>) -> String {
    let shown: Vec<_> = faults
        .iter()
        .take(SHOWN)
        .map(|fault| format!("\n  {fault}"))
        .collect();
    format!(
        "{} answers are not what they must be, and nothing is written:{}",
        faults.len(),
        shown.concat()
    )
}

fn read(data: &Path) -> Result<Run, String> {
    let told = |problem: String| format!("{}: {problem}; `make load` writes it", data.display());
    let text = fs::read_to_string(data).map_err(|error| told(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| told(error.to_string()))
}

/// What is made of a measurement: the picture, and the page with its figures where there is one.
fn drawn(out: &Path, run: &Run) -> Result<Vec<(PathBuf, String)>, Failure> {
    let mut files = vec![(out.join(PICTURE), plot::svg(run)?)];
    let page = out.join(PAGE);
    if page.exists() {
        let text =
            fs::read_to_string(&page).map_err(|error| format!("{}: {error}", page.display()))?;
        let (begin, end) = MARKS;
        let parts = text
            .split_once(begin)
            .and_then(|(before, rest)| Some((before, rest.split_once(end)?.1)));
        let (before, after) = parts.ok_or_else(|| {
            format!(
                "{}: no place for the figures: {begin}{end} mark it",
                page.display()
            )
        })?;
        files.push((page, format!("{before}{begin}{}{end}{after}", run.page())));
    }
    Ok(files)
}

/// Writes all files or, but for a system that fails in between, none: each stands beside its place before the first is
/// put there.
fn write(files: &[(PathBuf, String)]) -> Result<(), Failure> {
    let mut ready = Vec::new();
    for (path, text) in files {
        let failed = |error: io::Error| format!("{}: {error}", path.display());
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::Builder::new();
        #[cfg(unix)]
        file.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
        let mut file: NamedTempFile = file.tempfile_in(folder).map_err(failed)?;
        file.write_all(text.as_bytes()).map_err(failed)?;
        ready.push((file, path));
    }
    for (file, path) in ready {
        file.persist(path)
            .map_err(|error| format!("{}: {}", path.display(), error.error))?;
    }
    Ok(())
}

/// What the command line says.
#[derive(Debug)]
struct Arguments {
    module: PathBuf,
    out: PathBuf,
    rates: Vec<u64>,
    seconds: u64,
    workers: usize,
    deadline_ms: u64,
    draw: bool,
}

impl Arguments {
    /// The arguments; none where help is asked for.
    fn parse(mut parser: lexopt::Parser) -> Result<Option<Self>, Failure> {
        use lexopt::Arg::{Long, Short};
        use lexopt::ValueExt;
        let cores = std::thread::available_parallelism()?.get();
        let mut arguments = Self {
            module: "policy.wasm".into(),
            out: "docs".into(),
            rates: vec![500, 1_000, 2_000, 3_000, 4_000, 5_000, 6_000],
            seconds: 10,
            workers: cores,
            deadline_ms: 100,
            draw: false,
        };
        while let Some(argument) = parser.next()? {
            match argument {
                Long("help") | Short('h') => return Ok(None),
                Long("module") => arguments.module = parser.value()?.into(),
                Long("out") => arguments.out = parser.value()?.into(),
                Long("rates") => arguments.rates = rates(&parser.value()?.string()?)?,
                Long("seconds") => {
                    arguments.seconds = whole("--seconds", &parser.value()?.string()?, 3_600)?;
                }
                Long("workers") => {
                    let most = MOST_WORKERS as u64;
                    arguments.workers =
                        usize::try_from(whole("--workers", &parser.value()?.string()?, most)?)?;
                }
                Long("deadline") => {
                    arguments.deadline_ms =
                        whole("--deadline", &parser.value()?.string()?, 60_000)?;
                }
                Long("draw") => arguments.draw = true,
                other => return Err(other.unexpected().into()),
            }
        }
        arguments.checked().map(Some)
    }

    fn checked(self) -> Result<Self, Failure> {
        let seconds = self.seconds;
        if let Some(rate) = self
            .rates
            .iter()
            .find(|rate| **rate * seconds < LEAST_REQUESTS)
        {
            return Err(format!(
                "{rate} requests a second for {seconds} s are too few to tell 99 of 100 from; make --rates or \
                 --seconds larger, for {LEAST_REQUESTS} requests at each rate"
            )
            .into());
        }
        let requests = self.rates.iter().sum::<u64>() * seconds;
        if requests > MOST_REQUESTS {
            return Err(format!(
                "--rates and --seconds make {requests} requests, and {MOST_REQUESTS} is the most; make one smaller"
            )
            .into());
        }
        Ok(self)
    }
}

/// The rates of a list, which must rise: what the highest needs of memory is measured last.
fn rates(text: &str) -> Result<Vec<u64>, String> {
    let parts = text.split([',', ' ']).filter(|part| !part.is_empty());
    let rates = parts
        .map(|part| whole("--rates", part, 1_000_000))
        .collect::<Result<Vec<_>, _>>()?;
    if rates.is_empty() {
        return Err(
            "--rates names no rate; write requests a second, as in 500,1000,2000".to_owned(),
        );
    }
    match rates
        .iter()
        .zip(rates.iter().skip(1))
        .find(|(one, next)| one >= next)
    {
        Some((one, next)) => Err(format!("--rates must rise, and {next} stands after {one}")),
        None => Ok(rates),
    }
}

fn whole(name: &str, text: &str, most: u64) -> Result<u64, String> {
    let number = text
        .parse()
        .ok()
        .filter(|number| (1..=most).contains(number));
    number.ok_or_else(|| format!("{name}: \"{text}\" is no whole number from 1 to {most}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use crate::ledger::Fault;

    fn docs() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
    }

    #[test]
    fn the_docs_are_what_is_made_of_the_committed_data() {
        let run = read(&docs().join(DATA)).unwrap();
        let files = drawn(&docs(), &run).unwrap();
        assert_eq!(files.len(), 2, "the picture, and the page");
        for (path, made) in files {
            let there = fs::read_to_string(&path).unwrap();
            let name = path.file_name().unwrap().display();
            assert!(
                there == made,
                "docs/{name} is not what is made of docs/{DATA}: run `make load-docs`"
            );
        }
    }

    fn refusal(arguments: &[&str]) -> String {
        Arguments::parse(lexopt::Parser::from_args(arguments))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn bad_values_are_refused() {
        for (arguments, told) in [
            (
                &["--rates", "500,x"][..],
                "--rates: \"x\" is no whole number from 1 to 1000000",
            ),
            (
                &["--rates", "0"],
                "--rates: \"0\" is no whole number from 1 to 1000000",
            ),
            (
                &["--rates", "-5"],
                "--rates: \"-5\" is no whole number from 1 to 1000000",
            ),
            (
                &["--rates", "1e3"],
                "--rates: \"1e3\" is no whole number from 1 to 1000000",
            ),
            (
                &["--rates", " , "],
                "--rates names no rate; write requests a second, as in 500,1000,2000",
            ),
            (
                &["--rates", "1000,500"],
                "--rates must rise, and 500 stands after 1000",
            ),
            (
                &["--rates", "500 500"],
                "--rates must rise, and 500 stands after 500",
            ),
            (
                &["--seconds", "0"],
                "--seconds: \"0\" is no whole number from 1 to 3600",
            ),
            (
                &["--seconds", "0.5"],
                "--seconds: \"0.5\" is no whole number from 1 to 3600",
            ),
            (
                &["--workers", "0"],
                "--workers: \"0\" is no whole number from 1 to 512",
            ),
            (
                &["--workers", "513"],
                "--workers: \"513\" is no whole number from 1 to 512",
            ),
            (
                &["--deadline", "soon"],
                "--deadline: \"soon\" is no whole number from 1 to 60000",
            ),
            (
                &["--rates", "9", "--seconds", "10"],
                "9 requests a second for 10 s are too few to tell 99 of 100 from; make --rates or --seconds larger, for \
                 100 requests at each rate",
            ),
            (
                &["--rates", "1000000", "--seconds", "6"],
                "--rates and --seconds make 6000000 requests, and 5000000 is the most; make one smaller",
            ),
            (&["--rate", "5"], "invalid option '--rate'"),
            (&["5"], "unexpected argument \"5\""),
        ] {
            assert_eq!(refusal(arguments), told);
        }
    }

    #[test]
    fn what_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let run_in = |out: &str, draw: bool| {
            let out = folder.path().join(out);
            let module = folder.path().join("none.wasm");
            let arguments = Arguments {
                draw,
                out,
                module,
                ..Arguments::parse(lexopt::Parser::from_args([""; 0]))
                    .unwrap()
                    .unwrap()
            };
            run(Some(&arguments)).unwrap_err().to_string()
        };
        assert!(
            run_in("nowhere", false)
                .ends_with("nowhere: no such folder; --out names one that is there")
        );
        assert!(
            run_in("", false)
                .ends_with("none.wasm: not found; `make policy.wasm` builds the policy")
        );
        assert!(
            run_in("", true).ends_with(
                "load.json: No such file or directory (os error 2); `make load` writes it"
            )
        );
        fs::write(folder.path().join(DATA), "{}").unwrap();
        assert!(run_in("", true).contains("load.json: missing field"));
        fs::copy(docs().join(DATA), folder.path().join(DATA)).unwrap();
        fs::write(folder.path().join(PAGE), "no marks").unwrap();
        assert!(
            run_in("", true)
                .contains("operating.md: no place for the figures: <!-- begin load -->")
        );
        let mut there: Vec<_> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        there.sort_unstable();
        assert_eq!(
            there,
            [DATA, PAGE],
            "nothing is written where something is wrong"
        );
    }

    #[test]
    fn files_are_written_all_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name| folder.path().join(name);
        fs::write(path("one"), "old").unwrap();
        write(&[
            (path("one"), "new".to_owned()),
            (path("none/two"), "new".to_owned()),
        ])
        .unwrap_err();
        assert_eq!(fs::read_to_string(path("one")).unwrap(), "old");
        assert_eq!(
            fs::read_dir(&folder).unwrap().count(),
            1,
            "what was made ready is gone"
        );
        write(&[(path("one"), "new".to_owned())]).unwrap();
        assert_eq!(fs::read_to_string(path("one")).unwrap(), "new");
    }

    #[test]
    fn the_first_faults_are_shown_and_all_counted() {
        let faults = (0..7)
            .map(|number| Fault::Stray {
                uid: question::uid(number),
            })
            .collect();
        let told = told(faults);
        assert!(told.starts_with(
            "7 answers are not what they must be, and nothing is written:\n  00000000"
        ));
        assert_eq!(told.lines().count(), 1 + SHOWN);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_peak_has_what_was_taken() {
        let taken = vec![1_u8; 64 << 20];
        assert!(
            memory::peak_kib().unwrap() > 64 << 10,
            "{} bytes are taken",
            taken.len()
        );
    }
}
