//! `eci-policy convert`: from `docker run` to a pod, and from a pod to ECI's OpenAPI.

use std::io::Write;

use crate::Exit;
use crate::args::Convert;
use crate::failure::Failure;

pub(crate) fn run(_convert: &Convert, _out: &mut dyn Write) -> Result<Exit, Failure> {
    Err(Failure::new("not there yet"))
}
