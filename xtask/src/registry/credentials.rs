//! The user and password for a registry.

use std::env;
use std::fs::File;
use std::io::{BufReader, ErrorKind};
use std::path::PathBuf;

use docker_credential::{CredentialRetrievalError, DockerCredential, get_credential_from_reader};
use oci_client::secrets::RegistryAuth;

use crate::Failure;

const USERNAME: &str = "REGISTRY_USERNAME";
const PASSWORD: &str = "REGISTRY_PASSWORD";

/// Returns the user from the environment, else the one from `docker login`, else anonymous.
///
/// # Errors
/// If a user is configured, but the user or password cannot be read.
pub(crate) fn of(registry: &str) -> Result<RegistryAuth, Failure> {
    let set = |name| env::var(name).ok().filter(|value| !value.is_empty());
    match (set(USERNAME), set(PASSWORD)) {
        (Some(user), Some(password)) => return Ok(RegistryAuth::Basic(user, password)),
        (None, None) => {}
        (Some(_), None) => {
            return Err(
                format!("{USERNAME} is set without {PASSWORD}; set both or neither").into(),
            );
        }
        (None, Some(_)) => {
            return Err(
                format!("{PASSWORD} is set without {USERNAME}; set both or neither").into(),
            );
        }
    }
    let folder = env::var_os("DOCKER_CONFIG")
        .map(PathBuf::from)
        .or_else(|| env::home_dir().map(|home| home.join(".docker")));
    let Some(path) = folder.map(|folder| folder.join("config.json")) else {
        return Ok(RegistryAuth::Anonymous);
    };
    let cannot = |reason: String| {
        format!(
            "{}: {reason}; run `docker login {registry}`, or set {USERNAME} and {PASSWORD}",
            path.display()
        )
    };
    let file = match File::open(&path) {
        Ok(file) => BufReader::new(file),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(RegistryAuth::Anonymous),
        Err(error) => return Err(cannot(error.to_string()).into()),
    };
    match get_credential_from_reader(file, registry) {
        Ok(DockerCredential::UsernamePassword(user, password)) => {
            Ok(RegistryAuth::Basic(user, password))
        }
        Ok(DockerCredential::IdentityToken(_)) => Err(cannot(format!(
            "the login to {registry} is an identity token, which is not supported"
        ))
        .into()),
        Err(CredentialRetrievalError::NoCredentialConfigured) => Ok(RegistryAuth::Anonymous),
        // Docker's helpers answer so for a registry without a login.
        Err(CredentialRetrievalError::HelperFailure { stdout, .. })
            if stdout.contains("credentials not found") =>
        {
            Ok(RegistryAuth::Anonymous)
        }
        // The rest of the helper's output may contain the password.
        Err(CredentialRetrievalError::HelperFailure { helper, .. }) => {
            Err(cannot(format!("{helper} failed")).into())
        }
        Err(error) => Err(cannot(error.to_string()).into()),
    }
}
