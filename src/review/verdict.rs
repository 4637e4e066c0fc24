//! From a review to an answer: accepted or not, in words that fit where people read them, with the repaired object.

use serde::Serialize;

use crate::fix;
use crate::json::RawValue;
use crate::json::ReadError;
use crate::policy::decide::{WINDOWS, Why};
use crate::policy::scope::Scope;
use crate::review::judged::{Judged, Refusal, Review};
use crate::rules;
use crate::rules::rule::Action;
use crate::rules::rule::Finding;
use crate::text::{cut, list, one_line};

/// The most bytes of a denial message.
const MESSAGE_BYTES: usize = 4096;
/// The most warnings.
const WARNINGS: usize = 10;
/// The most characters of a warning where it is possible.
const WARNING_GOOD: usize = 120;
/// The most characters of a warning: the API server cuts there.
const WARNING_MOST: usize = 256;
/// The most bytes of the audit annotation.
const ANNOTATION_BYTES: usize = 32 * 1024;

/// When an object is repaired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repair {
    /// Never, as under `mutate: none`: for engines that cannot return a repaired object.
    Never,
    /// Where nothing denies the request.
    WhereAccepted,
    /// Always.
    Always,
}

/// The answer to a request.
#[derive(Debug, Default)]
pub struct Verdict {
    /// True if the request is accepted.
    pub accepted: bool,
    /// The HTTP status code of a rejection.
    pub code: Option<u16>,
    /// Why the request is rejected: at most 4 KiB, one line.
    pub message: Option<String>,
    /// Warnings for the person who sent the request: at most 10, each of at most 256 characters.
    pub warnings: Vec<String>,
    /// The findings as a JSON array, for the audit annotation `findings`: at most 32 KiB.
    pub audit: Option<String>,
    /// The repaired object as JSON, where something was repaired.
    pub mutated_object: Option<Box<RawValue>>,
    /// The findings in evaluation order, with what is done about them.
    pub findings: Vec<Judged>,
    /// How sure it is that the pod runs on ECI; `None` for an object without a pod.
    pub scope: Option<Scope>,
}

impl Verdict {
    /// Returns the answer to a request about which there is nothing to say.
    pub fn accepted() -> Self {
        Self {
            accepted: true,
            ..Self::default()
        }
    }

    /// Returns the JSON text of the repaired object, where something was repaired.
    pub fn repaired(&self) -> Option<&str> {
        self.mutated_object.as_deref().map(RawValue::get)
    }

    /// Returns the rejection of a request that no rule has judged.
    pub fn rejected(code: u16, message: String) -> Self {
        Self {
            code: Some(code),
            message: Some(cut(one_line(&message), MESSAGE_BYTES / 4)),
            ..Self::default()
        }
    }

    /// Returns the answer to a reviewed request. `object` returns its object.
    pub fn of<'o>(
        review: Review,
        object: &dyn Fn() -> Option<&'o RawValue>,
        repair: Repair,
    ) -> Self {
        let Review {
            findings,
            scope,
            is_windows,
            is_owned,
        } = review;
        let accepted = findings
            .iter()
            .all(|judged| judged.decision.action != Action::Deny);
        let repairs = match repair {
            Repair::Never => false,
            Repair::WhereAccepted => accepted,
            Repair::Always => true,
        };
        let fixes = findings
            .iter()
            .filter(|judged| repairs && judged.decision.action == Action::Fix);
        let mut edits = fixes.flat_map(|fix| &fix.finding.edits).peekable();
        let mutated_object = edits
            .peek()
            .is_some()
            .then(|| fix::apply(object()?, edits))
            .flatten();
        // A controller made an owned object: no person would read its warnings.
        let mut warnings = if is_owned {
            Vec::new()
        } else {
            warnings(&findings, repairs)
        };
        if is_windows && !is_owned {
            warnings.push(WINDOWS.to_owned());
        }
        Self {
            accepted,
            code: (!accepted).then_some(403),
            message: (!accepted).then(|| message(&findings)),
            warnings,
            audit: (!findings.is_empty()).then(|| audit(&findings)),
            mutated_object,
            findings,
            scope,
        }
    }
}

impl Refusal {
    /// Returns the answer to such a request.
    pub fn into_verdict(self) -> Verdict {
        match self {
            Self::Unreadable(error @ ReadError::NotJson(_)) => {
                Verdict::rejected(400, format!("the request cannot be read: {error}"))
            }
            Self::Unreadable(error) => {
                Verdict::rejected(422, format!("the request cannot be read: {error}"))
            }
            Self::Settings(error) => Verdict::rejected(422, error.to_string()),
            Self::Namespace { name, reason } => Verdict::rejected(
                500,
                format!(
                    "scope.namespaceLabels needs the labels of the Namespace {name}, and the host does not give them: \
                     grant the policy contextAwareResources [{{apiVersion: v1, kind: Namespace}}], and its \
                     policy-server's service account get, list and watch on namespaces ({reason})"
                ),
            ),
        }
    }
}

/// Returns all findings that deny, one a clause. Those that do not fit are counted.
fn message(findings: &[Judged]) -> String {
    let (denials, rest) = denials(findings);
    let clauses: Vec<_> = denials.into_iter().map(|(_, clause)| clause).collect();
    let mut message = clauses.join(". ");
    message.push('.');
    if rest > 0 {
        message.push_str(&format!(" And {rest} more."));
    }
    message
}

/// Returns the findings that deny, each with its clause of the message, as many as fit into one; and the number of
/// places that the others stand for.
pub fn denials(findings: &[Judged]) -> (Vec<(&Finding, String)>, usize) {
    let denied: Vec<&Finding> = findings
        .iter()
        .filter(|judged| judged.decision.action == Action::Deny)
        .map(|judged| &judged.finding)
        .collect();
    let mut clauses = Vec::new();
    // Room for the count of the rest. A clause alone is cut to fit.
    let mut room = MESSAGE_BYTES - 64;
    for finding in &denied {
        let clause = one_line(&format!(
            "[{}] {}: {}; {}",
            finding.rule.id, finding.path, finding.message, finding.help
        ));
        let clause = if clauses.is_empty() {
            cut(clause, room / 4 - 1)
        } else {
            clause
        };
        // With a full stop, and a blank before the next.
        let Some(rest) = room.checked_sub(clause.len() + 2) else {
            break;
        };
        room = rest;
        clauses.push((*finding, clause));
    }
    let rest = denied
        .iter()
        .skip(clauses.len())
        .map(|finding| finding.places)
        .sum();
    (clauses, rest)
}

fn warnings(findings: &[Judged], repairs: bool) -> Vec<String> {
    let is_warned = |judged: &&Judged| matches!(judged.decision.action, Action::Warn | Action::Fix);
    let ignored: Vec<_> = findings
        .iter()
        .filter(is_warned)
        .filter(|judged| is_grouped(judged))
        .collect();
    let mut has_group = false;
    let mut warned = findings
        .iter()
        .filter(is_warned)
        .filter(|judged| !is_grouped(judged) || !std::mem::replace(&mut has_group, true));
    let shown: Vec<_> = warned.by_ref().take(WARNINGS).collect();
    let rest: usize = warned.map(|judged| judged.finding.places).sum();
    let most = if rest > 0 { WARNINGS - 1 } else { WARNINGS };
    let words = |judged: &&Judged| {
        let warning = match is_grouped(judged) {
            true => group(&ignored),
            false => warning(judged, repairs && judged.decision.action == Action::Fix),
        };
        cut(one_line(&warning), WARNING_MOST)
    };
    let mut warnings: Vec<String> = shown.iter().take(most).map(words).collect();
    if rest > 0 {
        let rest = rest + shown.last().map_or(1, |last| last.finding.places);
        warnings.push(format!(
            "eci-security-context: {rest} more warnings; the audit log has them all"
        ));
    }
    warnings
}

fn warning(Judged { finding, decision }: &Judged, is_repaired: bool) -> String {
    let subject = format!("{}: {}: {}", finding.rule.id, finding.path, finding.message);
    if is_repaired {
        return format!(
            "{subject} (repaired: {})",
            finding.rule.fix.done().unwrap_or_default().replace('`', "")
        );
    }
    let note = match decision.why {
        Why::TemplateUnchanged => " (let through: the pod template did not change)",
        Why::OnlyPossible => " (if the pod runs on ECI)",
        Why::RepairedAtPodCreation => " (repaired when the pod is created)",
        _ => "",
    };
    let short = format!("{subject}{note}");
    let full = format!("{short}; {}", finding.help);
    if full.chars().count() <= WARNING_GOOD {
        full
    } else {
        short
    }
}

/// True if the warnings of the finding's rule are put into one.
fn is_grouped(judged: &Judged) -> bool {
    judged.finding.rule.id == rules::FIELD_IGNORED.id
}

/// Returns one warning for all fields that have no effect: as many as fit, and a count of the rest.
fn group(findings: &[&Judged]) -> String {
    // More than eight do not fit, however short they are.
    let mut paths: Vec<String> = findings
        .iter()
        .take(8)
        .map(|judged| judged.finding.path.to_string())
        .collect();
    let all: usize = findings.iter().map(|judged| judged.finding.places).sum();
    loop {
        let rest = all - paths.len();
        let mut named = paths.clone();
        if rest > 0 {
            named.push(format!("{rest} more"));
        }
        let named = list(&named);
        let warning = format!("{}: no effect on ECI: {named}", rules::FIELD_IGNORED.id);
        if paths.len() <= 1 || warning.chars().count() <= WARNING_GOOD {
            return warning;
        }
        paths.pop();
    }
}

/// A finding in the audit annotation.
#[derive(Serialize)]
struct Audited<'f> {
    rule: &'f str,
    action: &'f str,
    effect: &'f str,
    path: String,
    message: &'f str,
}

/// Returns the findings as a compact JSON array. A finding that does not fit is counted, and hides none after it.
fn audit(findings: &[Judged]) -> String {
    let mut array = String::from("[");
    let mut rest = 0;
    for Judged { finding, decision } in findings {
        let audited = Audited {
            rule: finding.rule.id,
            action: decision.action.as_str(),
            effect: finding.rule.effect.as_str(),
            path: finding.path.to_string(),
            message: &finding.message,
        };
        let element = serde_json::to_string(&audited).unwrap_or_default();
        if array.len() + element.len() > ANNOTATION_BYTES - 32 {
            rest += finding.places;
            continue;
        }
        array.push_str(if array.len() == 1 { "" } else { "," });
        array.push_str(&element);
    }
    if rest > 0 {
        array.push_str(if array.len() == 1 { "" } else { "," });
        array.push_str(&format!(r#"{{"more":{rest}}}"#));
    }
    array.push(']');
    array
}
