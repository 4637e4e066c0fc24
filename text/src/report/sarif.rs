//! The report as SARIF 2.1.0, for code scanning: one run, with the catalogue of rules, the results file by file, and the
//! problems of reading.

use std::io::{self, Write};
use std::ops::Range;

use eci_security_context::rules::RULES;
use eci_security_context::rules::rule::{Effect, Rule};
use serde::Serialize;

use super::json::write;
use super::{
    FileReport, Fix, Found, Lines, Run, Severity, SuppressedBy, Suppression, Totals, url_of,
};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
const VERSION: &str = "2.1.0";
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// Writes SARIF.
#[derive(Debug)]
pub struct Sarif {
    run: Run,
    /// True after the first result.
    follows: bool,
    /// The problems of reading, as the items of a JSON array, which follows all results.
    notifications: Vec<u8>,
}

impl Sarif {
    /// Returns the writer for a run.
    pub const fn of(run: Run) -> Self {
        Self {
            run,
            follows: false,
            notifications: Vec::new(),
        }
    }

    /// Writes the start of the log.
    ///
    /// # Errors
    /// If it cannot be written, as below.
    pub fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        write!(
            out,
            "{{\"$schema\":\"{SCHEMA}\",\"version\":\"{VERSION}\",\"runs\":[{{\"tool\":{{\"driver\":"
        )?;
        write(out, &Driver::new())?;
        out.write_all(b"},\n\"columnKind\":\"unicodeCodePoints\",\"results\":[")
    }

    /// Writes the results for a file.
    ///
    /// # Errors
    /// As of [`Self::begin`].
    pub fn file(&mut self, report: &FileReport, out: &mut dyn Write) -> io::Result<()> {
        let file = File {
            uri: uri(&report.path),
            lines: report.lines(),
        };
        for found in &report.found {
            out.write_all(if self.follows { b",\n" } else { b"\n" })?;
            self.follows = true;
            write(out, &file.result(found, report))?;
        }
        for problem in &report.problems {
            let level = problem.severity();
            let location = file.location(problem.span.as_ref(), None);
            let notification = Notification {
                level,
                message: Text {
                    text: problem.one_line(),
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

    /// Writes the end of the log.
    ///
    /// # Errors
    /// As of [`Self::begin`].
    pub fn end(&mut self, totals: &Totals, out: &mut dyn Write) -> io::Result<()> {
        let executed = totals.failed == 0;
        write!(
            out,
            "\n],\"invocations\":[{{\"executionSuccessful\":{executed},"
        )?;
        out.write_all(b"\"toolExecutionNotifications\":[")?;
        out.write_all(&self.notifications)?;
        out.write_all(b"]}],\n\"properties\":")?;
        let properties = RunProperties {
            run: &self.run,
            totals,
        };
        write(out, &properties)?;
        out.write_all(b"}]}\n")
    }
}

/// The run, and how much it checked.
#[derive(Serialize)]
struct RunProperties<'r> {
    #[serde(flatten)]
    run: &'r Run,
    totals: &'r Totals,
}

/// The file of some results.
struct File<'t> {
    uri: String,
    lines: Lines<'t>,
}

impl File<'_> {
    fn result<'r>(&'r self, found: &'r Found, report: &FileReport) -> SarifResult<'r> {
        let rule = found.finding.rule;
        let path = found.finding.path.to_string();
        let name = format!("{}: {path}", report.object_of(found));
        SarifResult {
            rule_id: rule.id,
            rule_index: RULES.iter().position(|known| known.id == rule.id),
            level: found.severity(),
            message: Text {
                text: report.one_line(found),
            },
            // Without a line and a value, the fingerprint does not change with other parts of the file.
            partial_fingerprints: Fingerprints {
                field: format!("{} {name}", rule.id),
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
                .map(|Suppression { by, reason }| SarifSuppression {
                    kind: match by {
                        SuppressedBy::Comment => "inSource",
                        SuppressedBy::Baseline => "external",
                    },
                    justification: Some(reason.as_str()).filter(|reason| !reason.is_empty()),
                })
                .collect(),
        }
    }

    fn location<'r>(
        &'r self,
        span: Option<&Range<usize>>,
        logical: Option<LogicalLocation>,
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
        let region = self.lines.region(span);
        Region {
            start_line: region.line,
            start_column: region.column,
            end_line: region.end_line,
            end_column: region.end_column,
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
        // The schema requires at least one replacement.
        (!replacements.is_empty()).then_some(SarifFix {
            description: Text { text: fix.title },
            artifact_changes: [ArtifactChange {
                artifact_location,
                replacements,
            }],
        })
    }
}

/// Returns the URI of a file: relative, or of the scheme `file` if the path is absolute.
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
        // The words after `yaml` are for the tests.
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
            help_uri: url_of(rule),
            default_configuration: Configuration {
                level: Severity::of(rule.action),
            },
            properties: Properties {
                effect: rule.effect.as_str(),
                security_severity: match rule.effect {
                    Effect::Refused | Effect::Lost => "7.0",
                    Effect::Overridden | Effect::Ignored => "4.0",
                },
                tags: ["security", "kubernetes", "alibaba-cloud-eci"],
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
#[serde(rename_all = "kebab-case")]
struct Properties {
    effect: &'static str,
    /// The severity for code scanning: high where a pod fails or loses a protection, else medium.
    security_severity: &'static str,
    tags: [&'static str; 3],
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
    /// Written even if empty: the result is then known not to be suppressed.
    suppressions: Vec<SarifSuppression<'r>>,
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
    logical_locations: Vec<LogicalLocation>,
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
struct LogicalLocation {
    name: String,
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
struct SarifSuppression<'r> {
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
    use super::*;

    #[test]
    fn paths_are_uris() {
        assert_eq!(uri("deploy/web.yaml"), "deploy/web.yaml");
        assert_eq!(uri("../a b/c:d%ö.yaml"), "../a%20b/c%3Ad%25%C3%B6.yaml");
        assert_eq!(uri("/srv/a.yaml"), "file:///srv/a.yaml");
    }
}
