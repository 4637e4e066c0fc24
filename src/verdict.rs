//! From findings to an answer: accepted or not, in words that fit where people read them, with the
//! repaired object.

use crate::json::{self, Raw};
use crate::rule::{Action, Finding, apply};
use crate::rules;
use crate::text::{cut, list, one_line};

/// The most bytes of a denial message.
const MESSAGE_BYTES: usize = 4096;
/// The most warnings.
const WARNINGS: usize = 10;
/// The most characters of a warning where it can be helped; the API server cuts at 256.
const WARNING_GOOD: usize = 120;
/// The most characters of a warning.
const WARNING_MOST: usize = 256;
/// The most bytes of the audit annotation.
const ANNOTATION_BYTES: usize = 32 * 1024;

/// When an object is repaired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repair {
    /// Never, as under `mutate: none`: for engines that have no way to tell of a repaired object.
    Never,
    /// Where nothing denies the request.
    WhereAccepted,
    /// Always.
    Always,
}

/// The answer to a request.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Whether the request is accepted.
    pub accepted: bool,
    /// The HTTP status code of a rejection.
    pub code: Option<u16>,
    /// Why the request is rejected: at most 4 KiB, one line.
    pub message: Option<String>,
    /// What the person who sent the request should know: at most 10, each of at most 256 characters.
    pub warnings: Vec<String>,
    /// The findings as a JSON array, for the audit annotation `findings`: at most 32 KiB.
    pub audit: Option<String>,
    /// The JSON text of the repaired object, where there was something to repair.
    pub mutated_object: Option<String>,
    /// The findings, in evaluation order, with the action that they ended with.
    pub findings: Vec<Finding>,
}

impl Verdict {
    /// Accepted, with nothing to say.
    pub fn accepted() -> Self {
        Self {
            accepted: true,
            ..Self::default()
        }
    }

    /// Rejected before any rule looked.
    pub fn rejected(code: u16, message: String) -> Self {
        Self {
            code: Some(code),
            message: Some(cut(one_line(&message), MESSAGE_BYTES / 4)),
            ..Self::default()
        }
    }

    /// The verdict over an object with these findings.
    pub fn of(findings: Vec<Finding>, object: Raw<'_>, repair: Repair) -> Self {
        let accepted = findings
            .iter()
            .all(|finding| finding.action != Action::Deny);
        let repairs = match repair {
            Repair::Never => false,
            Repair::WhereAccepted => accepted,
            Repair::Always => true,
        };
        let edits = findings
            .iter()
            .filter(|finding| repairs && finding.action == Action::Fix)
            .flat_map(|fix| &fix.edits);
        let mut edits = edits.peekable();
        let mutated_object = edits.peek().is_some().then(|| apply(object.get(), edits));
        Self {
            accepted,
            code: (!accepted).then_some(403),
            message: (!accepted).then(|| message(&findings)),
            warnings: warnings(&findings, repairs),
            audit: (!findings.is_empty()).then(|| audit(&findings)),
            mutated_object,
            findings,
        }
    }
}

/// All findings that deny, one a clause; what does not fit is counted.
fn message(findings: &[Finding]) -> String {
    let (clauses, rest) = clauses(findings);
    let clauses: Vec<_> = clauses.into_iter().map(|(_, clause)| clause).collect();
    let mut message = clauses.join(" ");
    if rest > 0 {
        message.push_str(&format!(" And {rest} more."));
    }
    message
}

/// The findings that deny, each with its clause of the message, as many as fit into one; and how many more
/// there are.
pub fn clauses(findings: &[Finding]) -> (Vec<(&Finding, String)>, usize) {
    let denials: Vec<_> = findings
        .iter()
        .filter(|finding| finding.action == Action::Deny)
        .collect();
    let mut clauses = Vec::new();
    // Room for the count of the rest; a clause alone is cut to fit.
    let mut room = MESSAGE_BYTES - 64;
    for finding in &denials {
        let clause = format!(
            "[{}] {}: {}; {}.",
            finding.rule.id, finding.path, finding.message, finding.help
        );
        let clause = one_line(&clause);
        let clause = if clauses.is_empty() {
            cut(clause, room / 4 - 1)
        } else {
            clause
        };
        let Some(rest) = room.checked_sub(clause.len() + 1) else {
            break;
        };
        room = rest;
        clauses.push((*finding, clause));
    }
    let rest = denials
        .iter()
        .skip(clauses.len())
        .map(|finding| finding.places)
        .sum();
    (clauses, rest)
}

fn warnings(findings: &[Finding], repairs: bool) -> Vec<String> {
    let ignored: Vec<_> = findings
        .iter()
        .filter(|finding| finding.action == Action::Warn && is_grouped(finding))
        .collect();
    let mut grouped = false;
    let mut warned = findings.iter().filter(|finding| match finding.action {
        Action::Warn | Action::Fix => {
            !is_grouped(finding) || !std::mem::replace(&mut grouped, true)
        }
        Action::Off | Action::Audit | Action::Deny => false,
    });
    // Only those that are shown are put into words: there may be a hundred thousand.
    let shown: Vec<_> = warned.by_ref().take(WARNINGS).collect();
    let rest: usize = warned.map(|finding| finding.places).sum();
    let told = if rest > 0 { WARNINGS - 1 } else { WARNINGS };
    let words = |finding: &&Finding| {
        let warning = match is_grouped(finding) {
            true => group(&ignored),
            false => warning(finding, repairs && finding.action == Action::Fix),
        };
        cut(one_line(&warning), WARNING_MOST)
    };
    let mut warnings: Vec<String> = shown.iter().take(told).map(words).collect();
    if rest > 0 {
        let rest = rest + shown.last().map_or(1, |last| last.places);
        warnings.push(format!(
            "eci-security-context: {rest} more warnings; the audit log has them all"
        ));
    }
    warnings
}

fn warning(finding: &Finding, repaired: bool) -> String {
    let Finding {
        rule,
        path,
        message,
        help,
        ..
    } = finding;
    if repaired {
        // What the fix does, without its conditions.
        let done = rule
            .fix
            .and_then(|fix| fix.split([',', ';']).next())
            .unwrap_or_default()
            .replace('`', "");
        return format!("{}: repaired {path}: {message} ({done})", rule.id);
    }
    let short = format!("{}: {path}: {message}", rule.id);
    let full = format!("{short}; {help}");
    if full.chars().count() <= WARNING_GOOD {
        full
    } else {
        short
    }
}

/// Whether the warnings of this finding's rule are put into one.
fn is_grouped(finding: &Finding) -> bool {
    finding.rule.id == rules::FIELD_IGNORED.id
}

/// One warning for all fields that have no effect: as many as fit, and a count of the rest.
fn group(findings: &[&Finding]) -> String {
    // No more of them fit, however short they are.
    let mut paths: Vec<String> = findings
        .iter()
        .take(8)
        .map(|finding| finding.path.to_string())
        .collect();
    loop {
        let rest = findings.len() - paths.len();
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

/// The findings as a compact JSON array; the last give way to a count where it would be too long.
fn audit(findings: &[Finding]) -> String {
    let mut array = String::from("[");
    for (position, finding) in findings.iter().enumerate() {
        let separator = if position == 0 { "" } else { "," };
        let element = format!(
            r#"{separator}{{"rule":"{}","action":"{}","effect":"{}","path":{},"message":{}}}"#,
            finding.rule.id,
            finding.action.as_str(),
            finding.rule.effect.as_str(),
            json::text(&finding.path.to_string()),
            json::text(&finding.message),
        );
        if array.len() + element.len() > ANNOTATION_BYTES - 32 {
            let rest: usize = findings
                .iter()
                .skip(position)
                .map(|finding| finding.places)
                .sum();
            array.push_str(&format!(r#"{separator}{{"more":{rest}}}"#));
            break;
        }
        array.push_str(&element);
    }
    array.push(']');
    array
}
