//! The files of a release, as scripts/release-assets, scripts/dist and scripts/checksums make them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn asset(name: &str) -> PathBuf {
    let folder = std::env::var_os("RELEASE_ASSETS")
        .unwrap_or_else(|| panic!("set RELEASE_ASSETS to the folder, as `make test-release` does"));
    Path::new(&folder).join(name)
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// The archive of the command. Its name depends on the machine.
fn archive() -> String {
    let names = std::fs::read_dir(asset(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let archives: Vec<_> = names
        .filter(|name| name.starts_with("eci-policy-"))
        .collect();
    let [archive] = &archives[..] else {
        panic!("one archive of the command, not {archives:?}")
    };
    archive.clone()
}

/// The folder of the archive of the command, unpacked for a test.
fn unpacked(test: &str) -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("release")
        .join(test);
    std::fs::create_dir_all(&place).unwrap();
    let archive = archive();
    run(Command::new("tar")
        .arg("-xzf")
        .arg(asset(&archive))
        .arg("-C")
        .arg(&place));
    place.join(archive.strip_suffix(".tar.gz").unwrap())
}

#[test]
fn every_file_has_its_checksum() {
    let sums = std::fs::read_to_string(asset("SHA256SUMS")).unwrap();
    let named: BTreeSet<_> = sums
        .lines()
        .map(|line| line.split_once("  ").unwrap().1.to_owned())
        .collect();
    let archive = archive();
    let expected = [
        "annotated-policy.opa.wasm",
        "annotated-policy.wasm",
        "config.schema.json",
        &archive,
        &format!("eci-security-context-chart-{VERSION}.tgz"),
        &format!("eci-security-context-npm-{VERSION}.tgz"),
        &format!("eci-security-context-vscode-{VERSION}.vsix"),
        "policy-sbom.cdx.json",
        "policy.opa.wasm",
        "policy.wasm",
        "report.schema.json",
        "settings.schema.json",
    ];
    assert_eq!(named, expected.map(str::to_owned).into());
    run(Command::new("sha256sum")
        .args(["--check", "--strict", "SHA256SUMS"])
        .current_dir(asset("")));
}

#[test]
fn the_module_is_the_one_that_is_tested() {
    let tested = std::fs::read(std::env::var_os("POLICY_WASM").unwrap()).unwrap();
    assert!(
        std::fs::read(asset("policy.wasm")).unwrap() == tested,
        "policy.wasm is another module"
    );
    for module in ["policy", "policy.opa"] {
        let raw = std::fs::read(asset(&format!("{module}.wasm"))).unwrap();
        let annotated = std::fs::read(asset(&format!("annotated-{module}.wasm"))).unwrap();
        let section: &[u8] = b"io.kubewarden.metadata";
        let has = |bytes: &[u8]| bytes.windows(section.len()).any(|window| window == section);
        assert!(
            !has(&raw) && has(&annotated),
            "{module}: only the annotated module has metadata"
        );
    }
}

#[test]
fn the_sbom_lists_the_dependencies_of_the_module() {
    let text = std::fs::read_to_string(asset("policy-sbom.cdx.json")).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    assert!(
        !text.contains(root.to_str().unwrap()),
        "the SBOM has the path of the checkout"
    );
    let sbom: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&sbom["bomFormat"], &sbom["specVersion"]),
        (&"CycloneDX".into(), &"1.5".into())
    );
    let subject = &sbom["metadata"]["component"];
    assert_eq!(
        (&subject["name"], &subject["version"]),
        (&"eci-security-context".into(), &VERSION.into())
    );
    // A file from an earlier commit has the time of that commit.
    let commit = run(Command::new("git")
        .args([
            "log",
            "-1",
            "--date=format-local:%Y-%m-%dT%H:%M:%S",
            "--format=%cd",
        ])
        .env("TZ", "UTC")
        .current_dir(root));
    let time = sbom["metadata"]["timestamp"].as_str().unwrap();
    assert!(
        time.starts_with(commit.trim()),
        "the SBOM is of {time}, not of {commit}"
    );
    let components = sbom["components"].as_array().unwrap();
    let names: BTreeSet<_> = components
        .iter()
        .map(|component| component["name"].as_str().unwrap())
        .collect();
    for name in [
        "kubewarden-policy-sdk",
        "k8s-openapi",
        "serde_json",
        "wapc-guest",
    ] {
        assert!(names.contains(name), "the SBOM has no {name}");
    }
    // The dependencies of the tests are not in the module.
    assert!(!names.contains("wasmtime") && !names.contains("proptest"));
    let lock = std::fs::read_to_string(root.join("Cargo.lock")).unwrap();
    for component in components {
        let (name, version) = (&component["name"], &component["version"]);
        assert!(
            lock.contains(&format!("name = {name}\nversion = {version}\n")),
            "{name} {version} is not locked"
        );
    }
}

#[test]
fn the_chart_installs_from_its_archive() {
    let helm = std::env::var_os("HELM")
        .unwrap_or_else(|| panic!("set HELM to the program, as `make test-release` does"));
    let chart = asset(&format!("eci-security-context-chart-{VERSION}.tgz"));
    let rendered = run(Command::new(&helm)
        .args(["template", "eci-security-context"])
        .arg(&chart));
    assert!(rendered.contains(&format!(
        "module: registry://ghcr.io/eci-security-context/eci-security-context:v{VERSION}\n"
    )));
    let shown = run(Command::new(helm).args(["show", "chart"]).arg(chart));
    assert!(
        shown.contains(&format!("\nversion: {VERSION}\n"))
            && shown.contains(&format!("appVersion: {VERSION}\n")),
        "{shown}"
    );
}

#[test]
fn the_archives_have_the_files_of_their_version() {
    let package = run(Command::new("tar")
        .arg("-xzOf")
        .arg(asset(&format!("eci-security-context-npm-{VERSION}.tgz")))
        .arg("package/package.json"));
    let package: Value = serde_json::from_str(&package).unwrap();
    assert_eq!(
        (&package["name"], &package["version"]),
        (&"eci-security-context".into(), &VERSION.into())
    );

    let folder = unpacked("files");
    let name = folder.file_name().unwrap().to_str().unwrap();
    assert!(
        name.starts_with(&format!("eci-policy-v{VERSION}-")),
        "{name}"
    );
    let files: BTreeSet<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(files, ["LICENSE", "eci-policy"].map(str::to_owned).into());
    let printed = run(Command::new(folder.join("eci-policy")).arg("--version"));
    assert_eq!(printed.trim(), format!("eci-policy {VERSION}"));
}

/// The image has no other file, and the archive is for every distribution.
#[test]
#[cfg(target_os = "linux")]
fn the_command_runs_in_an_empty_root() {
    let folder = unpacked("root");
    let libraries = Command::new("ldd")
        .arg(folder.join("eci-policy"))
        .output()
        .unwrap();
    let libraries = String::from_utf8([libraries.stdout, libraries.stderr].concat()).unwrap();
    assert!(
        ["statically linked", "not a dynamic executable"]
            .iter()
            .any(|answer| libraries.contains(answer)),
        "{libraries}"
    );
    let ways = ["chroot", "unshare --map-root-user chroot", "sudo -n chroot"];
    for way in ways {
        let mut words = way.split(' ');
        let mut command = Command::new(words.next().unwrap());
        command.args(words).arg(&folder);
        let Ok(output) = command.args(["/eci-policy", "--version"]).output() else {
            continue;
        };
        let error = String::from_utf8(output.stderr).unwrap();
        match output.status.code() {
            Some(0) => {
                let printed = String::from_utf8(output.stdout).unwrap();
                assert_eq!(printed.trim(), format!("eci-policy {VERSION}"));
                return;
            }
            // With these, chroot reports that the program does not start.
            Some(126 | 127) => panic!("{way}: {error}"),
            _ => eprintln!("{way}: {error}"),
        }
    }
    eprintln!("SKIPPED: nothing on this machine may change the root: {ways:?}");
}
