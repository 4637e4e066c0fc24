//! `cargo xtask annotate`, `push` and `pull`, which do what kwctl does: put the metadata into a module, and move it to a
//! registry and back.

mod credentials;
mod file;
mod metadata;
mod module;
mod oci;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use self::metadata::Metadata;
use self::module::Module;
use self::oci::Registry;
use crate::Failure;

const REGISTRIES: &str = "\
The user comes from REGISTRY_USERNAME and REGISTRY_PASSWORD in the environment, or else from `docker login`. A registry
on this machine (localhost, 127.0.0.0/8) is reached over HTTP, any other over HTTPS.";

#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Writes a module with its metadata, in place of any metadata that it has.
    Annotate {
        /// The module.
        module: PathBuf,
        /// The metadata, in YAML.
        #[arg(long, short, value_name = "FILE")]
        metadata: PathBuf,
        /// The text for the annotation `io.kubewarden.policy.usage`.
        #[arg(long, value_name = "FILE")]
        readme: Option<PathBuf>,
        /// The annotated module.
        #[arg(long, short, value_name = "FILE")]
        output: PathBuf,
    },
    /// Pushes a module to an OCI registry and prints its immutable reference.
    #[command(after_help = REGISTRIES)]
    Push {
        /// The annotated module.
        module: PathBuf,
        /// The tag, such as registry.example/policies/name:v1.
        reference: String,
        /// Pushes a module even if it has no metadata.
        #[arg(long, short)]
        force: bool,
        /// The format of the reference; `json` is kwctl's format, an object with the field `immutable_ref`.
        #[arg(long, short, value_name = "FORMAT", default_value = "text")]
        output: Format,
        #[command(flatten)]
        connection: Connection,
    },
    /// Pulls a module from an OCI registry and prints its immutable reference.
    #[command(after_help = REGISTRIES)]
    Pull {
        /// The tag or digest, such as registry.example/policies/name:v1 or registry.example/policies/name@sha256:…
        reference: String,
        /// The file for the module.
        #[arg(long, short, value_name = "FILE")]
        output: PathBuf,
        #[command(flatten)]
        connection: Connection,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Connection {
    /// Uses HTTP, which hides neither the password nor the module from the network.
    #[arg(long)]
    insecure: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Format {
    /// The reference alone.
    Text,
    /// JSON.
    Json,
}

/// Runs the task and prints the reference.
///
/// # Errors
/// If a file or the registry cannot be used.
pub(crate) fn run(task: Task) -> Result<(), Failure> {
    match task {
        Task::Annotate {
            module,
            metadata,
            readme,
            output,
        } => {
            let mut said = Metadata::read(&metadata)?;
            if let Some(readme) = readme {
                said.set_usage(file::read_text(&readme)?);
            }
            let bytes = file::read(&module)?;
            let annotated = Module::new(&bytes)
                .and_then(|module| module.annotated(&said))
                .map_err(|reason| format!("{}: {reason}", module.display()))?;
            file::write(&output, &annotated)?;
        }
        Task::Push {
            module,
            reference,
            force,
            output,
            connection,
        } => {
            let bytes = file::read(&module)?;
            let annotations = Module::new(&bytes)
                .and_then(|module| module.annotations_to_push(force))
                .map_err(|reason| format!("{}: {reason}", module.display()))?;
            let immutable =
                Registry::of(&reference, connection.insecure)?.push(bytes, annotations)?;
            match output {
                Format::Text => println!("{immutable}"),
                Format::Json => println!("{}", serde_json::json!({ "immutable_ref": immutable })),
            }
        }
        Task::Pull {
            reference,
            output,
            connection,
        } => {
            let (bytes, immutable) = Registry::of(&reference, connection.insecure)?.pull()?;
            Module::new(&bytes).map_err(|reason| format!("{immutable}: {reason}"))?;
            file::write(&output, &bytes)?;
            println!("{immutable}");
        }
    }
    Ok(())
}
