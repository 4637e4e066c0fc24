//! Measures time and memory for all benchmarks.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// Returns the median of the samples in microseconds.
pub(crate) fn median(mut samples: Vec<Duration>) -> f64 {
    samples.sort_unstable();
    let median = samples.get(samples.len() / 2).copied().unwrap_or_default();
    median.as_secs_f64() * 1e6
}

/// Repeats a call for the time of `budget`, and returns the median time of a call in microseconds.
///
/// # Errors
/// The first error of a call.
pub(crate) fn median_of<E>(
    budget: Duration,
    mut call: impl FnMut() -> Result<(), E>,
) -> Result<f64, E> {
    let mut samples = Vec::new();
    let begin = Instant::now();
    while samples.is_empty() || begin.elapsed() < budget {
        let begin = Instant::now();
        call()?;
        samples.push(begin.elapsed());
    }
    Ok(median(samples))
}

/// This process, for [`memory_kib`].
pub(crate) const THIS: &str = "/proc/self/status";

/// The field for the peak of resident memory.
pub(crate) const PEAK: &str = "VmHWM:";

/// The field for the current resident memory.
pub(crate) const NOW: &str = "VmRSS:";

/// Returns a process's memory in KiB, from a field of its status file. Returns `None` except on Linux.
pub(crate) fn memory_kib(status: impl AsRef<Path>, field: &str) -> Option<u64> {
    let status = fs::read_to_string(status).ok()?;
    let value = status.lines().find_map(|line| line.strip_prefix(field))?;
    value.trim().strip_suffix(" kB")?.parse().ok()
}

/// Resets [`PEAK`] of this process.
pub(crate) fn forget_peak() {
    // If the system refuses, the peak since the start of the process remains.
    let _ = fs::write("/proc/self/clear_refs", "5");
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn the_peak_counts_allocations() {
        let allocated = vec![1_u8; 64 << 20];
        let peak = memory_kib(THIS, PEAK).unwrap();
        assert!(peak > 64 << 10, "{} bytes in {peak} KiB", allocated.len());
    }
}
