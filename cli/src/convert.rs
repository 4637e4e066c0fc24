//! `eci-policy convert`: from `docker run` to a pod, and from a pod to ECI's OpenAPI. The pod is not judged here: pipe it
//! into `eci-policy check -`.

use std::io::Write;

use eci_text::convert::create_container_group::Groups;
use eci_text::convert::docker_run;

use crate::Exit;
use crate::args::{Convert, ConvertFrom, ConvertTo, ParameterFormat};
use crate::console::to_stderr;
use crate::failure::Failure;
use crate::input::Source;

pub(crate) fn run(convert: &Convert, out: &mut dyn Write) -> Result<Exit, Failure> {
    match (convert.from, convert.to) {
        (Some(ConvertFrom::DockerRun), _) => of_docker_run(&convert.input, out),
        (None, Some(ConvertTo::CreateContainerGroup)) => to_create_container_group(convert, out),
        (None, None) => Err(Failure::new("say --from or --to")),
    }
}

/// Converts the command and writes the pod. The command is one argument, several, or standard input for `-`.
fn of_docker_run(input: &[String], out: &mut dyn Write) -> Result<Exit, Failure> {
    let converted = match input {
        [one] if one == "-" => {
            let text = std::io::read_to_string(std::io::stdin())
                .map_err(|error| Failure::new(format!("<stdin>: {error}")))?;
            docker_run::convert(&[text])
        }
        input => docker_run::convert(input),
    }
    .map_err(Failure::new)?;
    for remark in &converted.remarks {
        to_stderr(format_args!("remark: {remark}"));
    }
    out.write_all(converted.manifest.as_bytes())?;
    Ok(Exit::Clean)
}

/// Writes the parameters for the pods of a manifest.
///
/// # Errors
/// If the manifest cannot be read, or has no pods.
fn to_create_container_group(convert: &Convert, out: &mut dyn Write) -> Result<Exit, Failure> {
    let path = match convert.input.as_slice() {
        [path] => path,
        [_, option, ..] if option.starts_with("--") => {
            return Err(Failure::new(format!("write {option} before the manifest")));
        }
        inputs => {
            return Err(Failure::new(format!(
                "--to takes one manifest, not {}",
                inputs.len()
            )));
        }
    };
    let source = if path == "-" {
        Source::Stdin
    } else {
        Source::Named(path.into())
    };
    let name = source.name();
    let failed = |problem: &str| Failure::new(format!("{name}: {problem}"));
    let (_, text) = source.read().map_err(|error| failed(&error.message))?;
    let groups = Groups::of(&text).map_err(|problem| failed(&problem))?;
    for remark in &groups.remarks {
        to_stderr(format_args!("remark: {remark}"));
    }
    if groups.is_empty() {
        return Err(failed("has no pods"));
    }
    let text = match convert.format {
        ParameterFormat::Flat => groups.flat(),
        ParameterFormat::Json => groups.json(),
    };
    out.write_all(text.as_bytes())?;
    Ok(Exit::Clean)
}
