//! The answers for JavaScript: the core's types in the shape of their JSON, from which TypeScript's types are generated.
//!
//! Rules, actions and effects are strings here, and get their types in `examples/types.rs`.

use eci_security_context::json::{RawValue, ReadError};
use eci_security_context::review::{Judged, Refusal};
use eci_security_context::rules::rule;
use serde::Serialize;
#[cfg(feature = "types")]
use ts_rs::TS;

/// The answer to an object.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Answer {
    /// The object was judged.
    Verdict(Verdict),
    /// The object was not judged, and JavaScript throws an error.
    Refused(Refused),
}

/// The reason why there is no answer.
#[derive(Debug, Serialize)]
pub struct Refused {
    /// True if the settings are not valid; otherwise the object or the text cannot be read.
    settings: bool,
    code: Option<u16>,
    message: Option<String>,
    path: String,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        let (settings, path) = match &refusal {
            Refusal::Unreadable(ReadError::Invalid { path, .. }) => (false, path.to_string()),
            Refusal::Unreadable(ReadError::NotJson(_)) => (false, String::new()),
            Refusal::Settings(errors) => {
                let first = errors.list().into_iter().next();
                (true, first.map(|error| error.path).unwrap_or_default())
            }
            // Settings that need a host are refused earlier, as there is none here.
            Refusal::Namespace { .. } => (true, "scope.namespaceLabels".to_owned()),
        };
        let eci_security_context::Verdict { code, message, .. } = refusal.into_verdict();
        Self {
            settings,
            code,
            message,
            path,
        }
    }
}

/// The policy's verdict on an object.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// True if the object is accepted: no finding denies it.
    pub accepted: bool,
    /// The HTTP status code of a denial: 403.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// The reason of a denial: every finding that denies, with its fix, in one line of at most 4 KiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Warnings for the author, as the API server shows them: at most 10, each of at most 256 characters.
    pub warnings: Vec<String>,
    /// How sure it is that the pod runs on ECI. A pod that does not is not judged. Absent for an object without a pod.
    #[cfg_attr(feature = "types", ts(type = "Certainty"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<&'static str>,
    /// All findings, in evaluation order.
    pub findings: Vec<Finding>,
    /// The text for the audit log of a cluster, if there are findings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audit_annotations: Option<AuditAnnotations>,
    /// The repaired object, if there was a repair.
    #[cfg_attr(feature = "types", ts(type = "Record<string, unknown>"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<Box<RawValue>>,
}

/// The text for the audit log of a cluster.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(TS))]
pub struct AuditAnnotations {
    /// The findings as a JSON array of at most 32 KiB.
    pub findings: String,
}

/// A violation of a rule.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(TS))]
pub struct Finding {
    /// The rule.
    #[cfg_attr(feature = "types", ts(type = "RuleId"))]
    pub rule: &'static str,
    /// The action that the settings and the request lead to; never `off`.
    #[cfg_attr(feature = "types", ts(type = "Action"))]
    pub action: &'static str,
    /// The effect on ECI.
    #[cfg_attr(feature = "types", ts(type = "Effect"))]
    pub effect: &'static str,
    /// The path in the object, such as `spec.containers[0].securityContext.privileged`.
    pub path: String,
    /// The problem.
    pub message: String,
    /// The fix, as an instruction.
    pub help: String,
}

/// A rule of the catalogue.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(TS), ts(optional_fields))]
pub struct Rule {
    /// The stable name, as in settings, findings and messages.
    #[cfg_attr(feature = "types", ts(type = "RuleId"))]
    pub id: &'static str,
    /// A summary in one line.
    pub summary: &'static str,
    /// The effect on ECI.
    #[cfg_attr(feature = "types", ts(type = "Effect"))]
    pub effect: &'static str,
    /// The default action.
    #[cfg_attr(feature = "types", ts(type = "Action"))]
    pub action: &'static str,
    /// The kind of repair, if the rule has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// The version of the policy that first had the rule.
    pub since: &'static str,
}

impl Refused {
    /// Returns the reason for settings that cannot be used, with the path of the key.
    #[cfg(feature = "text")]
    pub(crate) fn settings(message: String, path: &str) -> Self {
        Self {
            settings: true,
            code: Some(422),
            message: Some(message),
            path: path.to_owned(),
        }
    }

    /// Returns the reason for another input that cannot be used.
    #[cfg(feature = "text")]
    pub(crate) const fn input(message: String) -> Self {
        Self {
            settings: false,
            code: None,
            message: Some(message),
            path: String::new(),
        }
    }
}

impl From<eci_security_context::Verdict> for Verdict {
    fn from(verdict: eci_security_context::Verdict) -> Self {
        let eci_security_context::Verdict {
            accepted,
            code,
            message,
            warnings,
            audit,
            mutated_object,
            findings,
            scope,
        } = verdict;
        Self {
            accepted,
            code,
            message,
            warnings,
            scope: scope.map(|scope| scope.certainty.as_str()),
            findings: findings.into_iter().map(Finding::from).collect(),
            audit_annotations: audit.map(|findings| AuditAnnotations { findings }),
            object: mutated_object,
        }
    }
}

impl From<Judged> for Finding {
    fn from(Judged { finding, decision }: Judged) -> Self {
        let rule::Finding {
            rule,
            path,
            message,
            help,
            ..
        } = finding;
        Self {
            rule: rule.id,
            action: decision.action.as_str(),
            effect: rule.effect.as_str(),
            path: path.to_string(),
            message: message.into_owned(),
            help: help.into_owned(),
        }
    }
}

impl From<&rule::Rule> for Rule {
    fn from(rule: &rule::Rule) -> Self {
        Self {
            id: rule.id,
            summary: rule.summary,
            effect: rule.effect.as_str(),
            action: rule.action.as_str(),
            fix: rule.fix_summary(),
            since: rule.since,
        }
    }
}
