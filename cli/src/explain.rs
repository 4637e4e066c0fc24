//! `eci-policy explain`: the documentation of the rules, which is Markdown. It is styled and wrapped, and not changed.

use std::io::{self, Write};

use anstyle::Style;
use eci_security_context::rules::RULES;
use eci_security_context::rules::rule::Rule;
use eci_security_context::text::{nearest, quote};

use crate::Exit;
use crate::args::Explain;
use crate::console::wrap;
use crate::failure::Failure;
use crate::report::effect_sentence;

/// The width of the text, as in the documentation.
const WIDTH: usize = 100;
/// The width of a label.
const LABEL: usize = 9;
const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

pub(crate) fn run(explain: &Explain, out: &mut dyn Write) -> Result<Exit, Failure> {
    match &explain.rule {
        Some(id) => page(named_rule(id)?, out)?,
        None => table(out)?,
    }
    Ok(Exit::Clean)
}

/// Returns the rule of this name. The error is a hint at the right one.
pub(crate) fn rule_of(id: &str) -> Result<&'static Rule, String> {
    let rule = RULES.iter().find(|rule| rule.id == id);
    rule.copied().ok_or_else(|| {
        let ids: Vec<_> = RULES.iter().map(|rule| rule.id).collect();
        match nearest(id, &ids) {
            Some(meant) => format!("did you mean {meant}?"),
            None => "`eci-policy explain` lists the rules".to_owned(),
        }
    })
}

/// Returns the rule that the command line names.
pub(crate) fn named_rule(id: &str) -> Result<&'static Rule, Failure> {
    rule_of(id).map_err(|hint| Failure::new(format!("there is no rule {}; {hint}", quote(id))))
}

fn page(rule: &Rule, out: &mut dyn Write) -> io::Result<()> {
    let Rule {
        id,
        summary,
        effect,
        action,
        since,
        docs,
        ..
    } = rule;
    writeln!(out, "{BOLD}{id}{BOLD:#}\n")?;
    for line in wrap(&format!("{summary}."), WIDTH) {
        writeln!(out, "{line}")?;
    }
    writeln!(out)?;
    let fix = rule.fix_summary();
    for (mut label, value) in [
        ("Effect", effect_sentence(*effect)),
        ("Default", action.as_str()),
        ("Fix", fix.as_deref().unwrap_or("none")),
        ("Since", since),
    ] {
        for line in wrap(value, WIDTH - LABEL) {
            writeln!(out, "{BOLD}{label:<LABEL$}{BOLD:#}{line}")?;
            label = "";
        }
    }
    writeln!(out)?;
    markdown(docs, out)
}

/// Writes Markdown: the bold words at the start of a paragraph are bold, and code is dimmed.
fn markdown(docs: &str, out: &mut dyn Write) -> io::Result<()> {
    // The word after `yaml`, which Markdown does not show, distinguishes the two manifests of a rule.
    let docs = docs
        .replace("```yaml bad\n", "Found:\n\n```yaml\n")
        .replace("```yaml good\n", "Not found:\n\n```yaml\n");
    let mut is_code = false;
    for line in docs.lines() {
        let is_fence = line.starts_with("```");
        is_code ^= is_fence;
        let lead = line
            .strip_prefix("**")
            .and_then(|rest| rest.split_once("**"));
        match lead {
            _ if is_code || is_fence => writeln!(out, "{DIM}{line}{DIM:#}")?,
            Some((lead, rest)) => writeln!(out, "{BOLD}**{lead}**{BOLD:#}{rest}")?,
            None => writeln!(out, "{line}")?,
        }
    }
    Ok(())
}

/// Writes the table of the rules, in evaluation order.
fn table(out: &mut dyn Write) -> io::Result<()> {
    let widest = |cell: fn(&Rule) -> &str, head: &str| {
        RULES
            .iter()
            .map(|rule| cell(rule).len())
            .max()
            .unwrap_or_default()
            .max(head.len())
    };
    let ids = widest(|rule| rule.id, "rule");
    let effects = widest(|rule| rule.effect.as_str(), "effect");
    let actions = widest(|rule| rule.action.as_str(), "default");
    let finds = WIDTH.saturating_sub(ids + effects + actions + 6);
    writeln!(
        out,
        "{BOLD}{:ids$}  {:effects$}  {:actions$}  finds, and the fix{BOLD:#}",
        "rule", "effect", "default"
    )?;
    for rule in RULES {
        let fix = rule.fix_summary().map(|fix| format!("fix: {fix}"));
        let lines = wrap(rule.summary, finds)
            .into_iter()
            .chain(fix.iter().flat_map(|fix| wrap(fix, finds)));
        let mut cells = [rule.id, rule.effect.as_str(), rule.action.as_str()];
        for line in lines {
            let [id, effect, action] = cells;
            writeln!(
                out,
                "{BOLD}{id:ids$}{BOLD:#}  {effect:effects$}  {action:actions$}  {line}"
            )?;
            cells = [""; 3];
        }
    }
    writeln!(
        out,
        "\n`eci-policy explain RULE` explains a rule, with its source and the fix."
    )
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::panic,
        reason = "a test may panic"
    )]

    use super::*;

    fn written(write: impl Fn(&mut dyn Write) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn leading_words_are_bold_and_code_is_dimmed() {
        let docs = "**Why.** So.\n\n```yaml bad\n**no: lead\n```\nimage: a/**\n";
        assert_eq!(
            written(|out| markdown(docs, out)),
            "\u{1b}[1m**Why.**\u{1b}[0m So.\n\nFound:\n\n\u{1b}[2m```yaml\u{1b}[0m\n\u{1b}[2m**no: lead\u{1b}[0m\n\u{1b}[2m```\u{1b}[0m\nimage: a/**\n"
        );
    }
}
