//! The corpus through the built module in the embedded host: each case has the answer that its file
//! says, and the native core has the same.

use std::path::Path;
use std::process::ExitCode;

use eci_manifest::case::{Case, Namespace, read_all};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::json;

fn main() -> ExitCode {
    let cases = read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/cases"));
    let trials = cases.into_iter().map(|case| Trial::test(case.name.clone(), move || run(&case)));
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

fn run(case: &Case) -> Result<(), Failed> {
    let namespace = match &case.namespace {
        Namespace::Labels(labels) => Ok(json!({"metadata": {"labels": labels}})),
        Namespace::Refused => Err("forbidden".to_owned()),
        Namespace::NotAsked => Err("this case does not expect to be asked for the Namespace".to_owned()),
    };
    let answer = eci_e2e_tests::agreed(&case.function, case.payload_text().as_bytes(), namespace)?;
    Ok(case.check(&answer)?)
}
