//! `eci-policy check`: reviews manifests and reports the findings.

use std::collections::BTreeSet;
use std::io::Write;

use eci_manifest::Chunk;
use eci_text::namespaces::Namespaces;
use eci_text::review::{Repairs, Reviewer};

use crate::args::{Check, ReportFormat, SettingsArgs};
use crate::baseline::Baseline;
use crate::config::{Config, Paths};
use crate::console::to_stderr;
use crate::failure::Failure;
use crate::input::{Input, Work};
use crate::report::{Counts, FileReport, Run, Shown, Totals, counted, reporter};
use crate::{Exit, batch, review};

pub(crate) fn run(check: &Check, out: &mut dyn Write) -> Result<Exit, Failure> {
    let settings = SettingsArgs {
        has_namespaces: true,
        ..check.settings.clone()
    };
    let paths = Paths::of(&check.input, &settings)?;
    if check.show_config {
        return paths.show(check.strict, out);
    }
    let shown = Shown {
        quiet: check.quiet,
        audit: check.show_audit,
    };
    let mut baseline = match &check.baseline {
        Some(file) => Baseline::read(file)?,
        None => Baseline::default(),
    };
    let is_for_programs = matches!(
        check.format,
        ReportFormat::Json | ReportFormat::Sarif | ReportFormat::Junit
    );
    let mut reporter = reporter(check.format, run_of(&paths), shown);
    let (mut totals, mut counts) = (Totals::default(), Counts::default());
    let mut exit = Exit::Clean;
    let mut known = Namespaces::default();
    reporter.begin(out)?;
    batch::streamed(
        &paths,
        |work, config| before(&mut known, work, config),
        |input, namespaces, config| {
            let report = reviewed(check, config, input, &namespaces);
            (report, check.strict || config.strict)
        },
        |(mut report, is_strict): (FileReport, bool)| {
            match check.write_baseline {
                Some(_) => baseline.add(&report),
                None => baseline.suppress(&mut report),
            }
            let mut of_file = Totals::default();
            of_file.count(&report);
            exit = exit.max(exit_of(&of_file, is_strict));
            totals.count(&report);
            counts.count(&report);
            if !is_for_programs {
                report.leave_owned();
            }
            Ok(reporter.file(&report, out)?)
        },
    )?;
    let mut of_owned = Totals::default();
    for report in counts.settle(&mut totals) {
        of_owned.count(&report);
        if !is_for_programs {
            reporter.file(&report, out)?;
        }
    }
    reporter.end(&totals, &counts, out)?;
    let mut configs = paths.configs().into_iter();
    let is_strict = check.strict || configs.any(|config| config.strict);
    if totals.is_nothing_checked() && is_strict {
        exit = exit.max(Exit::Denied);
    }
    exit = exit.max(exit_of(&of_owned, is_strict));
    if let Some(file) = &check.write_baseline {
        if exit == Exit::Failed {
            let message = "the baseline is not written, because a file could not be checked";
            return Err(Failure::new(message));
        }
        let count = baseline.write(file)?;
        to_stderr(format_args!(
            "{} written to {}",
            counted(count, "finding"),
            file.display()
        ));
        return Ok(Exit::Clean);
    }
    Ok(match exit {
        Exit::Denied if check.exit_zero => Exit::Clean,
        exit => exit,
    })
}

/// Adds the Namespaces of an input, where their labels count, and returns all that are known for it. So its files are
/// read in their order.
fn before(known: &mut Namespaces, work: Work, config: &Config) -> (Work, Namespaces) {
    if !config.needs_namespaces() {
        return (work, Namespaces::default());
    }
    let input = work.read();
    if let Ok((_, chunk)) = &input {
        known.read(chunk);
    }
    (Work::Chunk(input), known.clone())
}

/// Returns the exit code that the results ask for.
const fn exit_of(totals: &Totals, is_strict: bool) -> Exit {
    match totals {
        Totals { failed: 1.., .. } => Exit::Failed,
        Totals { denied: 1.., .. } => Exit::Denied,
        _ if is_strict && totals.warned + totals.repaired + totals.ineffective > 0 => Exit::Denied,
        _ => Exit::Clean,
    }
}

fn reviewed(
    check: &Check,
    config: &Config,
    input: Input<Chunk>,
    namespaces: &Namespaces,
) -> FileReport {
    let reviewer = Reviewer {
        settings: config.settings_of(&input),
        suppressions: check.suppressions.into(),
        repairs: match check.format {
            ReportFormat::Json | ReportFormat::Sarif => Repairs::Listed,
            _ => Repairs::Mentioned,
        },
        namespaces: Some(namespaces),
    };
    review::file(&reviewer, input)
}

/// Returns the profile and the settings of the run; of several, all of them.
fn run_of(paths: &Paths<'_>) -> Run {
    let configs = paths.configs();
    let profiles: BTreeSet<_> = configs.iter().map(|config| config.profile()).collect();
    let settings: BTreeSet<_> = configs
        .iter()
        .filter_map(|config| config.settings_file.as_deref())
        .collect();
    let joined = |names: BTreeSet<&str>| names.into_iter().collect::<Vec<_>>().join(", ");
    Run {
        tool_version: env!("CARGO_PKG_VERSION"),
        profile: joined(profiles),
        settings: Some(joined(settings)).filter(|names| !names.is_empty()),
    }
}
