//! The memory as hosts of the ABI see it: everything above the heap pointer is theirs between two calls. They
//! write an input there, growing the memory themselves, and set the pointer back to be rid of an evaluation.
//!
//! So nothing that lives longer than a call may lie up there but what the host holds: no static of this
//! crate or of the core owns memory (no `LazyLock`, no cache, no hook for panics). The test that
//! evaluates 100,000 times in one instance would find one that does.
#![expect(
    unsafe_code,
    reason = "an allocator is told by addresses what it may trust"
)]

use std::alloc::{GlobalAlloc, Layout};
use std::arch::wasm32::{memory_grow, memory_size};
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

const PAGE_BYTES: usize = 64 * 1024;

#[global_allocator]
static ARENA: Arena = Arena;

/// The heap pointer; 0 before it was ever moved.
static HEAP_POINTER: AtomicUsize = AtomicUsize::new(0);

unsafe extern "C" {
    /// The linker's symbol for the end of the stack and the statics.
    static __heap_base: u8;
}

/// Where the next allocation begins.
pub(crate) fn pointer() -> usize {
    match HEAP_POINTER.load(Ordering::Relaxed) {
        0 => (&raw const __heap_base).addr(),
        pointer => pointer,
    }
}

/// Moves the heap pointer: what was allocated above it is gone.
pub(crate) fn set_pointer(pointer: usize) {
    HEAP_POINTER.store(pointer, Ordering::Relaxed);
}

/// Allocates upwards, and frees and grows the last block only.
struct Arena;

impl Arena {
    /// Moves the heap pointer up to `end`; false where no memory is left.
    fn extend(&self, end: usize) -> bool {
        // Asked every time: the host may have grown it.
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

// SAFETY: a block is above all that were allocated before it, and below the end of the memory; only where it is
// freed, or the host says that it is done with it, is the memory given again.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // The pointer that a host sets is not aligned.
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
        // SAFETY: the caller keeps to GlobalAlloc's contract: the new layout is valid, and the old block holds
        // `layout.size()` bytes, which the new one has room for and does not overlap.
        unsafe {
            let moved = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !moved.is_null() {
                ptr::copy_nonoverlapping(block, moved, layout.size());
            }
            moved
        }
    }
}
