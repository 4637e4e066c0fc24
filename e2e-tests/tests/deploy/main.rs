//! What is in deploy/: each document fits the schema of its kind, each policy's settings are taken by the built module,
//! and each situation decides as it says. What is built is built by kubectl's kustomize and by helm.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use eci_e2e_tests::{agreed, call};
use eci_manifest::RequestOptions;
use kubewarden_policy_sdk::settings::SettingsValidationResponse;
use serde_json::{Value, json};

mod schemas;

/// The situations, each a folder.
const SITUATIONS: [&str; 4] = ["virtual-nodes", "namespaces", "serverless", "monitor"];

fn deploy(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../deploy")
        .join(path)
}

fn tool(variable: &str) -> OsString {
    std::env::var_os(variable).unwrap_or_else(|| {
        panic!("{variable} names the program; `make test` sets it, by scripts/kube-tool")
    })
}

fn documents(text: &str) -> Vec<Value> {
    let documents = eci_manifest::documents(text).unwrap();
    documents
        .iter()
        .map(eci_manifest::Document::value)
        .filter(|document| !document.is_null())
        .collect()
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

/// What `helm template` makes of the chart under flags as a shell takes them.
fn rendered(flags: &str) -> Result<Vec<Value>, String> {
    // Where no user's configuration is.
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

/// The policies and the groups: what is asked about requests.
fn bound(documents: &[Value]) -> Vec<&Value> {
    documents
        .iter()
        .filter(|document| document["spec"].get("rules").is_some())
        .collect()
}

/// A copy of deploy/ with a folder beside it that is built of parts: a user's own.
fn composed(name: &str, kustomization: &str) -> Vec<Value> {
    fn copy(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
            let to = to.join(entry.file_name());
            if entry.path().is_dir() {
                copy(&entry.path(), &to);
            } else {
                std::fs::copy(entry.path(), to).unwrap();
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

static WITH_POLICY_SERVER: LazyLock<Vec<Value>> = LazyLock::new(|| {
    composed(
        "with-policy-server",
        "resources: [../deploy/virtual-nodes, ../deploy/group]\ncomponents: [../deploy/components/policy-server]\n",
    )
});

/// Every document that a user may apply.
fn all() -> Vec<(String, Value)> {
    let mut all = Vec::new();
    let mut of = |origin: &str, documents: Vec<Value>| {
        all.extend(
            documents
                .into_iter()
                .map(|document| (origin.to_owned(), document)),
        );
    };
    for folder in SITUATIONS.into_iter().chain(["group"]) {
        of(folder, kustomized(&deploy(folder)));
    }
    of("with a policy-server", WITH_POLICY_SERVER.clone());
    for (_, flags) in &*README_FLAGS {
        of(flags, rendered(flags).unwrap());
    }
    of("the chart, all of it", rendered(EVERYTHING).unwrap());
    all
}

/// A value for each key of the chart's.
const EVERYTHING: &str = "--set policyServer.enabled=true,policyServer.namespace=kw,policyServer.spec.replicas=3 \
     --set policyServer.spec.minAvailable=50%,policyServer.spec.limits.cpu=2,policyServer.spec.tolerations[0].key=a \
     --set policyServer.spec.env[0].name=KUBEWARDEN_LOG_LEVEL,policyServer.spec.env[0].value=info \
     --set spec.mode=monitor,spec.timeoutSeconds=5,spec.timeoutEvalSeconds=2,spec.failurePolicy=Ignore \
     --set spec.backgroundAudit=false,spec.matchPolicy=Exact,spec.message=no,spec.module=registry://mirror.example/eci:v1 \
     --set spec.objectSelector.matchLabels.a=b,namespacesLabelled.a=b \
     --set spec.matchConditions[0].name=a \
     --set-string spec.matchConditions[0].expression=true,settings.profile=2024-02-26 --set settings.approved.capabilities={SYS_RAWIO}";

/// The table of deploy/README.md: a situation, and the flags with which the chart makes the same.
static README_FLAGS: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let readme = std::fs::read_to_string(deploy("README.md")).unwrap();
    let rows = readme.lines().filter(|line| line.starts_with("| [`"));
    rows.map(|row| {
        let cell = |number: usize| row.split(" | ").nth(number).unwrap();
        let name = cell(0).split('`').nth(1).unwrap();
        (
            name.to_owned(),
            cell(2).split('`').nth(1).unwrap_or_default().to_owned(),
        )
    })
    .collect()
});

#[test]
fn every_document_fits_the_schema_of_its_kind() {
    let all = all();
    assert!(all.len() > 20, "{}", all.len());
    for (origin, document) in all {
        let errors = schemas::errors(&document);
        assert!(
            errors.is_empty(),
            "{origin}: {}: {errors:#?}",
            document["metadata"]["name"]
        );
    }
}

/// What is not built is not looked at by the other tests.
#[test]
fn every_file_is_part_of_something() {
    let mut folders = vec![deploy("")];
    let mut built = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        let entries: Vec<_> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        let (inner, files): (Vec<_>, Vec<_>) = entries.into_iter().partition(|path| path.is_dir());
        // The chart's templates are no YAML; its files are copies, which the tests of generated files hold.
        folders.extend(inner.into_iter().filter(|path| !path.ends_with("chart")));
        let names: BTreeSet<_> = files
            .iter()
            .map(|path| path.file_name().unwrap().to_str().unwrap())
            .collect();
        if names.contains("kustomization.yaml") {
            let text = std::fs::read_to_string(folder.join("kustomization.yaml")).unwrap();
            for name in names.iter().filter(|name| **name != "kustomization.yaml") {
                assert!(
                    text.contains(&format!("\n  - {name}\n")),
                    "{} does not name {name}",
                    folder.display()
                );
            }
            built.insert(
                folder
                    .strip_prefix(deploy(""))
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned(),
            );
        } else {
            assert!(
                names.iter().all(|name| *name == "README.md"),
                "{}: {names:?}",
                folder.display()
            );
        }
    }
    let known =
        SITUATIONS
            .into_iter()
            .chain(["group", "components/monitor", "components/policy-server"]);
    assert_eq!(built, known.map(str::to_owned).collect());
}

#[test]
fn what_an_api_server_would_drop_or_refuse_is_found() {
    let all = all();
    let first = |kind: &str| {
        all.iter()
            .find(|(_, document)| document["kind"] == kind)
            .unwrap()
            .1
            .clone()
    };
    for (kind, pointer, key, value, told) in [
        ("ClusterAdmissionPolicy", "", "spce", json!({}), "spce"),
        (
            "ClusterAdmissionPolicy",
            "/metadata",
            "lables",
            json!({}),
            "lables",
        ),
        (
            "ClusterAdmissionPolicy",
            "/spec",
            "setings",
            json!({}),
            "setings",
        ),
        (
            "ClusterAdmissionPolicy",
            "/spec",
            "namespaceSelector",
            json!({"matchLabel": {}}),
            "matchLabel",
        ),
        (
            "ClusterAdmissionPolicy",
            "/spec",
            "mode",
            json!("Monitor"),
            "Monitor",
        ),
        (
            "ClusterAdmissionPolicy",
            "/spec",
            "failurePolicy",
            json!("fail"),
            "fail",
        ),
        (
            "ClusterAdmissionPolicy",
            "/spec",
            "module",
            json!(1),
            "string",
        ),
        (
            "ClusterAdmissionPolicy",
            "/spec/rules/0",
            "resource",
            json!("pods"),
            "resource",
        ),
        (
            "ClusterAdmissionPolicy",
            "/spec/contextAwareResources/0",
            "version",
            json!("v1"),
            "version",
        ),
        (
            "ClusterAdmissionPolicyGroup",
            "/spec/policies/newest",
            "mutating",
            json!(false),
            "mutating",
        ),
        (
            "ClusterAdmissionPolicyGroup",
            "/spec",
            "policies",
            json!([]),
            "object",
        ),
        ("PolicyServer", "/spec", "replica", json!(2), "replica"),
        ("PolicyServer", "/spec", "replicas", json!("2"), "integer"),
        // Only 1.36's definition has it.
        (
            "PolicyServer",
            "/spec",
            "webhookPort",
            json!(8443),
            "webhookPort",
        ),
        (
            "PolicyServer",
            "/spec/affinity/podAntiAffinity",
            "required",
            json!([]),
            "required",
        ),
        (
            "ServiceAccount",
            "/metadata",
            "namespaces",
            json!("kubewarden"),
            "namespaces",
        ),
        ("ClusterRole", "/rules/0", "verb", json!("get"), "verb"),
        (
            "ClusterRoleBinding",
            "/roleRef",
            "namespace",
            json!("kubewarden"),
            "namespace",
        ),
    ] {
        let mut document = first(kind);
        document.pointer_mut(pointer).unwrap()[key] = value;
        let errors = schemas::errors(&document).join("\n");
        assert!(
            errors.contains(told),
            "{kind}{pointer} with {key}: {errors:?}"
        );
    }
    for (kind, pointer, key) in [
        ("ClusterAdmissionPolicy", "/spec", "module"),
        ("ClusterAdmissionPolicyGroup", "/spec", "expression"),
        ("PolicyServer", "/spec", "image"),
        ("ClusterRoleBinding", "", "roleRef"),
    ] {
        let mut document = first(kind);
        document
            .pointer_mut(pointer)
            .unwrap()
            .as_object_mut()
            .unwrap()
            .remove(key)
            .unwrap();
        let errors = schemas::errors(&document).join("\n");
        assert!(
            errors.contains(key),
            "{kind}{pointer} without {key}: {errors:?}"
        );
    }
    assert_eq!(
        schemas::errors(&json!({"apiVersion": "v1", "kind": "Pod"})).len(),
        1
    );
}

/// The settings of a policy, and of each member of a group.
fn settings(document: &Value) -> Vec<&Value> {
    let members = document["spec"]["policies"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(_, member)| member);
    std::iter::once(&document["spec"])
        .chain(members)
        .filter_map(|spec| spec.get("settings"))
        .collect()
}

#[test]
fn the_module_takes_the_settings() {
    let mut count = 0;
    for (origin, document) in all() {
        for settings in settings(&document) {
            let nobody = Err("nobody is asked here".to_owned());
            let answer =
                call("validate_settings", settings.to_string().as_bytes(), nobody).unwrap();
            let answer: SettingsValidationResponse = serde_json::from_slice(&answer).unwrap();
            assert!(answer.valid, "{origin}: {settings}: {:?}", answer.message);
            count += 1;
        }
    }
    assert!(count > 20, "{count}");
}

/// What comes of a request.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// No policy is asked.
    NotAsked,
    /// It is let through as it is.
    Unchanged,
    Repaired,
    Denied,
    /// In monitor mode: what is logged, while the request is let through as it is.
    Logged(Box<Self>),
}
use Outcome::{Denied, Logged, NotAsked, Repaired, Unchanged};

fn has(list: &Value, item: &str) -> bool {
    list.as_array()
        .unwrap()
        .iter()
        .any(|listed| listed == item || listed == "*")
}

/// The Namespace that Kubewarden is installed in.
const KUBEWARDEN: &str = "kubewarden";

/// The conditions of the `namespaceSelector` that a webhook has of a policy, or of a group. Kubewarden's controller makes
/// it (`namespaceSelector` in internal/controller/policy_subreconciler_webhook.go, the same in 1.35.0 and 1.36.0-beta.1):
/// its own Namespace is left out, the policy's `matchExpressions` follow, and its `matchLabels` are dropped.
fn conditions(spec: &Value) -> Vec<Value> {
    assert!(
        spec.get("allowInsideAdmissionControllerNamespace")
            .is_none(),
        "this test does not know it"
    );
    let own =
        json!({"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": [KUBEWARDEN]});
    let of_policy = spec["namespaceSelector"]["matchExpressions"]
        .as_array()
        .into_iter()
        .flatten()
        .cloned();
    std::iter::once(own).chain(of_policy).collect()
}

/// Whether labels fulfil a condition of a selector. A label that is not there is in no list.
fn fulfils(labels: &Value, condition: &Value) -> bool {
    let label = &labels[condition["key"].as_str().unwrap()];
    let is_listed = condition["values"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|value| value == label);
    match condition["operator"].as_str().unwrap() {
        "In" => is_listed,
        "NotIn" => !is_listed,
        operator => panic!("this test does not know {operator}"),
    }
}

/// A Namespace with the label that an API server gives it.
fn namespace(name: &str, labels: &Value) -> Value {
    let mut labels = labels.clone();
    labels["kubernetes.io/metadata.name"] = name.into();
    json!({"metadata": {"name": name, "labels": labels}})
}

/// Whether the API server asks a policy, by the `rules` and the `namespaceSelector` of its webhook.
fn is_asked(spec: &Value, request: &Value, namespace: &Value) -> bool {
    let resource = &request["resource"];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let matched = spec["rules"].as_array().unwrap().iter().any(|rule| {
        has(&rule["apiGroups"], &text(&resource["group"]))
            && has(&rule["apiVersions"], &text(&resource["version"]))
            && has(&rule["resources"], &text(&resource["resource"]))
            && has(&rule["operations"], &text(&request["operation"]))
    });
    assert!(
        spec.get("objectSelector").is_none(),
        "this test does not know objectSelector"
    );
    matched
        && conditions(spec)
            .iter()
            .all(|condition| fulfils(&namespace["metadata"]["labels"], condition))
}

fn judge(settings: &Value, object: &Value, namespace: &Value) -> Value {
    let request = eci_manifest::admission_request(object, &RequestOptions::default());
    let payload = json!({"request": request, "settings": settings});
    agreed(
        "validate",
        payload.to_string().as_bytes(),
        Ok(namespace.clone()),
    )
    .unwrap()
}

/// The policies one after the other, as the API server asks them: first those that mutate; then another webhook has its
/// way with the object; then the others.
fn admitted(
    policies: &[Value],
    object: &Value,
    namespace: &Value,
    inject: impl Fn(&mut Value),
) -> Outcome {
    let (mut object, mut outcome) = (object.clone(), NotAsked);
    let mut logged = None;
    for mutating in [true, false] {
        for policy in named(policies, "ClusterAdmissionPolicy") {
            let spec = &policy["spec"];
            let request = eci_manifest::admission_request(&object, &RequestOptions::default());
            if spec["mutating"] != mutating || !is_asked(spec, &request, namespace) {
                continue;
            }
            let answer = judge(&spec["settings"], &object, namespace);
            let repaired = answer
                .get("mutated_object")
                .filter(|repaired| !repaired.is_null());
            assert!(
                mutating || repaired.is_none(),
                "the twin would change the object, which Kubewarden takes for a denial"
            );
            let here = match (answer["accepted"] == true, repaired) {
                (false, _) => Denied,
                (true, Some(_)) => Repaired,
                (true, None) => Unchanged,
            };
            if spec["mode"] == "monitor" {
                // The twin judges the object that nothing repaired.
                logged.get_or_insert(here);
                continue;
            }
            if here == Denied {
                return Denied;
            }
            object = repaired.unwrap_or(&object).clone();
            if outcome != Repaired {
                outcome = here;
            }
        }
        if mutating {
            inject(&mut object);
        }
    }
    logged.map_or(outcome, |logged| Logged(Box::new(logged)))
}

fn pod(labels: Value, context: Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "namespace": "shop", "labels": labels},
        "spec": {"containers": [{"name": "web", "image": "nginx", "securityContext": context}]},
    })
}

fn deployment(pod: &Value) -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"selector": {}, "template": {"metadata": pod["metadata"], "spec": pod["spec"]}},
    })
}

#[test]
fn each_situation_decides_as_it_says() {
    let eci = || json!({"alibabacloud.com/eci": "true"});
    let none = || json!({});
    let clean = || json!({"runAsUser": 1000});
    // Needs an approval of Alibaba Cloud's; is spelled otherwise.
    let (privileged, prefixed) = (
        || json!({"privileged": true}),
        || json!({"capabilities": {"add": ["CAP_CHOWN"]}}),
    );
    let logged = |outcome| Logged(Box::new(outcome));
    // The labels of the Namespace and of the pod, its security context; then what comes of it in each situation.
    let table = [
        (
            none(),
            eci(),
            privileged(),
            [Denied, NotAsked, Denied, logged(Denied)],
        ),
        (
            none(),
            eci(),
            prefixed(),
            [Repaired, NotAsked, Repaired, logged(Repaired)],
        ),
        (
            none(),
            eci(),
            clean(),
            [Unchanged, NotAsked, Unchanged, logged(Unchanged)],
        ),
        (
            none(),
            none(),
            privileged(),
            [Unchanged, NotAsked, Denied, logged(Unchanged)],
        ),
        (
            none(),
            none(),
            prefixed(),
            [Unchanged, NotAsked, Repaired, logged(Unchanged)],
        ),
        (
            eci(),
            none(),
            privileged(),
            [Unchanged, Denied, Denied, logged(Unchanged)],
        ),
        (
            eci(),
            none(),
            prefixed(),
            [Unchanged, Repaired, Repaired, logged(Unchanged)],
        ),
        (
            eci(),
            none(),
            clean(),
            [Unchanged, Unchanged, Unchanged, logged(Unchanged)],
        ),
    ];
    let situations = SITUATIONS.map(|folder| kustomized(&deploy(folder)));
    for (labels, of_pod, context, expected) in table {
        let namespace = namespace("shop", &labels);
        let pod = pod(of_pod, context);
        for ((folder, policies), expected) in SITUATIONS.iter().zip(&situations).zip(expected) {
            assert_eq!(
                named(policies, "ClusterAdmissionPolicy").len(),
                2,
                "{folder}: a policy and its twin"
            );
            let outcome = admitted(policies, &pod, &namespace, |_| ());
            assert_eq!(outcome, expected, "{folder}: {pod} in {namespace}");
            // A workload is denied with its pods, and repaired in them.
            let of_workload = match expected {
                Repaired => Unchanged,
                Logged(logged) if *logged == Repaired => Logged(Box::new(Unchanged)),
                expected => expected,
            };
            let outcome = admitted(policies, &deployment(&pod), &namespace, |_| ());
            assert_eq!(
                outcome, of_workload,
                "{folder}: a Deployment of {pod} in {namespace}"
            );
        }
    }
}

/// The policies fail closed: a pod that their server waits for must not wait for their server.
#[test]
fn what_brings_a_cluster_back_waits_for_no_policy() {
    let built = SITUATIONS
        .into_iter()
        .chain(["group"])
        .map(|folder| (folder, kustomized(&deploy(folder))));
    let charts = README_FLAGS
        .iter()
        .map(|(_, flags)| (flags.as_str(), rendered(flags).unwrap()));
    let mut count = 0;
    for (origin, documents) in built.chain(charts) {
        for policy in bound(&documents) {
            for name in ["kube-system", KUBEWARDEN] {
                // Labelled or not.
                let namespace = namespace(name, &json!({"alibabacloud.com/eci": "true"}));
                let pod = pod(
                    json!({"alibabacloud.com/eci": "true"}),
                    json!({"privileged": true}),
                );
                let request = eci_manifest::admission_request(&pod, &RequestOptions::default());
                assert!(
                    !is_asked(&policy["spec"], &request, &namespace),
                    "{origin}: {name}"
                );
                count += 1;
            }
        }
    }
    assert!(count > 20, "{count}");
}

#[test]
fn the_twin_judges_what_is_injected() {
    let policies = kustomized(&deploy("virtual-nodes"));
    let pod = pod(
        json!({"alibabacloud.com/eci": "true"}),
        json!({"runAsUser": 1000}),
    );
    let inject = |object: &mut Value| {
        let sidecar = json!({"name": "proxy", "image": "proxy", "securityContext": {"capabilities": {"add": ["cap_chown"]}}});
        object["spec"]["containers"]
            .as_array_mut()
            .unwrap()
            .push(sidecar);
    };
    let namespace = namespace("shop", &json!({}));
    assert_eq!(admitted(&policies, &pod, &namespace, |_| ()), Unchanged);
    assert_eq!(admitted(&policies, &pod, &namespace, inject), Denied);
}

#[test]
fn the_group_takes_what_each_revision_takes() {
    let documents = kustomized(&deploy("group"));
    let [group] = named(&documents, "ClusterAdmissionPolicyGroup")[..] else {
        panic!("one group")
    };
    let members = group["spec"]["policies"].as_object().unwrap();
    let all: Vec<_> = group["spec"]["expression"]
        .as_str()
        .unwrap()
        .split(" && ")
        .map(|call| call.trim_end_matches("()"))
        .collect();
    assert!(
        all.len() > 1
            && all.len() == members.len()
            && all.iter().all(|name| members.contains_key(*name)),
        "{all:?}"
    );
    // To a group, a member that would change the object has refused it.
    let accepted = |object: &Value| {
        all.iter()
            .map(|name| {
                let answer = judge(&members[*name]["settings"], object, &json!({}));
                answer["accepted"] == true
                    && answer.get("mutated_object").is_none_or(Value::is_null)
            })
            .collect::<Vec<_>>()
    };
    let eci = || json!({"eci": "true"});
    assert_eq!(
        accepted(&pod(eci(), json!({"runAsUser": 1000}))),
        [true, true]
    );
    assert_eq!(
        accepted(&pod(eci(), json!({"privileged": true}))),
        [false, false]
    );
    assert_eq!(
        accepted(&pod(eci(), json!({"capabilities": {"add": ["CAP_CHOWN"]}}))),
        [false, false]
    );
    // The page of February 2024 excepts it, that of March 2026 does not.
    let mut forced = pod(eci(), json!({}));
    forced["spec"]["securityContext"] =
        json!({"sysctls": [{"name": "kernel.shm_rmid_forced", "value": "1"}]});
    assert_eq!(accepted(&forced), [true, false]);
    for member in members.values() {
        assert_eq!(member["settings"]["mutate"], "none");
    }
}

#[test]
fn the_policy_server_is_the_policies_and_may_read_what_they_ask_for() {
    let documents = &*WITH_POLICY_SERVER;
    let one = |kind: &str| {
        let [document] = named(documents, kind)[..] else {
            panic!("one {kind}")
        };
        document
    };
    let server = one("PolicyServer");
    let account = &server["spec"]["serviceAccountName"];
    assert_eq!(&one("ServiceAccount")["metadata"]["name"], account);
    let binding = one("ClusterRoleBinding");
    assert_eq!(&binding["subjects"][0]["name"], account);
    assert_eq!(
        binding["subjects"][0]["namespace"],
        one("ServiceAccount")["metadata"]["namespace"]
    );
    assert_eq!(
        binding["roleRef"]["name"],
        one("ClusterRole")["metadata"]["name"]
    );
    let affinity = server["spec"]["affinity"].to_string();
    assert!(
        affinity.contains(&format!(
            r#""kubewarden/policy-server":{}"#,
            server["metadata"]["name"]
        )),
        "{affinity}"
    );
    let policies = bound(documents);
    assert_eq!(policies.len(), 3);
    for policy in policies {
        assert_eq!(
            policy["spec"]["policyServer"], server["metadata"]["name"],
            "{}",
            policy["metadata"]["name"]
        );
        for asked in policy["spec"]["contextAwareResources"]
            .as_array()
            .into_iter()
            .flatten()
        {
            assert_eq!(asked, &json!({"apiVersion": "v1", "kind": "Namespace"}));
        }
    }
    // What the manifest's comment counts, in MiB: the server itself, and the worst payload in each worker.
    let (base, worst) = (100, 100);
    let workers: u64 = server["spec"]["env"]
        .as_array()
        .unwrap()
        .iter()
        .find(|variable| variable["name"] == "KUBEWARDEN_WORKERS")
        .map(|workers| workers["value"].as_str().unwrap().parse().unwrap())
        .unwrap();
    let limit = server["spec"]["limits"]["memory"].as_str().unwrap();
    let limit: u64 = limit.strip_suffix("Mi").unwrap().parse().unwrap();
    assert!(
        limit >= base + workers * worst,
        "{limit} MiB for {workers} workers"
    );
    assert_eq!(
        one("ClusterRole")["rules"],
        json!([{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get", "list", "watch"]}])
    );
}

/// The kustomizations of the README, over this checkout instead of a release.
fn readme_kustomizations() -> Vec<String> {
    let readme = std::fs::read_to_string(deploy("README.md")).unwrap();
    let blocks = readme.split("```yaml kustomization\n").skip(1);
    blocks
        .map(|block| {
            block
                .split("```")
                .next()
                .unwrap()
                .replace(
                    "https://github.com/eci-security-context/eci-security-context//",
                    "../",
                )
                .replace(&format!("?ref=v{}", env!("CARGO_PKG_VERSION")), "")
        })
        .collect()
}

#[test]
fn the_parts_of_the_readme() {
    let [parts, ..] = &readme_kustomizations()[..] else {
        panic!("the README has the parts")
    };
    let documents = composed("readme", parts);
    let policies = named(&documents, "ClusterAdmissionPolicy");
    assert_eq!(policies.len(), 2);
    for policy in policies {
        assert!(schemas::errors(policy).is_empty());
        assert_eq!(policy["spec"]["mode"], "monitor");
        assert_eq!(policy["spec"]["policyServer"], "eci-security-context");
        let settings = &policy["spec"]["settings"];
        assert_eq!(settings["approved"]["capabilities"], json!(["SYS_RAWIO"]));
        assert_eq!(settings["scope"]["assumeEci"], true);
    }
    assert_eq!(named(&documents, "PolicyServer").len(), 1);
}

/// A group beside each situation, with the patch of the README: its members know the pods that the situation knows.
#[test]
fn the_group_judges_what_its_situation_judges() {
    let [_, of_namespaces, ..] = &readme_kustomizations()[..] else {
        panic!("the README has the group")
    };
    let unpatched =
        |situation: &str| format!("resources: [../deploy/{situation}, ../deploy/group]\n");
    let is_selector = |line: &&str| {
        ["namespaceSelector:", "matchExpressions:", "- {key:"]
            .iter()
            .any(|key| line.contains(key))
    };
    let of_serverless: Vec<_> = of_namespaces
        .lines()
        .filter(|line| !is_selector(line))
        .collect();
    let of_serverless = of_serverless
        .join("\n")
        .replace("/namespaces", "/serverless")
        + "\n";
    let eci = || json!({"alibabacloud.com/eci": "true"});
    for (situation, kustomization, labels, of_pod) in [
        (
            "virtual-nodes",
            unpatched("virtual-nodes"),
            json!({}),
            eci(),
        ),
        ("monitor", unpatched("monitor"), json!({}), eci()),
        ("namespaces", of_namespaces.clone(), eci(), json!({})),
        ("serverless", of_serverless, json!({}), json!({})),
    ] {
        assert!(
            kustomization.contains(&format!("../deploy/{situation}")),
            "{kustomization}"
        );
        let components =
            "components: [../deploy/components/policy-server, ../deploy/components/monitor]\n";
        let documents = composed(
            &format!("group-{situation}"),
            &format!("{kustomization}{components}"),
        );
        let policies = bound(&documents);
        assert_eq!(policies.len(), 3, "{situation}");
        for policy in &policies {
            assert_eq!(
                policy["spec"]["mode"], "monitor",
                "{situation}: {}",
                policy["metadata"]["name"]
            );
            assert_eq!(
                policy["spec"]["policyServer"], "eci-security-context",
                "{situation}"
            );
            assert_eq!(schemas::errors(policy), Vec::<String>::new(), "{situation}");
        }
        let [group] = named(&documents, "ClusterAdmissionPolicyGroup")[..] else {
            panic!("one group")
        };
        let twin = documents
            .iter()
            .find(|document| document["metadata"]["name"] == "eci-security-context-validating");
        let pod = pod(of_pod, json!({"privileged": true}));
        for (labels, is_bound) in [(labels, true), (json!({}), situation != "namespaces")] {
            let namespace = namespace("shop", &labels);
            let request = eci_manifest::admission_request(&pod, &RequestOptions::default());
            for policy in [group, twin.unwrap()] {
                assert_eq!(
                    is_asked(&policy["spec"], &request, &namespace),
                    is_bound,
                    "{situation}: {namespace}"
                );
            }
            let members = group["spec"]["policies"].as_object().unwrap();
            for (name, member) in members {
                let answer = judge(&member["settings"], &pod, &namespace);
                assert_eq!(answer["accepted"], false, "{situation}: {name}");
            }
        }
    }
}

#[test]
fn kubewarden_in_another_namespace() {
    let [_, _, elsewhere] = &readme_kustomizations()[..] else {
        panic!("the README has three")
    };
    let documents = composed("elsewhere", elsewhere);
    let namespaces: Vec<_> = named(&documents, "ServiceAccount")
        .into_iter()
        .map(|account| &account["metadata"]["namespace"])
        .chain(
            named(&documents, "ClusterRoleBinding")
                .into_iter()
                .map(|binding| &binding["subjects"][0]["namespace"]),
        )
        .collect();
    assert_eq!(
        namespaces,
        ["cattle-kubewarden-system", "cattle-kubewarden-system"]
    );
}

/// In the order of their kinds and names, without the labels by which Helm knows its own: all have them, or none.
fn sorted(mut documents: Vec<Value>, is_labelled: bool) -> Vec<Value> {
    for document in &mut documents {
        let labels = document["metadata"]
            .as_object_mut()
            .unwrap()
            .remove("labels");
        assert_eq!(
            labels.is_some(),
            is_labelled,
            "{}",
            document["metadata"]["name"]
        );
        assert!(
            labels.is_none_or(|labels| labels["app.kubernetes.io/name"] == "eci-security-context")
        );
    }
    documents
        .sort_by_key(|document| format!("{}{}", document["kind"], document["metadata"]["name"]));
    documents
}

#[test]
fn the_chart_makes_what_kustomize_makes() {
    let names: Vec<_> = README_FLAGS.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [&SITUATIONS[..], &["components/policy-server"]].concat(),
        "the table of deploy/README.md"
    );
    for (name, flags) in &*README_FLAGS {
        let built = if name.starts_with("components/") {
            composed(
                "as-the-chart",
                &format!("resources: [../deploy/virtual-nodes]\ncomponents: [../deploy/{name}]\n"),
            )
        } else {
            kustomized(&deploy(name))
        };
        let rendered = rendered(flags).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(
            sorted(rendered, true),
            sorted(built, false),
            "{name}: helm template {flags}"
        );
    }
}

#[test]
fn the_values_of_the_chart() {
    let rendered = |flags: &str| rendered(flags).unwrap_or_else(|error| panic!("{flags}: {error}"));
    let of = |documents: &[Value], name: &str| {
        documents
            .iter()
            .find(|document| document["metadata"]["name"] == name)
            .cloned()
    };
    // The twin stays the twin, whatever the settings say.
    let documents = rendered("--set settings.mutate=all --set settings.actions.privileged=warn");
    let settings = |name: &str| of(&documents, name).unwrap()["spec"]["settings"].clone();
    assert_eq!(
        settings("eci-security-context"),
        json!({"mutate": "all", "actions": {"privileged": "warn"}})
    );
    assert_eq!(
        settings("eci-security-context-validating"),
        json!({"mutate": "none", "actions": {"privileged": "warn"}})
    );
    // Each can be left out.
    for (left_out, there) in [
        ("mutating", "eci-security-context-validating"),
        ("validating", "eci-security-context"),
    ] {
        let documents = rendered(&format!("--set {left_out}.enabled=false"));
        assert_eq!(documents.len(), 1);
        assert!(of(&documents, there).is_some());
    }
    // Every field that the values name arrives.
    let documents = rendered(EVERYTHING);
    let policy = of(&documents, "eci-security-context-validating").unwrap();
    assert_eq!(policy["spec"]["mode"], "monitor");
    assert_eq!(policy["spec"]["module"], "registry://mirror.example/eci:v1");
    assert_eq!(policy["spec"]["policyServer"], "eci-security-context");
    assert_eq!(policy["spec"]["settings"]["profile"], "2024-02-26");
    let [server] = named(&documents, "PolicyServer")[..] else {
        panic!("one PolicyServer")
    };
    // A variable more, and those that are there anyway.
    assert_eq!(
        server["spec"]["env"],
        json!([{"name": "KUBEWARDEN_LOG_LEVEL", "value": "info"}, {"name": "KUBEWARDEN_WORKERS", "value": "2"}])
    );
    assert_eq!(server["spec"]["replicas"], 3);
    assert_eq!(
        server["spec"]["limits"],
        json!({"cpu": 2, "memory": "512Mi"})
    );
    assert_eq!(
        named(&documents, "ServiceAccount")[0]["metadata"]["namespace"],
        "kw"
    );
    assert_eq!(
        named(&documents, "ClusterRoleBinding")[0]["subjects"][0]["namespace"],
        "kw"
    );
    // Labels of Namespaces are conditions besides those of the selector, whichever that is.
    let a_is_b = json!({"key": "a", "operator": "In", "values": ["b"]});
    let not_kube_system = json!({"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system"]});
    assert_eq!(
        policy["spec"]["namespaceSelector"],
        json!({"matchExpressions": [not_kube_system, a_is_b]})
    );
    let selector = |flags: &str| {
        of(&rendered(flags), "eci-security-context").unwrap()["spec"]["namespaceSelector"].clone()
    };
    let with_kube_system = "--set-json spec.namespaceSelector.matchExpressions=[]";
    assert_eq!(selector(with_kube_system), json!({"matchExpressions": []}));
    assert_eq!(
        selector(&format!("{with_kube_system} --set namespacesLabelled.a=b")),
        json!({"matchExpressions": [a_is_b]})
    );
    // A variable of the same name is the user's; nothing else is installed with an account of theirs.
    let documents = rendered(
        "--set policyServer.enabled=true,policyServer.spec.replicas=0,policyServer.spec.serviceAccountName=own \
         --set policyServer.spec.env[0].name=KUBEWARDEN_WORKERS --set-string policyServer.spec.env[0].value=4",
    );
    let [server] = named(&documents, "PolicyServer")[..] else {
        panic!("one PolicyServer")
    };
    assert_eq!(
        server["spec"]["env"],
        json!([{"name": "KUBEWARDEN_WORKERS", "value": "4"}])
    );
    assert_eq!(server["spec"]["replicas"], 0);
    assert_eq!(server["spec"]["serviceAccountName"], "own");
    assert_eq!(
        documents.len(),
        3,
        "two policies and their server: {documents:?}"
    );
    // The policy-server of these policies may be named.
    rendered("--set policyServer.enabled=true,spec.policyServer=eci-security-context");
}

#[test]
fn the_chart_refuses_wrong_values() {
    for (flags, told) in [
        ("--set setings.mutate=all", "setings"),
        ("--set settings.mutat=all", "mutat"),
        (
            "--set settings.mutate=some",
            "settings/mutate|settings.mutate",
        ),
        ("--set settings.actions.priviledged=deny", "priviledged"),
        ("--set settings.actions.privileged=fix", "privileged"),
        ("--set settings.approved.capabilities={ALL}", "capabilities"),
        ("--set spec.mode=Monitor", "spec/mode|spec.mode"),
        ("--set spec.setings.mutate=all", "setings"),
        ("--set spec.namespaceSelector.matchLabel.a=b", "matchLabel"),
        (
            "--set spec.namespaceSelector.matchLabels.eci=true",
            "matchLabels/eci|matchLabels.eci",
        ),
        (
            "--set spec.matchConditions[0].name=a,spec.matchConditions[0].expression=true",
            "expression",
        ),
        ("--set mutating=false", "mutating"),
        (
            "--set policyServer.enabled=yes",
            "policyServer/enabled|policyServer.enabled",
        ),
        ("--set policyServer.spec.replicas=two", "replicas"),
        ("--set policyServer.spec.maxUnavailable=1", "maxUnavailable"),
        ("--set policyServer.spec.replicas=-1", "replicas"),
        (
            "--set-string policyServer.namespace=",
            "policyServer/namespace|policyServer.namespace",
        ),
        ("--set spec.timeoutSeconds=1", "timeoutSeconds"),
        ("--set spec.timeoutSeconds=31", "timeoutSeconds"),
        ("--set spec.timeoutEvalSeconds=1", "timeoutEvalSeconds"),
        ("--set spec.timeoutEvalSeconds=31", "timeoutEvalSeconds"),
        (
            "--set namespacesLabelled.eci=true",
            "namespacesLabelled/eci|namespacesLabelled.eci",
        ),
        ("--set spec.namespaceSelector=null", "namespaceSelector"),
    ] {
        let error = rendered(flags)
            .err()
            .unwrap_or_else(|| panic!("{flags} is taken"));
        // Helm 3 and Helm 4 write the path in their own way.
        assert!(
            told.split('|').any(|told| error.contains(told)),
            "{flags}: {error}"
        );
        assert!(
            error.contains("values don't meet the specifications of the schema"),
            "{flags}: {error}"
        );
    }
}

/// Each is well formed, and would not do what it says.
#[test]
fn the_chart_refuses_values_without_effect() {
    for (flags, told) in [
        (
            "--set spec.namespaceSelector.matchLabels.a=b",
            "spec.namespaceSelector.matchLabels would be dropped by Kubewarden's controller: \
             set spec.namespaceSelector.matchExpressions, or namespacesLabelled",
        ),
        (
            "--set policyServer.enabled=true,spec.policyServer=other",
            "spec.policyServer is other, so nothing would use the policy-server that policyServer.enabled installs, \
             eci-security-context: set one of the two",
        ),
    ] {
        let error = rendered(flags)
            .err()
            .unwrap_or_else(|| panic!("{flags} is taken"));
        assert!(error.contains(told), "{flags}: {error}");
    }
}

/// A field of the values that the kind does not have would be dropped.
#[test]
fn the_fields_of_the_values_are_fields_of_the_kinds() {
    let values: Value =
        serde_json::from_str(&std::fs::read_to_string(deploy("chart/values.schema.json")).unwrap())
            .unwrap();
    let keys = |schema: &Value| {
        schema["properties"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    for (kind, fields) in [
        ("ClusterAdmissionPolicy", &values["properties"]["spec"]),
        (
            "PolicyServer",
            &values["properties"]["policyServer"]["properties"]["spec"],
        ),
    ] {
        let schema =
            schemas::of(&json!({"apiVersion": "policies.kubewarden.io/v1", "kind": kind})).unwrap();
        let known = keys(&schema["$defs"][format!("{kind}Spec")]);
        for field in keys(fields) {
            assert!(
                known.contains(&field),
                "{kind} has no {field}, but {known:?}"
            );
        }
    }
    // What values.yaml sets is what the schema has.
    let defaults =
        documents(&std::fs::read_to_string(deploy("chart/values.yaml")).unwrap()).remove(0);
    let mut known = keys(&values);
    known.retain(|key| key != "global");
    assert_eq!(
        defaults
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<BTreeSet<_>>(),
        known.into_iter().collect()
    );
}

#[test]
fn helm_finds_nothing_wrong() {
    let output = Command::new(tool("HELM"))
        .args(["lint", "--strict"])
        .arg(deploy("chart"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}
