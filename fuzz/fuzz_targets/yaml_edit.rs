//! Editing YAML: [`eci_fuzz::yaml_edit`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| eci_fuzz::yaml_edit::run(bytes));
