//! The files in deploy/, as kubectl's kustomize and helm build them. Each document fits the schema of its kind, the built
//! module accepts the settings of each policy, and each variant decides as deploy/README.md says.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

mod chart;
mod cluster;
#[path = "../../../tests/support/match_conditions.rs"]
mod match_conditions;
mod monitoring;
mod parts;
mod registry;
mod schemas;
mod variants;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use eci_e2e_tests::call;
use kubewarden_policy_sdk::settings::SettingsValidationResponse;
use serde_json::{Value, json};

/// The variants of the policies. Each is a folder.
const VARIANTS: [&str; 4] = ["virtual-nodes", "namespaces", "serverless", "monitor"];

/// The folders for clusters without Kubewarden. cli/tests/generate.rs holds their files to `eci-policy generate`.
const GENERATED: [&str; 4] = [
    "validating-admission-policy",
    "mutating-admission-policy",
    "gatekeeper/templates",
    "gatekeeper/constraints",
];

fn deploy(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../deploy")
        .join(path)
}

fn tool(variable: &str) -> OsString {
    std::env::var_os(variable).unwrap_or_else(|| {
        panic!("set {variable} to the program, as `make test` does with scripts/kube-tool")
    })
}

fn read(file: &str) -> String {
    std::fs::read_to_string(deploy(file)).unwrap()
}

fn documents(text: &str) -> Vec<Value> {
    let documents = eci_manifest::documents(text).unwrap();
    let values = documents.iter().map(eci_manifest::Document::value);
    values.filter(|document| !document.is_null()).collect()
}

fn printed(output: Output) -> Result<Vec<Value>, String> {
    if output.status.success() {
        Ok(documents(&String::from_utf8(output.stdout).unwrap()))
    } else {
        Err(String::from_utf8(output.stderr).unwrap())
    }
}

fn kustomized(folder: &Path) -> Vec<Value> {
    let output = Command::new(tool("KUBECTL"))
        .arg("kustomize")
        .arg(folder)
        .output()
        .unwrap();
    printed(output).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
}

/// The documents of the chart, or Helm's error. The shell splits the flags.
fn rendered(flags: &str) -> Result<Vec<Value>, String> {
    // Helm reads no configuration of the user.
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("helm");
    let script = format!("exec \"$HELM\" template eci-security-context . {flags}");
    let output = Command::new("sh")
        .args(["-c", &script])
        .env("HELM", tool("HELM"))
        .env("HOME", &home)
        .env_remove("KUBECONFIG")
        .current_dir(deploy("chart"))
        .output()
        .unwrap();
    printed(output)
}

fn named<'d>(documents: &'d [Value], kind: &str) -> Vec<&'d Value> {
    documents
        .iter()
        .filter(|document| document["kind"] == kind)
        .collect()
}

/// The only document of a kind.
fn one<'d>(documents: &'d [Value], kind: &str) -> &'d Value {
    let [document] = named(documents, kind)[..] else {
        panic!("not one {kind}: {documents:?}")
    };
    document
}

/// The document of a name.
fn find<'d>(documents: &'d [Value], name: &str) -> Option<&'d Value> {
    let mut documents = documents.iter();
    documents.find(|document| document["metadata"]["name"] == name)
}

/// The policies and the groups, which have webhooks.
fn bound(documents: &[Value]) -> Vec<&Value> {
    documents
        .iter()
        .filter(|document| document["spec"].get("rules").is_some())
        .collect()
}

/// The documents of a user's kustomization in a folder beside a copy of deploy/.
fn composed(name: &str, kustomization: &str) -> Vec<Value> {
    fn copy(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
            let (from, to) = (entry.path(), to.join(entry.file_name()));
            if from.is_dir() {
                copy(&from, &to);
            } else {
                std::fs::copy(from, to).unwrap();
            }
        }
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("deploy")
        .join(name);
    copy(&deploy(""), &folder.join("deploy"));
    let own = folder.join("own");
    std::fs::create_dir_all(&own).unwrap();
    std::fs::write(own.join("kustomization.yaml"), kustomization).unwrap();
    kustomized(&own)
}

/// A kustomization of a page, with this checkout in place of the release.
fn in_checkout(kustomization: &str) -> String {
    let release = "https://github.com/eci-security-context/eci-security-context//";
    let version = concat!("?ref=v", env!("CARGO_PKG_VERSION"));
    kustomization.replace(release, "../").replace(version, "")
}

static WITH_POLICY_SERVER: LazyLock<Vec<Value>> = LazyLock::new(|| {
    composed(
        "with-policy-server",
        "resources: [../deploy/virtual-nodes, ../deploy/group]\ncomponents: [../deploy/components/policy-server]\n",
    )
});

/// Every document that a user may apply.
fn all() -> Vec<(String, Value)> {
    let mut all = Vec::new();
    let mut add = |origin: &str, documents: Vec<Value>| {
        let documents = documents.into_iter();
        all.extend(documents.map(|document| (origin.to_owned(), document)));
    };
    // No library here has a schema of Gatekeeper's kinds.
    let others = ["group", GENERATED[0]];
    for folder in VARIANTS.into_iter().chain(others) {
        add(folder, kustomized(&deploy(folder)));
    }
    add("with a policy-server", WITH_POLICY_SERVER.clone());
    for (_, flags) in &*README_FLAGS {
        add(flags, rendered(flags).unwrap());
    }
    add("the chart with all values", rendered(EVERYTHING).unwrap());
    all
}

/// Flags that set every value of the chart.
const EVERYTHING: &str = "--set policyServer.enabled=true,policyServer.namespace=kw,policyServer.spec.replicas=3 \
     --set policyServer.spec.minAvailable=50%,policyServer.spec.limits.cpu=2,policyServer.spec.tolerations[0].key=a \
     --set policyServer.spec.env[0].name=KUBEWARDEN_LOG_LEVEL,policyServer.spec.env[0].value=info \
     --set spec.mode=monitor,spec.timeoutSeconds=5,spec.timeoutEvalSeconds=2,spec.failurePolicy=Ignore \
     --set annotations.a=b,namespacesOptOut.c=d,monitoring.enabled=true,monitoring.labels.release=prometheus \
     --set mutating.rules[0].apiGroups={apps},mutating.rules[0].apiVersions={v1},mutating.rules[0].resources={deployments} \
     --set mutating.rules[0].operations={CREATE} --set spec.backgroundAudit=false,spec.matchPolicy=Exact,spec.message=no,spec.module=registry://mirror.example/eci:v1 \
     --set spec.objectSelector.matchLabels.a=b,namespacesLabelled.a=b \
     --set spec.matchConditions[0].name=a \
     --set-string spec.matchConditions[0].expression=true,settings.profile=2024-02-26 --set settings.approved.capabilities={SYS_RAWIO}";

/// The variants in the table of deploy/README.md, each with the flags for the chart.
static README_FLAGS: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let readme = read("README.md");
    let rows = readme.lines().filter(|line| line.starts_with("| [`"));
    rows.map(|row| {
        let cells: Vec<_> = row.split(" | ").collect();
        let code = |cell: &str| cell.split('`').nth(1).unwrap_or_default().to_owned();
        (code(cells[0]), code(cells[2]))
    })
    .collect()
});

/// The other tests see only files that a kustomization names.
#[test]
fn every_file_is_part_of_a_kustomization() {
    let mut folders = vec![deploy("")];
    let mut built = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).unwrap();
        let entries = entries.map(|entry| entry.unwrap().path());
        let (inner, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
        // The chart has templates, and copies that the tests of generated files compare.
        folders.extend(inner.into_iter().filter(|path| !path.ends_with("chart")));
        let kustomization = folder.join("kustomization.yaml");
        let text = std::fs::read_to_string(&kustomization).unwrap_or_default();
        for file in files.iter().filter(|file| **file != kustomization) {
            let name = file.file_name().unwrap().to_str().unwrap();
            assert!(
                text.contains(&format!("\n  - {name}\n")) || text.is_empty() && name == "README.md",
                "no kustomization names {}",
                file.display()
            );
        }
        if !text.is_empty() {
            let name = folder.strip_prefix(deploy("")).unwrap();
            built.insert(name.to_str().unwrap().to_owned());
        }
    }
    let others =
        ["monitor", "monitoring", "policy-server"].map(|name| format!("components/{name}"));
    let others = others.into_iter().chain(["group".to_owned()]);
    let folders = VARIANTS.into_iter().chain(GENERATED);
    let known = folders.map(str::to_owned).chain(others);
    assert_eq!(built, known.collect());
}

/// A constraint can be applied after the template that defines its kind.
#[test]
fn each_constraint_has_a_template() {
    let [templates, constraints] = ["templates", "constraints"]
        .map(|folder| kustomized(&deploy(&format!("gatekeeper/{folder}"))));
    let kinds = |documents: &[Value], pointer: &str| -> Vec<Value> {
        let kinds = documents.iter().map(|document| document.pointer(pointer));
        kinds.map(|kind| kind.unwrap().clone()).collect()
    };
    let defined = kinds(&templates, "/spec/crd/spec/names/kind");
    assert_eq!(defined, ["EciSecurityContext", "EciSecurityContextWarning"]);
    assert_eq!(kinds(&constraints, "/kind"), defined);
}

/// The first step of both roll-outs in docs/operating.md denies nothing.
#[test]
fn the_kustomizations_of_the_roll_outs() {
    let page = in_checkout(&read("../docs/operating.md"));
    let blocks = page.split("```yaml kustomization.yaml\n").skip(1);
    let blocks: Vec<_> = blocks
        .map(|block| block.split("```").next().unwrap())
        .collect();
    let [admission_policies, constraints] = blocks[..] else {
        panic!("{blocks:?}")
    };
    let documents = composed("admission-policies", admission_policies);
    let bindings = named(&documents, "ValidatingAdmissionPolicyBinding");
    let actions: Vec<_> = bindings
        .iter()
        .map(|binding| &binding["spec"]["validationActions"])
        .collect();
    assert_eq!(actions, [&json!(["Warn", "Audit"]); 2]);
    let documents = composed("constraints", constraints);
    let actions: Vec<_> = documents
        .iter()
        .map(|constraint| &constraint["spec"]["enforcementAction"])
        .collect();
    assert_eq!(actions, ["dryrun"; 2]);
}

/// The settings of a policy, and of each member of a group.
fn settings(document: &Value) -> Vec<&Value> {
    let members = document["spec"]["policies"].as_object();
    let members = members.into_iter().flat_map(|members| members.values());
    let specs = std::iter::once(&document["spec"]).chain(members);
    specs.filter_map(|spec| spec.get("settings")).collect()
}

#[test]
fn the_module_accepts_the_settings() {
    let mut count = 0;
    for (origin, document) in all() {
        for settings in settings(&document) {
            let no_host = Err("settings need no host".to_owned());
            let payload = settings.to_string();
            let answer = call("validate_settings", payload.as_bytes(), no_host).unwrap();
            let answer: SettingsValidationResponse = serde_json::from_slice(&answer).unwrap();
            assert!(answer.valid, "{origin}: {settings}: {:?}", answer.message);
            count += 1;
        }
    }
    assert!(count > 20, "{count}");
}
