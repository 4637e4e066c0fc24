//! Quantities and specifications of instances: [`eci_fuzz::quantity`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| eci_fuzz::quantity::run(bytes));
