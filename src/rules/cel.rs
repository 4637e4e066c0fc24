//! A rule as expressions in CEL, for engines that run no WebAssembly.

use super::rule::Action;

/// A rule in CEL. The variables of the expressions are those of [`crate::policy::cel::variables`].
#[derive(Debug)]
pub enum Cel {
    /// The findings, by default action. They are exactly those of the rule.
    Exact(&'static [Findings]),
    /// The findings, by default action. A pod that the rule accepts may have one; a pod that it denies always does.
    Stricter(&'static [Findings], &'static str),
    /// The findings are among those of the rule with this name; why: a clause.
    In(&'static str, &'static str),
    /// The rule cannot be expressed; why: a clause.
    Missing(&'static str),
}

/// The findings with one default action.
#[derive(Debug)]
pub struct Findings {
    /// The default action.
    pub default: Action,
    /// An expression for the findings: a list of lists of texts, each `PATH: MESSAGE`. The findings of a container are one list.
    pub expression: &'static str,
}

impl Cel {
    /// Returns the findings, by default action.
    pub const fn findings(&self) -> &'static [Findings] {
        match self {
            Self::Exact(findings) | Self::Stricter(findings, _) => findings,
            Self::In(..) | Self::Missing(_) => &[],
        }
    }
}
