//! The cost of a call, in fuel: the number of executed instructions, which is the same on every machine.
//!
//! wasmtime-provider does not count fuel, so the module runs in plain wasmtime.

use wasmtime_provider::wasmtime::{
    self, Caller, Config, Engine, FrameInfo, InstancePre, Linker, Memory, Store, WasmBacktrace,
};
use wasmtime_provider::wasmtime_wasi::{WasiCtxBuilder, p1};

use crate::Error;

/// The cost of a call in a fresh instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// The fuel of the call, without the start of the instance.
    pub fuel: u64,
    /// The linear memory in bytes, at its peak: it never shrinks.
    pub memory: usize,
}

/// A module, compiled so that it counts fuel.
pub struct Meter(InstancePre<Guest>);

/// The host's data of an instance.
struct Guest {
    wasi: p1::WasiP1Ctx,
    function: String,
    payload: Vec<u8>,
    error: Option<Vec<u8>>,
}

/// The answer to a guest that calls the host.
const NO_HOST: &str = "the meter does not answer host calls";

impl Meter {
    /// Compiles a module.
    ///
    /// # Errors
    /// If the bytes are not a waPC module.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        compile(bytes)
            .map(Self)
            .map_err(|error| Error::load("the module", &error))
    }

    /// Calls a function in a fresh instance.
    ///
    /// # Errors
    /// If the guest answers with an error or traps.
    pub fn measure(&self, function: &str, payload: &[u8]) -> Result<Cost, Error> {
        let mut store = self.store(function, payload);
        let cost = self
            .call(&mut store, u64::MAX / 2)
            .map_err(|error| Error::Trap {
                function: function.to_owned(),
                reason: error.root_cause().to_string(),
            })?;
        match store.into_data().error {
            Some(message) => Err(Error::Guest {
                function: function.to_owned(),
                message: String::from_utf8_lossy(&message).into_owned(),
            }),
            None => Ok(cost),
        }
    }

    /// Interrupts the call after each of `samples` equal parts of its instructions, and returns the names of the
    /// functions on the stack, the innermost first.
    ///
    /// A call that runs out of fuel traps, and the trap has the stack.
    ///
    /// # Errors
    /// As [`Meter::measure`].
    pub fn stacks(
        &self,
        function: &str,
        payload: &[u8],
        samples: u64,
    ) -> Result<Vec<Vec<String>>, Error> {
        let fuel = self.measure(function, payload)?.fuel;
        let mut stacks = Vec::new();
        for sample in 0..samples {
            let mut store = self.store(function, payload);
            let Err(trap) = self.call(&mut store, fuel * sample / samples) else {
                continue;
            };
            let Some(trace) = trap.downcast_ref::<WasmBacktrace>() else {
                continue;
            };
            let name =
                |frame: &FrameInfo| frame.func_name().unwrap_or("(without a name)").to_owned();
            stacks.push(trace.frames().iter().map(name).collect());
        }
        Ok(stacks)
    }

    fn store(&self, function: &str, payload: &[u8]) -> Store<Guest> {
        let guest = Guest {
            wasi: WasiCtxBuilder::new().inherit_stderr().build_p1(),
            function: function.to_owned(),
            payload: payload.to_owned(),
            error: None,
        };
        Store::new(self.0.module().engine(), guest)
    }

    /// Starts an instance and calls the function with this limit of fuel.
    fn call(&self, store: &mut Store<Guest>, fuel: u64) -> wasmtime::Result<Cost> {
        store.set_fuel(u64::MAX)?;
        let instance = self.0.instantiate(&mut *store)?;
        for name in wapc::wapc_functions::REQUIRED_STARTS {
            if let Ok(start) = instance.get_typed_func::<(), ()>(&mut *store, name) {
                start.call(&mut *store, ())?;
            }
        }
        let lengths = (
            length(&store.data().function),
            length(&store.data().payload),
        );
        store.set_fuel(fuel)?;
        instance
            .get_typed_func::<(i32, i32), i32>(&mut *store, wapc::wapc_functions::GUEST_CALL)?
            .call(&mut *store, lengths)?;
        let memory = instance.get_memory(&mut *store, "memory");
        Ok(Cost {
            fuel: fuel - store.get_fuel()?,
            memory: memory.map_or(0, |memory| memory.data_size(&*store)),
        })
    }
}

fn compile(bytes: &[u8]) -> wasmtime::Result<InstancePre<Guest>> {
    let mut config = Config::new();
    config.consume_fuel(true);
    let engine = Engine::new(&config)?;
    let mut linker = Linker::new(&engine);
    p1::add_to_linker_sync(&mut linker, |guest: &mut Guest| &mut guest.wasi)?;
    link(&mut linker)?;
    linker.instantiate_pre(&wasmtime::Module::new(&engine, bytes)?)
}

/// The imports of a waPC guest.
fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    type Call<'a> = Caller<'a, Guest>;
    let wapc = wapc::HOST_NAMESPACE;
    linker.func_wrap(
        wapc,
        "__guest_request",
        |mut call: Call, function: i32, payload: i32| {
            let memory = memory(&mut call)?;
            let (bytes, guest) = memory.data_and_store_mut(&mut call);
            write(bytes, function, guest.function.as_bytes())?;
            write(bytes, payload, &guest.payload)
        },
    )?;
    linker.func_wrap(wapc, "__guest_response", |_: i32, _: i32| ())?;
    linker.func_wrap(
        wapc,
        "__guest_error",
        |mut call: Call, at: i32, length: i32| {
            let memory = memory(&mut call)?;
            let mut message = vec![0; length.cast_unsigned() as usize];
            memory.read(&call, at.cast_unsigned() as usize, &mut message)?;
            call.data_mut().error = Some(message);
            wasmtime::error::Ok(())
        },
    )?;
    linker.func_wrap(
        wapc,
        "__host_call",
        |_: i32, _: i32, _: i32, _: i32, _: i32, _: i32, _: i32, _: i32| 0i32,
    )?;
    linker.func_wrap(wapc, "__host_error_len", || length(NO_HOST))?;
    linker.func_wrap(wapc, "__host_error", |mut call: Call, at: i32| {
        let memory = memory(&mut call)?;
        write(memory.data_mut(&mut call), at, NO_HOST.as_bytes())
    })?;
    linker.func_wrap(wapc, "__host_response_len", || 0i32)?;
    linker.func_wrap(wapc, "__host_response", |_: i32| ())?;
    linker.func_wrap(wapc, "__console_log", |_: i32, _: i32| ())?;
    Ok(())
}

fn memory(call: &mut Caller<Guest>) -> wasmtime::Result<Memory> {
    let memory = call
        .get_export("memory")
        .and_then(wasmtime::Extern::into_memory);
    memory.ok_or_else(|| wasmtime::Error::msg("the module exports no memory"))
}

fn write(memory: &mut [u8], at: i32, bytes: &[u8]) -> wasmtime::Result<()> {
    let at = at.cast_unsigned() as usize;
    let room = memory
        .get_mut(at..)
        .and_then(|memory| memory.get_mut(..bytes.len()));
    let room = room.ok_or(wasmtime::Trap::MemoryOutOfBounds)?;
    room.copy_from_slice(bytes);
    Ok(())
}

/// Returns a length as waPC expects it, in 32 bits.
fn length(bytes: impl AsRef<[u8]>) -> i32 {
    u32::try_from(bytes.as_ref().len())
        .unwrap_or(u32::MAX)
        .cast_signed()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    /// A guest that reads its request, grows its memory by a page, and fails if the payload is not empty.
    const GUEST: &str = r#"(module
        (import "wapc" "__guest_request" (func $request (param i32 i32)))
        (import "wapc" "__guest_error" (func $error (param i32 i32)))
        (memory (export "memory") 1)
        (func (export "__guest_call") (param i32 i32) (result i32)
            (call $request (i32.const 0) (i32.const 8))
            (drop (memory.grow (i32.const 1)))
            (if (local.get 1) (then (call $error (i32.const 8) (local.get 1))))
            (i32.const 1)))"#;

    #[test]
    fn a_call_costs_the_same_every_time() {
        let meter = Meter::from_bytes(GUEST.as_bytes()).unwrap();
        let cost = meter.measure("validate", b"").unwrap();
        assert_eq!(cost.memory, 2 << 16);
        assert!((1..100).contains(&cost.fuel), "{cost:?}");
        assert_eq!(meter.measure("validate", b"").unwrap(), cost);
    }

    #[test]
    fn a_call_that_fails_has_no_cost() {
        let meter = Meter::from_bytes(GUEST.as_bytes()).unwrap();
        let error = |payload: &[u8]| meter.measure("validate", payload).unwrap_err().to_string();
        assert_eq!(error(b"no"), "`validate` failed in the guest: no");
        assert!(
            error(&[0; 1 << 16])
                .starts_with("`validate` trapped: wasm trap: out of bounds memory access;")
        );
    }
}
