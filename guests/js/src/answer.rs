//! What JavaScript gets to see: the core's types in the shape of their JSON, from which the types of TypeScript are
//! made too. The words that Rust holds as data (rules, actions, effects) stand here as strings, and become types of
//! their own in `examples/types.rs`.

use eci_security_context::json::{RawValue, ReadError};
use eci_security_context::review::{Judged, Refusal};
use eci_security_context::rules::rule;
use serde::Serialize;
#[cfg(feature = "types")]
use ts_rs::TS;

/// What is answered to an object.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Answer {
    /// It was judged.
    Verdict(Verdict),
    /// It was not, which JavaScript throws.
    Refused(Refused),
}

/// Why an object was not judged.
#[derive(Debug, Serialize)]
pub struct Refused {
    /// Whether it is the settings that cannot be used; else it is the object that cannot be read.
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
            Refusal::Settings(error) => (true, error.path.clone()),
            // Nobody can be asked here, so settings that need it are refused before.
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

/// What the policy says of an object.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// Whether the object is accepted: nothing found denies it.
    pub accepted: bool,
    /// The HTTP status code of a denial: 403.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// Why it is denied: every finding that denies, with the way out, in one line of at most 4 KiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What the author should know, as the API server would say it: at most 10, each of at most 256 characters.
    pub warnings: Vec<String>,
    /// Everything that was found, in evaluation order.
    pub findings: Vec<Finding>,
    /// What a cluster would write to its audit log, where anything was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audit_annotations: Option<AuditAnnotations>,
    /// The repaired object, where there was something to repair.
    #[cfg_attr(feature = "types", ts(type = "Record<string, unknown>"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<Box<RawValue>>,
}

/// What a cluster would write to its audit log.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(TS))]
pub struct AuditAnnotations {
    /// The findings as a JSON array of at most 32 KiB.
    pub findings: String,
}

/// One place in an object that a rule objects to.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(TS))]
pub struct Finding {
    /// The rule that objects.
    #[cfg_attr(feature = "types", ts(type = "RuleId"))]
    pub rule: &'static str,
    /// What is done about it, after the settings and the request have had their say; never `off`.
    #[cfg_attr(feature = "types", ts(type = "Action"))]
    pub action: &'static str,
    /// What ECI does with such a pod.
    #[cfg_attr(feature = "types", ts(type = "Effect"))]
    pub effect: &'static str,
    /// Where, from the root of the object: `spec.containers[0].securityContext.privileged`.
    pub path: String,
    /// What is wrong, beginning with the value.
    pub message: String,
    /// The way out.
    pub help: String,
}

/// A rule of the catalogue.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(TS), ts(optional_fields))]
pub struct Rule {
    /// The stable name, in settings, findings and messages.
    #[cfg_attr(feature = "types", ts(type = "RuleId"))]
    pub id: &'static str,
    /// What it finds.
    pub summary: &'static str,
    /// What ECI does with such a pod.
    #[cfg_attr(feature = "types", ts(type = "Effect"))]
    pub effect: &'static str,
    /// What the policy does by default.
    #[cfg_attr(feature = "types", ts(type = "Action"))]
    pub action: &'static str,
    /// What the repair does, of a rule that has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// The version of the policy that brought the rule.
    pub since: &'static str,
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
        } = verdict;
        Self {
            accepted,
            code,
            message,
            warnings,
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
