//! A module in an OCI registry: a manifest with one layer, the module, in the media types and with the annotations
//! that `kwctl push` gives them, so that each can pull what the other pushed.

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

/// The most bytes of a module that are pulled. A policy has a few MB.
const LARGEST: u64 = 64 << 20;
/// How long a registry may take until it is connected to, and until it goes on with an answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Every manifest that a registry may have: what is no module is told, not asked away.
const MANIFESTS: [&str; 4] = [
    OCI_IMAGE_MEDIA_TYPE,
    IMAGE_MANIFEST_MEDIA_TYPE,
    OCI_IMAGE_INDEX_MEDIA_TYPE,
    IMAGE_MANIFEST_LIST_MEDIA_TYPE,
];

/// Where a module is, or is to be.
pub(crate) struct Registry {
    reference: Reference,
    client: Client,
    user: RegistryAuth,
    runtime: tokio::runtime::Runtime,
}

impl Registry {
    /// The place of a reference such as `registry.example/policies/name:v1`, after `registry://` or without.
    ///
    /// # Errors
    /// Where it is no reference, or the user of the registry cannot be had.
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
        // Fails where there is a provider already, which nothing else here sets.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(Self {
            user: credentials::of(parsed.registry())?,
            // All that it needs are the certificates of authorities.
            client: Client::try_from(config).map_err(|error| {
                let reason = chain(&error);
                format!("cannot speak TLS: {reason}; install them (Debian: apt-get install ca-certificates)")
            })?,
            reference: parsed,
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()?,
        })
    }

    /// Pushes a module, and tells its immutable reference.
    ///
    /// # Errors
    /// What the registry objects to, and the way out.
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
                "{} is pushed, but the registry does not tell its digest",
                self.reference
            )
            .into()),
        }
    }

    /// Pulls a module, and tells its immutable reference. The client holds the manifest to the digest, of the reference
    /// or of the registry's answer, and the module to that of the manifest.
    ///
    /// # Errors
    /// What the registry objects to, or what is wrong with what it has.
    pub(crate) fn pull(&self) -> Result<(Vec<u8>, String), Failure> {
        self.runtime.block_on(async {
            let (manifest, digest) = self
                .client
                .pull_manifest_raw(&self.reference, &self.user, &MANIFESTS)
                .await
                .map_err(|error| self.said(&error))?;
            let immutable = self.immutable(&digest);
            let manifest = serde_json::from_slice(&manifest)
                .map_err(|error| format!("{immutable}: its manifest cannot be read: {error}"))?;
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

    /// What went wrong, and the way out.
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
                    "{} is not there: {registry} has no such repository, tag or digest",
                    self.reference
                )
            }
            // An answer that is not OCI's may be a page.
            E::ServerError { code, message, .. } => {
                let message: String = message.chars().take(300).collect();
                format!("{}: {registry} answers {code} {message}", self.reference)
                    .trim_end()
                    .to_owned()
            }
            E::DigestError(_) => format!("{}: its manifest: {}", self.reference, chain(error)),
            E::RequestError(_) => format!("{registry} cannot be asked: {}", chain(error)),
            _ => format!("{}: {}", self.reference, chain(error)),
        }
    }

    fn refused(&self) -> String {
        let registry = self.reference.registry();
        let who = match &self.user {
            RegistryAuth::Basic(user, _) => format!("the user {user}, or the password"),
            RegistryAuth::Anonymous | RegistryAuth::Bearer(_) => "what has no user".to_owned(),
        };
        format!(
            "{}: {registry} refuses {who}; docker login {registry}, or set REGISTRY_USERNAME and REGISTRY_PASSWORD",
            self.reference
        )
    }
}

/// All of a stream that has so many bytes.
async fn whole(mut stream: SizedStream, size: usize) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(size);
    while let Some(part) = stream.next().await {
        bytes.extend_from_slice(&part.map_err(|error| chain(&error))?);
        if bytes.len() > size {
            break;
        }
    }
    if bytes.len() != size {
        return Err(format!(
            "it has not the {size} bytes of which the manifest tells"
        ));
    }
    Ok(bytes)
}

/// The digest and the size of the module.
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
                        "a module of {} bytes; {LARGEST} are the most",
                        layer.size
                    )),
                };
            }
            [layer] => format!("a layer of {}", layer.media_type),
            layers => format!("{} layers", layers.len()),
        },
    };
    Err(format!(
        "it is no policy: it has {kind}, where a policy has a layer of {WASM_LAYER_MEDIA_TYPE}"
    ))
}

/// Whether a registry, with its port or without, is this machine.
fn is_loopback(registry: &str) -> bool {
    let host = registry.split_once(':').map_or(registry, |(host, _)| host);
    host == "localhost"
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// An error with what it comes of.
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
