//! Each variant decides as deploy/README.md says.

use super::cluster::*;
use super::*;

#[test]
fn each_variant_decides_as_it_says() {
    let (none, eci) = (json!({}), json!({"alibabacloud.com/eci": "true"}));
    let clean = json!({"runAsUser": 1000});
    let privileged = json!({"privileged": true});
    let prefixed = json!({"capabilities": {"add": ["CAP_CHOWN"]}});
    // The labels of the Namespace and of the pod, its security context, and the outcome in each variant except `monitor`,
    // which logs the outcome of `virtual-nodes`.
    let table = [
        (&none, &eci, &privileged, [Denied, NotAsked, Denied]),
        (&none, &eci, &prefixed, [Repaired, NotAsked, Repaired]),
        (&none, &eci, &clean, [Unchanged, NotAsked, Unchanged]),
        (&none, &none, &privileged, [NotAsked, NotAsked, Denied]),
        (&none, &none, &prefixed, [NotAsked, NotAsked, Repaired]),
        (&eci, &none, &privileged, [NotAsked, Denied, Denied]),
        (&eci, &none, &prefixed, [NotAsked, Repaired, Repaired]),
        (&eci, &none, &clean, [NotAsked, Unchanged, Unchanged]),
    ];
    let variants = VARIANTS.map(|folder| (folder, kustomized(&deploy(folder))));
    for (labels, of_pod, context, [virtual_nodes, namespaces, serverless]) in table {
        let namespace = namespace("shop", labels);
        let pod = pod(of_pod.clone(), context.clone());
        let monitor = match &virtual_nodes {
            NotAsked => NotAsked,
            judged => Logged(Box::new(judged.clone())),
        };
        let expected = [virtual_nodes, namespaces, serverless, monitor];
        for ((folder, policies), expected) in variants.iter().zip(expected) {
            let count = named(policies, "ClusterAdmissionPolicy").len();
            assert_eq!(count, 2, "{folder}: a policy and its twin");
            let outcome = admitted(policies, &pod, &namespace, |_| ());
            assert_eq!(outcome, expected, "{folder}: {pod} in {namespace}");
            // A workload is denied as its pods are, but only the pods are repaired.
            let expected = match expected {
                Repaired => Unchanged,
                Logged(logged) if *logged == Repaired => Logged(Box::new(Unchanged)),
                expected => expected,
            };
            let outcome = admitted(policies, &deployment(&pod), &namespace, |_| ());
            assert_eq!(
                outcome, expected,
                "{folder}: Deployment of {pod} in {namespace}"
            );
        }
    }
}

/// The policies fail closed, so a pod that the policy-server needs must not wait for it.
#[test]
fn pods_that_a_cluster_needs_to_start_wait_for_no_policy() {
    let folders = VARIANTS.into_iter().chain(["group"]);
    let built = folders.map(|folder| (folder, kustomized(&deploy(folder))));
    let charts = README_FLAGS
        .iter()
        .map(|(_, flags)| (flags.as_str(), rendered(flags).unwrap()));
    let eci = json!({"alibabacloud.com/eci": "true"});
    let pod = pod(eci.clone(), json!({"privileged": true}));
    let mut count = 0;
    for (origin, documents) in built.chain(charts) {
        for policy in bound(&documents) {
            for name in ["kube-system", KUBEWARDEN] {
                let is_asked = is_asked(&policy["spec"], &pod, &namespace(name, &eci));
                assert!(!is_asked, "{origin}: {name}");
                count += 1;
            }
        }
    }
    assert!(count > 20, "{count}");
}

#[test]
fn the_twin_judges_an_injected_container() {
    let policies = kustomized(&deploy("virtual-nodes"));
    let pod = pod(
        json!({"alibabacloud.com/eci": "true"}),
        json!({"runAsUser": 1000}),
    );
    let inject = |object: &mut Value| {
        let sidecar = json!({"name": "proxy", "image": "proxy", "securityContext": {"capabilities": {"add": ["cap_chown"]}}});
        let containers = object["spec"]["containers"].as_array_mut();
        containers.unwrap().push(sidecar);
    };
    let namespace = namespace("shop", &json!({}));
    assert_eq!(admitted(&policies, &pod, &namespace, |_| ()), Unchanged);
    assert_eq!(admitted(&policies, &pod, &namespace, inject), Denied);
}
