//! The chart gives the documents of the kustomizations, and refuses wrong values.

use super::*;

/// The documents by kind and name, without the labels that Helm adds to all of them.
fn sorted(mut documents: Vec<Value>, is_labelled: bool) -> Vec<Value> {
    for document in &mut documents {
        let metadata = document["metadata"].as_object_mut().unwrap();
        if let Some(Value::Object(labels)) = metadata.get_mut("labels") {
            let name = labels.get("app.kubernetes.io/name").cloned();
            assert_eq!(name, is_labelled.then(|| "eci-security-context".into()));
            labels.retain(|key, _| !key.contains('/'));
            if labels.is_empty() {
                metadata.remove("labels");
            }
        } else {
            assert!(!is_labelled, "{}", document["metadata"]["name"]);
        }
    }
    documents
        .sort_by_key(|document| format!("{}{}", document["kind"], document["metadata"]["name"]));
    documents
}

#[test]
fn the_chart_gives_the_documents_of_kustomize() {
    let names: Vec<_> = README_FLAGS.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            &VARIANTS[..],
            &["components/policy-server", "components/monitoring"]
        ]
        .concat(),
        "the table of deploy/README.md"
    );
    for (name, flags) in &*README_FLAGS {
        let built = if name.starts_with("components/") {
            let resources = "resources: [../deploy/virtual-nodes]";
            let kustomization = format!("{resources}\ncomponents: [../deploy/{name}]\n");
            composed(&format!("as-the-chart/{name}"), &kustomization)
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
    // The twin never repairs.
    let documents = rendered("--set settings.mutate=all --set settings.actions.privileged=warn");
    let settings = |name: &str| find(&documents, name).unwrap()["spec"]["settings"].clone();
    assert_eq!(
        settings("eci-security-context"),
        json!({"mutate": "all", "actions": {"privileged": "warn"}})
    );
    assert_eq!(
        settings("eci-security-context-validating"),
        json!({"mutate": "none", "actions": {"privileged": "warn"}})
    );
    // Each policy can be left out.
    for (left_out, there) in [
        ("mutating", "eci-security-context-validating"),
        ("validating", "eci-security-context"),
    ] {
        let documents = rendered(&format!("--set {left_out}.enabled=false"));
        assert!(documents.len() == 1 && find(&documents, there).is_some());
    }
    // Every value arrives in its field.
    let documents = rendered(EVERYTHING);
    let spec = &find(&documents, "eci-security-context-validating").unwrap()["spec"];
    assert_eq!(spec["mode"], "monitor");
    assert_eq!(spec["module"], "registry://mirror.example/eci:v1");
    assert_eq!(spec["policyServer"], "eci-security-context");
    assert_eq!(spec["settings"]["profile"], "2024-02-26");
    let server = &one(&documents, "PolicyServer")["spec"];
    // The user's variables come before those of the chart.
    assert_eq!(
        server["env"],
        json!([{"name": "KUBEWARDEN_LOG_LEVEL", "value": "info"}, {"name": "KUBEWARDEN_WORKERS", "value": "2"}])
    );
    assert_eq!(server["replicas"], 3);
    let limits = json!({"cpu": 2, "memory": "512Mi"});
    assert_eq!(server["limits"], limits);
    let account = &one(&documents, "ServiceAccount")["metadata"]["namespace"];
    let subject = &one(&documents, "ClusterRoleBinding")["subjects"][0]["namespace"];
    assert_eq!([account, subject], ["kw"; 2]);
    // `namespacesLabelled` adds conditions to any selector.
    let a_is_b = json!({"key": "a", "operator": "In", "values": ["b"]});
    let not_kube_system = json!({"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system"]});
    assert_eq!(
        spec["namespaceSelector"],
        json!({"matchExpressions": [not_kube_system, a_is_b, {"key": "c", "operator": "NotIn", "values": ["d"]}]})
    );
    let selector = |flags: &str| {
        let documents = rendered(flags);
        find(&documents, "eci-security-context").unwrap()["spec"]["namespaceSelector"].clone()
    };
    let with_kube_system = "--set-json spec.namespaceSelector.matchExpressions=[]";
    assert_eq!(selector(with_kube_system), json!({"matchExpressions": []}));
    assert_eq!(
        selector(&format!("{with_kube_system} --set namespacesLabelled.a=b")),
        json!({"matchExpressions": [a_is_b]})
    );
    // The user's variable replaces the chart's. With the user's account, the chart has no account and no role.
    let documents = rendered(
        "--set policyServer.enabled=true,policyServer.spec.replicas=0,policyServer.spec.serviceAccountName=own \
         --set policyServer.spec.env[0].name=KUBEWARDEN_WORKERS --set-string policyServer.spec.env[0].value=4",
    );
    let server = &one(&documents, "PolicyServer")["spec"];
    let env = json!([{"name": "KUBEWARDEN_WORKERS", "value": "4"}]);
    assert_eq!(server["env"], env);
    assert_eq!(server["replicas"], 0);
    assert_eq!(server["serviceAccountName"], "own");
    assert_eq!(documents.len(), 3, "{documents:?}");
    let documents = rendered("--set policyServer.enabled=true,policyServer.spec.maxUnavailable=1");
    let server = &one(&documents, "PolicyServer")["spec"];
    assert_eq!(server["maxUnavailable"], 1);
    assert!(
        server.get("minAvailable").is_none(),
        "a budget has one of the two"
    );
    // Two releases have different names, and a release may have other rules and annotations.
    let documents = rendered(
        "--set name=older,policyServer.enabled=true,annotations.team=web,namespacesOptOut.skip=yes \
         --set mutating.rules[0].apiGroups={},mutating.rules[0].resources={pods} --set namespacesLabelled.a=b",
    );
    let names: BTreeSet<_> = documents
        .iter()
        .map(|document| document["metadata"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        ["older", "older-policy-server", "older-validating"].into()
    );
    assert_eq!(
        one(&documents, "ClusterRoleBinding")["roleRef"]["name"],
        "older-policy-server"
    );
    let (older, twin) = (
        find(&documents, "older"),
        find(&documents, "older-validating"),
    );
    let [older, twin] = [older, twin].map(|policy| policy.unwrap().clone());
    assert_eq!(older["spec"]["policyServer"], "older");
    assert_eq!(older["metadata"]["annotations"]["team"], "web");
    assert_eq!(
        older["metadata"]["annotations"]["io.kubewarden.policy.severity"],
        "medium"
    );
    assert_eq!(older["spec"]["rules"][0]["resources"], json!(["pods"]));
    assert_eq!(older["spec"]["rules"].as_array().unwrap().len(), 1);
    assert_eq!(
        twin["spec"]["rules"].as_array().unwrap().len(),
        2,
        "those of the file"
    );
    let skip_is_yes = json!({"key": "skip", "operator": "NotIn", "values": ["yes"]});
    assert_eq!(
        twin["spec"]["namespaceSelector"],
        json!({"matchExpressions": [not_kube_system, a_is_b, skip_is_yes]})
    );
    // `spec.policyServer` may name the chart's own policy-server.
    rendered("--set policyServer.enabled=true,spec.policyServer=eci-security-context");
}

fn refused(flags: &str) -> String {
    rendered(flags)
        .err()
        .unwrap_or_else(|| panic!("{flags} is accepted"))
}

#[test]
fn the_chart_refuses_wrong_values() {
    for (flags, part) in [
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
        ("--set name=Older", "name"),
        ("--set mutating.rules[0].resource={pods}", "resource"),
        ("--set annotations.a=true", "annotations/a|annotations.a"),
        (
            "--set namespacesOptOut.a=true",
            "namespacesOptOut/a|namespacesOptOut.a",
        ),
        (
            "--set policyServer.enabled=yes",
            "policyServer/enabled|policyServer.enabled",
        ),
        ("--set policyServer.spec.replicas=two", "replicas"),
        (
            "--set policyServer.spec.maxUnavailable=true",
            "maxUnavailable",
        ),
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
        let error = refused(flags);
        // Helm 3 and Helm 4 write a path in different ways.
        let mut parts = part.split('|');
        assert!(parts.any(|part| error.contains(part)), "{flags}: {error}");
        assert!(
            error.contains("values don't meet the specifications of the schema"),
            "{flags}: {error}"
        );
    }
}

/// The schema allows these values, but they would have no effect.
#[test]
fn the_chart_refuses_values_without_effect() {
    for (flags, part) in [
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
        let error = refused(flags);
        assert!(error.contains(part), "{flags}: {error}");
    }
}

/// The API server would drop a field that the kind does not have.
#[test]
fn the_fields_of_the_values_are_fields_of_the_kinds() {
    let values: Value = serde_json::from_str(&read("chart/values.schema.json")).unwrap();
    let values = &values["properties"];
    let keys = |fields: &Value| -> BTreeSet<String> {
        fields.as_object().unwrap().keys().cloned().collect()
    };
    for (kind, spec) in [
        ("ClusterAdmissionPolicy", &values["spec"]),
        (
            "PolicyServer",
            &values["policyServer"]["properties"]["spec"],
        ),
    ] {
        let of_kind = json!({"apiVersion": "policies.kubewarden.io/v1", "kind": kind});
        let schema = schemas::of(&of_kind).unwrap();
        let known = keys(&schema["$defs"][format!("{kind}Spec")]["properties"]);
        let fields = keys(&spec["properties"]);
        let unknown: Vec<_> = fields.difference(&known).collect();
        assert!(
            unknown.is_empty(),
            "{kind} has no {unknown:?}, but {known:?}"
        );
    }
    // values.yaml sets every value, except `global`, which Helm adds in a parent chart.
    let mut known = keys(values);
    known.remove("global");
    assert_eq!(keys(&documents(&read("chart/values.yaml"))[0]), known);
}

#[test]
fn helm_lint_finds_no_problem() {
    let mut helm = Command::new(tool("HELM"));
    let helm = helm.args(["lint", "--strict"]).arg(deploy("chart"));
    let output = helm.output().unwrap();
    let problems = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{problems}");
}
