//! A rule of the catalogue, what it finds, and the report that collects, caps and counts the findings.

use std::borrow::Cow;

use crate::eci::account::Account;
use crate::fix::Edit;
use crate::path::{Path, Step};
use crate::pod::Pod;

/// A rule of the catalogue.
pub struct Rule {
    /// The stable name, in messages, settings, audit annotations and documentation.
    pub id: &'static str,
    /// The mistake that it finds, in one line: lower case, no full stop.
    pub summary: &'static str,
    /// The effect on such a pod.
    pub effect: Effect,
    /// The default action.
    pub action: Action,
    /// Whether a finding can be repaired.
    pub fix: Fix,
    /// The version of the policy that first had the rule.
    pub since: &'static str,
    /// The page of the rule in Markdown: why, with the source, the way out, and a `bad` and a `good` manifest.
    pub docs: &'static str,
    /// The rule in CEL, for engines that run no WebAssembly.
    #[cfg(feature = "cel")]
    pub cel: Cel,
    /// Looks at a pod and reports. Cannot fail.
    pub check: fn(&Pod<'_>, &Account, &mut Report<'_>),
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}

/// How ECI treats a pod that breaks a rule.
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

    /// Returns the word for it in audit annotations and documentation.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Lost => "lost",
            Self::Overridden => "overridden",
            Self::Ignored => "ignored",
        }
    }
}

/// The actions of the policy on a finding, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// The finding is dropped.
    Off,
    /// The finding stands in the audit annotation only.
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

    /// Returns the word for it in settings and audit annotations.
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

/// Whether the findings of a rule can be repaired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fix {
    /// No finding can.
    Never,
    /// Some findings can.
    Sometimes {
        /// The repair: a clause that follows "the field is".
        done: &'static str,
        /// When a finding can be repaired: a clause that begins with "where".
        when: &'static str,
    },
    /// Every finding can.
    Always {
        /// The repair: a clause that follows "the field is".
        done: &'static str,
    },
}

impl Fix {
    /// True if a finding of the rule may have a repair.
    pub const fn is_available(self) -> bool {
        !matches!(self, Self::Never)
    }

    /// Returns what the repair does.
    pub const fn done(self) -> Option<&'static str> {
        match self {
            Self::Never => None,
            Self::Sometimes { done, .. } | Self::Always { done } => Some(done),
        }
    }
}

impl Rule {
    /// Returns a sentence on the repair: what it does, and when. `None` where there is none.
    pub fn fix_summary(&self) -> Option<String> {
        let when = match self.fix {
            Fix::Sometimes { when, .. } => format!(", {when}"),
            Fix::Always { .. } | Fix::Never => String::new(),
        };
        let on_demand = if self.action == Action::Fix {
            ""
        } else {
            ", only when the rule's action is `fix`"
        };
        self.fix
            .done()
            .map(|done| format!("{done}{when}{on_demand}"))
    }
}

/// A rule in CEL. The variables of the expressions are those of [`crate::policy::cel::variables::variables`].
#[cfg(feature = "cel")]
#[derive(Debug)]
pub enum Cel {
    /// The findings, by default action. They are exactly those of the rule.
    Exact(&'static [Findings]),
    /// The same, with an expression for the repairs in a container `c` whose security context has the JSON Pointer `at`: a list
    /// of `JSONPatch`.
    Repaired(&'static [Findings], &'static str),
    /// The findings, by default action. A pod that the rule accepts may have one; a pod that it denies always does.
    Stricter(&'static [Findings], &'static str),
    /// The findings are among those of the rule with this name; why: a clause.
    In(&'static str, &'static str),
    /// The rule cannot be expressed; why: a clause.
    Missing(&'static str),
}

/// The findings with one default action.
#[cfg(feature = "cel")]
#[derive(Debug)]
pub struct Findings {
    /// The default action.
    pub default: Action,
    /// An expression for the findings: a list of lists of texts, each `PATH: MESSAGE`. The findings of a container are one list.
    pub expression: &'static str,
}

#[cfg(feature = "cel")]
impl Cel {
    /// True if the findings are exactly those of the rule.
    pub const fn is_exact(&self) -> bool {
        matches!(self, Self::Exact(_) | Self::Repaired(..))
    }

    /// Returns the findings, by default action.
    pub const fn findings(&self) -> &'static [Findings] {
        match self {
            Self::Exact(findings) | Self::Repaired(findings, _) | Self::Stricter(findings, _) => {
                findings
            }
            Self::In(..) | Self::Missing(_) => &[],
        }
    }
}

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
    /// The mistake: a clause that names the subject first, without a full stop.
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
    /// The number of findings of the rules before this one.
    before: usize,
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
    /// Returns the findings of the rules in `pod`, in evaluation order.
    pub fn of(rules: &[&'static Rule], pod: &'p Pod<'p>, account: &Account) -> Vec<Finding> {
        let mut findings = Vec::new();
        for rule in rules {
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
            before,
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

    /// Counts the last finding of the rule, which no longer changes it. One over the cap is taken back, and stands in the
    /// finding for the rest.
    fn complete_last(&mut self) {
        if self.findings.len() == self.before {
            return;
        }
        let Some(last) = self.findings.last() else {
            return;
        };
        let [outside, exempt] = &mut self.counts;
        let count = if last.exempt { exempt } else { outside };
        if count.reported < MOST_FINDINGS {
            count.reported += 1;
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
