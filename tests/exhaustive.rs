//! Complete tests against tables that are written by hand from the specification: every combination of the identity
//! fields, every capability in every spelling, and every sysctl of a namespace.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

use std::collections::BTreeSet;

use eci_manifest::{RequestOptions, admission_request};
use eci_security_context::review::Judged;
use eci_security_context::{Verdict, mutate, validate};
use serde_json::{Value, json};

const PROFILES: [&str; 2] = ["2024-02-26", "2026-04-01"];

/// A pod on ECI with this specification.
fn pod(spec: Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "labels": {"alibabacloud.com/eci": "true"}},
        "spec": spec,
    })
}

fn payload(object: &Value, settings: &Value) -> Vec<u8> {
    let request = admission_request(object, &RequestOptions::default());
    json!({"request": request, "settings": settings})
        .to_string()
        .into_bytes()
}

/// The findings of a verdict as `action rule path`.
fn found(verdict: &Verdict) -> BTreeSet<String> {
    let line = |Judged { finding, decision }: &Judged| {
        format!(
            "{} {} {}",
            decision.action.as_str(),
            finding.rule.id,
            finding.path
        )
    };
    verdict.findings.iter().map(line).collect()
}

/// The values of the identity fields in a security context.
type Context = [&'static str; 3];

const NAMES: [&str; 3] = ["runAsUser", "runAsGroup", "runAsNonRoot"];

/// The tried values of each field. `-` stands for a missing field.
const VALUES: [&[&str]; 3] = [&["-", "0", "1000"], &["-", "3000"], &["-", "true", "false"]];

/// Every context, with its JSON.
fn contexts() -> Vec<(Context, String)> {
    let mut all = Vec::new();
    for user in VALUES[0] {
        for group in VALUES[1] {
            all.extend(VALUES[2].iter().map(|non_root| [*user, *group, *non_root]));
        }
    }
    all.into_iter()
        .map(|context| (context, json_of(&context)))
        .collect()
}

fn json_of(context: &Context) -> String {
    let fields = NAMES
        .iter()
        .zip(context)
        .filter(|(_, value)| **value != "-");
    let fields: Vec<_> = fields
        .map(|(name, value)| format!("\"{name}\":{value}"))
        .collect();
    format!("{{{}}}", fields.join(","))
}

/// The object with the pod's fields copied into its containers, or `None` without copies.
fn with_copies(object: &str, copies: &[[&str; 2]]) -> Option<Value> {
    let mut object: Value = serde_json::from_str(object)
        .ok()
        .filter(|_| !copies.is_empty())?;
    for [field, container] in copies {
        let list = if *container == "init" {
            "initContainers"
        } else {
            "containers"
        };
        object["spec"][list][0]["securityContext"][*field] =
            object["spec"]["securityContext"][*field].clone();
    }
    Some(object)
}

/// Section 5, run-as-root-conflict: effective `runAsNonRoot: true` with effective `runAsUser: 0`. A container's value
/// wins over the pod's. Each row has `runAsUser` of the pod and of the container. Each column has `runAsNonRoot` of the
/// pod and of the container (`t` true, `f` false).
const ROOT_CONFLICT: &str = "
                 -/-  -/t  -/f  t/-  t/t  t/f  f/-  f/t  f/f
    -    / -      .    .    .    .    .    .    .    .    .
    -    / 0      .    x    .    x    x    .    .    x    .
    -    / 1000   .    .    .    .    .    .    .    .    .
    0    / -      .    x    .    x    x    .    .    x    .
    0    / 0      .    x    .    x    x    .    .    x    .
    0    / 1000   .    .    .    .    .    .    .    .    .
    1000 / -      .    .    .    .    .    .    .    .    .
    1000 / 0      .    x    .    x    x    .    .    x    .
    1000 / 1000   .    .    .    .    .    .    .    .    .
";

/// Section 5, pod-identity and init-container-identity. By section 2, ECI reads `runAsUser` of a pod and all three fields
/// of a container. Of an init container it reads all three in 2024, and only `runAsUser` in 2026.
///
/// Each row has the values of the pod, the container and the init container. The next two columns name the containers that
/// the pod's value is copied into in 2024 and in 2026. The last one marks a value of the init container without effect in
/// 2026. A row of `runAsNonRoot` holds only if no effective `runAsUser` other than 0 ensures it.
const LOST: &str = "
    field         pod    container  init     2024            2026       no effect
    runAsGroup    -      -          -        .               .          .
    runAsGroup    -      -          3000     .               .          x
    runAsGroup    -      3000       -        .               .          .
    runAsGroup    -      3000       3000     .               .          x
    runAsGroup    3000   -          -        container,init  container  x
    runAsGroup    3000   -          3000     container       container  x
    runAsGroup    3000   3000       -        init            .          x
    runAsGroup    3000   3000       3000     .               .          x
    runAsNonRoot  -      -          -        .               .          .
    runAsNonRoot  -      -          true     .               .          x
    runAsNonRoot  -      -          false    .               .          .
    runAsNonRoot  -      true       -        .               .          .
    runAsNonRoot  -      true       true     .               .          x
    runAsNonRoot  -      true       false    .               .          .
    runAsNonRoot  -      false      -        .               .          .
    runAsNonRoot  -      false      true     .               .          x
    runAsNonRoot  -      false      false    .               .          .
    runAsNonRoot  true   -          -        container,init  container  x
    runAsNonRoot  true   -          true     container       container  x
    runAsNonRoot  true   -          false    container       container  .
    runAsNonRoot  true   true       -        init            .          x
    runAsNonRoot  true   true       true     .               .          x
    runAsNonRoot  true   true       false    .               .          .
    runAsNonRoot  true   false      -        init            .          x
    runAsNonRoot  true   false      true     .               .          x
    runAsNonRoot  true   false      false    .               .          .
    runAsNonRoot  false  -          -        .               .          .
    runAsNonRoot  false  -          true     .               .          x
    runAsNonRoot  false  -          false    .               .          .
    runAsNonRoot  false  true       -        .               .          .
    runAsNonRoot  false  true       true     .               .          x
    runAsNonRoot  false  true       false    .               .          .
    runAsNonRoot  false  false      -        .               .          .
    runAsNonRoot  false  false      true     .               .          x
    runAsNonRoot  false  false      false    .               .          .
";

/// The rows of a table. The first one is the heading.
type Rows = Vec<Vec<&'static str>>;

fn rows(table: &'static str) -> Rows {
    table
        .lines()
        .map(|line| line.split_whitespace().collect())
        .filter(|row: &Vec<_>| !row.is_empty())
        .collect()
}

fn conflicts(table: &Rows, pod: &Context, own: &Context) -> bool {
    let short = |value: &str| value.chars().next().unwrap().to_string();
    let column = format!("{}/{}", short(pod[2]), short(own[2]));
    let column = table[0].iter().position(|name| *name == column).unwrap();
    let row = table
        .iter()
        .find(|row| row[..3] == [pod[0], "/", own[0]])
        .unwrap();
    row[3 + column] == "x"
}

/// The expected findings for a pod, and the copies of the pod's fields into its containers.
fn expected(
    [root_conflict, lost]: &[Rows; 2],
    profile: usize,
    [pod, main, init]: [&Context; 3],
) -> (BTreeSet<String>, Vec<[&'static str; 2]>) {
    let (mut findings, mut copies) = (BTreeSet::new(), Vec::new());
    for (list, own) in [("containers", main), ("initContainers", init)] {
        if conflicts(root_conflict, pod, own) {
            findings.insert(format!(
                "deny run-as-root-conflict spec.{list}[0].securityContext"
            ));
        }
    }
    for field in [1, 2] {
        let name = NAMES[field];
        let row = lost
            .iter()
            .find(|row| row[..4] == [name, pod[field], main[field], init[field]])
            .unwrap();
        let ensured = |own: &Context| {
            let user = if own[0] == "-" { pod[0] } else { own[0] };
            name == "runAsNonRoot" && !["-", "0"].contains(&user)
        };
        let own = |container: &str| if container == "init" { init } else { main };
        let copied: Vec<_> = row[4 + profile]
            .split(',')
            .filter(|container| *container != "." && !ensured(own(container)))
            .collect();
        if !copied.is_empty() {
            findings.insert(format!("fix pod-identity spec.securityContext.{name}"));
            copies.extend(copied.into_iter().map(|container| [name, container]));
        }
        if row[6] == "x" && profile == 1 && !ensured(init) {
            findings.insert(format!(
                "warn init-container-identity spec.initContainers[0].securityContext.{name}"
            ));
        }
    }
    (findings, copies)
}

#[test]
fn every_combination_of_the_identity_fields() {
    let tables = [rows(ROOT_CONFLICT), rows(LOST)];
    let contexts = contexts();
    let mut tried = 0;
    for (profile, name) in PROFILES.iter().enumerate() {
        for (pod, pod_text) in &contexts {
            for (main, main_text) in &contexts {
                for (init, init_text) in &contexts {
                    // Text is faster than a tree for each object.
                    let object = format!(
                        r#"{{"metadata":{{"labels":{{"eci":"true"}}}},"spec":{{"securityContext":{pod_text},
                        "initContainers":[{{"name":"init","securityContext":{init_text}}}],
                        "containers":[{{"name":"container","securityContext":{main_text}}}]}}}}"#
                    );
                    let payload = format!(
                        r#"{{"request":{{"operation":"CREATE","kind":{{"kind":"Pod"}},"object":{object}}},
                        "settings":{{"profile":"{name}"}}}}"#
                    );
                    let (findings, copies) = expected(&tables, profile, [pod, main, init]);
                    let verdict = mutate(payload.as_bytes(), None);
                    let at = || format!("{name}: pod {pod:?} container {main:?} init {init:?}");
                    assert_eq!(found(&verdict), findings, "{}", at());
                    let is_denied = findings.iter().any(|found| found.starts_with("deny "));
                    assert_eq!(verdict.accepted, !is_denied, "{}", at());
                    let repaired = verdict
                        .repaired()
                        .map(|text| serde_json::from_str(text).unwrap());
                    assert_eq!(repaired, with_copies(&object, &copies), "{}", at());
                    tried += 1;
                }
            }
        }
    }
    assert_eq!(tried, 2 * 18 * 18 * 18);
}

/// The capabilities of Linux, by capabilities(7). ECI's pages list those with `+` as granted.
const CAPABILITIES: &str = "
    +AUDIT_WRITE  +CHOWN  +DAC_OVERRIDE  +FOWNER  +FSETID  +KILL  +MKNOD  +NET_ADMIN  +NET_BIND_SERVICE
    +NET_RAW  +SETFCAP  +SETGID  +SETPCAP  +SETUID  +SYS_CHROOT  +SYS_PTRACE
    AUDIT_CONTROL  AUDIT_READ  BLOCK_SUSPEND  BPF  CHECKPOINT_RESTORE  DAC_READ_SEARCH  IPC_LOCK  IPC_OWNER
    LEASE  LINUX_IMMUTABLE  MAC_ADMIN  MAC_OVERRIDE  NET_BROADCAST  PERFMON  SYS_ADMIN  SYS_BOOT  SYS_MODULE
    SYS_NICE  SYS_PACCT  SYS_RAWIO  SYS_RESOURCE  SYS_TIME  SYS_TTY_CONFIG  SYSLOG  WAKE_ALARM
";

/// A spelling of a capability.
#[derive(Clone, Copy, PartialEq)]
enum Spelling {
    /// The spelling of Kubernetes.
    Right,
    /// Another spelling of the same name, with `CAP_` or lower case letters.
    Other,
    /// Another name.
    Wrong,
}

use Spelling::{Other, Right, Wrong};

type Spell = fn(&str) -> String;

const SPELLINGS: [(Spelling, Spell); 12] = [
    (Right, str::to_owned),
    (Other, str::to_lowercase),
    (Other, |name| {
        name[..1].to_owned() + &name[1..].to_lowercase()
    }),
    (Other, |name| format!("CAP_{name}")),
    (Other, |name| format!("cap_{}", name.to_lowercase())),
    (Other, |name| format!("Cap_{name}")),
    (Wrong, |name| format!("CAP_CAP_{name}")),
    (Wrong, |name| format!("CAP{name}")),
    (Wrong, |name| format!("{name} ")),
    (Wrong, |name| format!(" {name}")),
    (Wrong, |name| format!("{name}S")),
    (Wrong, |name| name[..1].to_owned()),
];

/// Section 5: the finding for a name in `add` or `drop`.
fn of_capability(list: &str, spelling: Spelling, is_granted: bool) -> Option<&'static str> {
    match (list, spelling, is_granted) {
        ("add", Right, true) => None,
        ("add", Other, true) => Some("fix capability-name"),
        ("add", ..) => Some("deny capability-unsupported"),
        ("drop", Other, _) => Some("fix capability-name"),
        _ => None,
    }
}

#[test]
fn every_capability_in_every_spelling() {
    let mut tried = 0;
    let names = CAPABILITIES.split_whitespace().map(|name| {
        let granted = name.strip_prefix('+');
        (granted.unwrap_or(name), granted.is_some())
    });
    for (name, is_granted) in names.chain([("ALL", false)]) {
        for (profile, approves) in [(0, false), (0, true), (1, false), (1, true)] {
            // Only the later profile has approvals, and ALL cannot be approved.
            let settings = match approves && name != "ALL" {
                true => json!({"profile": PROFILES[profile], "approved": {"capabilities": [name]}}),
                false => json!({"profile": PROFILES[profile]}),
            };
            let is_granted = is_granted || approves && profile == 1 && name != "ALL";
            for (spelling, spell) in SPELLINGS {
                for list in ["add", "drop"] {
                    let written = spell(name);
                    let context = json!({"capabilities": {list: [written]}});
                    let object =
                        pod(json!({"containers": [{"name": "web", "securityContext": context}]}));
                    let path = format!("spec.containers[0].securityContext.capabilities.{list}[0]");
                    let expected = of_capability(list, spelling, is_granted)
                        .map(|finding| format!("{finding} {path}"));
                    let verdict = validate(&payload(&object, &settings), None);
                    let at = format!("{settings}: {list}: {written:?}");
                    assert_eq!(found(&verdict), expected.into_iter().collect(), "{at}");
                    if let Some(repaired) = verdict.repaired() {
                        let repaired: Value = serde_json::from_str(repaired).unwrap();
                        let pointer =
                            format!("/spec/containers/0/securityContext/capabilities/{list}/0");
                        assert_eq!(repaired.pointer(&pointer), Some(&json!(name)), "{at}");
                    }
                    tried += 1;
                }
            }
        }
    }
    assert_eq!(tried, 42 * 4 * 12 * 2);
}

/// The sysctls of namespaces. Each line has the name, and whether each profile accepts it.
static SYSCTLS: &str = include_str!("data/namespaced_sysctls.txt");

#[test]
fn every_sysctl_of_a_namespace() {
    let lines = SYSCTLS
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut names = BTreeSet::new();
    for line in lines {
        let [of_2024, of_2026, name] = line.split_whitespace().collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        assert!(names.insert(name), "duplicate {name}");
        for (profile, accepts) in PROFILES.iter().zip([of_2024, of_2026]) {
            for (written, value) in [(name.to_owned(), "1"), (name.replace('.', "/"), "1")] {
                let sysctls = json!([{"name": written, "value": value}]);
                let object = pod(
                    json!({"securityContext": {"sysctls": sysctls}, "containers": [{"name": "web"}]}),
                );
                let verdict = validate(&payload(&object, &json!({"profile": profile})), None);
                let of_rule: Vec<_> = found(&verdict)
                    .into_iter()
                    .filter(|line| !line.contains(" sysctl-value "))
                    .collect();
                let expected: &[&str] = match accepts {
                    "yes" => &[],
                    "no" => &["deny sysctl-unsupported spec.securityContext.sysctls[0]"],
                    other => panic!("{line}: {other}"),
                };
                assert_eq!(of_rule, expected, "{profile}: {written}");
            }
        }
    }
    assert!(names.len() > 400, "{} sysctls", names.len());
}
