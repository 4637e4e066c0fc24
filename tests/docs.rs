//! The commands that the documentation names exist.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};

fn root(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

/// The Markdown pages of the repository.
fn pages() -> Vec<(String, String)> {
    let files = std::process::Command::new("git")
        .args(["ls-files", "*.md"])
        .current_dir(root(""))
        .output()
        .unwrap();
    let files = String::from_utf8(files.stdout).unwrap();
    let page = |file: &str| {
        (
            file.to_owned(),
            std::fs::read_to_string(root(file)).unwrap(),
        )
    };
    files.lines().map(page).collect()
}

/// Calls `check` with each word that follows `command` in code, and the page.
fn words_after(command: &str, check: impl Fn(&str, &str)) {
    let mut count = 0;
    for (file, page) in pages() {
        for before in ["`", "\n", "$ ", "&& "] {
            for rest in page.split(&format!("{before}{command}")).skip(1) {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c));
                check(&file, &rest[..end.unwrap_or(rest.len())]);
                count += 1;
            }
        }
    }
    assert!(count > 0, "no page names `{command}`");
}

#[test]
fn every_make_target_exists() {
    let makefile = std::fs::read_to_string(root("Makefile")).unwrap();
    words_after("make ", |file, target| {
        let exists = makefile.contains(&format!("\n{target}:"));
        assert!(exists, "{file}: the Makefile has no target {target}");
    });
}

#[test]
fn every_script_exists() {
    words_after("scripts/", |file, script| {
        let exists = root("scripts").join(script).is_file();
        assert!(exists, "{file}: there is no scripts/{script}");
    });
}
