//! The scan of a cluster: a stream of mixed objects, as kubectl prints them, through `eci-policy check`.

use std::fmt::Write as _;
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
    let namespaces = (0..NAMESPACES).map(namespace);
    let pods = (0..workloads * REPLICAS).map(|index| pod(index / REPLICAS, index));
    let others = (0..objects - NAMESPACES - workloads * REPLICAS).map(workload);
    for (index, object) in namespaces.chain(pods).chain(others).enumerate() {
        if index > 0 {
            out.write_all(between.as_bytes())?;
        }
        out.write_all(form.item(&object)?.as_bytes())?;
    }
    out.write_all(tail.as_bytes())?;
    Ok(out.flush()?)
}

fn namespace(index: usize) -> String {
    format!(
        "apiVersion: v1\nkind: Namespace\nmetadata:\n  creationTimestamp: \"2026-01-01T00:00:00Z\"\n  labels:\n    \
         kubernetes.io/metadata.name: team-{index}\n  name: team-{index}\n  resourceVersion: \"{index}\"\nspec:\n  \
         finalizers:\n  - kubernetes\nstatus:\n  phase: Active\n"
    )
}

/// The labels of a pod of a workload. A third of the pods run on ECI.
fn labels(workload: usize) -> String {
    let mut labels = format!("labels:\n  app: web-{workload}\n  pod-template-hash: 5d4f8c7b9\n");
    if workload.is_multiple_of(3) {
        labels += "  alibabacloud.com/eci: \"true\"\n";
    }
    labels
}

/// The containers of a workload, without the defaults that the API server adds to both.
fn spec(workload: usize) -> String {
    let mut text = String::from("containers:\n");
    for container in ["web", "log"] {
        // Writing to a `String` does not fail.
        let _ = write!(
            text,
            "- args:\n  - --listen=:8080\n  - --upstream=http://orders.team.svc.cluster.local:8080\n  env:\n  - name: LOG_LEVEL\n    \
             value: info\n  - name: POD_NAME\n    valueFrom:\n      fieldRef:\n        apiVersion: v1\n        \
             fieldPath: metadata.name\n  image: registry.example.com/shop/{container}:1.2.{workload}\n  \
             imagePullPolicy: IfNotPresent\n  livenessProbe:\n    failureThreshold: 3\n    httpGet:\n      path: /healthz\n      \
             port: http\n      scheme: HTTP\n    periodSeconds: 10\n    successThreshold: 1\n    timeoutSeconds: 1\n  \
             name: {container}\n  ports:\n  - containerPort: 8080\n    name: http\n    protocol: TCP\n  resources:\n    \
             limits:\n      cpu: \"1\"\n      memory: 1Gi\n    requests:\n      cpu: 250m\n      memory: 512Mi\n  \
             securityContext:\n    capabilities:\n      drop:\n      - ALL\n    runAsNonRoot: true\n    runAsUser: 1000\n  \
             terminationMessagePath: /dev/termination-log\n  terminationMessagePolicy: File\n"
        );
    }
    text += "dnsPolicy: ClusterFirst\n";
    if workload.is_multiple_of(DENIED) {
        text += "hostNetwork: true\n";
    }
    text + "restartPolicy: Always\nschedulerName: default-scheduler\nsecurityContext:\n  fsGroup: 1000\n\
            terminationGracePeriodSeconds: 30\n"
}

fn indented(text: &str, by: &str) -> String {
    text.lines().map(|line| format!("{by}{line}\n")).collect()
}

fn pod(workload: usize, index: usize) -> String {
    let mut text = format!(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  annotations:\n    kubernetes.io/config.seen: \"2026-01-01T00:00:00Z\"\n  \
         creationTimestamp: \"2026-01-01T00:00:00Z\"\n  generateName: web-{workload}-5d4f8c7b9-\n{}  \
         name: web-{workload}-5d4f8c7b9-{index}\n  namespace: team-{}\n  ownerReferences:\n  - apiVersion: apps/v1\n    \
         blockOwnerDeletion: true\n    controller: true\n    kind: ReplicaSet\n    name: web-{workload}-5d4f8c7b9\n    \
         uid: 6f1c1b1e-8a52-4c77-9d4b-3e2f{workload:08}\n  resourceVersion: \"{index}\"\n  \
         uid: 0a1b2c3d-8a52-4c77-9d4b-3e2f{index:08}\nspec:\n{}",
        indented(&labels(workload), "  "),
        workload % NAMESPACES,
        indented(&spec(workload), "  "),
    );
    text += "  nodeName: cn-hangzhou.10.0.0.7\n  preemptionPolicy: PreemptLowerPriority\n  priority: 0\n  tolerations:\n  \
             - effect: NoExecute\n    key: node.kubernetes.io/not-ready\n    operator: Exists\n    tolerationSeconds: 300\n  \
             - effect: NoExecute\n    key: node.kubernetes.io/unreachable\n    operator: Exists\n    \
             tolerationSeconds: 300\n  volumes:\n  - configMap:\n      defaultMode: 420\n      name: web\n    name: config\n\
             status:\n  conditions:\n";
    for condition in [
        "PodReadyToStartContainers",
        "Initialized",
        "Ready",
        "ContainersReady",
        "PodScheduled",
    ] {
        let _ = write!(
            text,
            "  - lastProbeTime: null\n    lastTransitionTime: \"2026-01-01T00:00:00Z\"\n    status: \"True\"\n    \
             type: {condition}\n"
        );
    }
    text += "  containerStatuses:\n";
    for container in ["log", "web"] {
        let _ = write!(
            text,
            "  - containerID: containerd://3f2a9f0c6b1d4e7a8c5b2d9e0f1a4c7b8d5e2f9a0b3c6d7e8f1a2b5c4d7e0f3a\n    \
             image: registry.example.com/shop/{container}:1.2.{workload}\n    \
             imageID: registry.example.com/shop/{container}@sha256:9b1f0c6b1d4e7a8c5b2d9e0f1a4c7b8d5e2f9a0b3c6d7e8f1a2b5c4d7e0f3a2c\n    \
             lastState: {{}}\n    name: {container}\n    ready: true\n    restartCount: 0\n    started: true\n    \
             state:\n      running:\n        startedAt: \"2026-01-01T00:00:00Z\"\n"
        );
    }
    text + "  hostIP: 10.0.0.7\n  phase: Running\n  podIP: 10.0.1.9\n  podIPs:\n  - ip: 10.0.1.9\n  qosClass: Burstable\n  \
            startTime: \"2026-01-01T00:00:00Z\"\n"
}

fn workload(index: usize) -> String {
    let metadata = format!(
        "metadata:\n  creationTimestamp: \"2026-01-01T00:00:00Z\"\n  generation: 1\n  name: web-{index}\n  \
         namespace: team-{}\n  resourceVersion: \"{index}\"\n",
        index % NAMESPACES
    );
    let template = format!(
        "template:\n  metadata:\n{}  spec:\n{}",
        indented(&labels(index), "    "),
        indented(&spec(index), "    ")
    );
    let selector = format!("selector:\n  matchLabels:\n    app: web-{index}\n");
    let (head, spec) = match index % 10 {
        0 => ("apps/v1\nkind: DaemonSet", selector + &template),
        1 => {
            let job = format!("jobTemplate:\n  spec:\n{}", indented(&template, "    "));
            (
                "batch/v1\nkind: CronJob",
                format!("{job}schedule: '*/5 * * * *'\n"),
            )
        }
        _ => (
            "apps/v1\nkind: Deployment",
            format!("replicas: {REPLICAS}\n{selector}{template}"),
        ),
    };
    format!(
        "apiVersion: {head}\n{metadata}spec:\n{}",
        indented(&spec, "  ")
    )
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
