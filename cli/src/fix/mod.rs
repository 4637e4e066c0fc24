//! `eci-policy fix`: repairs manifests in place. A file is written only if it then reads as the objects that admission
//! would make.

mod diff;
mod totals;
mod write;

use std::collections::HashMap;
use std::io::Write;

use eci_manifest::{Document, Part, Replacement, Unrepairable, replaced};
use eci_security_context::fix::Edit;
use eci_security_context::policy::settings::{Mutate, Settings};
use eci_security_context::rules::RULES;
use eci_security_context::rules::rule::{Action, Rule};
use serde_json::Value;

use self::totals::FixTotals;
use crate::args::{Fix, SuppressionArgs};
use crate::config::{Config, Paths};
use crate::console::to_stderr;
use crate::explain::named_rule;
use crate::failure::Failure;
use crate::input::{Input, Source};
use crate::report::{FileReport, FixTrigger, Found, Lines, Problem, Weight};
use crate::review::{Repairs, Reviewer, problem};
use crate::{Exit, batch, partial, repair};

pub(crate) fn run(fix: &Fix, out: &mut dyn Write) -> Result<Exit, Failure> {
    let rules: Result<Vec<_>, _> = fix.rules.iter().map(|id| rule_of(id)).collect();
    let rules = rules?;
    let paths = Paths::of(&fix.input, &fix.settings)?;
    let mut totals = FixTotals::default();
    batch::in_order(
        &paths,
        |input, config| {
            let settings = settings_of(config, &input);
            let reviewer = Reviewer {
                settings: &settings,
                suppressions: fix.suppressions,
                repairs: Repairs::Made,
                namespaces: None,
            };
            Repairer {
                reviewer,
                rules: &rules,
                is_dry: fix.diff,
            }
            .file(input)
        },
        |repaired| totals.settle(repaired, fix.diff, out),
    )?;
    to_stderr(totals.summary(fix.diff));
    Ok(match totals {
        FixTotals { failed: 1.., .. } => Exit::Failed,
        FixTotals { left: 1.., .. } => Exit::Denied,
        FixTotals { findings: 1.., .. } if fix.diff => Exit::Denied,
        _ => Exit::Clean,
    })
}

fn rule_of(id: &str) -> Result<&'static Rule, Failure> {
    let rule = named_rule(id)?;
    if rule.fix.is_available() {
        return Ok(rule);
    }
    let fixable = RULES.iter().filter(|rule| rule.fix.is_available());
    let ids: Vec<_> = fixable.map(|rule| rule.id).collect();
    Err(Failure::new(format!(
        "the rule {id} has no repair; these rules have one: {}",
        ids.join(", ")
    )))
}

/// Returns the changes of a text that `fix` makes: the repairs of the policy, or those of the rules.
pub(crate) fn repairs(
    config: &Config,
    input: (Source, String),
    rules: &[&'static Rule],
) -> Vec<Replacement> {
    let input = Ok(input);
    let settings = settings_of(config, &input);
    let repairer = Repairer {
        reviewer: Reviewer {
            settings: &settings,
            suppressions: SuppressionArgs::default(),
            repairs: Repairs::Made,
            namespaces: None,
        },
        rules,
        is_dry: true,
    };
    repairer.file(input).replacements
}

/// Returns the settings by which a file is repaired: workloads too.
fn settings_of(config: &Config, input: &Input) -> Settings {
    let mut settings = config.settings_of(input).clone();
    settings.mutate = Mutate::All;
    settings
}

/// A file, before and after its repair.
#[derive(Default)]
struct Repaired {
    source: Option<Source>,
    before: String,
    after: String,
    /// The changes between them.
    replacements: Vec<Replacement>,
    /// The number of findings that are repaired.
    findings: usize,
    /// The number of repairs that are refused.
    left: usize,
    /// The number of findings that `--assume-eci` would repair.
    possible: usize,
    /// The number of errors that remain.
    errors: usize,
    /// The lines of these errors.
    remaining: Vec<String>,
    /// The problems, without findings.
    report: FileReport,
}

struct Repairer<'s> {
    reviewer: Reviewer<'s>,
    /// The rules of which every finding is repaired. If there are none, findings with the action `fix` are.
    rules: &'s [&'static Rule],
    /// True if nothing is written.
    is_dry: bool,
}

impl Repairer<'_> {
    fn file(&self, input: Input) -> Repaired {
        let (source, text) = match input {
            Ok(input) => input,
            Err(error) => {
                return Repaired {
                    report: FileReport::unread(error),
                    ..Repaired::default()
                };
            }
        };
        let mut repaired = Repaired::default();
        repaired.report.name = source.name();
        repaired.source = Some(source);
        let mut replacements = Vec::new();
        for part in eci_manifest::parts(&text) {
            match part.documents() {
                Ok(documents) => {
                    replacements.append(&mut self.part(&part, &documents, &mut repaired));
                }
                Err(error) => repaired.report.problems.push(problem(&part, &error)),
            }
        }
        repaired.after = replaced(&text, &replacements);
        repaired.before = text;
        if repaired.errors > 0 {
            repaired.remaining = self.remaining(&repaired, &replacements);
        }
        repaired.replacements = replacements;
        repaired
    }

    /// Returns the lines of the errors that remain, each with its position in the file as it then is.
    fn remaining(&self, repaired: &Repaired, replacements: &[Replacement]) -> Vec<String> {
        let name = repaired.report.name.clone();
        let mut left = self.reviewer.text(name, repaired.after.clone());
        left.found.retain(is_denied);
        let mut text = &repaired.after;
        if self.is_dry {
            text = &repaired.before;
            for found in &mut left.found {
                let start = before(replacements, found.span.start);
                found.span = start..start;
            }
        }
        let lines = Lines::of(text);
        let told = left.found.iter();
        told.map(|found| left.line(found, &lines)).collect()
    }

    /// Returns the replacements in a part.
    fn part(
        &self,
        part: &Part<'_>,
        documents: &[Document<'_>],
        repaired: &mut Repaired,
    ) -> Vec<Replacement> {
        let mut report = self.reviewer.documents(part, documents);
        if let Some(source) = &repaired.source {
            partial::leave_patch(source, &mut report);
        }
        let mut plans: Vec<Plan<'_>> = documents.iter().map(Plan::of).collect();
        for found in report
            .found
            .iter()
            .filter(|found| found.suppressed.is_none())
        {
            repaired.errors += usize::from(found.decision.action == Action::Deny);
            let Some(fix) = &found.fix else { continue };
            let is_possible = self.rules.is_empty()
                && fix.trigger == FixTrigger::AssumeEci
                && found.decision.action == Action::Warn;
            repaired.possible += usize::from(is_possible);
            if let Some(plan) = plans.get_mut(found.document).filter(|_| self.takes(found)) {
                // A finding that cannot be repaired must not prevent the repair of others.
                match repair::replacements(plan.document, &found.finding.edits) {
                    Ok(_) => plan.add(found),
                    Err(refusal) => repaired.refuse(&refusal, &[found]),
                }
            }
        }
        let before = denials(&report.found);
        let replacements = self.carry_out(part, documents, &plans, &before, repaired);
        repaired.report.problems.extend(report.problems);
        replacements
    }

    /// Returns the replacements of all plans, except those of a document that would change other documents.
    fn carry_out(
        &self,
        part: &Part<'_>,
        documents: &[Document<'_>],
        plans: &[Plan<'_>],
        before: &HashMap<Denial, usize>,
        repaired: &mut Repaired,
    ) -> Vec<Replacement> {
        let mut all = Vec::new();
        let mut planned = Vec::new();
        for plan in plans.iter().filter(|plan| !plan.found.is_empty()) {
            match repair::replacements(plan.document, &plan.edits) {
                Ok(mut replacements) => {
                    all.append(&mut replacements);
                    planned.push(plan);
                }
                Err(refusal) => repaired.refuse(&refusal, &plan.found),
            }
        }
        if planned.is_empty() {
            return Vec::new();
        }
        let in_order = |replacement: &Replacement| (replacement.span.start, replacement.span.end);
        all.sort_by_key(in_order);
        let expected = |document: &Document<'_>| -> Value {
            match planned.iter().find(|plan| plan.document.is_same(document)) {
                Some(plan) => repair::after(document, &plan.edits),
                None => document.value(),
            }
        };
        if repair::reads_as(part, &all, documents.iter().map(expected))
            && self.denies_no_more(part, &all, before)
        {
            planned.iter().for_each(|plan| repaired.accept(plan));
            return all;
        }
        // A document that cannot be repaired must not prevent the repair of others.
        let mut safe = Vec::new();
        for plan in planned {
            let verified = repair::verified(part, documents, plan.document, &plan.edits);
            let verified = verified.and_then(|replacements| {
                match self.denies_no_more(part, &replacements, before) {
                    true => Ok(replacements),
                    false => Err(repair::shared(plan.document, &replacements)),
                }
            });
            match verified {
                Ok(mut replacements) => {
                    safe.append(&mut replacements);
                    repaired.accept(plan);
                }
                Err(refusal) => repaired.refuse(&refusal, &plan.found),
            }
        }
        safe.sort_by_key(in_order);
        safe
    }

    /// True if a finding is to be repaired.
    fn takes(&self, found: &Found) -> bool {
        let action = found.decision.action;
        match self.rules {
            [] => action == Action::Fix,
            // The findings in an exempt container are only for the audit log.
            rules => {
                action > Action::Audit && rules.iter().any(|rule| rule.id == found.finding.rule.id)
            }
        }
    }

    /// True if the repaired part has no denial that the part did not have. If a comment suppresses one of several
    /// findings, the repair of the others can make an object worse.
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
        let after = denials(&self.reviewer.documents(part, &documents).found);
        let had = |denial: &Denial| before.get(denial).copied().unwrap_or_default();
        after.iter().all(|(denial, count)| *count <= had(denial))
    }
}

/// The repairs of a document.
struct Plan<'d> {
    document: &'d Document<'d>,
    found: Vec<&'d Found>,
    edits: Vec<Edit>,
}

impl<'d> Plan<'d> {
    const fn of(document: &'d Document<'d>) -> Self {
        Self {
            document,
            found: Vec::new(),
            edits: Vec::new(),
        }
    }

    fn add(&mut self, found: &'d Found) {
        self.found.push(found);
        self.edits.extend(found.finding.edits.iter().cloned());
    }
}

impl Repaired {
    fn accept(&mut self, plan: &Plan<'_>) {
        let denials = plan
            .found
            .iter()
            .filter(|found| found.decision.action == Action::Deny);
        self.errors -= denials.count();
        self.findings += plan.found.len();
    }

    fn refuse(&mut self, refusal: &Unrepairable, found: &[&Found]) {
        let paths: Vec<_> = found
            .iter()
            .map(|found| format!("{} ({})", found.finding.path, found.finding.rule.id))
            .collect();
        self.left += found.len();
        let message = format!("not repaired: {}: {}", paths.join(", "), refusal.reason);
        self.report.problems.push(Problem {
            weight: Weight::Remark,
            ..Problem::failure(Some(refusal.span.clone()), message)
        });
    }
}

/// Returns the offset before replacements of an offset after them.
fn before(replacements: &[Replacement], after: usize) -> usize {
    let (mut removed, mut added) = (0, 0);
    for Replacement { span, text } in replacements {
        let start = span.start + added - removed;
        if after < start {
            break;
        }
        if after < start + text.len() {
            return span.start;
        }
        removed += span.len();
        added += text.len();
    }
    after + removed - added
}

/// True if a finding denies and is not suppressed.
fn is_denied(found: &Found) -> bool {
    found.decision.action == Action::Deny && found.suppressed.is_none()
}

/// The document, the rule and the message of a denial. The path is not in it, because a repair may move it.
type Denial = (usize, &'static str, String);

/// Returns the denials that are not suppressed, each with the number of times that it occurs.
fn denials(found: &[Found]) -> HashMap<Denial, usize> {
    let mut denials = HashMap::new();
    let denied = found.iter().filter(|found| is_denied(found));
    for Found {
        document, finding, ..
    } in denied
    {
        let denial = (*document, finding.rule.id, finding.message.to_string());
        *denials.entry(denial).or_default() += 1;
    }
    denials
}
