//! `eci-policy explain`: the documentation of the rules.

use std::io::{self, Write};

use anstyle::Style;
use eci_security_context::rules::RULES;
use eci_security_context::rules::rule::Rule;
use eci_security_context::text::quote;
use eci_text::catalogue::rule_of;

use crate::args::Explain;
use crate::console::{text_width, wrap};
use crate::failure::Failure;
use crate::report::effect_sentence;
use crate::{Exit, markdown};

/// The minimum width of a column of text.
const NARROWEST: usize = 24;
/// The width of a label.
const LABEL: usize = 9;
const BOLD: Style = Style::new().bold();

pub(crate) fn run(explain: &Explain, out: &mut dyn Write) -> Result<Exit, Failure> {
    match &explain.rule {
        Some(id) => page(named_rule(id)?, out)?,
        None => table(out)?,
    }
    Ok(Exit::Clean)
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
    let width = text_width();
    writeln!(out, "{BOLD}{id}{BOLD:#}\n")?;
    for line in wrap(&format!("{summary}."), width) {
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
        for line in wrap(value, width - LABEL) {
            writeln!(out, "{BOLD}{label:<LABEL$}{BOLD:#}{line}")?;
            label = "";
        }
    }
    writeln!(out)?;
    markdown::write(docs, width, out)
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
    let finds = text_width()
        .saturating_sub(ids + effects + actions + 6)
        .max(NARROWEST);
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
