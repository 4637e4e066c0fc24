//! From the text of a file to what is said of it.

use std::collections::HashMap;
use std::ops::Range;

use eci_manifest::{Document, Part};
use eci_security_context::json::{self, ReadError};
use eci_security_context::pod::template::Location;
use eci_security_context::policy::decide::{self, Why};
use eci_security_context::policy::settings::Settings;
use eci_security_context::review::request::{Payload, RawRequest};
use eci_security_context::review::verdict::WINDOWS;
use eci_security_context::review::{self, Refusal, Review, review};
use eci_security_context::rules::rule::Action;
use rayon::prelude::*;

use crate::args::SuppressionArgs;
use crate::object::Name;
use crate::report::{FileReport, Fix, Found, Problem, Taken, Weight};
use crate::suppress::{of_lines, suppress};
use crate::{openapi, repair};

/// What judges files.
#[derive(Debug)]
pub(crate) struct Judge<'s> {
    /// The settings of the policy.
    pub(crate) settings: &'s Settings,
    /// What comments may do.
    pub(crate) suppressions: SuppressionArgs,
    /// What becomes of the repairs.
    pub(crate) repairs: Repairs,
}

/// What becomes of the repairs of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repairs {
    /// It is told that there are some: read back only where a change may reach further than its place.
    Mentioned,
    /// They are told in full, read back.
    Told,
    /// They are made by the caller, who also says which of them cannot be.
    Made,
}

/// What a part of a file says.
#[derive(Default)]
pub(crate) struct Judged {
    pub(crate) objects: usize,
    /// Documents that are nothing of Kubernetes.
    pub(crate) skipped: usize,
    pub(crate) found: Vec<Found>,
    pub(crate) problems: Vec<Problem>,
}

impl Judged {
    fn append(&mut self, mut other: Self) {
        self.objects += other.objects;
        self.skipped += other.skipped;
        self.found.append(&mut other.found);
        self.problems.append(&mut other.problems);
    }
}

impl Judge<'_> {
    /// Judges every object in a text.
    pub(crate) fn text(&self, name: String, text: String) -> FileReport {
        let parts = eci_manifest::parts(&text);
        let judged: Vec<_> = match parts.as_slice() {
            [part] => vec![self.part(part)],
            parts => parts.par_iter().map(|part| self.part(part)).collect(),
        };
        let mut all = Judged::default();
        judged.into_iter().for_each(|part| all.append(part));
        let Judged {
            objects,
            skipped,
            found,
            problems,
        } = all;
        let mut report = FileReport {
            name,
            text: String::new(),
            objects,
            skipped,
            found,
            problems,
        };
        report.found.sort_by_key(|found| found.span.start);
        if !report.found.is_empty() || !report.problems.is_empty() {
            report.text = text;
        }
        report
    }

    fn part(&self, part: &Part<'_>) -> Judged {
        if let Some(requests) = openapi::flat(part.text()) {
            let mut judged = self.requests(requests, |place| match place {
                openapi::Position::Bytes(bytes) => {
                    part.span.start + bytes.start..part.span.start + bytes.end
                }
                openapi::Position::Field(_) => part.span.start..part.span.start,
            });
            let comments = || of_lines(part);
            suppress(
                part,
                comments,
                self.suppressions,
                &mut judged.found,
                &mut judged.problems,
            );
            return judged;
        }
        match part.documents() {
            Ok(documents) => self.documents(part, &documents),
            Err(error) => Judged {
                problems: vec![problem(part, &error)],
                ..Judged::default()
            },
        }
    }

    /// Judges the documents of a part.
    pub(crate) fn documents(&self, part: &Part<'_>, documents: &[Document<'_>]) -> Judged {
        let mut judged = Judged::default();
        for (index, document) in documents.iter().enumerate() {
            match Subject::of(document) {
                Ok(Some(subject)) => {
                    self.document(part, documents, index, document, &subject, &mut judged)
                }
                Ok(None) => {
                    let requests = openapi::of_value(&document.value());
                    judged.skipped += usize::from(requests.as_ref().is_ok_and(Vec::is_empty));
                    judged.append(self.requests(requests, |place| match place {
                        openapi::Position::Field(path) => document.span(path),
                        openapi::Position::Bytes(bytes) => bytes.clone(),
                    }));
                }
                Err(problem) => judged.problems.push(problem),
            }
        }
        if self.repairs == Repairs::Told {
            read_back(part, documents, &mut judged.found);
        }
        suppress(
            part,
            || part.comments(),
            self.suppressions,
            &mut judged.found,
            &mut judged.problems,
        );
        judged
    }

    /// Judges requests to ECI's OpenAPI.
    fn requests(
        &self,
        requests: Result<Vec<openapi::Request>, openapi::RequestError>,
        span: impl Fn(&openapi::Position) -> Range<usize>,
    ) -> Judged {
        let mut judged = Judged::default();
        let problem = |wrong: openapi::RequestError| Problem {
            span: Some(span(&wrong.position)),
            message: wrong.message,
            help: Some(wrong.help),
            weight: Weight::Failure,
        };
        for request in requests.unwrap_or_else(|wrong| {
            judged.problems.push(problem(wrong));
            Vec::new()
        }) {
            judged.objects += 1;
            if let Some(param) = request.windows() {
                judged.problems.push(Problem {
                    span: Some(span(&param.position)),
                    message: "OsType: Windows: the rules are for Linux only; nothing was checked"
                        .to_owned(),
                    help: None,
                    weight: Weight::Remark,
                });
                continue;
            }
            match request.review(self.settings) {
                Ok(findings) => judged.found.extend(findings.into_iter().map(
                    |(review::Judged { finding, decision }, param)| Found {
                        rule: finding.rule,
                        decision,
                        document: 0,
                        object: "CreateContainerGroup".to_owned(),
                        path: finding.path.to_string(),
                        message: finding.message.into_owned(),
                        help: finding.help.into_owned(),
                        span: span(&param.position),
                        fix: None,
                        suppressed: None,
                    },
                )),
                Err(wrong) => judged.problems.push(problem(wrong)),
            }
        }
        judged
    }

    fn document(
        &self,
        part: &Part<'_>,
        documents: &[Document<'_>],
        index: usize,
        document: &Document<'_>,
        subject: &Subject,
        judged: &mut Judged,
    ) {
        judged.objects += 1;
        match subject.judge(document, self.settings) {
            Ok(review) => {
                if review.is_windows {
                    judged.problems.push(Problem {
                        span: Some(subject.span(document, "spec.os")),
                        message: format!("{}: {WINDOWS}", subject.name),
                        help: None,
                        weight: Weight::Remark,
                    });
                }
                for judged_finding in review.findings {
                    let fix = self.fix(part, documents, document, subject, &judged_finding);
                    let review::Judged { finding, decision } = judged_finding;
                    let path = finding.path.to_string();
                    judged.found.push(Found {
                        rule: finding.rule,
                        decision,
                        document: index,
                        object: subject.name.clone(),
                        span: subject.span(document, &path),
                        path,
                        message: finding.message.into_owned(),
                        help: finding.help.into_owned(),
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
        review::Judged { finding, decision }: &review::Judged,
    ) -> Option<Fix> {
        // Requests are not repaired: the object in them is.
        let title = finding
            .rule
            .fix
            .done()
            .filter(|_| !finding.edits.is_empty() && subject.prefix.is_empty())?;
        let wanted = decide::asked(finding, self.settings).action;
        let taken = match (wanted, decision.why) {
            (Action::Fix, Why::OnlyPossible) => Taken::AsEci,
            (Action::Fix, _) => Taken::Always,
            _ => Taken::OnDemand,
        };
        let edits = &finding.edits;
        let replacements = match self.repairs {
            Repairs::Made => Vec::new(),
            // A change may reach further than its place.
            _ if document.has_aliases() => {
                repair::verified(part, documents, document, edits).ok()?
            }
            _ => repair::replacements(document, edits).ok()?,
        };
        Some(Fix {
            title,
            taken,
            edits: finding.edits.clone(),
            replacements,
        })
    }
}

/// Takes away the repairs that would not read as they should. One of each document is read back at a time: a list of
/// thousands of objects is not read once for each of them.
fn read_back(part: &Part<'_>, documents: &[Document<'_>], found: &mut [Found]) {
    let mut rounds: Vec<HashMap<usize, &mut Found>> = Vec::new();
    let mut counts: HashMap<usize, usize> = HashMap::new();
    let is_to_be_read = |found: &&mut Found| {
        found.fix.is_some()
            && documents
                .get(found.document)
                .is_some_and(|document| !document.has_aliases())
    };
    for found in found.iter_mut().filter(is_to_be_read) {
        let count = counts.entry(found.document).or_default();
        match rounds.get_mut(*count) {
            Some(round) => drop(round.insert(found.document, found)),
            None => rounds.push(HashMap::from([(found.document, found)])),
        }
        *count += 1;
    }
    for round in rounds {
        let fix_of = |index: usize| round.get(&index).and_then(|found| found.fix.as_ref());
        let mut all: Vec<_> = round
            .values()
            .filter_map(|found| found.fix.as_ref())
            .flat_map(|fix| fix.replacements.clone())
            .collect();
        all.sort_by_key(|replacement| (replacement.span.start, replacement.span.end));
        let expected = documents
            .iter()
            .enumerate()
            .map(|(index, document)| match fix_of(index) {
                Some(fix) => repair::after(document, &fix.edits),
                None => document.value(),
            });
        if repair::reads_as(part, &all, expected) {
            continue;
        }
        for (index, found) in round {
            let verified =
                documents
                    .get(index)
                    .zip(found.fix.as_ref())
                    .is_some_and(|(document, fix)| {
                        repair::verified(part, documents, document, &fix.edits).is_ok()
                    });
            if !verified {
                found.fix = None;
            }
        }
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
        weight: Weight::Failure,
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
    ///
    /// # Errors
    /// Where it is meant to be one, and lacks what makes it one.
    pub(crate) fn of(document: &Document<'_>) -> Result<Option<Self>, Problem> {
        let text = |keys: &[&str]| document.text(keys);
        let is_request = |at: &[&str]| {
            ["operation", "uid"]
                .iter()
                .all(|key| document.text(&[at, &[*key]].concat()).is_some())
        };
        let is_review = text(&["kind"]) == Some("AdmissionReview");
        if is_review && !document.has(&["request"]) {
            return Err(Problem {
                span: Some(document.span("kind")),
                message: "AdmissionReview: request: is missing".to_owned(),
                help: Some(
                    "give the review that the API server sends, not the answer to it".to_owned(),
                ),
                weight: Weight::Failure,
            });
        }
        // Without a kind, a request with settings beside it is what Kubewarden hands to a policy.
        if is_review || !document.has(&["kind"]) && is_request(&["request"]) {
            let name = name(document, &["request", "object"]);
            let name = name.unwrap_or_else(|| "AdmissionReview".to_owned());
            return Ok(Some(Self {
                name,
                prefix: "request.object.",
            }));
        }
        if is_request(&[]) {
            let name = name(document, &["object"]).unwrap_or_else(|| "AdmissionRequest".to_owned());
            return Ok(Some(Self {
                name,
                prefix: "object.",
            }));
        }
        let Some(kind) = text(&["kind"]) else {
            return Ok(None);
        };
        let name = name(document, &[]).unwrap_or_default();
        if text(&["apiVersion"]).is_some() {
            return Ok(Some(Self { name, prefix: "" }));
        }
        let Some(group) = group_of(document, kind) else {
            return Ok(None);
        };
        let (at, what) = match document.has(&["apiVersion"]) {
            true => ("apiVersion", "must be a string"),
            false => ("kind", "is missing"),
        };
        let help = group.map(|group| {
            format!(
                "write apiVersion: {}",
                if group.is_empty() {
                    "v1".to_owned()
                } else {
                    format!("{group}/v1")
                }
            )
        });
        Err(Problem {
            span: Some(document.span(at)),
            message: format!("{name}: apiVersion: {what}, and nothing was judged"),
            help,
            weight: Weight::Failure,
        })
    }

    /// Whether it is a request, and not the object alone.
    pub(crate) fn is_request(&self) -> bool {
        !self.prefix.is_empty()
    }

    /// How the object is told: `Deployment shop/web`.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Where a path of the object stands in the text.
    pub(crate) fn span(&self, document: &Document<'_>, path: &str) -> Range<usize> {
        document.span(&format!("{}{path}", self.prefix))
    }

    /// What the rules find, with the action that the settings and the request give each finding.
    pub(crate) fn judge(
        &self,
        document: &Document<'_>,
        settings: &Settings,
    ) -> Result<Review, Problem> {
        let unreadable = |error: ReadError| self.problem(document, Refusal::Unreadable(error));
        let whole = serde_json::value::to_raw_value(document)
            .map_err(|error| unreadable(ReadError::NotJson(error.to_string())))?;
        let api_version = document.text(&["apiVersion"]).unwrap_or_default();
        let request = match self.prefix {
            "" => RawRequest::creating(
                api_version.rsplit_once('/').map_or("", |(group, _)| group),
                document.text(&["kind"]).unwrap_or_default(),
                &whole,
            ),
            "object." => json::read(whole.get()).map_err(unreadable)?,
            _ => Payload::read(whole.get()).map_err(unreadable)?.0,
        };
        review(&request, settings).map_err(|refusal| self.problem(document, refusal))
    }

    /// What is said where the object cannot be judged.
    fn problem(&self, document: &Document<'_>, refusal: Refusal) -> Problem {
        let path = match &refusal {
            Refusal::Unreadable(ReadError::Invalid { path, .. }) => path.to_string(),
            _ => String::new(),
        };
        let path = if path.starts_with("request") {
            path
        } else {
            format!("{}{path}", self.prefix)
        };
        let span: Range<usize> = document.span(&path);
        let message = refusal.into_verdict().message.unwrap_or_default();
        let message = message
            .strip_prefix("the request cannot be read: ")
            .unwrap_or(&message);
        Problem {
            span: Some(span),
            message: format!("{}: {message}", self.name),
            help: None,
            weight: Weight::Failure,
        }
    }
}

/// The group of a kind that the policy judges, as far as it is known; `None` for what it does not judge.
fn group_of(document: &Document<'_>, kind: &str) -> Option<Option<&'static str>> {
    let of_item = kind.strip_suffix("List").unwrap_or(kind);
    let known = |group: &&str| Location::of_kind(group, of_item).is_some();
    if let Some(group) = ["", "apps", "batch"].into_iter().find(known) {
        return Some(Some(group));
    }
    let text = serde_json::to_string(document).ok()?;
    Location::find(&text).map(|_| None)
}

/// Returns the name of the object at `keys`; `None` if there is none.
fn name(document: &Document<'_>, keys: &[&str]) -> Option<String> {
    let has = document.has(keys);
    has.then(|| Name::of(document, keys).to_string())
}
