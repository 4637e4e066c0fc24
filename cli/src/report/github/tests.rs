#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use eci_security_context::rules::rule::Action;

use super::super::fixtures::{MANIFEST, by_comment, denial, found, problem, report, written};
use super::*;
use crate::args::ReportFormat;
use crate::report::Weight;

fn lines(reports: &[FileReport], totals: &Totals) -> Vec<String> {
    written(ReportFormat::Github, reports, totals)
        .lines()
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_denial_is_an_error_at_its_place() {
    let totals = Totals {
        files: 1,
        objects: 1,
        on_eci: 1,
        denied: 1,
        ..Totals::default()
    };
    assert_eq!(
        lines(&[denial()], &totals),
        [
            "::error file=deploy/web.yaml,line=4,endLine=4,col=36,endColumn=40,\
             title=eci-policy%3A privileged::Deployment shop/web: \
             spec.template.spec.containers[0].securityContext.privileged: privileged: true is not allowed; remove it",
            "1 error in 1 object",
        ]
    );
}

#[test]
fn audited_and_suppressed_findings_are_left_out() {
    let audited = found("field-ignored", Action::Audit, MANIFEST, "true");
    let mut allowed = found("privileged", Action::Deny, MANIFEST, "true");
    allowed.suppressed = by_comment("");
    let repaired = found("capability-name", Action::Fix, MANIFEST, "true");
    let commands = lines(
        &[report("a.yaml", MANIFEST, vec![audited, allowed, repaired])],
        &Totals::default(),
    );
    assert_eq!(commands.len(), 2);
    assert!(commands[0].starts_with("::warning file=a.yaml,"));
}

#[test]
fn reserved_characters_are_escaped() {
    let mut file = report("./a,b:c%d\n.yaml", "a: |\n  b\n", Vec::new());
    file.problems = vec![
        problem("100%: x,\r\ny\u{1b}[31m", None),
        problem("two lines", Some(0..8)),
    ];
    file.problems[1].weight = Weight::Remark;
    let commands = lines(&[file], &Totals::default());
    assert_eq!(
        commands[0],
        "::error file=a%2Cb%3Ac%25d%0A.yaml,title=eci-policy::100%25: x,%0D%0Ay␛[31m; repair it"
    );
    assert_eq!(
        commands[1],
        "::warning file=a%2Cb%3Ac%25d%0A.yaml,line=1,endLine=2,title=eci-policy::two lines; repair it"
    );
}
