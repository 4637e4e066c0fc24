//! `eci-policy schema`: the JSON Schema of the settings.

use std::io::Write;

use crate::Exit;
use crate::failure::Failure;

pub(crate) fn run(out: &mut dyn Write) -> Result<Exit, Failure> {
    writeln!(out, "{:#}", eci_security_context::policy::schema::schema())?;
    Ok(Exit::Clean)
}
