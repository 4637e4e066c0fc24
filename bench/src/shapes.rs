//! The most expensive payloads: very long lists of everything that a rule, the reader or the repair visits.

use std::fmt::Write;

use crate::lists::LISTS;

/// The largest body of a request that an API server accepts, `MaxRequestBodyBytes`: 3 MiB.
pub(crate) const LARGEST: usize = 3 << 20;

/// A payload of any size.
pub(crate) struct Shape {
    /// A description for the table.
    pub(crate) name: String,
    /// Builds the payload with this many items.
    of: Box<dyn Fn(usize) -> String>,
}

impl Shape {
    /// Builds a payload of about this many bytes.
    pub(crate) fn of_bytes(&self, bytes: usize) -> Vec<u8> {
        const PROBE: usize = 1_000;
        let (none, some) = ((self.of)(0).len(), (self.of)(PROBE).len());
        let mut payload = String::new();
        // The numbers of later items have more digits, so the first estimate is slightly too large.
        let mut count = bytes.saturating_sub(none) * PROBE / (some - none);
        for _ in 0..3 {
            payload = (self.of)(count);
            count = count * bytes / payload.len().max(1);
        }
        payload.into_bytes()
    }
}

/// Returns every shape.
pub(crate) fn shapes() -> Vec<Shape> {
    type Build = fn(usize) -> String;
    let shapes: [(&str, Build); _] = [
        ("containers, each denied", |n| {
            pod(&containers(n, PRIVILEGED))
        }),
        ("containers, each repaired", |n| {
            pod(&containers(n, MISSPELT))
        }),
        ("containers that lack the pod's identity", |n| {
            pod(&lacking(n))
        }),
        ("the same containers in a Deployment, repaired", |n| {
            request(&deployment("", &lacking(n)), "null", r#"{"mutate":"all"}"#)
        }),
        ("containers with every ignored field", |n| {
            pod(&containers(n, IGNORED))
        }),
        ("containers under 100 exemptions", |n| {
            request(
                &object(ECI, "", &containers(n, PRIVILEGED)),
                "null",
                &exemptions(),
            )
        }),
        ("one image's name under 100 exemptions", |n| {
            let image = format!("registry.example/team-99/{}", "/istio-prox".repeat(n));
            let spec = format!(
                r#""containers":[{{"name":"a","image":"{image}","securityContext":{PRIVILEGED}}}]"#
            );
            request(&object(ECI, "", &spec), "null", &exemptions())
        }),
        ("unknown capabilities", |n| {
            pod(&capabilities(n, |n| format!("SYS_X{n}")))
        }),
        ("misspelt capabilities", |n| {
            pod(&capabilities(n, |_| "NET_ADMNI".into()))
        }),
        ("repaired capabilities", |n| {
            pod(&capabilities(n, |_| "cap_net_admin".into()))
        }),
        ("containers with 100 unknown capabilities", |n| {
            pod(&containers(n, &hundred("add", "NET_BINDXY")))
        }),
        ("containers with 100 misspelt capabilities", |n| {
            pod(&containers(n, &hundred("drop", "bpf")))
        }),
        ("unsupported sysctls", |n| {
            pod(&sysctls(n, |n| format!("vm.x{n}")))
        }),
        ("one sysctl over and over", |n| {
            pod(&sysctls(n, |_| "vm.min_free_kbytes".into()))
        }),
        ("sysctls, each moved into the annotation", |n| {
            let spec = sysctls(n, |n| format!("vm.x{n}"));
            request(&object(ECI, "", &spec), "null", MOVING)
        }),
        ("an annotation of host sysctls", |n| {
            annotated(&host_sysctls(n), "", "{}")
        }),
        ("an annotation of host sysctls, moved into", |n| {
            let spec = sysctls(100, |n| format!("vm.x{n}"));
            annotated(&host_sysctls(n), &spec, MOVING)
        }),
        ("an annotation of escapes", |n| {
            annotated(&r"\n\u0041".repeat(n), "", "{}")
        }),
        ("an annotation of brackets", |n| {
            annotated(&"[".repeat(n), "", "{}")
        }),
        ("annotations of AppArmor's family", |n| {
            let keys = keys(n, "container.apparmor.security.beta.kubernetes.io/");
            request(&object(ECI, &keys, ""), "null", "{}")
        }),
        ("annotations that are not read", |n| {
            request(
                &object(ECI, &keys(n, "k8s.aliyun.com/eci-"), ""),
                "null",
                "{}",
            )
        }),
        ("keys that nearly match one that is read", |n| {
            pod(&keys(n, r"\u0063ontainers"))
        }),
        ("arrays in arrays, skipped", |n| {
            pod(&format!(r#""x":{}{}"#, "[".repeat(n), "]".repeat(n)))
        }),
        ("objects in objects, skipped", |n| {
            pod(&format!(
                r#""x":{}1{}"#,
                r#"{"a":"#.repeat(n),
                "}".repeat(n)
            ))
        }),
        ("environments, read for the instance's size", |n| {
            let env = list(n, |n| format!(r#"{{"name":"V{n}","value":"x"}}"#));
            let sysctls = r#""sysctls":[{"name":"vm.min_free_kbytes","value":"99999999"}]"#;
            pod(&format!(
                r#""containers":[{{"name":"a","env":[{env}]}}],"securityContext":{{{sysctls}}}"#
            ))
        }),
        ("volumes that are paths of the node", |n| {
            let volumes = list(n, |_| r#"{"hostPath":{"path":"/"}}"#.into());
            pod(&format!(r#""volumes":[{volumes}]"#))
        }),
        ("invalid groups", |n| {
            let groups = list(n, |_| "-1".into());
            pod(&format!(
                r#""securityContext":{{"supplementalGroups":[{groups}]}}"#
            ))
        }),
        ("tolerations", |n| {
            let tolerations = list(n, |n| format!(r#"{{"key":"k{n}","value":"v"}}"#));
            placed(&format!(r#""tolerations":[{tolerations}]"#))
        }),
        ("terms of node affinity", affinities),
        ("ephemeral containers, half of them new", ephemeral),
        ("two equal templates", |n| unchanged(n, false)),
        ("two equal templates, their keys in another order", |n| {
            unchanged(n, true)
        }),
        ("an object of an unknown kind", |n| {
            game(&containers(n, PRIVILEGED))
        }),
        ("a wrong type at the very end", |n| {
            pod(&format!(r#"{},"hostPID":1"#, containers(n, PRIVILEGED)))
        }),
        ("invalid JSON at the very end", |n| {
            pod(&format!(r#"{},"#, containers(n, "{}")))
        }),
        ("a pod that is not ECI's", |n| {
            request(&object("", "", &containers(n, PRIVILEGED)), "null", "{}")
        }),
    ];
    let mut all: Vec<Shape> = shapes
        .into_iter()
        .map(|(name, of)| Shape {
            name: name.to_owned(),
            of: Box::new(of),
        })
        .collect();
    for list in &LISTS {
        for (is_custom, is_on_eci, whose) in [
            (false, true, ""),
            (false, false, ", not ECI's"),
            (true, true, ", of a custom kind"),
            (true, false, ", of a custom kind, not ECI's"),
        ] {
            all.push(Shape {
                name: format!("{} of {}{whose}", list.name, list.item),
                of: Box::new(move |count| list.payload(count, is_custom, is_on_eci)),
            });
        }
    }
    all
}

/// The label that puts a pod on ECI.
pub(crate) const ECI: &str = r#""alibabacloud.com/eci":"true""#;
const PRIVILEGED: &str = r#"{"privileged":true}"#;
const MISSPELT: &str = r#"{"capabilities":{"add":["cap_net_admin"]}}"#;
const IGNORED: &str = r#"{"allowPrivilegeEscalation":true,"seccompProfile":{"type":"Unconfined"},"seLinuxOptions":{},"appArmorProfile":{},"windowsOptions":{}}"#;
/// The settings under which a sysctl is moved to the annotation, where it is approved.
const MOVING: &str =
    r#"{"actions":{"sysctl-unsupported":"fix"},"approved":{"hostSysctls":["vm.*"]}}"#;

fn list(count: usize, item: impl Fn(usize) -> String) -> String {
    (0..count).map(item).collect::<Vec<_>>().join(",")
}

fn keys(count: usize, prefix: &str) -> String {
    list(count, |index| format!(r#""{prefix}{index}":"x""#))
}

/// Returns a Pod with these labels, annotations and fields of its specification.
fn object(labels: &str, annotations: &str, spec: &str) -> String {
    let mut object = String::with_capacity(spec.len() + annotations.len() + 200);
    // Writing to a `String` does not fail.
    let _ = write!(
        object,
        r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"web","labels":{{{labels}}},"annotations":{{{annotations}}}}},"spec":{{{spec}}}}}"#
    );
    object
}

fn pod(spec: &str) -> String {
    request(&object(ECI, "", spec), "null", "{}")
}

/// Returns a pod with this text in the annotation of host sysctls, under these settings.
fn annotated(text: &str, spec: &str, settings: &str) -> String {
    let annotation = format!(r#""k8s.aliyun.com/eci-host-sysctls":"{text}""#);
    request(&object(ECI, &annotation, spec), "null", settings)
}

/// Returns a pod whose scheduling decides whether it runs on ECI.
fn placed(scheduling: &str) -> String {
    request(
        &object("", "", &format!(r#""hostNetwork":true,{scheduling}"#)),
        "null",
        "{}",
    )
}

/// Returns an object of a custom kind with a pod template.
fn game(spec: &str) -> String {
    let template = format!(r#"{{"metadata":{{"labels":{{{ECI}}}}},"spec":{{{spec}}}}}"#);
    let object = format!(r#"{{"spec":{{"template":{template}}}}}"#);
    asked("CREATE", "example.com", "Game", "", &object, "null", "{}")
}

fn deployment(first: &str, spec: &str) -> String {
    format!(
        r#"{{"apiVersion":"apps/v1","kind":"Deployment","spec":{{"template":{{{first}"metadata":{{"labels":{{{ECI}}}}},"spec":{{{spec}}}}}}}}}"#
    )
}

fn request(object: &str, old_object: &str, settings: &str) -> String {
    let is_deployment = object.contains(r#""kind":"Deployment""#);
    let (group, kind) = if is_deployment {
        ("apps", "Deployment")
    } else {
        ("", "Pod")
    };
    let operation = if old_object == "null" {
        "CREATE"
    } else {
        "UPDATE"
    };
    asked(operation, group, kind, "", object, old_object, settings)
}

pub(crate) fn asked(
    operation: &str,
    group: &str,
    kind: &str,
    sub_resource: &str,
    object: &str,
    old_object: &str,
    settings: &str,
) -> String {
    format!(
        r#"{{"request":{{"uid":"1","kind":{{"group":"{group}","version":"v1","kind":"{kind}"}},"subResource":"{sub_resource}","namespace":"shop","operation":"{operation}","object":{object},"oldObject":{old_object}}},"settings":{settings}}}"#
    )
}

/// Returns containers that all have this security context.
fn containers(count: usize, context: &str) -> String {
    let one = |index| {
        format!(
            r#"{{"name":"c{index}","image":"registry.example/shop/web:1.2.3","resources":{{"limits":{{"cpu":"1"}}}},"securityContext":{context}}}"#
        )
    };
    format!(r#""containers":[{}]"#, list(count, one))
}

/// Returns a security context with a hundred capabilities in a list.
fn hundred(list_name: &str, name: &str) -> String {
    format!(
        r#"{{"capabilities":{{"{list_name}":[{}]}}}}"#,
        list(100, |_| format!(r#""{name}""#))
    )
}

/// Returns a pod's `runAsGroup` and `runAsNonRoot`, and containers that do not set them.
fn lacking(count: usize) -> String {
    let containers = containers(count, "{}");
    format!(r#""securityContext":{{"runAsGroup":3000,"runAsNonRoot":true}},{containers}"#)
}

/// Returns a hundred exemptions for the registry of the payloads' images. The last one nearly matches.
fn exemptions() -> String {
    let exempt = list(100, |index| {
        format!(
            r#"{{"image":"registry.example/team-{index}/**/istio-proxy*","container":"*-proxy-*"}}"#
        )
    });
    format!(r#"{{"exempt":[{exempt}]}}"#)
}

fn capabilities(count: usize, name: impl Fn(usize) -> String) -> String {
    let add = list(count, |index| format!(r#""{}""#, name(index)));
    format!(
        r#""containers":[{{"name":"a","securityContext":{{"capabilities":{{"add":[{add}]}}}}}}]"#
    )
}

fn sysctls(count: usize, name: impl Fn(usize) -> String) -> String {
    let sysctls = list(count, |index| {
        format!(r#"{{"name":"{}","value":"1"}}"#, name(index))
    });
    format!(r#""securityContext":{{"sysctls":[{sysctls}]}},"containers":[{{"name":"a"}}]"#)
}

/// Returns the text of an annotation as part of a JSON string.
fn host_sysctls(count: usize) -> String {
    format!(
        "[{}]",
        list(count, |index| format!(
            r#"{{\"name\":\"kernel.y{index}\",\"value\":\"1\"}}"#
        ))
    )
}

fn affinities(count: usize) -> String {
    let term = |index| {
        format!(
            r#"{{"matchExpressions":[{{"key":"k{index}","operator":"In","values":["a","b"]}}]}}"#
        )
    };
    let required = list(count, term);
    let preferred = list(count, |index| {
        format!(r#"{{"weight":1,"preference":{}}}"#, term(index))
    });
    placed(&format!(
        r#""affinity":{{"nodeAffinity":{{"requiredDuringSchedulingIgnoredDuringExecution":{{"nodeSelectorTerms":[{required}]}},"preferredDuringSchedulingIgnoredDuringExecution":[{preferred}]}}}}"#
    ))
}

fn ephemeral(count: usize) -> String {
    let some = |range: std::ops::Range<usize>| {
        let one =
            |index: usize| format!(r#"{{"name":"debug-{index}","securityContext":{PRIVILEGED}}}"#);
        let containers = range.map(one).collect::<Vec<_>>().join(",");
        let identity = r#""securityContext":{"runAsGroup":3000}"#;
        object(
            ECI,
            "",
            &format!(
                r#"{identity},"containers":[{{"name":"a"}}],"ephemeralContainers":[{containers}]"#
            ),
        )
    };
    asked(
        "UPDATE",
        "",
        "Pod",
        "ephemeralcontainers",
        &some(0..count),
        &some(0..count / 2),
        "{}",
    )
}

fn unchanged(count: usize, in_another_order: bool) -> String {
    let spec = containers(count, PRIVILEGED);
    let plain = deployment("", &spec);
    let other = if in_another_order {
        // The same template, its specification before its metadata.
        format!(
            r#"{{"apiVersion":"apps/v1","kind":"Deployment","spec":{{"template":{{"spec":{{{spec}}},"metadata":{{"labels":{{{ECI}}}}}}}}}}}"#
        )
    } else {
        plain.clone()
    };
    request(&plain, &other, "{}")
}
