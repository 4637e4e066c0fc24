//! Links the module as the ABI requires: its memory, its exports, and an object file of some 200 bytes for what Rust
//! cannot express.

use std::env;
use std::path::Path;

/// The size of the stack. Rust's default is more than the five pages of memory that hosts provide. The deepest recursion
/// is over JSON of 128 levels.
const STACK_BYTES: u32 = 128 * 1024;
/// The version of the ABI that OPA itself builds. `opa_eval` came with 1.2, but OPA's Go SDK does not accept 1.2.
const ABI_VERSION: [u8; 2] = [1, 3];

fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|target| target == "wasm32") {
        let object = Path::new(&env::var_os("OUT_DIR").unwrap_or_default()).join("abi.o");
        std::fs::write(&object, self::object())?;
        let stack = format!("-zstack-size={STACK_BYTES}");
        for argument in [
            "--import-memory",
            "--export-memory",
            "--compress-relocations",
            &stack,
            &object.to_string_lossy(),
        ] {
            println!("cargo::rustc-cdylib-link-arg={argument}");
        }
    }
    Ok(())
}

/// Returns the object file, in the format of `Linking.md` in WebAssembly's tool conventions.
///
/// It exports the globals with the version of the ABI, as a Rust static would export its address. It also defines
/// `set_stack_pointer`, as Rust cannot access the linker's global.
fn object() -> Vec<u8> {
    const I32: u8 = 0x7f;
    const MUTABLE: u8 = 1;
    const IMMUTABLE: u8 = 0;
    const I32_CONST: u8 = 0x41;
    const LOCAL_GET: u8 = 0x20;
    const GLOBAL_SET: u8 = 0x24;
    const END: u8 = 0x0b;

    // The kinds of symbols, and their flags.
    const FUNCTION: u8 = 0;
    const GLOBAL: u8 = 2;
    const HIDDEN: u8 = 0x04;
    const UNDEFINED: u8 = 0x10;
    /// EXPORTED and NO_STRIP, as LEB128.
    const KEPT: [u8; 2] = [0xa0, 0x01];

    let [major, minor] = ABI_VERSION.map(|version| [I32, IMMUTABLE, I32_CONST, version, END]);
    // The linker fills in the operand of global.set: the index of `__stack_pointer`.
    let body = [
        0, LOCAL_GET, 0, GLOBAL_SET, 0x80, 0x80, 0x80, 0x80, 0x00, END,
    ];
    let operand = 7;
    let symbols = [
        vec![4],
        [&[FUNCTION, HIDDEN, 0], &name("set_stack_pointer")[..]].concat(),
        vec![GLOBAL, UNDEFINED, 0],
        [&[GLOBAL], &KEPT[..], &[1], &name("opa_wasm_abi_version")].concat(),
        [
            &[GLOBAL],
            &KEPT[..],
            &[2],
            &name("opa_wasm_abi_minor_version"),
        ]
        .concat(),
    ]
    .concat();

    [
        b"\0asm\x01\0\0\0".to_vec(),
        // Types, imports, functions, globals, code.
        section(1, &[&[1, 0x60, 1, I32, 0]]),
        section(
            2,
            &[
                &[1],
                &name("env"),
                &name("__stack_pointer"),
                &[3, I32, MUTABLE],
            ],
        ),
        section(3, &[&[1, 0]]),
        section(6, &[&[2], &major, &minor]),
        section(10, &[&[1], &sized(&body)]),
        // Version 2, with a symbol table.
        section(0, &[&name("linking"), &[2], &section(8, &[&symbols])]),
        // In the section with index 4, one R_WASM_GLOBAL_INDEX_LEB for the symbol with index 1.
        section(0, &[&name("reloc.CODE"), &[4, 1, 7, operand, 1]]),
    ]
    .concat()
}

fn section(id: u8, parts: &[&[u8]]) -> Vec<u8> {
    [vec![id], sized(&parts.concat())].concat()
}

fn name(name: &str) -> Vec<u8> {
    sized(name.as_bytes())
}

/// Returns the bytes after their length, in LEB128 of two bytes.
fn sized(bytes: &[u8]) -> Vec<u8> {
    let length = bytes.len();
    [&[(length % 128) as u8 | 0x80, (length / 128) as u8], bytes].concat()
}
