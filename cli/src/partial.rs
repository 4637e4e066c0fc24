//! Objects that are only a part of one, such as kustomize's patches. They are not repaired: the built object has other
//! fields, and a repair of the part would override them.

use std::fs;
use std::path::{Path, PathBuf};

use eci_manifest::Document;
use eci_security_context::json::RawValue;
use eci_security_context::pod::ContainerList;
use eci_security_context::pod::template::Location;
use eci_security_context::review::read::Pieces;
use serde_json::Value;

use crate::input::Source;
use crate::report::FileReport;

/// The way to check the built objects.
pub(crate) const HELP: &str =
    "check the built objects: kustomize build DIRECTORY | eci-policy check -";

/// The keys by which a patch says how it is merged.
const DIRECTIVES: [&str; 4] = [
    "\"$patch\":",
    "\"$retainKeys\":",
    "\"$setElementOrder/",
    "\"$deleteFromPrimitiveList/",
];

/// The names of a kustomization.
const KUSTOMIZATIONS: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Returns the reason why an object of this group and kind is only a part of one, if it is.
pub(crate) fn of_object(object: &RawValue, (group, kind): (&str, &str)) -> Option<&'static str> {
    let has_directive = DIRECTIVES
        .iter()
        .any(|directive| object.get().contains(directive));
    if has_directive {
        return Some("it has directives of a patch");
    }
    let location = Location::of_kind(group, kind).or_else(|| Location::find(object.get()))?;
    let pieces = Pieces::read(object, location).ok()??;
    let spec = pieces.checked().ok()?.spec;
    let mut containers = ContainerList::ALL
        .iter()
        .flat_map(|list| list.of(spec).items());
    containers
        .any(|container| container.image.is_none())
        .then_some("a container has no image")
}

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
    for directory in path.ancestors().skip(1) {
        for name in KUSTOMIZATIONS {
            let file = directory.join(name);
            let is_patch = |patch: PathBuf| patch.canonicalize().is_ok_and(|patch| patch == path);
            if patches(&file).into_iter().any(is_patch) {
                return Some(file);
            }
        }
        if directory.join(".git").exists() {
            break;
        }
    }
    None
}

/// Returns the files that a kustomization lists as patches; none where it cannot be read.
fn patches(kustomization: &Path) -> Vec<PathBuf> {
    let text = fs::read_to_string(kustomization).unwrap_or_default();
    let documents = eci_manifest::documents(&text).unwrap_or_default();
    let directory = kustomization.parent().unwrap_or(Path::new(""));
    let fields = ["patches", "patchesStrategicMerge", "patchesJson6902"];
    let listed = documents.iter().map(Document::value).flat_map(|value| {
        let lists = fields.map(|field| value.get(field).and_then(Value::as_array).cloned());
        lists.into_iter().flatten().flatten()
    });
    let path = |patch: Value| {
        let path = patch.get("path").unwrap_or(&patch).as_str()?;
        Some(directory.join(path))
    };
    listed.filter_map(path).collect()
}
