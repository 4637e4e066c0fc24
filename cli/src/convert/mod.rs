//! `eci-policy convert`: from `docker run` to a pod, and from a pod to ECI's OpenAPI.

mod docker_run;

use std::io::Write;

use crate::Exit;
use crate::args::{Convert, ConvertFrom};
use crate::failure::Failure;

pub(crate) fn run(convert: &Convert, out: &mut dyn Write) -> Result<Exit, Failure> {
    match convert.from {
        Some(ConvertFrom::DockerRun) => docker_run::run(&convert.input, out),
        None => Err(Failure::new("not there yet")),
    }
}
