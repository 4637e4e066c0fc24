//! `eci-policy explain`: the documentation of the rules.

use std::io::Write;

use crate::Exit;
use crate::args::Explain;
use crate::failure::Failure;

pub(crate) fn run(_explain: &Explain, _out: &mut dyn Write) -> Result<Exit, Failure> {
    Err(Failure::new("not there yet"))
}
