//! The latency of answers at rising rates of requests.

mod figures;
mod ledger;
mod plot;
mod question;
mod server;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use clap::builder::RangedU64ValueParser as Range;
use eci_host::Module;

use self::figures::{Rate, Requests, Run};
use self::ledger::Fault;
use self::question::Question;
use self::server::{MOST_WORKERS, Server, plan};
use crate::measure::{PEAK, THIS, forget_peak, memory_kib};
use crate::{Failure, module};

/// Sends requests at rising rates, as an API server does, to a host that works as policy-server does.
///
/// Requests follow a schedule, even if earlier ones are not answered yet. Latency counts from the time when a request is
/// due. Each answer is compared with that of the native core. Writes load.json and load.svg, and the figures in
/// operating.md if that is in the same folder.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The policy.
    #[arg(long, default_value = "policy.wasm")]
    module: PathBuf,
    /// The folder to write to.
    #[arg(long, default_value = "docs")]
    out: PathBuf,
    /// Requests per second, in rising order.
    #[arg(long, value_delimiter = ',', value_parser = Range::<u64>::new().range(1..=1_000_000),
          default_value = "500,1000,2000,3000,4000,5000,6000")]
    rates: Vec<u64>,
    /// The duration of each rate.
    #[arg(long, default_value_t = 10, value_parser = Range::<u64>::new().range(1..=3_600))]
    seconds: u64,
    /// The most evaluations at a time, like policy-server's --workers. By default the number of cores.
    #[arg(long, value_parser = Range::<usize>::new().range(1..=MOST_WORKERS))]
    workers: Option<usize>,
    /// The latency in milliseconds from which an answer counts as late.
    #[arg(long, default_value_t = 100, value_parser = Range::<u64>::new().range(1..=60_000))]
    deadline: u64,
    /// Only writes the picture and the figures again, from load.json.
    #[arg(long)]
    draw: bool,
}

const DATA: &str = "load.json";
const PICTURE: &str = "load.svg";
const PAGE: &str = "operating.md";
/// The lines around the figures in [`PAGE`].
const MARKS: (&str, &str) = ("<!-- begin load -->\n", "<!-- end load -->");

/// The most requests in total. With more, this program itself would use most of the measured memory.
const MOST_REQUESTS: u64 = 5_000_000;
/// The fewest requests at a rate, so that 1% is at least one request.
const LEAST_REQUESTS: u64 = 100;
/// The number of faults that are shown. The others are counted.
const SHOWN: usize = 5;

/// Measures and writes the files.
///
/// # Errors
/// If an answer is wrong or a file cannot be read or written.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    check(options)?;
    let data = options.out.join(DATA);
    let mut files = Vec::new();
    let run = if options.draw {
        read(&data)?
    } else {
        let run = measure(options)?;
        files.push((data, serde_json::to_string_pretty(&run)? + "\n"));
        run
    };
    files.extend(drawn(&options.out, &run)?);
    for (path, text) in &files {
        fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        eprintln!("load: {} is written", path.display());
    }
    Ok(())
}

/// Checks the options before the measurement.
fn check(options: &Options) -> Result<(), Failure> {
    if !options.out.is_dir() {
        return Err(format!("{}: no such folder", options.out.display()).into());
    }
    let (rates, seconds) = (&options.rates, options.seconds);
    // The highest rate needs the most memory, so it is measured last.
    if !rates.is_sorted_by(|one, next| one < next) {
        return Err("--rates must rise".into());
    }
    if rates
        .first()
        .is_some_and(|rate| rate * seconds < LEAST_REQUESTS)
    {
        return Err(format!(
            "a percentile needs {LEAST_REQUESTS} requests at each rate: raise --rates or --seconds"
        )
        .into());
    }
    let requests = rates.iter().sum::<u64>() * seconds;
    if requests > MOST_REQUESTS {
        return Err(format!(
            "{requests} requests are too many (at most {MOST_REQUESTS}): lower --rates or --seconds"
        )
        .into());
    }
    Ok(())
}

fn measure(options: &Options) -> Result<Run, Failure> {
    let module = Arc::new(Module::load(&options.module)?);
    let questions: Vec<_> = Question::all()?.into_iter().map(Arc::new).collect();
    let workers = match options.workers {
        Some(workers) => workers,
        None => std::thread::available_parallelism()?.get(),
    };
    let server = Server::start(module, workers)?;
    let length = Duration::from_secs(options.seconds);
    let deadline = Duration::from_millis(options.deadline);
    let mut run = Run {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        machine: module::machine()?,
        workers,
        seconds: options.seconds,
        deadline_ms: options.deadline,
        requests: Requests::of(questions.iter().map(AsRef::as_ref)),
        rates: Vec::new(),
    };
    let mut out = io::stdout().lock();
    write!(out, "{}", run.heading())?;
    // The warm-up does the work that is done once.
    let slowest = options.rates.first().copied().unwrap_or_default();
    let warm_up = plan(slowest as f64, Duration::from_secs(1), &questions, 0);
    server.drive(0, &warm_up).map_err(failure)?;
    let mut first = warm_up.len() as u64;
    for rate in &options.rates {
        let plan = plan(*rate as f64, length, &questions, *rate);
        forget_peak();
        let timings = server.drive(first, &plan).map_err(failure)?;
        first += plan.len() as u64;
        let rate = Rate::of(*rate, &timings, length, deadline, memory_kib(THIS, PEAK));
        write!(out, "{}", run.row(&rate))?;
        run.rates.push(rate);
    }
    Ok(run)
}

/// Describes the first wrong answers and counts the others.
fn failure(faults: Vec<Fault>) -> String {
    let shown = faults
        .iter()
        .take(SHOWN)
        .map(|fault| format!("\n  {fault}"));
    let shown: String = shown.collect();
    let count = faults.len();
    format!("{count} answers are wrong, and nothing is written:{shown}")
}

fn read(data: &Path) -> Result<Run, String> {
    let failed =
        |problem: String| format!("{}: {problem}; `make bench-load` writes it", data.display());
    let text = fs::read_to_string(data).map_err(|error| failed(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| failed(error.to_string()))
}

/// Returns the files of a measurement: the picture, and the page with the figures if it exists.
fn drawn(out: &Path, run: &Run) -> Result<Vec<(PathBuf, String)>, Failure> {
    let mut files = vec![(out.join(PICTURE), plot::svg(run)?)];
    let page = out.join(PAGE);
    if page.exists() {
        let failed = |problem: &str| format!("{}: {problem}", page.display());
        let text = fs::read_to_string(&page).map_err(|error| failed(&error.to_string()))?;
        let (begin, end) = MARKS;
        let parts = text
            .split_once(begin)
            .and_then(|(before, rest)| Some((before, rest.split_once(end)?.1)));
        let (before, after) = parts.ok_or_else(|| {
            failed(&format!(
                "the lines {begin}{end} for the figures are missing"
            ))
        })?;
        files.push((page, format!("{before}{begin}{}{end}{after}", run.page())));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        options: Options,
    }

    fn options(arguments: &[&str]) -> Options {
        Command::parse_from([&["load"], arguments].concat()).options
    }

    fn docs() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
    }

    #[test]
    fn the_docs_show_the_committed_data() {
        let run = read(&docs().join(DATA)).unwrap();
        let files = drawn(&docs(), &run).unwrap();
        assert_eq!(files.len(), 2, "the picture, and the page");
        for (path, made) in files {
            let there = fs::read_to_string(&path).unwrap();
            let name = path.file_name().unwrap().display();
            assert!(
                there == made,
                "docs/{name} does not show docs/{DATA}: run `cargo eci-bench load --draw`"
            );
        }
    }

    #[test]
    fn options_that_would_measure_too_little_or_too_much_are_refused() {
        for (rates, seconds, message) in [
            ("1000,500", "1", "--rates must rise"),
            ("500,500", "1", "--rates must rise"),
            ("9", "10", "100 requests at each rate"),
            (
                "1000000",
                "6",
                "6000000 requests are too many (at most 5000000)",
            ),
        ] {
            let arguments = ["--rates", rates, "--seconds", seconds, "--out", "/"];
            let error = check(&options(&arguments)).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
    }

    #[test]
    fn nothing_is_written_where_a_file_is_missing_or_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let draw = |out: &Path| {
            let out = out.to_str().unwrap();
            run(&options(&["--draw", "--out", out]))
                .unwrap_err()
                .to_string()
        };
        assert!(draw(&folder.path().join("nowhere")).ends_with("nowhere: no such folder"));
        assert!(draw(folder.path()).ends_with("`make bench-load` writes it"));
        fs::write(folder.path().join(DATA), "{}").unwrap();
        assert!(draw(folder.path()).contains("load.json: missing field"));
        fs::copy(docs().join(DATA), folder.path().join(DATA)).unwrap();
        fs::write(folder.path().join(PAGE), "no marks").unwrap();
        assert!(draw(folder.path()).contains("operating.md: the lines <!-- begin load -->"));
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
    }

    #[test]
    fn the_first_faults_are_shown_and_all_are_counted() {
        let stray = |number| Fault::Stray {
            uid: question::uid(number),
        };
        let failure = failure((0..7).map(stray).collect());
        assert!(failure.starts_with("7 answers are wrong, and nothing is written:\n  00000000"));
        assert_eq!(failure.lines().count(), 1 + SHOWN);
    }
}
