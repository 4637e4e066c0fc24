//! `eci-policy convert`: from `docker run` to a pod, and from a pod to ECI's OpenAPI.

mod create_container_group;

use std::io::Write;

use crate::Exit;
use crate::args::{Convert, ConvertTo};
use crate::failure::Failure;

pub(crate) fn run(convert: &Convert, out: &mut dyn Write) -> Result<Exit, Failure> {
    match convert.to {
        Some(ConvertTo::CreateContainerGroup) => create_container_group::run(convert, out),
        None => Err(Failure::new("not there yet")),
    }
}
