//! The download of a release, for the hooks and the action. The releases are a folder.

use crate::*;
use std::fs;
use std::sync::OnceLock;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The name of the archive for this machine.
pub(crate) fn name() -> String {
    let arch = std::env::consts::ARCH;
    let target = if cfg!(target_os = "macos") {
        format!("{arch}-apple-darwin")
    } else {
        format!("{arch}-unknown-linux-gnu")
    };
    format!("eci-policy-v{VERSION}-{target}")
}

/// Runs bash in a folder.
#[track_caller]
fn bash(folder: &Path, script: &str) -> String {
    let mut command = Command::new("bash");
    for variable in ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"] {
        command.env_remove(variable);
    }
    let output = command
        .args(["-euc", script])
        .current_dir(folder)
        .env("NAME", name())
        .env("VERSION", VERSION)
        .env("COMMAND", COMMAND)
        .output()
        .unwrap();
    assert!(output.status.success(), "{script}: {}", said(&output));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Returns the archive of the command, packed as scripts/dist does.
pub(crate) fn archive() -> &'static [u8] {
    static ARCHIVE: OnceLock<Vec<u8>> = OnceLock::new();
    ARCHIVE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let pack =
            r#"mkdir "$NAME"; cp "$COMMAND" "$NAME/eci-policy"; tar -c "$NAME" | gzip -1 >archive"#;
        bash(folder.path(), pack);
        fs::read(folder.path().join("archive")).unwrap()
    })
}

const CHECKSUMS: &str = r#"sha256sum "$NAME.tar.gz" >SHA256SUMS"#;

/// A machine with the release of this version.
fn with_release() -> Machine {
    let machine = Machine::new();
    let folder = release_of(&machine);
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join(name() + ".tar.gz"), archive()).unwrap();
    bash(&folder, CHECKSUMS);
    machine
}

fn release_of(machine: &Machine) -> PathBuf {
    machine.path("releases").join(format!("v{VERSION}"))
}

/// Puts a release of another program into the place of the release.
fn replace_program(machine: &Machine, program: &str) {
    let pack = r#"mkdir "$NAME"; printf '%s\n' "$PROGRAM" >"$NAME/eci-policy"; chmod 755 "$NAME/eci-policy"; tar -czf "$NAME.tar.gz" "$NAME"; rm -r "$NAME""#;
    let script = format!("PROGRAM='{program}'; {pack}; {CHECKSUMS}");
    bash(&release_of(machine), &script);
}

/// Commits the checkout, tags it in the repository that it comes from, and returns the commit. As in a clone by
/// pre-commit, the checkout has no tag.
fn commit(machine: &Machine) -> String {
    bash(
        &machine.checkout,
        r#"git init -q; git add .
        git -c user.name=a -c user.email=a@example.com commit -qm a
        git clone -q --bare . ../origin; git remote add origin ../origin
        cd ../origin; git -c user.name=a -c user.email=a@example.com tag -a "v$VERSION" -m a"#,
    );
    bash(&machine.checkout, "git rev-parse HEAD")
}

fn hook(machine: &Machine) -> Output {
    let mut script = machine.script("scripts/eci-policy");
    script.args(["check", "pod.yaml"]).output().unwrap()
}

/// The names of the files in a folder of a download.
fn left(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[track_caller]
fn builds(machine: &Machine, reason: &str) {
    let output = hook(machine);
    assert!(said(&output).contains(reason), "{}", said(&output));
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert_eq!(machine.cargo_call()[1], "build", "{}", said(&output));
}

#[test]
fn the_hook_downloads_the_command_of_its_release() {
    let machine = with_release();
    machine.write("pod.yaml", DENIED);
    let commit = commit(&machine);
    bash(&machine.path("work"), "git init -q");
    let run = || {
        let mut script = machine.script("scripts/eci-policy");
        // As in a hook of git.
        script.env("GIT_DIR", ".git").env("GIT_INDEX_FILE", "index");
        script.args(["check", "pod.yaml"]).output().unwrap()
    };
    let output = run();
    assert!(
        said(&output).contains(&format!("installed {}", name())),
        "{}",
        said(&output)
    );
    assert!(said(&output).contains("host-namespaces"));
    assert_eq!(output.status.code(), Some(1));
    let folder = machine.checkout.join("target/released").join(commit);
    assert_eq!(left(&folder), ["eci-policy"]);
    // The second run needs no release.
    fs::remove_dir_all(machine.path("releases")).unwrap();
    fs::remove_dir_all(machine.path("origin")).unwrap();
    let output = run();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(!said(&output).contains("eci-policy: "), "{}", said(&output));
    assert!(machine.cargo_call().is_empty());
}

#[test]
fn the_hook_builds_what_is_not_a_release() {
    let machine = with_release();
    machine.write("pod.yaml", DENIED);
    commit(&machine);
    // A change that is not committed.
    fs::remove_file(machine.checkout.join("Cargo.toml")).unwrap();
    builds(&machine, "");
    bash(&machine.checkout, "git checkout -q .; rm -r target");
    // A later commit.
    bash(
        &machine.checkout,
        "git -c user.name=a -c user.email=a@example.com commit -qm b --allow-empty",
    );
    builds(&machine, &format!("is not the release v{VERSION}"));
    // What is built once stays in use, without a question over the network.
    let output = hook(&machine);
    assert!(!said(&output).contains("release"), "{}", said(&output));
    bash(&machine.checkout, "rm -r target ../origin");
    builds(&machine, "the tags of origin cannot be listed");
}

#[test]
fn the_hook_builds_where_there_is_no_release() {
    let machine = with_release();
    machine.write("pod.yaml", DENIED);
    let commit = commit(&machine);
    let clean = || bash(&machine.checkout, "rm -rf target");
    replace_program(&machine, "#!/nowhere");
    builds(&machine, "does not start on this machine");
    clean();
    fs::remove_file(release_of(&machine).join(name() + ".tar.gz")).unwrap();
    builds(
        &machine,
        &format!("v{VERSION}/{}.tar.gz cannot be downloaded", name()),
    );
    let folder = machine.checkout.join("target/released").join(commit);
    assert!(left(&folder).is_empty());
    clean();
    fs::remove_dir_all(release_of(&machine)).unwrap();
    builds(&machine, "/SHA256SUMS cannot be downloaded");
    clean();
    let output = machine
        .script("scripts/eci-policy")
        .env("ECI_POLICY_RELEASES", "")
        .args(["check", "pod.yaml"])
        .output()
        .unwrap();
    assert!(
        said(&output).contains("ECI_POLICY_RELEASES is empty"),
        "{}",
        said(&output)
    );
    assert_eq!(machine.cargo_call()[1], "build");
}

#[test]
fn a_download_with_a_wrong_checksum_is_an_error() {
    for (change, message) in [
        (
            r#"echo more >>"$NAME.tar.gz""#,
            "not installed: the checksum of ",
        ),
        ("sed -i.old s/eci/other/ SHA256SUMS", "SHA256SUMS has none"),
        (": >SHA256SUMS", "SHA256SUMS has none"),
    ] {
        let machine = with_release();
        machine.write("pod.yaml", DENIED);
        let commit = commit(&machine);
        bash(&release_of(&machine), change);
        let output = hook(&machine);
        assert_eq!(output.status.code(), Some(2), "{change}: {}", said(&output));
        assert!(said(&output).contains(message), "{}", said(&output));
        let folder = machine.checkout.join("target/released").join(commit);
        assert!(left(&folder).is_empty(), "{change}");

        let output = install(&machine, VERSION);
        assert_eq!(output.status.code(), Some(1), "{change}: {}", said(&output));
        assert!(left(&machine.path("temp/eci-policy/bin")).is_empty());
        assert_eq!(machine.read("added"), "");
        assert!(machine.cargo_call().is_empty(), "{change}: it is built");
    }
}

#[test]
fn a_download_of_another_version_is_an_error() {
    let machine = with_release();
    replace_program(&machine, "#!/bin/sh\necho eci-policy 9.9.9");
    let output = install(&machine, VERSION);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).contains("prints the version \"eci-policy 9.9.9\""),
        "{}",
        said(&output)
    );
    assert!(left(&machine.path("temp/eci-policy/bin")).is_empty());
}

/// Installs the command for the action.
fn install(machine: &Machine, version: &str) -> Output {
    let mut script = machine.script("scripts/action-install");
    script.env("VERSION", version).output().unwrap()
}

/// Checks that the action has installed the command from the release.
#[track_caller]
fn is_installed(machine: &Machine, output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{}", said(output));
    let added = machine.read("added");
    let added = Path::new(added.trim_end());
    assert_eq!(left(added), ["eci-policy"]);
    assert!(machine.cargo_call().is_empty(), "{}", said(output));
    let printed = Command::new(added.join("eci-policy"))
        .arg("--version")
        .output();
    assert_eq!(said(&printed.unwrap()), format!("eci-policy {VERSION}\n"));
}

#[test]
fn the_action_downloads_a_release() {
    let machine = with_release();
    for version in [VERSION.to_owned(), format!("v{VERSION}")] {
        is_installed(&machine, &install(&machine, &version));
        bash(&machine.path("temp"), "rm -r eci-policy ../added");
    }
    let output = install(&machine, "9.9.9");
    assert!(
        said(&output).contains("/v9.9.9/SHA256SUMS cannot be downloaded"),
        "{}",
        said(&output)
    );
    assert_eq!(machine.cargo_call()[1], "install");
}

/// The runner's folder of an action has the name of its tag or commit.
#[test]
fn the_action_downloads_its_own_release() {
    let mut machine = with_release();
    let tag = machine.path(&format!("v{VERSION}"));
    fs::rename(&machine.checkout, &tag).unwrap();
    machine.checkout = tag;
    is_installed(&machine, &install(&machine, ""));

    let mut machine = with_release();
    let manifest = machine.checkout.join("Cargo.toml");
    fs::remove_file(&manifest).unwrap();
    let origin = machine.path("origin");
    let repository = format!("repository = \"{}\"", origin.display());
    let text = text("Cargo.toml").replace(
        concat!("repository = \"", env!("CARGO_PKG_REPOSITORY"), "\""),
        &repository,
    );
    fs::write(manifest, text).unwrap();
    let release = commit(&machine);
    let other = "0123456789abcdef0123456789abcdef01234567";
    for (commit, is_release) in [(release.as_str(), true), (other, false)] {
        // An action has no history.
        let folder = machine.path(commit);
        fs::rename(&machine.checkout, &folder).unwrap();
        machine.checkout = folder;
        bash(&machine.checkout, "rm -rf .git");
        let output = install(&machine, "");
        if is_release {
            is_installed(&machine, &output);
        } else {
            let reason = format!("commit {other} is not the release v{VERSION}");
            assert!(said(&output).contains(&reason), "{}", said(&output));
            assert!(machine.cargo_call().ends_with(&["cli".to_owned()]));
        }
    }
}

/// The releases have a command for each machine in the documentation.
#[test]
fn the_download_is_the_one_for_the_machine() {
    let machine = with_release();
    fs::remove_file(release_of(&machine).join(name() + ".tar.gz")).unwrap();
    let mut targets = Vec::new();
    for (uname, target) in [
        ("Linux x86_64", "x86_64-unknown-linux-gnu"),
        ("Linux aarch64", "aarch64-unknown-linux-gnu"),
        ("Darwin arm64", "aarch64-apple-darwin"),
        ("Darwin x86_64", "x86_64-apple-darwin"),
        ("MINGW64_NT-10.0-26100 x86_64", "x86_64-pc-windows-msvc"),
        ("FreeBSD amd64", ""),
    ] {
        let stub = machine.path("bin/uname");
        fs::write(&stub, format!("#!/bin/sh\necho {uname}\n")).unwrap();
        fs::set_permissions(stub, fs::Permissions::from_mode(0o755)).unwrap();
        let output = install(&machine, VERSION);
        let message = if target.is_empty() {
            format!("the releases have no command for this machine, {uname}")
        } else {
            targets.push(format!("`{target}`"));
            format!("eci-policy-v{VERSION}-{target}.tar.gz cannot be downloaded")
        };
        assert!(said(&output).contains(&message), "{}", said(&output));
        assert_eq!(machine.cargo_call()[1], "install", "it is built instead");
    }
    let page = text("docs/command.md");
    let rows = page.lines().filter(|line| line.starts_with("| "));
    let documented: Vec<_> = rows
        .filter_map(|row| row.split(" | ").nth(1)?.strip_suffix(" |"))
        .filter(|cell| cell.starts_with('`') && cell.contains('-'))
        .collect();
    assert_eq!(documented, targets);
}

#[test]
fn without_a_release_and_without_cargo_both_ways_are_named() {
    let machine = Machine::new();
    let tools = "bash dirname git uname sed mkdir cut sha256sum curl mktemp rm awk";
    bash(
        &machine.path("bin"),
        &format!(
            r#"rm cargo; for tool in {tools}; do ln -s "$(command -v "$tool")" "$tool"; done"#
        ),
    );
    for (script, code) in [("scripts/eci-policy", 2), ("scripts/action-install", 1)] {
        let output = machine
            .script(script)
            .env("PATH", machine.path("bin"))
            .env("VERSION", "")
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", said(&output));
        for way in ["cargo is missing: install Rust", "a tag of a release"] {
            assert!(said(&output).contains(way), "{}", said(&output));
        }
    }
    assert_eq!(machine.read("added"), "");
}
