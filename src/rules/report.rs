//! Findings, and the report that collects, caps and counts them, so that no rule has to.

use std::borrow::Cow;

use crate::eci::account::Account;
use crate::fix::Edit;
use crate::path::{Path, Step};
use crate::pod::Pod;
use crate::rules::RULES;
use crate::rules::rule::{Action, Rule};

/// The most findings of a rule that are reported one by one.
pub const MOST_FINDINGS: usize = 1000;

/// The most edits of a rule in a pod. With more, nothing is repaired, so that no repair is incomplete.
pub const MOST_EDITS: usize = 1000;

/// One place in an object that a rule objects to.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule that objects.
    pub rule: &'static Rule,
    /// The action by default, before the settings and the request are considered.
    pub default: Action,
    /// The place, from the root of the object.
    pub path: Path,
    /// What is wrong: a clause that names the subject first, without a full stop.
    pub message: Cow<'static, str>,
    /// The way out: an instruction, without a full stop.
    pub help: Cow<'static, str>,
    /// The repair; empty where there is none.
    pub edits: Vec<Edit>,
    /// True if the place is in a container that the settings exempt.
    pub exempt: bool,
    /// The number of places that the finding stands for: one, unless it counts the rest.
    pub places: usize,
}

impl Finding {
    /// Replaces the default action of the rule.
    pub const fn by_default(&mut self, action: Action) -> &mut Self {
        self.default = action;
        self
    }

    /// Adds edits that repair the finding.
    pub fn repaired_by(&mut self, edits: impl IntoIterator<Item = Edit>) -> &mut Self {
        self.edits.extend(edits);
        self
    }

    fn drop_edits(&mut self) {
        self.edits.clear();
        self.default = without_fix(self.default);
    }
}

/// Returns the default action of a finding that cannot be repaired: such a pod must not be let in.
fn without_fix(action: Action) -> Action {
    if action == Action::Fix {
        Action::Deny
    } else {
        action
    }
}

/// Where a rule puts its findings.
#[derive(Debug)]
pub struct Report<'p> {
    pod: &'p Pod<'p>,
    rule: &'static Rule,
    findings: Vec<Finding>,
    /// How many of the findings are complete: the rule may still change the last one.
    complete: usize,
    /// The counts of the rule: outside exempt containers, and in them, so that these hide nothing.
    counts: [Count; 2],
}

#[derive(Debug, Default)]
struct Count {
    reported: usize,
    lost_edits: usize,
    rest: Option<Finding>,
}

impl<'p> Report<'p> {
    /// Returns the findings of every rule of the catalogue in `pod`, in evaluation order.
    pub fn of(pod: &'p Pod<'p>, account: &Account) -> Vec<Finding> {
        let mut findings = Vec::new();
        for rule in RULES {
            findings = Self::of_rule(rule, pod, account, findings);
        }
        findings
    }

    fn of_rule(
        rule: &'static Rule,
        pod: &'p Pod<'p>,
        account: &Account,
        findings: Vec<Finding>,
    ) -> Vec<Finding> {
        let before = findings.len();
        let mut report = Self {
            pod,
            rule,
            complete: before,
            findings,
            counts: Default::default(),
        };
        (rule.check)(pod, account, &mut report);
        if report.findings.len() == before {
            return report.findings;
        }
        report.complete_last();
        let Self {
            mut findings,
            counts,
            ..
        } = report;
        let own = findings.get_mut(before..).unwrap_or_default();
        // The repair of a finding that was taken back is missing.
        let is_incomplete = counts.iter().any(|count| count.lost_edits > 0);
        if is_incomplete
            || own.iter().map(|finding| finding.edits.len()).sum::<usize>() > MOST_EDITS
        {
            own.iter_mut().for_each(Finding::drop_edits);
        }
        findings.extend(counts.into_iter().filter_map(|count| count.rest));
        findings
    }

    /// Adds a finding. The caller may still change its default action and add edits.
    pub fn find(
        &mut self,
        path: Path,
        message: impl Into<Cow<'static, str>>,
        help: impl Into<Cow<'static, str>>,
    ) -> &mut Finding {
        self.complete_last();
        let container = self.pod.container_at(&path);
        self.findings.push_mut(Finding {
            rule: self.rule,
            default: self.rule.action,
            exempt: container.is_some_and(|container| container.exempt),
            path,
            message: message.into(),
            help: help.into(),
            edits: Vec::new(),
            places: 1,
        })
    }

    /// Counts the last finding. One over the cap is taken back, and stands in the finding for the rest.
    fn complete_last(&mut self) {
        if self.findings.len() == self.complete {
            return;
        }
        let Some(last) = self.findings.last() else {
            return;
        };
        let [outside, exempt] = &mut self.counts;
        let count = if last.exempt { exempt } else { outside };
        if count.reported < MOST_FINDINGS {
            count.reported += 1;
            self.complete += 1;
            return;
        }
        let Some(last) = self.findings.pop() else {
            return;
        };
        count.lost_edits += last.edits.len();
        let (places, default) = count
            .rest
            .take()
            .map_or((0, Action::Off), |rest| (rest.places, rest.default));
        let places = places + 1;
        count.rest = Some(Finding {
            default: default.max(without_fix(last.default)),
            path: list_of(&last.path, &self.pod.path),
            message: format!("{places} more items have the same problem").into(),
            help: "correct them too".into(),
            edits: Vec::new(),
            places,
            ..last
        });
    }
}

/// Returns the path of the innermost list that holds `path`, or `pod` where no list does.
fn list_of(path: &Path, pod: &Path) -> Path {
    let index = path
        .steps()
        .iter()
        .rposition(|step| matches!(step, Step::Index(_)));
    index.map_or_else(|| pod.clone(), |index| path.first(index))
}
