//! Times and memory, as every benchmark measures them.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// The median of the samples, in microseconds.
pub(crate) fn median(mut samples: Vec<Duration>) -> f64 {
    samples.sort_unstable();
    let median = samples.get(samples.len() / 2).copied().unwrap_or_default();
    median.as_secs_f64() * 1e6
}

/// The median time of a call, in microseconds, of as many calls as `budget` has room for.
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

/// The most resident memory so far.
pub(crate) const PEAK: &str = "VmHWM:";

/// The resident memory now.
pub(crate) const NOW: &str = "VmRSS:";

/// A process's memory in KiB, from a field of its status file. None on a system that is not Linux.
pub(crate) fn memory_kib(status: impl AsRef<Path>, field: &str) -> Option<u64> {
    let status = fs::read_to_string(status).ok()?;
    let value = status.lines().find_map(|line| line.strip_prefix(field))?;
    value.trim().strip_suffix(" kB")?.parse().ok()
}

/// Makes [`PEAK`] of this process begin again.
pub(crate) fn forget_peak() {
    // Where the system refuses it, the peak is that since the start.
    let _ = fs::write("/proc/self/clear_refs", "5");
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn the_peak_counts_what_was_allocated() {
        let allocated = vec![1_u8; 64 << 20];
        let peak = memory_kib(THIS, PEAK).unwrap();
        assert!(peak > 64 << 10, "{} bytes in {peak} KiB", allocated.len());
    }
}
