//! A baseline: the findings that a repository has already, so that a check reports new ones alone. An entry has no line,
//! so that it still fits when lines move.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::failure::Failure;
use crate::input::plain;
use crate::report::{FileReport, Found, SuppressedBy, Suppression};
use crate::settings::text_of;

/// The version of the format.
const VERSION: u32 = 1;

/// The findings, and how often each is found.
#[derive(Debug, Default)]
pub(crate) struct Baseline(BTreeMap<Key, usize>);

/// The part of a finding that does not change with other parts of the file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Key {
    /// The path from the root of the repository.
    file: String,
    object: String,
    rule: String,
    /// It has the value, which the rule alone has not.
    message: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u32,
    findings: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    #[serde(flatten)]
    key: Key,
    count: usize,
}

impl Baseline {
    /// Reads a baseline.
    ///
    /// # Errors
    /// If the file is not a baseline of this version.
    pub(crate) fn read(file: &Path) -> Result<Self, Failure> {
        let again = format!(
            "write it again: eci-policy check --write-baseline {} …",
            file.display()
        );
        let failed =
            |problem: &str| Failure::new(format!("{}: {problem}; {again}", file.display()));
        let value: Value = serde_json::from_str(&text_of(file)?)
            .map_err(|error| failed(&format!("is not a baseline: {error}")))?;
        match value.get("version").and_then(Value::as_u64) {
            Some(version) if version == u64::from(VERSION) => {}
            Some(version) => {
                let problem = format!(
                    "is a baseline of version {version}, and this command reads version {VERSION}"
                );
                return Err(failed(&problem));
            }
            None => return Err(failed("is not a baseline: it has no version")),
        }
        let written: Written = serde_json::from_value(value)
            .map_err(|error| failed(&format!("is not a baseline: {error}")))?;
        let entries = written.findings.into_iter();
        Ok(Self(
            entries.map(|entry| (entry.key, entry.count)).collect(),
        ))
    }

    /// Suppresses the findings of a file that the baseline has, each as often as it has it.
    pub(crate) fn suppress(&mut self, report: &mut FileReport) {
        let FileReport {
            found,
            objects,
            path,
            ..
        } = report;
        for found in found.iter_mut().filter(|found| found.suppressed.is_none()) {
            let object = objects.get(found.object).map_or("", |object| &object.name);
            let count = self.0.get_mut(&Key::of(found, object, path));
            if let Some(count) = count.filter(|count| **count > 0) {
                *count -= 1;
                found.suppressed = Some(Suppression {
                    by: SuppressedBy::Baseline,
                    reason: "the baseline has it".to_owned(),
                });
            }
        }
    }

    /// Adds the findings of a file.
    pub(crate) fn add(&mut self, report: &FileReport) {
        for found in report.found.iter().filter(|found| found.is_problem()) {
            let key = Key::of(found, report.object_of(found), &report.path);
            *self.0.entry(key).or_default() += 1;
        }
    }

    /// Writes the baseline, completely or not at all, and returns the number of findings.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub(crate) fn write(self, file: &Path) -> Result<usize, Failure> {
        let count = self.0.values().sum();
        let findings = self.0.into_iter().map(|(key, count)| Entry { key, count });
        let written = Written {
            version: VERSION,
            findings: findings.collect(),
        };
        let mut text = serde_json::to_string_pretty(&written).map_err(std::io::Error::from)?;
        text.push('\n');
        let part = file.with_added_extension("part");
        let result = fs::write(&part, text).and_then(|()| fs::rename(&part, file));
        result.map_err(|error| {
            fs::remove_file(&part).ok();
            Failure::new(format!(
                "{}: cannot be written: {}",
                file.display(),
                plain(&error)
            ))
        })?;
        Ok(count)
    }
}

impl Key {
    fn of(found: &Found, object: &str, file: &str) -> Self {
        Self {
            file: file.to_owned(),
            object: object.to_owned(),
            rule: found.finding.rule.id.to_owned(),
            message: found.finding.message.to_string(),
        }
    }
}
