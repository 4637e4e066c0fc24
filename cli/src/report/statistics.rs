//! The report as a table: how often each rule was found, the most frequent first.

use std::collections::BTreeMap;
use std::io::{self, Write};

use eci_security_context::rules::rule::Rule;

use super::{FileReport, Reporter, Shown, Totals, printable};

/// Writes the table.
#[derive(Debug)]
pub(super) struct Statistics {
    pub(super) shown: Shown,
    /// By the rule's name: the rule, its findings and those with a repair.
    pub(super) counts: BTreeMap<&'static str, (&'static Rule, usize, usize)>,
}

impl Reporter for Statistics {
    fn file(&mut self, report: &FileReport, out: &mut dyn Write) -> io::Result<()> {
        for found in self.shown.found(report) {
            let rule = found.finding.rule;
            let (_, count, repairs) = self.counts.entry(rule.id).or_insert((rule, 0, 0));
            *count += 1;
            *repairs += usize::from(found.fix.is_some());
        }
        for line in report.problem_lines(&report.text, false) {
            writeln!(out, "{}", printable(&line))?;
        }
        Ok(())
    }

    fn end(&mut self, totals: &Totals, out: &mut dyn Write) -> io::Result<()> {
        let mut rows: Vec<_> = self.counts.values().collect();
        rows.sort_by_key(|(rule, count, _)| (usize::MAX - count, rule.id));
        for (rule, count, repairs) in rows {
            let repairable = match repairs {
                0 => String::new(),
                repairs => format!(" ({repairs} can be repaired)"),
            };
            writeln!(
                out,
                "{count:>6}  {:<30}  {}{repairable}",
                rule.id, rule.summary
            )?;
        }
        self.shown.summary(totals, out)
    }
}
