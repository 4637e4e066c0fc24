//! The report as SARIF 2.1.0, for code scanning.

use std::io::{self, Write};

use eci_text::report::sarif::Sarif;

use super::{Counts, FileReport, Reporter, Totals};

impl Reporter for Sarif {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        Self::begin(self, out)
    }

    fn file(&mut self, report: &FileReport, out: &mut dyn Write) -> io::Result<()> {
        Self::file(self, report, out)
    }

    fn end(&mut self, totals: &Totals, _counts: &Counts, out: &mut dyn Write) -> io::Result<()> {
        Self::end(self, totals, out)
    }
}

#[cfg(test)]
mod tests;
