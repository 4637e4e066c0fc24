//! The memory as hosts of the ABI use it: between two calls, everything above the heap pointer is theirs. They grow the
//! memory and write an input there, and set the pointer back to free the memory of an evaluation.
//!
//! Therefore only values that the host holds may outlive a call. No static of this crate or of the core may own memory:
//! no `LazyLock`, no cache, no panic hook. The test that evaluates 100,000 times in one instance would find one.
#![expect(unsafe_code, reason = "an allocator works with addresses")]

use std::alloc::{GlobalAlloc, Layout};
use std::arch::wasm32::{memory_grow, memory_size};
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

const PAGE_BYTES: usize = 64 * 1024;

#[global_allocator]
static ARENA: Arena = Arena;

/// The heap pointer; 0 before it is first moved.
static HEAP_POINTER: AtomicUsize = AtomicUsize::new(0);

unsafe extern "C" {
    /// The linker's symbol for the end of the stack and the statics.
    static __heap_base: u8;
}

/// Returns the address of the next allocation.
pub(crate) fn pointer() -> usize {
    match HEAP_POINTER.load(Ordering::Relaxed) {
        0 => (&raw const __heap_base).addr(),
        pointer => pointer,
    }
}

/// Moves the heap pointer and frees everything above it.
pub(crate) fn set_pointer(pointer: usize) {
    HEAP_POINTER.store(pointer, Ordering::Relaxed);
}

/// An allocator that works upwards, and frees and grows only the last block.
struct Arena;

impl Arena {
    /// Moves the heap pointer up to `end`. Returns false if no memory is left.
    fn extend(&self, end: usize) -> bool {
        // The host may have grown the memory.
        let missing = end.div_ceil(PAGE_BYTES).saturating_sub(memory_size(0));
        let extends = missing == 0 || memory_grow(0, missing) != usize::MAX;
        if extends {
            set_pointer(end);
        }
        extends
    }

    fn is_last(&self, block: *mut u8, layout: Layout) -> bool {
        block.addr() + layout.size() == pointer()
    }
}

// SAFETY: a block is above all earlier blocks and below the end of the memory. Its memory is reused only after it is
// freed or the host has set the heap pointer back.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // A host may set a pointer that is not aligned.
        let start = pointer().checked_next_multiple_of(layout.align());
        let end = start.and_then(|start| start.checked_add(layout.size()));
        match (start, end) {
            (Some(start), Some(end)) if self.extend(end) => ptr::with_exposed_provenance_mut(start),
            _ => ptr::null_mut(),
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if self.is_last(block, layout) {
            set_pointer(block.addr());
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if self.is_last(block, layout) {
            let extends = block
                .addr()
                .checked_add(size)
                .is_some_and(|end| self.extend(end));
            return if extends { block } else { ptr::null_mut() };
        }
        if size <= layout.size() {
            return block;
        }
        // SAFETY: by GlobalAlloc's contract, the new layout is valid and the old block has `layout.size()` bytes. The new
        // block is larger and does not overlap it.
        unsafe {
            let moved = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !moved.is_null() {
                ptr::copy_nonoverlapping(block, moved, layout.size());
            }
            moved
        }
    }
}
