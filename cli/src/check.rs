//! `eci-policy check`: judges manifests, and reports.

use std::io::Write;

use crate::Exit;
use crate::args::{Check, ReportFormat};
use crate::batch;
use crate::failure::Failure;
use crate::input::{Obstacle, Source};
use crate::judge::{Judge, Repairs};
use crate::report::{FileReport, Problem, Totals, Weight, reporter};
use crate::settings;

pub(crate) fn run(check: &Check, out: &mut dyn Write) -> Result<Exit, Failure> {
    let settings = settings::load(&check.settings)?;
    let repairs = match check.format {
        ReportFormat::Json | ReportFormat::Sarif => Repairs::Told,
        ReportFormat::Text | ReportFormat::Github | ReportFormat::Junit => Repairs::Mentioned,
    };
    let judge = Judge {
        settings: &settings,
        suppressions: check.suppressions,
        repairs,
    };
    let mut reporter = reporter(check.format);
    let mut totals = Totals::default();
    reporter.begin(out)?;
    batch::in_order(
        &check.input.paths,
        |source| report(&judge, source),
        |report| {
            totals.count(&report);
            Ok(reporter.file(&report, out)?)
        },
    )?;
    reporter.end(&totals, out)?;
    Ok(match totals {
        Totals { failed: 1.., .. } => Exit::Failed,
        Totals { denied: 1.., .. } => Exit::Denied,
        Totals {
            warned,
            repaired,
            ineffective,
            ..
        } if check.strict && warned + repaired + ineffective > 0 => Exit::Denied,
        _ => Exit::Clean,
    })
}

fn report(judge: &Judge<'_>, source: Result<Source, Obstacle>) -> FileReport {
    let source = match source {
        Ok(source) => source,
        Err(obstacle) => return obstructed(obstacle),
    };
    match source.read() {
        Ok(text) => judge.text(source.name(), text),
        Err(message) => obstructed(Obstacle {
            name: source.name(),
            message,
            is_harmless: false,
        }),
    }
}

/// What is said of a file that is not read.
pub(crate) fn obstructed(
    Obstacle {
        name,
        message,
        is_harmless,
    }: Obstacle,
) -> FileReport {
    let problem = Problem {
        span: None,
        message,
        help: None,
        weight: if is_harmless {
            Weight::Remark
        } else {
            Weight::Failure
        },
    };
    FileReport {
        name,
        problems: vec![problem],
        ..FileReport::default()
    }
}
