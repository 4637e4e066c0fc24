//! The way from a tag to a release: the workflows in .github hold to their rules, and what they run runs here, with
//! programs in place of those that publish which only write down what they are asked for.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn root(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

fn text(file: impl AsRef<Path>) -> String {
    let file = file.as_ref();
    std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

const WORKFLOWS: [&str; 2] = [".github/workflows/ci.yml", ".github/workflows/release.yml"];

fn workflow(file: &str) -> Value {
    eci_manifest::documents(&text(root(file)))
        .unwrap()
        .remove(0)
        .value()
}

/// The jobs of the workflows, with their files.
fn jobs() -> Vec<(String, Value)> {
    let of = |file: &str| {
        let jobs = workflow(file)["jobs"].as_object().unwrap().clone();
        let file = file.to_owned();
        jobs.into_iter()
            .map(move |(name, job)| (format!("{file}: {name}"), job))
    };
    WORKFLOWS.into_iter().flat_map(of).collect()
}

/// The commands of the workflows. The tests run each of them.
const RUN_BY_TESTS: [&str; 11] = [
    "make test",
    // A part of it, `make test-release`, runs these.
    "scripts/release-assets target/release-assets",
    "scripts/dist target/release-assets --profile dist",
    "scripts/checksums target/release-assets",
    // The tests below run these.
    "scripts/changelog check \"$TAG\"",
    "scripts/changelog notes \"$TAG\"",
    "scripts/publish modules",
    "scripts/publish signatures",
    "scripts/publish release",
    "scripts/publish artifacthub",
    "scripts/publish npm",
];

/// The checks that the workflows run besides the tests.
const CHECKS: [&str; 4] = ["make check", "make lint-wasm", "make doc", "make deny"];

#[test]
fn every_step_is_a_command_that_the_tests_run() {
    let makefile = text(root("Makefile"));
    let recipe = |target: &str| {
        let (_, rest) = makefile
            .split_once(&format!("\n{target}:"))
            .unwrap_or_else(|| panic!("no target {target}"));
        rest.split("\n\n").next().unwrap().to_owned()
    };
    let mut run = BTreeSet::new();
    // A job without a checkout has no Makefile.
    for (job, steps) in jobs()
        .into_iter()
        .map(|(name, job)| (name, job["steps"].clone()))
        .filter(|(_, steps)| steps.to_string().contains("actions/checkout@"))
    {
        for step in steps
            .as_array()
            .unwrap()
            .iter()
            .filter(|step| step.get("uses").is_none())
        {
            let command = step["run"]
                .as_str()
                .unwrap_or_else(|| panic!("{job}: a step that runs nothing: {step}"));
            assert!(
                RUN_BY_TESTS.contains(&command) || CHECKS.contains(&command),
                "{job}: no test runs `{command}`"
            );
            run.insert(command.to_owned());
        }
    }
    assert_eq!(
        run,
        RUN_BY_TESTS
            .into_iter()
            .chain(CHECKS)
            .map(str::to_owned)
            .collect(),
        "RUN_BY_TESTS or CHECKS names a target that no workflow runs"
    );
    assert!(
        recipe("test").contains("test-release"),
        "`make test` does not run `make test-release`"
    );
    for script in ["release-assets", "dist", "checksums"] {
        assert!(
            recipe("test-release").contains(&format!("scripts/{script} $(RELEASE_DIR)")),
            "`make test-release` does not run scripts/{script}"
        );
    }
}

#[test]
fn nothing_of_an_event_is_taken_for_shell() {
    for (job, body) in jobs() {
        for step in body["steps"].as_array().unwrap() {
            let script = step["run"].as_str().unwrap_or_default();
            assert!(!script.contains("${{"), "{job}: pass it in `env`: {script}");
        }
    }
}

/// What a release is built on has built the command before: on the tag it is too late to learn that it does not.
#[test]
fn the_command_is_built_on_every_machine_before_a_release() {
    let [ci, release] = WORKFLOWS.map(|file| workflow(file)["jobs"]["command"].clone());
    assert_eq!(ci["strategy"]["matrix"], release["strategy"]["matrix"]);
    for key in ["runs-on", "defaults"] {
        assert_eq!(ci[key], release[key], "{key}");
    }
    for job in [ci, release] {
        let steps = job["steps"].as_array().unwrap();
        assert!(
            steps.iter().any(|step| step["run"] == RUN_BY_TESTS[2]),
            "{steps:?}"
        );
    }
}

/// What git checks out has the same bytes on Windows, and what it takes in is what is there.
#[test]
fn a_checkout_is_the_same_on_every_machine() {
    let output = Command::new("git")
        .args(["ls-files", "--eol"])
        .current_dir(root(""))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let files = String::from_utf8(output.stdout).unwrap();
    let mut inputs = 0;
    for line in files.lines() {
        let (told, file) = line.split_once('\t').unwrap();
        let is_input = file.starts_with("fuzz/found/");
        inputs += usize::from(is_input);
        let attributes = if is_input {
            "attr/-text"
        } else {
            "attr/text=auto eol=lf"
        };
        assert!(told.trim_end().ends_with(attributes), "{file}: {told}");
        assert!(
            is_input || told.starts_with("i/lf") || told.starts_with("i/none"),
            "{file}: {told}"
        );
    }
    assert!(inputs > 0, "{files}");
}

#[test]
fn every_action_is_pinned_by_its_commit() {
    let mut count = 0;
    for file in WORKFLOWS.into_iter().chain(["action.yml"]) {
        for line in text(root(file)).lines() {
            let Some((_, used)) = line.split_once("uses: ") else {
                continue;
            };
            let (action, version) = used
                .split_once(" # ")
                .unwrap_or_else(|| panic!("{file}: {used} tells no version"));
            let (_, commit) = action
                .split_once('@')
                .unwrap_or_else(|| panic!("{file}: {used} names no commit"));
            assert!(
                commit.len() == 40
                    && commit
                        .chars()
                        .all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c)),
                "{file}: {used} is not pinned by the 40 digits of a commit"
            );
            let numbers = version.strip_prefix('v').unwrap_or_default().split('.');
            assert!(
                numbers.clone().count() == 3 && numbers.clone().all(|n| n.parse::<u32>().is_ok()),
                "{file}: {used}"
            );
            count += 1;
        }
    }
    assert!(count > 10, "{count}");
}

#[test]
fn each_job_has_the_permissions_that_it_needs() {
    let mut writes = BTreeMap::new();
    for file in WORKFLOWS {
        assert_eq!(
            workflow(file)["permissions"],
            json!({}),
            "{file}: what no job asks for is not given"
        );
    }
    for (job, body) in jobs() {
        let permissions = body["permissions"]
            .as_object()
            .unwrap_or_else(|| panic!("{job} has no permissions"));
        assert!(
            body["timeout-minutes"].is_u64(),
            "{job} may run for six hours"
        );
        let written: Vec<_> = permissions
            .iter()
            .filter(|(_, access)| *access == "write")
            .map(|(name, _)| name.clone())
            .collect();
        assert!(
            permissions
                .values()
                .all(|access| access == "write" || access == "read"),
            "{job}: {permissions:?}"
        );
        let publishes = body["steps"].to_string().contains("scripts/publish ");
        assert_eq!(
            publishes,
            !written.is_empty(),
            "{job}: only what publishes may write"
        );
        if publishes {
            writes.insert(job.rsplit_once(' ').unwrap().1.to_owned(), written);
        }
        // Credentials stay only where git pushes with them.
        for step in body["steps"].as_array().unwrap() {
            if step["uses"]
                .as_str()
                .is_some_and(|action| action.starts_with("actions/checkout@"))
            {
                let kept = body["steps"]
                    .to_string()
                    .contains("scripts/publish artifacthub");
                assert_eq!(step["with"]["persist-credentials"], kept, "{job}");
            }
        }
    }
    let expected = [
        ("artifacthub", vec!["contents"]),
        ("npm", vec!["id-token"]),
        ("registry", vec!["id-token", "packages"]),
        ("release", vec!["contents", "id-token"]),
    ];
    let expected = expected.map(|(job, names)| {
        (
            job.to_owned(),
            names.into_iter().map(str::to_owned).collect(),
        )
    });
    assert_eq!(writes, expected.into());
}

/// An empty folder of its own for each test.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("release")
        .join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).unwrap();
    }
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A checkout with the files that the scripts read, with the changelog's newest entry dated.
fn checkout(name: &str) -> PathBuf {
    let folder = folder(name);
    std::fs::create_dir_all(folder.join("scripts")).unwrap();
    std::fs::create_dir_all(folder.join("guests/opa")).unwrap();
    for file in [
        "Cargo.toml",
        "scripts/absolute-links",
        "scripts/changelog",
        "scripts/checksums",
        "scripts/publish",
        "scripts/workspace-package",
        "metadata.yml",
        "guests/opa/metadata.yml",
        "artifacthub-repo.yml",
        "artifacthub-pkg.yml",
        "README.md",
    ] {
        std::fs::copy(root(file), folder.join(file)).unwrap();
    }
    let changelog = text(root("CHANGELOG.md"));
    let (before, rest) = changelog.split_once(&format!("## [{VERSION}] - ")).unwrap();
    let (_, entry) = rest.split_once('\n').unwrap();
    let dated =
        format!("{before}## [{VERSION}] - 2026-12-01\n{entry}\n## [0.0.1] - 2026-01-01\n\nOld.\n");
    std::fs::write(folder.join("CHANGELOG.md"), dated).unwrap();
    folder
}

/// The files of a release, by their names alone.
fn with_assets(name: &str) -> PathBuf {
    let folder = checkout(name);
    let assets = folder.join("target/release-assets");
    std::fs::create_dir_all(&assets).unwrap();
    let npm = format!("eci-security-context-npm-{VERSION}.tgz");
    for file in ["annotated-policy.wasm", "annotated-policy.opa.wasm", &npm] {
        std::fs::write(assets.join(file), file).unwrap();
    }
    folder
}

/// A program that writes down its arguments and its input, and answers.
fn stub(folder: &Path, name: &str, answer: &str) {
    use std::os::unix::fs::PermissionsExt;
    let log = folder.join("log");
    let script = format!(
        "#!/bin/sh\necho \"{name} $*\" >>'{log}'\ncase \"$*\" in *-stdin*|*-file\\ -*) cat >>'{log}' ;; esac\n{answer}\n",
        log = log.display()
    );
    let programs = folder.join("programs");
    std::fs::create_dir_all(&programs).unwrap();
    std::fs::write(programs.join(name), script).unwrap();
    std::fs::set_permissions(programs.join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// A folder with these programs of the machine's, and the stubs.
fn ordinary_programs(folder: &Path, names: &[&str]) -> PathBuf {
    let programs = folder.join("programs");
    std::fs::create_dir_all(&programs).unwrap();
    for name in names {
        let paths = std::env::var_os("PATH").unwrap();
        let there = std::env::split_paths(&paths)
            .map(|path| path.join(name))
            .find(|path| path.is_file())
            .unwrap();
        std::os::unix::fs::symlink(there, programs.join(name)).unwrap();
    }
    programs
}

/// Runs a script of the checkout, without what the environment says of releases.
fn script(folder: &Path, command: &[&str], variables: &[(&str, &str)]) -> Output {
    let path = format!(
        "{}:{}",
        folder.join("programs").display(),
        std::env::var("PATH").unwrap()
    );
    let mut script = Command::new(folder.join("scripts").join(command[0]));
    script
        .args(&command[1..])
        .current_dir(folder)
        .env("PATH", path);
    for variable in ["TAG", "REGISTRY", "REGISTRY_USERNAME", "REGISTRY_PASSWORD"] {
        script.env_remove(variable);
    }
    script.envs(variables.iter().copied()).output().unwrap()
}

#[track_caller]
fn passes(folder: &Path, command: &[&str], variables: &[(&str, &str)]) -> String {
    let output = script(folder, command, variables);
    assert!(
        output.status.success(),
        "scripts/{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn fails(folder: &Path, command: &[&str], variables: &[(&str, &str)], message: &str) {
    let output = script(folder, command, variables);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "scripts/{command:?} passes");
    assert!(
        error.contains(message),
        "scripts/{command:?} does not print {message:?}: {error}"
    );
}

fn tag() -> String {
    format!("v{VERSION}")
}

#[test]
fn a_tag_is_the_version() {
    let folder = checkout("a-tag-is-the-version");
    assert_eq!(passes(&folder, &["changelog", "check", &tag()], &[]), "");
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
    let tag = tag();
    let (check, notes) = (["changelog", "check", &tag], ["changelog", "notes", &tag]);
    let dated = text(folder.join("CHANGELOG.md"));
    let heading = format!("## [{VERSION}] - 2026-12-01");
    let write = |changelog: &str| std::fs::write(folder.join("CHANGELOG.md"), changelog).unwrap();

    let printed = passes(&folder, &notes, &[]);
    assert_eq!(relative_links(&printed), Vec::<&str>::new());
    let (_, entry) = dated.split_once(&heading).unwrap();
    let (entry, _) = entry.split_once("\n## ").unwrap();
    let blob = format!("]({}/blob/{tag}/", env!("CARGO_PKG_REPOSITORY"));
    assert_eq!(printed.replace(&blob, "](").trim(), entry.trim());

    write(&dated.replace(&heading, &format!("## [{VERSION}] - unreleased")));
    fails(&folder, &check, &[], "has no date: write");
    assert_eq!(
        passes(&folder, &notes, &[]),
        printed,
        "they can be read before"
    );
    write(&dated.replace(&heading, "## [0.0.2] - 2026-12-01"));
    let newest = "the newest entry of CHANGELOG.md is \"## [0.0.2] - 2026-12-01\"";
    fails(&folder, &check, &[], newest);
    write(&dated.replace(entry, "\n\n"));
    fails(&folder, &check, &[], "is empty: list the changes there");
    write("# Changelog\n");
    fails(&folder, &check, &[], "write the entry of");
}

/// Links to what is beside a page, which are dead where the page is read elsewhere.
fn relative_links(page: &str) -> Vec<&str> {
    let links = page
        .split("](")
        .skip(1)
        .map(|rest| rest.split(')').next().unwrap());
    links
        .filter(|link| !link.starts_with('#') && !link.starts_with("https://"))
        .collect()
}

#[test]
fn the_links_of_the_notes_are_to_the_files_of_the_tag() {
    let folder = checkout("links");
    let tag = tag();
    let changelog = format!(
        "# Changelog\n\n## [{VERSION}] - 2026-12-01\n\n[A page](docs/a.md#part), ([two](b) [three](c/d.md));\n\
         [here](#links), [there](https://example.org/x).\n"
    );
    std::fs::write(folder.join("CHANGELOG.md"), changelog).unwrap();
    let at = format!("https://github.com/eci-security-context/eci-security-context/blob/{tag}");
    let expected = format!(
        "[A page]({at}/docs/a.md#part), ([two]({at}/b) [three]({at}/c/d.md));\n\
         [here](#links), [there](https://example.org/x).\n"
    );
    assert_eq!(
        passes(&folder, &["changelog", "notes", &tag], &[]),
        expected
    );
}

/// The version is that of [workspace.package], whatever else in Cargo.toml has one.
#[test]
fn the_version_is_read_in_one_way() {
    let folder = checkout("one-version");
    let manifest = text(folder.join("Cargo.toml"));
    let write = |manifest: &str| std::fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    let other = "[workspace.dependencies.other]\nversion = \"7.0.0\"\n";
    write(&format!("{other}\n{manifest}\n{other}"));
    let check = ["changelog", "check", &tag()];
    assert_eq!(passes(&folder, &check, &[]), "");
    write(&manifest.replace(&format!("version = \"{VERSION}\""), ""));
    let told = "the [workspace.package] of Cargo.toml has no \"version\": set it there";
    fails(&folder, &check, &[], told);
}

#[test]
fn the_scripts_print_their_usage() {
    for (script, usage) in [
        ("absolute-links", "<PAGE.md >ELSEWHERE.md"),
        ("changelog", "notes|check TAG"),
        ("checksums", "FOLDER"),
        ("component", "fmt|clippy"),
        ("dist", "FOLDER [cargo args...]"),
        ("kube-tool", "helm|kubectl"),
        ("npm-build", "OUT.tgz"),
        ("publish", "modules|signatures|release|artifacthub|npm"),
        ("release-assets", "FOLDER"),
        ("reproducible", "policy.wasm"),
        ("sbom", "OUT.cdx.json"),
        ("wasm-build", "TARGET MANIFEST_DIR OUT.wasm [cargo args...]"),
        ("workspace-package", "FIELD"),
    ] {
        let mut command = Command::new(root("scripts").join(script));
        // It is the only one that takes no argument.
        if script == "absolute-links" {
            command.arg("README.md");
        }
        let output = command.output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "scripts/{script} passes");
        assert!(
            error.contains(&format!("usage: scripts/{script} {usage}")),
            "scripts/{script}: {error}"
        );
    }
}

/// Debian's registry is unpacked, with the lists of packages brought up to date where that is needed: by root, or by
/// a user whom sudo lets. Where another one was quicker, that is taken.
#[test]
fn a_registry_for_the_tests_is_unpacked() {
    for other_unpacks in ["", r#"cp -r "$3" "$TARGET/docker-registry""#] {
        let folder = folder("docker-registry");
        let target = folder.join("target");
        let programs = ordinary_programs(
            &folder,
            &[
                "bash", "sh", "env", "dirname", "mkdir", "mktemp", "rm", "chmod", "mv", "tail",
                "touch", "cp",
            ],
        );
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
        let program = target.join("docker-registry/usr/bin/docker-registry");
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            format!("{}\n", program.display()),
            "{error}"
        );
        assert!(program.is_file());
        let files = |folder: &Path| {
            let files = std::fs::read_dir(folder).unwrap();
            files
                .map(|file| file.unwrap().file_name().into_string().unwrap())
                .collect::<BTreeSet<_>>()
        };
        assert_eq!(
            files(&target),
            ["docker-registry", "updated"].map(str::to_owned).into(),
            "nothing is left"
        );
        let unpacked = ["docker-registry_1_all.deb", "usr"];
        assert_eq!(
            files(&target.join("docker-registry")),
            unpacked.map(str::to_owned).into()
        );
    }
}

/// The changelog of the repository, in the shape of Keep a Changelog.
#[test]
fn the_changelog_is_one() {
    let changelog = text(root("CHANGELOG.md"));
    assert!(changelog.starts_with("# Changelog\n"));
    let headings: Vec<_> = changelog
        .lines()
        .filter(|line| line.starts_with("## "))
        .collect();
    let mut versions = Vec::new();
    for heading in &headings {
        let (version, date) = heading
            .strip_prefix("## [")
            .and_then(|rest| rest.split_once("] - "))
            .unwrap_or_else(|| panic!("{heading:?} is not \"## [VERSION] - DATE\""));
        let is_date = date.len() == 10 && date.split('-').map(str::len).eq([4, 2, 2]);
        assert!(
            is_date || (date == "unreleased" && versions.is_empty()),
            "{heading:?} has no date"
        );
        versions.push(
            version
                .split('.')
                .map(|number| number.parse::<u32>().unwrap())
                .collect::<Vec<_>>(),
        );
    }
    assert!(
        versions.is_sorted_by(|newer, older| newer > older),
        "the newest is first: {headings:?}"
    );
}

#[test]
fn the_modules_are_pushed_and_signed_by_their_digest() {
    let folder = with_assets("modules");
    stub(&folder, "cosign", "");
    stub(
        &folder,
        "kwctl",
        r#"echo '{"immutable_ref":"registry://ghcr.io/eci/policy@sha256:0123"}'"#,
    );
    let variables = [
        ("TAG", tag()),
        ("REGISTRY_USERNAME", "octocat".to_owned()),
        ("REGISTRY_PASSWORD", "s3cr3t".to_owned()),
    ];
    let variables = variables
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let printed = passes(&folder, &["publish", "modules"], &variables);
    assert!(!printed.contains("s3cr3t"));
    let login = "cosign login ghcr.io --username octocat --password-stdin\ns3cr3t\n".to_owned();
    let of = |module: &str, name: &str| {
        format!(
            "{login}kwctl push --output json target/release-assets/annotated-{module}.wasm \
             registry://ghcr.io/eci-security-context/{name}:v{VERSION}\n\
             cosign sign --yes --new-bundle-format=false --use-signing-config=false ghcr.io/eci/policy@sha256:0123\n\
             cosign sign --yes --new-bundle-format=true --use-signing-config=true ghcr.io/eci/policy@sha256:0123\n",
            login = if module == "policy" { &login } else { "" }
        )
    };
    let expected =
        of("policy", "eci-security-context") + &of("policy.opa", "eci-security-context-opa");
    assert_eq!(text(folder.join("log")), expected);

    stub(&folder, "kwctl", "echo '{}'");
    fails(
        &folder,
        &["publish", "modules"],
        &variables,
        "kwctl prints no digest of policy: {}",
    );
    stub(&folder, "kwctl", "echo denied >&2; exit 1");
    fails(&folder, &["publish", "modules"], &variables, "denied");
    std::fs::remove_file(folder.join("target/release-assets/annotated-policy.wasm")).unwrap();
    let told = "annotated-policy.wasm does not exist: run scripts/release-assets first";
    fails(&folder, &["publish", "modules"], &variables, told);
}

#[test]
fn the_files_are_signed_and_released() {
    let folder = with_assets("files");
    let tag = tag();
    let variables = [("TAG", tag.as_str())];
    let assets = folder.join("target/release-assets");
    stub(
        &folder,
        "cosign",
        &format!("touch '{}/SHA256SUMS.sigstore.json'", assets.display()),
    );
    stub(&folder, "gh", "");
    std::fs::rename(&assets, folder.join("elsewhere")).unwrap();
    let checksums = ["checksums", "target/release-assets"];
    let none = "target/release-assets has no files: run scripts/release-assets first";
    fails(&folder, &checksums, &[], none);
    std::fs::create_dir(&assets).unwrap();
    fails(&folder, &checksums, &[], none);
    std::fs::remove_dir(&assets).unwrap();
    std::fs::rename(folder.join("elsewhere"), &assets).unwrap();
    for step in ["signatures", "release"] {
        fails(
            &folder,
            &["publish", step],
            &variables,
            "SHA256SUMS does not exist: run scripts/checksums first",
        );
    }
    passes(&folder, &checksums, &[]);
    // Of "annotated-policy.wasm", which is what the file holds here.
    let sums = text(assets.join("SHA256SUMS"));
    let names: Vec<_> = sums
        .lines()
        .map(|line| line.split_once("  ").unwrap().1)
        .collect();
    let npm = format!("eci-security-context-npm-{VERSION}.tgz");
    assert_eq!(
        names,
        ["annotated-policy.opa.wasm", "annotated-policy.wasm", &npm]
    );
    passes(&folder, &["publish", "signatures"], &[]);
    passes(&folder, &["publish", "release"], &variables);
    let log = text(folder.join("log"));
    let at = "target/release-assets";
    let (signed, released) = log.split_once('\n').unwrap();
    assert_eq!(
        signed,
        format!("cosign sign-blob --yes --bundle {at}/SHA256SUMS.sigstore.json {at}/SHA256SUMS")
    );
    let (asked, notes) = released.split_once('\n').unwrap();
    let files = [
        "SHA256SUMS",
        "SHA256SUMS.sigstore.json",
        names[0],
        names[1],
        names[2],
    ]
    .map(|name| format!("{at}/{name}"));
    let expected = format!(
        "gh release create {tag} --verify-tag --title {tag} --notes-file - {}",
        files.join(" ")
    );
    assert_eq!(asked, expected);
    assert_eq!(notes, passes(&folder, &["changelog", "notes", &tag], &[]));
    // Once more: what was signed before is not a file of the release.
    passes(&folder, &checksums, &[]);
    assert_eq!(text(assets.join("SHA256SUMS")), sums);
    fails(
        &folder,
        &["publish", "release"],
        &[("TAG", "v9.0.0")],
        "the tag v9.0.0 is not",
    );
}

#[test]
fn the_package_is_published_from_its_tarball() {
    let folder = with_assets("npm");
    stub(&folder, "npm", "");
    passes(&folder, &["publish", "npm"], &[]);
    let tarball = format!("target/release-assets/eci-security-context-npm-{VERSION}.tgz");
    assert_eq!(
        text(folder.join("log")),
        format!("npm publish {tarball} --access public --provenance\n")
    );
    std::fs::remove_file(folder.join(&tarball)).unwrap();
    fails(
        &folder,
        &["publish", "npm"],
        &[],
        "does not exist: run scripts/release-assets first",
    );
}

#[test]
fn the_branch_of_artifact_hub_is_pushed() {
    let folder = checkout("artifacthub");
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(&folder)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "git {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    };
    git(&["init", "--quiet", "."]);
    fails(
        &folder,
        &["publish", "artifacthub"],
        &[],
        "the branches of the remote origin cannot be listed",
    );
    git(&["init", "--quiet", "--bare", "remote"]);
    git(&["remote", "add", "origin", "./remote"]);

    let branch = |arguments: &[&str]| git(&[&["--git-dir", "remote"], arguments].concat());
    let said = passes(&folder, &["publish", "artifacthub"], &[]);
    assert_eq!(
        said,
        format!("publish: the branch artifacthub has version {VERSION}\n")
    );
    let files = branch(&["ls-tree", "--name-only", "-r", "artifacthub"]);
    assert_eq!(
        files,
        "README.md\nartifacthub-pkg.yml\nartifacthub-repo.yml\n"
    );
    assert_eq!(
        branch(&["show", "artifacthub:artifacthub-pkg.yml"]),
        text(root("artifacthub-pkg.yml"))
    );
    // The pages that it speaks of are not on the branch.
    let readme = branch(&["show", "artifacthub:README.md"]);
    assert_eq!(relative_links(&readme), Vec::<&str>::new());
    let blob = format!("]({}/blob/{}/", env!("CARGO_PKG_REPOSITORY"), tag());
    assert_eq!(readme.replace(&blob, "]("), text(root("README.md")));
    // What is there already makes no commit.
    let said = passes(&folder, &["publish", "artifacthub"], &[]);
    assert_eq!(
        said,
        format!("publish: the branch artifacthub has version {VERSION} already\n")
    );
    assert_eq!(branch(&["rev-list", "--count", "artifacthub"]).trim(), "1");
    // The next version stands upon it.
    let package = text(folder.join("artifacthub-pkg.yml")).replacen(VERSION, "9.0.0", 1);
    std::fs::write(folder.join("artifacthub-pkg.yml"), package).unwrap();
    passes(&folder, &["publish", "artifacthub"], &[]);
    assert_eq!(
        branch(&["log", "--format=%s", "artifacthub"]),
        format!("Version 9.0.0\nVersion {VERSION}\n")
    );
    // Nothing of it is left in the checkout.
    assert_eq!(git(&["ls-files"]), "");
}

#[test]
fn a_missing_program_is_named() {
    let folder = with_assets("missing");
    let programs = ordinary_programs(&folder, &["bash", "env", "dirname"]);
    for (step, tool) in [
        ("modules", "kwctl"),
        ("signatures", "cosign"),
        ("release", "gh"),
        ("artifacthub", "git"),
        ("npm", "npm"),
    ] {
        let output = Command::new(folder.join("scripts/publish"))
            .arg(step)
            .env_clear()
            .env("PATH", &programs)
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{step} passes without {tool}");
        assert!(
            error.contains(&format!("publish: {tool} is missing: ")),
            "{step}: {error}"
        );
    }
}
