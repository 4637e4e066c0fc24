//! The central types: a rule, what it finds, and what repairs it.

use std::borrow::Cow;

use serde_json::Value;

use crate::json;
use crate::path::Path;
use crate::pod::Pod;
use crate::settings::Settings;
use crate::splice::{Change, splice};

/// A rule of the catalogue: data, and the function that looks.
pub struct Rule {
    /// The stable name, in messages, settings, audit annotations and documentation.
    pub id: &'static str,
    /// What it finds, in one line: lower case, no full stop.
    pub summary: &'static str,
    /// What ECI does with such a pod.
    pub effect: Effect,
    /// What the policy does by default.
    pub action: Action,
    /// What the repair does, for the rules that have one.
    pub fix: Option<&'static str>,
    /// The version of the policy that brought the rule.
    pub since: &'static str,
    /// What, why with its source, and the way out, in Markdown, with a `bad` and a `good` manifest.
    pub docs: &'static str,
    /// Looks at a pod and reports. Cannot fail.
    pub check: fn(&Pod<'_>, &Settings, &mut Report),
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}

/// What ECI does with a pod that breaks a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// ECI, the API server or the runtime refuses the pod, or a container never starts.
    Refused,
    /// ECI does not read the field where it stands, but would read the same intent elsewhere.
    Lost,
    /// ECI replaces the value by its fixed default.
    Overridden,
    /// ECI documents no such setting: the field has no effect.
    Ignored,
}

impl Effect {
    /// Every effect, the gravest first.
    pub const ALL: [Self; 4] = [Self::Refused, Self::Lost, Self::Overridden, Self::Ignored];

    /// The word for it in audit annotations and documentation.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Lost => "lost",
            Self::Overridden => "overridden",
            Self::Ignored => "ignored",
        }
    }
}

/// What the policy does about a finding, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// The finding is dropped.
    Off,
    /// It stands in the audit annotation only.
    Audit,
    /// The user is warned.
    Warn,
    /// The object is repaired.
    Fix,
    /// The request is rejected.
    Deny,
}

impl Action {
    /// Every action, the strongest first.
    pub const ALL: [Self; 5] = [Self::Deny, Self::Fix, Self::Warn, Self::Audit, Self::Off];

    /// The word for it in settings and audit annotations.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Audit => "audit",
            Self::Warn => "warn",
            Self::Fix => "fix",
            Self::Deny => "deny",
        }
    }
}

/// One place in an object that a rule objects to.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule that objects.
    pub rule: &'static Rule,
    /// What is done about it: the default until the settings and the request have had their say.
    pub action: Action,
    /// Where, from the root of the object.
    pub path: Path,
    /// What is wrong, beginning with the value: lower case, no full stop.
    pub message: Cow<'static, str>,
    /// The way out: an imperative clause, no full stop.
    pub help: Cow<'static, str>,
    /// The repair; empty where there is none.
    pub edits: Vec<Edit>,
    /// How many places it is about: one, but where it stands for the rest of a long list.
    pub places: usize,
}

impl Finding {
    /// Gives this finding another default than its rule's.
    pub fn by_default(&mut self, action: Action) -> &mut Self {
        self.action = action;
        self
    }

    /// Says how this finding is repaired.
    pub fn repaired_by(&mut self, edits: impl IntoIterator<Item = Edit>) -> &mut Self {
        self.edits.extend(edits);
        self
    }
}

/// A change of one place in an object.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// Sets the value at the path, a scalar; objects missing on the way (or `null`) are made.
    Set(Path, Value),
    /// Removes the field, or the item of a list, at the path.
    Remove(Path),
}

impl Edit {
    /// The place that changes.
    pub const fn path(&self) -> &Path {
        match self {
            Self::Set(path, _) | Self::Remove(path) => path,
        }
    }
}

/// The JSON text of `object` with the edits carried out. An edit whose place is not there changes nothing.
pub fn apply<'e>(object: &str, edits: impl Iterator<Item = &'e Edit>) -> String {
    let mut values = Vec::new();
    for edit in edits {
        values.push(match edit {
            Edit::Set(path, value) => (path, Some(json::scalar(value))),
            Edit::Remove(path) => (path, None),
        });
    }
    let mut changes = Vec::new();
    for (path, value) in &values {
        changes.push(
            value
                .as_deref()
                .map_or_else(|| Change::remove(path), |value| Change::set(path, value)),
        );
    }
    splice(object, &changes).into_owned()
}

/// Where a rule puts what it finds.
#[derive(Debug)]
pub struct Report {
    rule: &'static Rule,
    findings: Vec<Finding>,
    /// How many of them are of the rules before.
    before: usize,
}

impl Report {
    /// What every rule of the catalogue finds in `pod`, in evaluation order, each with its default action.
    pub fn findings(pod: &Pod<'_>, settings: &Settings) -> Vec<Finding> {
        let mut findings = Vec::new();
        for rule in crate::rules::RULES {
            let mut report = Self {
                rule,
                before: findings.len(),
                findings,
            };
            (rule.check)(pod, settings, &mut report);
            findings = report.findings;
        }
        findings
    }

    /// Whether the rule has found so much that no message will show the next one: not worth the search
    /// for the best way out.
    pub const fn is_crowded(&self) -> bool {
        self.findings.len() - self.before >= MOST_IN_A_POD
    }

    /// Adds a finding, to be refined where it stands.
    pub fn find(
        &mut self,
        path: Path,
        message: impl Into<Cow<'static, str>>,
        help: impl Into<Cow<'static, str>>,
    ) -> &mut Finding {
        self.findings.push_mut(Finding {
            rule: self.rule,
            action: self.rule.action,
            path,
            message: message.into(),
            help: help.into(),
            edits: Vec::new(),
            places: 1,
        })
    }
}

/// How many findings of a rule in a list are told one by one. A list with more of them is nobody's slip, and there may
/// be a million: the rest are told together, where the list stands.
const TOLD_IN_A_LIST: usize = 100;

/// How many findings of a rule are told before of each further list only the first is, and how many items of lists
/// are repaired in a pod. With more of them none is, so that no repair is left half done.
pub const MOST_IN_A_POD: usize = 1000;

/// Counts what is found in one list.
#[derive(Debug, Default)]
pub struct InList {
    told: usize,
    rest: usize,
}

impl InList {
    /// Counts one more finding; whether it is told by itself.
    pub const fn is_told(&mut self, report: &Report) -> bool {
        let most = if report.is_crowded() {
            1
        } else {
            TOLD_IN_A_LIST
        };
        let is_told = self.told < most;
        if is_told {
            self.told += 1;
        } else {
            self.rest += 1;
        }
        is_told
    }

    /// Adds one finding for all that were not told, with the action of those that were.
    pub fn tell_rest(self, list: impl FnOnce() -> Path, report: &mut Report) {
        if self.rest > 0 {
            let action = report
                .findings
                .last()
                .map_or(report.rule.action, |last| last.action);
            let message = format!("{} more of its items are as those before", self.rest);
            let finding = report
                .find(list(), message, "correct them too")
                .by_default(action);
            finding.places = self.rest;
        }
    }
}
