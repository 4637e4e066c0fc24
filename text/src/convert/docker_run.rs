//! From a `docker run` command to the pod that runs what it runs.
//!
//! `shell` splits the command into words, `flags` parses them, and `pod`, `security` and
//! `volumes` build the pod. A remark names each thing that a pod cannot express. The pod is not judged here:
//! pipe it into `eci-policy check -`.

mod flags;
mod pod;
mod security;
mod shell;
#[cfg(test)]
mod tests;
mod volumes;

use self::flags::DockerRun;
/// A converted command.
#[derive(Debug, PartialEq, Eq)]
pub struct Converted {
    /// The pod, as YAML.
    pub manifest: String,
    /// One sentence for each part of the command that the pod does not express.
    pub remarks: Vec<String>,
}

/// Returns the pod of a command, which is one argument, or several.
///
/// # Errors
/// If a word is not valid in a `docker run` command. The error names it.
pub fn convert(input: &[String]) -> Result<Converted, String> {
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
