#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

use eci_security_context::rules::rule::Action;
use proptest::prelude::*;
use quick_xml::Reader;

use super::super::fixtures::{MANIFEST, by_comment, denial, found, problem, report, written};
use super::*;
use crate::args::ReportFormat;

fn xml(reports: &[FileReport]) -> String {
    let totals = Totals {
        objects: 3,
        possible: 1,
        elsewhere: 2,
        ..Totals::default()
    };
    written(ReportFormat::Junit, reports, &totals)
}

/// The suite that tells the scope of the run.
const SCOPE: &str = "<testsuite name=\"eci-policy\" tests=\"0\">
  <properties>
    <property name=\"tool-version\" value=\"0.1.0\"/>
    <property name=\"profile\" value=\"2026-04-01\"/>
    <property name=\"settings\" value=\"settings.yaml\"/>
    <property name=\"objects\" value=\"3\"/>
    <property name=\"on-eci\" value=\"0\"/>
    <property name=\"perhaps-on-eci\" value=\"1\"/>
    <property name=\"not-on-eci\" value=\"2\"/>
  </properties>
</testsuite>
";

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
fn a_file_that_was_not_checked_is_skipped_and_paths_are_those_of_the_repository() {
    let mut file = report("./a.yaml", "a: 1\n", Vec::new());
    let suite = |file| written(ReportFormat::Junit, &[file], &Totals::default());
    assert!(
        suite(report("./a.yaml", "", Vec::new()))
            .contains("<testcase name=\"no problems\" classname=\"a.yaml\"/>")
    );
    file.objects[0].scope.as_mut().unwrap().certainty = Certainty::No;
    let skipped = suite(file);
    assert!(
        skipped.contains("<skipped message=\"no pod that runs on ECI\">"),
        "{skipped}"
    );
    let mut empty = report("./b.yaml", "a: 1\n", Vec::new());
    empty.objects.clear();
    assert!(!suite(empty).contains("b.yaml"));
}

#[test]
fn a_file_is_a_suite_and_a_finding_a_test() {
    let mut allowed = found("privileged", Action::Deny, MANIFEST, "true");
    allowed.suppressed = by_comment("ticket 7");
    let mut file = denial();
    file.found
        .push(found("proc-mount", Action::Warn, MANIFEST, "true"));
    file.found
        .push(found("field-ignored", Action::Audit, MANIFEST, "true"));
    file.found.push(allowed);
    file.problems.push(problem("it ends", None));
    let path = "Deployment shop/web: spec.template.spec.containers[0].securityContext.privileged";
    let said = "privileged: true is not allowed";
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
{SCOPE}</testsuites>
"
            )
        );
}

#[test]
fn attributes_have_no_line_breaks() {
    let mut file = denial();
    file.objects[0].name = "Pod a\r\nb".to_owned();
    let xml = xml(&[file]);
    assert!(xml.contains("name=\"privileged: Pod a␍␊b: "), "{xml}");
}

#[test]
fn a_clean_file_is_a_test_that_passes() {
    let audited = found("field-ignored", Action::Audit, MANIFEST, "true");
    assert_eq!(
        xml(&[report("a.yaml", MANIFEST, vec![audited])]),
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<testsuites name=\"eci-policy\">
<testsuite name=\"a.yaml\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"0\">
  <testcase name=\"no problems\" classname=\"a.yaml\"/>
</testsuite>
{SCOPE}</testsuites>
"
        )
    );
}

proptest! {
    #[test]
    fn any_text_is_well_formed(text in "(?s:.){0,20}[<>&'\"\u{0}\u{1b}\u{fffe}\\]]{0,4}") {
        let mut file = denial();
        file.name.clone_from(&text);
        file.objects[0].name.clone_from(&text);
        file.found[0].finding.help = format!("use {text}").into();
        file.problems.push(problem(&text, Some(0..3)));
        let texts = texts(&xml(&[file]));
        let expected: String = text.chars().map(|c| if is_char(c) { c } else { '\u{fffd}' }).collect();
        // A parser reads every line break as a line feed.
        let unified = |text: &str| text.replace("\r\n", "\n").replace('\r', "\n");
        let end = format!(": privileged: true is not allowed; use {}", unified(&expected));
        prop_assert!(texts.iter().any(|text| unified(text).trim_end().ends_with(end.trim_end())), "{texts:?}");
    }
}
