//! Tells the linker how much memory an instance may have.

/// 256 MiB, a few times what an object of some dozens of megabytes takes. The memory of an instance never shrinks:
/// without a limit, one monstrous object would keep up to 4 GiB of a browser's or a server's.
const MOST_MEMORY: u32 = 256 << 20;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_FAMILY").as_deref() == Ok("wasm") {
        println!("cargo::rustc-link-arg-cdylib=--max-memory={MOST_MEMORY}");
    }
}
