//! What `eci-policy check` costs, beside a floor: a plain parse of the same files with the YAML library.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a measurement that fails may panic"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use granit_parser::{Parser, options};

/// The files of the main measurement, and their size.
const FILES: usize = 5000;
const BYTES: usize = 3000;
/// How often each is measured; the fastest counts, as everything else on the machine only slows.
const RUNS: usize = 7;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let command = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["floor", files] => {
            println!("{} events", parsed(Path::new(files)));
            return;
        }
        ["core"] => return core(),
        [command] => PathBuf::from(command),
        _ => panic!("say which eci-policy to measure"),
    };
    let check = |files: &Path, cores| check(&command, files, cores);
    let directory = tempfile::tempdir().unwrap();
    let corpus = |files: usize| {
        let path = directory.path().join(files.to_string());
        write_manifests(&path, files);
        path
    };
    let files = corpus(FILES);
    println!("{FILES} manifests of {BYTES} bytes, from a warm disk; the fastest of {RUNS} runs\n");
    // One after the other, so that what else the machine does meets all of them.
    let mut best = [Duration::MAX; 3];
    for _ in 0..RUNS {
        best[0] = best[0].min(run(floor(&files)).elapsed);
        best[1] = best[1].min(run(check(&files, 1)).elapsed);
        best[2] = best[2].min(run(check(&files, 2)).elapsed);
    }
    let [floor, one, two] = best.map(|elapsed| elapsed.as_secs_f64());
    println!("{:<44}{:>9}{:>8}", "", "ms", "ratio");
    let row = |what: &str, seconds: f64, ratio: f64| {
        println!("{what:<44}{:>9.1}{ratio:>8.2}", seconds * 1e3)
    };
    row("floor: the YAML library, one core", floor, 1.0);
    row("eci-policy check, one core", one, one / floor);
    row("eci-policy check, two cores", two, two / floor);
    println!("{:<44}{:>17.2}", "two cores against one", one / two);

    println!("\nPeak memory on two cores\n\n{:<44}{:>9}", "files", "MiB");
    for count in [500, FILES, 4 * FILES] {
        let peak = run(check(&corpus(count), 2)).peak_kib;
        println!("{count:<44}{:>9.1}", peak as f64 / 1024.0);
    }

    let single = files.join("000/0000.yaml");
    let mut times: Vec<_> = (0..101).map(|_| run(check(&single, 2)).elapsed).collect();
    times.sort();
    println!(
        "\nStart, check of one file and end: {:.1} ms (the median of {})",
        times[50].as_secs_f64() * 1e3,
        times.len()
    );
}

/// Measures the native core: a payload a line on standard input, the microseconds of its evaluation a line on standard
/// output.
fn core() {
    for payload in std::io::stdin().lines() {
        let payload = payload.unwrap();
        let mut samples = Vec::new();
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_millis(200) {
            let begin = Instant::now();
            let verdict = eci_security_context::validate(payload.as_bytes(), None);
            std::hint::black_box(eci_security_context::kubewarden::answer(verdict).unwrap());
            samples.push(begin.elapsed());
        }
        samples.sort_unstable();
        println!("{:.2}", samples[samples.len() / 2].as_secs_f64() * 1e6);
    }
}

fn floor(files: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg("floor").arg(files);
    command
}

fn check(command: &Path, files: &Path, cores: usize) -> Command {
    let mut command = Command::new(command);
    command
        .args(["check", "--color", "never"])
        .arg(files)
        .env("RAYON_NUM_THREADS", cores.to_string());
    command
}

/// What a process took.
struct Run {
    elapsed: Duration,
    /// The most resident memory that was seen.
    peak_kib: u64,
}

fn run(mut command: Command) -> Run {
    let since = Instant::now();
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut peak_kib = 0;
    let exit = loop {
        match child.try_wait().unwrap() {
            Some(exit) => break exit,
            None => {
                peak_kib = peak_kib.max(high_water_mark(&status).unwrap_or_default());
                std::thread::sleep(Duration::from_micros(200));
            }
        }
    };
    assert!(exit.success(), "{command:?}: {exit}");
    Run {
        elapsed: since.elapsed(),
        peak_kib,
    }
}

fn high_water_mark(status: &Path) -> Option<u64> {
    let text = fs::read_to_string(status).ok()?;
    text.lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?
        .trim()
        .split(' ')
        .next()?
        .parse()
        .ok()
}

/// Reads every file below a directory to its last event.
fn parsed(path: &Path) -> usize {
    if path.is_dir() {
        let mut entries: Vec<_> = fs::read_dir(path)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        entries.sort();
        return entries.iter().map(|entry| parsed(entry)).sum();
    }
    let text = fs::read_to_string(path).unwrap();
    let events = Parser::new_from_str_with_options(&text, options! { emit_comments: false });
    let mut count = 0;
    for event in events {
        // Each is there in full, or the compiler leaves out the half of the parse that nobody looks at.
        std::hint::black_box(event.unwrap());
        count += 1;
    }
    count
}

fn write_manifests(directory: &Path, files: usize) {
    for index in 0..files {
        let folder = directory.join(format!("{:03}", index / 100));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("{index:04}.yaml")), manifest(index)).unwrap();
    }
}

/// A Deployment of ECI that breaks no rule, as people write them.
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
        write!(
            next,
            "      - name: c{container}\n        image: registry.example.com/shop/web:1.2.{index}\n        ports:\n        \
             - containerPort: {}\n          name: http\n        env:\n        - name: LOG_LEVEL\n          \
             value: info # not debug: it logs the orders\n        - name: DATABASE_URL\n          \
             value: \"postgres://db.shop.svc:5432/shop\"\n        resources:\n          \
             requests: {{cpu: 250m, memory: 512Mi}}\n          limits: {{cpu: \"1\", memory: 1Gi}}\n        \
             securityContext:\n          runAsNonRoot: true\n          capabilities:\n            drop: [\"ALL\"]\n",
            8000 + container
        )
        .unwrap();
        if text.len() + next.len() > BYTES {
            break;
        }
        text += &next;
    }
    let comment = BYTES.saturating_sub(text.len() + 3);
    writeln!(text, "# {}", "-".repeat(comment)).unwrap();
    text
}
