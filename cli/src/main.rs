//! The command `eci-policy`, which runs the policy on files.

mod args;
mod baseline;
mod batch;
mod check;
mod completion;
mod config;
mod console;
mod convert;
mod diff;
mod explain;
mod failure;
mod fix;
mod generate;
mod input;
mod lsp;
mod markdown;
mod partial;
mod report;
mod review;
#[cfg(feature = "run")]
mod run;
mod schema;
mod settings;
mod show;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use crate::args::{Arguments, ColorWhen, Command};
use crate::console::{WhileRead, to_stderr};
use crate::failure::Failure;

/// The exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// Nothing is denied.
    Clean = 0,
    /// Something is denied.
    Denied = 1,
    /// Something could not be done.
    Failed = 2,
}

fn main() -> ExitCode {
    completion::answer();
    let arguments = Arguments::parse();
    match arguments.color {
        ColorWhen::Auto => {}
        ColorWhen::Always => anstream::ColorChoice::Always.write_global(),
        ColorWhen::Never => anstream::ColorChoice::Never.write_global(),
    }
    let out: Box<dyn Write> = match &arguments.command {
        // Repaired manifests are written unchanged: an output that strips styles would strip control characters.
        Command::Fix(_) => Box::new(std::io::stdout().lock()),
        _ => Box::new(anstream::stdout().lock()),
    };
    let mut out = std::io::BufWriter::new(WhileRead::new(out));
    let exit = run(&arguments.command, &mut out).and_then(|exit| Ok(out.flush().map(|()| exit)?));
    match exit {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(failure) => {
            for line in failure.to_string().lines() {
                to_stderr(format_args!("eci-policy: {line}"));
            }
            ExitCode::from(Exit::Failed as u8)
        }
    }
}

fn run(command: &Command, out: &mut dyn Write) -> Result<Exit, Failure> {
    match command {
        Command::Check(check) => check::run(check, out),
        Command::Fix(fix) => fix::run(fix, out),
        Command::Explain(explain) => explain::run(explain, out),
        Command::Diff(diff) => diff::run(diff, out),
        Command::Show(show) => show::run(show, out),
        Command::Convert(convert) => convert::run(convert, out),
        #[cfg(feature = "run")]
        Command::Run(run) => run::run(run, out),
        Command::Generate(generate) => generate::run(generate, out),
        Command::Schema { of } => schema::run(*of, out),
        Command::Lsp(lsp) => lsp::run(lsp),
        Command::Completions { shell } => completion::script(*shell, out),
        Command::Man { subcommand } => completion::man(subcommand.as_deref(), out),
    }
}
