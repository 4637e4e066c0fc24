//! A rule of the catalogue: data, and the function that looks.

use crate::eci::account::Account;
use crate::pod::Pod;
use crate::rules::report::Report;

/// A rule of the catalogue.
pub struct Rule {
    /// The stable name, in messages, settings, audit annotations and documentation.
    pub id: &'static str,
    /// What the rule finds, in one line: lower case, no full stop.
    pub summary: &'static str,
    /// What ECI does with such a pod.
    pub effect: Effect,
    /// What the policy does by default.
    pub action: Action,
    /// Whether a finding can be repaired.
    pub fix: Fix,
    /// The version of the policy that first had the rule.
    pub since: &'static str,
    /// The page of the rule in Markdown: why, with the source, the way out, and a `bad` and a `good` manifest.
    pub docs: &'static str,
    /// Looks at a pod and reports. Cannot fail.
    pub check: fn(&Pod<'_>, &Account, &mut Report<'_>),
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

/// What the policy does about a finding, the weakest first.
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
        /// What the repair does: a clause that follows "the field is".
        done: &'static str,
        /// When a finding can be repaired: a clause that begins with "where".
        when: &'static str,
    },
    /// Every finding can.
    Always {
        /// What the repair does: a clause that follows "the field is".
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
