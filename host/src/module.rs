//! A compiled module and its instances.

use std::fmt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use wapc::{HostCallback, WapcHost};
use wasmtime_provider::wasmtime::{self, Config, Engine};
use wasmtime_provider::{EpochDeadlines, WasmtimeEngineProviderBuilder, WasmtimeEngineProviderPre};

use crate::Error;

/// The default of policy-server's `--policy-timeout`, in seconds.
pub(crate) const DEADLINE_SECONDS: u64 = 2;

/// A compiled policy. Threads may share it.
pub struct Module(WasmtimeEngineProviderPre);

impl Module {
    /// Compiles a file.
    ///
    /// # Errors
    /// If the file cannot be read or is not a waPC module.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let (name, bytes) = (path.display().to_string(), read(path)?);
        if !bytes.starts_with(b"\0asm") {
            return Err(Error::Load {
                name,
                reason: "it is not WebAssembly".to_owned(),
            });
        }
        Self::compile(&name, &bytes)
    }

    /// Compiles a module in binary or text format.
    ///
    /// # Errors
    /// If the bytes are not a waPC module.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Self::compile("the module", bytes)
    }

    fn compile(name: &str, bytes: &[u8]) -> Result<Self, Error> {
        let load = |error: &wasmtime::Error| Error::load(name, error);
        // Without backtraces, the error is the trap itself. The stripped module has no names to show anyway.
        let mut config = Config::new();
        config
            .epoch_interruption(true)
            .wasm_backtrace_max_frames(None);
        let engine = Engine::new(&config).map_err(|error| load(&error))?;
        let module = wasmtime::Module::new(&engine, bytes).map_err(|error| load(&error))?;
        if module
            .get_export(wapc::wapc_functions::GUEST_CALL)
            .is_none()
        {
            return Err(load(&wasmtime::Error::msg("it exports no `__guest_call`")));
        }
        tick(&engine);
        WasmtimeEngineProviderBuilder::new()
            .engine(engine)
            .module(module)
            .build_pre()
            .map(Self)
            .map_err(|error| load(&error.into()))
    }

    /// Returns a fresh, initialised instance.
    ///
    /// When the policy requests a Namespace, `namespaces` returns the object with that name, or an error.
    ///
    /// # Errors
    /// If the module's start or `wapc_init` traps.
    pub fn instance(
        &self,
        namespaces: impl Fn(&str) -> Result<Value, String> + Send + Sync + 'static,
    ) -> Result<Instance, Error> {
        let failed = |error| Error::of_call(wapc::wapc_functions::WAPC_INIT, error);
        let deadlines = EpochDeadlines {
            wapc_init: DEADLINE_SECONDS,
            wapc_func: DEADLINE_SECONDS,
        };
        let provider = self
            .0
            .rehydrate(Some(deadlines))
            .map_err(|error| failed(error.into()))?;
        WapcHost::new(Box::new(provider), Some(host(namespaces)))
            .map(Instance)
            .map_err(failed)
    }

    /// Calls a function in a fresh instance, as policy-server does.
    ///
    /// # Errors
    /// If the guest has no such function, answers with an error, traps or exceeds the deadline.
    pub fn call(
        &self,
        function: &str,
        payload: &[u8],
        namespaces: impl Fn(&str) -> Result<Value, String> + Send + Sync + 'static,
    ) -> Result<Vec<u8>, Error> {
        self.instance(namespaces)?.call(function, payload)
    }
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module").finish_non_exhaustive()
    }
}

/// An instance of a module, with its memory.
#[derive(Debug)]
pub struct Instance(WapcHost);

impl Instance {
    /// Calls a function. The next call finds the memory as this one leaves it.
    ///
    /// # Errors
    /// As for [`Module::call`].
    pub fn call(&self, function: &str, payload: &[u8]) -> Result<Vec<u8>, Error> {
        self.0
            .call(function, payload)
            .map_err(|error| Error::of_call(function, error))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => Error::NotFound(path.to_owned()),
        _ => Error::Read {
            path: path.to_owned(),
            source,
        },
    })
}

/// Advances the engine's clock until the engine is dropped.
fn tick(engine: &Engine) {
    let engine = engine.weak();
    thread::spawn(move || {
        loop {
            thread::sleep(Duration::from_secs(1));
            let Some(engine) = engine.upgrade() else {
                return;
            };
            engine.increment_epoch();
        }
    });
}

/// Returns the host's answer to the calls of the guest.
fn host(
    namespaces: impl Fn(&str) -> Result<Value, String> + Send + Sync + 'static,
) -> Box<HostCallback> {
    Box::new(move |_, binding, namespace, operation, payload| {
        if (binding, namespace, operation) != ("kubewarden", "kubernetes", "get_resource") {
            return Err(
                format!("this host has no capability `{binding}/{namespace}/{operation}`").into(),
            );
        }
        let request: Value = serde_json::from_slice(payload)?;
        let text = |key| request.get(key).and_then(Value::as_str).unwrap_or_default();
        match (text("api_version"), text("kind")) {
            ("v1", "Namespace") => Ok(serde_json::to_vec(&namespaces(text("name"))?)?),
            (version, kind) => Err(format!(
                "this host grants access to v1/Namespace, not to {version}/{kind}"
            )
            .into()),
        }
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use serde_json::json;

    const fn shared<T: Send + Sync>() {}
    const _: () = shared::<Module>();

    fn ask(operation: &str, request: &Value) -> Result<Value, String> {
        let host = host(|name| match name {
            "shop" => Ok(json!({ "metadata": { "name": name } })),
            _ => Err(format!("no Namespace `{name}`")),
        });
        host(
            1,
            "kubewarden",
            "kubernetes",
            operation,
            request.to_string().as_bytes(),
        )
        .map(|answer| serde_json::from_slice(&answer).unwrap())
        .map_err(|error| error.to_string())
    }

    #[test]
    fn the_host_answers_for_namespaces_alone() {
        let request = |kind, name| json!({ "api_version": "v1", "kind": kind, "name": name });
        assert_eq!(
            ask("get_resource", &request("Namespace", "shop")),
            Ok(json!({ "metadata": { "name": "shop" } }))
        );
        for (operation, request, error) in [
            (
                "get_resource",
                request("Namespace", "other"),
                "no Namespace `other`",
            ),
            (
                "get_resource",
                request("Secret", "shop"),
                "this host grants access to v1/Namespace, not to v1/Secret",
            ),
            (
                "can_i",
                json!({}),
                "this host has no capability `kubewarden/kubernetes/can_i`",
            ),
        ] {
            assert_eq!(ask(operation, &request), Err(error.to_owned()));
        }
    }

    fn error_of(module: &str, function: &str) -> String {
        match Module::from_bytes(module.as_bytes()) {
            Ok(module) => module
                .call(function, b"{}", |_| Err(String::new()))
                .unwrap_err()
                .to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn every_error_names_its_cause() {
        let guest = |body: &str| {
            format!(
                r#"(module
                    (import "wapc" "__guest_error" (func $error (param i32 i32)))
                    (memory (export "memory") 1)
                    (data (i32.const 0) "No handler registered for function x")
                    (data (i32.const 64) "out of ideas")
                    (func (export "__guest_call") (param i32 i32) (result i32) {body}))"#
            )
        };
        for (module, error) in [
            (
                "(module".to_owned(),
                "the module is not a valid waPC module: expected `)`",
            ),
            (
                "(module)".to_owned(),
                "the module is not a valid waPC module: it exports no `__guest_call`",
            ),
            (
                r#"(module (import "env" "f" (func)) (func (export "__guest_call")))"#.to_owned(),
                "the module is not a valid waPC module: unknown import: `env::f`",
            ),
            (
                guest("unreachable"),
                "`f` trapped: wasm trap: wasm `unreachable` instruction executed;",
            ),
            (
                guest("(i32.load (i32.const -8))"),
                "`f` trapped: memory fault at wasm address",
            ),
            (
                guest("(call 1 (i32.const 0) (i32.const 0))"),
                "`f` trapped: wasm trap: call stack exhausted;",
            ),
            (
                guest("(loop (br 0)) (i32.const 0)"),
                "`f` was interrupted after 2 seconds",
            ),
            (
                guest("(call $error (i32.const 0) (i32.const 36)) (i32.const 0)"),
                "the module has no function `f`;",
            ),
            (
                guest("(call $error (i32.const 64) (i32.const 12)) (i32.const 0)"),
                "`f` failed in the guest: out of ideas",
            ),
        ] {
            let found = error_of(&module, "f");
            assert!(found.starts_with(error), "{found}");
        }
        assert!(matches!(
            Module::load("/nowhere/policy.wasm"),
            Err(Error::NotFound(_))
        ));
    }
}
