//! `cargo xtask`: tasks that people run once in a while.

mod fuzz_seeds;
mod new_rule;
#[cfg(feature = "registry")]
mod registry;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

/// The reason why a task fails, and the fix.
type Failure = Box<dyn std::error::Error>;

/// Tasks that people run once in a while.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", version, disable_help_subcommand = true)]
enum Task {
    /// Writes the seeds of the fuzz targets, made from tests/cases.
    FuzzSeeds {
        /// The folder to write to, with a folder for each target.
        #[arg(default_value = "target/fuzz-seeds")]
        folder: PathBuf,
    },
    /// Creates the files of a rule and registers it.
    NewRule {
        /// The name: words of a to z, with hyphens between them.
        name: String,
    },
    #[cfg(feature = "registry")]
    #[command(flatten)]
    Registry(registry::Task),
    #[cfg(not(feature = "registry"))]
    #[command(flatten)]
    Registry(elsewhere::Task),
}

fn main() -> ExitCode {
    let done = match Task::parse() {
        Task::FuzzSeeds { folder } => fuzz_seeds::write(&root().join("tests/cases"), &folder),
        Task::NewRule { name } => new_rule::write(&root(), &name),
        #[cfg(feature = "registry")]
        Task::Registry(task) => registry::run(task),
        #[cfg(not(feature = "registry"))]
        Task::Registry(_) => elsewhere::run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // On one line and without control characters: some of the text may come from a registry.
            let failure = failure.to_string().replace(char::is_control, " ");
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The tasks that need the feature `registry`, in a build without it: cargo builds and runs one with it.
#[cfg(not(feature = "registry"))]
mod elsewhere {
    use std::ffi::OsString;
    use std::process::Command;

    use clap::Subcommand;

    use crate::Failure;

    #[derive(Debug, Subcommand)]
    pub(crate) enum Task {
        /// Writes a module with its metadata in it.
        #[command(disable_help_flag = true)]
        Annotate(Arguments),
        /// Pushes a module to an OCI registry.
        #[command(disable_help_flag = true)]
        Push(Arguments),
        /// Pulls a module from an OCI registry.
        #[command(disable_help_flag = true)]
        Pull(Arguments),
    }

    /// Everything after the name of the task, `--help` included.
    #[derive(Debug, clap::Args)]
    pub(crate) struct Arguments {
        #[arg(allow_hyphen_values = true, trailing_var_arg = true)]
        _all: Vec<OsString>,
    }

    pub(crate) fn run() -> Result<(), Failure> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let status = Command::new(cargo)
            .args(["run", "--quiet", "--profile", "host", "--locked"])
            .args([
                "--manifest-path",
                concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
            ])
            .args(["--features", "registry", "--"])
            .args(std::env::args_os().skip(1))
            .status()?;
        std::process::exit(status.code().unwrap_or(1));
    }
}
