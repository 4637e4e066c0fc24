#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use eci_security_context::rules::RULES;
use eci_security_context::rules::rule::Action;
use serde_json::{Value, json};

use super::super::fixtures::{MANIFEST, by_comment, denial, fix, found, problem, report, written};
use super::*;
use crate::args::ReportFormat;
use crate::report::Weight;
use eci_manifest::Replacement;

/// Returns the log, after checking it against the schema of the standard.
fn log(reports: &[FileReport], totals: &Totals) -> Value {
    let schema = include_str!("../../../tests/data/sarif-written.schema.json");
    let schema = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
    let log = serde_json::from_str(&written(ReportFormat::Sarif, reports, totals)).unwrap();
    let errors: Vec<_> = schema
        .iter_errors(&log)
        .map(|error| error.to_string())
        .collect();
    assert_eq!(errors, [""; 0]);
    log
}

/// Returns the report of a file with every kind of result, and of one that cannot be read.
fn everything() -> [FileReport; 2] {
    let at = MANIFEST.find("true").unwrap();
    let mut fixed = found("root-filesystem", Action::Warn, MANIFEST, "true");
    let replacements = [(at..at + 4, "false"), (at + 5..at + 5, "\n")];
    let replacements = replacements
        .map(|(span, text)| Replacement {
            span,
            text: text.to_owned(),
        })
        .to_vec();
    fixed.fix = fix(replacements);
    let mut allowed = found("privileged", Action::Deny, MANIFEST, "true");
    allowed.suppressed = by_comment("ticket 7");
    let mut bare = found("privileged", Action::Deny, MANIFEST, "true");
    bare.suppressed = by_comment("");
    bare.fix = fix(Vec::new());
    let audited = found("field-ignored", Action::Audit, MANIFEST, "true");
    let mut file = denial();
    file.found.extend([fixed, allowed, bare, audited]);
    let mut broken = report("<stdin>", "a: [\n", Vec::new());
    broken.problems = vec![
        problem("it is not YAML", Some(3..4)),
        problem("no such file", None),
    ];
    broken.problems[1].weight = Weight::Remark;
    [file, broken]
}

#[test]
fn a_result_is_complete() {
    let totals = Totals {
        failed: 1,
        ..Totals::default()
    };
    let log = log(&everything(), &totals);
    let run = &log["runs"][0];
    let path = "spec.template.spec.containers[0].securityContext.privileged";
    let region = json!({"startLine": 4, "startColumn": 36, "endLine": 4, "endColumn": 40});
    let place = json!({
        "physicalLocation": {"artifactLocation": {"uri": "deploy/web.yaml"}, "region": region},
        "logicalLocations": [
            {"name": path, "fullyQualifiedName": format!("Deployment shop/web: {path}"), "kind": "property"},
        ],
    });
    let denied = &run["results"][0];
    assert_eq!(denied["level"], "error");
    assert_eq!(denied["locations"], json!([place]));
    assert_eq!(denied["suppressions"], json!([]));
    assert_eq!(
        denied["message"]["text"],
        format!("Deployment shop/web: {path}: privileged: true is not allowed; remove it")
    );
    let fixed = &run["results"][1];
    assert_eq!(fixed["level"], "warning");
    assert_eq!(
        fixed["fixes"][0]["artifactChanges"],
        json!([{"artifactLocation": {"uri": "deploy/web.yaml"}, "replacements": [
            {"deletedRegion": region, "insertedContent": {"text": "false"}},
            {
                "deletedRegion": {"startLine": 4, "startColumn": 41, "endLine": 4, "endColumn": 41},
                "insertedContent": {"text": "\n"},
            },
        ]}])
    );
    let suppressions: Vec<_> = [2, 3]
        .map(|index| &run["results"][index]["suppressions"])
        .to_vec();
    assert_eq!(
        suppressions,
        [
            &json!([{"kind": "inSource", "justification": "ticket 7"}]),
            &json!([{"kind": "inSource"}])
        ]
    );
    assert_eq!(run["results"][4]["level"], "note");
    let invocation = &run["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let notifications = &invocation["toolExecutionNotifications"];
    assert_eq!(
        notifications[0]["message"]["text"],
        "it is not YAML; repair it"
    );
    assert_eq!(notifications[1]["level"], "warning");
    assert_eq!(
        notifications[1]["locations"][0],
        json!({"physicalLocation": {"artifactLocation": {"uri": "%3Cstdin%3E"}}})
    );
}

#[test]
fn every_rule_is_listed_and_results_refer_to_theirs() {
    let log = log(&everything(), &Totals::default());
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), RULES.len());
    for result in run["results"].as_array().unwrap() {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
    }
    let privileged = rules
        .iter()
        .find(|rule| rule["id"] == "privileged")
        .unwrap();
    assert_eq!(privileged["defaultConfiguration"]["level"], "error");
    assert_eq!(privileged["properties"]["effect"], "refused");
    assert!(
        privileged["help"]["markdown"]
            .as_str()
            .unwrap()
            .contains("Found:\n\n```yaml\n")
    );
    // The anchors are the headings of the documentation.
    let docs = include_str!("../../../../docs/rules.md");
    for rule in rules {
        let (_, anchor) = rule["helpUri"].as_str().unwrap().split_once('#').unwrap();
        assert!(docs.contains(&format!("\n## {anchor}\n")), "{anchor}");
    }
}

#[test]
fn a_fingerprint_outlives_the_lines_before_it() {
    let moved = format!("# one\n# two\n{MANIFEST}");
    let file = report(
        "deploy/web.yaml",
        &moved,
        vec![found("privileged", Action::Deny, &moved, "true")],
    );
    let log = log(&[denial(), file], &Totals::default());
    let [before, after] = [0, 1].map(|index| &log["runs"][0]["results"][index]);
    assert_ne!(
        before["locations"][0]["physicalLocation"],
        after["locations"][0]["physicalLocation"]
    );
    assert_eq!(before["partialFingerprints"], after["partialFingerprints"]);
}

#[test]
fn an_empty_log_is_valid() {
    let log = log(&[], &Totals::default());
    assert_eq!(log["runs"][0]["results"], json!([]));
    assert_eq!(
        log["runs"][0]["invocations"][0]["executionSuccessful"],
        true
    );
}

#[test]
fn the_path_in_the_repository_is_the_location() {
    let mut file = denial();
    file.path = "web.yaml".to_owned();
    let log = log(&[file], &Totals::default());
    let location = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(location["artifactLocation"]["uri"], "web.yaml");
}
