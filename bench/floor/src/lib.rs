//! The least that a waPC policy can do: read the payload to its end and accept it. The difference to this floor is the
//! cost of a policy itself.

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
