//! Payloads of the largest size that an API server lets through (3 MB, its limit on a request's body), in the shapes
//! that are the nastiest to judge: much of everything that a rule, the reader or the repair goes over.

use std::fmt::Write;

/// What an API server lets through: `MaxRequestBodyBytes`, 3 MiB.
pub const LARGEST: usize = 3 << 20;

/// A kind of payload that can be had in any size.
#[derive(Clone, Copy)]
pub struct Shape {
    /// What it is.
    pub name: &'static str,
    /// The payload with so many of what makes it nasty.
    of: fn(usize) -> String,
}

impl Shape {
    /// The payload of about so many bytes.
    pub fn of_bytes(&self, bytes: usize) -> Vec<u8> {
        const PROBE: usize = 1_000;
        let (none, some) = ((self.of)(0).len(), (self.of)(PROBE).len());
        let mut payload = String::new();
        // Numbers take more digits the more there are, so the first guess is a little too large.
        let mut count = bytes.saturating_sub(none) * PROBE / (some - none);
        for _ in 0..3 {
            payload = (self.of)(count);
            count = count * bytes / payload.len().max(1);
        }
        payload.into_bytes()
    }
}

/// Every shape.
pub static SHAPES: &[Shape] = &[
    Shape {
        name: "containers, each denied",
        of: |n| pod(&containers(n, |_| PRIVILEGED.into())),
    },
    Shape {
        name: "containers, each repaired",
        of: |n| pod(&containers(n, |_| MISSPELT.into())),
    },
    Shape {
        name: "containers, each lacks the pod's identity",
        of: |n| pod(&lacking(n)),
    },
    Shape {
        name: "the same of a Deployment, repaired",
        of: |n| {
            let spec = lacking(n);
            request(&deployment("", &spec), "null", r#"{"mutate":"all"}"#)
        },
    },
    Shape {
        name: "containers with every field that has no effect",
        of: |n| pod(&containers(n, |_| IGNORED.into())),
    },
    Shape {
        name: "containers under 100 exemptions",
        of: |n| {
            request(
                &object(ECI, "", &containers(n, foreign)),
                "null",
                &exemptions(),
            )
        },
    },
    Shape {
        name: "one image's name under 100 exemptions",
        of: |n| {
            let image = format!("registry.example/team-99/{}", "/istio-prox".repeat(n));
            let spec = format!(
                r#""containers":[{{"name":"a","image":"{image}","securityContext":{PRIVILEGED}}}]"#
            );
            request(&object(ECI, "", &spec), "null", &exemptions())
        },
    },
    Shape {
        name: "capabilities that there are not",
        of: |n| pod(&capabilities(n, |n| format!("SYS_X{n}"))),
    },
    Shape {
        name: "capabilities that are misspelt",
        of: |n| pod(&capabilities(n, |_| "NET_ADMNI".into())),
    },
    Shape {
        name: "capabilities that are repaired",
        of: |n| pod(&capabilities(n, |_| "cap_net_admin".into())),
    },
    Shape {
        name: "containers of 100 capabilities that there are not",
        of: |n| pod(&containers(n, |_| hundred("add", "NET_BINDXY"))),
    },
    Shape {
        name: "containers of 100 capabilities that are misspelt",
        of: |n| pod(&containers(n, |_| hundred("drop", "bpf"))),
    },
    Shape {
        name: "sysctls that ECI does not take",
        of: |n| pod(&sysctls(n, |n| format!("vm.x{n}"))),
    },
    Shape {
        name: "sysctls, all the same",
        of: |n| pod(&sysctls(n, |_| "vm.min_free_kbytes".into())),
    },
    Shape {
        name: "sysctls, each moved into the annotation",
        of: |n| {
            request(
                &object(ECI, "", &sysctls(n, |n| format!("vm.x{n}"))),
                "null",
                MOVING,
            )
        },
    },
    Shape {
        name: "an annotation of host sysctls",
        of: |n| annotated(&host_sysctls(n)),
    },
    Shape {
        name: "an annotation of host sysctls, moved into",
        of: |n| {
            let text = format!(r#""k8s.aliyun.com/eci-host-sysctls":"{}""#, host_sysctls(n));
            request(
                &object(ECI, &text, &sysctls(100, |n| format!("vm.x{n}"))),
                "null",
                MOVING,
            )
        },
    },
    Shape {
        name: "an annotation of escapes",
        of: |n| annotated(&r"\n\u0041".repeat(n)),
    },
    Shape {
        name: "an annotation of brackets",
        of: |n| annotated(&"[".repeat(n)),
    },
    Shape {
        name: "annotations of AppArmor's family",
        of: |n| {
            request(
                &object(
                    ECI,
                    &keys(n, "container.apparmor.security.beta.kubernetes.io/"),
                    "",
                ),
                "null",
                "{}",
            )
        },
    },
    Shape {
        name: "annotations that nobody reads",
        of: |n| {
            request(
                &object(ECI, &keys(n, "k8s.aliyun.com/eci-"), ""),
                "null",
                "{}",
            )
        },
    },
    Shape {
        name: "keys that are nearly one that is read",
        of: |n| pod(&keys(n, r"\u0063ontainers")),
    },
    Shape {
        name: "arrays in arrays, skipped",
        of: |n| pod(&format!(r#""x":{}{}"#, "[".repeat(n), "]".repeat(n))),
    },
    Shape {
        name: "objects in objects, skipped",
        of: |n| {
            pod(&format!(
                r#""x":{}1{}"#,
                r#"{"a":"#.repeat(n),
                "}".repeat(n)
            ))
        },
    },
    Shape {
        name: "environments, read for the instance's size",
        of: |n| {
            let env = list(n, |n| format!(r#"{{"name":"V{n}","value":"x"}}"#));
            let sysctls = r#""securityContext":{"sysctls":[{"name":"vm.min_free_kbytes","value":"99999999"}]}"#;
            pod(&format!(
                r#""containers":[{{"name":"a","env":[{env}]}}],{sysctls}"#
            ))
        },
    },
    Shape {
        name: "volumes that are paths of the node",
        of: |n| {
            pod(&format!(
                r#""volumes":[{}]"#,
                list(n, |_| r#"{"hostPath":{"path":"/"}}"#.into())
            ))
        },
    },
    Shape {
        name: "groups that are none",
        of: |n| {
            pod(&format!(
                r#""securityContext":{{"supplementalGroups":[{}]}}"#,
                list(n, |_| "-1".into())
            ))
        },
    },
    Shape {
        name: "tolerations",
        of: |n| {
            request(
                &object(
                    "",
                    "",
                    &format!(
                        r#""hostNetwork":true,"tolerations":[{}]"#,
                        list(n, |n| format!(r#"{{"key":"k{n}","value":"v"}}"#))
                    ),
                ),
                "null",
                "{}",
            )
        },
    },
    Shape {
        name: "terms of node affinity",
        of: affinities,
    },
    Shape {
        name: "ephemeral containers, half of them new",
        of: ephemeral,
    },
    Shape {
        name: "two templates that are the same",
        of: |n| unchanged(n, false),
    },
    Shape {
        name: "two templates, their keys in another order",
        of: |n| unchanged(n, true),
    },
    Shape {
        name: "an object of a kind that nobody knows",
        of: |n| {
            let template = format!(
                r#"{{"spec":{{"template":{{"metadata":{{"labels":{{{ECI}}}}},"spec":{{{}}}}}}}}}"#,
                containers(n, |_| PRIVILEGED.into())
            );
            asked("CREATE", "example.com", "Game", "", &template, "null", "{}")
        },
    },
    Shape {
        name: "a wrong type at the very end",
        of: |n| {
            pod(&format!(
                r#"{},"hostPID":1"#,
                containers(n, |_| PRIVILEGED.into())
            ))
        },
    },
    Shape {
        name: "no JSON at the very end",
        of: |n| pod(&format!(r#"{},"#, containers(n, |_| "{}".into()))),
    },
    Shape {
        name: "a pod that is not ECI's",
        of: |n| {
            request(
                &object("", "", &containers(n, |_| PRIVILEGED.into())),
                "null",
                "{}",
            )
        },
    },
];

/// The label that puts a pod on ECI.
const ECI: &str = r#""alibabacloud.com/eci":"true""#;
const PRIVILEGED: &str = r#"{"privileged":true}"#;
const MISSPELT: &str = r#"{"capabilities":{"add":["cap_net_admin"]}}"#;
const IGNORED: &str = r#"{"allowPrivilegeEscalation":true,"seccompProfile":{"type":"Unconfined"},"seLinuxOptions":{},"appArmorProfile":{},"windowsOptions":{}}"#;
/// The settings under which a sysctl is moved to where it is approved.
const MOVING: &str =
    r#"{"actions":{"sysctl-unsupported":"fix"},"approved":{"hostSysctls":["vm.*"]}}"#;

fn list(count: usize, item: impl Fn(usize) -> String) -> String {
    (0..count).map(item).collect::<Vec<_>>().join(",")
}

fn keys(count: usize, prefix: &str) -> String {
    list(count, |index| format!(r#""{prefix}{index}":"x""#))
}

/// A Pod with these labels, annotations and fields of its specification.
fn object(labels: &str, annotations: &str, spec: &str) -> String {
    let mut object = String::with_capacity(spec.len() + annotations.len() + 200);
    // A `String` takes whatever is written.
    let _ = write!(
        object,
        r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"web","labels":{{{labels}}},"annotations":{{{annotations}}}}},"spec":{{{spec}}}}}"#
    );
    object
}

fn pod(spec: &str) -> String {
    request(&object(ECI, "", spec), "null", "{}")
}

/// A pod with this text in the annotation of host sysctls.
fn annotated(text: &str) -> String {
    request(
        &object(
            ECI,
            &format!(r#""k8s.aliyun.com/eci-host-sysctls":"{text}""#),
            "",
        ),
        "null",
        "{}",
    )
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

fn asked(
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

fn containers(count: usize, context: impl Fn(usize) -> String) -> String {
    let one = |index| {
        format!(
            r#"{{"name":"c{index}","image":"registry.example/shop/web:1.2.3","resources":{{"limits":{{"cpu":"1"}}}},"securityContext":{}}}"#,
            context(index)
        )
    };
    format!(r#""containers":[{}]"#, list(count, one))
}

/// A security context with a hundred capabilities in a list.
fn hundred(list_name: &str, name: &str) -> String {
    format!(
        r#"{{"capabilities":{{"{list_name}":[{}]}}}}"#,
        list(100, |_| format!(r#""{name}""#))
    )
}

/// Containers that the pod's group and its user other than root do not reach.
fn lacking(count: usize) -> String {
    let containers = containers(count, |_| "{}".into());
    format!(r#""securityContext":{{"runAsGroup":3000,"runAsNonRoot":true}},{containers}"#)
}

/// A privileged container, whatever it is called: no exemption is for it.
fn foreign(_: usize) -> String {
    PRIVILEGED.into()
}

/// A hundred exemptions from the registry of the payloads' images; the last matches nearly.
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

/// The text of an annotation, as a JSON string holds it.
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
    let affinity = format!(
        r#""hostNetwork":true,"affinity":{{"nodeAffinity":{{"requiredDuringSchedulingIgnoredDuringExecution":{{"nodeSelectorTerms":[{required}]}},"preferredDuringSchedulingIgnoredDuringExecution":[{preferred}]}}}}"#
    );
    request(&object("", "", &affinity), "null", "{}")
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
    let spec = containers(count, |_| PRIVILEGED.into());
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
