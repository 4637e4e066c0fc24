//! The totals of a run, and the summary in one line.

use std::fmt;

use eci_security_context::policy::scope::Certainty;
use eci_security_context::rules::rule::Action;
use serde::Serialize;

use super::{FileReport, FixTrigger, Weight};

/// The totals of all files.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Files with manifests.
    pub files: usize,
    /// Objects that were reviewed.
    pub objects: usize,
    /// Objects whose pod runs on ECI.
    pub on_eci: usize,
    /// Objects whose pod may run on ECI.
    pub possible: usize,
    /// Objects whose pod does not run on ECI, so that it was not checked.
    pub elsewhere: usize,
    /// Files without a Kubernetes manifest.
    pub skipped: usize,
    /// Documents that are not Kubernetes objects, in files with manifests.
    pub skipped_documents: usize,
    /// Findings that deny, without the suppressed ones, as below.
    pub denied: usize,
    /// Findings that are repaired at admission.
    pub repaired: usize,
    /// Findings that warn.
    pub warned: usize,
    /// Findings that are only in the audit log.
    pub audited: usize,
    /// Findings that `eci-policy fix` repairs.
    pub fixable: usize,
    /// Findings that `eci-policy fix --assume-eci` repairs.
    #[serde(skip)]
    pub fixable_as_eci: usize,
    /// Findings of Pods that a controller owns, where an object without an owner in the Namespace has the problem too.
    pub owned: usize,
    /// Suppressed findings.
    pub suppressed: usize,
    /// Suppressions without effect.
    pub ineffective: usize,
    /// Files or objects that were not reviewed.
    pub failed: usize,
}

impl Totals {
    /// Adds the results for a file.
    pub fn count(&mut self, report: &FileReport) {
        self.objects += report.objects.len();
        for object in &report.objects {
            match object.scope.map(|scope| scope.certainty) {
                Some(Certainty::Certain) => self.on_eci += 1,
                Some(Certainty::Possible) => self.possible += 1,
                Some(Certainty::No) => self.elsewhere += 1,
                None => {}
            }
        }
        for problem in &report.problems {
            match problem.weight {
                Weight::Failure => self.failed += 1,
                Weight::Ineffective => self.ineffective += 1,
                Weight::Remark => {}
            }
        }
        if report.objects.is_empty() && report.problems.is_empty() && !report.is_chunk {
            self.skipped += 1;
        } else {
            self.files += usize::from(!report.is_continued);
            self.skipped_documents += report.skipped;
        }
        for found in &report.found {
            if found.suppressed.is_some() {
                self.suppressed += 1;
                continue;
            }
            if found.is_problem() && report.is_owned(found) {
                self.owned += 1;
                continue;
            }
            match found.decision.action {
                Action::Deny => self.denied += 1,
                Action::Fix => self.repaired += 1,
                Action::Warn => self.warned += 1,
                Action::Audit | Action::Off => self.audited += 1,
            }
            // An exempt container is not repaired.
            let is_shown = found.decision.action > Action::Audit;
            match found
                .fix
                .as_ref()
                .filter(|_| is_shown)
                .map(|fix| fix.trigger)
            {
                Some(FixTrigger::Always) => self.fixable += 1,
                Some(FixTrigger::AssumeEci) => self.fixable_as_eci += 1,
                Some(FixTrigger::Rule) | None => {}
            }
        }
    }

    /// True if no pod was checked.
    pub const fn is_nothing_checked(&self) -> bool {
        self.on_eci + self.possible == 0
    }

    /// Returns the objects, and how many of their pods were checked, unless all were.
    fn scope(&self) -> String {
        let objects = match self.files {
            0 | 1 => counted(self.objects, "object"),
            files => format!("{} in {files} files", counted(self.objects, "object")),
        };
        let with_pods = self.on_eci + self.possible + self.elsewhere;
        if self.on_eci == self.objects {
            return objects;
        }
        if with_pods == 0 {
            return format!("{objects}, none with pods");
        }
        let clauses = [
            (self.on_eci, "on ECI"),
            (self.possible, "perhaps on ECI"),
            (self.elsewhere, "not (not checked; use --assume-eci)"),
        ];
        let clauses: Vec<_> = clauses
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        format!("{objects}, {with_pods} with pods: {}", clauses.join(", "))
    }

    /// Returns the number of errors, repairs and warnings, as far as there are any.
    fn verdict(&self) -> Option<String> {
        let clauses = [
            (self.denied, "error", "errors"),
            (self.repaired, "repair at admission", "repairs at admission"),
            (self.warned, "warning", "warnings"),
        ];
        let clauses: Vec<_> = clauses.into_iter().filter_map(clause).collect();
        match self {
            _ if !clauses.is_empty() => Some(clauses.join(", ")),
            Self { files: 0, .. } | Self { failed: 1.., .. } => None,
            _ if self.is_nothing_checked() => None,
            _ => Some("no problems".to_owned()),
        }
    }
}

/// Returns `1 object`, `2 objects`.
pub fn counted(count: usize, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}

fn clause((count, one, many): (usize, &str, &str)) -> Option<String> {
    match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{count} {many}")),
    }
}

/// Prints the summary: `2 errors, 1 warning in 1 object`.
impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = match (self.verdict(), self.objects) {
            (Some(verdict), _) => format!("{verdict} in {}", self.scope()),
            (None, 0) if self.failed == 0 => "nothing was checked".to_owned(),
            (None, _) if self.failed == 0 => format!("nothing was checked: {}", self.scope()),
            (None, _) => self.scope(),
        };
        let rest = [
            (
                self.audited,
                "finding for the audit log only",
                "findings for the audit log only",
            ),
            (
                self.owned,
                "finding in a Pod that a controller owns",
                "findings in Pods that a controller owns",
            ),
            (self.suppressed, "suppressed", "suppressed"),
            (
                self.ineffective,
                "suppression without effect",
                "suppressions without effect",
            ),
            (
                self.skipped,
                "file without a manifest",
                "files without a manifest",
            ),
            (
                self.skipped_documents,
                "document that is not a manifest",
                "documents that are not manifests",
            ),
            (self.failed, "could not be read", "could not be read"),
        ];
        f.write_str(&first)?;
        for clause in rest.into_iter().filter_map(clause) {
            write!(f, "; {clause}")?;
        }
        let repairs = [
            (self.fixable, "eci-policy fix"),
            (self.fixable_as_eci, "eci-policy fix --assume-eci"),
        ];
        for (count, command) in repairs.into_iter().filter(|(count, _)| *count > 0) {
            write!(f, ". {count} can be repaired: {command}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_leaves_out_zeros() {
        let none = Totals::default();
        let one = Totals {
            files: 1,
            objects: 1,
            on_eci: 1,
            ..none
        };
        let all = Totals {
            files: 3,
            objects: 12,
            on_eci: 3,
            possible: 1,
            elsewhere: 2,
            skipped: 2,
            skipped_documents: 1,
            denied: 2,
            repaired: 1,
            warned: 4,
            audited: 1,
            fixable: 3,
            fixable_as_eci: 1,
            owned: 2,
            suppressed: 1,
            ineffective: 1,
            failed: 1,
        };
        for (totals, summary) in [
            (
                all,
                "2 errors, 1 repair at admission, 4 warnings in 12 objects in 3 files, 6 with pods: 3 on ECI, 1 perhaps \
                 on ECI, 2 not (not checked; use --assume-eci); 1 finding for the audit log only; 2 findings in \
                 Pods that a controller owns; 1 suppressed; 1 \
                 suppression without effect; 2 files without a manifest; 1 document that is not a manifest; 1 could \
                 not be read. 3 can be repaired: eci-policy fix. 1 can be repaired: eci-policy fix --assume-eci",
            ),
            (one, "no problems in 1 object"),
            (
                Totals { on_eci: 0, ..one },
                "nothing was checked: 1 object, none with pods",
            ),
            (
                Totals {
                    on_eci: 0,
                    elsewhere: 1,
                    ..one
                },
                "nothing was checked: 1 object, 1 with pods: 1 not (not checked; use --assume-eci)",
            ),
            (Totals { warned: 1, ..one }, "1 warning in 1 object"),
            (
                Totals {
                    suppressed: 2,
                    skipped: 1,
                    ..one
                },
                "no problems in 1 object; 2 suppressed; 1 file without a manifest",
            ),
            // An object that was not read has no verdict.
            (Totals { failed: 1, ..one }, "1 object; 1 could not be read"),
            (
                Totals { skipped: 2, ..none },
                "nothing was checked; 2 files without a manifest",
            ),
        ] {
            assert_eq!(totals.to_string(), summary);
        }
    }
}
