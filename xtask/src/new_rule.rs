//! `cargo xtask new-rule`: creates the files of a rule and registers it.

use std::fs;
use std::path::Path;

use crate::Failure;

/// The catalogue, with a line `mod` and a line of `RULES` for each rule.
const CATALOGUE: &str = "src/rules/mod.rs";

/// Creates the files of the rule `name` in the repository at `root`, and prints what is left to do.
///
/// # Errors
/// If the name is not valid or a file of the rule exists. Then nothing is written.
pub(crate) fn write(root: &Path, name: &str) -> Result<(), Failure> {
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
    if !name.split('-').all(is_word) {
        return Err(format!(
            "{name:?} is not a valid name: write words of a to z with hyphens between them, such as host-ports"
        )
        .into());
    }
    let file = name.replace('-', "_");
    let fill = |template: &str| {
        template
            .replace("{name}", name)
            .replace("{file}", &file)
            .replace("{version}", env!("CARGO_PKG_VERSION"))
    };
    let catalogue = registered(&fs::read_to_string(root.join(CATALOGUE))?, &file)?;
    let files = [
        (
            format!("src/rules/{file}.rs"),
            fill(include_str!("../templates/rule.rs.txt")),
        ),
        (
            format!("src/rules/{file}.md"),
            fill(include_str!("../templates/rule.md.txt")),
        ),
        (
            format!("tests/cases/{name}.yaml"),
            fill(include_str!("../templates/cases.yaml.txt")),
        ),
    ];
    for (path, _) in &files {
        if root.join(path).exists() {
            return Err(format!("{path} exists").into());
        }
    }
    for (path, text) in &files {
        fs::write(root.join(path), text)?;
        println!("created {path}");
    }
    fs::write(root.join(CATALOGUE), catalogue)?;
    println!(
        "registered in {CATALOGUE}, as the last of RULES\n\
         \n\
         What is left:\n\
         1. docs/specification.md: the table of section 5 needs a row, in the order of RULES.\n\
         2. Fill in every TODO of the three files. A field that no rule reads yet belongs in src/pod/object.rs.\n\
         3. Run `make bless`, which writes the generated files.\n\
         4. Run `make check`, which names what is missing."
    );
    Ok(())
}

/// Returns the text of the catalogue with the rule: its module in alphabetical order, and the rule at the end of
/// `RULES`.
fn registered(catalogue: &str, file: &str) -> Result<String, Failure> {
    let module = format!("mod {file};");
    let mut lines: Vec<&str> = catalogue.lines().collect();
    if lines.contains(&module.as_str()) {
        return Err(format!("{CATALOGUE} has a rule {file}").into());
    }
    let last = lines.iter().rposition(|line| line.starts_with("mod "));
    let last = last.ok_or_else(|| format!("{CATALOGUE} has no line that begins with `mod `"))?;
    let after = |line: &str| line.starts_with("mod ") && *line > *module;
    let place = lines
        .iter()
        .position(|line| after(line))
        .unwrap_or(last + 1);
    lines.insert(place, &module);
    let rule = format!("    &{file}::RULE,");
    let end = lines.iter().rposition(|line| *line == "];");
    lines.insert(
        end.ok_or_else(|| format!("{CATALOGUE} has no end of RULES"))?,
        &rule,
    );
    Ok(lines.join("\n") + "\n")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::path::PathBuf;

    use super::*;

    const RULES: &str = "mod host_path;\nmod privileged;\n\nRULES = &[\n    &privileged::RULE,\n    &host_path::RULE,\n];\n";

    fn repository() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for folder in ["src/rules", "tests/cases"] {
            fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        fs::write(root.path().join(CATALOGUE), RULES).unwrap();
        root
    }

    fn files(root: &Path) -> Vec<PathBuf> {
        let mut files: Vec<_> = ["src/rules", "tests/cases"]
            .iter()
            .flat_map(|folder| fs::read_dir(root.join(folder)).unwrap())
            .map(|entry| entry.unwrap().path().strip_prefix(root).unwrap().to_owned())
            .collect();
        files.sort();
        files
    }

    #[test]
    fn a_rule_gets_its_files_and_two_lines() {
        let root = repository();
        write(root.path(), "host-ports").unwrap();
        let expected = [
            "src/rules/host_ports.md",
            "src/rules/host_ports.rs",
            CATALOGUE,
            "tests/cases/host-ports.yaml",
        ];
        assert_eq!(files(root.path()), expected.map(PathBuf::from));
        let read = |path| fs::read_to_string(root.path().join(path)).unwrap();
        assert_eq!(
            read(CATALOGUE),
            "mod host_path;\nmod host_ports;\nmod privileged;\n\nRULES = &[\n    &privileged::RULE,\n    &host_path::RULE,\n    &host_ports::RULE,\n];\n"
        );
        let rule = read("src/rules/host_ports.rs");
        assert!(rule.contains("id: \"host-ports\""), "{rule}");
        assert!(rule.contains("docs!(\"host_ports.md\")"), "{rule}");
        let page = read("src/rules/host_ports.md");
        for part in [
            "**Why.**",
            "```yaml bad",
            "```yaml good",
            "**The way out.**",
        ] {
            assert_eq!(page.matches(part).count(), 1, "{part}");
        }
        for file in expected {
            assert!(!read(file).contains("{name}") && !read(file).contains("{file}"));
        }
        let cases = eci_corpus::read_all(&root.path().join("tests/cases"));
        let cases: Vec<_> = cases.iter().map(|case| &*case.name).collect();
        assert_eq!(cases, ["host-ports/accepted"]);
    }

    #[test]
    fn a_rule_can_be_the_first_or_the_last_module() {
        for (file, line) in [("a", 0), ("zone", 2)] {
            let catalogue = registered(RULES, file).unwrap();
            assert_eq!(catalogue.lines().nth(line), Some(&*format!("mod {file};")));
        }
    }

    #[test]
    fn a_refused_name_writes_nothing() {
        let root = repository();
        let before = files(root.path());
        for name in [
            "",
            "Host-ports",
            "host_ports",
            "host-",
            "-host",
            "a--b",
            "../a",
            "a1",
            "host-path",
        ] {
            assert!(write(root.path(), name).is_err(), "{name:?}");
        }
        assert_eq!(files(root.path()), before);
        assert_eq!(
            fs::read_to_string(root.path().join(CATALOGUE)).unwrap(),
            RULES
        );
        // One of the files exists.
        fs::write(root.path().join("tests/cases/host-ports.yaml"), "").unwrap();
        let before = files(root.path());
        assert!(write(root.path(), "host-ports").is_err());
        assert_eq!(files(root.path()), before);
        assert_eq!(
            fs::read_to_string(root.path().join(CATALOGUE)).unwrap(),
            RULES
        );
    }
}
