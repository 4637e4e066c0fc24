//! Imports in `src/` point one way: down the list of layers in `src/lib.rs`, and never in a circle.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The layers, the top one first. Those in a row do not import each other.
const LAYERS: &[&[&str]] = &[
    &["kubewarden"],
    &["review"],
    &["policy"],
    &["rules"],
    &["pod"],
    &["fix"],
    &["eci"],
    &["json"],
    &["path"],
    &["quantity", "glob", "text"],
];

/// The modules of `src/`, each with the modules of the crate that it imports.
fn imports() -> BTreeMap<String, BTreeSet<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = vec![root.clone()];
    let mut modules = BTreeMap::new();
    while let Some(file) = files.pop() {
        if file.is_dir() {
            files.extend(
                fs::read_dir(&file)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else if file.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&file).unwrap();
            modules.insert(module_of(file.strip_prefix(&root).unwrap()), text);
        }
    }
    modules.remove("lib");
    let names: BTreeSet<String> = modules.keys().cloned().collect();
    modules
        .into_iter()
        .map(|(module, text)| {
            let imported = imported(&module, &text, &names);
            (module, imported)
        })
        .collect()
}

fn module_of(file: &Path) -> String {
    let file: PathBuf = match file.ends_with("mod.rs") {
        true => file.parent().unwrap().to_owned(),
        false => file.with_extension(""),
    };
    file.iter()
        .map(|part| part.to_str().unwrap())
        .collect::<Vec<_>>()
        .join("::")
}

/// The modules that a file imports, the unit tests at its foot left out.
fn imported(module: &str, text: &str, names: &BTreeSet<String>) -> BTreeSet<String> {
    let code = text.split("#[cfg(test)]").next().unwrap();
    let code: String = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect();
    // A macro names the module that it is used from.
    let code = code.replace("$crate::", "");
    let parent = module.rsplit_once("::").map_or("", |(parent, _)| parent);
    let mut found = BTreeSet::new();
    for (start, parent) in [("crate::", ""), ("super::", parent), ("use ", module)] {
        for path in code.split(start).skip(1) {
            let mut longest = parent.to_owned();
            let end = path
                .find(|c: char| !c.is_alphanumeric() && !"_:".contains(c))
                .unwrap_or(path.len());
            for step in path.split_at(end).0.split("::") {
                let longer = if longest.is_empty() {
                    step.to_owned()
                } else {
                    format!("{longest}::{step}")
                };
                if !names.contains(&longer) {
                    break;
                }
                longest = longer;
            }
            found.insert(longest);
        }
    }
    found.remove("");
    found.remove(module);
    found
}

fn layer(module: &str) -> usize {
    let top = module.split("::").next().unwrap();
    let found = LAYERS.iter().position(|layer| layer.contains(&top));
    found.unwrap_or_else(|| {
        panic!("{top} is not in LAYERS of tests/layers.rs: add it, and to the list in src/lib.rs")
    })
}

#[test]
fn imports_point_down() {
    for (module, imported) in imports() {
        for other in imported {
            let is_same_room = module.split("::").next() == other.split("::").next();
            assert!(
                is_same_room || layer(&module) < layer(&other),
                "{module} imports {other}, which is not below it (see src/lib.rs)"
            );
        }
    }
}

#[test]
fn imports_have_no_circle() {
    let imports = imports();
    let mut open: BTreeMap<&String, BTreeSet<&String>> = imports
        .iter()
        .map(|(module, imported)| (module, imported.iter().collect()))
        .collect();
    // Modules that import nothing are taken away until none is left, or only circles are.
    while let Some(done) = open
        .iter()
        .find(|(_, imported)| imported.is_empty())
        .map(|(module, _)| *module)
    {
        open.remove(done);
        open.values_mut()
            .for_each(|imported| _ = imported.remove(done));
    }
    assert!(
        open.is_empty(),
        "these modules import each other in a circle, or from one: {:#?}",
        open
    );
}
