//! `eci-policy show`: what ECI will really run. What the policy does about it is `check`'s to say.

mod capabilities;
mod effective;
mod text;

use std::io::{Read, Write};
use std::path::Path;

use eci_manifest::Document;
use eci_security_context::json::Unreadable;
use eci_security_context::settings::Settings;
use eci_security_context::text::one_line;
use serde::Serialize;
use serde_json::Value;

use self::effective::Shown;
use crate::Exit;
use crate::args::{DataFormat, Show};
use crate::failure::Failure;
use crate::settings;

/// An object, and where it stands.
#[derive(Debug, Serialize)]
struct Located {
    /// The path as it was given; `<stdin>` for standard input.
    file: String,
    /// The line at which it begins, from 1.
    line: usize,
    /// The object.
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

impl Located {
    /// As `Deployment shop/web`.
    fn title(&self) -> String {
        let Shown { kind, namespace, name, .. } = &self.shown;
        match (namespace, name.as_str()) {
            (_, "") => format!("{kind} without a name"),
            (Some(namespace), name) => format!("{kind} {namespace}/{name}"),
            (None, name) => format!("{kind} {name}"),
        }
    }
}

/// Shows the objects that hold pods. What cannot be read is told on standard error, and the rest is shown.
///
/// # Errors
/// Where the settings are not valid, or the output takes no more.
pub(crate) fn run(show: &Show, out: &mut dyn Write) -> Result<Exit, Failure> {
    let settings = settings::load(&show.settings)?;
    let mut objects = Vec::new();
    let mut problems = Vec::new();
    for path in &show.input.paths {
        if let Err(problem) = read(path, &settings, &mut objects, &mut problems) {
            problems.push(problem);
        }
    }
    match show.format {
        DataFormat::Text => {
            if objects.is_empty() && problems.is_empty() {
                anstream::eprintln!("eci-policy: there is nothing to show: no object here holds a pod");
            }
            for (position, object) in objects.iter().enumerate() {
                if position > 0 {
                    writeln!(out)?;
                }
                text::write(object, out)?;
            }
        }
        DataFormat::Json => {
            let output = Output { version: 1, objects: &objects };
            serde_json::to_writer_pretty(&mut *out, &output).map_err(std::io::Error::from)?;
            writeln!(out)?;
        }
    }
    for problem in &problems {
        anstream::eprintln!("eci-policy: {}", one_line(problem));
    }
    Ok(if problems.is_empty() { Exit::Clean } else { Exit::Failed })
}

/// Adds the objects of a file; the error says why it has none.
fn read(
    path: &Path,
    settings: &Settings,
    objects: &mut Vec<Located>,
    problems: &mut Vec<String>,
) -> Result<(), String> {
    let is_stdin = path.as_os_str() == "-";
    let file = if is_stdin { "<stdin>".to_owned() } else { path.display().to_string() };
    let mut text = String::new();
    let content = if is_stdin {
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    let text = content.map_err(|error| format!("{file}: cannot be read: {error}"))?;
    let documents = eci_manifest::documents(&text).map_err(|error| format!("{file}: {error}"))?;
    if documents.is_empty() {
        return Err(format!("{file}: holds no Kubernetes manifest"));
    }
    for document in documents {
        let line = document.line("");
        match of_document(&document, settings) {
            Ok(Some(shown)) => objects.push(Located { file: file.clone(), line, shown }),
            Ok(None) => {}
            Err((line, problem)) => problems.push(format!("{file}:{line}: {problem}")),
        }
    }
    Ok(())
}

/// The object in a document; `None` where it holds no pod. The error has its line.
fn of_document(document: &Document, settings: &Settings) -> Result<Option<Shown>, (usize, String)> {
    let object = &document.value;
    let says = |key: &str| object.get(key).and_then(Value::as_str).is_some();
    if let Some(missing) = ["apiVersion", "kind"].into_iter().find(|key| !says(key)) {
        return Err((document.line(missing), format!("is no Kubernetes manifest: it has no {missing}")));
    }
    effective::show(object, settings).map_err(|unreadable| {
        let line = match &unreadable {
            Unreadable::WrongType { path, .. } => document.line(&path.to_string()),
            Unreadable::NotJson { .. } => document.line(""),
        };
        (line, unreadable.to_string())
    })
}
