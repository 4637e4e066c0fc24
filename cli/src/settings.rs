//! The settings from a file and the command line.

use std::path::Path;

use eci_security_context::eci::profile::{self, OPENAPI, PROFILES, Profile};
use eci_security_context::policy::parse;
use eci_security_context::policy::settings::{LATEST, Settings};
use serde_json::{Value, json};

use crate::args::SettingsArgs;
use crate::failure::Failure;
use crate::input::plain;

/// Returns the checked settings.
///
/// # Errors
/// If the file cannot be read or has no valid settings, or there is no such profile.
pub(crate) fn load(args: &SettingsArgs) -> Result<Settings, Failure> {
    let raw = args
        .settings
        .as_deref()
        .map_or_else(|| Ok(json!({})), read)?;
    // The command cannot request a Namespace from a cluster. If every pod runs on ECI, it does not need one.
    let parsed = parse::settings(&raw.to_string(), args.assume_eci);
    let mut settings = parsed.map_err(|error| match &args.settings {
        Some(file) => Failure::new(format!("{}: {error}", file.display())),
        None => Failure::new(error.to_string()),
    })?;
    if let Some(name) = &args.profile {
        settings.account.profile = profile_of(name)?;
    }
    settings.scope.assume_eci |= args.assume_eci;
    Ok(settings)
}

/// Returns the profile of this name.
pub(crate) fn profile_of(name: &str) -> Result<&'static Profile, Failure> {
    let known = PROFILES
        .iter()
        .copied()
        .find(|profile| profile.name == name);
    known
        .or_else(|| (name == LATEST).then(profile::latest))
        .ok_or_else(|| {
            if name == OPENAPI.name {
                return Failure::new(format!(
                    "the profile {name} is always used for requests to ECI's API; remove --profile"
                ));
            }
            let names: Vec<_> = PROFILES
                .iter()
                .map(|profile| profile.name)
                .chain([LATEST])
                .collect();
            Failure::new(format!(
                "there is no profile {name:?}; there are {}",
                names.join(", ")
            ))
        })
}

/// Returns the unchecked settings in a file: its document, or the `spec.settings` of a Kubewarden policy.
pub(crate) fn read(file: &Path) -> Result<Value, Failure> {
    let failed = |problem: String| Failure::new(format!("{}: {problem}", file.display()));
    let text = std::fs::read_to_string(file)
        .map_err(|error| failed(format!("cannot be read: {}", plain(&error))))?;
    let documents = eci_manifest::documents(&text).map_err(|error| failed(error.to_string()))?;
    let documents: Vec<Value> = documents
        .iter()
        .map(eci_manifest::Document::value)
        .collect();
    let mut policies = documents.iter().filter(|document| is_policy(document));
    match (policies.next(), policies.next(), documents.as_slice()) {
        (Some(policy), None, _) => Ok(policy
            .pointer("/spec/settings")
            .filter(|found| !found.is_null())
            .cloned()
            .unwrap_or_else(|| json!({}))),
        (Some(_), Some(_), _) => Err(failed(
            "has several policies; use a file with one".to_owned(),
        )),
        (None, _, []) => Ok(json!({})),
        (None, _, [object]) if object.get("apiVersion").is_some() => {
            let kind = object
                .get("kind")
                .and_then(Value::as_str)
                .unwrap_or("object");
            Err(failed(format!(
                "is a {kind}; use settings, or a Kubewarden policy with settings"
            )))
        }
        (None, _, [settings]) => Ok(settings.clone()),
        (None, ..) => Err(failed(
            "has several documents; settings are one document".to_owned(),
        )),
    }
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
