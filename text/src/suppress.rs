//! Comments that suppress findings: `# eci-policy: allow RULE reason`, on the line of the finding or above it.

use std::collections::HashMap;

use eci_manifest::{Comment, Document, Part, Replacement, parts, replaced};
use eci_security_context::rules::rule::Rule;
use eci_security_context::text::{one_line, quote};
use serde_json::Value;

use crate::catalogue::rule_of;
use crate::openapi;
use crate::report::{FileReport, Found, Lines, Problem, SuppressedBy, Suppression, Weight};
use crate::review::Reviewer;

/// The beginning of such a comment, after its `#`; a colon follows.
const PREFIX: &str = "eci-policy";

const USAGE: &str = "# eci-policy: allow RULE reason";

/// How comments that suppress findings count.
#[derive(Clone, Copy, Debug, Default)]
pub struct Suppressions {
    /// True if none counts.
    pub are_off: bool,
    /// True if one without a reason does not count.
    pub need_reason: bool,
}

/// Marks the findings that the comments of a part suppress, and reports invalid suppressions.
pub(crate) fn suppress<'t>(
    part: &Part<'t>,
    comments: impl FnOnce() -> Vec<Comment<'t>>,
    args: Suppressions,
    report: &mut FileReport,
) {
    // Comments are read only where one begins with the prefix: the text is parsed for them.
    let has_prefix = || memchr::memmem::find(part.text().as_bytes(), PREFIX.as_bytes()).is_some();
    if args.are_off || !has_prefix() {
        return;
    }
    let lines = Lines::of(part.text());
    let comments = comments();
    let mut suppressions = HashMap::new();
    for (comment, line) in comments.iter().zip(applies_to(&comments)) {
        let Some(text) = comment.text.trim_start().strip_prefix(PREFIX) else {
            continue;
        };
        let has_colon = text.starts_with(':');
        // Other comments may begin with the name of the command.
        if !has_colon && !text.trim_start().starts_with("allow ") {
            continue;
        }
        let problem = match suppression(text, has_colon) {
            Ok((_, "")) if args.need_reason => (
                "suppression without a reason is not applied (--require-reason)".to_owned(),
                "add a reason after the rule".to_owned(),
            ),
            Ok((rule, reason)) => {
                suppressions.entry((line, rule)).or_insert(reason);
                continue;
            }
            Err(problem) => problem,
        };
        report.problems.push(Problem {
            weight: Weight::Ineffective,
            ..Problem::at(comment.span.clone(), &problem.0, &problem.1)
        });
    }
    for found in &mut report.found {
        let (line, _) = lines.at(found.span.start - part.span.start);
        let reason = suppressions.get(&(line, found.finding.rule.id));
        found.suppressed = reason.map(|reason| Suppression {
            by: SuppressedBy::Comment,
            reason: (*reason).to_owned(),
        });
    }
}

/// Returns the comment above a line that suppresses a finding of a rule at an offset; `None` if no comment can stand
/// there, or does not suppress it.
pub fn comment(
    text: &str,
    (rule, at): (&Rule, usize),
    reason: &str,
    reviewer: &Reviewer<'_>,
) -> Option<Replacement> {
    let lines = Lines::of(text);
    let (line, start) = lines.line(at);
    let rest = text.get(start..)?;
    let indent = rest.get(..rest.len() - rest.trim_start_matches([' ', '\t']).len())?;
    let end = if text.get(lines.end_of(line)..)?.starts_with('\r') {
        "\r\n"
    } else {
        "\n"
    };
    let comment = one_line(&format!("# {PREFIX}: allow {} {reason}", rule.id));
    let edit = Replacement {
        span: start..start,
        text: format!("{indent}{}{end}", comment.trim_end()),
    };
    let after = replaced(text, std::slice::from_ref(&edit));
    let (before, after) = (parts(text), parts(&after));
    let index = before.iter().rposition(|part| part.span.start <= at)?;
    let (before, after) = (before.get(index)?, after.get(index)?);
    // JSON has no comments.
    if before.text().trim_start().starts_with('{') {
        return None;
    }
    let values = |part: &Part<'_>| -> Option<Vec<Value>> {
        let documents = part.documents().ok()?;
        Some(documents.iter().map(Document::value).collect())
    };
    let is_flat = openapi::flat(before.text()).is_some();
    let is_same = is_flat || values(before).is_some_and(|own| values(after) == Some(own));
    let found = reviewer.part(after).found;
    let is_it = |found: &&Found| {
        found.finding.rule.id == rule.id && found.span.start == at + edit.text.len()
    };
    let is_suppressed = found.iter().find(is_it)?.suppressed.is_some();
    (is_same && is_suppressed).then_some(edit)
}

/// Returns the line to which each comment applies: its own, or, of a comment on a line of its own, the first line below
/// that is not a comment.
fn applies_to(comments: &[Comment<'_>]) -> Vec<usize> {
    let mut lines = vec![0; comments.len()];
    let mut below = None;
    for (comment, line) in comments.iter().zip(&mut lines).rev() {
        *line = match below {
            _ if !comment.is_alone => comment.line,
            Some((next, line)) if next == comment.line + 1 => line,
            _ => comment.line + 1,
        };
        below = comment.is_alone.then_some((comment.line, *line));
    }
    lines
}

/// Returns the comments among lines `Name=value`: whole lines.
pub(crate) fn of_lines<'t>(part: &Part<'t>) -> Vec<Comment<'t>> {
    let mut start = part.span.start;
    let lines = part.text().split_inclusive('\n').enumerate();
    let comments = lines.filter_map(|(index, line)| {
        let begin = start + (line.len() - line.trim_start().len());
        start += line.len();
        let content = line.trim();
        Some(Comment {
            text: content.strip_prefix('#')?,
            span: begin..begin + content.len(),
            line: index + 1,
            is_alone: true,
        })
    });
    comments.collect()
}

/// Reads the rule and the reason of a suppression. The error has the problem and the fix.
fn suppression(text: &str, has_colon: bool) -> Result<(&'static str, &str), (String, String)> {
    let words = text.trim_start_matches(':').trim();
    let (word, rest) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
    let rest = rest.trim();
    if !has_colon || word != "allow" || rest.is_empty() {
        let message = format!("unknown suppression {}", quote(words));
        return Err((message, format!("write \"{USAGE}\"")));
    }
    let (id, reason) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    if id.contains(',') {
        let message = format!("a suppression takes one rule, not {}", quote(id));
        let help = format!("write \"{USAGE}\" for each rule, on lines of their own");
        return Err((message, help));
    }
    let unknown = |hint| (format!("unknown rule {} in a suppression", quote(id)), hint);
    Ok((rule_of(id).map_err(unknown)?.id, reason.trim()))
}
