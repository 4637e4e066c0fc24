//! The scripts that do not publish.

use std::collections::BTreeSet;

use super::*;

#[test]
fn the_scripts_print_their_usage() {
    for (script, usage) in [
        ("absolute-links", "<PAGE.md >ELSEWHERE.md"),
        ("changelog", "notes|check TAG"),
        ("checksums", "FOLDER"),
        ("component", "fmt|clippy"),
        ("dist", "FOLDER [cargo args...]"),
        ("install-release", "FOLDER VERSION|COMMIT [REMOTE]"),
        ("kube-tool", "helm|kubectl"),
        ("npm-build", "OUT.tgz"),
        (
            "publish",
            "modules|image|signatures|release|artifacthub|npm",
        ),
        ("release-assets", "FOLDER"),
        ("reproducible", "policy.wasm"),
        ("sbom", "OUT.cdx.json"),
        ("vscode-build", "OUT.vsix"),
        ("wasm-build", "TARGET MANIFEST_DIR OUT.wasm [cargo args...]"),
        ("workspace-package", "FIELD"),
    ] {
        let mut command = Command::new(root("scripts").join(script));
        // Without an argument, this script reads standard input.
        if script == "absolute-links" {
            command.arg("README.md");
        }
        let error = failed(command.output().unwrap());
        let usage = format!("usage: scripts/{script} {usage}");
        assert!(error.contains(&usage), "{usage}: {error}");
    }
}

/// scripts/docker-registry unpacks Debian's package. It updates the lists of packages if the download fails, and keeps
/// the registry that another process unpacked first.
#[test]
fn a_registry_for_the_tests_is_unpacked() {
    for other_unpacks in ["", r#"cp -r "$3" "$TARGET/docker-registry""#] {
        let folder = folder("docker-registry");
        let target = folder.join("target");
        let names = "bash sh env dirname mkdir mktemp rm chmod mv tail touch cp";
        let names: Vec<_> = names.split(' ').collect();
        let programs = with_programs(&folder, &names);
        stub(&folder, "sudo", r#"[ "$1" = -n ] && shift && exec "$@""#);
        stub(
            &folder,
            "apt-get",
            r#"case $1 in
               update) touch "$TARGET/updated" ;;
               download) [ -e "$TARGET/updated" ] && touch docker-registry_1_all.deb ;;
             esac"#,
        );
        let unpack = r#"mkdir -p "$3/usr/bin"; touch "$3/usr/bin/docker-registry"; chmod 755 "$3/usr/bin/docker-registry""#;
        stub(&folder, "dpkg-deb", &format!("{unpack}\n{other_unpacks}"));
        let output = Command::new(root("scripts/docker-registry"))
            .env_clear()
            .env("PATH", programs)
            .env("TARGET", &target)
            .env("CARGO_TARGET_DIR", &target)
            .output()
            .unwrap();
        let registry = target.join("docker-registry");
        let program = registry.join("usr/bin/docker-registry");
        assert_eq!(passed(output), format!("{}\n", program.display()));
        assert!(program.is_file());
        let files = |folder: &Path| {
            let files = std::fs::read_dir(folder).unwrap();
            let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
            names.collect::<BTreeSet<_>>()
        };
        // No temporary file is left.
        let left = ["docker-registry", "updated"].map(str::to_owned);
        assert_eq!(files(&target), left.into());
        let unpacked = ["docker-registry_1_all.deb", "usr"].map(str::to_owned);
        assert_eq!(files(&registry), unpacked.into());
    }
}
