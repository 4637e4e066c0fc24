//! From the text of a file to what is said of it.

use std::ops::Range;

use eci_manifest::{Document, Part};
use eci_security_context::admission::Request;
use eci_security_context::json::{self, Unreadable};
use eci_security_context::judge::{Refusal, review};
use eci_security_context::rule::{Action, Finding};
use eci_security_context::settings::Settings;
use rayon::prelude::*;
use serde_json::value::RawValue;

use crate::args::SuppressionArgs;
use crate::repair;
use crate::report::{FileReport, Fix, Found, Lines, Problem};
use crate::suppress::suppress;

/// What judges files.
#[derive(Debug)]
pub(crate) struct Judge<'s> {
    /// The settings of the policy.
    pub(crate) settings: &'s Settings,
    /// What comments may do.
    pub(crate) suppressions: SuppressionArgs,
    /// Whether the repairs of the file are told in full, or only that there are some.
    pub(crate) tells_repairs: bool,
}

/// What a part of a file says.
#[derive(Default)]
pub(crate) struct Judged {
    pub(crate) objects: usize,
    pub(crate) found: Vec<Found>,
    pub(crate) problems: Vec<Problem>,
}

impl Judge<'_> {
    /// Judges every object in a text.
    pub(crate) fn text(&self, name: String, text: String) -> FileReport {
        let parts = eci_manifest::parts(&text);
        let lines = Lines::of(&text);
        let judged: Vec<_> = match parts.as_slice() {
            [part] => vec![self.part(part, &lines)],
            parts => parts.par_iter().map(|part| self.part(part, &lines)).collect(),
        };
        let mut report = FileReport { name, ..FileReport::default() };
        for mut part in judged {
            report.objects += part.objects;
            report.found.append(&mut part.found);
            report.problems.append(&mut part.problems);
        }
        report.found.sort_by_key(|found| found.span.start);
        if !report.found.is_empty() || !report.problems.is_empty() {
            report.text = text;
        }
        report
    }

    fn part(&self, part: &Part<'_>, lines: &Lines<'_>) -> Judged {
        match part.documents() {
            Ok(documents) => self.documents(part, &documents, lines),
            Err(error) => Judged { problems: vec![problem(part, &error)], ..Judged::default() },
        }
    }

    /// Judges the documents of a part. `lines` are those of the whole text.
    pub(crate) fn documents(&self, part: &Part<'_>, documents: &[Document<'_>], lines: &Lines<'_>) -> Judged {
        let mut judged = Judged::default();
        for index in 0..documents.len() {
            self.document(part, documents, index, &mut judged);
        }
        suppress(part, self.suppressions, lines, &mut judged.found, &mut judged.problems);
        judged
    }

    fn document(&self, part: &Part<'_>, documents: &[Document<'_>], index: usize, judged: &mut Judged) {
        let Some((document, subject)) = documents.get(index).and_then(|it| Some((it, Subject::of(it)?)))
        else {
            return;
        };
        judged.objects += 1;
        match subject.judge(document, self.settings) {
            Ok(findings) => {
                for finding in findings {
                    let path = finding.path.to_string();
                    let fix = self.fix(part, documents, document, &subject, &finding);
                    judged.found.push(Found {
                        rule: finding.rule,
                        action: finding.action,
                        document: index,
                        object: subject.name.clone(),
                        span: document.span(&format!("{}{path}", subject.prefix)),
                        path,
                        message: finding.message,
                        help: finding.help,
                        fix,
                        suppressed: None,
                    });
                }
            }
            Err(problem) => judged.problems.push(problem),
        }
    }

    fn fix(
        &self,
        part: &Part<'_>,
        documents: &[Document<'_>],
        document: &Document<'_>,
        subject: &Subject,
        finding: &Finding,
    ) -> Option<Fix> {
        // Requests are not repaired: the object in them is.
        let title = finding.rule.fix.filter(|_| !finding.edits.is_empty() && subject.prefix.is_empty())?;
        let is_on_demand = self.settings.action(finding) != Action::Fix;
        let replacements = match self.tells_repairs {
            true => repair::verified(part, documents, document, &finding.edits).ok()?,
            false => repair::replacements(document, &finding.edits).map(|_| Vec::new()).ok()?,
        };
        Some(Fix { title, is_on_demand, edits: finding.edits.clone(), replacements })
    }
}

/// What is wrong with a part that cannot be read.
pub(crate) fn problem(part: &Part<'_>, error: &eci_manifest::Error) -> Problem {
    let is_template = part.text().contains("{{");
    Problem {
        span: Some(error.offset..error.offset),
        message: error.problem.to_string(),
        help: is_template.then(|| {
            "this looks like a template of Helm; check what it makes: `helm template … | eci-policy check -`".to_owned()
        }),
        is_remark: false,
    }
}

/// What is judged of a document.
pub(crate) struct Subject {
    /// How the object is told: `Deployment shop/web`.
    name: String,
    /// Where the object stands in the document: at its root, or in a request.
    prefix: &'static str,
}

impl Subject {
    /// `None` where the document is no object of Kubernetes, nor a request about one.
    pub(crate) fn of(document: &Document<'_>) -> Option<Self> {
        let text = |keys: &[&str]| document.text(keys);
        if text(&["kind"]) == Some("AdmissionReview") && document.has(&["request"]) {
            return Some(Self { name: name(document, &["request", "object"]), prefix: "request.object." });
        }
        if text(&["operation"]).is_some() && text(&["uid"]).is_some() {
            return Some(Self { name: name(document, &["object"]), prefix: "object." });
        }
        text(&["apiVersion"]).and(text(&["kind"]))?;
        Some(Self { name: name(document, &[]), prefix: "" })
    }

    /// Whether the object stands for itself, and not in a request.
    pub(crate) const fn is_object(&self) -> bool {
        self.prefix.is_empty()
    }

    /// What the rules find, with the action that the settings and the request give each finding.
    pub(crate) fn judge(
        &self,
        document: &Document<'_>,
        settings: &Settings,
    ) -> Result<Vec<Finding>, Problem> {
        let text = document.json();
        let unreadable = |unreadable: Unreadable| self.problem(document, Refusal::Unreadable(unreadable));
        let whole: &RawValue = serde_json::from_str(&text)
            .map_err(|_| unreadable(Unreadable::NotJson { reason: "nested too deep".to_owned() }))?;
        let api_version = document.text(&["apiVersion"]).unwrap_or_default();
        let request = match self.prefix {
            "" => Request::creating(
                api_version.rsplit_once('/').map_or("", |(group, _)| group),
                document.text(&["kind"]).unwrap_or_default(),
                whole,
            ),
            "object." => json::read(whole.get()).map_err(unreadable)?,
            _ => {
                let request = json::at(whole, &["request"]).unwrap_or(whole);
                json::read(request.get()).map_err(unreadable)?
            }
        };
        let verdict = review(&request, settings).map_err(|refusal| self.problem(document, refusal))?;
        Ok(verdict.findings)
    }

    /// What is said where the object cannot be judged.
    fn problem(&self, document: &Document<'_>, refusal: Refusal) -> Problem {
        let path = match &refusal {
            Refusal::Unreadable(Unreadable::WrongType { path, .. }) => path.to_string(),
            _ => String::new(),
        };
        let path = if path.starts_with("request") { path } else { format!("{}{path}", self.prefix) };
        let span: Range<usize> = document.span(&path);
        let message = refusal.into_verdict().message.unwrap_or_default();
        let message = message.strip_prefix("the request cannot be read: ").unwrap_or(&message);
        Problem {
            span: Some(span),
            message: format!("{}: {message}", self.name),
            help: None,
            is_remark: false,
        }
    }
}

/// `Deployment shop/web`, of the object at `keys`.
fn name(document: &Document<'_>, keys: &[&str]) -> String {
    let text = |more: &[&str]| document.text(&[keys, more].concat());
    let kind = text(&["kind"]).unwrap_or("object");
    let namespace =
        text(&["metadata", "namespace"]).map(|namespace| format!("{namespace}/")).unwrap_or_default();
    match (text(&["metadata", "name"]), text(&["metadata", "generateName"])) {
        (Some(name), _) => format!("{kind} {namespace}{name}"),
        (None, Some(prefix)) => format!("{kind} {namespace}{prefix}*"),
        (None, None) => kind.to_owned(),
    }
}
