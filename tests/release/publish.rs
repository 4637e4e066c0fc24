//! The steps of scripts/publish.

use super::*;

const ASSETS: &str = "target/release-assets";
const NPM: &str = concat!(
    "eci-security-context-npm-",
    env!("CARGO_PKG_VERSION"),
    ".tgz"
);

/// A checkout with the files of a release. The content of each is its name.
fn with_assets(name: &str) -> PathBuf {
    let folder = checkout(name);
    let assets = folder.join(ASSETS);
    std::fs::create_dir_all(&assets).unwrap();
    for file in ["annotated-policy.wasm", "annotated-policy.opa.wasm", NPM] {
        std::fs::write(assets.join(file), file).unwrap();
    }
    folder
}

#[test]
fn the_modules_are_pushed_and_signed_by_their_digest() {
    let folder = with_assets("modules");
    stub(&folder, "cosign", "");
    let answer = r#"echo '{"immutable_ref":"registry://ghcr.io/eci/policy@sha256:0123"}'"#;
    stub(&folder, "kwctl", answer);
    let publish = ["publish", "modules"];
    let variables = [
        ("TAG", TAG),
        ("REGISTRY_USERNAME", "octocat"),
        ("REGISTRY_PASSWORD", "s3cr3t"),
    ];
    let printed = passes(&folder, &publish, &variables);
    assert!(!printed.contains("s3cr3t"));
    let of = |module: &str, name: &str| {
        format!(
            "kwctl push --output json {ASSETS}/annotated-{module}.wasm \
             registry://ghcr.io/eci-security-context/{name}:v{VERSION}\n\
             cosign sign --yes --new-bundle-format=false --use-signing-config=false ghcr.io/eci/policy@sha256:0123\n\
             cosign sign --yes --new-bundle-format=true --use-signing-config=true ghcr.io/eci/policy@sha256:0123\n"
        )
    };
    let expected = "cosign login ghcr.io --username octocat --password-stdin\ns3cr3t\n".to_owned()
        + &of("policy", "eci-security-context")
        + &of("policy.opa", "eci-security-context-opa");
    assert_eq!(text(folder.join("log")), expected);

    stub(&folder, "kwctl", "echo '{}'");
    let no_digest = "kwctl prints no digest of policy: {}";
    fails(&folder, &publish, &variables, no_digest);
    stub(&folder, "kwctl", "echo denied >&2; exit 1");
    fails(&folder, &publish, &variables, "denied");
    std::fs::remove_file(folder.join(ASSETS).join("annotated-policy.wasm")).unwrap();
    let missing = "annotated-policy.wasm does not exist: run scripts/release-assets first";
    fails(&folder, &publish, &variables, missing);
}

/// Puts the archives of the command for Linux into the folder of the release. Each file is named after its machine.
fn with_archives(folder: &Path) {
    for machine in ["x86_64", "aarch64"] {
        let name = format!("eci-policy-{TAG}-{machine}-unknown-linux-gnu");
        let packed = folder.join(&name);
        std::fs::create_dir(&packed).unwrap();
        // scripts/dist packs these, as a test of the release checks.
        for file in ["eci-policy", "LICENSE"] {
            std::fs::write(packed.join(file), machine).unwrap();
        }
        let archive = folder.join(ASSETS).join(name.clone() + ".tar.gz");
        let mut tar = Command::new("tar");
        tar.arg("-czf").arg(archive).arg("-C").arg(folder).arg(name);
        passed(tar.output().unwrap());
    }
}

#[test]
fn the_image_has_the_command_of_each_machine() {
    let folder = with_assets("image");
    with_archives(&folder);
    stub(&folder, "cosign", "");
    // The last argument of the build is the context.
    let build = format!(
        r#"for last; do :; done
        case $1 in
          build) cp -r "$last" '{0}/context' ;;
          manifest) echo "$DIGEST" >"$5" ;;
        esac"#,
        folder.display()
    );
    stub(&folder, "buildah", &build);
    let publish = ["publish", "image"];
    let login = [
        ("TAG", TAG),
        ("REGISTRY_USERNAME", "octocat"),
        ("REGISTRY_PASSWORD", "s3cr3t"),
    ];
    let variables = [&login[..], &[("DIGEST", "sha256:0123")]].concat();
    let printed = passes(&folder, &publish, &variables);
    assert!(!printed.contains("s3cr3t"));
    let image = "ghcr.io/eci-security-context/eci-policy";
    let log = text(folder.join("log"));
    let lines: Vec<_> = log.lines().collect();
    let list = lines[2].split(' ').nth(5).unwrap();
    let context = lines[2].rsplit(' ').next().unwrap();
    let expected = format!(
        "cosign login ghcr.io --username octocat --password-stdin\ns3cr3t\n\
         buildah build --platform linux/amd64,linux/arm64 --manifest {list} --build-arg VERSION={VERSION} \
         --file cli/Containerfile {context}\n\
         buildah manifest push --all --digestfile {context}/digest {list} docker://{image}:{TAG}\n\
         cosign sign --yes --new-bundle-format=false --use-signing-config=false {image}@sha256:0123\n\
         cosign sign --yes --new-bundle-format=true --use-signing-config=true {image}@sha256:0123\n"
    );
    assert_eq!(log, expected);
    assert!(!Path::new(context).exists(), "the context is left behind");

    // The build finds every file that it copies.
    let file = text(root("cli/Containerfile"));
    let instruction = |name: &str| {
        let mut lines = file.lines();
        lines
            .find_map(|line| line.strip_prefix(name))
            .unwrap_or_else(|| panic!("{name}"))
    };
    assert_eq!(instruction("FROM "), "scratch");
    let (user, _) = instruction("USER ").split_once(':').unwrap();
    assert!(user.parse::<u32>().unwrap() > 0, "the user is root");
    let (copied, place) = instruction("COPY ").rsplit_once(' ').unwrap();
    assert_eq!(place, "/");
    assert_eq!(instruction("ENTRYPOINT "), r#"["/eci-policy"]"#);
    for (arch, machine) in [("amd64", "x86_64"), ("arm64", "aarch64")] {
        let files: Vec<_> = copied.split(' ').collect();
        assert_eq!(files, ["$TARGETARCH/eci-policy", "$TARGETARCH/LICENSE"]);
        for file in files {
            let file = file.replace("$TARGETARCH", arch);
            assert_eq!(text(folder.join("context").join(file)), machine);
        }
    }
    let page = text(root("docs/command.md"));
    assert!(page.contains(&format!(" {image}:{TAG} check ")), "{image}");

    let variables = [&login[..], &[("DIGEST", "")]].concat();
    let message = format!("{image}:{TAG} is not pushed; see buildah's error above");
    fails(&folder, &publish, &variables, &message);
    let arm = format!("eci-policy-{TAG}-aarch64-unknown-linux-gnu.tar.gz");
    std::fs::remove_file(folder.join(ASSETS).join(&arm)).unwrap();
    let missing = format!("{arm} does not exist: run scripts/dist first");
    fails(&folder, &publish, &variables, &missing);
}

#[test]
fn the_files_are_signed_and_released() {
    let folder = with_assets("files");
    let variables = [("TAG", TAG)];
    let assets = folder.join(ASSETS);
    let sign = format!("touch '{}/SHA256SUMS.sigstore.json'", assets.display());
    stub(&folder, "cosign", &sign);
    stub(&folder, "gh", "");
    let checksums = ["checksums", ASSETS];
    let none = "target/release-assets has no files: run scripts/release-assets first";
    std::fs::rename(&assets, folder.join("elsewhere")).unwrap();
    fails(&folder, &checksums, &[], none);
    std::fs::create_dir(&assets).unwrap();
    fails(&folder, &checksums, &[], none);
    std::fs::remove_dir(&assets).unwrap();
    std::fs::rename(folder.join("elsewhere"), &assets).unwrap();
    for step in ["signatures", "release"] {
        let missing = "SHA256SUMS does not exist: run scripts/checksums first";
        fails(&folder, &["publish", step], &variables, missing);
    }
    passes(&folder, &checksums, &[]);
    let sums = text(assets.join("SHA256SUMS"));
    let lines = sums.lines().map(|line| line.split_once("  ").unwrap().1);
    let names: Vec<_> = lines.collect();
    assert_eq!(
        names,
        ["annotated-policy.opa.wasm", "annotated-policy.wasm", NPM]
    );
    passes(&folder, &["publish", "signatures"], &[]);
    passes(&folder, &["publish", "release"], &variables);
    let log = text(folder.join("log"));
    let (signed, released) = log.split_once('\n').unwrap();
    assert_eq!(
        signed,
        format!(
            "cosign sign-blob --yes --bundle {ASSETS}/SHA256SUMS.sigstore.json {ASSETS}/SHA256SUMS"
        )
    );
    let (released, notes) = released.split_once('\n').unwrap();
    let files = [&["SHA256SUMS", "SHA256SUMS.sigstore.json"], &names[..]].concat();
    let files: String = files
        .iter()
        .map(|name| format!(" {ASSETS}/{name}"))
        .collect();
    let expected =
        format!("gh release create {TAG} --verify-tag --title {TAG} --notes-file -{files}");
    assert_eq!(released, expected);
    assert_eq!(notes, passes(&folder, &["changelog", "notes", TAG], &[]));
    // The signature of an earlier run gets no checksum.
    passes(&folder, &checksums, &[]);
    assert_eq!(text(assets.join("SHA256SUMS")), sums);
    let wrong = "the tag v9.0.0 is not";
    fails(
        &folder,
        &["publish", "release"],
        &[("TAG", "v9.0.0")],
        wrong,
    );
}

#[test]
fn the_package_is_published_from_its_tarball() {
    let folder = with_assets("npm");
    stub(&folder, "npm", "");
    passes(&folder, &["publish", "npm"], &[]);
    let expected = format!("npm publish {ASSETS}/{NPM} --access public --provenance\n");
    assert_eq!(text(folder.join("log")), expected);
    std::fs::remove_file(folder.join(ASSETS).join(NPM)).unwrap();
    let missing = "does not exist: run scripts/release-assets first";
    fails(&folder, &["publish", "npm"], &[], missing);
}

#[test]
fn the_branch_of_artifact_hub_is_pushed() {
    let folder = checkout("artifacthub");
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        passed(git.args(arguments).current_dir(&folder).output().unwrap())
    };
    let branch = |arguments: &[&str]| git(&[&["--git-dir", "remote"], arguments].concat());
    let publish = ["publish", "artifacthub"];
    git(&["init", "--quiet", "."]);
    let no_remote = "the branches of the remote origin cannot be listed";
    fails(&folder, &publish, &[], no_remote);
    git(&["init", "--quiet", "--bare", "remote"]);
    git(&["remote", "add", "origin", "./remote"]);

    let done = format!("publish: the branch artifacthub has version {VERSION}");
    assert_eq!(passes(&folder, &publish, &[]), format!("{done}\n"));
    let files = branch(&["ls-tree", "--name-only", "-r", "artifacthub"]);
    let expected = ["README.md", "artifacthub-pkg.yml", "artifacthub-repo.yml"];
    assert_eq!(files.lines().collect::<Vec<_>>(), expected);
    let package = branch(&["show", "artifacthub:artifacthub-pkg.yml"]);
    assert_eq!(package, text(root("artifacthub-pkg.yml")));
    // The branch does not have the files that the page links to.
    let readme = branch(&["show", "artifacthub:README.md"]);
    assert_eq!(relative_links(&readme), Vec::<&str>::new());
    let blob = format!("]({}/blob/{TAG}/", env!("CARGO_PKG_REPOSITORY"));
    assert_eq!(readme.replace(&blob, "]("), text(root("README.md")));
    // A second run makes no commit.
    assert_eq!(passes(&folder, &publish, &[]), format!("{done} already\n"));
    assert_eq!(branch(&["rev-list", "--count", "artifacthub"]).trim(), "1");
    // The next version is a second commit.
    let package = package.replacen(VERSION, "9.0.0", 1);
    std::fs::write(folder.join("artifacthub-pkg.yml"), package).unwrap();
    passes(&folder, &publish, &[]);
    assert_eq!(
        branch(&["log", "--format=%s", "artifacthub"]),
        format!("Version 9.0.0\nVersion {VERSION}\n")
    );
    // The index of the checkout is still empty.
    assert_eq!(git(&["ls-files"]), "");
}

#[test]
fn a_missing_program_is_named() {
    let folder = with_assets("missing");
    let programs = with_programs(&folder, &["bash", "env", "dirname"]);
    for (step, tool) in [
        ("modules", "kwctl"),
        ("image", "buildah"),
        ("signatures", "cosign"),
        ("release", "gh"),
        ("artifacthub", "git"),
        ("npm", "npm"),
    ] {
        let mut publish = Command::new(folder.join("scripts/publish"));
        publish.arg(step).env_clear().env("PATH", &programs);
        let error = failed(publish.output().unwrap());
        let missing = format!("publish: {tool} is missing: ");
        assert!(error.contains(&missing), "{step}: {error}");
    }
}
