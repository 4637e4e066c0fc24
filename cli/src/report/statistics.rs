//! The report as tables: how often each rule was found, the most frequent first, and how often in each Namespace.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::{Counts, FileReport, Reporter, Shown, Totals, printable};

/// Writes the tables.
#[derive(Debug)]
pub(super) struct Statistics {
    pub(super) shown: Shown,
}

impl Reporter for Statistics {
    fn file(&mut self, report: &FileReport, out: &mut dyn Write) -> io::Result<()> {
        for line in report.problem_lines(&report.text, false) {
            writeln!(out, "{}", printable(&line))?;
        }
        Ok(())
    }

    fn end(&mut self, totals: &Totals, counts: &Counts, out: &mut dyn Write) -> io::Result<()> {
        let mut rules = BTreeMap::new();
        for (_, count) in counts.list() {
            let audited = if self.shown.audit { count.audited } else { 0 };
            let (_, found, repairs) = rules.entry(count.rule.id).or_insert((count.rule, 0, 0));
            *found += count.own.sum() + audited;
            *repairs += count.fixable;
        }
        let mut rows: Vec<_> = rules.values().filter(|(_, found, _)| *found > 0).collect();
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
        let records = counts.records();
        if records.iter().any(|record| !record.namespace.is_empty()) {
            writeln!(out, "\nerrors  repairs  warnings  owned  Namespace: rule")?;
            for record in records {
                let namespace = printable(record.namespace);
                writeln!(
                    out,
                    "{:>6}  {:>7}  {:>8}  {:>5}  {namespace}: {}",
                    record.denied, record.repaired, record.warned, record.owned, record.rule
                )?;
            }
            writeln!(out)?;
        }
        self.shown.summary(totals, out)
    }
}
