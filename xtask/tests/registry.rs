//! Push and pull, against Debian's docker-registry on this machine.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use oci_client::client::{ClientConfig, ClientProtocol, Config, ImageLayer};
use oci_client::manifest::{
    IMAGE_DOCKER_CONFIG_MEDIA_TYPE, IMAGE_DOCKER_LAYER_GZIP_MEDIA_TYPE, OciImageIndex,
    OciImageManifest, WASM_CONFIG_MEDIA_TYPE, WASM_LAYER_MEDIA_TYPE,
};
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

mod support;

use support::{Folder, Ran, SECTION, module, named, ran, with_section};

/// alice with the password s3cr3t, as `htpasswd -B` writes it.
const USERS: &str = "alice:$2b$04$tR70eXg5d0gNcR7aTFe4JuQ0RVaT7zfWvsGQvQ7gb19HxI2aMzTZu\n";
/// The same in base64, as `docker login` writes it.
const LOGIN: &str = "YWxpY2U6czNjcjN0";

/// A registry that goes with the test.
struct Registry {
    process: Child,
    address: String,
    storage: TempDir,
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Registry {
    /// One that asks nobody who they are.
    fn open() -> Self {
        Self::start("")
    }

    /// One for [`USERS`].
    fn closed() -> Self {
        Self::start("auth: {htpasswd: {realm: test, path: users}}\n")
    }

    fn start(auth: &str) -> Self {
        let storage = tempfile::tempdir().unwrap();
        let config = "\
version: 0.1
log: {accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: .}}
http: {addr: \"127.0.0.1:0\"}
";
        fs::write(storage.path().join("config.yml"), format!("{config}{auth}")).unwrap();
        fs::write(storage.path().join("users"), USERS).unwrap();
        let mut process = Command::new(named("DOCKER_REGISTRY"))
            .args(["serve", "config.yml"])
            .current_dir(storage.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap()).lines();
        let address = log
            .find_map(|line| {
                let line = line.unwrap();
                let (_, address) = line.split_once("msg=\"listening on ")?;
                Some(address.split_once('"').unwrap().0.to_owned())
            })
            .unwrap_or_else(|| panic!("docker-registry does not listen"));
        // Or the registry stands still when nobody reads.
        std::thread::spawn(move || log.for_each(drop));
        Self {
            process,
            address,
            storage,
        }
    }

    fn reference(&self, rest: &str) -> String {
        format!("{}/{rest}", self.address)
    }

    /// Where it keeps what has a digest.
    fn blob(&self, digest: &str) -> PathBuf {
        let hex = digest.strip_prefix("sha256:").unwrap();
        self.storage.path().join(format!(
            "docker/registry/v2/blobs/sha256/{}/{hex}/data",
            &hex[..2]
        ))
    }

    /// The manifest of an immutable reference, as it is kept.
    fn manifest(&self, immutable: &str) -> Value {
        let (_, digest) = immutable.split_once('@').unwrap();
        serde_json::from_slice(&fs::read(self.blob(digest)).unwrap()).unwrap()
    }

    /// Has a client of OCI's put something there, without the command.
    fn put<T>(&self, rest: &str, put: impl AsyncFnOnce(&Client, &Reference) -> T) -> String {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let reference: Reference = self.reference(rest).parse().unwrap();
        let config = ClientConfig {
            protocol: ClientProtocol::Http,
            ..ClientConfig::default()
        };
        let client = Client::new(config);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(put(&client, &reference));
        self.reference(rest)
    }

    /// Puts one layer there, under these media types.
    fn put_layer(&self, rest: &str, config: &str, layer: &str, data: &[u8]) -> String {
        let config = Config::new(&b"{}"[..], config.to_owned(), None);
        let layers = [ImageLayer::new(data.to_vec(), layer.to_owned(), None)];
        self.put(rest, async |client, reference| {
            client
                .push(reference, &layers, config, &RegistryAuth::Anonymous, None)
                .await
                .unwrap()
        })
    }
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold("sha256:".to_owned(), |hex, byte| format!("{hex}{byte:02x}"))
}

/// A module with these metadata.
fn annotated(metadata: &Value) -> Vec<u8> {
    with_section(
        module(&["__guest_call"]),
        SECTION,
        metadata.to_string().as_bytes(),
    )
}

fn folder() -> Folder {
    Folder::with(&[(
        "policy.wasm",
        &annotated(&json!({"annotations": {"io.kubewarden.policy.title": "one"}})),
    )])
}

fn push(folder: &Folder, reference: &str) -> String {
    let printed = folder.run(&["push", "policy.wasm", reference]);
    printed.succeeds().trim_end().to_owned()
}

fn pull(folder: &Folder, reference: &str) -> Ran {
    folder.run(&["pull", reference, "--output", "pulled.wasm"])
}

/// That a pull fails so, and writes nothing.
#[track_caller]
fn pull_fails(folder: &Folder, reference: &str, said: &[&str]) {
    let names = folder.names();
    pull(folder, reference).fails(said);
    assert_eq!(folder.names(), names);
}

#[test]
fn what_was_pushed_is_pulled_by_tag_and_by_digest() {
    let registry = Registry::open();
    let folder = folder();
    for variable in ["POLICY_WASM", "POLICY_OPA_WASM"] {
        let module = with_section(fs::read(named(variable)).unwrap(), SECTION, b"{}");
        folder.write("policy.wasm", &module);
        let tagged = registry.reference("policies/eci:v1");
        let immutable = push(&folder, &tagged);
        let manifest = immutable
            .strip_prefix(&registry.reference("policies/eci@"))
            .unwrap();
        assert_eq!(
            sha256(&fs::read(registry.blob(manifest)).unwrap()),
            manifest
        );
        for reference in [&tagged, &immutable, &format!("registry://{tagged}")] {
            folder.write("pulled.wasm", "what was there");
            assert_eq!(pull(&folder, reference).succeeds().trim_end(), immutable);
            assert_eq!(folder.read("pulled.wasm"), module, "{variable} {reference}");
        }
    }
}

#[test]
fn as_json_the_reference_is_printed_as_kwctl_prints_it() {
    let registry = Registry::open();
    let folder = folder();
    let reference = registry.reference("eci:v1");
    let immutable = push(&folder, &reference);
    let printed = folder.run(&["push", "--output", "json", "policy.wasm", &reference]);
    assert_eq!(
        printed.succeeds(),
        format!("{{\"immutable_ref\":\"{immutable}\"}}\n")
    );
}

/// `Registry::do_push` in Kubewarden's `policy-fetcher`, and `build_oci_annotations` in `kwctl`.
#[test]
fn the_manifest_is_that_of_kwctl() {
    let registry = Registry::open();
    let folder = folder();
    let manifest = |module: &[u8]| {
        folder.write("policy.wasm", module);
        registry.manifest(&push(&folder, &registry.reference("eci:v1")))
    };
    let module = annotated(&json!({"annotations": {
        "io.kubewarden.policy.title": "eci",
        "io.kubewarden.policy.usage": "# Title\n\ntext\n",
        "io.kubewarden.policy.description": " on one line\n",
        "io.kubewarden.policy.source": "https://sources.example/eci",
    }}));
    let expected = json!({
        "schemaVersion": 2,
        "config": {
            "mediaType": "application/vnd.wasm.config.v1+json",
            // Of {}.
            "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
            "size": 2,
        },
        "layers": [{
            "mediaType": "application/vnd.wasm.content.layer.v1+wasm",
            "digest": sha256(&module),
            "size": module.len(),
        }],
        "annotations": {
            "io.kubewarden.policy.title": "eci",
            "io.kubewarden.policy.description": "on one line",
            "io.kubewarden.policy.source": "https://sources.example/eci",
            "org.opencontainers.image.source": "https://sources.example/eci",
        },
    });
    assert_eq!(manifest(&module), expected);
    // A source of OCI's own is left.
    let said = json!({
        "io.kubewarden.policy.source": "https://sources.example/eci",
        "org.opencontainers.image.source": "https://sources.example/other",
    });
    assert_eq!(
        manifest(&annotated(&json!({"annotations": said})))["annotations"],
        said
    );
}

#[test]
fn a_module_without_metadata_is_pushed_by_force_only() {
    let registry = Registry::open();
    let folder = Folder::with(&[
        ("raw.wasm", &module(&["__guest_call"])),
        ("raw.opa.wasm", &module(&["opa_eval"])),
        (
            "bad.wasm",
            &with_section(module(&["__guest_call"]), SECTION, b"{"),
        ),
        ("text.wasm", b"(module)"),
    ]);
    let reference = registry.reference("eci:v1");
    let pushed = |module: &str| folder.run(&["push", module, &reference]);
    let forced = |module: &str| folder.run(&["push", "--force", module, &reference]);
    pushed("raw.wasm")
        .fails(&["raw.wasm: it has no metadata; `cargo xtask annotate` adds them, and --force"]);
    forced("raw.opa.wasm")
        .fails(&["raw.opa.wasm: a module for OPA's hosts cannot go without metadata"]);
    for (module, said) in [
        ("bad.wasm", "bad.wasm: its metadata cannot be read"),
        ("text.wasm", "text.wasm: no WebAssembly module"),
        ("none.wasm", "cannot read none.wasm: No such file"),
    ] {
        pushed(module).fails(&[said]);
        forced(module).fails(&[said]);
    }
    // Nothing of this has reached the registry.
    assert!(!registry.storage.path().join("docker").exists());
    let manifest = registry.manifest(forced("raw.wasm").succeeds().trim_end());
    assert_eq!(
        manifest["layers"][0]["digest"],
        sha256(&module(&["__guest_call"]))
    );
    assert_eq!(manifest.get("annotations"), None);
}

#[test]
fn a_reference_that_is_none_is_told() {
    let folder = folder();
    for (reference, said) in [
        ("", "write it as registry.example/policies/name:v1"),
        ("localhost:1/Policies/eci:v1", "invalid reference format"),
        ("localhost:1/eci:a tag", "invalid reference format"),
        ("localhost:1/eci@sha256:abc", "invalid reference format"),
        (
            "https://localhost:1/eci:v1",
            "write it as registry.example/policies/name:v1",
        ),
    ] {
        pull_fails(&folder, reference, &[reference, said]);
        folder
            .run(&["push", "policy.wasm", reference])
            .fails(&[reference, said]);
    }
    let digest = format!("localhost:1/eci@{}", sha256(b""));
    folder
        .run(&["push", "policy.wasm", &digest])
        .fails(&[&digest, "push to a tag"]);
}

#[test]
fn what_is_not_there_is_named() {
    let registry = Registry::open();
    let folder = folder();
    push(&folder, &registry.reference("eci:v1"));
    for rest in ["eci:v2", "other:v1", &format!("eci@{}", sha256(b"another"))] {
        let reference = registry.reference(rest);
        pull_fails(
            &folder,
            &reference,
            &[
                &format!("{reference} is not there"),
                "no such repository, tag or digest",
            ],
        );
    }
}

#[test]
fn a_registry_that_cannot_be_asked_is_named() {
    let folder = folder();
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let reference = format!("{closed}/eci:v1");
    let said = [&*format!("{closed} cannot be asked"), "Connection refused"];
    pull_fails(&folder, &reference, &said);
    folder
        .run(&["push", "policy.wasm", &reference])
        .fails(&said);
    // What is not this machine is asked over HTTPS, unless told otherwise. Nothing has such a name.
    for (insecure, scheme) in [(&[][..], "https://"), (&["--insecure"], "http://")] {
        let arguments = ["pull", "registry.invalid/eci:v1", "--output", "pulled.wasm"];
        folder
            .run(&[&arguments, insecure].concat())
            .fails(&["registry.invalid cannot be asked", scheme]);
    }
}

#[test]
fn a_registry_does_not_speak_to_the_terminal() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let reference = format!("{}/eci:v1", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let page = format!("\x1b[31m{}\nof a page", "long ".repeat(200));
            let head = "HTTP/1.1 500 Internal Server Error\r\nConnection: close";
            write!(
                stream,
                "{head}\r\nContent-Length: {}\r\n\r\n{page}",
                page.len()
            )
            .unwrap();
        }
    });
    let folder = folder();
    let ran = pull(&folder, &reference);
    ran.fails(&[&reference, "answers 500", "long long"]);
    assert!(
        ran.err.len() < 500 && !ran.err.contains('\x1b'),
        "{}",
        ran.err
    );
    folder
        .run(&["push", "policy.wasm", &reference])
        .fails(&[&reference, "answers 500"]);
}

#[test]
fn only_who_may_is_let_in() {
    let registry = Registry::closed();
    let folder = folder();
    let reference = registry.reference("eci:v1");
    let push = ["push", "policy.wasm", &reference];
    let pull = ["pull", &reference, "--output", "pulled.wasm"];
    let with = |arguments: &[&str], user: &str, password: &str| {
        let mut command = folder.command();
        ran(command
            .args(arguments)
            .env("REGISTRY_USERNAME", user)
            .env("REGISTRY_PASSWORD", password))
    };
    let refused = format!("{} refuses", registry.address);
    for arguments in [&push[..], &pull] {
        folder.run(arguments).fails(&[
            &refused,
            "what has no user",
            "docker login",
            "set REGISTRY_USERNAME",
        ]);
        let wrong = with(arguments, "alice", "wr0ng");
        wrong.fails(&[&refused, "the user alice, or the password"]);
        assert!(!wrong.err.contains("wr0ng"));
        with(arguments, "alice", "").fails(&["REGISTRY_USERNAME is set without REGISTRY_PASSWORD"]);
        with(arguments, "", "s3cr3t")
            .fails(&["REGISTRY_PASSWORD is set without REGISTRY_USERNAME"]);
    }
    assert_eq!(folder.names(), ["policy.wasm"]);
    let immutable = with(&push, "alice", "s3cr3t").succeeds().to_owned();
    assert_eq!(with(&pull, "alice", "s3cr3t").succeeds(), immutable);
    assert_eq!(folder.read("pulled.wasm"), folder.read("policy.wasm"));
}

#[test]
fn the_login_of_docker_counts() {
    let registry = Registry::closed();
    let folder = folder();
    let docker = folder.path().join(".docker");
    fs::create_dir(&docker).unwrap();
    let reference = registry.reference("eci:v1");
    let with = |config: &str| {
        fs::write(docker.join("config.json"), config).unwrap();
        folder.run(&["push", "policy.wasm", &reference])
    };
    let auths = |login: &Value| json!({"auths": {&registry.address: login}}).to_string();
    for (config, said) in [
        ("{}".to_owned(), "what has no user"),
        (
            json!({"auths": {"other.example": {"auth": LOGIN}}}).to_string(),
            "what has no user",
        ),
        (
            auths(&json!({"auth": "YWxpY2U6d3IwbmcK"})),
            "the user alice, or the password",
        ),
        (
            auths(&json!({"auth": "?"})),
            "config.json: Unable to decode credential; docker login",
        ),
        (
            auths(&json!({"identitytoken": "s3cr3t"})),
            "is an identity token, which is not supported",
        ),
        (
            "{".to_owned(),
            "config.json: Unable to read config; docker login",
        ),
        (
            r#"{"credsStore": "of-nobody"}"#.to_owned(),
            "config.json: Unable to communicate with credential helper",
        ),
    ] {
        let ran = with(&config);
        ran.fails(&[said, &registry.address]);
        assert!(
            !ran.err.contains("s3cr3t") && !ran.err.contains("wr0ng"),
            "{}",
            ran.err
        );
    }
    with(&auths(&json!({"auth": LOGIN}))).succeeds();
    // The environment goes first.
    let mut command = folder.command();
    command
        .env("REGISTRY_USERNAME", "alice")
        .env("REGISTRY_PASSWORD", "wr0ng");
    ran(command.args(["push", "policy.wasm", &reference]))
        .fails(&["the user alice, or the password"]);
}

#[test]
fn the_helpers_of_docker_are_asked() {
    let registry = Registry::closed();
    let folder = folder();
    fs::create_dir(folder.path().join(".docker")).unwrap();
    for (helper, script) in [
        (
            "good",
            r#"cat >/dev/null; echo '{"Username": "alice", "Secret": "s3cr3t"}'"#,
        ),
        (
            "empty",
            "cat >/dev/null; echo credentials not found in native keychain; exit 1",
        ),
        (
            "bad",
            "cat >/dev/null; echo s3cr3t; echo s3cr3t >&2; exit 1",
        ),
    ] {
        let path = folder.path().join(format!("docker-credential-{helper}"));
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!(
        "{}:{}",
        folder.path().display(),
        std::env::var("PATH").unwrap()
    );
    let with = |helper: &str| {
        folder.write(
            ".docker/config.json",
            json!({"credsStore": helper}).to_string(),
        );
        let mut command = folder.command();
        ran(command
            .args(["push", "policy.wasm", &registry.reference("eci:v1")])
            .env("PATH", &path))
    };
    with("good").succeeds();
    with("empty").fails(&["what has no user"]);
    let failed = with("bad");
    failed.fails(&[
        "config.json: docker-credential-bad fails; docker login",
        "set REGISTRY_USERNAME",
    ]);
    assert!(!failed.err.contains("s3cr3t"), "{}", failed.err);
}

#[test]
fn what_is_no_policy_is_told() {
    let registry = Registry::open();
    let folder = folder();
    let layer = |rest: &str, media_type: &str, data: &[u8]| {
        registry.put_layer(rest, WASM_CONFIG_MEDIA_TYPE, media_type, data)
    };
    let image = registry.put_layer(
        "image:v1",
        IMAGE_DOCKER_CONFIG_MEDIA_TYPE,
        IMAGE_DOCKER_LAYER_GZIP_MEDIA_TYPE,
        b"a tar",
    );
    let policy = "it is no policy: it has";
    pull_fails(
        &folder,
        &image,
        &[
            policy,
            "a layer of application/vnd.docker.image.rootfs.diff.tar.gzip",
        ],
    );
    let index = registry.put("index:v1", async |client, reference| {
        let index = OciImageIndex {
            schema_version: 2,
            media_type: Some("application/vnd.oci.image.index.v1+json".to_owned()),
            manifests: Vec::new(),
            artifact_type: None,
            annotations: None,
        };
        client
            .push_manifest_list(reference, &RegistryAuth::Anonymous, index)
            .await
            .unwrap()
    });
    pull_fails(&folder, &index, &[policy, "an index of images"]);
    let two = registry.put("two:v1", async |client, reference| {
        let config = Config::new(&b"{}"[..], WASM_CONFIG_MEDIA_TYPE.to_owned(), None);
        let layers = [&b"one"[..], b"two"]
            .map(|data| ImageLayer::new(data, WASM_LAYER_MEDIA_TYPE.to_owned(), None));
        client
            .push(reference, &layers, config, &RegistryAuth::Anonymous, None)
            .await
            .unwrap()
    });
    pull_fails(&folder, &two, &[policy, "2 layers"]);
    pull_fails(
        &folder,
        &layer("text:v1", WASM_LAYER_MEDIA_TYPE, b"(module)"),
        &["no WebAssembly module"],
    );
    let cut = &folder.read("policy.wasm")[..40];
    pull_fails(
        &folder,
        &layer("cut:v1", WASM_LAYER_MEDIA_TYPE, cut),
        &["a broken WebAssembly module"],
    );
}

#[test]
fn a_manifest_that_lies_about_the_size_is_told() {
    let registry = Registry::open();
    let folder = folder();
    let module = folder.read("policy.wasm");
    let actual = module.len() as i64;
    for (size, said) in [
        (actual - 1, format!("it has not the {} bytes", actual - 1)),
        (actual + 1, format!("it has not the {} bytes", actual + 1)),
        (
            (64 << 20) + 1,
            "a module of 67108865 bytes; 67108864 are the most".to_owned(),
        ),
        (-1, "a module of -1 bytes".to_owned()),
    ] {
        let reference = registry.put("eci:v1", async |client, reference| {
            let config = Config::new(&b"{}"[..], WASM_CONFIG_MEDIA_TYPE.to_owned(), None);
            let layers = [ImageLayer::new(
                module.clone(),
                WASM_LAYER_MEDIA_TYPE.to_owned(),
                None,
            )];
            let mut manifest = OciImageManifest::build(&layers, &config, None);
            manifest.layers[0].size = size;
            client
                .push(
                    reference,
                    &layers,
                    config,
                    &RegistryAuth::Anonymous,
                    Some(manifest),
                )
                .await
                .unwrap()
        });
        pull_fails(&folder, &reference, &[&said]);
    }
}

#[test]
fn what_a_registry_has_corrupted_is_not_written() {
    let registry = Registry::open();
    let folder = folder();
    let tagged = registry.reference("eci:v1");
    let immutable = push(&folder, &tagged);
    let layer = sha256(&folder.read("policy.wasm"));
    let (_, manifest) = immutable.split_once('@').unwrap();
    for (digest, of, cut_off) in [
        (layer.as_str(), "its module", "Invalid digest"),
        (manifest, "its manifest", "answers 500"),
    ] {
        let file = registry.blob(digest);
        let good = fs::read(&file).unwrap();
        let mut bad = good.clone();
        // Of the module a letter of a name, of the manifest one of a digest: both stay valid.
        let name = if digest == layer { "guest" } else { "44136" };
        let at = bad
            .windows(5)
            .position(|window| window == name.as_bytes())
            .unwrap();
        bad[at] += 1;
        fs::write(&file, bad).unwrap();
        for reference in [&tagged, &immutable] {
            pull_fails(
                &folder,
                reference,
                &[
                    of,
                    &format!("Invalid digest. Expected {digest}, got sha256:"),
                ],
            );
        }
        fs::write(&file, &good[..good.len() - 1]).unwrap();
        for reference in [&tagged, &immutable] {
            pull_fails(&folder, reference, &[cut_off]);
        }
        fs::write(&file, good).unwrap();
    }
    pull(&folder, &tagged).succeeds();
}

#[test]
fn where_a_module_cannot_be_written_is_named() {
    let registry = Registry::open();
    let folder = folder();
    let reference = registry.reference("eci:v1");
    push(&folder, &reference);
    fs::create_dir(folder.path().join("directory")).unwrap();
    let names = folder.names();
    for (output, said) in [
        ("none/a.wasm", "No such file"),
        ("directory", "Is a directory"),
    ] {
        folder
            .run(&["pull", &reference, "--output", output])
            .fails(&[&format!("cannot write {output}: {said}")]);
        assert_eq!(folder.names(), names);
    }
}
