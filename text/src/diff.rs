//! The verdicts that change between two revisions of ECI's rules.

use std::ops::Range;

use eci_security_context::eci::field::IdentityField;
use eci_security_context::eci::profile::{Identity, Profile, SysctlSet};
use eci_security_context::policy::settings::Settings;
use eci_security_context::rules::rule::Action;
use serde::Serialize;

use crate::report::{FileReport, Found, Lines};
use crate::review::{Repairs, Reviewer};
use crate::suppress::Suppressions;

/// An object with changes.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Changed {
    /// The line on which it begins.
    pub line: usize,
    /// Its bytes.
    #[serde(skip)]
    pub span: Range<usize>,
    /// Its name.
    pub object: String,
    /// The verdict before.
    pub before: &'static str,
    /// The verdict after.
    pub after: &'static str,
    /// The findings that change.
    #[cfg_attr(feature = "types", ts(type = "ChangedFinding[]"))]
    pub changes: Vec<Change>,
}

/// A finding of one revision that the other does not have, or has with another action.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS), ts(optional_fields))]
pub struct Change {
    /// The line of the field.
    pub line: usize,
    /// Its column.
    pub column: usize,
    /// Its bytes.
    #[serde(skip)]
    pub span: Range<usize>,
    /// The rule.
    #[cfg_attr(feature = "types", ts(type = "RuleId"))]
    pub rule: &'static str,
    /// The path of the field.
    pub path: String,
    /// The action before; absent if there was no such finding.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "types", ts(type = "Action"))]
    pub before: Option<&'static str>,
    /// The action after; absent if there is no such finding.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "types", ts(type = "Action"))]
    pub after: Option<&'static str>,
    /// The problem.
    pub message: String,
}

/// Returns the objects of a text whose findings change between its reviews by two revisions.
pub fn changes(text: &str, before: &FileReport, after: &FileReport) -> Vec<Changed> {
    let lines = Lines::of(text);
    let objects = 0..before.objects.len();
    objects
        .filter_map(|object| changed(object, before, after, &lines))
        .collect()
}

/// Returns the reviews of a text by two revisions. Repairs and suppressions do not matter.
pub fn reviews(
    settings: &Settings,
    revisions: [&'static Profile; 2],
    review: impl Fn(&Reviewer<'_>) -> FileReport,
) -> [FileReport; 2] {
    revisions.map(|profile| {
        let mut settings = settings.clone();
        settings.account.profile = profile;
        review(&Reviewer {
            settings: &settings,
            suppressions: Suppressions {
                are_off: true,
                ..Suppressions::default()
            },
            repairs: Repairs::Made,
            namespaces: None,
        })
    })
}

/// Returns the changes of an object; `None` if there are none.
fn changed(
    index: usize,
    before: &FileReport,
    after: &FileReport,
    lines: &Lines<'_>,
) -> Option<Changed> {
    let [old, new] = [before, after].map(|report| -> Vec<&Found> {
        let found = report.found.iter();
        found.filter(|found| found.object == index).collect()
    });
    let action = |found: &Found| found.decision.action;
    let mut changes = Vec::new();
    for found in &old {
        match new.iter().find(|other| is_same(found, other)) {
            None => changes.push(Change::of(found, Some(action(found)), None, lines)),
            Some(other) if action(other) != action(found) => {
                let (before, after) = (Some(action(found)), Some(action(other)));
                changes.push(Change::of(other, before, after, lines));
            }
            Some(_) => {}
        }
    }
    for found in new
        .iter()
        .filter(|new| !old.iter().any(|old| is_same(old, new)))
    {
        changes.push(Change::of(found, None, Some(action(found)), lines));
    }
    let object = before.objects.get(index).filter(|_| !changes.is_empty())?;
    let (line, _) = lines.at(object.span.start);
    Some(Changed {
        line,
        span: object.span.clone(),
        object: object.name.clone(),
        before: verdict(&old),
        after: verdict(&new),
        changes,
    })
}

fn is_same(one: &Found, other: &Found) -> bool {
    one.finding.rule.id == other.finding.rule.id && one.finding.path == other.finding.path
}

impl Change {
    fn of(
        Found { finding, span, .. }: &Found,
        before: Option<Action>,
        after: Option<Action>,
        lines: &Lines<'_>,
    ) -> Self {
        let (line, column) = lines.at(span.start);
        Self {
            line,
            column,
            span: span.clone(),
            rule: finding.rule.id,
            path: finding.path.to_string(),
            before: before.map(Action::as_str),
            after: after.map(Action::as_str),
            message: finding.message.to_string(),
        }
    }
}

/// Returns what the findings mean for the object.
fn verdict(found: &[&Found]) -> &'static str {
    match found.iter().map(|found| found.decision.action).max() {
        Some(Action::Deny) => "denied",
        Some(Action::Fix) => "repaired",
        Some(Action::Warn) => "accepted with warnings",
        Some(Action::Audit | Action::Off) | None => "accepted",
    }
}

/// A difference of two revisions.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Difference {
    /// The thing that differs.
    pub of: &'static str,
    /// The first revision's.
    pub from: String,
    /// The second revision's.
    pub to: String,
}

/// Returns the differences of two revisions, from the tables of their profiles.
pub fn differences(from: &Profile, to: &Profile) -> Vec<Difference> {
    type Aspect = fn(&Profile) -> String;
    let aspects: [(&str, Aspect); 8] = [
        ("sysctls of the pod field", |profile| {
            sysctls(&profile.sysctls)
        }),
        ("host sysctls by annotation", |profile| {
            approval(profile.host_sysctls)
        }),
        ("privileged containers", |profile| {
            approval(profile.privileged)
        }),
        ("capabilities for everyone", |profile| {
            profile.capabilities.join(", ")
        }),
        ("other capabilities", |profile| {
            approval(profile.capability_approvals)
        }),
        ("identity of a pod", |profile| {
            identity(&profile.pod_identity)
        }),
        ("identity of a container", |profile| {
            identity(&profile.container_identity)
        }),
        ("identity of an init container", |profile| {
            identity(&profile.init_container_identity)
        }),
    ];
    let differences = aspects.into_iter().map(|(of, aspect)| Difference {
        of,
        from: aspect(from),
        to: aspect(to),
    });
    differences
        .filter(|difference| difference.from != difference.to)
        .collect()
}

fn approval(is_possible: bool) -> String {
    let word = if is_possible {
        "if approved"
    } else {
        "not supported"
    };
    word.to_owned()
}

fn sysctls(set: &SysctlSet) -> String {
    let patterns = set.patterns.join(", ");
    match set.except {
        [] => patterns,
        except => format!("{patterns} except {}", except.join(", ")),
    }
}

fn identity(read: &Identity) -> String {
    let fields = IdentityField::ALL
        .into_iter()
        .filter(|field| read.reads(*field));
    let names: Vec<_> = fields.map(IdentityField::name).collect();
    match names.as_slice() {
        [] => "not read".to_owned(),
        names => names.join(", "),
    }
}
