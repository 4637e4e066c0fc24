//! How often each rule was found in each Namespace. Findings of Pods that a controller owns are counted apart: one owner
//! has the same problem as all of its Pods.

use std::collections::BTreeMap;
use std::ops::Range;

use eci_security_context::rules::rule::{Action, Rule};
use serde::Serialize;

use super::{FileReport, Found, Reviewed, Totals};

/// The bytes of the source that are kept on either side of a finding.
const AROUND: usize = 1024;

/// The counts of a run. They grow with the Namespaces, and not with the objects.
#[derive(Debug, Default)]
pub struct Counts(BTreeMap<(String, &'static str), Count>);

/// How often a rule was found in a Namespace.
#[derive(Debug)]
pub struct Count {
    /// The rule.
    pub rule: &'static Rule,
    /// The findings that count.
    pub own: Actions,
    /// The findings of Pods that a controller owns.
    pub owned: Actions,
    /// The findings for the audit log only.
    pub audited: usize,
    /// Those of all that can be repaired.
    pub fixable: usize,
    /// The first of the findings of owned Pods.
    first: Option<FileReport>,
}

/// The numbers of findings by action.
#[derive(Debug, Default, Clone, Copy)]
pub struct Actions {
    /// Those that deny.
    pub denied: usize,
    /// Those that are repaired at admission.
    pub repaired: usize,
    /// Those that warn.
    pub warned: usize,
}

/// How often a rule was found in a Namespace, without suppressed findings and those for the audit log only.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CountRecord<'c> {
    /// The Namespace; empty for objects that name none.
    pub namespace: &'c str,
    /// The rule.
    pub rule: &'static str,
    /// Findings that deny.
    pub denied: usize,
    /// Findings that are repaired at admission.
    pub repaired: usize,
    /// Findings that warn.
    pub warned: usize,
    /// Findings of Pods that a controller owns, where an object without an owner has the problem too.
    pub owned: usize,
}

impl Actions {
    const fn add(&mut self, action: Action) {
        match action {
            Action::Deny => self.denied += 1,
            Action::Fix => self.repaired += 1,
            Action::Warn => self.warned += 1,
            Action::Audit | Action::Off => {}
        }
    }

    /// Returns the number of all.
    pub const fn sum(self) -> usize {
        self.denied + self.repaired + self.warned
    }
}

impl Counts {
    /// Adds the findings of a report.
    pub fn count(&mut self, report: &FileReport) {
        let counted = report.found.iter();
        for found in counted.filter(|found| found.suppressed.is_none()) {
            let object = report.objects.get(found.object);
            let namespace = object.map_or("", |object| &object.namespace).to_owned();
            let rule = found.finding.rule;
            let count = self.0.entry((namespace, rule.id)).or_insert(Count {
                rule,
                own: Actions::default(),
                owned: Actions::default(),
                audited: 0,
                fixable: 0,
                first: None,
            });
            count.audited += usize::from(found.decision.action == Action::Audit);
            if report.is_owned(found) {
                count.owned.add(found.decision.action);
                if found.is_problem() && count.first.is_none() {
                    count.first = Some(alone(report, found));
                }
            } else {
                count.own.add(found.decision.action);
                count.fixable += usize::from(found.fix.is_some());
            }
        }
    }

    /// Counts findings of owned Pods like others, where no object without an owner in the Namespace has the problem, and
    /// returns the first of each.
    pub fn settle(&mut self, totals: &mut Totals) -> Vec<FileReport> {
        let mut shown = Vec::new();
        for count in self.0.values_mut() {
            let Actions { denied, .. } = count.owned;
            let is_told = count.own.sum() > 0 && (denied == 0 || count.own.denied > 0);
            let Some(mut first) = count.first.take().filter(|_| !is_told) else {
                continue;
            };
            let owned = std::mem::take(&mut count.owned);
            count.own.denied += owned.denied;
            count.own.repaired += owned.repaired;
            count.own.warned += owned.warned;
            totals.denied += owned.denied;
            totals.repaired += owned.repaired;
            totals.warned += owned.warned;
            totals.owned -= owned.sum();
            if let Some(object) = first.objects.first_mut().filter(|_| owned.sum() > 1) {
                let more = super::counted(owned.sum() - 1, "more finding");
                object.name += &format!(" ({more} in Pods that a controller owns)");
            }
            shown.push(first);
        }
        shown
    }

    /// Returns the counts, by Namespace and rule.
    pub fn list(&self) -> impl Iterator<Item = (&str, &Count)> {
        let counts = self.0.iter();
        counts.map(|((namespace, _), count)| (namespace.as_str(), count))
    }

    /// Returns the counts for programs.
    pub fn records(&self) -> Vec<CountRecord<'_>> {
        let records = self.list().map(|(namespace, count)| CountRecord {
            namespace,
            rule: count.rule.id,
            denied: count.own.denied,
            repaired: count.own.repaired,
            warned: count.own.warned,
            owned: count.owned.sum(),
        });
        let is_empty = |record: &CountRecord<'_>| {
            record.denied + record.repaired + record.warned + record.owned == 0
        };
        records.filter(|record| !is_empty(record)).collect()
    }
}

/// Returns a report of one finding, with the source around it.
fn alone(report: &FileReport, found: &Found) -> FileReport {
    let (lines, Range { start, end }) = (report.lines(), found.span.clone());
    let (line, start_of_line) = lines.line(start);
    let from = report
        .text
        .floor_char_boundary(start.saturating_sub(AROUND));
    let from = from.max(start_of_line);
    let to = report.text.ceil_char_boundary(start.saturating_add(AROUND));
    let to = to.min(lines.end_of(line)).max(from);
    let object = report.objects.get(found.object).map(|object| Reviewed {
        is_owned: false,
        ..object.clone()
    });
    FileReport {
        name: report.name.clone(),
        path: report.path.clone(),
        text: report.text.get(from..to).unwrap_or_default().to_owned(),
        start: lines.place(from),
        objects: object.into_iter().collect(),
        found: vec![Found {
            object: 0,
            span: start.saturating_sub(from)..end.min(to).saturating_sub(from),
            fix: None,
            ..found.clone()
        }],
        ..FileReport::default()
    }
}
