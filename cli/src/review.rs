//! The review of a file.

use eci_manifest::{Chunk, Part};
use eci_text::report::FileReport;
use eci_text::review::Reviewer;
use rayon::prelude::*;

use crate::input::{Input, path_in_repository};
use crate::partial;

/// Reviews a file, or a chunk of it, on all cores.
pub(crate) fn file(reviewer: &Reviewer<'_>, input: Input<Chunk>) -> FileReport {
    let (source, chunk) = match input {
        Ok(input) => input,
        Err(error) => return error.into(),
    };
    let name = source.name();
    let each = |parts: &[Part<'_>]| match parts {
        [part] => vec![reviewer.part(part)],
        parts => parts.par_iter().map(|part| reviewer.part(part)).collect(),
    };
    let mut report = Reviewer::chunk(name, chunk, each);
    report.path = path_in_repository(&report.name);
    partial::leave_patch(&source, &mut report);
    report
}
