//! Reports for the tests of the formats.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::ops::Range;

use eci_manifest::Replacement;
use eci_security_context::path::Path;
use eci_security_context::policy::decide::{Decision, Why};
use eci_security_context::rules::RULES;
use eci_security_context::rules::rule::{Action, Finding};
use eci_text::scope::Scope;

use super::*;

/// A manifest with characters of more than one byte before the finding.
pub(super) const MANIFEST: &str = "\
kind: Deployment
metadata: {name: web, namespace: shop}
# größer
spec: {note: \"größer\", privileged: true}
";

/// Returns a finding at the first `value` in `text`.
pub(super) fn found(rule: &str, action: Action, text: &str, value: &str) -> Found {
    let start = text.find(value).unwrap();
    let rule = RULES.iter().find(|known| known.id == rule).unwrap();
    let container = Path::of(&["spec", "template", "spec", "containers"]).index(0);
    Found {
        finding: Finding {
            rule,
            default: action,
            path: container.field("securityContext").field("privileged"),
            message: "privileged: true is not allowed".into(),
            help: "remove it".into(),
            edits: Vec::new(),
            exempt: false,
            places: 1,
        },
        decision: Decision {
            action,
            why: Why::Default,
        },
        object: 0,
        document: 0,
        span: start..start + value.len(),
        fix: None,
        suppressed: None,
    }
}

/// A repair of the fixture's finding, with these replacements.
pub(super) fn fix(replacements: Vec<Replacement>) -> Option<Fix> {
    Some(Fix {
        title: "removed",
        trigger: FixTrigger::Always,
        replacements,
    })
}

pub(super) fn problem(message: &str, span: Option<Range<usize>>) -> Problem {
    Problem {
        span,
        message: message.to_owned(),
        help: Some("repair it".to_owned()),
        weight: Weight::Failure,
    }
}

pub(super) fn report(name: &str, text: &str, found: Vec<Found>) -> FileReport {
    FileReport {
        name: name.to_owned(),
        path: name.strip_prefix("./").unwrap_or(name).to_owned(),
        text: text.to_owned(),
        objects: vec![Reviewed {
            name: "Deployment shop/web".to_owned(),
            span: 0..text.len(),
            scope: Some(Scope::REQUEST),
            signal: None,
            namespace: "shop".to_owned(),
            is_owned: false,
        }],
        found,
        ..FileReport::default()
    }
}

/// Returns a report with a denial in the manifest.
pub(super) fn denial() -> FileReport {
    let found = found("privileged", Action::Deny, MANIFEST, "true");
    report("deploy/web.yaml", MANIFEST, vec![found])
}

/// Returns the output of the format, without styles.
pub(super) fn written(format: ReportFormat, reports: &[FileReport], totals: &Totals) -> String {
    anstream::adapter::strip_str(&raw(format, reports, totals)).to_string()
}

/// Returns the output of the format.
pub(super) fn raw(format: ReportFormat, reports: &[FileReport], totals: &Totals) -> String {
    let mut out = Vec::new();
    let run = Run {
        tool_version: "0.1.0",
        profile: "2026-04-01".to_owned(),
        settings: Some("settings.yaml".to_owned()),
    };
    let mut reporter = reporter(format, run, Shown::default());
    reporter.begin(&mut out).unwrap();
    let mut counts = Counts::default();
    for report in reports {
        counts.count(report);
        reporter.file(report, &mut out).unwrap();
    }
    reporter.end(totals, &counts, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Returns the suppression of a comment with this reason.
pub(super) fn by_comment(reason: &str) -> Option<Suppression> {
    Some(Suppression {
        by: SuppressedBy::Comment,
        reason: reason.to_owned(),
    })
}
