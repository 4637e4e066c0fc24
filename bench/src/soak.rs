//! The corpus over and over, in one process and in fresh instances, as policy-server has it: no trap, the same bytes for
//! the same input, and no growth of the process's memory.
//!
//!   soak [--count N]     so many evaluations, by default 1,000,000
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use eci_e2e_tests::{Answer, call, namespace};
use eci_manifest::case::{Case, read_all};

/// How much the process may grow from the end of the warm-up on, in KiB: eight bytes an evaluation, of a million. An
/// allocator's own unrest stays under it.
const GROWTH: u64 = 8 << 10;

/// How often the corpus is judged before the memory is looked at: what is allocated once is there then.
const WARM_UP: usize = 5;

fn main() -> ExitCode {
    let count: usize = match std::env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => 1_000_000,
        [flag, count] if flag == "--count" => count.parse().unwrap(),
        _ => panic!("usage: soak [--count N]"),
    };
    let cases = read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/cases"));
    let questions: Vec<_> = cases
        .iter()
        .map(|case| (case, case.payload_text(), namespace(case)))
        .collect();
    let ask = |(case, payload, namespace): &(&Case, String, Answer)| {
        call(&case.function, payload.as_bytes(), namespace.clone())
            .unwrap_or_else(|error| panic!("{}: {error}", case.name))
    };
    let answers: Vec<_> = questions.iter().map(ask).collect();
    for question in (0..WARM_UP).flat_map(|_| &questions) {
        ask(question);
    }
    let (begin, before) = (Instant::now(), resident());
    let rounds = questions.iter().zip(&answers).cycle();
    for (done, (question, answer)) in (1..=count).zip(rounds) {
        if ask(question) != *answer {
            eprintln!(
                "soak: evaluation {done}: {} has another answer than the first time",
                question.0.name
            );
            return ExitCode::FAILURE;
        }
        if done.is_multiple_of((count / 4).max(1)) {
            eprintln!("soak: {done} evaluations, {} KiB", resident());
        }
    }
    let (seconds, after) = (begin.elapsed().as_secs_f64(), resident());
    println!(
        "soak: {count} evaluations of {} cases in {seconds:.0} s, {:.0} a second; no trap, the same bytes every time; \
         {before} KiB of memory after the warm-up, {after} KiB at the end",
        cases.len(),
        count as f64 / seconds
    );
    if after > before + GROWTH {
        eprintln!("soak: the memory has grown by more than {GROWTH} KiB");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// The resident memory of this process, in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_else(|error| {
        panic!("/proc/self/status: {error}; the soak measures memory as Linux tells it")
    });
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok())
        .unwrap()
}
