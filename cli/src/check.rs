//! `eci-policy check`: reviews manifests and reports the findings.

use std::io::Write;

use crate::args::{Check, ReportFormat};
use crate::failure::Failure;
use crate::report::{Run, Shown, Totals, reporter};
use crate::review::{Repairs, Reviewer};
use crate::{Exit, batch, settings};

pub(crate) fn run(check: &Check, out: &mut dyn Write) -> Result<Exit, Failure> {
    let settings = settings::load(&check.settings)?;
    let reviewer = Reviewer {
        settings: &settings,
        suppressions: check.suppressions,
        repairs: match check.format {
            ReportFormat::Json | ReportFormat::Sarif => Repairs::Listed,
            _ => Repairs::Mentioned,
        },
    };
    let settings_file = check.settings.settings.as_ref();
    let run = Run {
        tool_version: env!("CARGO_PKG_VERSION"),
        profile: settings.account.profile.name,
        settings: settings_file.map(|file| file.display().to_string()),
    };
    let shown = Shown {
        quiet: check.quiet,
        audit: check.show_audit,
    };
    let mut reporter = reporter(check.format, run, shown);
    let mut totals = Totals::default();
    reporter.begin(out)?;
    batch::in_order(
        &check.input,
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
    let is_strictly_denied = warned + repaired + ineffective > 0 || totals.is_nothing_checked();
    Ok(match totals {
        Totals { failed: 1.., .. } => Exit::Failed,
        _ if check.exit_zero => Exit::Clean,
        Totals { denied: 1.., .. } => Exit::Denied,
        _ if check.strict && is_strictly_denied => Exit::Denied,
        _ => Exit::Clean,
    })
}
