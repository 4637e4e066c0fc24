#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use eci_security_context::rules::rule::Action;
use serde_json::{Value, json};

use super::super::fixtures::{MANIFEST, by_comment, denial, fix, found, problem, report, written};
use super::*;
use crate::args::ReportFormat;
use eci_manifest::Replacement;

fn parsed(reports: &[FileReport], totals: &Totals) -> Value {
    serde_json::from_str(&written(ReportFormat::Json, reports, totals)).unwrap()
}

#[test]
fn every_file_is_reported_in_full() {
    let at = MANIFEST.find("true").unwrap();
    let mut fixed = found("capability-name", Action::Fix, MANIFEST, "true");
    let replacement = Replacement {
        span: at..at + 4,
        text: "\"x\"".to_owned(),
    };
    fixed.fix = fix(vec![replacement]);
    fixed.suppressed = by_comment("");
    let mut broken = report("b.yaml", "a: [\n", Vec::new());
    broken.objects.clear();
    broken.problems = vec![
        problem("it is not YAML", Some(3..4)),
        problem("it ends", None),
    ];
    let mut file = denial();
    file.found.push(fixed);
    let totals = Totals {
        files: 1,
        objects: 1,
        on_eci: 1,
        denied: 1,
        suppressed: 1,
        failed: 2,
        ..Totals::default()
    };
    let path = "spec.template.spec.containers[0].securityContext.privileged";
    let said = "privileged: true is not allowed";
    let page =
        "https://github.com/eci-security-context/eci-security-context/blob/main/docs/rules.md";
    assert_eq!(
        parsed(&[file, broken], &totals),
        json!({
            "version": 1,
            "run": {"toolVersion": "0.1.0", "profile": "2026-04-01", "settings": "settings.yaml"},
            "files": [
                {"file": "deploy/web.yaml", "objects": 1, "problems": [], "findings": [
                    {
                        "rule": "privileged", "action": "deny", "effect": "refused",
                        "object": "Deployment shop/web", "path": path, "message": said, "help": "remove it", "note": null, "owned": false,
                        "url": format!("{page}#privileged"),
                        "line": 4, "column": 36, "endLine": 4, "endColumn": 40, "offset": at, "length": 4,
                        "fix": null, "suppressed": null,
                    },
                    {
                        "rule": "capability-name", "action": "fix", "effect": "refused",
                        "object": "Deployment shop/web", "path": path, "message": said, "help": "remove it", "note": "the policy repairs it at admission", "owned": false,
                        "url": format!("{page}#capability-name"),
                        "line": 4, "column": 36, "endLine": 4, "endColumn": 40, "offset": at, "length": 4,
                        "fix": {
                            "title": "removed",
                            "replacements": [{"offset": at, "length": 4, "text": "\"x\""}],
                        },
                        "suppressed": {"by": "comment", "reason": ""},
                    },
                ]},
                {"file": "b.yaml", "objects": 0, "findings": [], "problems": [
                    {
                        "message": "it is not YAML", "help": "repair it", "remark": false,
                        "line": 1, "column": 4, "endLine": 1, "endColumn": 5,
                    },
                    {
                        "message": "it ends", "help": "repair it", "remark": false,
                        "line": null, "column": null, "endLine": null, "endColumn": null,
                    },
                ]},
            ],
            "statistics": [
                {"namespace": "shop", "rule": "privileged", "denied": 1, "repaired": 0, "warned": 0, "owned": 0},
            ],
            "totals": {
                "files": 1, "objects": 1, "onEci": 1, "possible": 0, "elsewhere": 0, "skipped": 0, "skippedDocuments": 0, "denied": 1, "repaired": 0, "warned": 0, "audited": 0,
                "fixable": 0, "owned": 0, "suppressed": 1, "ineffective": 0, "failed": 2,
            },
        })
    );
}

#[test]
fn control_characters_survive_the_stripping_of_styles() {
    let text = "\u{1b}[31m\u{7f}\u{9b}32m\r\n\0größer\u{7f}";
    let mut file = denial();
    file.name = text.to_owned();
    let written = written(ReportFormat::Json, &[file], &Totals::default());
    assert!(
        written.chars().all(|c| c == '\n' || !c.is_control()),
        "{written:?}"
    );
    assert_eq!(
        serde_json::from_str::<Value>(&written).unwrap()["files"][0]["file"],
        text
    );
}

#[test]
fn an_empty_report_is_valid_and_a_finding_is_a_line() {
    assert_eq!(parsed(&[], &Totals::default())["files"], json!([]));
    let text = written(
        ReportFormat::Json,
        &[denial(), denial()],
        &Totals::default(),
    );
    assert_eq!(
        text.lines()
            .filter(|line| line.starts_with("{\"rule\":"))
            .count(),
        2
    );
}
