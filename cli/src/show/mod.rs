//! `eci-policy show`: how ECI runs the pods. What the policy does about them is the output of `check`.

mod text;

use std::io::Write;
use std::ops::Range;

use eci_manifest::Document;
use eci_security_context::policy::settings::Settings;
use eci_text::show::container::Container;
use eci_text::show::{objects, of_document};
use serde::Serialize;

use crate::args::{DataFormat, Show};
use crate::config::{Config, Paths};
use crate::console::to_stderr;
use crate::failure::Failure;
use crate::input::{Input, Source};
use crate::report::FileReport;
use crate::{Exit, batch};

/// An object in a file.
#[derive(Debug, Serialize)]
struct Located {
    /// The path as it was given; `<stdin>` for standard input.
    file: String,
    #[serde(flatten)]
    object: eci_text::show::Located,
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
            let (problems, is_failed) = told(&error.into(), "");
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
    let objects = objects(&text, settings, is_found, &mut report);
    let objects = objects.into_iter().map(|object| Located {
        file: report.name.clone(),
        object,
    });
    let objects = objects.collect();
    let (problems, is_failed) = told(&report, &text);
    (objects, problems, is_failed)
}
