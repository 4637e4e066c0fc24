//! `eci-policy convert --from docker-run`: writes the pod that runs what a `docker run` command runs.
//!
//! [`shell`] splits the command into words, [`flags`] parses them with clap, and [`pod`], [`security`] and
//! [`volumes`] build the pod. A remark names each thing that a pod cannot express. The pod is not judged here:
//! pipe it into `eci-policy check -`.

mod flags;
mod pod;
mod security;
mod shell;
#[cfg(test)]
mod tests;
mod volumes;

use std::io::Write;

use self::flags::DockerRun;
use crate::Exit;
use crate::console::to_stderr;
use crate::failure::Failure;

/// A converted command.
#[derive(Debug, PartialEq, Eq)]
struct Converted {
    /// The pod, as YAML.
    manifest: String,
    /// One sentence for each part of the command that the pod does not express.
    remarks: Vec<String>,
}

/// Converts the command and writes the pod. The command is one argument, several, or standard input for `-`.
pub(crate) fn run(input: &[String], out: &mut dyn Write) -> Result<Exit, Failure> {
    let converted = match input {
        [one] if one == "-" => {
            let text = std::io::read_to_string(std::io::stdin())
                .map_err(|error| Failure::new(format!("<stdin>: {error}")))?;
            convert(&[text])
        }
        input => convert(input),
    }
    .map_err(Failure::new)?;
    for remark in &converted.remarks {
        to_stderr(format_args!("remark: {remark}"));
    }
    out.write_all(converted.manifest.as_bytes())?;
    Ok(Exit::Clean)
}

/// Returns the pod, or an error that names the word which is not valid in a `docker run` command.
fn convert(input: &[String]) -> Result<Converted, String> {
    let mut run = DockerRun::parse(&shell::words(input)?)?;
    let pod = run.pod()?;
    run.remarks.dedup();
    // One line for each value, even if it is long or has line breaks.
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
    let manifest = serde_saphyr::to_string_with_options(&pod, options)
        .map_err(|error| format!("cannot write the pod as YAML: {error}"))?;
    Ok(Converted {
        manifest,
        remarks: run.remarks,
    })
}
