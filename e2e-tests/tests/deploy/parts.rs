//! The group, the policy-server and the kustomizations of deploy/README.md.

use super::cluster::*;
use super::*;

#[test]
fn the_group_accepts_objects_that_each_revision_accepts() {
    let documents = kustomized(&deploy("group"));
    let group = one(&documents, "ClusterAdmissionPolicyGroup");
    let members = group["spec"]["policies"].as_object().unwrap();
    let expression = group["spec"]["expression"].as_str().unwrap();
    let names = expression.split(" && ");
    let names: Vec<_> = names.map(|call| call.trim_end_matches("()")).collect();
    let is_known = names.iter().all(|name| members.contains_key(*name));
    assert!(is_known && names.len() == members.len(), "{names:?}");
    // In a group, a member that would change the object refuses it.
    let accepted = |object: &Value| -> Vec<bool> {
        let answers = names
            .iter()
            .map(|name| judge(&members[*name]["settings"], object, &json!({})));
        answers
            .map(|answer| answer["accepted"] == true && answer["mutated_object"].is_null())
            .collect()
    };
    for (context, expected) in [
        (json!({"runAsUser": 1000}), true),
        (json!({"privileged": true}), false),
        (json!({"capabilities": {"add": ["CAP_CHOWN"]}}), false),
    ] {
        let pod = pod(json!({"eci": "true"}), context);
        assert_eq!(accepted(&pod), [expected; 2], "{pod}");
    }
    // ECI's page of February 2024 allows this sysctl, and its page of March 2026 does not.
    let mut forced = pod(json!({"eci": "true"}), json!({}));
    forced["spec"]["securityContext"] =
        json!({"sysctls": [{"name": "kernel.shm_rmid_forced", "value": "1"}]});
    assert_eq!(accepted(&forced), [true, false]);
    for member in members.values() {
        assert_eq!(member["settings"]["mutate"], "none");
    }
}

#[test]
fn the_policy_server_runs_the_policies_and_may_read_namespaces() {
    let documents = &*WITH_POLICY_SERVER;
    let one = |kind| one(documents, kind);
    let server = one("PolicyServer");
    let name = &server["metadata"]["name"];
    let account = &server["spec"]["serviceAccountName"];
    assert_eq!(&one("ServiceAccount")["metadata"]["name"], account);
    let binding = one("ClusterRoleBinding");
    assert_eq!(&binding["subjects"][0]["name"], account);
    let namespace = &one("ServiceAccount")["metadata"]["namespace"];
    assert_eq!(&binding["subjects"][0]["namespace"], namespace);
    let role = one("ClusterRole");
    assert_eq!(binding["roleRef"]["name"], role["metadata"]["name"]);
    let affinity = server["spec"]["affinity"].to_string();
    let label = format!(r#""kubewarden/policy-server":{name}"#);
    assert!(affinity.contains(&label), "{affinity}");
    let policies = bound(documents);
    assert_eq!(policies.len(), 3);
    for policy in policies {
        let spec = &policy["spec"];
        assert_eq!(
            &spec["policyServer"], name,
            "{}",
            policy["metadata"]["name"]
        );
        let asked = spec["contextAwareResources"].as_array();
        for asked in asked.into_iter().flatten() {
            assert_eq!(asked, &json!({"apiVersion": "v1", "kind": "Namespace"}));
        }
    }
    // The memory by the manifest's comment, in MiB: the server, and the worst payload in each worker.
    let (base, worst) = (100, 100);
    let mut variables = server["spec"]["env"].as_array().unwrap().iter();
    let workers = variables.find(|variable| variable["name"] == "KUBEWARDEN_WORKERS");
    let workers: u64 = workers.unwrap()["value"].as_str().unwrap().parse().unwrap();
    let limit = server["spec"]["limits"]["memory"].as_str().unwrap();
    let limit: u64 = limit.strip_suffix("Mi").unwrap().parse().unwrap();
    assert!(
        limit >= base + workers * worst,
        "{limit} MiB for {workers} workers"
    );
    assert_eq!(
        role["rules"],
        json!([{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get", "list", "watch"]}])
    );
}

/// The kustomizations of deploy/README.md.
fn readme_kustomizations() -> [String; 3] {
    let readme = in_checkout(&read("README.md"));
    let blocks = readme.split("```yaml kustomization\n").skip(1);
    let blocks: Vec<_> = blocks
        .map(|block| block.split("```").next().unwrap().to_owned())
        .collect();
    blocks.try_into().unwrap()
}

#[test]
fn the_parts_of_the_readme() {
    let [parts, ..] = readme_kustomizations();
    let documents = composed("readme", &parts);
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
    one(&documents, "PolicyServer");
}

/// The group beside each variant, with the patch of the README for `namespaces`, judges the pods that the variant judges.
#[test]
fn the_group_judges_the_pods_of_its_variant() {
    let [_, of_namespaces, _] = readme_kustomizations();
    let unpatched = |variant: &str| format!("resources: [../deploy/{variant}, ../deploy/group]\n");
    // The patch for `serverless` has no selector.
    let is_selector = |line: &str| {
        let mut keys = ["namespaceSelector:", "matchExpressions:", "- {key:"].iter();
        keys.any(|key| line.contains(key))
    };
    let of_serverless = of_namespaces.lines().filter(|line| !is_selector(line));
    let of_serverless: String = of_serverless.map(|line| format!("{line}\n")).collect();
    let of_serverless = of_serverless.replace("/namespaces", "/serverless");
    let (none, eci) = (json!({}), json!({"alibabacloud.com/eci": "true"}));
    for (variant, kustomization, labels, of_pod) in [
        ("virtual-nodes", unpatched("virtual-nodes"), &none, &eci),
        ("monitor", unpatched("monitor"), &none, &eci),
        ("namespaces", of_namespaces, &eci, &none),
        ("serverless", of_serverless, &none, &none),
    ] {
        let folder = format!("../deploy/{variant}");
        assert!(kustomization.contains(&folder), "{kustomization}");
        let components =
            "components: [../deploy/components/policy-server, ../deploy/components/monitor]\n";
        let documents = composed(&format!("group-{variant}"), &(kustomization + components));
        let policies = bound(&documents);
        assert_eq!(policies.len(), 3, "{variant}");
        for policy in &policies {
            let spec = &policy["spec"];
            assert_eq!(spec["mode"], "monitor", "{variant}");
            assert_eq!(spec["policyServer"], "eci-security-context", "{variant}");
            assert_eq!(schemas::errors(policy), Vec::<String>::new(), "{variant}");
        }
        let group = one(&documents, "ClusterAdmissionPolicyGroup");
        let twin = find(&documents, "eci-security-context-validating").unwrap();
        let pod = pod(of_pod.clone(), json!({"privileged": true}));
        for (labels, expected) in [(labels, true), (&none, variant != "namespaces")] {
            let namespace = namespace("shop", labels);
            for policy in [group, twin] {
                let is_asked = is_asked(&policy["spec"], &pod, &namespace);
                assert_eq!(is_asked, expected, "{variant}: {namespace}");
            }
            for (name, member) in group["spec"]["policies"].as_object().unwrap() {
                let answer = judge(&member["settings"], &pod, &namespace);
                assert_eq!(answer["accepted"], false, "{variant}: {name}");
            }
        }
    }
}

#[test]
fn kubewarden_in_another_namespace() {
    let [_, _, elsewhere] = readme_kustomizations();
    let documents = composed("elsewhere", &elsewhere);
    let account = &one(&documents, "ServiceAccount")["metadata"]["namespace"];
    let subject = &one(&documents, "ClusterRoleBinding")["subjects"][0]["namespace"];
    assert_eq!([account, subject], ["cattle-kubewarden-system"; 2]);
}

#[test]
fn the_policies_have_the_severity_of_the_module() {
    let metadata = documents(&read("../metadata.yml")).remove(0);
    let mut all = kustomized(&deploy("virtual-nodes"));
    all.append(&mut kustomized(&deploy("group")));
    assert_eq!(all.len(), 3);
    for policy in all {
        for key in ["severity", "category"] {
            let key = format!("io.kubewarden.policy.{key}");
            let of_module = &metadata["annotations"][&key];
            assert_eq!(policy["metadata"]["annotations"][&key], *of_module, "{key}");
        }
        // The evaluation ends before the API server stops waiting. A group has no deadline of its own.
        let spec = &policy["spec"];
        let evaluation = spec["timeoutEvalSeconds"].as_u64();
        assert_eq!(
            evaluation.is_none(),
            policy["kind"] == "ClusterAdmissionPolicyGroup"
        );
        assert!(evaluation < spec["timeoutSeconds"].as_u64());
    }
}
