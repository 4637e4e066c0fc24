//! `eci-policy convert --from docker-run`: a `docker run` command as the manifest of a pod, with a remark for
//! each thing that a pod, or a pod on ECI, does not have.
//!
//! The straight line: [`words`] reads the command as a shell would, [`command`] finds the options and the image
//! by the tables in [`options`], whose rows say what each option becomes; [`pod`] and the rooms beside it
//! build the pod, and [`yaml`] writes it. What the policy thinks of the pod is not said here: pipe it into
//! `eci-policy check -`.

mod amount;
mod command;
mod network;
mod options;
mod pod;
mod security;
mod volumes;
mod words;
mod yaml;

use std::io::Write;

use crate::Exit;
use crate::console::tell;
use crate::failure::Failure;

/// A pod in place of a command.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Converted {
    /// The pod, as YAML. It carries the label `alibabacloud.com/eci: "true"`, so that `eci-policy check -`
    /// judges it as one of ECI.
    pub(crate) manifest: String,
    /// What has no counterpart, in the order of the command.
    pub(crate) remarks: Vec<String>,
}

/// Converts a command: in one argument, as it would stand in a shell, or in several, as a shell has split it. A
/// single `-` reads it from standard input.
pub(crate) fn run(input: &[String], out: &mut dyn Write) -> Result<Exit, Failure> {
    let converted = match input {
        [one] if one == "-" => {
            let text = std::io::read_to_string(std::io::stdin())
                .map_err(|error| Failure::new(format!("<stdin>: {error}")))?;
            convert(&[text])?
        }
        input => convert(input)?,
    };
    for remark in &converted.remarks {
        tell(format_args!("remark: {remark}"));
    }
    out.write_all(converted.manifest.as_bytes())?;
    Ok(Exit::Clean)
}

/// The pod that does what the command does.
///
/// # Errors
/// Where it is no `docker run` command, or one that Docker would refuse: an option that does not exist, or
/// lacks its value, or has one that cannot be read; no image.
pub(crate) fn convert(input: &[String]) -> Result<Converted, Failure> {
    let words = words::read(input)?;
    let command = command::parse(&words.words)?;
    let (pod, remarks) = pod::of(&command)?;
    let remarks = words.remarks.into_iter().chain(remarks).collect();
    Ok(Converted {
        manifest: yaml::write(&pod),
        remarks,
    })
}

#[cfg(test)]
mod tests;
