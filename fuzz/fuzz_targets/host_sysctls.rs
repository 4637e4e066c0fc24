//! The annotation of host sysctls: [`eci_fuzz::host_sysctls`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| eci_fuzz::host_sysctls::run(bytes));
