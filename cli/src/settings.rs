//! The settings from a file and the command line.

use std::fs;
use std::path::Path;

use eci_manifest::{Document, documents};
use eci_security_context::policy::parse;
use eci_security_context::policy::section::SettingsErrors;
use eci_security_context::policy::settings::Settings;
use eci_text::catalogue::profile_of;
use serde_json::{Value, json};

use crate::args::SettingsArgs;
use crate::failure::Failure;
use crate::input::plain;
use crate::report::Lines;

/// Settings that are not checked yet.
#[derive(Debug, Clone)]
pub(crate) struct Raw {
    /// The settings.
    pub(crate) value: Value,
    /// Where they stand, if a file has them.
    pub(crate) place: Option<Place>,
}

/// A value in a file, for the position of an error in it.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The name of the file.
    pub(crate) file: String,
    /// The content of the file.
    pub(crate) text: String,
    /// The index of the document.
    pub(crate) document: usize,
    /// The path of the value in it.
    pub(crate) path: &'static str,
}

impl Place {
    /// Returns the errors as lines, each with its position.
    pub(crate) fn failure(&self, errors: &SettingsErrors) -> Failure {
        let documents = documents(&self.text).unwrap_or_default();
        let document = documents.get(self.document);
        let lines = Lines::of(&self.text);
        let mut told = Vec::new();
        for error in errors.list() {
            let separator = match (self.path, error.path.as_str()) {
                ("", _) | (_, "") => "",
                _ => ".",
            };
            let path = format!("{}{separator}{}", self.path, error.path);
            let start = document.map_or(0, |document| document.span(&path).start);
            let (line, column) = lines.at(start);
            told.push((start, format!("{}:{line}:{column}: {error}", self.file)));
        }
        told.sort_by_key(|(start, _)| *start);
        let told: Vec<_> = told.into_iter().map(|(_, line)| line).collect();
        Failure::new(told.join("\n"))
    }
}

impl Raw {
    /// Returns the checked settings, with those of the command line.
    ///
    /// # Errors
    /// If the settings are not valid, or there is no such profile.
    pub(crate) fn check(&self, args: &SettingsArgs) -> Result<Settings, Failure> {
        // The command cannot request a Namespace from a cluster. If every pod runs on ECI, it does not need one.
        let can_ask = args.assume_eci || args.has_namespaces;
        let parsed = parse::settings(&self.value.to_string(), can_ask);
        let mut settings = parsed.map_err(|errors| match &self.place {
            Some(place) => place.failure(&errors),
            None => Failure::new(errors.to_string()),
        })?;
        if let Some(name) = &args.profile {
            settings.account.profile = profile_of(name).map_err(Failure::new)?;
        }
        settings.scope.assume_eci |= args.assume_eci;
        Ok(settings)
    }
}

impl Default for Raw {
    fn default() -> Self {
        Self {
            value: json!({}),
            place: None,
        }
    }
}

/// Returns the content of a file.
pub(crate) fn text_of(file: &Path) -> Result<String, Failure> {
    let failed = |error| format!("{}: cannot be read: {}", file.display(), plain(&error));
    fs::read_to_string(file).map_err(|error| Failure::new(failed(error)))
}

/// Returns the unchecked settings in a file: its document, the `spec.settings` of a Kubewarden policy, or the `settings`
/// of a chart's values.
pub(crate) fn read(file: &Path) -> Result<Raw, Failure> {
    let failed = |problem: String| Failure::new(format!("{}: {problem}", file.display()));
    let text = text_of(file)?;
    let documents = documents(&text).map_err(|error| failed(error.to_string()))?;
    let values: Vec<Value> = documents.iter().map(Document::value).collect();
    let mut policies = (0..).zip(&values).filter(|(_, value)| is_policy(value));
    let (document, path) = match (policies.next(), policies.next(), values.as_slice()) {
        (Some((index, _)), None, _) => (index, "spec.settings"),
        (Some(_), Some(_), _) => {
            let problem = "has several policies; use a file with one";
            return Err(failed(problem.to_owned()));
        }
        (None, _, [object]) if object.get("apiVersion").is_some() => {
            let kind = object.get("kind").and_then(Value::as_str);
            return Err(failed(format!(
                "is {}; use settings, a Kubewarden policy with settings, or the values of the chart",
                kind.map_or_else(|| "not settings".to_owned(), |kind| format!("a {kind}"))
            )));
        }
        (None, _, [values]) if values.get("settings").is_some() => (0, "settings"),
        (None, _, [_] | []) => (0, ""),
        (None, ..) => {
            let problem = "has several documents; settings are one document";
            return Err(failed(problem.to_owned()));
        }
    };
    let pointer = path.split('.').filter(|key| !key.is_empty());
    let pointer: String = pointer.map(|key| format!("/{key}")).collect();
    let value = values
        .get(document)
        .and_then(|value| value.pointer(&pointer));
    Ok(Raw {
        value: value
            .filter(|value| !value.is_null())
            .cloned()
            .unwrap_or_else(|| json!({})),
        place: Some(Place {
            file: file.display().to_string(),
            text,
            document,
            path,
        }),
    })
}

fn is_policy(document: &Value) -> bool {
    let kind = document.get("kind").and_then(Value::as_str);
    let group = document
        .get("apiVersion")
        .and_then(Value::as_str)
        .unwrap_or_default();
    group.starts_with("policies.kubewarden.io/")
        && matches!(kind, Some("ClusterAdmissionPolicy" | "AdmissionPolicy"))
}
