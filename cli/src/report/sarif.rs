//! The report as SARIF 2.1.0, for code scanning: one run, the catalogue of rules first, then the results file by
//! file, and at the end what could not be read.

use std::io::{self, Write};
use std::ops::Range;

use eci_security_context::rules::RULES;
use eci_security_context::rules::rule::Rule;
use serde::Serialize;

use super::json::write;
use super::{FileReport, Fix, Found, Lines, Reporter, Severity, Totals};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
const VERSION: &str = "2.1.0";
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// Writes SARIF.
#[derive(Debug, Default)]
pub(super) struct Sarif {
    /// Whether a result stands before.
    follows: bool,
    /// What could not be read, as the items of a JSON array: it stands behind all results.
    notifications: Vec<u8>,
}

impl Reporter for Sarif {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        write!(
            out,
            "{{\"$schema\":\"{SCHEMA}\",\"version\":\"{VERSION}\",\"runs\":[{{\"tool\":{{\"driver\":"
        )?;
        write(out, &Driver::new())?;
        out.write_all(b"},\n\"columnKind\":\"unicodeCodePoints\",\"results\":[")
    }

    fn file(&mut self, report: &FileReport, out: &mut dyn Write) -> io::Result<()> {
        let file = File {
            uri: uri(report.relative_name()),
            lines: Lines::of(&report.text),
        };
        for found in &report.found {
            out.write_all(if self.follows { b",\n" } else { b"\n" })?;
            self.follows = true;
            write(out, &file.result(found))?;
        }
        for problem in &report.problems {
            let level = if problem.is_remark() {
                Severity::Warning
            } else {
                Severity::Error
            };
            let location = file.location(problem.span.as_ref(), None);
            let notification = Notification {
                level,
                message: Text {
                    text: problem.told(),
                },
                locations: [location],
            };
            if !self.notifications.is_empty() {
                self.notifications.extend(b",\n");
            }
            write(&mut self.notifications, &notification)?;
        }
        Ok(())
    }

    fn end(&mut self, totals: &Totals, out: &mut dyn Write) -> io::Result<()> {
        let executed = totals.failed == 0;
        write!(
            out,
            "\n],\"invocations\":[{{\"executionSuccessful\":{executed},"
        )?;
        out.write_all(b"\"toolExecutionNotifications\":[")?;
        out.write_all(&self.notifications)?;
        out.write_all(b"]}]}]}\n")
    }
}

/// A file that results speak of.
struct File<'t> {
    uri: String,
    lines: Lines<'t>,
}

impl File<'_> {
    fn result<'r>(&'r self, found: &'r Found) -> SarifResult<'r> {
        let Found { object, path, .. } = found;
        let name = format!("{object}: {path}");
        SarifResult {
            rule_id: found.rule.id,
            rule_index: RULES.iter().position(|rule| rule.id == found.rule.id),
            level: found.severity(),
            message: Text { text: found.told() },
            // Neither a line nor a value is in it: it stays while the file around the field changes.
            partial_fingerprints: Fingerprints {
                field: format!("{} {name}", found.rule.id),
            },
            locations: [self.location(
                Some(&found.span),
                Some(LogicalLocation {
                    name: path,
                    fully_qualified_name: name,
                    kind: "property",
                }),
            )],
            fixes: found.fix.iter().filter_map(|fix| self.fix(fix)).collect(),
            suppressions: found
                .suppressed
                .iter()
                .map(|suppressed| Suppression {
                    kind: "inSource",
                    justification: Some(suppressed.reason.as_str())
                        .filter(|reason| !reason.is_empty()),
                })
                .collect(),
        }
    }

    fn location<'r>(
        &'r self,
        span: Option<&Range<usize>>,
        logical: Option<LogicalLocation<'r>>,
    ) -> Location<'r> {
        let artifact_location = ArtifactLocation { uri: &self.uri };
        let region = span.map(|span| self.region(span));
        Location {
            physical_location: PhysicalLocation {
                artifact_location,
                region,
            },
            logical_locations: logical.into_iter().collect(),
        }
    }

    fn region(&self, span: &Range<usize>) -> Region {
        let place = self.lines.place(span);
        Region {
            start_line: place.line,
            start_column: place.column,
            end_line: place.end_line,
            end_column: place.end_column,
        }
    }

    fn fix<'r>(&'r self, fix: &'r Fix) -> Option<SarifFix<'r>> {
        let replacements = fix.replacements.iter().map(|replacement| Replacement {
            deleted_region: self.region(&replacement.span),
            inserted_content: Text {
                text: replacement.text.as_str(),
            },
        });
        let replacements: Vec<_> = replacements.collect();
        let artifact_location = ArtifactLocation { uri: &self.uri };
        // The schema wants one replacement at least.
        (!replacements.is_empty()).then_some(SarifFix {
            description: Text { text: fix.title },
            artifact_changes: [ArtifactChange {
                artifact_location,
                replacements,
            }],
        })
    }
}

/// The URI of a file: relative, or of the scheme `file` where the path is absolute.
fn uri(path: &str) -> String {
    let mut uri = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[derive(Serialize)]
struct Text<T> {
    text: T,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    version: &'static str,
    semantic_version: &'static str,
    information_uri: &'static str,
    rules: Vec<ReportingDescriptor>,
}

impl Driver {
    fn new() -> Self {
        let version = env!("CARGO_PKG_VERSION");
        Self {
            name: "eci-policy",
            version,
            semantic_version: version,
            information_uri: REPOSITORY,
            rules: RULES
                .iter()
                .map(|rule| ReportingDescriptor::of(rule))
                .collect(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReportingDescriptor {
    id: &'static str,
    short_description: Text<&'static str>,
    full_description: Text<String>,
    help: Help,
    help_uri: String,
    default_configuration: Configuration,
    properties: Properties,
}

impl ReportingDescriptor {
    fn of(rule: &Rule) -> Self {
        let first = rule.docs.split("\n\n").next().unwrap_or_default();
        // A renderer need not know what the words behind `yaml` tell the tests.
        let docs = rule
            .docs
            .replace("```yaml bad", "Found:\n\n```yaml")
            .replace("```yaml good", "Not found:\n\n```yaml");
        Self {
            id: rule.id,
            short_description: Text { text: rule.summary },
            full_description: Text {
                text: first.replace('\n', " "),
            },
            help: Help {
                text: docs.clone(),
                markdown: docs,
            },
            help_uri: format!("{REPOSITORY}/blob/main/docs/rules.md#{}", rule.id),
            default_configuration: Configuration {
                level: Severity::of(rule.action),
            },
            properties: Properties {
                effect: rule.effect.as_str(),
            },
        }
    }
}

#[derive(Serialize)]
struct Help {
    text: String,
    markdown: String,
}

#[derive(Serialize)]
struct Configuration {
    level: Severity,
}

#[derive(Serialize)]
struct Properties {
    effect: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult<'r> {
    rule_id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    level: Severity,
    message: Text<String>,
    locations: [Location<'r>; 1],
    partial_fingerprints: Fingerprints,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixes: Vec<SarifFix<'r>>,
    /// Written where there is none, too: that says that the result stands.
    suppressions: Vec<Suppression<'r>>,
}

#[derive(Serialize)]
struct Fingerprints {
    #[serde(rename = "field/v1")]
    field: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location<'r> {
    physical_location: PhysicalLocation<'r>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logical_locations: Vec<LogicalLocation<'r>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation<'r> {
    artifact_location: ArtifactLocation<'r>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Serialize)]
struct ArtifactLocation<'r> {
    uri: &'r str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
    end_line: usize,
    end_column: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation<'r> {
    name: &'r str,
    fully_qualified_name: String,
    kind: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifFix<'r> {
    description: Text<&'static str>,
    artifact_changes: [ArtifactChange<'r>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactChange<'r> {
    artifact_location: ArtifactLocation<'r>,
    replacements: Vec<Replacement<'r>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Replacement<'r> {
    deleted_region: Region,
    inserted_content: Text<&'r str>,
}

#[derive(Serialize)]
struct Suppression<'r> {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    justification: Option<&'r str>,
}

#[derive(Serialize)]
struct Notification<'r> {
    level: Severity,
    message: Text<String>,
    locations: [Location<'r>; 1],
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test may panic"
    )]

    use eci_security_context::rules::rule::Action;
    use serde_json::{Value, json};

    use super::super::fixtures::{MANIFEST, denial, found, problem, report, written};
    use super::*;
    use crate::args::ReportFormat;
    use crate::report::{Replacement, Suppressed, Taken, Weight};

    /// The log, which is as the standard wants it.
    fn log(reports: &[FileReport], totals: &Totals) -> Value {
        let schema = include_str!("../../tests/data/sarif-written.schema.json");
        let schema = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
        let log = serde_json::from_str(&written(ReportFormat::Sarif, reports, totals)).unwrap();
        let errors: Vec<_> = schema
            .iter_errors(&log)
            .map(|error| error.to_string())
            .collect();
        assert_eq!(errors, [""; 0]);
        log
    }

    /// A file with all that there can be, and one that cannot be read.
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
        fixed.fix = Some(Fix {
            title: "set to `true`, on demand",
            taken: Taken::Always,
            edits: Vec::new(),
            replacements,
        });
        let mut allowed = found("privileged", Action::Deny, MANIFEST, "true");
        allowed.suppressed = Some(Suppressed {
            reason: "ticket 7".to_owned(),
        });
        let mut bare = found("privileged", Action::Deny, MANIFEST, "true");
        bare.suppressed = Some(Suppressed {
            reason: String::new(),
        });
        bare.fix = Some(Fix {
            title: "nothing",
            taken: Taken::Always,
            edits: Vec::new(),
            replacements: Vec::new(),
        });
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
    fn a_result_tells_all_that_is_known() {
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
            format!(
                "Deployment shop/web: {path}: true needs an approval by Alibaba Cloud; remove it"
            )
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
    fn every_rule_of_the_catalogue_is_there_and_results_point_at_theirs() {
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
        let docs = include_str!("../../../docs/rules.md");
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
    fn paths_are_uris() {
        assert_eq!(uri("deploy/web.yaml"), "deploy/web.yaml");
        assert_eq!(uri("../a b/c:d%ö.yaml"), "../a%20b/c%3Ad%25%C3%B6.yaml");
        assert_eq!(uri("/srv/a.yaml"), "file:///srv/a.yaml");
        let mut file = denial();
        file.name = "./web.yaml".to_owned();
        let log = log(&[file], &Totals::default());
        let location = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
        assert_eq!(location["artifactLocation"]["uri"], "web.yaml");
    }

    #[test]
    fn nothing_found_is_a_log_too() {
        let log = log(&[], &Totals::default());
        assert_eq!(log["runs"][0]["results"], json!([]));
        assert_eq!(
            log["runs"][0]["invocations"][0]["executionSuccessful"],
            true
        );
    }
}
