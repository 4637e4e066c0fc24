//! Comments that suppress findings: `# eci-policy: allow RULE reason`, on the line of the finding or above it.

use std::collections::HashMap;

use eci_manifest::{Comment, Part};
use eci_security_context::text::quote;

use crate::args::SuppressionArgs;
use crate::explain::rule_of;
use crate::report::{FileReport, Lines, Problem, SuppressedBy, Suppression, Weight};

/// The beginning of such a comment, after its `#`; a colon follows.
const PREFIX: &str = "eci-policy";

const USAGE: &str = "# eci-policy: allow RULE reason";

/// Marks the findings that the comments of a part suppress, and reports invalid suppressions.
pub(crate) fn suppress<'t>(
    part: &Part<'t>,
    comments: impl FnOnce() -> Vec<Comment<'t>>,
    args: SuppressionArgs,
    report: &mut FileReport,
) {
    // Comments are read only where one begins with the prefix: the text is parsed for them.
    let has_prefix = || memchr::memmem::find(part.text().as_bytes(), PREFIX.as_bytes()).is_some();
    if args.no_suppressions || !has_prefix() {
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
            Ok((_, "")) if args.require_reason => (
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
