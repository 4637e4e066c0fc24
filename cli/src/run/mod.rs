//! `eci-policy run`: runs a Kubewarden module on manifests, in the host that Kubewarden embeds, and shows its answers.
//! Nothing here depends on the rules.

mod answer;

use std::collections::HashMap;
use std::fmt;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use eci_host::Module;
use eci_manifest::Document;
use eci_security_context::text::one_line;
use eci_text::object::Object;
use eci_text::review::problem;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::Exit;
use crate::args::{Run, SettingsArgs};
use crate::config::Paths;
use crate::console::to_stderr;
use crate::failure::Failure;
use crate::input::{self, Source};
use crate::report::{FileReport, Problem, counted};
use crate::run::answer::{Answer, Verdict};
use crate::settings::{self, Raw};

pub(crate) fn run(run: &Run, out: &mut dyn Write) -> Result<Exit, Failure> {
    let mut verdicts = Verdicts::default();
    let mut texts = Vec::new();
    // The configuration is for the rules, and a module has its own settings.
    let paths = Paths::of(
        &run.input,
        &SettingsArgs {
            no_config: true,
            ..SettingsArgs::default()
        },
    )?;
    for (source, _) in input::sources(&paths) {
        match source.and_then(Source::read) {
            Ok(input) => texts.push(input),
            Err(error) => verdicts.report(&FileReport::from(error), ""),
        }
    }
    let mut files = Vec::new();
    for (source, text) in &texts {
        let mut report = FileReport {
            name: source.name(),
            ..FileReport::default()
        };
        let documents = documents(source, text, &mut report.problems);
        verdicts.report(&report, text);
        files.push((source.name(), text, documents));
    }
    let settings = run.settings.as_deref();
    let settings = settings.map_or_else(|| Ok(Raw::default()), settings::read)?;
    let documents = files.iter().flat_map(|(_, _, documents)| documents);
    let policy = Policy::load(&run.module, settings.value, documents)?;
    for (file, text, documents) in &files {
        for document in documents {
            match policy.judge(file, document, out) {
                Ok(verdict) => verdicts.count(verdict),
                Err(RunError::Failure(failure @ Failure::Write(_))) => return Err(failure),
                Err(error) => {
                    // So that a terminal shows the earlier verdicts before the error.
                    out.flush()?;
                    let problem = match error {
                        RunError::Problem(problem) => problem,
                        RunError::Failure(failure) => {
                            Problem::failure(Some(document.span("")), failure.to_string())
                        }
                    };
                    let report = FileReport {
                        name: file.clone(),
                        problems: vec![problem],
                        ..FileReport::default()
                    };
                    verdicts.report(&report, text);
                }
            }
        }
    }
    writeln!(out, "{verdicts}")?;
    Ok(match verdicts {
        Verdicts { failed: 1.., .. } => Exit::Failed,
        Verdicts { denied: 1.., .. } => Exit::Denied,
        _ => Exit::Clean,
    })
}

/// Returns the documents of a text. Of a file in a directory, those that are not Kubernetes objects are skipped.
fn documents<'t>(source: &Source, text: &'t str, problems: &mut Vec<Problem>) -> Vec<Document<'t>> {
    let mut documents = Vec::new();
    for part in eci_manifest::parts(text) {
        match part.documents() {
            Ok(mut read) => documents.append(&mut read),
            Err(error) => problems.push(problem(&part, &error)),
        }
    }
    let is_found = matches!(source, Source::Found(_));
    documents.retain(|document| !is_found || !matches!(Object::of(document), Ok(None)));
    documents
}

/// The number of documents by verdict.
#[derive(Debug, Default, PartialEq, Eq)]
struct Verdicts {
    accepted: usize,
    repaired: usize,
    denied: usize,
    failed: usize,
}

impl Verdicts {
    fn count(&mut self, verdict: Verdict) {
        *match verdict {
            Verdict::Accepted => &mut self.accepted,
            Verdict::Repaired => &mut self.repaired,
            Verdict::Denied => &mut self.denied,
        } += 1;
    }

    /// Counts and prints the problems of a file.
    fn report(&mut self, report: &FileReport, text: &str) {
        report.problem_lines(text, true).iter().for_each(to_stderr);
        let failures = report
            .problems
            .iter()
            .filter(|problem| !problem.is_remark());
        self.failed += failures.count();
    }
}

impl fmt::Display for Verdicts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            accepted,
            repaired,
            denied,
            failed,
        } = self;
        let documents = counted(accepted + repaired + denied, "document");
        write!(
            f,
            "{documents}: {accepted} accepted, {repaired} repaired, {denied} denied"
        )?;
        match failed {
            0 => Ok(()),
            failed => write!(f, "; {failed} could not be judged"),
        }
    }
}

/// The reason why a document has no verdict.
enum RunError {
    Problem(Problem),
    Failure(Failure),
}

impl<E: Into<Failure>> From<E> for RunError {
    fn from(error: E) -> Self {
        Self::Failure(error.into())
    }
}

/// The module with its settings, and the Namespaces that it may request.
struct Policy {
    module: Module,
    settings: Value,
    /// The Namespaces in the files, by name.
    namespaces: Arc<HashMap<String, Value>>,
}

/// The answer of `validate_settings`.
#[derive(Debug, Deserialize)]
struct SettingsAnswer {
    valid: bool,
    message: Option<String>,
}

impl Policy {
    /// Loads the module and lets it check the settings.
    fn load<'d>(
        module: &Path,
        settings: Value,
        documents: impl Iterator<Item = &'d Document<'d>>,
    ) -> Result<Self, Failure> {
        let namespaces = documents.filter(|document| document.text(&["kind"]) == Some("Namespace"));
        let namespaces = namespaces.filter_map(|document| {
            let name = document.text(&["metadata", "name"])?;
            Some((name.to_owned(), document.value()))
        });
        let policy = Self {
            namespaces: Arc::new(namespaces.collect()),
            module: Module::load(module).map_err(|error| Failure::new(error.to_string()))?,
            settings,
        };
        match policy.call("validate_settings", &policy.settings)? {
            SettingsAnswer { valid: true, .. } => Ok(policy),
            SettingsAnswer { message, .. } => {
                let message = message.unwrap_or_else(|| "no reason given".to_owned());
                Err(Failure::new(format!(
                    "the settings are not valid: {message}"
                )))
            }
        }
    }

    fn call<T: DeserializeOwned>(&self, function: &str, payload: &Value) -> Result<T, Failure> {
        let namespaces = Arc::clone(&self.namespaces);
        let namespace = move |name: &str| {
            let namespace = namespaces.get(name).cloned();
            namespace.ok_or_else(|| format!("the Namespace `{name}` is not in the files"))
        };
        let payload = payload.to_string();
        let answer = self.module.call(function, payload.as_bytes(), namespace);
        let answer = answer.map_err(|error| Failure::new(error.to_string()))?;
        serde_json::from_slice(&answer).map_err(|error| {
            let message = format!("the answer of `{function}` is not one of a Kubewarden policy");
            Failure::new(format!("{message}: {error}"))
        })
    }

    fn judge(
        &self,
        file: &str,
        document: &Document<'_>,
        out: &mut dyn Write,
    ) -> Result<Verdict, RunError> {
        let object = Object::of(document).map_err(RunError::Problem)?;
        let request = eci_manifest::request_of(&document.value());
        let payload = json!({ "request": request, "settings": self.settings });
        let answer: Answer = self.call("validate", &payload)?;
        let name = object
            .as_ref()
            .map_or_else(|| "document".to_owned(), |object| object.name.to_string());
        let at = |path: &str| {
            let line = object.as_ref().map(|object| object.line(path));
            let line = line.unwrap_or_else(|| document.line(""));
            format!("{}:{line}", one_line(file))
        };
        Ok(answer.write(&name, request.get("object"), &at, out)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdicts_are_counted() {
        let mut verdicts = Verdicts {
            failed: 1,
            ..Verdicts::default()
        };
        assert_eq!(
            verdicts.to_string(),
            "0 documents: 0 accepted, 0 repaired, 0 denied; 1 could not be judged"
        );
        verdicts = Verdicts::default();
        verdicts.count(Verdict::Repaired);
        assert_eq!(
            verdicts.to_string(),
            "1 document: 0 accepted, 1 repaired, 0 denied"
        );
    }
}
