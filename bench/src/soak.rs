//! Evaluates the corpus repeatedly in one process.

use std::time::Instant;

use clap::Args;
use eci_corpus::Case;
use eci_e2e_tests::{Answer, call, corpus, namespace};

use crate::Failure;
use crate::measure::{NOW, THIS, memory_kib};

/// The allowed growth of the process after the warm-up, in KiB: eight bytes per evaluation, of a million. The
/// allocator's variation is smaller.
const GROWTH: u64 = 8 << 10;

/// How often the corpus is judged before memory is measured, so that everything that is allocated once exists.
const WARM_UP: usize = 5;

/// Evaluates the corpus repeatedly in one process and in fresh instances, as policy-server does.
///
/// Checks that no call traps, that the same input gets the same bytes, and that the memory does not grow. POLICY_WASM
/// names the module.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The number of evaluations.
    #[arg(long, default_value_t = 1_000_000)]
    count: usize,
}

/// Runs the evaluations and prints their number per second.
///
/// # Errors
/// If an evaluation traps, an answer differs from the first one or the memory grows.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let count = options.count;
    let cases = corpus();
    let questions: Vec<_> = cases
        .iter()
        .map(|case| (case, case.payload_text(), namespace(case)))
        .collect();
    let ask = |(case, payload, namespace): &(&Case, String, Answer)| {
        call(&case.function, payload.as_bytes(), namespace.clone())
            .map_err(|error| format!("{}: {error}", case.name))
    };
    let answers = questions.iter().map(ask).collect::<Result<Vec<_>, _>>()?;
    for question in (0..WARM_UP).flat_map(|_| &questions) {
        ask(question)?;
    }
    let (begin, before) = (Instant::now(), resident()?);
    let rounds = questions.iter().zip(&answers).cycle();
    for (done, (question, answer)) in (1..=count).zip(rounds) {
        if ask(question)? != *answer {
            let name = &question.0.name;
            return Err(format!("evaluation {done}: {name} has another answer than before").into());
        }
        if done.is_multiple_of((count / 4).max(1)) {
            eprintln!("soak: {done} evaluations, {} KiB", resident()?);
        }
    }
    let (seconds, after) = (begin.elapsed().as_secs_f64(), resident()?);
    println!(
        "soak: {count} evaluations of {} cases in {seconds:.0} s, {:.0} a second; no trap, the same bytes every time; \
         {before} KiB of memory after the warm-up, {after} KiB at the end",
        cases.len(),
        count as f64 / seconds
    );
    if after > before + GROWTH {
        return Err(format!("the memory has grown by more than {GROWTH} KiB").into());
    }
    Ok(())
}

/// Returns the resident memory of this process in KiB.
fn resident() -> Result<u64, Failure> {
    Ok(memory_kib(THIS, NOW).ok_or(format!("{THIS} cannot be read; run the soak on Linux"))?)
}
