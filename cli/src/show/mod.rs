//! `eci-policy show`: how ECI runs the pods. What the policy does about them is the output of `check`.

mod capabilities;
mod container;
mod effective;
mod text;

use std::io::Write;
use std::ops::Range;

use eci_manifest::Document;
use eci_security_context::policy::scope::Certainty;
use eci_security_context::policy::settings::Settings;
use serde::Serialize;

use self::container::Container;
use self::effective::Shown;
use crate::args::{DataFormat, Show};
use crate::config::{Config, Paths};
use crate::console::to_stderr;
use crate::failure::Failure;
use crate::input::{Input, Source};
use crate::object::{Name, Object};
use crate::report::{FileReport, Lines, Problem};
use crate::review::problem;
use crate::{Exit, batch, near_miss};

/// An object and its position.
#[derive(Debug, Serialize)]
struct Located {
    /// The path as it was given; `<stdin>` for standard input.
    file: String,
    /// The line on which it begins, from 1.
    line: usize,
    #[serde(flatten)]
    name: Name,
    #[serde(flatten)]
    shown: Shown,
}

/// The output for programs.
#[derive(Serialize)]
struct Output<'o> {
    /// The version of the format.
    version: u8,
    objects: &'o [Located],
}

/// Shows the objects that have pods. Problems are reported on standard error, and the other objects are shown.
///
/// # Errors
/// If the settings are not valid, or the output cannot be written.
pub(crate) fn run(show: &Show, out: &mut dyn Write) -> Result<Exit, Failure> {
    let paths = Paths::of(&show.input, &show.settings)?;
    let mut objects = Vec::new();
    let mut problems = Vec::new();
    let mut exit = Exit::Clean;
    batch::in_order(&paths, read, |(shown, of_file, is_failed)| {
        objects.extend(shown);
        problems.extend(of_file);
        exit = exit.max(if is_failed { Exit::Failed } else { Exit::Clean });
        Ok(())
    })?;
    match show.format {
        DataFormat::Text => {
            if objects.is_empty() && problems.is_empty() {
                to_stderr("eci-policy: no object has a pod");
            }
            for (position, object) in objects.iter().enumerate() {
                if position > 0 {
                    writeln!(out)?;
                }
                text::write(object, out)?;
            }
        }
        DataFormat::Json => {
            let output = Output {
                version: 1,
                objects: &objects,
            };
            serde_json::to_writer_pretty(&mut *out, &output).map_err(std::io::Error::from)?;
            writeln!(out)?;
        }
    }
    for problem in &problems {
        to_stderr(format_args!("eci-policy: {problem}"));
    }
    Ok(exit)
}

/// The effective value of a field, and its position.
#[derive(Debug)]
pub(crate) struct FieldNote {
    /// The bytes of the field. For capabilities that are not set, of their container.
    pub(crate) span: Range<usize>,
    /// The name of the field.
    name: &'static str,
    /// The value, and where it comes from.
    pub(crate) value: String,
    /// For capabilities, the mask.
    pub(crate) mask: Option<String>,
}

impl FieldNote {
    /// Returns the note as Markdown.
    pub(crate) fn markdown(&self) -> String {
        format!("`{}` on ECI: {}", self.name, self.value)
    }
}

/// Returns the effective values of the fields of a text, as far as they are written, and of all capabilities.
pub(crate) fn notes(text: &str, settings: &Settings) -> Vec<FieldNote> {
    let mut notes = Vec::new();
    for part in eci_manifest::parts(text) {
        for document in part.documents().unwrap_or_default() {
            let shown = of_document(&document, settings).ok().flatten();
            let Some((_, Some((shown, _)))) = shown else {
                continue;
            };
            let containers = shown
                .effective
                .into_iter()
                .flat_map(|shown| shown.containers);
            for container in containers {
                notes.extend(notes_of(&container, &document, text));
            }
        }
    }
    notes
}

fn notes_of(container: &Container, document: &Document<'_>, text: &str) -> Vec<FieldNote> {
    let context = format!("{}.securityContext", container.path);
    // A field that is not there has the position of the one above it.
    let span = |name: &str| {
        let span = document.span(&format!("{context}.{name}"));
        let written = text.get(span.clone()).unwrap_or_default();
        written
            .trim_start_matches(['"', '\''])
            .starts_with(name)
            .then_some(span)
    };
    let settings = container.settings.iter().filter_map(|(name, setting)| {
        let (value, why) = (text::value(setting), text::why(setting));
        Some(FieldNote {
            span: span(name)?,
            name,
            value: [value, why].join(": "),
            mask: None,
        })
    });
    let granted = container.capabilities.granted;
    let capabilities = FieldNote {
        span: span("capabilities").unwrap_or_else(|| {
            let start = document.span(&container.path).start;
            start..start
        }),
        name: "capabilities",
        value: format!("`{granted}`: {}", text::names(granted)),
        mask: Some(granted.to_string()),
    };
    settings.chain([capabilities]).collect()
}

/// Returns the objects of a file, its problems and remarks, and whether one of them is a failure.
fn read(input: Input, config: &Config) -> (Vec<Located>, Vec<String>, bool) {
    let told = |report: &FileReport, text: &str| {
        let is_failed = report.problems.iter().any(|problem| !problem.is_remark());
        (report.problem_lines(text, true), is_failed)
    };
    let (source, text) = match input {
        Ok(input) => input,
        Err(error) => {
            let (problems, is_failed) = told(&FileReport::unread(error), "");
            return (Vec::new(), problems, is_failed);
        }
    };
    let settings = config.settings_for(&source);
    // A directory may contain files that are not manifests.
    let is_found = matches!(source, Source::Found(_));
    let mut report = FileReport {
        name: source.name(),
        ..FileReport::default()
    };
    let mut objects = Vec::new();
    let lines = Lines::of(&text);
    let mut is_empty = true;
    for part in eci_manifest::parts(&text) {
        let documents = match part.documents() {
            Ok(documents) => documents,
            Err(error) => {
                is_empty = false;
                report.problems.push(problem(&part, &error));
                continue;
            }
        };
        for document in &documents {
            is_empty = false;
            match of_document(document, settings) {
                Ok(Some((name, Some((shown, remark))))) => {
                    report.problems.extend(remark);
                    let file = report.name.clone();
                    let (line, _) = lines.at(document.span("").start);
                    objects.push(Located {
                        file,
                        line,
                        name,
                        shown,
                    });
                }
                Ok(None) if !is_found => report.problems.push(not_a_manifest(document)),
                Ok(_) => {}
                Err(problem) => report.problems.push(problem),
            }
        }
    }
    if is_empty && !is_found {
        let message = "contains no Kubernetes manifest".to_owned();
        report.problems.push(Problem::failure(None, message));
    }
    let (problems, is_failed) = told(&report, &text);
    (objects, problems, is_failed)
}

fn not_a_manifest(document: &Document<'_>) -> Problem {
    let keys = ["apiVersion", "kind"];
    let missing = keys.into_iter().find(|key| document.text(&[key]).is_none());
    let missing = missing.unwrap_or("kind");
    let message = format!("not a Kubernetes manifest: {missing} is missing");
    Problem::failure(Some(document.span(missing)), message)
}

/// How ECI runs an object, and a remark on a label that probably should send it there.
type ShownWithRemark = (Shown, Option<Problem>);

/// Returns the name of the object and how ECI runs it, if it has a pod; `None` if the document is not an object.
fn of_document(
    document: &Document<'_>,
    settings: &Settings,
) -> Result<Option<(Name, Option<ShownWithRemark>)>, Problem> {
    let Some(object) = Object::of(document)? else {
        return Ok(None);
    };
    if object.is_request() {
        let message = "an admission request is not shown";
        return Err(Problem::at(
            document.span(""),
            message,
            "use the object in it",
        ));
    }
    let json = object.json()?;
    let shown = effective::show(&json, object.group_kind(), settings);
    let shown = shown.map_err(|error| object.unreadable(&error))?;
    let shown = shown.map(|shown| {
        let is_elsewhere = shown.scope.certainty == Certainty::No.as_str();
        let remark = is_elsewhere.then(|| near_miss::of(&object)).flatten();
        (shown, remark)
    });
    Ok(Some((object.name, shown)))
}
