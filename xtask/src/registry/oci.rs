//! A module in an OCI registry: a manifest with one layer, which is the module.
//!
//! Media types and annotations are those of `kwctl push`, so that each program can pull the other's modules.

use std::collections::BTreeMap;
use std::error::Error;
use std::net::IpAddr;
use std::time::Duration;

use futures_util::StreamExt;
use oci_client::client::{ClientConfig, ClientProtocol, Config, ImageLayer, SizedStream};
use oci_client::errors::{OciDistributionError, OciErrorCode};
use oci_client::manifest::{
    IMAGE_MANIFEST_LIST_MEDIA_TYPE, IMAGE_MANIFEST_MEDIA_TYPE, OCI_IMAGE_INDEX_MEDIA_TYPE,
    OCI_IMAGE_MEDIA_TYPE, OciImageManifest, OciManifest, WASM_CONFIG_MEDIA_TYPE,
    WASM_LAYER_MEDIA_TYPE,
};
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference};

use super::credentials;
use crate::Failure;

/// The largest module that is pulled, in bytes. A policy has a few MB.
const LARGEST: u64 = 64 << 20;
/// The longest wait for a connection, and for the next part of an answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Every type of manifest, so that an image is fetched and reported as such instead of as missing.
const MANIFESTS: [&str; 4] = [
    OCI_IMAGE_MEDIA_TYPE,
    IMAGE_MANIFEST_MEDIA_TYPE,
    OCI_IMAGE_INDEX_MEDIA_TYPE,
    IMAGE_MANIFEST_LIST_MEDIA_TYPE,
];

/// The place of a module in a registry.
pub(crate) struct Registry {
    reference: Reference,
    client: Client,
    user: RegistryAuth,
    runtime: tokio::runtime::Runtime,
}

impl Registry {
    /// Reads a reference such as `registry.example/policies/name:v1`, with or without `registry://` before it.
    ///
    /// # Errors
    /// If the reference is not valid, or the user for the registry cannot be read.
    pub(crate) fn of(reference: &str, insecure: bool) -> Result<Self, Failure> {
        let parsed: Reference = reference
            .strip_prefix("registry://")
            .unwrap_or(reference)
            .parse()
            .map_err(|error| {
                format!("{reference}: {error}; write it as registry.example/policies/name:v1")
            })?;
        let insecure = insecure || is_loopback(parsed.registry());
        let config = ClientConfig {
            protocol: if insecure {
                ClientProtocol::Http
            } else {
                ClientProtocol::Https
            },
            connect_timeout: Some(PATIENCE),
            read_timeout: Some(PATIENCE),
            user_agent: concat!("eci-security-context/", env!("CARGO_PKG_VERSION")),
            ..ClientConfig::default()
        };
        // An error means that a provider is set already, which is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(Self {
            user: credentials::of(parsed.registry())?,
            client: Client::try_from(config).map_err(|error| {
                let reason = chain(&error);
                format!("cannot load the certificates for TLS: {reason}; install them (Debian: apt-get install ca-certificates)")
            })?,
            reference: parsed,
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()?,
        })
    }

    /// Pushes a module and returns its immutable reference.
    ///
    /// # Errors
    /// If the registry cannot be reached or refuses the module.
    pub(crate) fn push(
        &self,
        module: Vec<u8>,
        annotations: Option<BTreeMap<String, String>>,
    ) -> Result<String, Failure> {
        if self.reference.digest().is_some() {
            return Err(format!(
                "{}: a digest cannot be chosen; push to a tag",
                self.reference
            )
            .into());
        }
        let layers = [ImageLayer::new(
            module,
            WASM_LAYER_MEDIA_TYPE.to_owned(),
            None,
        )];
        let config = Config::new(&b"{}"[..], WASM_CONFIG_MEDIA_TYPE.to_owned(), None);
        let manifest = OciImageManifest::build(&layers, &config, annotations);
        let pushed = self
            .runtime
            .block_on(self.client.push(
                &self.reference,
                &layers,
                config,
                &self.user,
                Some(manifest),
            ))
            .map_err(|error| self.said(&error))?;
        match pushed.manifest_url.rsplit_once('/') {
            Some((_, digest)) if digest.contains(':') => Ok(self.immutable(digest)),
            _ => Err(format!(
                "{} is pushed, but the registry did not return its digest",
                self.reference
            )
            .into()),
        }
    }

    /// Pulls a module and returns it with its immutable reference.
    ///
    /// The client checks the manifest's digest against the reference or the registry's answer, and the module's digest
    /// against the manifest.
    ///
    /// # Errors
    /// If the registry cannot be reached, refuses, or has no valid module there.
    pub(crate) fn pull(&self) -> Result<(Vec<u8>, String), Failure> {
        self.runtime.block_on(async {
            let (manifest, digest) = self
                .client
                .pull_manifest_raw(&self.reference, &self.user, &MANIFESTS)
                .await
                .map_err(|error| self.said(&error))?;
            let immutable = self.immutable(&digest);
            let manifest = serde_json::from_slice(&manifest)
                .map_err(|error| format!("{immutable}: invalid manifest: {error}"))?;
            let (layer, size) =
                module_of(&manifest).map_err(|reason| format!("{immutable}: {reason}"))?;
            let stream = self.client.pull_blob_stream(&self.reference, layer).await;
            let module = whole(stream.map_err(|error| self.said(&error))?, size)
                .await
                .map_err(|reason| format!("{immutable}: its module: {reason}"))?;
            Ok((module, immutable))
        })
    }

    fn immutable(&self, digest: &str) -> String {
        format!(
            "{}/{}@{digest}",
            self.reference.registry(),
            self.reference.repository()
        )
    }

    /// Returns the message for an error: what failed, and what to do.
    fn said(&self, error: &OciDistributionError) -> String {
        use OciDistributionError as E;
        use OciErrorCode as Code;
        let registry = self.reference.registry();
        let is = |codes: &[Code]| match error {
            E::RegistryError { envelope, .. } => {
                envelope.errors.iter().any(|one| codes.contains(&one.code))
            }
            _ => false,
        };
        match error {
            E::UnauthorizedError { .. }
            | E::AuthenticationFailure(_)
            | E::ServerError {
                code: 401 | 403, ..
            } => self.refused(),
            _ if is(&[Code::Unauthorized, Code::Denied]) => self.refused(),
            _ if is(&[Code::ManifestUnknown, Code::NameUnknown, Code::NotFound]) => {
                format!(
                    "{} does not exist: {registry} has no such repository, tag or digest",
                    self.reference
                )
            }
            // The message may be a whole HTML page.
            E::ServerError { code, message, .. } => {
                let message: String = message.chars().take(300).collect();
                format!("{}: {registry} answered {code} {message}", self.reference)
                    .trim_end()
                    .to_owned()
            }
            E::DigestError(_) => format!("{}: its manifest: {}", self.reference, chain(error)),
            E::RequestError(_) => format!("cannot reach {registry}: {}", chain(error)),
            _ => format!("{}: {}", self.reference, chain(error)),
        }
    }

    fn refused(&self) -> String {
        let registry = self.reference.registry();
        let reason = match &self.user {
            RegistryAuth::Basic(user, _) => format!("refuses the user {user} or the password"),
            RegistryAuth::Anonymous | RegistryAuth::Bearer(_) => "requires a login".to_owned(),
        };
        format!(
            "{}: {registry} {reason}; run `docker login {registry}`, or set REGISTRY_USERNAME and REGISTRY_PASSWORD",
            self.reference
        )
    }
}

/// Reads a stream that must have exactly `size` bytes.
async fn whole(mut stream: SizedStream, size: usize) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(size);
    while let Some(part) = stream.next().await {
        bytes.extend_from_slice(&part.map_err(|error| chain(&error))?);
        if bytes.len() > size {
            break;
        }
    }
    if bytes.len() != size {
        return Err(format!("its size is not the {size} bytes of the manifest"));
    }
    Ok(bytes)
}

/// Returns the digest and the size of the module.
fn module_of(manifest: &OciManifest) -> Result<(&str, usize), String> {
    let kind = match manifest {
        OciManifest::ImageIndex(_) => "an index of images".to_owned(),
        OciManifest::Image(image) => match image.layers.as_slice() {
            [layer] if layer.media_type == WASM_LAYER_MEDIA_TYPE => {
                return match u64::try_from(layer.size)
                    .ok()
                    .filter(|size| *size <= LARGEST)
                {
                    Some(size) => Ok((&layer.digest, size as usize)),
                    None => Err(format!(
                        "the module has {} bytes (allowed: {LARGEST})",
                        layer.size
                    )),
                };
            }
            [layer] => format!("a layer of {}", layer.media_type),
            layers => format!("{} layers", layers.len()),
        },
    };
    Err(format!(
        "not a policy: found {kind}, expected one layer of {WASM_LAYER_MEDIA_TYPE}"
    ))
}

/// True if the registry is on this machine.
fn is_loopback(registry: &str) -> bool {
    let host = registry.split_once(':').map_or(registry, |(host, _)| host);
    host == "localhost"
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// Returns the message of an error followed by those of its causes.
fn chain(error: &dyn Error) -> String {
    let mut said = error.to_string();
    let mut of = error.source();
    while let Some(error) = of {
        let text = error.to_string();
        if !said.contains(&text) {
            said = format!("{said}: {text}");
        }
        of = error.source();
    }
    said
}
