//! `eci-policy diff`: which verdicts change between two revisions of ECI's rules, and why.

use std::io::Write;

use eci_manifest::Document;
use eci_security_context::eci::profile::{Identity, Profile, SysctlSet};
use eci_security_context::policy::settings::Settings;
use eci_security_context::review::Judged;
use eci_security_context::rules::rule::Action;
use eci_security_context::text::one_line;
use serde::Serialize;

use crate::Exit;
use crate::args::{DataFormat, Diff, SettingsArgs};
use crate::console::tell;
use crate::failure::Failure;
use crate::input::{Obstacle, Source};
use crate::judge::{Subject, problem};
use crate::report::{Lines, Problem};
use crate::{batch, settings};

pub(crate) fn run(diff: &Diff, out: &mut dyn Write) -> Result<Exit, Failure> {
    let settings_of = |profile: &str| {
        settings::load(&SettingsArgs {
            settings: diff.settings.clone(),
            profile: Some(profile.to_owned()),
            assume_eci: diff.assume_eci,
        })
    };
    let revisions = Revisions {
        from: settings_of(&diff.from)?,
        to: settings_of(&diff.to)?,
    };
    let mut report = Report {
        version: 1,
        from: revisions.from.account.profile.name,
        to: revisions.to.account.profile.name,
        objects: 0,
        changed: Vec::new(),
        reasons: Vec::new(),
        sources: [
            revisions.from.account.profile.source,
            revisions.to.account.profile.source,
        ],
    };
    let mut failed = 0;
    batch::in_order(
        &diff.input.paths,
        |source| revisions.compare(source),
        |compared| {
            report.objects += compared.objects;
            report.changed.extend(compared.changed);
            for problem in compared.problems {
                tell(problem);
                failed += 1;
            }
            Ok(())
        },
    )?;
    report.reasons = revisions.reasons(&report.changed);
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

/// The settings with the one and with the other revision.
struct Revisions {
    from: Settings,
    to: Settings,
}

/// What changes in a file.
#[derive(Default)]
struct Compared {
    objects: usize,
    changed: Vec<Object>,
    problems: Vec<String>,
}

#[derive(Serialize)]
struct Report {
    version: u32,
    from: &'static str,
    to: &'static str,
    /// How many objects were judged.
    objects: usize,
    /// Those of which the verdict changes.
    changed: Vec<Object>,
    /// In what the revisions differ that bears on the changes.
    reasons: Vec<Reason>,
    /// The documents that the revisions were taken from.
    sources: [&'static str; 2],
}

/// An object of which the verdict changes.
#[derive(Serialize)]
struct Object {
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
    /// What is done about it before; absent where there is no such finding.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<&'static str>,
    /// What is done about it after; absent where there is no such finding.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'static str>,
    message: String,
}

/// A difference of two revisions.
#[derive(Serialize)]
struct Reason {
    /// What the revisions say of.
    of: &'static str,
    from: String,
    to: String,
}

impl Revisions {
    fn compare(&self, source: Result<Source, Obstacle>) -> Compared {
        let mut compared = Compared::default();
        let read = source.and_then(|source| {
            let name = source.name();
            match source.read() {
                Ok(text) => Ok((name, text)),
                Err(message) => Err(Obstacle {
                    name,
                    message,
                    is_harmless: false,
                }),
            }
        });
        let (name, text) = match read {
            Ok(read) => read,
            Err(Obstacle {
                is_harmless: true, ..
            }) => return compared,
            Err(Obstacle { name, message, .. }) => {
                compared.problems.push(format!("{name}: {message}"));
                return compared;
            }
        };
        let lines = Lines::of(&text);
        let place = |problem: Problem| {
            let (line, column) = lines.at(problem.span.map_or(0, |span| span.start));
            format!("{name}:{line}:{column}: {}", problem.message)
        };
        for part in eci_manifest::parts(&text) {
            match part.documents() {
                Err(error) => compared.problems.push(place(problem(&part, &error))),
                Ok(documents) => {
                    for document in &documents {
                        let subject = match Subject::of(document) {
                            Ok(Some(subject)) => subject,
                            Ok(None) => continue,
                            Err(problem) => {
                                compared.problems.push(place(problem));
                                continue;
                            }
                        };
                        compared.objects += 1;
                        match self.object(&name, document, &subject, &lines) {
                            Ok(object) => compared.changed.extend(object),
                            Err(problem) => compared.problems.push(place(problem)),
                        }
                    }
                }
            }
        }
        compared
    }

    /// What changes in an object; `None` where nothing does.
    fn object(
        &self,
        file: &str,
        document: &Document<'_>,
        subject: &Subject,
        lines: &Lines<'_>,
    ) -> Result<Option<Object>, Problem> {
        let before = subject.judge(document, &self.from)?.findings;
        let after = subject.judge(document, &self.to)?.findings;
        let same = |one: &Judged, other: &Judged| {
            one.finding.rule.id == other.finding.rule.id && one.finding.path == other.finding.path
        };
        let mut changes = Vec::new();
        let mut change =
            |Judged { finding, .. }: &Judged, before: Option<Action>, after: Option<Action>| {
                let path = finding.path.to_string();
                let (line, column) = lines.at(subject.span(document, &path).start);
                let (rule, message) = (finding.rule.id, finding.message.to_string());
                let (before, after) = (before.map(Action::as_str), after.map(Action::as_str));
                changes.push(Change {
                    line,
                    column,
                    rule,
                    path,
                    before,
                    after,
                    message,
                });
            };
        for gone in &before {
            match after.iter().find(|finding| same(finding, gone)) {
                None => change(gone, Some(gone.decision.action), None),
                Some(there) if there.decision.action != gone.decision.action => change(
                    there,
                    Some(gone.decision.action),
                    Some(there.decision.action),
                ),
                Some(_) => {}
            }
        }
        for new in after
            .iter()
            .filter(|new| !before.iter().any(|there| same(there, new)))
        {
            change(new, None, Some(new.decision.action));
        }
        if changes.is_empty() {
            return Ok(None);
        }
        let (line, _) = lines.at(subject.span(document, "").start);
        let object = subject.name().to_owned();
        Ok(Some(Object {
            file: file.to_owned(),
            line,
            object,
            before: verdict(&before),
            after: verdict(&after),
            changes,
        }))
    }

    /// In what the revisions differ, as far as it bears on the changes.
    fn reasons(&self, changed: &[Object]) -> Vec<Reason> {
        let (from, to) = (self.from.account.profile, self.to.account.profile);
        let is_concerned = |rules: &[&str]| {
            changed
                .iter()
                .flat_map(|object| &object.changes)
                .any(|change| rules.contains(&change.rule))
        };
        let aspects = ASPECTS.iter().filter(|aspect| is_concerned(aspect.rules));
        let reasons = aspects.map(|Aspect { of, says, .. }| Reason {
            of,
            from: says(from),
            to: says(to),
        });
        reasons.filter(|reason| reason.from != reason.to).collect()
    }
}

/// Whether what decides of an object is not what decided of it before, though the verdict is the same.
fn is_decided_anew(changes: &[Change], verdict: &str) -> bool {
    let deciding = match verdict {
        "denied" => Action::Deny,
        "repaired" => Action::Fix,
        "accepted with warnings" => Action::Warn,
        _ => return true,
    };
    let decides = |action: Option<&str>| action == Some(deciding.as_str());
    changes
        .iter()
        .any(|change| decides(change.before) || decides(change.after))
}

/// What the findings mean for the object.
fn verdict(findings: &[Judged]) -> &'static str {
    match findings.iter().map(|judged| judged.decision.action).max() {
        Some(Action::Deny) => "denied",
        Some(Action::Fix) => "repaired",
        Some(Action::Warn) => "accepted with warnings",
        Some(Action::Audit | Action::Off) | None => "accepted",
    }
}

/// Something that revisions of ECI's rules say.
struct Aspect {
    of: &'static str,
    /// The rules whose findings follow from it.
    rules: &'static [&'static str],
    says: fn(&Profile) -> String,
}

static ASPECTS: &[Aspect] = &[
    Aspect {
        of: "sysctls of the pod field",
        rules: &["sysctl-unsupported", "sysctl-value", "min-free-kbytes"],
        says: |profile| sysctls(&profile.sysctls),
    },
    Aspect {
        of: "host sysctls by annotation",
        rules: &[
            "host-sysctls-malformed",
            "host-sysctls-unapproved",
            "host-sysctls-misplaced",
            "sysctl-unsupported",
        ],
        says: |profile| approval(profile.host_sysctls),
    },
    Aspect {
        of: "privileged mode",
        rules: &["privileged"],
        says: |profile| approval(profile.privileged),
    },
    Aspect {
        of: "capabilities for everyone",
        rules: &["capability-unsupported", "capability-name"],
        says: |profile| profile.capabilities.join(", "),
    },
    Aspect {
        of: "further capabilities",
        rules: &["capability-unsupported", "capability-name"],
        says: |profile| approval(profile.capability_approvals),
    },
    Aspect {
        of: "identity of a pod",
        rules: &["pod-identity"],
        says: |profile| identity(profile.pod_identity),
    },
    Aspect {
        of: "identity of a container",
        rules: &["pod-identity"],
        says: |profile| identity(profile.container_identity),
    },
    Aspect {
        of: "identity of an init container",
        rules: &["pod-identity", "init-container-identity"],
        says: |profile| identity(profile.init_container_identity),
    },
];

fn approval(is_possible: bool) -> String {
    if is_possible {
        "where approved"
    } else {
        "none"
    }
    .to_owned()
}

fn sysctls(set: &SysctlSet) -> String {
    let except = if set.except.is_empty() {
        String::new()
    } else {
        format!(" except {}", set.except.join(", "))
    };
    format!("{}{except}", set.patterns.join(", "))
}

fn identity(read: Identity) -> String {
    let fields = [
        (read.run_as_user, "runAsUser"),
        (read.run_as_group, "runAsGroup"),
        (read.run_as_non_root, "runAsNonRoot"),
    ];
    let read: Vec<_> = fields
        .into_iter()
        .filter(|(is_read, _)| *is_read)
        .map(|(_, name)| name)
        .collect();
    if read.is_empty() {
        "not read".to_owned()
    } else {
        read.join(", ")
    }
}

impl Report {
    fn write(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let Self { from, to, .. } = self;
        for Object {
            file,
            line,
            object,
            before,
            after,
            changes,
        } in &self.changed
        {
            let (file, object) = (one_line(file), one_line(object));
            match before == after {
                true if is_decided_anew(changes, before) => {
                    writeln!(out, "{file}:{line}: {object}: {before}, for other reasons")?
                }
                true => writeln!(
                    out,
                    "{file}:{line}: {object}: {before} as before, with other remarks"
                )?,
                false => writeln!(out, "{file}:{line}: {object}: {before} -> {after}")?,
            }
            for Change {
                line,
                column,
                rule,
                path,
                before,
                after,
                message,
            } in changes
            {
                let change = match (before, after) {
                    (Some(before), None) => format!("- {before}"),
                    (None, Some(after)) => format!("+ {after}"),
                    (before, after) => {
                        format!(
                            "  {} -> {}",
                            before.unwrap_or_default(),
                            after.unwrap_or_default()
                        )
                    }
                };
                let at = one_line(path);
                writeln!(out, "  {change} [{rule}] {line}:{column} {at}: {message}")?;
            }
            writeln!(out)?;
        }
        for Reason {
            of,
            from: one,
            to: other,
        } in &self.reasons
        {
            writeln!(out, "why: {of}\n  {from}: {one}\n  {to}: {other}")?;
        }
        if !self.reasons.is_empty() {
            let [one, other] = self.sources;
            writeln!(out, "\nsource of {from}: {one}\nsource of {to}: {other}\n")?;
        }
        let changed = self.changed.len();
        let objects = if self.objects == 1 {
            "object"
        } else {
            "objects"
        };
        writeln!(
            out,
            "from {from} to {to}: the verdict changes for {changed} of {} {objects}",
            self.objects
        )?;
        Ok(())
    }
}
