//! Sets the largest memory of an instance.

/// 256 MiB, a few times what an object of some dozens of megabytes needs.
///
/// The memory of an instance never shrinks. Without a limit, one huge object could occupy up to 4 GiB for good.
const MOST_MEMORY: u32 = 256 << 20;

/// 1 GiB for the functions on text. A text of 32 MiB, the limit, with findings everywhere needs more than half of it.
const MOST_MEMORY_WITH_TEXT: u32 = 1 << 30;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_FAMILY").as_deref() == Ok("wasm") {
        let most = match std::env::var_os("CARGO_FEATURE_TEXT") {
            Some(_) => MOST_MEMORY_WITH_TEXT,
            None => MOST_MEMORY,
        };
        println!("cargo::rustc-link-arg-cdylib=--max-memory={most}");
    }
}
