//! Writes the JavaScript and the module that a browser and Node load: `eci-bindgen MODULE.wasm OUT_DIR`.

use std::env;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = env::args_os().skip(1);
    let (Some(module), Some(out)) = (arguments.next(), arguments.next()) else {
        return Err("usage: eci-bindgen MODULE.wasm OUT_DIR".into());
    };
    Bindgen::new()
        .input_path(module)
        .out_name("engine")
        .web(true)?
        .typescript(true)
        // After a trap an instance cannot be used, so the JavaScript creates a new one.
        .reset_state_function(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(out)?;
    Ok(())
}
