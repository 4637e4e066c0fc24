//! The report as workflow commands of GitHub Actions, which it shows at the lines of a pull request, and the summary
//! for the log. What is for the audit log only, and what comments take back, is left out.

use std::io::{self, Write};
use std::ops::Range;

use super::text::summary;
use super::{FileReport, Lines, Reporter, Severity, Totals, visible};

/// Writes workflow commands.
#[derive(Debug)]
pub(super) struct Github;

impl Reporter for Github {
    fn begin(&mut self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    fn file(&mut self, report: &FileReport, out: &mut dyn Write) -> io::Result<()> {
        let lines = Lines::of(&report.text);
        for problem in &report.problems {
            let command = if problem.is_remark() {
                "warning"
            } else {
                "error"
            };
            let at = location(report, &lines, problem.span.as_ref());
            writeln!(
                out,
                "::{command} {at},title=eci-policy::{}",
                data(&problem.told())
            )?;
        }
        for found in report
            .found
            .iter()
            .filter(|found| found.suppressed.is_none())
        {
            let command = match found.severity() {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Note | Severity::None => continue,
            };
            let at = location(report, &lines, Some(&found.span));
            let title = property(&format!("eci-policy: {}", found.rule.id));
            writeln!(
                out,
                "::{command} {at},title={title}::{}",
                data(&found.told())
            )?;
        }
        Ok(())
    }

    fn end(&mut self, totals: &Totals, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", summary(totals))
    }
}

/// The properties that say where. GitHub takes columns only within one line.
fn location(report: &FileReport, lines: &Lines<'_>, span: Option<&Range<usize>>) -> String {
    let mut location = format!("file={}", property(report.relative_name()));
    if let Some(span) = span {
        let place = lines.place(span);
        location.push_str(&format!(",line={},endLine={}", place.line, place.end_line));
        if place.line == place.end_line {
            location.push_str(&format!(
                ",col={},endColumn={}",
                place.column, place.end_column
            ));
        }
    }
    location
}

/// The text of a command.
fn data(text: &str) -> String {
    escape(text, "%\r\n")
}

/// The value of a property of a command.
fn property(text: &str) -> String {
    escape(text, "%\r\n:,")
}

/// The text with the reserved characters, all of them ASCII, as GitHub spells them, and no other that steers a log.
fn escape(text: &str, reserved: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if reserved.contains(c) {
            escaped.push_str(&format!("%{:02X}", u32::from(c)));
        } else {
            escaped.push(visible(c));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test may panic"
    )]

    use eci_security_context::rules::rule::Action;

    use super::super::fixtures::{MANIFEST, denial, found, problem, report, written};
    use super::*;
    use crate::args::ReportFormat;
    use crate::report::{Suppressed, Weight};

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
            denied: 1,
            ..Totals::default()
        };
        assert_eq!(
            lines(&[denial()], &totals),
            [
                "::error file=deploy/web.yaml,line=4,endLine=4,col=36,endColumn=40,\
                 title=eci-policy%3A privileged::Deployment shop/web: \
                 spec.template.spec.containers[0].securityContext.privileged: true needs an approval by \
                 Alibaba Cloud; remove it",
                "1 file, 1 object: 1 denied",
            ]
        );
    }

    #[test]
    fn what_nobody_need_do_anything_about_is_left_out() {
        let audited = found("field-ignored", Action::Audit, MANIFEST, "true");
        let mut allowed = found("privileged", Action::Deny, MANIFEST, "true");
        allowed.suppressed = Some(Suppressed {
            reason: String::new(),
        });
        let repaired = found("capability-name", Action::Fix, MANIFEST, "true");
        let told = lines(
            &[report("a.yaml", MANIFEST, vec![audited, allowed, repaired])],
            &Totals::default(),
        );
        assert_eq!(told.len(), 2);
        assert!(told[0].starts_with("::warning file=a.yaml,"));
    }

    #[test]
    fn what_is_reserved_is_escaped() {
        let mut file = report("./a,b:c%d\n.yaml", "a: |\n  b\n", Vec::new());
        file.problems = vec![
            problem("100%: x,\r\ny\u{1b}[31m", None),
            problem("two lines", Some(0..8)),
        ];
        file.problems[1].weight = Weight::Remark;
        let told = lines(&[file], &Totals::default());
        assert_eq!(
            told[0],
            "::error file=a%2Cb%3Ac%25d%0A.yaml,title=eci-policy::100%25: x,%0D%0Ay␛[31m; repair it"
        );
        assert_eq!(
            told[1],
            "::warning file=a%2Cb%3Ac%25d%0A.yaml,line=1,endLine=2,title=eci-policy::two lines; repair it"
        );
    }
}
