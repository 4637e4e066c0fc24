//! Writes the JavaScript and the module that a browser and Node load: `eci-bindgen MODULE.wasm OUT_DIR NAME`.

use std::env;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = env::args_os().skip(1);
    let mut argument = || {
        arguments
            .next()
            .ok_or("usage: eci-bindgen MODULE.wasm OUT_DIR NAME")
    };
    let (module, out, name) = (argument()?, argument()?, argument()?);
    Bindgen::new()
        .input_path(module)
        .out_name(&name.to_string_lossy())
        .web(true)?
        .typescript(true)
        // After a trap an instance cannot be used, so the JavaScript creates a new one.
        .reset_state_function(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(out)?;
    Ok(())
}
