//! The exports, as OPA documents them for ABI 1.3 ("Integrating OPA", "ABI versions"). The memory is the only import: the
//! policy calls no builtin and prints nothing.
//!
//! A value is kept as its JSON text: the policy reads each one once, and only the parts that it needs.
#![expect(
    unsafe_code,
    reason = "a host passes addresses, and finds functions by their names"
)]

use std::ffi::{CString, c_char};
use std::ptr;

use eci_security_context::json::{self, RawValue};

use crate::change;
use crate::evaluation::{EntryPoint, Format, bindings, evaluate};
use crate::heap;

/// A JSON text and a NUL, which JSON never contains. The null pointer is OPA's undefined.
///
/// The text has a box of its own, so that `opa_value_add_path` can change the value at its address.
type Value = *mut CString;

/// The arguments and the result of `eval`.
struct Context {
    entry_point: usize,
    input: Value,
    data: Value,
    result: Value,
}

unsafe extern "C" {
    /// Defined in the object file that build.rs writes.
    safe fn set_stack_pointer(address: usize);
    /// The linker's symbol for the upper end of the stack, which grows downwards.
    static __stack_high: u8;
}

/// Exports functions that begin with an empty stack, as a trap in an earlier call leaves the stack pointer where it was.
///
/// Calls do not nest, as the policy calls no builtin. The exported functions keep nothing on the stack: they pass all
/// arguments to `body`.
macro_rules! exports {
    ($($(#[$meta:meta])* fn $name:ident($($argument:ident: $Type:ty),*) $(-> $Result:ty)? $body:block)+) => {$(
        $(#[$meta])*
        #[unsafe(no_mangle)]
        extern "C" fn $name($($argument: $Type),*) $(-> $Result)? {
            #[inline(never)]
            fn body($($argument: $Type),*) $(-> $Result)? $body
            set_stack_pointer((&raw const __stack_high).addr());
            body($($argument),*)
        }
    )+};
}

exports! {
    /// Returns the builtins that the policy calls: none.
    fn builtins() -> Value {
        value("{}".to_owned())
    }

    /// Returns the entry points with their identifiers.
    fn entrypoints() -> Value {
        value(EntryPoint::names())
    }

    fn opa_malloc(size: usize) -> *mut u8 {
        Vec::with_capacity(size).leak().as_mut_ptr()
    }

    /// Does nothing: setting the heap pointer frees.
    fn opa_free(_address: *mut u8) {}

    fn opa_heap_ptr_get() -> usize {
        heap::pointer()
    }

    fn opa_heap_ptr_set(pointer: usize) {
        heap::set_pointer(pointer);
    }

    /// Returns null if the text is not JSON.
    fn opa_json_parse(address: *const u8, length: usize) -> Value {
        parse(bytes(address, length))
    }

    fn opa_json_dump(value: Value) -> *const c_char {
        string(value)
    }

    /// Reads JSON too, as no value of this policy contains a set.
    fn opa_value_parse(address: *const u8, length: usize) -> Value {
        parse(bytes(address, length))
    }

    fn opa_value_dump(value: Value) -> *const c_char {
        string(value)
    }

    /// Does nothing: setting the heap pointer frees.
    fn opa_value_free(_value: Value) {}

    fn opa_value_add_path(base: Value, path: Value, value: Value) -> i32 {
        change_at(base, path, text(value))
    }

    fn opa_value_remove_path(base: Value, path: Value) -> i32 {
        change_at(base, path, None)
    }

    /// Does nothing: there are no free blocks.
    fn opa_heap_blocks_stash() {}

    /// Does nothing: there are no free blocks.
    fn opa_heap_blocks_restore() {}

    /// Does nothing: there are no free blocks.
    fn opa_heap_stash_clear() {}

    fn opa_eval_ctx_new() -> *mut Context {
        let undefined = ptr::null_mut();
        Box::into_raw(Box::new(Context { entry_point: 0, input: undefined, data: undefined, result: undefined }))
    }

    fn opa_eval_ctx_set_input(context: *mut Context, input: Value) {
        at(context).input = input;
    }

    fn opa_eval_ctx_set_data(context: *mut Context, data: Value) {
        at(context).data = data;
    }

    fn opa_eval_ctx_set_entrypoint(context: *mut Context, id: usize) {
        at(context).entry_point = id;
    }

    fn opa_eval_ctx_get_result(context: *mut Context) -> Value {
        at(context).result
    }

    /// Returns 0, as there is always a result.
    fn eval(context: *mut Context) -> i32 {
        let context = at(context);
        let input = text(context.input).unwrap_or_default();
        let result = evaluate(EntryPoint::of(context.entry_point), input.as_bytes(), text(context.data));
        context.result = value(bindings(&result, Format::Json));
        0
    }

    /// Evaluates in one call. The memory from `heap_pointer` on is free; the input is below it.
    fn opa_eval(
        _reserved: usize,
        entry_point: usize,
        data: Value,
        input: *const u8,
        input_length: usize,
        heap_pointer: usize,
        format: i32
    ) -> *const c_char {
        heap::set_pointer(heap_pointer);
        let result = evaluate(EntryPoint::of(entry_point), bytes(input, input_length), text(data));
        string(value(bindings(&result, if format == 0 { Format::Json } else { Format::Rego })))
    }
}

fn value(json: String) -> Value {
    Box::into_raw(Box::new(CString::new(json).unwrap_or_default()))
}

fn parse(text: &[u8]) -> Value {
    let json = json::utf8(text).and_then(json::read::<&RawValue>);
    json.map_or_else(|_| ptr::null_mut(), |json| value(json.get().to_owned()))
}

/// Returns the text of a value, or `None` if it is undefined.
fn text<'v>(value: Value) -> Option<&'v str> {
    // SAFETY: the host passes a pointer that `value` made, while the heap pointer is above it.
    unsafe { value.as_ref() }.and_then(|json| json.to_str().ok())
}

/// Returns the text of a value as a C string.
fn string(value: Value) -> *const c_char {
    // SAFETY: as in `text`.
    unsafe { value.as_ref() }.map_or(ptr::null(), |json| json.as_ptr())
}

/// Returns the bytes that the host has written.
fn bytes<'b>(address: *const u8, length: usize) -> &'b [u8] {
    if length == 0 {
        return &[];
    }
    // SAFETY: the host has written this many bytes there, and does not change them before the call ends.
    unsafe { std::slice::from_raw_parts(address, length) }
}

fn at<'c>(context: *mut Context) -> &'c mut Context {
    // SAFETY: the host passes a pointer that `opa_eval_ctx_new` made, while the heap pointer is above it, and calls do
    // not nest.
    unsafe { &mut *context }
}

/// Sets the value at `path` in `base`, or removes it. Returns 0, or the error code for an invalid path.
fn change_at(base: Value, path: Value, to: Option<&str>) -> i32 {
    const INVALID_PATH: i32 = 3;
    let keys = json::read::<Vec<String>>(text(path).unwrap_or_default());
    let (Ok(keys), Some(json)) = (keys, text(base)) else {
        return INVALID_PATH;
    };
    let changed = CString::new(change::changed(json, &keys, to)).unwrap_or_default();
    // SAFETY: as in `text`. The borrowed text of the base is not used any longer.
    unsafe { base.write(changed) };
    0
}
