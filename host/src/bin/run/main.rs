//! `eci-run`: judges manifests with the policy's module, as a cluster would.

mod answer;
mod diff;
mod report;

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use eci_host::Module;
use eci_manifest::Document;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::answer::{Answer, SettingsAnswer};
use crate::report::{Judged, Totals, Verdict};

const HELP: &str = "\
Judges Kubernetes manifests with the policy's WebAssembly module, in the host that Kubewarden embeds.

  eci-run pod.yaml                       what the default policy says
  eci-run --settings strict.yaml *.yaml  with settings, YAML or JSON
  kubectl get pods -A -o yaml | eci-run -
  eci-run --module build/policy.wasm review.json

A FILE holds manifests, Lists of them, AdmissionReviews or AdmissionRequests, as YAML or JSON. Where the
settings have the policy ask for a Namespace (scope.namespaceLabels), the files must hold its manifest.

  --module FILE    the module [policy.wasm]
  --settings FILE  the policy's settings [{}]
  -h, --help       this help

It ends with 0 where everything was judged, whatever the verdicts, and with 2 where something was not.
Colours only on a terminal, and never with NO_COLOR set.
";

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match run() {
        Ok(Totals { failed: 0, .. }) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(2),
        Err(failure) if is_broken_pipe(&*failure) => ExitCode::SUCCESS,
        Err(failure) => {
            anstream::eprintln!("eci-run: {failure}");
            ExitCode::from(2)
        }
    }
}

fn is_broken_pipe(failure: &(dyn std::error::Error + 'static)) -> bool {
    failure.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn run() -> Result<Totals, Failure> {
    let mut out = anstream::stdout().lock();
    let Some(arguments) = Arguments::parse(lexopt::Parser::from_env())? else {
        write!(out, "{HELP}")?;
        return Ok(Totals::default());
    };
    let mut totals = Totals::default();
    let mut files = Vec::new();
    for path in &arguments.files {
        match read(path) {
            Ok(documents) => files.push((path.display().to_string(), documents)),
            Err(failure) => {
                anstream::eprintln!("{failure}");
                totals.failed += 1;
            }
        }
    }
    let policy = Policy::load(&arguments, &files)?;
    for (file, documents) in &files {
        for document in documents {
            match policy.judge(file, document, &mut out) {
                Ok(verdict) => totals.count(verdict),
                Err(failure) if is_broken_pipe(&*failure) => return Err(failure),
                Err(failure) => {
                    anstream::eprintln!("{file}:{}: {failure}", document.line(""));
                    totals.failed += 1;
                }
            }
        }
    }
    writeln!(out, "{totals}")?;
    Ok(totals)
}

/// What the command line says.
struct Arguments {
    module: PathBuf,
    settings: Option<PathBuf>,
    files: Vec<PathBuf>,
}

impl Arguments {
    /// The arguments; none where help is asked for.
    fn parse(mut parser: lexopt::Parser) -> Result<Option<Self>, Failure> {
        use lexopt::Arg::{Long, Short, Value};
        let mut arguments = Self { module: "policy.wasm".into(), settings: None, files: Vec::new() };
        while let Some(argument) = parser.next()? {
            match argument {
                Long("help") | Short('h') => return Ok(None),
                Long("module") => arguments.module = parser.value()?.into(),
                Long("settings") => arguments.settings = Some(parser.value()?.into()),
                Value(file) => arguments.files.push(file.into()),
                other => return Err(other.unexpected().into()),
            }
        }
        if arguments.files.is_empty() {
            return Err("no FILE to judge; `eci-run --help` shows how to call it".into());
        }
        Ok(Some(arguments))
    }
}

fn read(path: &Path) -> Result<Vec<Document>, Failure> {
    let text = match path.to_str() {
        Some("-") => io::read_to_string(io::stdin()),
        _ => std::fs::read_to_string(path),
    };
    let text = text.map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(eci_manifest::documents(&text).map_err(|error| format!("{}: {error}", path.display()))?)
}

/// The module with its settings, and the Namespaces it may ask for.
struct Policy {
    module: Module,
    settings: Value,
    namespaces: Arc<HashMap<String, Value>>,
}

impl Policy {
    fn load(arguments: &Arguments, files: &[(String, Vec<Document>)]) -> Result<Self, Failure> {
        let settings = arguments.settings.as_deref().map_or_else(|| Ok(json!({})), settings)?;
        let documents = files.iter().flat_map(|(_, documents)| documents);
        let namespaces = documents.filter_map(|document| {
            let value = document.value();
            let name = value.pointer("/metadata/name")?.as_str()?;
            (value.get("kind")? == "Namespace").then(|| (name.to_owned(), value.clone()))
        });
        let policy = Self {
            module: Module::load(&arguments.module)?,
            settings,
            namespaces: Arc::new(namespaces.collect()),
        };
        match policy.call("validate_settings", &policy.settings)? {
            SettingsAnswer { valid: true, .. } => Ok(policy),
            SettingsAnswer { message, .. } => {
                let message = message.unwrap_or_else(|| "no reason given".to_owned());
                Err(format!("the settings are not valid: {message}").into())
            }
        }
    }

    fn call<T: DeserializeOwned>(&self, function: &str, payload: &Value) -> Result<T, Failure> {
        let namespaces = Arc::clone(&self.namespaces);
        let answer = self.module.call(function, &serde_json::to_vec(payload)?, move |name| {
            let namespace = namespaces.get(name).cloned();
            namespace.ok_or_else(|| format!("none of the files holds the Namespace `{name}`"))
        })?;
        serde_json::from_slice(&answer)
            .map_err(|error| format!("`{function}` answered what no Kubewarden policy would: {error}").into())
    }

    fn judge(&self, file: &str, document: &Document, out: &mut dyn Write) -> Result<Verdict, Failure> {
        let request = eci_manifest::request_of(&document.value());
        let answer: Answer =
            self.call("validate", &json!({ "request": request, "settings": self.settings }))?;
        let object = object_path(&document.value(), request.get("object"));
        let line = |path: &str| document.line(&format!("{object}{path}"));
        Ok(Judged { file, line: &line, request: &request, answer: &answer }.write(out)?)
    }
}

/// The path of a request's object in the document that it comes from.
fn object_path(document: &Value, object: Option<&Value>) -> &'static str {
    let paths = [("/request/object", "request.object."), ("/object", "object.")];
    let path =
        paths.iter().find(|(pointer, _)| document.pointer(pointer).is_some_and(|at| Some(at) == object));
    path.map_or("", |(_, path)| path)
}

fn settings(path: &Path) -> Result<Value, Failure> {
    let mut documents = read(path)?.into_iter();
    match (documents.next(), documents.next()) {
        (None, _) => Ok(json!({})),
        (Some(settings), None) => Ok(settings.value()),
        _ => Err(format!("{}: settings are one document, and here is another", path.display()).into()),
    }
}
