//! Completions for shells, and manual pages. A shell asks the command itself for completions, so that they have the rules
//! and profiles of this version.

use std::io::Write;

use clap::CommandFactory;
use clap_complete::engine::CompletionCandidate;
use clap_complete::env::{CompleteEnv, Shells};
use clap_mangen::Man;
use eci_security_context::eci::profile::PROFILES;
use eci_security_context::policy::settings::LATEST;
use eci_security_context::rules::RULES;
use eci_security_context::rules::rule::Rule;
use eci_security_context::text::quote;

use crate::Exit;
use crate::args::Arguments;
use crate::failure::Failure;

/// The variable in which a shell names itself when it asks for completions.
const VARIABLE: &str = "COMPLETE";
const NAME: &str = "eci-policy";

/// Answers a shell that asks for completions, and ends the process; does nothing otherwise.
pub(crate) fn answer() {
    CompleteEnv::with_factory(Arguments::command)
        .var(VARIABLE)
        .complete();
}

/// Prints the script by which a shell asks for completions.
pub(crate) fn script(shell: clap_complete::Shell, out: &mut dyn Write) -> Result<Exit, Failure> {
    let shells = Shells::builtins();
    let name = shell.to_string();
    let completer = shells
        .completer(&name)
        .ok_or_else(|| Failure::new(format!("there are no completions for {name}")))?;
    completer.write_registration(VARIABLE, NAME, NAME, NAME, out)?;
    Ok(Exit::Clean)
}

/// Prints the manual page of the command, or of a subcommand.
pub(crate) fn man(subcommand: Option<&str>, out: &mut dyn Write) -> Result<Exit, Failure> {
    let mut command = Arguments::command();
    command.build();
    let page = match subcommand {
        None => command,
        Some(name) => command
            .find_subcommand(name)
            .cloned()
            .ok_or_else(|| Failure::new(format!("there is no subcommand {}", quote(name))))?,
    };
    Man::new(page).render(out)?;
    Ok(Exit::Clean)
}

/// Returns the rules.
pub(crate) fn rules() -> Vec<CompletionCandidate> {
    candidates(RULES.iter().copied())
}

/// Returns the rules that have a repair.
pub(crate) fn rules_with_repair() -> Vec<CompletionCandidate> {
    candidates(RULES.iter().copied().filter(|rule| rule.fix.is_available()))
}

fn candidates(rules: impl Iterator<Item = &'static Rule>) -> Vec<CompletionCandidate> {
    let candidate = |rule: &Rule| CompletionCandidate::new(rule.id).help(Some(rule.summary.into()));
    rules.map(candidate).collect()
}

/// Returns the profiles.
pub(crate) fn profiles() -> Vec<CompletionCandidate> {
    let names = PROFILES.iter().map(|profile| profile.name).chain([LATEST]);
    names.map(CompletionCandidate::new).collect()
}
