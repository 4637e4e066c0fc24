//! The bytes of a request: [`eci_fuzz::request`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| eci_fuzz::request::run(bytes));
