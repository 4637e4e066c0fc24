//! The corpus in the built module and the embedded host: each case has the answer of its file, as in the native core.

use std::process::ExitCode;

use eci_corpus::Case;
use eci_e2e_tests::{agreed, corpus, namespace};
use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> ExitCode {
    let trials = corpus()
        .into_iter()
        .map(|case| Trial::test(case.name.clone(), move || run(&case)));
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

fn run(case: &Case) -> Result<(), Failed> {
    let answer = agreed(
        &case.function,
        case.payload_text().as_bytes(),
        namespace(case),
    )?;
    Ok(case.check(&answer)?)
}
