//! The files that repeat the catalogue, the settings or the version equal what is generated from them.
//! `make bless` writes them anew.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use eci_security_context::eci::profile::PROFILES;
use eci_security_context::policy::settings::LATEST;
use eci_security_context::rules::RULES;
use eci_security_context::rules::rule::{Action, Rule};
use serde_json::Value;

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn root(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

fn text(file: &str) -> String {
    std::fs::read_to_string(root(file)).unwrap_or_default()
}

fn yaml(file: &str) -> Value {
    let text = text(file);
    let mut documents = eci_manifest::documents(&text).unwrap();
    assert_eq!(documents.len(), 1, "{file} is one document");
    documents.remove(0).value()
}

fn held(file: &str, generated: &str) {
    if std::env::var_os("ECI_BLESS").is_some() {
        std::fs::write(root(file), generated).unwrap();
    } else {
        let there = text(file);
        let line = there
            .lines()
            .zip(generated.lines())
            .take_while(|(one, other)| one == other)
            .count()
            + 1;
        assert!(
            there == generated,
            "{file} is not what is generated, from line {line} on: run `make bless`"
        );
    }
}

/// The part of `file` between two markers, replaced.
fn between(file: &str, name: &str, generated: &str) -> String {
    let there = text(file);
    let (begin, end) = (
        format!("<!-- begin {name} -->\n"),
        format!("<!-- end {name} -->"),
    );
    let (before, rest) = there
        .split_once(&begin)
        .unwrap_or_else(|| panic!("{file} has no {begin}"));
    let (_, after) = rest
        .split_once(&end)
        .unwrap_or_else(|| panic!("{file} has no {end}"));
    format!("{before}{begin}{generated}{end}{after}")
}

fn default_action(rule: &Rule) -> &'static str {
    rule.action.as_str()
}

#[test]
fn the_rule_table_of_the_readme() {
    let mut table =
        String::from("| rule | finds | effect | default | fix |\n|---|---|---|---|---|\n");
    for rule in RULES {
        let Rule {
            id,
            summary,
            effect,
            ..
        } = rule;
        let (effect, action) = (effect.as_str(), default_action(rule));
        let fix = rule.fix_summary().unwrap_or_else(|| "–".to_owned());
        writeln!(
            table,
            "| [`{id}`](docs/rules.md#{id}) | {summary} | {effect} | {action} | {fix} |"
        )
        .unwrap();
    }
    held("README.md", &between("README.md", "rules", &table));
}

/// The two policies that everything in deploy/ is made of.
const TWINS: [&str; 2] = [
    "deploy/virtual-nodes/mutating.yaml",
    "deploy/virtual-nodes/validating.yaml",
];

#[test]
fn the_manifests_of_the_readme() {
    for file in TWINS {
        let block = format!("```yaml\n{}```\n", text(file));
        // One after the other: both stand in the same file.
        held("README.md", &between("README.md", file, &block));
        let policy = yaml(file);
        let known = yaml("metadata.yml")["rules"].as_array().unwrap().clone();
        let asked = policy["spec"]["rules"].as_array().unwrap();
        assert!(
            asked.iter().all(|rule| known.contains(rule)),
            "{file} asks for what metadata.yml does not say"
        );
        let only_pods = policy["spec"]["settings"]["mutate"] == "none";
        assert_eq!(
            asked.len(),
            if only_pods { 2 } else { known.len() },
            "{file}"
        );
    }
}

/// Helm reads nothing outside of a chart's folder.
#[test]
fn the_files_of_the_chart() {
    let server = ["policy-server", "service-account"]
        .map(|name| format!("deploy/components/policy-server/{name}.yaml"));
    for file in TWINS.map(str::to_owned).into_iter().chain(server) {
        let (_, name) = file.rsplit_once('/').unwrap();
        held(&format!("deploy/chart/files/{name}"), &text(&file));
    }
}

#[test]
fn the_schema_of_the_values_of_the_chart() {
    let closed = |description: &str, properties: Value| {
        serde_json::json!({
            "type": "object",
            "description": description,
            "additionalProperties": false,
            "properties": properties,
        })
    };
    // What is checked here is what a user gets wrong; the API server checks the rest.
    let of = |kind: &str, description: &str| serde_json::json!({"type": kind, "description": description});
    let choice = |description: &str, values: &[&str]| serde_json::json!({"enum": values, "description": description});
    let enabled = |what: &str| {
        closed(
            what,
            serde_json::json!({"enabled": of("boolean", "Whether it is installed.")}),
        )
    };
    // `--set …=true` makes no label: `--set-string` does.
    let labels = |description: &str| {
        serde_json::json!({
            "type": "object",
            "description": description,
            "additionalProperties": {"type": "string"},
        })
    };
    let selector = |description: &str, match_labels: &str| {
        closed(
            description,
            serde_json::json!({
                "matchExpressions": of("array", "Conditions on labels."),
                "matchLabels": labels(match_labels),
            }),
        )
    };
    // The bounds of Kubewarden's definitions.
    let seconds = |description: &str| serde_json::json!({"type": "integer", "minimum": 2, "maximum": 30, "description": description});
    let mut settings = eci_security_context::policy::schema::schema();
    settings
        .as_object_mut()
        .unwrap()
        .retain(|key, _| !key.starts_with('$'));
    let mut schema = closed(
        "The values of the chart eci-security-context.",
        serde_json::json!({
            "settings": settings,
            "spec": closed("Fields of the spec of both policies.", serde_json::json!({
                "backgroundAudit": of("boolean", "Whether the audit scanner asks the policies."),
                "failurePolicy": choice("What happens to a request while the policy-server is away.", &["Fail", "Ignore"]),
                "matchConditions": serde_json::json!({
                    "type": "array",
                    "description": "Conditions in CEL under which the policies are asked.",
                    "items": closed("A condition.", serde_json::json!({
                        "name": of("string", "Its name."),
                        "expression": of("string", "The condition, in CEL."),
                    })),
                }),
                "matchPolicy": choice("Whether equivalent requests count.", &["Equivalent", "Exact"]),
                "message": of("string", "What a denied request is told in place of the findings, which become its causes."),
                "mode": choice("Whether the policies decide, or are watched only.", &["protect", "monitor"]),
                "module": of("string", "The module of a registry's mirror."),
                "namespaceSelector": selector(
                    "The labels of the Namespaces whose pods are judged; in place of the condition that leaves out kube-system.",
                    "Refused: Kubewarden's controller drops them. Set matchExpressions, or namespacesLabelled.",
                ),
                "objectSelector": selector(
                    "The labels of the objects that are judged; of a workload its own ones.",
                    "Labels and their values.",
                ),
                "policyServer": of("string", "The policy-server that runs the policies."),
                "timeoutEvalSeconds": seconds("What one evaluation may take."),
                "timeoutSeconds": seconds("What the API server waits for an answer."),
            })),
            "namespacesLabelled": labels("The labels that a Namespace needs for its pods to be judged, all of them."),
            "mutating": enabled("The policy that repairs."),
            "validating": enabled("Its twin that judges the final object."),
            "policyServer": closed("A policy-server for these policies alone.", serde_json::json!({
                "enabled": of("boolean", "Whether it is installed, and the policies run there."),
                "namespace": serde_json::json!({
                    "type": "string",
                    "minLength": 1,
                    "description": "The Namespace of Kubewarden's controller.",
                }),
                "spec": closed("Fields of its spec.", serde_json::json!({
                    "affinity": of("object", "Where its pods run."),
                    "annotations": of("object", "Annotations of its pods."),
                    "env": of("array", "Variables of its environment, beside those in files/."),
                    "image": of("string", "Its image."),
                    "imagePullSecret": of("string", "The Secret for the modules' registry."),
                    "insecureSources": of("array", "Registries without TLS."),
                    "limits": of("object", "Limits of resources."),
                    "minAvailable": serde_json::json!({
                        "type": ["integer", "string"],
                        "description": "How many replicas a drain leaves, as a number or in per cent.",
                    }),
                    "priorityClassName": of("string", "The priority class of its pods."),
                    "replicas": serde_json::json!({
                        "type": "integer",
                        "minimum": 0,
                        "description": "How many of it there are.",
                    }),
                    "requests": of("object", "Requests of resources."),
                    "securityContexts": of("object", "The security contexts of its pods and containers."),
                    "serviceAccountName": of("string", "The ServiceAccount that asks for Namespaces; with one of yours, none is made."),
                    "sigstoreTrustConfig": of("string", "The ConfigMap of a Sigstore instance."),
                    "sourceAuthorities": of("object", "Certificates of registries."),
                    "tolerations": of("array", "Taints that its pods tolerate."),
                    "verificationConfig": of("string", "The ConfigMap that says whose signature a module needs."),
                })),
            })),
            "global": of("object", "Helm's, of charts that hold this one."),
        }),
    );
    // Helm 3 knows no later one.
    schema["$schema"] = "http://json-schema.org/draft-07/schema#".into();
    held("deploy/chart/values.schema.json", &format!("{schema:#}\n"));
}

#[test]
fn the_documentation_of_the_rules() {
    let mut page = String::from(
        "# Rules\n\n<!-- Generated from src/rules by `make bless`. -->\n\n\
         What each rule finds, why, and the way out. Every manifest here is executed by a test: the first of a rule is\n\
         found by it, the second is not.\n\n\
         An *effect* is what ECI does with such a pod: **refused**, it or the API server or the runtime refuses it, or a\n\
         container never starts; **lost**, ECI does not read the field where it stands; **overridden**, ECI replaces the\n\
         value; **ignored**, the field has no effect.\n",
    );
    for rule in RULES {
        let Rule {
            id,
            summary,
            effect,
            since,
            docs,
            ..
        } = rule;
        let (effect, action) = (effect.as_str(), default_action(rule));
        let fix = rule.fix_summary().unwrap_or_else(|| "none".to_owned());
        let docs = docs
            .replace("```yaml bad\n", "Found:\n\n```yaml\n")
            .replace("```yaml good\n", "Not found:\n\n```yaml\n");
        write!(
            page,
            "\n## {id}\n\n{summary}.\n\n*Effect: {effect}. Default: {action}. Fix: {fix}. Since {since}.*\n\n{}\n",
            docs.trim_end()
        )
        .unwrap();
    }
    held("docs/rules.md", &page);
}

#[test]
fn the_schema_of_the_settings() {
    held(
        "settings.schema.json",
        &format!("{:#}\n", eci_security_context::policy::schema::schema()),
    );
}

#[test]
fn the_commands_that_install() {
    let oci = |file: &str| {
        let metadata = yaml(file);
        let annotation = |key: &str| metadata["annotations"][key].as_str().unwrap().to_owned();
        let (url, version) = (
            annotation("io.kubewarden.policy.ociUrl"),
            annotation("io.kubewarden.policy.version"),
        );
        format!("registry://{url}:v{version}")
    };
    let repository = env!("CARGO_PKG_REPOSITORY");
    let commands = format!(
        "| engine | |\n|---|---|\n\
         | Kubewarden | [deploy/](../deploy), with `module: {}` |\n\
         | Kubewarden, in Gatekeeper's mode | a ClusterAdmissionPolicy with `module: {}` and `mutating: false` |\n\
         | OPA Wasm hosts | `make policy.opa.wasm`, or [the releases]({repository}/releases) |\n\
         | JavaScript | `npm install eci-security-context@{VERSION}` |\n\
         | command | [an archive for each machine](command.md#install-it), or `cargo install --locked --git {repository} --tag v{VERSION} eci-policy` |\n",
        oci("metadata.yml"),
        oci("guests/opa/metadata.yml"),
    );
    held(
        "docs/engines.md",
        &between("docs/engines.md", "install", &commands),
    );
}

#[test]
fn the_dependencies_of_the_policy() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let tree = std::process::Command::new(cargo)
        .args([
            "tree",
            "--locked",
            "-p",
            env!("CARGO_PKG_NAME"),
            "--no-default-features",
        ])
        .args([
            "--features",
            "kubewarden",
            "--target",
            "wasm32-wasip1",
            "-e",
            "normal,no-proc-macro",
        ])
        .args(["--prefix", "none", "--format", "{p}"])
        .current_dir(root(""))
        .output()
        .unwrap();
    assert!(
        tree.status.success(),
        "{}",
        String::from_utf8_lossy(&tree.stderr)
    );
    let tree = String::from_utf8(tree.stdout).unwrap();
    let resolved: BTreeSet<_> = tree
        .lines()
        .skip(1)
        .filter_map(|line| line.split(' ').next())
        .filter(|name| !name.is_empty())
        .collect();
    let page = text("docs/dependencies.md");
    let (_, list) = page.split_once("<!-- begin list -->").unwrap();
    let (list, _) = list.split_once("<!-- end list -->").unwrap();
    let told: BTreeSet<_> = list.split('`').skip(1).step_by(2).collect();
    let missing: Vec<_> = resolved.difference(&told).collect();
    let gone: Vec<_> = told.difference(&resolved).collect();
    assert!(
        missing.is_empty() && gone.is_empty(),
        "docs/dependencies.md does not tell {missing:?}, and tells {gone:?}: mend it, and say why each is needed"
    );
}

/// A question of Rancher's form.
fn question(variable: &str, kind: &str, label: &str, rest: &str) -> String {
    format!(
        "  - variable: {variable}\n    type: {kind}\n    group: Settings\n    label: {label}\n{rest}"
    )
}

fn options<'o>(options: impl IntoIterator<Item = &'o str>) -> String {
    let items: String = options
        .into_iter()
        .map(|option| format!("      - \"{option}\"\n"))
        .collect();
    format!("    options:\n{items}")
}

#[test]
fn the_form_of_rancher() {
    let profiles = PROFILES.iter().map(|profile| profile.name).chain([LATEST]);
    let mut form = String::from("# Generated by `make bless`.\nquestions:\n");
    form += "  - default: null\n    description: >-\n      Judges the security context of pods that run on Alibaba Cloud's Elastic Container Instance, and\n      repairs what can be repaired. An action left empty is the default of its rule.\n";
    form += "    group: Settings\n    hide_input: true\n    label: Description\n    required: false\n    type: string\n    variable: description\n";
    form += &question(
        "profile",
        "enum",
        "Revision of ECI's rules",
        &format!("    default: {LATEST}\n{}", options(profiles)),
    );
    form += &question(
        "mutate",
        "enum",
        "Objects that may be repaired",
        &format!("    default: pods\n{}", options(["none", "pods", "all"])),
    );
    form += &question(
        "scope.assumeEci",
        "boolean",
        "Every pod runs on ECI",
        "    default: false\n",
    );
    form += &question(
        "scope.possible",
        "enum",
        "Pods that may run on ECI",
        &format!(
            "    default: warn\n{}",
            options(["warn", "enforce", "ignore"])
        ),
    );
    form += &question(
        "scope.namespaceLabels",
        "boolean",
        "Labels of the Namespace count",
        "    default: false\n",
    );
    form += &question(
        "approved.privileged",
        "boolean",
        "Privileged mode is approved",
        "    default: false\n",
    );
    form += &question(
        "approved.capabilities",
        "array[",
        "Approved capabilities",
        "    default: []\n",
    );
    form += &question(
        "approved.hostSysctls",
        "array[",
        "Approved host sysctls",
        "    default: []\n",
    );
    form += &question(
        "exempt",
        "sequence[",
        "Exempt containers",
        "    default: []\n    sequence_questions:\n      - variable: image\n        type: string\n        group: Settings\n        label: Image, a glob\n        required: true\n      - variable: container\n        type: string\n        group: Settings\n        label: Container name, a glob\n        required: false\n",
    );
    for rule in RULES {
        let actions = Action::ALL
            .into_iter()
            .filter(|action| rule.fix.is_available() || *action != Action::Fix);
        let summary = rule.summary.replace('`', "");
        form += &question(
            &format!("actions.{}", rule.id),
            "enum",
            &format!("Action of {}", rule.id),
            &format!(
                "    tooltip: \"{summary}; by default: {}\"\n    required: false\n{}",
                default_action(rule),
                options(actions.map(Action::as_str))
            ),
        );
    }
    held("questions-ui.yml", &form);
}

/// The text as the literal block of a YAML key.
fn block(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}

#[test]
fn the_package_of_artifact_hub() {
    let metadata = yaml("metadata.yml");
    let annotation = |key: &str| {
        metadata["annotations"][key]
            .as_str()
            .unwrap_or_else(|| panic!("no {key}"))
            .to_owned()
    };
    let policy = |key: &str| annotation(&format!("io.kubewarden.policy.{key}"));
    let (title, version, oci, source) = (
        policy("title"),
        policy("version"),
        policy("ociUrl"),
        policy("source"),
    );
    let author = policy("author");
    let (name, mail) = author.split_once(" <").unwrap();
    let source_of = |key: &str| -> String {
        let text = text("metadata.yml");
        let lines = text
            .lines()
            .skip_while(|line| *line != format!("{key}:"))
            .skip(1);
        let list = lines
            .take_while(|line| line.starts_with(' '))
            .filter(|line| !line.trim_start().starts_with('#'));
        list.map(|line| format!("{}\n", line.strip_prefix("  ").unwrap()))
            .collect()
    };
    let changelog = text("CHANGELOG.md");
    let (_, heading) = changelog
        .split_once(&format!("\n## [{version}] - "))
        .unwrap();
    let date = heading
        .lines()
        .next()
        .filter(|date| *date != "unreleased")
        .unwrap_or("2026-11-21");
    let keywords: String = annotation("io.artifacthub.keywords")
        .split(", ")
        .map(|word| format!("  - {word}\n"))
        .collect();
    let package = format!(
        "# Generated by `make bless`.\n\
         version: {version}\nname: {title}\ndisplayName: {}\ncreatedAt: \"{date}T00:00:00Z\"\ndescription: {}\n\
         license: {}\nhomeURL: {}\ncontainersImages:\n  - name: policy\n    image: {oci}:v{version}\nkeywords:\n{keywords}\
         links:\n  - name: policy\n    url: {source}/releases/download/v{version}/policy.wasm\n  - name: source\n    url: {source}\n\
         install: |\n  The policy can be obtained with [kwctl](https://docs.kubewarden.io/howtos/install-kwctl):\n  ```console\n  \
         kwctl pull registry://{oci}:v{version}\n  ```\n  The manifests to apply are in its README.\n\
         maintainers:\n  - name: {name}\n    email: {}\nprovider:\n  name: kubewarden\nrecommendations:\n  \
         - url: https://artifacthub.io/packages/helm/kubewarden/kubewarden-controller\nannotations:\n  \
         kubewarden/mutation: \"{}\"\n  kubewarden/resources: {}\n  kubewarden/contextAwareResources: |\n{}  \
         kubewarden/rules: |\n{}  kubewarden/questions-ui: |\n{}",
        annotation("io.artifacthub.displayName"),
        policy("description"),
        policy("license"),
        policy("url"),
        mail.trim_end_matches('>'),
        metadata["mutating"],
        annotation("io.artifacthub.resources"),
        block(&source_of("contextAwareResources")),
        block(&source_of("rules")),
        block(&text("questions-ui.yml")),
    );
    held("artifacthub-pkg.yml", &package);
    let parsed = yaml("artifacthub-pkg.yml");
    // Below a key: a list of objects on its own is read as its items.
    let embedded = |key: &str| {
        let text = format!(
            "embedded:\n{}",
            block(parsed["annotations"][key].as_str().unwrap())
        );
        eci_manifest::documents(&text).unwrap().remove(0).value()["embedded"].take()
    };
    assert_eq!(embedded("kubewarden/rules"), metadata["rules"]);
    assert_eq!(
        embedded("kubewarden/contextAwareResources"),
        metadata["contextAwareResources"]
    );
    assert_eq!(
        embedded("kubewarden/questions-ui"),
        yaml("questions-ui.yml")
    );
}

/// The OPA module is installed as a Gatekeeper policy: it repairs nothing, and cannot ask the host.
#[test]
fn the_metadata_of_the_opa_module() {
    let mut metadata = String::from("# Generated from metadata.yml by `make bless`.\n");
    let mut is_left_out = false;
    for line in text("metadata.yml").lines() {
        if !line.starts_with([' ', '#']) {
            is_left_out = matches!(line, "contextAwareResources:" | "hostCapabilities:");
        }
        let speaks_of_the_next = line.starts_with("# Asked for only under scope.namespaceLabels.");
        if !is_left_out && !speaks_of_the_next {
            metadata += line;
            metadata.push('\n');
        }
    }
    for (there, here) in [
        ("\nmutating: true\n", "\nmutating: false\n"),
        (
            "\nexecutionMode: kubewarden-wapc\n",
            "\nexecutionMode: gatekeeper\n",
        ),
        (
            "displayName: ECI security context\n",
            "displayName: ECI security context (OPA)\n",
        ),
        (
            "title: eci-security-context\n",
            "title: eci-security-context-opa\n",
        ),
        (
            "ociUrl: ghcr.io/eci-security-context/eci-security-context\n",
            "ociUrl: ghcr.io/eci-security-context/eci-security-context-opa\n",
        ),
        (", and repairs what can be repaired\n", "\n"),
    ] {
        assert_eq!(
            metadata.matches(there).count(),
            1,
            "metadata.yml has no {there:?}"
        );
        metadata = metadata.replace(there, here);
    }
    held("guests/opa/metadata.yml", &metadata);
    let (here, there) = (yaml("guests/opa/metadata.yml"), yaml("metadata.yml"));
    assert_eq!(here["rules"], there["rules"]);
    assert!(here.get("contextAwareResources").is_none() && here.get("hostCapabilities").is_none());
}

/// Where else the version of Cargo.toml stands: the file, and what stands before it. What is generated has it of these.
const VERSIONS: [(&str, &str); 20] = [
    ("metadata.yml", "io.kubewarden.policy.version: "),
    ("guests/opa/metadata.yml", "io.kubewarden.policy.version: "),
    (TWINS[0], "/eci-security-context:v"),
    (TWINS[1], "/eci-security-context:v"),
    ("deploy/group/group.yaml", "/eci-security-context:v"),
    ("deploy/chart/Chart.yaml", "\nversion: "),
    ("deploy/chart/Chart.yaml", "\nappVersion: "),
    ("deploy/README.md", "?ref=v"),
    ("deploy/README.md", "/releases/download/v"),
    ("deploy/README.md", "/eci-security-context-chart-"),
    ("docs/releasing.md", "TAG=v"),
    ("docs/releasing.md", "release.yml@refs/tags/v"),
    ("docs/releasing.md", "/eci-security-context:v"),
    ("docs/releasing.md", "gh release download v"),
    ("docs/releasing.md", "npm publish eci-security-context-npm-"),
    ("docs/command.md", "/releases/download/v"),
    ("docs/command.md", "eci-policy-v"),
    ("docs/command.md", "    rev: v"),
    ("docs/command.md", "/eci-security-context@v"),
    ("CHANGELOG.md", "\n## ["),
];

#[test]
fn one_version() {
    for (file, before) in VERSIONS {
        let there = text(file);
        let mut parts = there.split(before);
        let mut here = parts.next().unwrap().to_owned();
        let mut count = 0;
        for part in parts {
            let after = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
            let version = part.strip_suffix(after).unwrap().trim_end_matches('.');
            // Of the changelog, only the newest entry.
            let is_ours = !version.is_empty() && (file != "CHANGELOG.md" || count == 0);
            count += usize::from(is_ours);
            let (old, new) = if is_ours {
                (version, VERSION)
            } else {
                ("", "")
            };
            write!(here, "{before}{new}{}", part.strip_prefix(old).unwrap()).unwrap();
        }
        assert!(count > 0, "{file} has no version after {before:?}");
        // An entry of the changelog is written, and by a person.
        if file == "CHANGELOG.md" {
            assert_eq!(
                here, there,
                "the newest entry of CHANGELOG.md is not of {VERSION}, the version in Cargo.toml"
            );
        } else {
            held(file, &here);
        }
    }
}

#[test]
fn the_metadata_ask_for_every_kind() {
    let metadata = yaml("metadata.yml");
    let asked = |group: &str, resource: &str, operation: &str| {
        metadata["rules"].as_array().unwrap().iter().any(|rule| {
            let holds = |key: &str, item: &str| {
                rule[key]
                    .as_array()
                    .unwrap()
                    .iter()
                    .any(|found| found == item)
            };
            holds("apiGroups", group)
                && holds("resources", resource)
                && holds("operations", operation)
        })
    };
    for (group, resource) in [
        ("", "pods"),
        ("", "podtemplates"),
        ("", "replicationcontrollers"),
        ("apps", "replicasets"),
        ("apps", "deployments"),
        ("apps", "statefulsets"),
        ("apps", "daemonsets"),
        ("batch", "jobs"),
        ("batch", "cronjobs"),
        ("apps.kruise.io", "clonesets"),
        ("argoproj.io", "rollouts"),
        ("serving.knative.dev", "services"),
    ] {
        assert!(asked(group, resource, "CREATE"), "{group}/{resource}");
        assert!(
            resource == "pods" || asked(group, resource, "UPDATE"),
            "{group}/{resource}"
        );
    }
    assert!(asked("", "pods/ephemeralcontainers", "UPDATE"));
    assert_eq!(metadata["mutating"], true);
    assert_eq!(
        metadata["contextAwareResources"],
        serde_json::json!([{"apiVersion": "v1", "kind": "Namespace"}])
    );
}

#[test]
fn the_settings_of_the_readme_are_the_default_ones_but_for_the_samples() {
    let readme = text("README.md");
    let blocks = readme
        .split("```yaml settings\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap());
    let mut count = 0;
    for block in blocks {
        let settings = eci_manifest::documents(block).unwrap().remove(0).value();
        eci_security_context::policy::parse::settings(&settings.to_string(), true).unwrap();
        count += 1;
    }
    assert!(count > 0, "README.md shows no settings");
}

#[test]
fn what_the_readme_shows_is_what_is_said() {
    let readme = text("README.md")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    let judged = |manifest: &str| {
        let object = eci_manifest::documents(manifest).unwrap().remove(0).value();
        let payload =
            serde_json::json!({"request": eci_manifest::request_of(&object), "settings": {}});
        eci_security_context::validate(payload.to_string().as_bytes(), None)
    };
    let denied = judged(
        "{apiVersion: v1, kind: Pod, metadata: {name: proxy, labels: {eci: \"true\"}}, spec: {
            initContainers: [{name: tune, image: busybox, securityContext: {privileged: true}}],
            containers: [{name: proxy, image: nginx}]}}",
    );
    let message = denied.message.unwrap();
    assert!(
        readme.contains(&message),
        "README.md does not show: {message}"
    );
    let repaired = judged(
        "{apiVersion: v1, kind: Pod, metadata: {name: worker, labels: {eci: \"true\"}}, spec: {
            securityContext: {runAsGroup: 3000},
            containers: [{name: worker, image: nginx, securityContext: {capabilities: {add: [CAP_NET_ADMIN]}}}]}}",
    );
    for warning in &repaired.warnings {
        assert!(
            readme.contains(&format!("Warning: {warning}")),
            "README.md does not show: {warning}"
        );
    }
    let object: Value = serde_json::from_str(repaired.mutated_object.unwrap().get()).unwrap();
    let context = object["spec"]["containers"][0]["securityContext"].to_string();
    assert!(
        readme.contains(&context),
        "README.md does not show: {context}"
    );
}
