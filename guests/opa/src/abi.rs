//! The exports, as OPA documents them for ABI 1.3 ("Integrating OPA", "ABI versions"). No import but the memory
//! is needed: the policy calls no builtin, and has nothing to print.
//!
//! A value is its JSON text, for this policy reads each one once, and only what it needs of it.
#![expect(
    unsafe_code,
    reason = "a host hands over addresses, and finds functions by their names"
)]

use std::ffi::{CString, c_char};
use std::ptr;

use eci_security_context::json::{self, RawValue};

use crate::change;
use crate::evaluation::{EntryPoint, Format, bindings, evaluate};
use crate::heap;

/// JSON text and a NUL, which no JSON holds. In a box of its own: `opa_value_add_path` changes a value in its place.
/// The null pointer is OPA's undefined.
type Value = *mut CString;

/// What `eval` is about.
struct Context {
    entry_point: usize,
    input: Value,
    data: Value,
    result: Value,
}

unsafe extern "C" {
    /// In the object file that build.rs writes.
    safe fn set_stack_pointer(address: usize);
    /// The linker's symbol for the end of the stack, where it begins to grow downwards.
    static __stack_high: u8;
}

/// Exports functions. A trap, such as for want of memory, leaves the stack as deep as it was: so each call begins
/// with an empty one. (Calls do not nest: no builtin of the host's is called. The exported functions
/// themselves keep nothing on the stack: all they have is passed on to `body`.)
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
    /// The builtins that the policy calls, with their identifiers.
    fn builtins() -> Value {
        value("{}".to_owned())
    }

    /// The entry points with their identifiers.
    fn entrypoints() -> Value {
        value(EntryPoint::names())
    }

    fn opa_malloc(size: usize) -> *mut u8 {
        Vec::with_capacity(size).leak().as_mut_ptr()
    }

    /// Nothing: the heap pointer frees.
    fn opa_free(_address: *mut u8) {}

    fn opa_heap_ptr_get() -> usize {
        heap::pointer()
    }

    fn opa_heap_ptr_set(pointer: usize) {
        heap::set_pointer(pointer);
    }

    /// Null where the text is not JSON.
    fn opa_json_parse(address: *const u8, length: usize) -> Value {
        parse(bytes(address, length))
    }

    fn opa_json_dump(value: Value) -> *const c_char {
        string(value)
    }

    /// As JSON: no value of this policy's holds a set.
    fn opa_value_parse(address: *const u8, length: usize) -> Value {
        parse(bytes(address, length))
    }

    fn opa_value_dump(value: Value) -> *const c_char {
        string(value)
    }

    /// Nothing: the heap pointer frees.
    fn opa_value_free(_value: Value) {}

    fn opa_value_add_path(base: Value, path: Value, value: Value) -> i32 {
        change_at(base, path, text(value))
    }

    fn opa_value_remove_path(base: Value, path: Value) -> i32 {
        change_at(base, path, None)
    }

    /// Nothing: there are no free blocks.
    fn opa_heap_blocks_stash() {}

    /// Nothing: there are no free blocks.
    fn opa_heap_blocks_restore() {}

    /// Nothing: there are no free blocks.
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

    /// Always 0: there is always a result.
    fn eval(context: *mut Context) -> i32 {
        let context = at(context);
        let input = text(context.input).unwrap_or_default();
        let result = evaluate(EntryPoint::of(context.entry_point), input.as_bytes(), text(context.data));
        context.result = value(bindings(&result, Format::Json));
        0
    }

    /// An evaluation in one call. What begins at `heap_pointer` is free; the input lies below it.
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

/// The text of a value; `None` where it is undefined.
fn text<'v>(value: Value) -> Option<&'v str> {
    // SAFETY: the host hands back what `value` made, while the heap pointer is above it.
    unsafe { value.as_ref() }.and_then(|json| json.to_str().ok())
}

/// The text of a value as a C string.
fn string(value: Value) -> *const c_char {
    // SAFETY: as in `text`.
    unsafe { value.as_ref() }.map_or(ptr::null(), |json| json.as_ptr())
}

/// What the host has written.
fn bytes<'b>(address: *const u8, length: usize) -> &'b [u8] {
    if length == 0 {
        return &[];
    }
    // SAFETY: the host has written so many bytes there, and does not touch them before the call ends.
    unsafe { std::slice::from_raw_parts(address, length) }
}

fn at<'c>(context: *mut Context) -> &'c mut Context {
    // SAFETY: the host hands back what `opa_eval_ctx_new` made, while the heap pointer is above it; calls do not nest.
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
    // SAFETY: as in `text`; what was read of the base is used no more.
    unsafe { base.write(changed) };
    0
}
