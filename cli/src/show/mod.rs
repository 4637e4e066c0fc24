//! `eci-policy show`: what ECI will really run. What the policy does about it is `check`'s to say.

mod capabilities;
mod container;
mod effective;
mod text;

use std::io::Write;

use eci_manifest::Document;
use eci_security_context::json::ReadError;
use eci_security_context::policy::settings::Settings;
use serde::Serialize;

use self::effective::Shown;
use crate::Exit;
use crate::args::{DataFormat, Show};
use crate::console::tell;
use crate::failure::Failure;
use crate::input::{Obstacle, Source};
use crate::judge::Subject;
use crate::object::Name;
use crate::report::Lines;
use crate::{batch, settings};

/// An object, and where it stands.
#[derive(Debug, Serialize)]
struct Located {
    /// The path as it was given; `<stdin>` for standard input.
    file: String,
    /// The line at which it begins, from 1.
    line: usize,
    #[serde(flatten)]
    name: Name,
    #[serde(flatten)]
    shown: Shown,
}

/// The output for programs.
#[derive(Serialize)]
struct Output<'o> {
    /// Of this format.
    version: u8,
    objects: &'o [Located],
}

/// Shows the objects that hold pods. What cannot be read is told on standard error, and the rest is shown.
///
/// # Errors
/// Where the settings are not valid, or the output takes no more.
pub(crate) fn run(show: &Show, out: &mut dyn Write) -> Result<Exit, Failure> {
    let settings = settings::load(&show.settings)?;
    let mut objects = Vec::new();
    let mut problems = Vec::new();
    batch::in_order(
        &show.input.paths,
        |source| Looked::at(source, &settings),
        |looked| {
            objects.extend(looked.objects);
            problems.extend(looked.problems);
            Ok(())
        },
    )?;
    match show.format {
        DataFormat::Text => {
            if objects.is_empty() && problems.is_empty() {
                tell("eci-policy: there is nothing to show: no object here holds a pod");
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
        tell(format_args!("eci-policy: {problem}"));
    }
    Ok(if problems.is_empty() {
        Exit::Clean
    } else {
        Exit::Failed
    })
}

/// What is in a file.
#[derive(Default)]
struct Looked {
    objects: Vec<Located>,
    /// What could not be read, and where.
    problems: Vec<String>,
}

impl Looked {
    fn at(source: Result<Source, Obstacle>, settings: &Settings) -> Self {
        let mut looked = Self::default();
        match source {
            Ok(source) => match source.read() {
                Ok(text) => looked.read(&source, &text, settings),
                Err(problem) => looked
                    .problems
                    .push(format!("{}: {problem}", source.name())),
            },
            Err(Obstacle {
                is_harmless: true, ..
            }) => {}
            Err(Obstacle { name, message, .. }) => {
                looked.problems.push(format!("{name}: {message}"))
            }
        }
        looked
    }

    fn read(&mut self, source: &Source, text: &str, settings: &Settings) {
        let file = source.name();
        let lines = Lines::of(text);
        let mut is_empty = true;
        for part in eci_manifest::parts(text) {
            let documents = match part.documents() {
                Ok(documents) => documents,
                Err(error) => {
                    is_empty = false;
                    self.problems.push(format!("{file}: {error}"));
                    continue;
                }
            };
            for document in documents {
                is_empty = false;
                let (line, _) = lines.at(document.span("").start);
                match of_document(&document, settings) {
                    Ok(Some(shown)) => self.objects.push(Located {
                        file: file.clone(),
                        line,
                        name: Name::of(&document, &[]),
                        shown,
                    }),
                    Ok(None) => {}
                    // A directory may hold what is no manifest.
                    Err((_, Problem::NoManifest(_))) if matches!(source, Source::Found(_)) => {}
                    Err((line, problem)) => self.problems.push(format!("{file}:{line}: {problem}")),
                }
            }
        }
        if is_empty && !matches!(source, Source::Found(_)) {
            self.problems
                .push(format!("{file}: holds no Kubernetes manifest"));
        }
    }
}

/// Why there is nothing to show of a document.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("is no Kubernetes manifest: it has no {0}")]
    NoManifest(&'static str),
    #[error("is an admission request, which is not shown; give the object in it")]
    Request,
    #[error("{0}")]
    Unreadable(String),
}

/// The object in a document; `None` where it holds no pod. The error has its line.
fn of_document(
    document: &Document<'_>,
    settings: &Settings,
) -> Result<Option<Shown>, (usize, Problem)> {
    if matches!(Subject::of(document), Ok(Some(subject)) if subject.is_request()) {
        return Err((document.line(""), Problem::Request));
    }
    let says = |key: &str| document.text(&[key]).is_some();
    if let Some(missing) = ["apiVersion", "kind"].into_iter().find(|key| !says(key)) {
        return Err((document.line(missing), Problem::NoManifest(missing)));
    }
    let problem = |error: ReadError| {
        let line = match &error {
            ReadError::Invalid { path, .. } => document.line(&path.to_string()),
            ReadError::NotJson(_) => document.line(""),
        };
        (line, Problem::Unreadable(error.to_string()))
    };
    let object = serde_json::value::to_raw_value(document)
        .map_err(|error| problem(ReadError::NotJson(error.to_string())))?;
    let text = |key| document.text(&[key]).unwrap_or_default();
    let (group, _) = text("apiVersion").split_once('/').unwrap_or_default();
    effective::show(&object, (group, text("kind")), settings).map_err(problem)
}
