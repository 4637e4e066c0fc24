//! The review of a file: from its text to its findings.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use eci_manifest::{Chunk, Document, Part, Replacement};
use eci_security_context::fix::Edit;
use eci_security_context::path::Path;
use eci_security_context::pod::template::Location;
use eci_security_context::policy::decide::WINDOWS;
use eci_security_context::policy::decide::{self, Why};
use eci_security_context::policy::scope::Certainty;
use eci_security_context::policy::settings::Settings;
use eci_security_context::review::Judged;
use eci_security_context::rules::rule::Action;

use crate::namespaces::Namespaces;
use crate::near_miss;
use crate::object::Object;
use crate::openapi::{self, Position, RequestError};
use crate::partial;
use crate::repair;
use crate::report::{FileReport, Fix, FixTrigger, Found, Problem, Reviewed, Weight};
use crate::scope::{self, Scope};
use crate::suppress::{Suppressions, of_lines, suppress};

/// Reviews files.
#[derive(Debug)]
pub struct Reviewer<'s> {
    /// The settings of the policy.
    pub settings: &'s Settings,
    /// The options for comments.
    pub suppressions: Suppressions,
    /// How repairs are reported.
    pub repairs: Repairs,
    /// The Namespaces in the input, if it is searched for them.
    pub namespaces: Option<&'s Namespaces>,
}

/// How the repairs of a file are reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repairs {
    /// Without replacements. A repair is read back only if it may change other fields.
    Mentioned,
    /// With replacements, which are read back.
    Listed,
    /// Without replacements. The caller makes them and reports those that fail.
    Made,
}

impl Reviewer<'_> {
    /// Reviews a text of this name.
    pub fn text(&self, name: String, text: String) -> FileReport {
        let each = |parts: &[Part<'_>]| parts.iter().map(|part| self.part(part)).collect();
        Self::chunk(name, Chunk::whole(text), each)
    }

    /// Returns the report of a text, or a chunk of it, from those of its parts.
    pub fn chunk(
        name: String,
        chunk: Chunk,
        each: impl FnOnce(&[Part<'_>]) -> Vec<FileReport>,
    ) -> FileReport {
        let reports = each(&chunk.parts());
        let mut report = FileReport {
            path: name.clone(),
            name,
            start: chunk.start,
            is_continued: !chunk.is_first,
            is_chunk: !(chunk.is_first && chunk.is_last),
            ..FileReport::default()
        };
        for (at, problem) in &chunk.problems {
            let problem = Problem::failure(Some(*at..*at), problem.to_string());
            report.problems.push(problem);
        }
        reports.into_iter().for_each(|part| report.append(part));
        report.found.sort_by_key(|found| found.span.start);
        if !report.found.is_empty() || !report.problems.is_empty() {
            report.text = chunk.text;
        }
        report
    }

    /// Reviews a part of a text.
    pub fn part(&self, part: &Part<'_>) -> FileReport {
        let Some(requests) = openapi::flat(part.text()) else {
            return match part.documents() {
                Ok(documents) => self.documents(part, &documents),
                Err(error) => FileReport {
                    problems: vec![problem(part, &error)],
                    ..FileReport::default()
                },
            };
        };
        let start = part.span.start;
        let mut report = self.requests(requests, |position| match position {
            Position::Bytes(bytes) => start + bytes.start..start + bytes.end,
            Position::Field(_) => start..start,
        });
        suppress(part, || of_lines(part), self.suppressions, &mut report);
        report
    }

    /// Reviews the documents of a part.
    pub fn documents(&self, part: &Part<'_>, documents: &[Document<'_>]) -> FileReport {
        let mut report = FileReport::default();
        for (index, document) in documents.iter().enumerate() {
            match Object::of(document) {
                Ok(Some(object)) => {
                    let mut own = self.object(&object, (part, documents, document));
                    own.found
                        .iter_mut()
                        .for_each(|found| found.document = index);
                    report.append(own);
                }
                Ok(None) => {
                    let requests = openapi::of_value(&document.value());
                    report.skipped += usize::from(requests.as_ref().is_ok_and(Vec::is_empty));
                    report.append(self.requests(requests, |position| match position {
                        Position::Field(path) => document.span(path),
                        Position::Bytes(bytes) => bytes.clone(),
                    }));
                }
                Err(problem) => report.problems.push(problem),
            }
        }
        if self.repairs == Repairs::Listed {
            read_back(part, documents, &mut report.found);
        }
        suppress(part, || part.comments(), self.suppressions, &mut report);
        report
    }

    /// Reviews requests to ECI's OpenAPI.
    fn requests(
        &self,
        requests: Result<Vec<openapi::Request>, RequestError>,
        span: impl Fn(&Position) -> Range<usize>,
    ) -> FileReport {
        let mut report = FileReport::default();
        let problem =
            |error: RequestError| Problem::at(span(&error.position), &error.message, &error.help);
        let requests = requests.unwrap_or_else(|error| {
            report.problems.push(problem(error));
            Vec::new()
        });
        for (object, request) in requests.iter().enumerate() {
            let spans = || request.params.iter().map(|param| span(&param.position));
            let start = spans().next().map_or(0, |span| span.start);
            report.objects.push(Reviewed {
                name: "CreateContainerGroup".to_owned(),
                span: start..spans().map(|span| span.end).fold(start, usize::max),
                scope: Some(Scope::REQUEST),
                signal: None,
                namespace: String::new(),
                is_owned: false,
            });
            if let Some(param) = request.windows() {
                let message =
                    "OsType: Windows: ECI's rules are known for Linux only; nothing was checked";
                report.problems.push(Problem {
                    weight: Weight::Remark,
                    ..Problem::failure(Some(span(&param.position)), message.to_owned())
                });
                continue;
            }
            match request.review(self.settings) {
                Ok(found) => report
                    .found
                    .extend(found.into_iter().map(|(judged, param)| Found {
                        finding: judged.finding,
                        decision: judged.decision,
                        object,
                        document: 0,
                        span: span(&param.position),
                        fix: None,
                        suppressed: None,
                    })),
                Err(error) => report.problems.push(problem(error)),
            }
        }
        report
    }

    /// Reviews an object, given its part, the documents in it, and its own document.
    fn object(&self, object: &Object<'_>, at: DocumentIn<'_>) -> FileReport {
        let name = object.name.to_string();
        let mut report = FileReport::default();
        let location = object.location();
        let (mut scope, mut is_owned) = (None, false);
        match object.review(self.settings, self.namespaces) {
            Ok(review) => {
                let is_pod = location == Some(Location::Pod);
                is_owned = review.is_owned && is_pod && !object.is_request();
                scope = review.scope;
                let is_elsewhere = scope.is_some_and(|scope| scope.certainty == Certainty::No);
                if is_elsewhere && !object.is_request() {
                    report.problems.extend(near_miss::of(object));
                }
                if review.is_windows {
                    let os = Path::of(&["spec", "os"]);
                    report.problems.push(Problem {
                        weight: Weight::Remark,
                        ..Problem::failure(Some(object.span(&os)), format!("{name}: {WINDOWS}"))
                    });
                }
                for judged in review.findings {
                    report.found.push(Found {
                        fix: self.fix(object, at, &judged),
                        span: object.span(&judged.finding.path),
                        finding: judged.finding,
                        decision: judged.decision,
                        object: 0,
                        document: 0,
                        suppressed: None,
                    });
                }
            }
            Err(problem) => report.problems.push(Problem {
                help: problem.help.or_else(|| template_help(at.0.text())),
                ..problem
            }),
        }
        let span = object.span(&Path::default());
        report.objects.push(Reviewed {
            name,
            span: span.clone(),
            scope: scope.map(|scope| Scope::of(scope, self.settings.scope)),
            signal: scope
                .zip(location)
                .and_then(|(scope, location)| scope::path(scope.signal, location))
                .map(|path| object.span(&path)),
            namespace: object.name.namespace().to_owned(),
            is_owned,
        });
        if report.found.iter().any(|found| found.fix.is_some())
            && let Some(reason) = partial::of_object(object)
        {
            report.leave(Some(span), reason, partial::HELP);
        }
        report
    }

    fn fix(
        &self,
        object: &Object<'_>,
        (part, documents, document): DocumentIn<'_>,
        Judged { finding, decision }: &Judged,
    ) -> Option<Fix> {
        // Requests are not repaired.
        if finding.edits.is_empty() || object.is_request() {
            return None;
        }
        let asked = decide::asked(finding, self.settings).action;
        let trigger = match (asked, decision.why) {
            (Action::Fix, Why::OnlyPossible) => FixTrigger::AssumeEci,
            (Action::Fix, _) => FixTrigger::Always,
            _ => FixTrigger::Rule,
        };
        let edits = &finding.edits;
        let replacements = match self.repairs {
            Repairs::Made => Vec::new(),
            // A change may reach other fields through an alias.
            _ if document.has_aliases() => {
                repair::verified(part, documents, document, edits).ok()?
            }
            _ => repair::replacements(document, edits).ok()?,
        };
        Some(Fix {
            title: finding.rule.fix.done()?,
            trigger,
            replacements,
        })
    }
}

/// The part, the documents in it, and one of the documents.
type DocumentIn<'d> = (&'d Part<'d>, &'d [Document<'d>], &'d Document<'d>);

/// Removes the repairs after which the text would not read as expected.
///
/// Repairs of different places are read back together, so that an object with thousands of findings is not read
/// thousands of times.
fn read_back(part: &Part<'_>, documents: &[Document<'_>], found: &mut [Found]) {
    let mut rounds: Vec<Round<'_>> = Vec::new();
    let is_unread = |found: &&mut Found| {
        let document = documents.get(found.document);
        found.fix.is_some() && document.is_some_and(|document| !document.has_aliases())
    };
    for found in found.iter_mut().filter(is_unread) {
        match rounds.iter_mut().find(|round| round.has_room(found)) {
            Some(round) => round.add(found),
            None => {
                let mut round = Round::default();
                round.add(found);
                rounds.push(round);
            }
        }
    }
    for mut round in rounds {
        keep_readable(part, documents, &mut round.found);
    }
}

/// Repairs that change different places of the text.
#[derive(Default)]
struct Round<'f> {
    found: Vec<&'f mut Found>,
    /// The start and the end of each change.
    spans: BTreeMap<usize, usize>,
}

impl<'f> Round<'f> {
    fn has_room(&self, found: &Found) -> bool {
        let meets = |replacement: &Replacement| {
            let Range { start, end } = replacement.span;
            let before = self.spans.range(..=end).next_back();
            before.is_some_and(|(_, last)| *last >= start)
        };
        !found.replacements().iter().any(meets)
    }

    fn add(&mut self, found: &'f mut Found) {
        let spans = found.replacements().iter().map(|change| &change.span);
        self.spans.extend(spans.map(|span| (span.start, span.end)));
        self.found.push(found);
    }
}

/// Reads the text back after all the repairs. Where it is not as expected, each half is read back, down to the repairs
/// that are wrong.
fn keep_readable(part: &Part<'_>, documents: &[Document<'_>], found: &mut [&mut Found]) {
    let mut all: Vec<_> = found
        .iter()
        .flat_map(|found| found.replacements().iter().cloned())
        .collect();
    all.sort_by_key(|replacement| (replacement.span.start, replacement.span.end));
    let mut edits: HashMap<usize, Vec<Edit>> = HashMap::new();
    for found in found.iter() {
        let edits = edits.entry(found.document).or_default();
        edits.extend(found.finding.edits.iter().cloned());
    }
    let expected = documents.iter().enumerate();
    let expected = expected.map(|(index, document)| match edits.get(&index) {
        Some(edits) => repair::after(document, edits),
        None => document.value(),
    });
    if repair::reads_as(part, &all, expected) {
        return;
    }
    match found {
        [] => {}
        [one] => one.fix = None,
        _ => {
            let (first, second) = found.split_at_mut(found.len() / 2);
            keep_readable(part, documents, first);
            keep_readable(part, documents, second);
        }
    }
}

/// Returns the way to check the output of a template, if a text looks like one.
fn template_help(text: &str) -> Option<String> {
    let (what, command) = match () {
        () if text.contains("{{") => ("Helm", "helm template … "),
        () if text.contains("${") => ("envsubst", "envsubst < FILE "),
        () => return None,
    };
    Some(format!(
        "this looks like a template for {what}; check its output: `{command}| eci-policy check -`"
    ))
}

/// Returns the problem of a part that is not a manifest.
pub fn problem(part: &Part<'_>, error: &eci_manifest::Error) -> Problem {
    Problem {
        help: template_help(part.text()),
        ..Problem::failure(Some(error.offset..error.offset), error.problem.to_string())
    }
}
