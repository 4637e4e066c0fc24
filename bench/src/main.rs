//! `eci-bench`: every benchmark of the project. `make bench` runs most of them.

mod command;
mod editor;
#[cfg(feature = "runtime")]
mod engines;
#[cfg(feature = "runtime")]
mod fuel;
#[cfg(feature = "runtime")]
mod limits;
#[cfg(feature = "runtime")]
mod lists;
#[cfg(feature = "runtime")]
mod load;
#[cfg_attr(
    not(feature = "runtime"),
    allow(dead_code, reason = "other benchmarks use the rest")
)]
mod measure;
#[cfg(feature = "runtime")]
mod module;
mod native;
#[cfg(feature = "runtime")]
mod payload;
#[cfg(feature = "runtime")]
mod profile;
mod scan;
#[cfg(feature = "runtime")]
mod shapes;
#[cfg(feature = "runtime")]
mod soak;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

/// The reason why a benchmark fails.
type Failure = Box<dyn std::error::Error>;

/// Measures the policy's module, the other engines and the command.
#[derive(Debug, Parser)]
#[command(
    name = "eci-bench",
    version,
    max_term_width = 110,
    disable_help_subcommand = true
)]
enum Benchmark {
    #[cfg(feature = "runtime")]
    Module(module::Options),
    #[cfg(feature = "runtime")]
    Limits(limits::Options),
    #[cfg(feature = "runtime")]
    Profile(profile::Options),
    #[cfg(feature = "runtime")]
    Fuel(fuel::Options),
    #[cfg(feature = "runtime")]
    Engines(engines::Options),
    #[cfg(feature = "runtime")]
    Load(load::Options),
    #[cfg(feature = "runtime")]
    Soak(soak::Options),
    /// Measures `eci-policy check` and a plain parse of the same files by the YAML library.
    Command {
        /// The command to measure, as a release build.
        program: PathBuf,
    },
    /// Measures `eci-policy check` on the objects of a cluster, as the last part of `command` does.
    Scan {
        /// The command to measure, as a release build.
        program: PathBuf,
    },
    /// Parses every file below FILES. The benchmark of the command calls this as its floor.
    #[command(hide = true)]
    Parse {
        /// A file or a folder.
        files: PathBuf,
    },
    /// Measures the native core on payloads, one per line. The benchmark of the engines calls this.
    #[command(hide = true)]
    Native,
}

fn main() -> ExitCode {
    match run(Benchmark::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) if is_broken_pipe(&*failure) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("eci-bench: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(benchmark: Benchmark) -> Result<(), Failure> {
    match benchmark {
        #[cfg(feature = "runtime")]
        Benchmark::Module(options) => module::run(&options),
        #[cfg(feature = "runtime")]
        Benchmark::Limits(options) => limits::run(&options),
        #[cfg(feature = "runtime")]
        Benchmark::Profile(options) => profile::run(&options),
        #[cfg(feature = "runtime")]
        Benchmark::Fuel(options) => fuel::run(&options),
        #[cfg(feature = "runtime")]
        Benchmark::Engines(options) => engines::run(&options),
        #[cfg(feature = "runtime")]
        Benchmark::Load(options) => load::run(&options),
        #[cfg(feature = "runtime")]
        Benchmark::Soak(options) => soak::run(&options),
        Benchmark::Command { program } => command::run(&program),
        Benchmark::Scan { program } => scan::run(&program),
        Benchmark::Parse { files } => {
            println!("{} events", command::parsed(&files)?);
            Ok(())
        }
        Benchmark::Native => native::run(),
    }
}

fn is_broken_pipe(failure: &(dyn std::error::Error + 'static)) -> bool {
    failure
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
