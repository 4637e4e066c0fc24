//! Judges the corpus with the native core: one test for every case in `tests/cases`.

use std::path::Path;
use std::process::ExitCode;

use eci_corpus::{Case, Namespace, read_all};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::json;

fn main() -> ExitCode {
    let cases = read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases"));
    let trials = cases
        .into_iter()
        .map(|case| Trial::test(case.name.clone(), move || run(&case)));
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

fn run(case: &Case) -> Result<(), Failed> {
    let payload = case.payload_text();
    let judge = match case.function.as_str() {
        "mutate" => eci_security_context::mutate,
        _ => eci_security_context::validate,
    };
    let ask = |name: &str| -> Result<String, String> {
        match &case.namespace {
            Namespace::Labels(labels) => {
                Ok(json!({"metadata": {"name": name, "labels": labels}}).to_string())
            }
            Namespace::Refused => Err("forbidden".to_owned()),
            Namespace::NotAsked => {
                Err("this case does not expect to be asked for the Namespace".to_owned())
            }
        }
    };
    let answer = eci_security_context::kubewarden::answer(&judge(payload.as_bytes(), Some(&ask)))?;
    Ok(case.check(&serde_json::from_slice(&answer)?)?)
}
