//! The payloads of the benchmarks, and the verdicts on them.

use std::fmt::{self, Display};

use serde_json::{Map, Value, json};

/// Returns the payload for the creation of an object, under the default settings.
pub(crate) fn asking_for(object: &Value) -> Vec<u8> {
    asking_under(&json!({}), object)
}

/// Returns the payload for the creation of an object, under these settings.
pub(crate) fn asking_under(settings: &Value, object: &Value) -> Vec<u8> {
    let request = eci_manifest::request_of(object);
    json!({ "request": request, "settings": settings })
        .to_string()
        .into_bytes()
}

/// The host's answer to a policy that requests a Namespace.
///
/// # Errors
/// Always.
pub(crate) fn no_cluster(_: &str) -> Result<Value, String> {
    Err("a benchmark has no cluster".to_owned())
}

/// The outcome of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Accepted,
    Repaired,
    Denied,
    /// The payload cannot be read.
    Refused,
    /// The answer does not come within the deadline.
    Late,
}

impl Verdict {
    /// Reads the verdict from an answer in Kubewarden's shape.
    ///
    /// # Errors
    /// If the answer is not JSON.
    pub(crate) fn of(answer: &[u8]) -> serde_json::Result<Self> {
        let answer: Value = serde_json::from_slice(answer)?;
        let field = |name: &str| answer.get(name).filter(|value| !value.is_null());
        let accepted = field("accepted").and_then(Value::as_bool);
        let code = field("code").and_then(Value::as_u64);
        Ok(match (accepted, field("mutated_object"), code) {
            (Some(true), None, _) => Self::Accepted,
            (Some(true), Some(_), _) => Self::Repaired,
            (_, _, Some(403)) => Self::Denied,
            _ => Self::Refused,
        })
    }
}

impl Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Accepted => "accepted",
            Self::Repaired => "repaired",
            Self::Denied => "denied",
            Self::Refused => "refused",
            Self::Late => "late",
        })
    }
}

/// The kind of pods in a payload, by their verdict.
#[derive(Clone, Copy)]
pub(crate) enum Variant {
    /// Accepted because they do not run on ECI.
    Elsewhere,
    /// Accepted because they violate no rule.
    Accepted,
    /// Denied for a capability.
    Denied,
    /// Repaired in a capability.
    Repaired,
}

impl Variant {
    const ALL: [(Self, &str); 4] = [
        (Self::Elsewhere, "not ECI's"),
        (Self::Accepted, "accepted"),
        (Self::Denied, "denied"),
        (Self::Repaired, "repaired"),
    ];

    fn labels(self) -> Value {
        match self {
            Self::Elsewhere => json!({ "app": "web" }),
            _ => json!({ "app": "web", "alibabacloud.com/eci": "true" }),
        }
    }

    /// Returns the first container's capabilities.
    fn capabilities(self) -> Value {
        match self {
            Self::Elsewhere | Self::Accepted => json!({ "add": ["NET_ADMIN"] }),
            Self::Denied => json!({ "add": ["SYS_ADMIN"] }),
            Self::Repaired => json!({ "add": ["cap_net_admin"] }),
        }
    }
}

/// Returns every payload of the benchmark, with its name.
pub(crate) fn all() -> Vec<(String, Vec<u8>)> {
    let mut payloads = Vec::new();
    for (variant, what) in Variant::ALL {
        payloads.push((
            format!("pod, 1 kB, {what}"),
            asking_for(&pod(variant, 1, 400, 0)),
        ));
    }
    // By default only pods are repaired.
    let repairs_all = json!({ "mutate": "all" });
    for (size, containers, environment) in [("3 kB", 2, 1_900), ("30 kB", 20, 25_000)] {
        for (variant, what) in Variant::ALL {
            let object = deployment(variant, containers, environment);
            let payload = match variant {
                Variant::Repaired => asking_under(&repairs_all, &object),
                _ => asking_for(&object),
            };
            payloads.push((format!("deployment, {size}, {what}"), payload));
        }
    }
    for (size, environment, annotation) in [("300 kB", 48_000, 250_000), ("1 MB", 995_000, 0)] {
        for (variant, what) in Variant::ALL {
            let object = pod(variant, 20, environment, annotation);
            payloads.push((format!("pod, {size}, {what}"), asking_for(&object)));
        }
    }
    for containers in [1, 10, 100, 500] {
        for (variant, what) in Variant::ALL.into_iter().skip(1) {
            let plural = if containers == 1 { "" } else { "s" };
            let object = pod(variant, containers, 0, 0);
            payloads.push((
                format!("{containers} container{plural}, {what}"),
                asking_for(&object),
            ));
        }
    }
    payloads
}

/// Returns a pod with so many containers, so many bytes of environment in total, and an annotation of so many bytes.
pub(crate) fn pod(
    variant: Variant,
    containers: usize,
    environment: usize,
    annotation: usize,
) -> Value {
    let mut metadata = json!({ "name": "web", "namespace": "shop", "labels": variant.labels() });
    if let (Value::Object(metadata), true) = (&mut metadata, annotation > 0) {
        let annotations = Map::from_iter([(
            "example.com/notes".to_owned(),
            "x".repeat(annotation).into(),
        )]);
        metadata.insert("annotations".to_owned(), annotations.into());
    }
    let spec = pod_spec(variant, containers, environment);
    json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec })
}

/// Returns a Deployment with such a pod template.
pub(crate) fn deployment(variant: Variant, containers: usize, environment: usize) -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": { "name": "web", "namespace": "shop" },
        "spec": {
            "replicas": 3,
            "selector": { "matchLabels": { "app": "web" } },
            "template": {
                "metadata": { "labels": variant.labels() },
                "spec": pod_spec(variant, containers, environment),
            },
        },
    })
}

fn pod_spec(variant: Variant, containers: usize, environment: usize) -> Value {
    const VALUE: &str = "https://service.example.com/of/a/length/that/is/usual?in=values";
    // A variable has a value, a name of six characters, and the syntax around both.
    let variables = environment / containers / (VALUE.len() + 27);
    let env = |index| json!({ "name": format!("VAR{index:03}"), "value": VALUE });
    let containers = (0..containers).map(|index| {
        let capabilities = if index == 0 { variant } else { Variant::Accepted }.capabilities();
        json!({
            "name": format!("c{index}"),
            "image": "registry.example.com/shop/web:1.2.3",
            "env": (0..variables).map(env).collect::<Vec<_>>(),
            "resources": { "limits": { "cpu": "250m", "memory": "256Mi" } },
            "securityContext": { "runAsUser": 1000, "runAsNonRoot": true, "capabilities": capabilities },
        })
    });
    json!({
        "securityContext": { "sysctls": [{ "name": "net.core.somaxconn", "value": "1024" }] },
        "containers": containers.collect::<Vec<_>>(),
    })
}
