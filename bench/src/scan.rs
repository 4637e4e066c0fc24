//! The scan of a cluster: a stream of mixed objects, as kubectl prints them, through `eci-policy check`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use serde_json::ser::{PrettyFormatter, Serializer};

use crate::Failure;
use crate::command::process;

/// The numbers of objects.
const SIZES: [usize; 3] = [5_000, 50_000, 150_000];
/// The Namespaces over which the workloads are spread.
const NAMESPACES: usize = 100;
/// The Pods of a Deployment.
const REPLICAS: usize = 8;
/// Every so many workloads are denied.
const DENIED: usize = 40;

// Objects as the API server gives them. `SPEC` is the specification of the pod, without what the scheduler adds.
const NAMESPACE: &str = include_str!("scan/namespace.yaml");
const POD: &str = include_str!("scan/pod.yaml");
const DEPLOYMENT: &str = include_str!("scan/deployment.yaml");
const DAEMONSET: &str = include_str!("scan/daemonset.yaml");
const CRONJOB: &str = include_str!("scan/cronjob.yaml");
const SPEC: &str = include_str!("scan/spec.yaml");

/// Prints the time and the memory of the command for clusters of several sizes.
///
/// # Errors
/// If the command fails, or a stream cannot be written.
pub(crate) fn run(command: &Path) -> Result<(), Failure> {
    let directory = tempfile::tempdir()?;
    println!("\nScan of a cluster on two cores, with --format statistics, from a warm disk\n");
    println!(
        "{:<10}{:<10}{:>10}{:>10}{:>10}{:>12}",
        "objects", "output", "MiB", "s", "MiB/s", "peak MiB"
    );
    for form in [Form::Yaml, Form::Json] {
        for objects in SIZES {
            let path = directory.path().join("stream");
            write(&path, form, objects)?;
            let mebibytes = path.metadata()?.len() as f64 / f64::from(1 << 20);
            let mut check = Command::new(command);
            check
                .args(["check", "--format", "statistics", "-"])
                .stdin(File::open(&path)?)
                .env("RAYON_NUM_THREADS", "2");
            let scan = process(check, 1)?;
            let seconds = scan.elapsed.as_secs_f64();
            println!(
                "{objects:<10}{:<10}{mebibytes:>10.1}{seconds:>10.2}{:>10.0}{:>12.1}",
                form.name(),
                mebibytes / seconds,
                scan.peak_kib as f64 / 1024.0
            );
        }
    }
    Ok(())
}

/// An output of `kubectl get`.
#[derive(Clone, Copy)]
enum Form {
    Yaml,
    Json,
}

impl Form {
    const fn name(self) -> &'static str {
        match self {
            Self::Yaml => "-o yaml",
            Self::Json => "-o json",
        }
    }

    /// The text before the items, between them and behind them.
    const fn frame(self) -> [&'static str; 3] {
        match self {
            Self::Yaml => [
                "apiVersion: v1\nitems:\n",
                "",
                "kind: List\nmetadata:\n  resourceVersion: \"\"\n",
            ],
            Self::Json => [
                "{\n    \"apiVersion\": \"v1\",\n    \"items\": [\n",
                ",\n",
                "\n    ],\n    \"kind\": \"List\",\n    \"metadata\": {\n        \"resourceVersion\": \"\"\n    }\n}\n",
            ],
        }
    }

    fn item(self, object: &str) -> Result<String, Failure> {
        Ok(match self {
            Self::Yaml => format!("- {}\n", object.trim_end().replace('\n', "\n  ")),
            Self::Json => {
                let value = eci_manifest::documents(object)?
                    .first()
                    .map_or(Value::Null, |document| document.value());
                let mut json = Vec::new();
                let format = PrettyFormatter::with_indent(b"    ");
                serde::Serialize::serialize(
                    &value,
                    &mut Serializer::with_formatter(&mut json, format),
                )?;
                format!(
                    "        {}",
                    String::from_utf8(json)?.replace('\n', "\n        ")
                )
            }
        })
    }
}

/// Writes the objects of a cluster: the Namespaces, the Pods, and the Deployments, DaemonSets and CronJobs.
fn write(path: &Path, form: Form, objects: usize) -> Result<(), Failure> {
    let mut out = BufWriter::new(File::create(path)?);
    let [head, between, tail] = form.frame();
    out.write_all(head.as_bytes())?;
    let workloads = objects.saturating_sub(NAMESPACES) / (REPLICAS + 1);
    let namespaces = (0..NAMESPACES).map(|index| object(NAMESPACE, index, index));
    let pods = (0..workloads * REPLICAS).map(|index| object(POD, index / REPLICAS, index));
    let others = (0..objects - NAMESPACES - workloads * REPLICAS).map(|index| {
        let template = match index % 10 {
            0 => DAEMONSET,
            1 => CRONJOB,
            _ => DEPLOYMENT,
        };
        object(template, index, index)
    });
    for (index, object) in namespaces.chain(pods).chain(others).enumerate() {
        if index > 0 {
            out.write_all(between.as_bytes())?;
        }
        out.write_all(form.item(&object)?.as_bytes())?;
    }
    out.write_all(tail.as_bytes())?;
    Ok(out.flush()?)
}

/// Returns an object of a workload. A third of the pods run on ECI.
fn object(template: &str, workload: usize, index: usize) -> String {
    let mut text = String::new();
    for line in template.lines() {
        let content = line.trim_start();
        let indent = line.get(..line.len() - content.len()).unwrap_or_default();
        let lines = if content == "SPEC" { SPEC } else { content };
        let is_kept = |line: &&str| match line.trim_start() {
            "alibabacloud.com/eci: \"true\"" => workload.is_multiple_of(3),
            "hostNetwork: true" => workload.is_multiple_of(DENIED),
            _ => true,
        };
        for line in lines.lines().filter(is_kept) {
            text += &format!("{indent}{line}\n");
        }
    }
    text.replace("WORKLOAD", &workload.to_string())
        .replace("INDEX", &index.to_string())
        .replace("TEAM", &(workload % NAMESPACES).to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn both_forms_have_the_same_objects() {
        let path = tempfile::NamedTempFile::new().unwrap();
        let read = |form| {
            write(path.path(), form, 500).unwrap();
            let text = std::fs::read_to_string(path.path()).unwrap();
            let documents = eci_manifest::documents(&text).unwrap();
            documents
                .iter()
                .map(eci_manifest::Document::value)
                .collect::<Vec<_>>()
        };
        let yaml = read(Form::Yaml);
        assert_eq!(yaml.len(), 500);
        assert!(yaml.iter().all(|object| object.get("kind").is_some()));
        assert_eq!(yaml, read(Form::Json));
    }
}
