//! Comments that suppress findings: `# eci-policy: allow RULE reason`, on the line of the finding or above it.

use eci_manifest::{Comment, Part};
use eci_security_context::text::quote;

use crate::args::SuppressionArgs;
use crate::explain::rule_of;
use crate::report::{FileReport, Lines, Problem, Weight};

/// The beginning of such a comment, after its `#`; a colon follows.
const PREFIX: &str = "eci-policy";

const USAGE: &str = "# eci-policy: allow RULE reason";

/// A comment that suppresses the findings of a rule on a line.
#[derive(Debug)]
struct Suppression {
    rule: &'static str,
    reason: String,
    /// The line of the part to which it applies, from 1.
    line: usize,
}

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
    let mut suppressions = Vec::new();
    for (index, comment) in comments.iter().enumerate() {
        let Some(text) = comment.text.trim_start().strip_prefix(PREFIX) else {
            continue;
        };
        let has_colon = text.starts_with(':');
        // Other comments may begin with the name of the command.
        if !has_colon && !text.trim_start().starts_with("allow ") {
            continue;
        }
        // A comment on its own line applies to the first line below it that is not a comment.
        let following = comments.iter().skip(index + 1).enumerate();
        let below = following
            .take_while(|(distance, next)| {
                next.is_alone && next.line == comment.line + distance + 1
            })
            .count();
        let line = match comment.is_alone {
            true => comment.line + below + 1,
            false => comment.line,
        };
        let problem = match suppression(text, has_colon, line) {
            Ok(found) if args.require_reason && found.reason.is_empty() => (
                "suppression without a reason is not applied (--require-reason)".to_owned(),
                "add a reason after the rule".to_owned(),
            ),
            Ok(found) => {
                suppressions.push(found);
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
        let mut suppressions = suppressions.iter();
        let own = suppressions.find(|own| own.line == line && own.rule == found.finding.rule.id);
        found.suppressed = own.map(|own| own.reason.clone());
    }
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

/// Reads a suppression. The error has the problem and the fix.
fn suppression(text: &str, has_colon: bool, line: usize) -> Result<Suppression, (String, String)> {
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
    let rule = rule_of(id).map_err(unknown)?;
    Ok(Suppression {
        rule: rule.id,
        reason: reason.trim().to_owned(),
        line,
    })
}
