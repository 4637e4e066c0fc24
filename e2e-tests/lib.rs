//! Calls the built module and the native core, and compares their answers byte by byte.
#![allow(clippy::panic, clippy::expect_used, reason = "a test may panic")]

use std::path::Path;
use std::sync::LazyLock;

use eci_corpus::{Case, Namespace, read_all};
use eci_host::{Error, Module};
use eci_security_context::{kubewarden, mutate, validate};
use serde_json::{Value, json};

static POLICY: LazyLock<Module> = LazyLock::new(|| {
    let path = std::env::var_os("POLICY_WASM")
        .expect("set POLICY_WASM to the built module, as `make test` does");
    Module::load(path).unwrap_or_else(|error| panic!("{error}"))
});

/// The cases of the corpus.
pub fn corpus() -> Vec<Case> {
    read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/cases"))
}

/// The host's answer to a question for a Namespace: the object, or the reason of a failure.
pub type Answer = Result<Value, String>;

/// The host's answer to the policy's question for the Namespace of a case.
pub fn namespace(case: &Case) -> Answer {
    match &case.namespace {
        Namespace::Labels(labels) => Ok(json!({"metadata": {"labels": labels}})),
        Namespace::Refused => Err("forbidden".to_owned()),
        Namespace::NotAsked => {
            Err("this case does not expect to be asked for the Namespace".to_owned())
        }
    }
}

/// Calls a function of the module in a fresh instance.
///
/// # Errors
/// An error or a trap, as the host reports it.
pub fn call(function: &str, payload: &[u8], namespace: Answer) -> Result<Vec<u8>, Error> {
    POLICY.call(function, payload, move |_| namespace.clone())
}

/// The answer of the native core to a payload.
///
/// # Errors
/// The answer cannot be written.
pub fn native(function: &str, payload: &[u8], namespace: &Answer) -> Result<Vec<u8>, String> {
    let judge = if function == "mutate" {
        mutate
    } else {
        validate
    };
    let ask = |_: &str| match namespace {
        Ok(object) => Ok(object.to_string()),
        // waPC's guest library puts a prefix before the host's reason.
        Err(reason) => Err(format!("Host error: {reason}")),
    };
    kubewarden::answer(&judge(payload, Some(&ask))).map_err(|error| error.to_string())
}

/// The answer of the module and of the native core to a payload.
///
/// # Errors
/// The module traps, or the answers differ.
pub fn agreed(function: &str, payload: &[u8], namespace: Answer) -> Result<Value, String> {
    let native = native(function, payload, &namespace)?;
    let module = call(function, payload, namespace).map_err(|error| error.to_string())?;
    let text = |answer: &[u8]| String::from_utf8_lossy(answer).into_owned();
    if native == module {
        serde_json::from_slice(&module).map_err(|error| format!("{error} in {}", text(&module)))
    } else {
        Err(format!(
            "the module answers\n{}\nand the native core\n{}",
            text(&module),
            text(&native)
        ))
    }
}
