//! The report as JUnit XML, for CI systems that show tests. A file is a suite, and its findings are the tests: a denial
//! fails, a warning or repair passes with output, a suppressed finding is skipped, and a problem is an error. A file
//! without findings is one test that passes, or one that is skipped if no pod was checked. Files without a manifest and
//! findings for the audit log only are left out.

use std::io::{self, Write};

use eci_security_context::policy::scope::Certainty;
use eci_security_context::rules::rule::Finding;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::{
    Counts, FileReport, Found, Lines, Problem, Reporter, Reviewed, Run, Severity, Totals, visible,
};

/// Writes JUnit XML.
#[derive(Debug)]
pub(super) struct Junit {
    pub(super) run: Run,
}

impl Reporter for Junit {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let mut xml = Writer::new(&mut *out);
        xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        let root = BytesStart::new("testsuites").with_attributes([("name", "eci-policy")]);
        writeln!(xml.get_mut())?;
        xml.write_event(Event::Start(root))?;
        writeln!(out)
    }

    fn file(&mut self, report: &FileReport, out: &mut dyn Write) -> io::Result<()> {
        let lines = report.lines();
        let path = report.path.as_str();
        let problems = report
            .problems
            .iter()
            .map(|problem| Case::problem(problem, report, (&lines, path)));
        let found = report
            .found
            .iter()
            .filter_map(|found| Case::found(found, report, (&lines, path)));
        let mut cases: Vec<_> = problems.chain(found).collect();
        if cases.is_empty() && report.objects.is_empty() {
            return Ok(());
        }
        if cases.is_empty() {
            let is_checked = |object: &Reviewed| {
                object
                    .scope
                    .is_some_and(|scope| scope.certainty > Certainty::No)
            };
            cases.push(match report.objects.iter().any(is_checked) {
                true => Case::silent("no problems", Outcome::Passed),
                false => Case {
                    message: "no pod that runs on ECI".to_owned(),
                    ..Case::silent("not checked", Outcome::Skipped)
                },
            });
        }
        write_suite(path, &cases, out)
    }

    fn end(&mut self, totals: &Totals, _counts: &Counts, out: &mut dyn Write) -> io::Result<()> {
        let properties = [
            ("tool-version", self.run.tool_version.to_owned()),
            ("profile", self.run.profile.clone()),
            ("settings", self.run.settings.clone().unwrap_or_default()),
            ("objects", totals.objects.to_string()),
            ("on-eci", totals.on_eci.to_string()),
            ("perhaps-on-eci", totals.possible.to_string()),
            ("not-on-eci", totals.elsewhere.to_string()),
        ];
        Writer::new_with_indent(&mut *out, b' ', 2)
            .create_element("testsuite")
            .with_attributes([("name", "eci-policy"), ("tests", "0")])
            .write_inner_content(|xml| {
                let properties = |xml: &mut Writer<_>| {
                    properties.iter().try_for_each(|(name, value)| {
                        let value = in_line(value);
                        let attributes = [("name", *name), ("value", value.as_str())];
                        let property = xml.create_element("property");
                        property.with_attributes(attributes).write_empty().map(drop)
                    })
                };
                let element = xml.create_element("properties");
                element.write_inner_content(properties).map(drop)
            })?;
        writeln!(out)?;
        Writer::new(&mut *out).write_event(Event::End(BytesEnd::new("testsuites")))?;
        writeln!(out)
    }
}

/// The outcome of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// Passed.
    Passed,
    /// Passed with a remark.
    Remarked,
    /// The policy denies the object.
    Failed,
    /// The file or object could not be read.
    Erred,
    /// A comment suppresses the finding.
    Skipped,
}

impl Outcome {
    /// Returns the element for it.
    const fn element(self) -> Option<&'static str> {
        match self {
            Self::Passed => None,
            Self::Remarked => Some("system-out"),
            Self::Failed => Some("failure"),
            Self::Erred => Some("error"),
            Self::Skipped => Some("skipped"),
        }
    }
}

/// A test.
struct Case {
    name: String,
    outcome: Outcome,
    /// The problem, in short.
    message: String,
    /// The rule, if there is one.
    kind: &'static str,
    /// The whole text.
    text: String,
}

impl Case {
    fn silent(name: &str, outcome: Outcome) -> Self {
        Self {
            name: name.to_owned(),
            outcome,
            message: String::new(),
            kind: "",
            text: String::new(),
        }
    }

    fn problem(problem: &Problem, report: &FileReport, (lines, path): (&Lines<'_>, &str)) -> Self {
        let at = report.location(lines, problem.span.as_ref(), path);
        Self {
            name: problem.message.clone(),
            outcome: match problem.is_remark() {
                true => Outcome::Remarked,
                false => Outcome::Erred,
            },
            message: problem.message.clone(),
            kind: "unreadable",
            text: format!("{at}: {}", problem.one_line()),
        }
    }

    fn found(
        found: &Found,
        report: &FileReport,
        (lines, file): (&Lines<'_>, &str),
    ) -> Option<Self> {
        let Finding {
            rule,
            path,
            message,
            ..
        } = &found.finding;
        let (outcome, message) = match (
            found
                .suppressed
                .as_ref()
                .map(|suppressed| &suppressed.reason),
            found.severity(),
        ) {
            (_, Severity::Note | Severity::None) => return None,
            (Some(reason), _) if reason.is_empty() => (Outcome::Skipped, "suppressed by a comment"),
            (Some(reason), _) => (Outcome::Skipped, reason.as_str()),
            (None, Severity::Error) => (Outcome::Failed, &**message),
            (None, Severity::Warning) => (Outcome::Remarked, &**message),
        };
        let at = report.location(lines, Some(&found.span), file);
        let action = found.decision.action.as_str();
        Some(Self {
            name: format!("{}: {}: {path}", rule.id, report.object_of(found)),
            outcome,
            message: message.to_owned(),
            kind: rule.id,
            text: format!("{at}: {action} [{}] {}", rule.id, report.one_line(found)),
        })
    }
}

fn write_suite(file: &str, cases: &[Case], out: &mut dyn Write) -> io::Result<()> {
    let count = |outcome| {
        cases
            .iter()
            .filter(|case| case.outcome == outcome)
            .count()
            .to_string()
    };
    let file = in_line(file);
    Writer::new_with_indent(&mut *out, b' ', 2)
        .create_element("testsuite")
        .with_attributes([
            ("name", file.as_str()),
            ("tests", &cases.len().to_string()),
            ("failures", &count(Outcome::Failed)),
            ("errors", &count(Outcome::Erred)),
            ("skipped", &count(Outcome::Skipped)),
        ])
        .write_inner_content(|xml| {
            cases
                .iter()
                .try_for_each(|case| write_case(&file, case, xml))
        })
        .map(drop)?;
    writeln!(out)
}

fn write_case<W: Write>(file: &str, case: &Case, xml: &mut Writer<W>) -> io::Result<()> {
    let name = in_line(&case.name);
    let element = xml
        .create_element("testcase")
        .with_attributes([("name", name.as_str()), ("classname", file)]);
    let Some(said) = case.outcome.element() else {
        element.write_empty()?;
        return Ok(());
    };
    element.write_inner_content(|xml| {
        let message = in_line(&case.message);
        let attributes: &[_] = match case.outcome {
            Outcome::Passed | Outcome::Remarked => &[],
            Outcome::Skipped => &[("message", message.as_str())],
            Outcome::Failed | Outcome::Erred => {
                &[("message", message.as_str()), ("type", case.kind)]
            }
        };
        xml.create_element(said)
            .with_attributes(attributes.iter().copied())
            .write_text_content(BytesText::new(&permitted(&case.text)))
            .map(drop)
    })?;
    Ok(())
}

/// Returns the text for an attribute. Readers of XML turn a line break in an attribute into a space.
fn in_line(text: &str) -> String {
    permitted(&text.chars().map(visible).collect::<String>())
}

/// Returns the text with a replacement for every character that XML 1.0 forbids, or discourages as a control character.
fn permitted(text: &str) -> String {
    let permitted = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..);
    text.chars()
        .map(|c| {
            if permitted(c) {
                c
            } else {
                char::REPLACEMENT_CHARACTER
            }
        })
        .collect()
}

#[cfg(test)]
mod tests;
