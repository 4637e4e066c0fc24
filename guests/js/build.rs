//! Sets the largest memory of an instance.

/// 256 MiB, a few times what an object of some dozens of megabytes needs.
///
/// The memory of an instance never shrinks. Without a limit, one huge object could occupy up to 4 GiB for good.
const MOST_MEMORY: u32 = 256 << 20;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_FAMILY").as_deref() == Ok("wasm") {
        println!("cargo::rustc-link-arg-cdylib=--max-memory={MOST_MEMORY}");
    }
}
