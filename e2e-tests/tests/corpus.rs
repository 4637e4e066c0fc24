//! The corpus through the built module in the embedded host: each case has the answer that its file
//! says, and the native core has the same.

use std::path::Path;
use std::process::ExitCode;

use eci_corpus::{Case, read_all};
use eci_e2e_tests::{agreed, namespace};
use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> ExitCode {
    let cases = read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/cases"));
    let trials = cases
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
