//! `eci-policy diff`: the verdicts that change between two revisions of ECI's rules.

use std::io::Write;

use eci_security_context::eci::profile::Profile;
use eci_security_context::rules::rule::Action;
use eci_security_context::text::one_line;
use eci_text::catalogue::profile_of;
use eci_text::diff::{Change, Difference, changes, differences, reviews};
use eci_text::review::Reviewer;
use serde::Serialize;

use crate::args::{DataFormat, Diff, SettingsArgs};
use crate::config::{Config, Paths};
use crate::console::to_stderr;
use crate::failure::Failure;
use crate::input::{Input, whole};
use crate::report::counted;
use crate::{Exit, batch, review};

pub(crate) fn run(diff: &Diff, out: &mut dyn Write) -> Result<Exit, Failure> {
    let from = profile_of(&diff.from).map_err(Failure::new)?;
    let to = profile_of(&diff.to).map_err(Failure::new)?;
    let args = SettingsArgs {
        settings: diff.settings.clone(),
        assume_eci: diff.assume_eci,
        no_config: diff.no_config,
        ..SettingsArgs::default()
    };
    let paths = Paths::of(&diff.input, &args)?;
    let mut report = Report {
        version: 1,
        from: from.name,
        to: to.name,
        objects: 0,
        changed: Vec::new(),
        reasons: Vec::new(),
        sources: [from.source, to.source],
    };
    let mut failed = 0;
    batch::in_order(
        &paths,
        |input, config| compare(input, config, [from, to]),
        |compared| {
            report.objects += compared.objects;
            report.changed.extend(compared.changed);
            failed += compared.problems.len();
            compared.problems.iter().for_each(to_stderr);
            Ok(())
        },
    )?;
    if !report.changed.is_empty() {
        report.reasons = differences(from, to);
    }
    match diff.format {
        DataFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, &report).map_err(std::io::Error::from)?;
            writeln!(out)?;
        }
        DataFormat::Text => report.write(out)?,
    }
    Ok(match (failed, report.changed.is_empty()) {
        (1.., _) => Exit::Failed,
        (_, true) => Exit::Clean,
        (_, false) => Exit::Denied,
    })
}

/// The comparison of a file.
struct Compared {
    objects: usize,
    changed: Vec<Changed>,
    problems: Vec<String>,
}

#[derive(Serialize)]
struct Report {
    version: u32,
    from: &'static str,
    to: &'static str,
    /// The number of objects that were compared.
    objects: usize,
    /// The objects with changes.
    changed: Vec<Changed>,
    /// The differences of the revisions, if there are changes.
    reasons: Vec<Difference>,
    /// The documents on which the revisions are based.
    sources: [&'static str; 2],
}

/// An object with changes, in a file.
#[derive(Serialize)]
struct Changed {
    file: String,
    #[serde(flatten)]
    object: eci_text::diff::Changed,
}

/// Reviews a file by both revisions.
fn compare(input: Input, config: &Config, revisions: [&'static Profile; 2]) -> Compared {
    let review = |reviewer: &Reviewer<'_>| review::file(reviewer, whole(input.clone()));
    let [before, after] = reviews(config.settings_of(&input), revisions, review);
    let text = input.map(|(_, text)| text).unwrap_or_default();
    let mut problems = before.problem_lines(&text, false);
    let more = after.problem_lines(&text, false);
    problems.extend(
        more.into_iter()
            .filter(|line| !problems.contains(line))
            .collect::<Vec<_>>(),
    );
    let changed = changes(&text, &before, &after).into_iter();
    Compared {
        objects: before.objects.len(),
        changed: changed
            .map(|object| Changed {
                file: before.name.clone(),
                object,
            })
            .collect(),
        problems,
    }
}

/// True if the findings that decide the verdict changed, though the verdict did not.
fn is_decided_anew(changes: &[Change], verdict: &str) -> bool {
    let deciding = match verdict {
        "denied" => Action::Deny,
        "repaired" => Action::Fix,
        "accepted with warnings" => Action::Warn,
        _ => return true,
    };
    let decides = |action: Option<&str>| action == Some(deciding.as_str());
    let mut changes = changes.iter();
    changes.any(|change| decides(change.before) || decides(change.after))
}

impl Report {
    fn write(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let Self { from, to, .. } = self;
        for changed in &self.changed {
            changed.write(out)?;
        }
        for difference in &self.reasons {
            writeln!(out, "difference: {}", difference.of)?;
            writeln!(
                out,
                "  {from}: {}\n  {to}: {}",
                difference.from, difference.to
            )?;
        }
        if !self.reasons.is_empty() {
            let [one, other] = self.sources;
            writeln!(out, "\nsource of {from}: {one}\nsource of {to}: {other}\n")?;
        }
        let (changed, objects) = (self.changed.len(), counted(self.objects, "object"));
        writeln!(
            out,
            "from {from} to {to}: the verdict changes for {changed} of {objects}"
        )?;
        Ok(())
    }
}

impl Changed {
    fn write(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let Self { file, object } = self;
        let (before, after) = (object.before, object.after);
        let verdict = match before == after {
            true if is_decided_anew(&object.changes, before) => {
                format!("{before}, for other reasons")
            }
            true => format!("{before} as before, with other remarks"),
            false => format!("{before} -> {after}"),
        };
        let (file, name) = (one_line(file), one_line(&object.object));
        writeln!(out, "{file}:{}: {name}: {verdict}", object.line)?;
        for change in &object.changes {
            let actions = match (change.before, change.after) {
                (Some(before), Some(after)) => format!("  {before} -> {after}"),
                (Some(before), None) => format!("- {before}"),
                (None, after) => format!("+ {}", after.unwrap_or_default()),
            };
            writeln!(
                out,
                "  {actions} [{}] {}:{} {}: {}",
                change.rule,
                change.line,
                change.column,
                one_line(&change.path),
                change.message
            )?;
        }
        writeln!(out)
    }
}
