//! Files that a kustomization lists as patches. They are not repaired, like other parts of objects.

use std::fs;
use std::path::{Path, PathBuf};

use eci_manifest::Document;
use eci_text::partial::HELP;
use serde_json::Value;

use crate::input::{Source, folder_of, is_manifest, repository_of};
use crate::report::FileReport;

/// The lists of patches in a kustomization.
const PATCHES: [&str; 3] = ["patches", "patchesStrategicMerge", "patchesJson6902"];

/// The names of a kustomization.
const KUSTOMIZATIONS: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Removes the repairs of a file that a kustomization above it lists as a patch.
pub(crate) fn leave_patch(source: &Source, report: &mut FileReport) {
    let (Source::Named(path) | Source::Found(path)) = source else {
        return;
    };
    if report.found.iter().all(|found| found.fix.is_none()) {
        return;
    }
    if let Some(kustomization) = kustomization_of(path) {
        let directory = std::env::current_dir().unwrap_or_default();
        let kustomization = kustomization
            .strip_prefix(directory)
            .unwrap_or(&kustomization);
        let reason = format!("{} lists it as a patch", kustomization.display());
        report.leave(None, &reason, HELP);
    }
}

/// Returns the kustomization that lists a file as a patch: beside it, or above it up to the root of the repository.
fn kustomization_of(path: &Path) -> Option<PathBuf> {
    let path = path.canonicalize().ok()?;
    let root = repository_of(&path);
    for directory in path.ancestors().skip(1) {
        for name in KUSTOMIZATIONS {
            let file = directory.join(name);
            let is_patch = |patch: PathBuf| patch.canonicalize().is_ok_and(|patch| patch == path);
            if patches(&file).into_iter().any(is_patch) {
                return Some(file);
            }
        }
        if Some(directory) == root {
            break;
        }
    }
    None
}

/// Returns the files that a kustomization lists as patches.
fn patches(kustomization: &Path) -> Vec<PathBuf> {
    let directory = kustomization.parent().unwrap_or(Path::new(""));
    let path = |patch: Value| {
        let path = patch.get("path").unwrap_or(&patch).as_str()?;
        Some(directory.join(path))
    };
    let patches = listed(kustomization, &PATCHES).into_iter();
    patches.filter_map(path).collect()
}

/// Returns the hint for a kustomization that changes other objects, whose files alone do not show what is built.
pub(crate) fn overlay_hint(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let is_file = |resource: &Value| {
        resource
            .as_str()
            .is_some_and(|name| is_manifest(Path::new(name)))
    };
    let is_overlay = || {
        !listed(path, &PATCHES).is_empty()
            || !listed(path, &["resources", "components"])
                .iter()
                .all(is_file)
    };
    let directory = folder_of(path).display();
    (KUSTOMIZATIONS.contains(&name) && is_overlay()).then(|| {
        format!("kustomizations are not built; check the built objects: kustomize build {directory} | eci-policy check -")
    })
}

/// Returns the items of lists of a kustomization; none where it cannot be read.
fn listed(kustomization: &Path, lists: &[&str]) -> Vec<Value> {
    let text = fs::read_to_string(kustomization).unwrap_or_default();
    let documents = eci_manifest::documents(&text).unwrap_or_default();
    let values = documents.iter().map(Document::value);
    let items = values.flat_map(|value| {
        let lists = lists
            .iter()
            .map(|list| value.get(list).and_then(Value::as_array).cloned());
        lists.flatten().flatten().collect::<Vec<_>>()
    });
    items.collect()
}
