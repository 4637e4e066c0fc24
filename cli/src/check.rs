//! `eci-policy check`: reviews manifests and reports the findings.

use std::io::Write;

use crate::args::{Check, ReportFormat};
use crate::failure::Failure;
use crate::report::{Totals, reporter};
use crate::review::{Repairs, Reviewer};
use crate::{Exit, batch, settings};

pub(crate) fn run(check: &Check, out: &mut dyn Write) -> Result<Exit, Failure> {
    let settings = settings::load(&check.settings)?;
    let reviewer = Reviewer {
        settings: &settings,
        suppressions: check.suppressions,
        repairs: match check.format {
            ReportFormat::Json | ReportFormat::Sarif => Repairs::Listed,
            ReportFormat::Text | ReportFormat::Github | ReportFormat::Junit => Repairs::Mentioned,
        },
    };
    let mut reporter = reporter(check.format);
    let mut totals = Totals::default();
    reporter.begin(out)?;
    batch::in_order(
        &check.input.paths,
        |input| reviewer.file(input),
        |report| {
            totals.count(&report);
            Ok(reporter.file(&report, out)?)
        },
    )?;
    reporter.end(&totals, out)?;
    let Totals {
        warned,
        repaired,
        ineffective,
        ..
    } = totals;
    Ok(match totals {
        Totals { failed: 1.., .. } => Exit::Failed,
        Totals { denied: 1.., .. } => Exit::Denied,
        _ if check.strict && warned + repaired + ineffective > 0 => Exit::Denied,
        _ => Exit::Clean,
    })
}
