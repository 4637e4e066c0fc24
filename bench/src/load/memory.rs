//! How much memory this process had at most, as Linux tells it.

use std::fs;

/// Forgets the most so far.
pub(crate) fn forget_peak() {
    // Where the system does not let one, the peak is that since the start.
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// The most resident memory, in KiB; none where the system does not tell.
pub(crate) fn peak_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    peak.trim().strip_suffix(" kB")?.parse().ok()
}
