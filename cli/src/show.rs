//! `eci-policy show`: what ECI will really run.

use std::io::Write;

use crate::Exit;
use crate::args::Show;
use crate::failure::Failure;

pub(crate) fn run(_show: &Show, _out: &mut dyn Write) -> Result<Exit, Failure> {
    Err(Failure::new("not there yet"))
}
