//! `eci-policy run`: judges manifests with a module, as a cluster would. It knows no rule: what it shows is what the
//! module answers.

mod answer;
mod diff;
mod report;

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use eci_host::Module;
use eci_manifest::Document;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::Exit;
use crate::args::Run;
use crate::console::tell;
use crate::failure::Failure;
use crate::input::{self, Source};
use crate::judge::Subject;
use crate::run::answer::{Answer, SettingsAnswer};
use crate::run::report::{Judged, Totals, Verdict};
use crate::settings;

/// Ends as `check` does: with [`Exit::Denied`] where the module denies something.
pub(crate) fn run(run: &Run, out: &mut dyn Write) -> Result<Exit, Failure> {
    let mut totals = Totals::default();
    let mut texts = Vec::new();
    for source in input::sources(&run.input.paths) {
        match source {
            Ok(source) => match source.read() {
                Ok(text) => texts.push((source, text)),
                Err(message) => totals.miss(&format!("{}: {message}", source.name())),
            },
            Err(obstacle) if obstacle.is_harmless => {
                tell(format_args!("{}: {}", obstacle.name, obstacle.message));
            }
            Err(obstacle) => totals.miss(&format!("{}: {}", obstacle.name, obstacle.message)),
        }
    }
    let mut files = Vec::new();
    for (source, text) in &texts {
        match documents(source, text) {
            Ok(documents) => files.push((source.name(), documents)),
            Err(error) => totals.miss(&format!("{}: {error}", source.name())),
        }
    }
    let settings = run
        .settings
        .as_deref()
        .map_or_else(|| Ok(json!({})), settings::read)?;
    let policy = Policy::load(&run.module, settings, &files)?;
    for (file, documents) in &files {
        for document in documents {
            if let Err(problem) = Subject::of(document) {
                totals.miss(&format!(
                    "{file}:{}: {}",
                    document.line(""),
                    problem.message
                ));
                continue;
            }
            match policy.judge(file, document, out) {
                Ok(verdict) => totals.count(verdict),
                Err(failure @ Failure::Write(_)) => return Err(failure),
                Err(failure) => {
                    // What was judged before it stands before it on a terminal, too.
                    out.flush()?;
                    totals.miss(&format!("{file}:{}: {failure}", document.line("")));
                }
            }
        }
    }
    writeln!(out, "{totals}")?;
    Ok(match totals {
        Totals { failed: 1.., .. } => Exit::Failed,
        Totals { denied: 1.., .. } => Exit::Denied,
        _ => Exit::Clean,
    })
}

/// The documents of a text: of a file that was only found, those that are Kubernetes'.
fn documents<'t>(source: &Source, text: &'t str) -> Result<Vec<Document<'t>>, eci_manifest::Error> {
    let mut documents = eci_manifest::documents(text)?;
    documents.retain(|document| {
        !matches!(source, Source::Found(_)) || !matches!(Subject::of(document), Ok(None))
    });
    Ok(documents)
}

/// The module with its settings, and the Namespaces it may ask for.
struct Policy {
    module: Module,
    settings: Value,
    /// By name, from the files.
    namespaces: Arc<HashMap<String, Value>>,
}

impl Policy {
    /// Loads the module, and has it check the settings.
    fn load(
        module: &Path,
        settings: Value,
        files: &[(String, Vec<Document<'_>>)],
    ) -> Result<Self, Failure> {
        let documents = files.iter().flat_map(|(_, documents)| documents);
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
        let answer = self
            .module
            .call(function, payload.to_string().as_bytes(), move |name| {
                let namespace = namespaces.get(name).cloned();
                namespace.ok_or_else(|| format!("none of the files holds the Namespace `{name}`"))
            });
        let answer = answer.map_err(|error| Failure::new(error.to_string()))?;
        serde_json::from_slice(&answer).map_err(|error| unlikely(function, &error))
    }

    fn judge(
        &self,
        file: &str,
        document: &Document<'_>,
        out: &mut dyn Write,
    ) -> Result<Verdict, Failure> {
        let value = document.value();
        let request = eci_manifest::request_of(&value);
        let answer: Answer = self.call(
            "validate",
            &json!({ "request": request, "settings": self.settings }),
        )?;
        let findings = answer
            .findings()
            .map_err(|error| unlikely("validate", &error))?;
        let object = object_path(&value, request.get("object"));
        let line = |path: &str| document.line(&format!("{object}{path}"));
        let judged = Judged {
            file,
            line: &line,
            request: &request,
            answer: &answer,
            findings: &findings,
        };
        Ok(judged.write(out)?)
    }
}

/// What is said of an answer that cannot be read.
fn unlikely(function: &str, error: &serde_json::Error) -> Failure {
    Failure::new(format!(
        "`{function}` answered what no Kubewarden policy would: {error}"
    ))
}

/// The path of a request's object in the document that it comes from.
fn object_path(document: &Value, object: Option<&Value>) -> &'static str {
    let paths = [
        ("/request/object", "request.object."),
        ("/object", "object."),
    ];
    let path = paths.iter().find(|(pointer, _)| {
        document
            .pointer(pointer)
            .is_some_and(|at| Some(at) == object)
    });
    path.map_or("", |(_, path)| path)
}
