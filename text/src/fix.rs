//! The repair of a text. The result reads as the objects that admission would make.

use std::collections::HashMap;

use eci_manifest::{Document, Part, Replacement, Unrepairable, replaced};
use eci_security_context::fix::Edit;
use eci_security_context::policy::settings::{Mutate, Settings};
use eci_security_context::rules::rule::{Action, Rule};
use serde_json::Value;

use crate::repair;
use crate::report::{FileReport, FixTrigger, Found, Lines, Problem, Weight};
use crate::review::{Reviewer, problem};

/// Returns the settings by which a text is repaired: workloads too.
pub fn settings_of(settings: &Settings) -> Settings {
    Settings {
        mutate: Mutate::All,
        ..settings.clone()
    }
}

/// A text, before and after its repair.
#[derive(Debug, Default)]
pub struct Repaired {
    /// The text.
    pub before: String,
    /// The text after the repair.
    pub after: String,
    /// The changes between them.
    pub replacements: Vec<Replacement>,
    /// The number of findings that are repaired.
    pub findings: usize,
    /// The number of repairs that are refused.
    pub left: usize,
    /// The number of findings that `--assume-eci` would repair.
    pub possible: usize,
    /// The number of errors that remain.
    pub errors: usize,
    /// The lines of these errors.
    pub remaining: Vec<String>,
    /// The problems, without findings.
    pub report: FileReport,
}

/// Repairs texts.
pub struct Repairer<'s> {
    /// The review, without replacements: [`Repairs::Made`](crate::review::Repairs::Made).
    pub reviewer: Reviewer<'s>,
    /// The rules of which every finding is repaired. If there are none, findings with the action `fix` are.
    pub rules: &'s [&'static Rule],
    /// True if nothing is written.
    pub is_dry: bool,
    /// Removes repairs that must not be made in this file.
    pub leave: &'s dyn Fn(&mut FileReport),
}

impl Repairer<'_> {
    /// Repairs a text of this name.
    pub fn text(&self, name: String, text: String) -> Repaired {
        let mut repaired = Repaired::default();
        repaired.report.name = name;
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
        (self.leave)(&mut report);
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
