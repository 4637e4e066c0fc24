//! The cost of `eci-policy check`, compared with a floor: a plain parse of the same files by the YAML library.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, io, thread};

use granit_parser::{Parser, options};

use crate::Failure;
use crate::editor;
use crate::measure::{PEAK, median, memory_kib};
use crate::scan;

/// The number of files in the main measurement, and their size.
const FILES: usize = 5000;
const BYTES: usize = 3000;
/// How often each is measured. The fastest run counts, as other work on the machine only adds time.
const RUNS: usize = 7;
/// The number of Deployments in the file of an editor, which has about 5,000 lines.
const EDITED: usize = 55;
/// How often the check of one file is measured.
const SINGLE: usize = 101;

/// Prints the times, ratios and memory of the command.
///
/// # Errors
/// If the command fails, or the manifests cannot be written.
pub(crate) fn run(command: &Path) -> Result<(), Failure> {
    let check = |files: &Path, cores| check(command, files, cores);
    let directory = tempfile::tempdir()?;
    let corpus = |files: usize| -> io::Result<PathBuf> {
        let path = directory.path().join(files.to_string());
        write_manifests(&path, files)?;
        Ok(path)
    };
    let files = corpus(FILES)?;
    println!("{FILES} manifests of {BYTES} bytes, from a warm disk; the fastest of {RUNS} runs\n");
    // Measured in turns, so that other work on the machine slows all of them.
    let (mut floor, mut one, mut two) = (Duration::MAX, Duration::MAX, Duration::MAX);
    for _ in 0..RUNS {
        floor = floor.min(process(parse(&files)?, 0)?.elapsed);
        one = one.min(process(check(&files, 1), 0)?.elapsed);
        two = two.min(process(check(&files, 2), 0)?.elapsed);
    }
    let [floor, one, two] = [floor, one, two].map(|elapsed| elapsed.as_secs_f64());
    println!("{:<44}{:>9}{:>8}", "", "ms", "ratio");
    let row = |name: &str, seconds: f64, ratio: f64| {
        println!("{name:<44}{:>9.1}{ratio:>8.2}", seconds * 1e3);
    };
    row("floor: the YAML library, one core", floor, 1.0);
    row("eci-policy check, one core", one, one / floor);
    row("eci-policy check, two cores", two, two / floor);
    println!("{:<44}{:>17.2}", "two cores against one", one / two);

    println!("\nPeak memory on two cores\n\n{:<44}{:>9}", "files", "MiB");
    for count in [500, FILES, 10 * FILES] {
        let peak = process(check(&corpus(count)?, 2), 0)?.peak_kib;
        println!("{count:<44}{:>9.1}", peak as f64 / 1024.0);
    }

    let single = files.join("000/00000.yaml");
    let mut times = Vec::new();
    for _ in 0..SINGLE {
        times.push(process(check(&single, 2), 0)?.elapsed);
    }
    let milliseconds = median(times) / 1e3;
    println!("\nStart, check of one file and end: {milliseconds:.1} ms (the median of {SINGLE})");

    let text: String = (0..)
        .map(|index| format!("---\n{}", manifest(index)))
        .take(EDITED)
        .collect();
    editor::run(command, &text)?;
    scan::run(command)
}

/// This program, which parses the files and does nothing else.
fn parse(files: &Path) -> io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.arg("parse").arg(files);
    Ok(command)
}

fn check(command: &Path, files: &Path, cores: usize) -> Command {
    let mut command = Command::new(command);
    command
        .args(["check", "--color", "never"])
        .arg(files)
        .env("RAYON_NUM_THREADS", cores.to_string());
    command
}

/// The time and the memory of a process.
pub(crate) struct Process {
    pub(crate) elapsed: Duration,
    /// The peak of resident memory.
    pub(crate) peak_kib: u64,
}

/// Measures a process that ends with an exit code.
pub(crate) fn process(mut command: Command, code: i32) -> Result<Process, Failure> {
    let since = Instant::now();
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("{command:?}: {error}"))?;
    let status = format!("/proc/{}/status", child.id());
    let mut peak_kib = 0;
    let exit = loop {
        match child.try_wait()? {
            Some(exit) => break exit,
            None => {
                peak_kib = peak_kib.max(memory_kib(&status, PEAK).unwrap_or_default());
                thread::sleep(Duration::from_micros(200));
            }
        }
    };
    if exit.code() != Some(code) {
        return Err(format!("{command:?}: {exit}").into());
    }
    Ok(Process {
        elapsed: since.elapsed(),
        peak_kib,
    })
}

/// Parses every file below a path to its last event, and counts the events.
///
/// # Errors
/// If a file cannot be read, or is not valid YAML.
pub(crate) fn parsed(path: &Path) -> Result<usize, Failure> {
    let mut count = 0;
    if path.is_dir() {
        let entries = fs::read_dir(path)?.collect::<io::Result<Vec<_>>>()?;
        let mut paths: Vec<_> = entries.iter().map(fs::DirEntry::path).collect();
        paths.sort();
        for path in paths {
            count += parsed(&path)?;
        }
        return Ok(count);
    }
    let text = fs::read_to_string(path)?;
    for event in Parser::new_from_str_with_options(&text, options! { emit_comments: false }) {
        // Without this, the compiler would remove the unused parts of the parse.
        std::hint::black_box(event?);
        count += 1;
    }
    Ok(count)
}

fn write_manifests(directory: &Path, files: usize) -> io::Result<()> {
    for index in 0..files {
        let folder = directory.join(format!("{:03}", index / 100));
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(format!("{index:05}.yaml")), manifest(index))?;
    }
    Ok(())
}

/// Returns a typical Deployment on ECI that violates no rule.
fn manifest(index: usize) -> String {
    let mut text = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web-{index}\n  namespace: shop\n  labels:\n    \
         app.kubernetes.io/name: web\nspec:\n  replicas: 3\n  selector:\n    matchLabels: {{app: web-{index}}}\n  \
         template:\n    metadata:\n      labels:\n        app: web-{index}\n        alibabacloud.com/eci: \"true\"\n    \
         spec:\n      securityContext:\n        runAsUser: 1000\n        sysctls:\n        \
         - {{name: net.core.somaxconn, value: \"1024\"}}\n      containers:\n"
    );
    for container in 0.. {
        let mut next = String::new();
        // Writing to a `String` does not fail.
        let _ = write!(
            next,
            "      - name: c{container}\n        image: registry.example.com/shop/web:1.2.{index}\n        ports:\n        \
             - containerPort: {}\n          name: http\n        env:\n        - name: LOG_LEVEL\n          \
             value: info # not debug: it logs the orders\n        - name: DATABASE_URL\n          \
             value: \"postgres://db.shop.svc:5432/shop\"\n        resources:\n          \
             requests: {{cpu: 250m, memory: 512Mi}}\n          limits: {{cpu: \"1\", memory: 1Gi}}\n        \
             securityContext:\n          runAsNonRoot: true\n          capabilities:\n            drop: [\"ALL\"]\n",
            8000 + container
        );
        if text.len() + next.len() > BYTES {
            break;
        }
        text += &next;
    }
    let comment = BYTES.saturating_sub(text.len() + 3);
    text += &format!("# {}\n", "-".repeat(comment));
    text
}
