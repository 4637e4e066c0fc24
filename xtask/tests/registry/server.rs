//! A registry that runs for one test.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use oci_client::client::{ClientConfig, ClientProtocol, Config, ImageLayer};
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::folder::named;

/// The user alice with the password s3cr3t, as `htpasswd -B` writes them.
const USERS: &str = "alice:$2b$04$tR70eXg5d0gNcR7aTFe4JuQ0RVaT7zfWvsGQvQ7gb19HxI2aMzTZu\n";
/// The same user and password in base64, as `docker login` writes them.
pub(crate) const LOGIN: &str = "YWxpY2U6czNjcjN0";

/// A registry that is stopped and removed at the end of the test.
pub(crate) struct Registry {
    process: Child,
    pub(crate) address: String,
    pub(crate) storage: TempDir,
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Registry {
    /// A registry without users.
    pub(crate) fn open() -> Self {
        Self::start("")
    }

    /// A registry that only [`USERS`] may use.
    pub(crate) fn closed() -> Self {
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
        // A full pipe would block the registry.
        std::thread::spawn(move || log.for_each(drop));
        Self {
            process,
            address,
            storage,
        }
    }

    pub(crate) fn reference(&self, rest: &str) -> String {
        format!("{}/{rest}", self.address)
    }

    /// The file in which the registry stores the blob or manifest with this digest.
    pub(crate) fn blob(&self, digest: &str) -> PathBuf {
        let hex = digest.strip_prefix("sha256:").unwrap();
        self.storage.path().join(format!(
            "docker/registry/v2/blobs/sha256/{}/{hex}/data",
            &hex[..2]
        ))
    }

    /// The stored manifest of an immutable reference.
    pub(crate) fn manifest(&self, immutable: &str) -> Value {
        let (_, digest) = immutable.split_once('@').unwrap();
        serde_json::from_slice(&fs::read(self.blob(digest)).unwrap()).unwrap()
    }

    /// Puts something there with an OCI client instead of the command, and returns its reference.
    pub(crate) fn put<T>(
        &self,
        rest: &str,
        put: impl AsyncFnOnce(&Client, &Reference) -> T,
    ) -> String {
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

    /// Puts an image with one layer there, with these media types.
    pub(crate) fn put_layer(&self, rest: &str, config: &str, layer: &str, data: &[u8]) -> String {
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

/// The digest of these bytes, as registries write it.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold("sha256:".to_owned(), |hex, byte| format!("{hex}{byte:02x}"))
}
