//! `eci-policy diff`: the verdicts that change between two revisions of ECI's rules.

use std::io::Write;

use eci_security_context::eci::field::IdentityField;
use eci_security_context::eci::profile::{Identity, Profile, SysctlSet};
use eci_security_context::rules::rule::Action;
use eci_security_context::text::one_line;
use serde::Serialize;

use crate::args::{DataFormat, Diff, SettingsArgs, SuppressionArgs};
use crate::config::{Config, Paths};
use crate::console::to_stderr;
use crate::failure::Failure;
use crate::input::{Input, whole};
use crate::report::{FileReport, Found, Lines, counted};
use crate::review::{Repairs, Reviewer};
use crate::settings::profile_of;
use crate::{Exit, batch};

pub(crate) fn run(diff: &Diff, out: &mut dyn Write) -> Result<Exit, Failure> {
    let (from, to) = (profile_of(&diff.from)?, profile_of(&diff.to)?);
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

/// An object with changes.
#[derive(Serialize)]
struct Changed {
    file: String,
    line: usize,
    object: String,
    before: &'static str,
    after: &'static str,
    changes: Vec<Change>,
}

/// A finding of one revision that the other does not have, or has with another action.
#[derive(Serialize)]
struct Change {
    line: usize,
    column: usize,
    rule: &'static str,
    path: String,
    /// The action before; absent if there was no such finding.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<&'static str>,
    /// The action after; absent if there is no such finding.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'static str>,
    message: String,
}

/// Reviews a file by both revisions.
fn compare(input: Input, config: &Config, revisions: [&'static Profile; 2]) -> Compared {
    let [before, after] = revisions.map(|profile| {
        let mut settings = config.settings_of(&input).clone();
        settings.account.profile = profile;
        let reviewer = Reviewer {
            settings: &settings,
            suppressions: SuppressionArgs {
                no_suppressions: true,
                ..SuppressionArgs::default()
            },
            repairs: Repairs::Made,
            namespaces: None,
        };
        reviewer.file(whole(input.clone()))
    });
    let text = input.map(|(_, text)| text).unwrap_or_default();
    let mut problems = before.problem_lines(&text, false);
    let more = after.problem_lines(&text, false);
    problems.extend(
        more.into_iter()
            .filter(|line| !problems.contains(line))
            .collect::<Vec<_>>(),
    );
    let lines = Lines::of(&text);
    let objects = 0..before.objects.len();
    Compared {
        objects: objects.len(),
        changed: objects
            .filter_map(|object| changed(object, &before, &after, &lines))
            .collect(),
        problems,
    }
}

/// Returns the changes of an object; `None` if there are none.
fn changed(
    index: usize,
    before: &FileReport,
    after: &FileReport,
    lines: &Lines<'_>,
) -> Option<Changed> {
    let [old, new] = [before, after].map(|report| -> Vec<&Found> {
        let found = report.found.iter();
        found.filter(|found| found.object == index).collect()
    });
    let action = |found: &Found| found.decision.action;
    let mut changes = Vec::new();
    for found in &old {
        match new.iter().find(|other| is_same(found, other)) {
            None => changes.push(Change::of(found, Some(action(found)), None, lines)),
            Some(other) if action(other) != action(found) => {
                let (before, after) = (Some(action(found)), Some(action(other)));
                changes.push(Change::of(other, before, after, lines));
            }
            Some(_) => {}
        }
    }
    for found in new
        .iter()
        .filter(|new| !old.iter().any(|old| is_same(old, new)))
    {
        changes.push(Change::of(found, None, Some(action(found)), lines));
    }
    let object = before.objects.get(index).filter(|_| !changes.is_empty())?;
    let (line, _) = lines.at(object.start);
    Some(Changed {
        file: before.name.clone(),
        line,
        object: object.name.clone(),
        before: verdict(&old),
        after: verdict(&new),
        changes,
    })
}

fn is_same(one: &Found, other: &Found) -> bool {
    one.finding.rule.id == other.finding.rule.id && one.finding.path == other.finding.path
}

impl Change {
    fn of(
        Found { finding, span, .. }: &Found,
        before: Option<Action>,
        after: Option<Action>,
        lines: &Lines<'_>,
    ) -> Self {
        let (line, column) = lines.at(span.start);
        Self {
            line,
            column,
            rule: finding.rule.id,
            path: finding.path.to_string(),
            before: before.map(Action::as_str),
            after: after.map(Action::as_str),
            message: finding.message.to_string(),
        }
    }
}

/// Returns what the findings mean for the object.
fn verdict(found: &[&Found]) -> &'static str {
    match found.iter().map(|found| found.decision.action).max() {
        Some(Action::Deny) => "denied",
        Some(Action::Fix) => "repaired",
        Some(Action::Warn) => "accepted with warnings",
        Some(Action::Audit | Action::Off) | None => "accepted",
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

/// A difference of two revisions.
#[derive(Serialize)]
struct Difference {
    of: &'static str,
    from: String,
    to: String,
}

/// Returns the differences of two revisions, from the tables of their profiles.
fn differences(from: &Profile, to: &Profile) -> Vec<Difference> {
    type Aspect = fn(&Profile) -> String;
    let aspects: [(&str, Aspect); 8] = [
        ("sysctls of the pod field", |profile| {
            sysctls(&profile.sysctls)
        }),
        ("host sysctls by annotation", |profile| {
            approval(profile.host_sysctls)
        }),
        ("privileged containers", |profile| {
            approval(profile.privileged)
        }),
        ("capabilities for everyone", |profile| {
            profile.capabilities.join(", ")
        }),
        ("other capabilities", |profile| {
            approval(profile.capability_approvals)
        }),
        ("identity of a pod", |profile| {
            identity(&profile.pod_identity)
        }),
        ("identity of a container", |profile| {
            identity(&profile.container_identity)
        }),
        ("identity of an init container", |profile| {
            identity(&profile.init_container_identity)
        }),
    ];
    let differences = aspects.into_iter().map(|(of, aspect)| Difference {
        of,
        from: aspect(from),
        to: aspect(to),
    });
    differences
        .filter(|difference| difference.from != difference.to)
        .collect()
}

fn approval(is_possible: bool) -> String {
    let word = if is_possible {
        "if approved"
    } else {
        "not supported"
    };
    word.to_owned()
}

fn sysctls(set: &SysctlSet) -> String {
    let patterns = set.patterns.join(", ");
    match set.except {
        [] => patterns,
        except => format!("{patterns} except {}", except.join(", ")),
    }
}

fn identity(read: &Identity) -> String {
    let fields = IdentityField::ALL
        .into_iter()
        .filter(|field| read.reads(*field));
    let names: Vec<_> = fields.map(IdentityField::name).collect();
    match names.as_slice() {
        [] => "not read".to_owned(),
        names => names.join(", "),
    }
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
        let Self { before, after, .. } = self;
        let verdict = match before == after {
            true if is_decided_anew(&self.changes, before) => {
                format!("{before}, for other reasons")
            }
            true => format!("{before} as before, with other remarks"),
            false => format!("{before} -> {after}"),
        };
        let (file, object) = (one_line(&self.file), one_line(&self.object));
        writeln!(out, "{file}:{}: {object}: {verdict}", self.line)?;
        for change in &self.changes {
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
