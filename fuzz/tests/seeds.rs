//! The properties hold for the seeds made from the cases, and for every input that fuzzing has found.

#[path = "../../tests/support/bad_payloads/mod.rs"]
mod bad_payloads;

use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn every_seed_holds() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let seeds = std::env::var_os("FUZZ_SEEDS")
        .map_or_else(|| here.join("../target/fuzz-seeds"), PathBuf::from);
    for (target, run) in eci_fuzz::TARGETS {
        let made = inputs(&seeds.join(target));
        assert!(
            !made.is_empty(),
            "{}: no seeds for {target}: run `cargo xtask fuzz-seeds`, or `make test-seeds`",
            seeds.display()
        );
        for input in made
            .into_iter()
            .chain(inputs(&here.join("found").join(target)))
        {
            eprintln!("{}", input.display());
            run(&fs::read(input).unwrap());
        }
    }
}

#[test]
fn every_bad_payload_holds() {
    for bad in bad_payloads::all() {
        eprintln!("{}", bad.name);
        eci_fuzz::request::run(&bad.payload);
    }
}

/// Returns the files in a folder; none if it does not exist.
fn inputs(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).into_iter().flatten();
    files.map(|file| file.unwrap().path()).collect()
}
