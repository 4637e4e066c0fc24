//! Comments that take findings back: `# eci-policy: allow RULE reason`, on the line of the finding or above it.

use std::ops::Range;

use eci_manifest::{Comment, Part};
use eci_security_context::rules::RULES;
use eci_security_context::text::nearest;

use crate::args::SuppressionArgs;
use crate::report::{Found, Lines, Problem, Suppressed, Weight};

/// What such a comment begins with, after its `#`.
const MARK: &str = "eci-policy:";

/// A comment that takes back what a rule finds on a line.
#[derive(Debug)]
struct Allowance {
    rule: &'static str,
    reason: String,
    /// The line of the part of which it speaks, from 1.
    line: usize,
}

/// Marks what the comments of a part take back, and says what is wrong with those comments.
pub(crate) fn suppress<'t>(
    part: &Part<'t>,
    comments: impl FnOnce() -> Vec<Comment<'t>>,
    args: SuppressionArgs,
    found: &mut [Found],
    problems: &mut Vec<Problem>,
) {
    // Comments are worth a second look at a text only where one is for us.
    if args.no_suppressions
        || memchr::memmem::find(part.text().as_bytes(), MARK.as_bytes()).is_none()
    {
        return;
    }
    let lines = Lines::of(part.text());
    let comments = comments();
    let mut allowances = Vec::new();
    for (index, comment) in comments.iter().enumerate() {
        let Some(said) = comment.text.trim_start().strip_prefix(MARK) else {
            continue;
        };
        // A comment of its own speaks of the line below it and below the comments that follow it.
        let following = comments
            .iter()
            .skip(index + 1)
            .take_while(|next| next.is_alone)
            .enumerate();
        let below = following
            .take_while(|(distance, next)| next.line == comment.line + distance + 1)
            .count();
        let line = if comment.is_alone {
            comment.line + below + 1
        } else {
            comment.line
        };
        match allowance(said, line) {
            Ok(allowance) if args.require_reason && allowance.reason.is_empty() => {
                problems.push(remark(
                    comment.span.clone(),
                    "gives no reason, and takes nothing back",
                    Some("say why after the rule"),
                ));
            }
            Ok(allowance) => allowances.push(allowance),
            Err((message, help)) => {
                problems.push(remark(comment.span.clone(), &message, Some(&help)))
            }
        }
    }
    for found in found {
        let (line, _) = lines.at(found.span.start - part.span.start);
        let allowance = allowances
            .iter()
            .find(|allowance| allowance.line == line && allowance.rule == found.rule.id);
        found.suppressed = allowance.map(|allowance| Suppressed {
            reason: allowance.reason.clone(),
        });
    }
}

/// The comments among lines `Name=value`: whole lines.
pub(crate) fn of_lines<'t>(part: &Part<'t>) -> Vec<Comment<'t>> {
    let mut start = part.span.start;
    let lines = part
        .text()
        .split_inclusive('\n')
        .enumerate()
        .filter_map(|(index, line)| {
            let begin = start + (line.len() - line.trim_start().len());
            start += line.len();
            let content = line.trim();
            let text = content.strip_prefix('#')?;
            Some(Comment {
                text,
                span: begin..begin + content.len(),
                line: index + 1,
                is_alone: true,
            })
        });
    lines.collect()
}

fn allowance(said: &str, line: usize) -> Result<Allowance, (String, String)> {
    let usage = || {
        (
            "is no suppression".to_owned(),
            format!("write `# {MARK} allow RULE reason`"),
        )
    };
    let (word, rest) = said
        .trim()
        .split_once(char::is_whitespace)
        .ok_or_else(usage)?;
    if word != "allow" {
        return Err(usage());
    }
    let rest = rest.trim();
    let (id, reason) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    if id.contains(',') {
        let help = format!(
            "one comment takes one rule: write `# {MARK} allow RULE reason` for each, one below the other"
        );
        return Err((format!("names several rules: {id}"), help));
    }
    let ids: Vec<_> = RULES.iter().map(|rule| rule.id).collect();
    match ids.iter().find(|known| **known == id) {
        Some(rule) => Ok(Allowance {
            rule,
            reason: reason.trim().to_owned(),
            line,
        }),
        None => {
            let meant = nearest(id, &ids).map(|meant| format!("did you mean {meant}?"));
            Err((
                format!("names no rule: {id}"),
                meant.unwrap_or_else(|| "`eci-policy explain` lists the rules".to_owned()),
            ))
        }
    }
}

fn remark(span: Range<usize>, message: &str, help: Option<&str>) -> Problem {
    Problem {
        span: Some(span),
        message: format!("this comment {message}"),
        help: help.map(str::to_owned),
        weight: Weight::Ineffective,
    }
}
