//! `eci-policy fix`: repairs manifests in place. A file is written only if it then reads as the objects that admission
//! would make.

mod diff;
mod totals;
mod write;

use std::io::Write;

use eci_manifest::Replacement;
use eci_security_context::rules::RULES;
use eci_security_context::rules::rule::Rule;
use eci_text::fix::{Repaired, Repairer, settings_of};
use eci_text::review::{Repairs, Reviewer};
use eci_text::suppress::Suppressions;

use self::totals::FixTotals;
use crate::args::Fix;
use crate::config::{Config, Paths};
use crate::console::to_stderr;
use crate::explain::named_rule;
use crate::failure::Failure;
use crate::input::Source;
use crate::{Exit, batch, partial};

pub(crate) fn run(fix: &Fix, out: &mut dyn Write) -> Result<Exit, Failure> {
    let rules: Result<Vec<_>, _> = fix.rules.iter().map(|id| rule_of(id)).collect();
    let rules = rules?;
    let paths = Paths::of(&fix.input, &fix.settings)?;
    let mut totals = FixTotals::default();
    batch::in_order(
        &paths,
        |input, config| {
            let suppressions = fix.suppressions.into();
            match input {
                Ok((source, text)) => {
                    let repaired =
                        repaired(config, &source, text, (&rules, suppressions, fix.diff));
                    (Some(source), repaired)
                }
                Err(error) => {
                    let report = error.into();
                    (
                        None,
                        Repaired {
                            report,
                            ..Repaired::default()
                        },
                    )
                }
            }
        },
        |(source, repaired)| totals.settle(source, repaired, fix.diff, out),
    )?;
    to_stderr(totals.summary(fix.diff));
    Ok(match totals {
        FixTotals { failed: 1.., .. } => Exit::Failed,
        FixTotals { left: 1.., .. } => Exit::Denied,
        FixTotals { findings: 1.., .. } if fix.diff => Exit::Denied,
        _ => Exit::Clean,
    })
}

fn rule_of(id: &str) -> Result<&'static Rule, Failure> {
    let rule = named_rule(id)?;
    if rule.fix.is_available() {
        return Ok(rule);
    }
    let fixable = RULES.iter().filter(|rule| rule.fix.is_available());
    let ids: Vec<_> = fixable.map(|rule| rule.id).collect();
    Err(Failure::new(format!(
        "the rule {id} has no repair; these rules have one: {}",
        ids.join(", ")
    )))
}

/// Returns the changes of a text that `fix` makes: the repairs of the policy, or those of the rules.
pub(crate) fn repairs(
    config: &Config,
    source: &Source,
    text: String,
    rules: &[&'static Rule],
) -> Vec<Replacement> {
    let suppressions = Suppressions::default();
    repaired(config, source, text, (rules, suppressions, true)).replacements
}

/// Repairs a file.
fn repaired(
    config: &Config,
    source: &Source,
    text: String,
    (rules, suppressions, is_dry): (&[&'static Rule], Suppressions, bool),
) -> Repaired {
    let settings = settings_of(config.settings_for(source));
    let reviewer = Reviewer {
        settings: &settings,
        suppressions,
        repairs: Repairs::Made,
        namespaces: None,
    };
    let repairer = Repairer {
        reviewer,
        rules,
        is_dry,
        leave: &|report| partial::leave_patch(source, report),
    };
    repairer.text(source.name(), text)
}
