//! The settings: [`eci_fuzz::settings`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| eci_fuzz::settings::run(bytes));
