//! A finding in a file: its place, how severe it is, why it is suppressed, and its repair.

use std::ops::Range;

use eci_manifest::Replacement;
use eci_security_context::policy::decide::{Decision, Why};
use eci_security_context::rules::rule::{Action, Effect, Finding, Rule};
use serde::Serialize;

/// A finding in a file.
#[derive(Debug, Clone)]
pub struct Found {
    /// The finding.
    pub finding: Finding,
    /// The decision of the policy; the action is never [`Action::Off`].
    pub decision: Decision,
    /// The index of the object in the report.
    pub object: usize,
    /// The index of the document in its part of the file.
    pub document: usize,
    /// The bytes of the field in the file, or of the nearest one above it.
    pub span: Range<usize>,
    /// The repair of the file, if there is one.
    pub fix: Option<Fix>,
    /// Set if the finding is suppressed: it is then reported to programs, and not counted.
    pub suppressed: Option<Suppression>,
}

/// Why a finding is suppressed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Suppression {
    /// The thing that suppresses it.
    pub by: SuppressedBy,
    /// The reason in the comment; empty if it has none.
    pub reason: String,
}

/// The thing that suppresses a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub enum SuppressedBy {
    /// A comment in the file.
    Comment,
    /// The baseline.
    Baseline,
}

impl Found {
    /// True if the finding counts: it is not suppressed, and more than a note for the audit log.
    pub fn is_problem(&self) -> bool {
        self.suppressed.is_none() && self.decision.action > Action::Audit
    }

    /// Returns how severe the finding is.
    pub const fn severity(&self) -> Severity {
        Severity::of(self.decision.action)
    }

    /// Returns the changes of the text that repair it; none where there is no repair.
    pub fn replacements(&self) -> &[Replacement] {
        self.fix.as_ref().map_or(&[], |fix| &fix.replacements)
    }

    /// Returns the reason for the action, where the reader needs it.
    pub const fn note(&self) -> Option<&'static str> {
        match self.decision.why {
            _ if matches!(self.decision.action, Action::Fix) => {
                Some("the policy repairs it at admission")
            }
            Why::Default | Why::Setting | Why::Ceiling => None,
            Why::NoRepair => Some("the settings ask for a repair, and there is none"),
            Why::Exempt => Some("the settings exempt this container"),
            Why::Owned => Some("a controller owns this object"),
            Why::TemplateUnchanged => Some("only a warning: the pod template did not change"),
            Why::OnlyPossible => Some("only a warning: the pod may not run on ECI"),
            Why::JobTemplate => Some("not repaired: the template of a Job cannot change"),
            Why::RepairedAtPodCreation => Some("the policy repairs it when the pod is created"),
            Why::MutationOff => Some("not repaired: the settings turn repairs off (mutate: none)"),
            Why::PodUpdate => Some("not repaired: an update cannot repair a pod"),
        }
    }
}

/// Returns the address of a rule's page.
pub fn url_of(rule: &Rule) -> String {
    let repository = env!("CARGO_PKG_REPOSITORY");
    format!("{repository}/blob/main/docs/rules.md#{}", rule.id)
}

/// Returns a sentence on the effect of a rule.
pub const fn effect_sentence(effect: Effect) -> &'static str {
    match effect {
        Effect::Refused => {
            "refused: ECI, the API server or the runtime refuses the pod, or a container never starts"
        }
        Effect::Lost => "lost: ECI does not read the field where it stands",
        Effect::Overridden => "overridden: ECI replaces the value by its fixed default",
        Effect::Ignored => "ignored: the field has no effect on ECI",
    }
}

/// How severe a finding is, for formats without actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The request is rejected.
    Error,
    /// The user is warned, or the object repaired.
    Warning,
    /// The finding is only in the audit log.
    Note,
    /// The finding is dropped.
    None,
}

impl Severity {
    /// Returns how severe an action is.
    pub const fn of(action: Action) -> Self {
        match action {
            Action::Deny => Self::Error,
            Action::Fix | Action::Warn => Self::Warning,
            Action::Audit => Self::Note,
            Action::Off => Self::None,
        }
    }

    /// Returns the word for it, as compilers write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note | Self::None => "note",
        }
    }
}

/// A repair of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Fix {
    /// The title of the change.
    pub title: &'static str,
    /// The way to make `eci-policy fix` apply it.
    pub trigger: FixTrigger,
    /// The changes of the text in order, without overlaps; empty if the caller does not need them.
    pub replacements: Vec<Replacement>,
}

/// The way to make `eci-policy fix` apply a repair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FixTrigger {
    /// It is applied without an option.
    Always,
    /// `--assume-eci`: the pod may run on ECI.
    AssumeEci,
    /// `--rule` with the rule.
    Rule,
}
