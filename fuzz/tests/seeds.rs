//! The properties hold of the committed seeds, what fuzzing has found among them.

use std::fs;
use std::path::Path;

#[test]
fn every_seed_holds() {
    for (target, run) in eci_fuzz::TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("corpus")
            .join(target);
        let seeds: Vec<_> = fs::read_dir(&folder)
            .unwrap()
            .map(|seed| seed.unwrap().path())
            .collect();
        assert!(!seeds.is_empty(), "{target} has no seeds");
        for seed in seeds {
            eprintln!("{}", seed.display());
            run(&fs::read(seed).unwrap());
        }
    }
}
