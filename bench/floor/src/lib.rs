//! The least a waPC policy can do: read the payload to its end and accept it. What a real policy takes
//! beyond this is its own.

use serde::de::IgnoredAny;
use wapc_guest::{CallResult, register_function};

#[unsafe(no_mangle)]
extern "C" fn wapc_init() {
    register_function("validate", validate);
}

fn validate(payload: &[u8]) -> CallResult {
    serde_json::from_slice::<IgnoredAny>(payload)?;
    Ok(br#"{"accepted":true}"#.to_vec())
}
