//! The version of Cargo.toml, in the files that are written by hand.

use super::*;

/// The files with the version, and the text before it. Other files are generated from these.
const VERSIONS: [(&str, &str); 29] = [
    ("metadata.yml", "io.kubewarden.policy.version: "),
    ("README.md", "/eci-security-context:v"),
    ("README.md", "?ref=v"),
    ("README.md", "/releases/download/v"),
    ("README.md", "/eci-security-context-chart-"),
    (TWINS[0], "/eci-security-context:v"),
    (TWINS[1], "/eci-security-context:v"),
    ("deploy/group/group.yaml", "/eci-security-context:v"),
    ("deploy/chart/Chart.yaml", "\nversion: "),
    ("deploy/chart/Chart.yaml", "\nappVersion: "),
    ("deploy/README.md", "?ref=v"),
    ("deploy/README.md", "/releases/download/v"),
    ("deploy/README.md", "/eci-security-context-chart-"),
    ("editors/vscode/package.json", "\"version\": \""),
    (
        "editors/vscode/package-lock.json",
        "\"name\": \"eci-policy\",\n  \"version\": \"",
    ),
    (
        "editors/vscode/package-lock.json",
        "\"name\": \"eci-policy\",\n      \"version\": \"",
    ),
    ("docs/editors.md", "eci-security-context-vscode-"),
    ("docs/releasing.md", "TAG=v"),
    ("docs/releasing.md", "release.yml@refs/tags/v"),
    ("docs/releasing.md", "/eci-security-context:v"),
    ("docs/releasing.md", "/eci-policy:v"),
    ("docs/releasing.md", "gh release download v"),
    ("docs/releasing.md", "npm publish eci-security-context-npm-"),
    ("docs/operating.md", "?ref=v"),
    ("docs/command.md", "/releases/download/v"),
    ("docs/command.md", "eci-policy-v"),
    ("docs/command.md", "    rev: v"),
    ("docs/command.md", "/eci-policy:v"),
    ("docs/command.md", "/eci-security-context@v"),
];

/// The text of a file, with the version of Cargo.toml where it has one.
pub(crate) fn updated(file: &str, text: String) -> String {
    let places = VERSIONS.iter().filter(|(of, _)| *of == file);
    places.fold(text, |text, (_, before)| {
        let mut parts = text.split(before);
        let mut updated = parts.next().unwrap().to_owned();
        let mut count = 0;
        for part in parts {
            let rest = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
            let old = part.strip_suffix(rest).unwrap().trim_end_matches('.');
            let new = if old.is_empty() { "" } else { VERSION };
            count += usize::from(!old.is_empty());
            updated.extend([before, new, part.strip_prefix(old).unwrap()]);
        }
        assert!(count > 0, "{file} has no version after {before:?}");
        updated
    })
}

#[test]
fn one_version() {
    for (file, _) in VERSIONS {
        held(file, &text(file));
    }
    // A person writes the entries of the changelog.
    let changelog = text("CHANGELOG.md");
    let (_, newest) = changelog.split_once("\n## [").unwrap();
    assert!(
        newest.starts_with(&format!("{VERSION}]")),
        "the newest entry of CHANGELOG.md is not of {VERSION}, the version in Cargo.toml"
    );
}
