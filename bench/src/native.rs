//! The native core: reads a payload a line on standard input, and prints the microseconds of its evaluation, a line each.

use std::hint::black_box;
use std::time::Duration;

use eci_security_context::{kubewarden, validate};

use crate::Failure;
use crate::measure::median_of;

/// Measures each line of standard input.
///
/// # Errors
/// Where a line cannot be read, or an answer cannot be written.
pub(crate) fn run() -> Result<(), Failure> {
    for payload in std::io::stdin().lines() {
        let payload = payload?;
        let median = median_of(Duration::from_millis(200), || -> Result<(), Failure> {
            black_box(
                kubewarden::answer(&validate(payload.as_bytes(), None))
                    .map_err(|error| error.to_string())?,
            );
            Ok(())
        })?;
        println!("{median:.2}");
    }
    Ok(())
}
