//! `eci-registry`: makes of a module what a cluster takes, and brings it into a registry and back, as kwctl does.

mod credentials;
mod file;
mod metadata;
mod module;
mod oci;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::metadata::Metadata;
use crate::module::Module;
use crate::oci::Registry;

/// Why the command gives up, for people to read: what, and the way out.
type Failure = Box<dyn std::error::Error>;

/// Makes of a module what a Kubewarden cluster takes, and brings it into an OCI registry and back.
#[derive(Debug, Parser)]
#[command(name = "eci-registry", version, max_term_width = 110, disable_help_subcommand = true, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  eci-registry annotate --metadata metadata.yml --readme README.md -o annotated.wasm policy.wasm
  eci-registry push annotated.wasm registry.example/policies/name:v1
  eci-registry pull registry.example/policies/name:v1 -o policy.wasm

The user of a registry is that of REGISTRY_USERNAME and REGISTRY_PASSWORD in the environment, or
else of `docker login`. A registry on this machine (localhost, 127.0.0.0/8) is asked over HTTP, any
other over HTTPS.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Writes the module with its metadata in it, in place of those that it has.
    Annotate {
        /// The module.
        module: PathBuf,
        /// The metadata, in YAML.
        #[arg(long, short, value_name = "FILE")]
        metadata: PathBuf,
        /// What becomes the usage among the annotations.
        #[arg(long, value_name = "FILE")]
        readme: Option<PathBuf>,
        /// The annotated module.
        #[arg(long, short, value_name = "FILE")]
        output: PathBuf,
    },
    /// Pushes a module, and prints the reference that will always mean these bytes.
    Push {
        /// The annotated module.
        module: PathBuf,
        /// Where to, such as registry.example/policies/name:v1.
        reference: String,
        /// Pushes a module without metadata, too.
        #[arg(long, short)]
        force: bool,
        /// How the reference is printed; `json` is kwctl's, an object with the member `immutable_ref`.
        #[arg(long, short, value_name = "FORMAT", default_value = "text")]
        output: Format,
        #[command(flatten)]
        connection: Connection,
    },
    /// Pulls a module, and prints the reference that will always mean these bytes.
    Pull {
        /// Which, such as registry.example/policies/name:v1, or registry.example/policies/name@sha256:…
        reference: String,
        /// The module.
        #[arg(long, short, value_name = "FILE")]
        output: PathBuf,
        #[command(flatten)]
        connection: Connection,
    },
}

#[derive(Debug, Args)]
struct Connection {
    /// Asks the registry over HTTP, which hides neither the password nor the module from the network.
    #[arg(long)]
    insecure: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// The reference alone.
    Text,
    /// JSON.
    Json,
}

fn main() -> ExitCode {
    let printed = run(Arguments::parse().command).and_then(|said| {
        Ok(io::stdout()
            .write_all(said.as_bytes())
            .map_err(|error| format!("cannot print: {error}"))?)
    });
    match printed {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // On one line, and without what a registry may have to say to a terminal.
            let failure = failure.to_string().replace(char::is_control, " ");
            eprintln!("eci-registry: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Does it, and tells what is to be printed.
fn run(command: Command) -> Result<String, Failure> {
    match command {
        Command::Annotate {
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
            Ok(String::new())
        }
        Command::Push {
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
            Ok(match output {
                Format::Text => format!("{immutable}\n"),
                Format::Json => format!("{}\n", serde_json::json!({ "immutable_ref": immutable })),
            })
        }
        Command::Pull {
            reference,
            output,
            connection,
        } => {
            let (bytes, immutable) = Registry::of(&reference, connection.insecure)?.pull()?;
            Module::new(&bytes).map_err(|reason| format!("{immutable}: {reason}"))?;
            file::write(&output, &bytes)?;
            Ok(format!("{immutable}\n"))
        }
    }
}
