//! The manifests of docs/registry.md: the check of the signature, and the module in another registry.

use super::*;

const PAGE: &str = "../docs/registry.md";

/// The code block of the page with this info string.
fn block(info: &str) -> String {
    let page = read(PAGE);
    let (_, after) = page.split_once(&format!("```{info}\n")).unwrap();
    after.split_once("```").unwrap().0.to_owned()
}

/// The documents of the page's kustomization, beside the ConfigMap.
fn relocated() -> Vec<Value> {
    let own = Path::new(env!("CARGO_TARGET_TMPDIR")).join("deploy/relocated/own");
    std::fs::create_dir_all(&own).unwrap();
    std::fs::write(own.join("signature.yaml"), block("yaml signature.yaml")).unwrap();
    composed("relocated", &in_checkout(&block("yaml kustomization")))
}

#[test]
fn the_signature_is_that_of_the_release() {
    let documents = relocated();
    let config = one(&documents, "ConfigMap");
    // Kubewarden reads this key.
    let text = config["data"]["verification-config"].as_str().unwrap();
    let [config] = &super::documents(text)[..] else {
        panic!("{text}")
    };
    // The fields that Kubewarden 1.36 reads (crates/policy-fetcher/src/verify/config.rs). It refuses others.
    let prefix = config["allOf"][0]["subject"]["urlPrefix"].as_str().unwrap();
    let issuer = config["allOf"][0]["issuer"].as_str().unwrap();
    assert_eq!(
        *config,
        json!({"apiVersion": "v1", "allOf": [{"kind": "genericIssuer", "issuer": issuer, "subject": {"urlPrefix": prefix}}]})
    );
    // The identity by which docs/releasing.md checks a release.
    let releasing = read("../docs/releasing.md");
    let identity = format!(
        "--certificate-identity {prefix}v{}",
        env!("CARGO_PKG_VERSION")
    );
    assert!(releasing.contains(&identity), "{identity}");
    let issuer = format!("--certificate-oidc-issuer {issuer} ");
    assert!(releasing.contains(&issuer), "{issuer}");
    // Kubewarden adds a slash to a prefix without one.
    assert!(prefix.ends_with('/'));
}

#[test]
fn the_module_comes_from_another_registry() {
    let page = read(PAGE);
    let documents = relocated();
    let server = one(&documents, "PolicyServer");
    let secret = server["spec"]["imagePullSecret"].as_str().unwrap();
    let command = format!("kubectl create secret docker-registry {secret} --namespace kubewarden ");
    assert!(page.contains(&command));
    let config = one(&documents, "ConfigMap");
    assert_eq!(
        server["spec"]["verificationConfig"],
        config["metadata"]["name"]
    );
    assert_eq!(
        config["metadata"]["namespace"],
        one(&documents, "ServiceAccount")["metadata"]["namespace"]
    );
    let policies = named(&documents, "ClusterAdmissionPolicy");
    assert_eq!(policies.len(), 2);
    for policy in policies {
        // The commands of the page copy the module of the manifests to this place.
        let module = policy["spec"]["module"].as_str().unwrap();
        let copied = original(policy)["spec"]["module"].take();
        let push = format!("$ kwctl push {} {module}\n", copied.as_str().unwrap());
        assert!(page.contains(&push), "{push}");
    }
    for document in &documents {
        assert_eq!(schemas::errors(document), Vec::<String>::new());
    }
    // The chart gives the same.
    let values = Path::new(env!("CARGO_TARGET_TMPDIR")).join("deploy/relocated/values.yaml");
    std::fs::write(&values, block("yaml values.yaml")).unwrap();
    let rendered = rendered(&format!("--values '{}'", values.display())).unwrap();
    for document in &rendered {
        let name = document["metadata"]["name"].as_str().unwrap();
        let mut same = named(&documents, document["kind"].as_str().unwrap()).into_iter();
        let same = same
            .find(|document| document["metadata"]["name"] == name)
            .unwrap();
        assert_eq!(document["spec"], same["spec"], "{name}");
    }
    assert_eq!(rendered.len(), documents.len() - 1, "without the ConfigMap");
}

/// The policy of this name, as deploy/virtual-nodes has it.
fn original(policy: &Value) -> Value {
    let documents = kustomized(&deploy("virtual-nodes"));
    find(&documents, policy["metadata"]["name"].as_str().unwrap())
        .unwrap()
        .clone()
}
