//! `eci-policy convert`: from `docker run` to a pod, and from a pod to ECI's OpenAPI.

mod create_container_group;
mod docker_run;

use std::io::Write;

use crate::Exit;
use crate::args::{Convert, ConvertFrom, ConvertTo};
use crate::failure::Failure;

pub(crate) fn run(convert: &Convert, out: &mut dyn Write) -> Result<Exit, Failure> {
    match (convert.from, convert.to) {
        (Some(ConvertFrom::DockerRun), _) => docker_run::run(&convert.input, out),
        (None, Some(ConvertTo::CreateContainerGroup)) => create_container_group::run(convert, out),
        (None, None) => Err(Failure::new("say --from or --to")),
    }
}
