//! The report as JUnit XML, for CI systems that show tests. A file is a suite, and what is said of it are its tests: a
//! denial fails, a warning or repair passes and says so in its output, what a comment takes back is skipped, what
//! could not be read is an error. A file of which nothing is said is one test that passes; one that holds no manifest, one
//! that is skipped. What is for the audit log only is left out.

use std::io::{self, Write};
use std::ops::Range;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::{FileReport, Found, Lines, Problem, Reporter, Severity, Totals};

/// Writes JUnit XML.
#[derive(Debug)]
pub(super) struct Junit;

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
        let lines = Lines::of(&report.text);
        let problems = report
            .problems
            .iter()
            .map(|problem| Case::problem(problem, report, &lines));
        let found = report
            .found
            .iter()
            .filter_map(|found| Case::found(found, report, &lines));
        let mut cases: Vec<_> = problems.chain(found).collect();
        if cases.is_empty() {
            cases.push(match report.objects {
                0 => Case::silent("holds no manifest", Outcome::Skipped),
                _ => Case::silent("nothing to object to", Outcome::Passed),
            });
        }
        write_suite(report.relative_name(), &cases, out)
    }

    fn end(&mut self, _totals: &Totals, out: &mut dyn Write) -> io::Result<()> {
        Writer::new(&mut *out).write_event(Event::End(BytesEnd::new("testsuites")))?;
        writeln!(out)
    }
}

/// How a test ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// Well.
    Passed,
    /// Well, with something to say.
    Told,
    /// What the policy denies.
    Failed,
    /// What could not be read.
    Erred,
    /// What a comment takes back.
    Skipped,
}

impl Outcome {
    /// The element that says it.
    const fn element(self) -> Option<&'static str> {
        match self {
            Self::Passed => None,
            Self::Told => Some("system-out"),
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
    /// What it is about in short.
    message: String,
    /// The rule, where one speaks.
    kind: &'static str,
    /// All that there is to say.
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

    fn problem(problem: &Problem, report: &FileReport, lines: &Lines<'_>) -> Self {
        Self {
            name: problem.message.clone(),
            outcome: if problem.is_remark() {
                Outcome::Told
            } else {
                Outcome::Erred
            },
            message: problem.message.clone(),
            kind: "unreadable",
            text: format!(
                "{}: {}",
                place(report, lines, problem.span.as_ref()),
                problem.told()
            ),
        }
    }

    fn found(found: &Found, report: &FileReport, lines: &Lines<'_>) -> Option<Self> {
        let (outcome, message) = match (&found.suppressed, found.severity()) {
            (_, Severity::Note | Severity::None) => return None,
            (Some(suppressed), _) => (Outcome::Skipped, &suppressed.reason),
            (None, Severity::Error) => (Outcome::Failed, &found.message),
            (None, Severity::Warning) => (Outcome::Told, &found.message),
        };
        let place = place(report, lines, Some(&found.span));
        let action = found.decision.action.as_str();
        Some(Self {
            name: format!("{}: {}: {}", found.rule.id, found.object, found.path),
            outcome,
            message: message.clone(),
            kind: found.rule.id,
            text: format!("{place}: {action} [{}] {}", found.rule.id, found.told()),
        })
    }
}

/// The place as people write it: `file:line:column`.
fn place(report: &FileReport, lines: &Lines<'_>, span: Option<&Range<usize>>) -> String {
    match span.map(|span| lines.place(span)) {
        Some(place) => format!("{}:{}:{}", report.relative_name(), place.line, place.column),
        None => report.relative_name().to_owned(),
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
    let file = permitted(file);
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
    let name = permitted(&case.name);
    let element = xml
        .create_element("testcase")
        .with_attributes([("name", name.as_str()), ("classname", file)]);
    let Some(said) = case.outcome.element() else {
        element.write_empty()?;
        return Ok(());
    };
    element.write_inner_content(|xml| {
        let message = permitted(&case.message);
        let attributes: &[_] = match case.outcome {
            Outcome::Passed | Outcome::Told => &[],
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

/// The text with a mark for every character that XML 1.0 cannot hold, or discourages as a control character.
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
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::panic,
        reason = "a test may panic"
    )]

    use eci_security_context::rules::rule::Action;
    use proptest::prelude::*;
    use quick_xml::Reader;

    use super::super::fixtures::{MANIFEST, denial, found, problem, report, written};
    use super::*;
    use crate::args::ReportFormat;
    use crate::report::Suppressed;

    fn xml(reports: &[FileReport]) -> String {
        written(ReportFormat::Junit, reports, &Totals::default())
    }

    /// The characters that XML 1.0 allows by its production `Char`, less the control characters that the note to it
    /// discourages.
    fn is_char(c: char) -> bool {
        let allowed = matches!(u32::from(c), 0x9 | 0xA | 0xD | 0x20..=0xD7FF | 0xE000..=0xFFFD | 0x10000..=0x10FFFF);
        allowed && !matches!(u32::from(c), 0x7F..=0x9F)
    }

    /// Reads the document to its end, and gives the texts of its elements.
    fn texts(xml: &str) -> Vec<String> {
        assert!(xml.chars().all(is_char), "{xml:?}");
        let mut reader = Reader::from_str(xml);
        reader.config_mut().check_comments = true;
        let mut texts = vec![String::new()];
        loop {
            match reader.read_event().unwrap() {
                Event::Eof => return texts,
                Event::Start(start) | Event::Empty(start) => {
                    for attribute in start.attributes() {
                        attribute
                            .unwrap()
                            .normalized_value(quick_xml::XmlVersion::Implicit1_0)
                            .unwrap();
                    }
                    texts.push(String::new());
                }
                Event::Text(text) => texts.last_mut().unwrap().push_str(&text),
                Event::GeneralRef(reference) => {
                    let c = reference.resolve_char_ref().unwrap().map(String::from);
                    let c = c.unwrap_or_else(|| {
                        quick_xml::escape::resolve_predefined_entity(&reference)
                            .unwrap()
                            .to_owned()
                    });
                    texts.last_mut().unwrap().push_str(&c);
                }
                _ => {}
            }
        }
    }

    #[test]
    fn a_file_without_a_manifest_is_skipped_and_paths_are_those_of_the_repository() {
        let mut file = report("./a.yaml", "a: 1\n", Vec::new());
        let suite = |file| written(ReportFormat::Junit, &[file], &Totals::default());
        assert!(
            suite(report("./a.yaml", "", Vec::new()))
                .contains("<testcase name=\"nothing to object to\" classname=\"a.yaml\"/>")
        );
        file.objects = 0;
        let skipped = suite(file);
        assert!(
            skipped.contains(
                "<testsuite name=\"a.yaml\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"1\">"
            ),
            "{skipped}"
        );
        assert!(
            skipped.contains("<testcase name=\"holds no manifest\" classname=\"a.yaml\">"),
            "{skipped}"
        );
    }

    #[test]
    fn a_file_is_a_suite_and_a_finding_a_test() {
        let mut allowed = found("privileged", Action::Deny, MANIFEST, "true");
        allowed.suppressed = Some(Suppressed {
            reason: "ticket 7".to_owned(),
        });
        let mut file = denial();
        file.found
            .push(found("proc-mount", Action::Warn, MANIFEST, "true"));
        file.found
            .push(found("field-ignored", Action::Audit, MANIFEST, "true"));
        file.found.push(allowed);
        file.problems.push(problem("it ends", None));
        let path =
            "Deployment shop/web: spec.template.spec.containers[0].securityContext.privileged";
        let said = "true needs an approval by Alibaba Cloud";
        assert_eq!(
            xml(&[file]),
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<testsuites name=\"eci-policy\">
<testsuite name=\"deploy/web.yaml\" tests=\"4\" failures=\"1\" errors=\"1\" skipped=\"1\">
  <testcase name=\"it ends\" classname=\"deploy/web.yaml\">
    <error message=\"it ends\" type=\"unreadable\">deploy/web.yaml: it ends; repair it</error>
  </testcase>
  <testcase name=\"privileged: {path}\" classname=\"deploy/web.yaml\">
    <failure message=\"{said}\" type=\"privileged\">deploy/web.yaml:4:36: deny [privileged] {path}: {said}; \
                 remove it</failure>
  </testcase>
  <testcase name=\"proc-mount: {path}\" classname=\"deploy/web.yaml\">
    <system-out>deploy/web.yaml:4:36: warn [proc-mount] {path}: {said}; remove it</system-out>
  </testcase>
  <testcase name=\"privileged: {path}\" classname=\"deploy/web.yaml\">
    <skipped message=\"ticket 7\">deploy/web.yaml:4:36: deny [privileged] {path}: {said}; remove it</skipped>
  </testcase>
</testsuite>
</testsuites>
"
            )
        );
    }

    #[test]
    fn a_clean_file_is_a_test_that_passes() {
        let audited = found("field-ignored", Action::Audit, MANIFEST, "true");
        assert_eq!(
            xml(&[report("a.yaml", MANIFEST, vec![audited])]),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<testsuites name=\"eci-policy\">
<testsuite name=\"a.yaml\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"0\">
  <testcase name=\"nothing to object to\" classname=\"a.yaml\"/>
</testsuite>
</testsuites>
"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_well_formed(text in "(?s:.){0,20}[<>&'\"\u{0}\u{1b}\u{fffe}\\]]{0,4}") {
            let mut file = denial();
            file.name.clone_from(&text);
            file.found[0].object.clone_from(&text);
            file.found[0].help = format!("use {text}");
            file.problems.push(problem(&text, Some(0..3)));
            let texts = texts(&xml(&[file]));
            let expected: String = text.chars().map(|c| if is_char(c) { c } else { '\u{fffd}' }).collect();
            // A parser reads every line break as a line feed.
            let unified = |text: &str| text.replace("\r\n", "\n").replace('\r', "\n");
            let end = format!(": true needs an approval by Alibaba Cloud; use {}", unified(&expected));
            prop_assert!(texts.iter().any(|text| unified(text).trim_end().ends_with(end.trim_end())), "{texts:?}");
        }
    }
}
