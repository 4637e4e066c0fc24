//! The tag, the version and the changelog of a release.

use super::*;

#[test]
fn a_tag_is_the_version() {
    let folder = checkout("a-tag-is-the-version");
    assert_eq!(passes(&folder, &["changelog", "check", TAG], &[]), "");
    let other = format!("the tag v9.0.0 is not v{VERSION}, the version in Cargo.toml");
    for task in ["check", "notes"] {
        fails(&folder, &["changelog", task, "v9.0.0"], &[], &other);
    }
    for wrong in ["", VERSION, "v1", "v1.2.3; touch taken", "$(touch taken)"] {
        let usage = "with a tag as v0.1.0";
        fails(&folder, &["changelog", "check", wrong], &[], usage);
        assert!(!folder.join("taken").exists(), "{wrong} is taken for shell");
    }
}

#[test]
fn a_release_has_an_entry_in_the_changelog() {
    let folder = checkout("an-entry-in-the-changelog");
    let (check, notes) = (["changelog", "check", TAG], ["changelog", "notes", TAG]);
    let dated = text(folder.join("CHANGELOG.md"));
    let heading = format!("## [{VERSION}] - 2026-12-01");
    let write = |changelog: &str| std::fs::write(folder.join("CHANGELOG.md"), changelog).unwrap();

    let printed = passes(&folder, &notes, &[]);
    assert_eq!(relative_links(&printed), Vec::<&str>::new());
    let (_, entry) = dated.split_once(&heading).unwrap();
    let (entry, _) = entry.split_once("\n## ").unwrap();
    let blob = format!("]({}/blob/{TAG}/", env!("CARGO_PKG_REPOSITORY"));
    assert_eq!(printed.replace(&blob, "](").trim(), entry.trim());

    write(&dated.replace(&heading, &format!("## [{VERSION}] - unreleased")));
    fails(&folder, &check, &[], "has no date: write");
    // The notes can be read before the release.
    assert_eq!(passes(&folder, &notes, &[]), printed);
    write(&dated.replace(&heading, "## [0.0.2] - 2026-12-01"));
    let newest = "the newest entry of CHANGELOG.md is \"## [0.0.2] - 2026-12-01\"";
    fails(&folder, &check, &[], newest);
    write(&dated.replace(entry, "\n\n"));
    fails(&folder, &check, &[], "is empty: list the changes there");
    write("# Changelog\n");
    fails(&folder, &check, &[], "write the entry of");
}

#[test]
fn the_links_of_the_notes_are_to_the_files_of_the_tag() {
    let folder = checkout("links");
    let changelog = format!(
        "# Changelog\n\n## [{VERSION}] - 2026-12-01\n\n[A page](docs/a.md#part), ([two](b) [three](c/d.md));\n\
         [here](#links), [there](https://example.org/x).\n"
    );
    std::fs::write(folder.join("CHANGELOG.md"), changelog).unwrap();
    let at = format!("https://github.com/eci-security-context/eci-security-context/blob/{TAG}");
    let expected = format!(
        "[A page]({at}/docs/a.md#part), ([two]({at}/b) [three]({at}/c/d.md));\n\
         [here](#links), [there](https://example.org/x).\n"
    );
    let notes = passes(&folder, &["changelog", "notes", TAG], &[]);
    assert_eq!(notes, expected);
}

#[test]
fn the_version_is_that_of_the_workspace_package() {
    let folder = checkout("one-version");
    let manifest = text(folder.join("Cargo.toml"));
    let write = |manifest: &str| std::fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    let other = "[workspace.dependencies.other]\nversion = \"7.0.0\"\n";
    write(&format!("{other}\n{manifest}\n{other}"));
    let check = ["changelog", "check", TAG];
    assert_eq!(passes(&folder, &check, &[]), "");
    write(&manifest.replace(&format!("version = \"{VERSION}\""), ""));
    let missing = "the [workspace.package] of Cargo.toml has no \"version\": set it there";
    fails(&folder, &check, &[], missing);
}

#[test]
fn the_changelog_has_the_shape_of_keep_a_changelog() {
    let changelog = text(root("CHANGELOG.md"));
    assert!(changelog.starts_with("# Changelog\n"));
    let mut versions: Vec<Vec<u32>> = Vec::new();
    for heading in changelog.lines().filter(|line| line.starts_with("## ")) {
        let (version, date) = heading
            .strip_prefix("## [")
            .and_then(|rest| rest.split_once("] - "))
            .unwrap_or_else(|| panic!("{heading:?} is not \"## [VERSION] - DATE\""));
        let is_date = date.len() == 10 && date.split('-').map(str::len).eq([4, 2, 2]);
        let may_wait = date == "unreleased" && versions.is_empty();
        assert!(is_date || may_wait, "{heading:?} has no date");
        let numbers = version.split('.').map(|number| number.parse().unwrap());
        versions.push(numbers.collect());
    }
    let is_sorted = versions.is_sorted_by(|newer, older| newer > older);
    assert!(is_sorted, "the newest is not first: {versions:?}");
}
