//! `eci-policy fix`: repairs manifests in place. A file is written as a whole or not at all, and only what reads, once
//! written, as the object that admission would make.

use std::collections::HashMap;
use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::path::Path;

use eci_manifest::{Document, Part, Replacement, Unrepairable, replaced};
use eci_security_context::fix::Edit;
use eci_security_context::policy::settings::Mutate;
use eci_security_context::rules::RULES;
use eci_security_context::rules::rule::{Action, Rule};
use eci_security_context::text::nearest;
use serde_json::Value;
use similar::TextDiff;

use crate::Exit;
use crate::args::Fix;
use crate::console::tell;
use crate::failure::Failure;
use crate::input::{Obstacle, Source, plain};
use crate::judge::{Judge, Judged, Repairs, problem};
use crate::report::{FileReport, Found, Lines, Problem, Taken, Weight};
use crate::{batch, repair, settings};

pub(crate) fn run(fix: &Fix, out: &mut dyn Write) -> Result<Exit, Failure> {
    let rules = fix
        .rules
        .iter()
        .map(|id| rule_of(id))
        .collect::<Result<Vec<_>, _>>()?;
    let mut settings = settings::load(&fix.settings)?;
    settings.mutate = Mutate::All;
    let repairer = Repairer {
        judge: Judge {
            settings: &settings,
            suppressions: fix.suppressions,
            repairs: Repairs::Made,
        },
        rules,
    };
    let mut totals = Totals::default();
    batch::in_order(
        &fix.input.paths,
        |source| repairer.source(source),
        |repaired| totals.settle(repaired, fix.diff, out),
    )?;
    totals.tell(fix.diff);
    Ok(match totals {
        Totals { failed: 1.., .. } => Exit::Failed,
        Totals { left: 1.., .. } => Exit::Denied,
        Totals { findings: 1.., .. } if fix.diff => Exit::Denied,
        _ => Exit::Clean,
    })
}

fn rule_of(id: &str) -> Result<&'static Rule, Failure> {
    let known: Vec<_> = RULES
        .iter()
        .filter(|rule| rule.fix.is_available())
        .map(|rule| rule.id)
        .collect();
    match RULES.iter().find(|rule| rule.id == id) {
        Some(rule) if rule.fix.is_available() => Ok(rule),
        Some(_) => Err(Failure::new(format!(
            "the rule {id} has no repair; there is one for {}",
            known.join(", ")
        ))),
        None => {
            let meant = nearest(id, &RULES.iter().map(|rule| rule.id).collect::<Vec<_>>());
            let meant = meant
                .map(|meant| format!("; did you mean {meant}?"))
                .unwrap_or_default();
            Err(Failure::new(format!("there is no rule {id}{meant}")))
        }
    }
}

/// A file, and what it would be.
struct Repaired {
    source: Option<Source>,
    before: String,
    after: String,
    /// How many findings are repaired.
    findings: usize,
    /// How many were left alone.
    left: usize,
    /// Those that would be repaired if the pods were ECI's for certain.
    possible: usize,
    problems: FileReport,
}

struct Repairer<'s> {
    judge: Judge<'s>,
    /// The rules of which everything is repaired; none of them: what has the action `fix`.
    rules: Vec<&'static Rule>,
}

impl Repairer<'_> {
    fn source(&self, source: Result<Source, Obstacle>) -> Repaired {
        let none = |problems| Repaired {
            source: None,
            before: String::new(),
            after: String::new(),
            findings: 0,
            left: 0,
            possible: 0,
            problems,
        };
        match source.and_then(|source| {
            let text = source.read();
            let failed = |message| Obstacle {
                name: source.name(),
                message,
                is_harmless: false,
            };
            text.map_err(failed).map(|text| (source, text))
        }) {
            Err(obstacle) => none(crate::check::obstructed(obstacle)),
            Ok((source, before)) => {
                let problems = FileReport {
                    name: source.name(),
                    ..FileReport::default()
                };
                self.text(Repaired {
                    source: Some(source),
                    before,
                    ..none(problems)
                })
            }
        }
    }

    fn text(&self, mut repaired: Repaired) -> Repaired {
        let text = std::mem::take(&mut repaired.before);
        let mut replacements = Vec::new();
        for part in eci_manifest::parts(&text) {
            match part.documents() {
                Ok(documents) => {
                    let judged = self.judge.documents(&part, &documents);
                    replacements.append(&mut self.part(&part, &documents, judged, &mut repaired));
                }
                Err(error) => repaired.problems.problems.push(problem(&part, &error)),
            }
        }
        repaired.after = replaced(&text, &replacements);
        repaired.before = text;
        repaired.problems.text.clone_from(&repaired.before);
        repaired
    }

    /// The replacements in a part.
    fn part(
        &self,
        part: &Part<'_>,
        documents: &[Document<'_>],
        judged: Judged,
        repaired: &mut Repaired,
    ) -> Vec<Replacement> {
        repaired.problems.problems.extend(judged.problems);
        let mut edits: Vec<(Vec<&Found>, Vec<Edit>)> =
            documents.iter().map(|_| Default::default()).collect();
        for found in judged
            .found
            .iter()
            .filter(|found| found.suppressed.is_none())
        {
            let Some(fix) = &found.fix else { continue };
            let is_possible = self.rules.is_empty()
                && fix.taken == Taken::AsEci
                && found.decision.action == Action::Warn;
            repaired.possible += usize::from(is_possible);
            if !self.takes(found) {
                continue;
            }
            let (Some((chosen, edits)), Some(document)) =
                (edits.get_mut(found.document), documents.get(found.document))
            else {
                continue;
            };
            // One finding that cannot be repaired must not keep the others from it.
            match repair::replacements(document, &fix.edits) {
                Ok(_) => {
                    chosen.push(found);
                    edits.extend(fix.edits.iter().cloned());
                }
                Err(unrepairable) => leave(&unrepairable, &[found], repaired),
            }
        }
        if edits.iter().all(|(chosen, _)| chosen.is_empty()) {
            return Vec::new();
        }
        let denied = denied(&judged.found);
        let mut all = Vec::new();
        let mut planned = Vec::new();
        for (document, (chosen, edits)) in documents
            .iter()
            .zip(&edits)
            .filter(|(_, (chosen, _))| !chosen.is_empty())
        {
            match repair::replacements(document, edits) {
                Ok(mut replacements) => {
                    all.append(&mut replacements);
                    planned.push((document, chosen, edits));
                }
                Err(unrepairable) => leave(&unrepairable, chosen, repaired),
            }
        }
        all.sort_by_key(|replacement| (replacement.span.start, replacement.span.end));
        let expected = |document: &Document<'_>| -> Value {
            match planned
                .iter()
                .find(|(planned, ..)| planned.is_same(document))
            {
                Some((_, _, edits)) => repair::after(document, edits),
                None => document.value(),
            }
        };
        if repair::reads_as(part, &all, documents.iter().map(expected))
            && self.denies_no_more(part, &all, &denied)
        {
            repaired.findings += planned
                .iter()
                .map(|(_, chosen, _)| chosen.len())
                .sum::<usize>();
            return all;
        }
        // One document that cannot be repaired must not keep the others from it.
        let mut safe = Vec::new();
        for (document, chosen, edits) in planned {
            let verified =
                repair::verified(part, documents, document, edits).and_then(|replacements| {
                    match self.denies_no_more(part, &replacements, &denied) {
                        true => Ok(replacements),
                        false => Err(repair::shared(document, &replacements)),
                    }
                });
            match verified {
                Ok(mut replacements) => {
                    safe.append(&mut replacements);
                    repaired.findings += chosen.len();
                }
                Err(unrepairable) => leave(&unrepairable, chosen, repaired),
            }
        }
        safe.sort_by_key(|replacement| (replacement.span.start, replacement.span.end));
        safe
    }

    /// Whether a finding is to be repaired.
    fn takes(&self, found: &Found) -> bool {
        match self.rules.as_slice() {
            [] => found.decision.action == Action::Fix,
            // What is exempt is told to the auditor only.
            rules => {
                found.decision.action > Action::Audit
                    && rules.iter().any(|rule| rule.id == found.rule.id)
            }
        }
    }

    /// Whether the repaired part has no denial that the part did not have: with one of several findings taken back by
    /// a comment, a repair can leave the object worse than it was.
    fn denies_no_more(
        &self,
        part: &Part<'_>,
        replacements: &[Replacement],
        before: &HashMap<Denial, usize>,
    ) -> bool {
        let text = repair::part_after(part, replacements);
        let parts = eci_manifest::parts(&text);
        let [part] = parts.as_slice() else {
            return false;
        };
        let Ok(documents) = part.documents() else {
            return false;
        };
        let judged = self.judge.documents(part, &documents);
        let had = |denial: &Denial| before.get(denial).copied().unwrap_or_default();
        denied(&judged.found)
            .iter()
            .all(|(denial, count)| *count <= had(denial))
    }
}

/// The document, the rule, and what it says: the path may change where an item before it goes.
type Denial = (usize, &'static str, String);

/// The denials that no comment takes back, each with how often it occurs.
fn denied(found: &[Found]) -> HashMap<Denial, usize> {
    let mut denied = HashMap::new();
    let denials = found
        .iter()
        .filter(|found| found.decision.action == Action::Deny && found.suppressed.is_none());
    for found in denials {
        *denied
            .entry((found.document, found.rule.id, found.message.clone()))
            .or_default() += 1;
    }
    denied
}

fn leave(unrepairable: &Unrepairable, chosen: &[&Found], repaired: &mut Repaired) {
    let paths: Vec<_> = chosen
        .iter()
        .map(|found| format!("{} ({})", found.path, found.rule.id))
        .collect();
    repaired.left += chosen.len();
    repaired.problems.problems.push(Problem {
        span: Some(unrepairable.span.clone()),
        message: format!(
            "not repaired: {}: {}",
            paths.join(", "),
            unrepairable.reason
        ),
        help: None,
        weight: Weight::Remark,
    });
}

/// What is counted over all files.
#[derive(Default)]
struct Totals {
    files: usize,
    findings: usize,
    left: usize,
    possible: usize,
    failed: usize,
}

impl Totals {
    /// Writes what a file has become, or shows it.
    fn settle(
        &mut self,
        repaired: Repaired,
        is_dry: bool,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        let Repaired {
            source,
            before,
            after,
            findings,
            left,
            possible,
            problems,
        } = repaired;
        let lines = Lines::of(&before);
        for problem in &problems.problems {
            let place = problem.span.as_ref().map_or_else(String::new, |span| {
                let (line, column) = lines.at(span.start);
                format!("{line}:{column}:")
            });
            tell(format_args!(
                "{}:{place} {}",
                problems.name, problem.message
            ));
            self.failed += usize::from(!problem.is_remark());
        }
        self.left += left;
        self.possible += possible;
        let is_stdin = source == Some(Source::Stdin);
        match source {
            _ if is_stdin && !is_dry => out.write_all(after.as_bytes())?,
            Some(source) if before != after => {
                if is_dry {
                    let name = source.name();
                    let diff = TextDiff::from_lines(&before, &after);
                    let mut diff = diff.unified_diff();
                    write!(
                        out,
                        "{}",
                        diff.header(&format!("a/{name}"), &format!("b/{name}"))
                    )?;
                } else if let Err(error) = write(&source, &after) {
                    tell(format_args!(
                        "{}: cannot be written: {error}; it is as it was",
                        source.name()
                    ));
                    self.failed += 1;
                    return Ok(());
                }
            }
            _ => {}
        }
        self.files += usize::from(findings > 0);
        self.findings += findings;
        Ok(())
    }

    fn tell(&self, is_dry: bool) {
        let plural = |count: usize, noun: &str| {
            format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
        };
        let (findings, files) = (plural(self.findings, "finding"), plural(self.files, "file"));
        let mut told = match (self.findings, is_dry) {
            (0, _) => "nothing to repair".to_owned(),
            (_, true) => format!("{findings} in {files} would be repaired"),
            (_, false) => format!("{findings} in {files} repaired"),
        };
        if self.left > 0 {
            told += &format!("; {} left alone", plural(self.left, "finding"));
        }
        if self.possible > 0 {
            let are = if self.possible == 1 { "is" } else { "are" };
            let pods = "not repaired; --assume-eci takes them for ECI's";
            let findings = plural(self.possible, "finding");
            told += &format!("; {findings} in pods that may run on ECI {are} {pods}");
        }
        tell(told);
    }
}

/// Writes a file as a whole or not at all. The error is for people to read.
fn write(source: &Source, text: &str) -> Result<(), String> {
    let (Source::Named(path) | Source::Found(path)) = source else {
        return Ok(());
    };
    let said = |error: io::Error| plain(&error);
    // A link stays one: what it leads to is written.
    let path = fs::canonicalize(path).map_err(said)?;
    let metadata = fs::metadata(&path).map_err(said)?;
    if metadata.permissions().readonly() {
        return Err("the file is read-only".to_owned());
    }
    let links = hard_links(&metadata);
    if links > 1 {
        let way_out = "repair a copy (`eci-policy fix - <FILE >COPY`), and write that over it (`cat COPY >FILE`)";
        return Err(format!(
            "the file has {links} names (hard links), and the others would keep what it was; {way_out}"
        ));
    }
    let directory = path.parent().unwrap_or_else(|| Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(directory).map_err(said)?;
    file.write_all(text.as_bytes()).map_err(said)?;
    keep_owner(file.as_file(), &metadata).map_err(|error| {
        format!(
            "its owner and group cannot be kept ({}); run the command as its owner",
            plain(&error)
        )
    })?;
    // After the owner, which a change of takes bits away.
    file.as_file()
        .set_permissions(metadata.permissions())
        .map_err(said)?;
    file.as_file().sync_all().map_err(said)?;
    file.persist(&path).map_err(|error| plain(&error.error))?;
    Ok(())
}

/// How many names a file has.
#[cfg(unix)]
fn hard_links(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(metadata)
}

/// How many names a file has: elsewhere that is not asked.
#[cfg(not(unix))]
fn hard_links(_metadata: &Metadata) -> u64 {
    1
}

/// Gives a file the owner and the group of another.
#[cfg(unix)]
fn keep_owner(file: &File, like: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let own = file.metadata()?;
    if (own.uid(), own.gid()) == (like.uid(), like.gid()) {
        return Ok(());
    }
    fchown(file, Some(like.uid()), Some(like.gid()))
}

/// Elsewhere a file has the owner of its folder.
#[cfg(not(unix))]
fn keep_owner(_file: &File, _like: &Metadata) -> io::Result<()> {
    Ok(())
}
