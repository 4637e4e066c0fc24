//! `eci-registry`: makes of a module what a cluster takes, as kwctl does.

mod file;
mod metadata;
mod module;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::metadata::Metadata;
use crate::module::Module;

/// Why the command gives up, for people to read: what, and the way out.
type Failure = Box<dyn std::error::Error>;

/// Makes of a module what a Kubewarden cluster takes.
#[derive(Debug, Parser)]
#[command(name = "eci-registry", version, max_term_width = 110, disable_help_subcommand = true, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  eci-registry annotate --metadata metadata.yml --readme README.md --output annotated-policy.wasm policy.wasm";

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
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(said) => {
            print!("{said}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("eci-registry: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Does it, and tells what is to be printed.
fn run(command: Command) -> Result<String, Failure> {
    match command {
        Command::Annotate { module, metadata, readme, output } => {
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
    }
}
