//! The native core: reads one payload per line from standard input, and prints the microseconds of each evaluation.

use std::hint::black_box;
use std::time::Duration;

use eci_security_context::{kubewarden, validate};

use crate::Failure;
use crate::measure::median_of;

/// Measures each line of standard input.
///
/// # Errors
/// If a line cannot be read or an answer cannot be written.
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
