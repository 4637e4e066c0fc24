//! `eci-policy schema`: the JSON Schema of the settings.

use std::io::Write;

use crate::Exit;
use crate::failure::Failure;

pub(crate) fn run(_out: &mut dyn Write) -> Result<Exit, Failure> {
    Err(Failure::new("not there yet"))
}
