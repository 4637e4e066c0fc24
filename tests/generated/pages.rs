//! The parts of pages that repeat the catalogue, the manifests or an answer.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use eci_security_context::rules::rule::Rule;

use super::*;

#[test]
fn the_rule_table_of_the_readme() {
    let mut table = "| rule | finds | effect | default | fix |\n|---|---|---|---|---|\n".to_owned();
    for rule in RULES {
        let Rule {
            id,
            summary,
            effect,
            ..
        } = rule;
        let (effect, action) = (effect.as_str(), rule.action.as_str());
        let fix = rule.fix_summary().unwrap_or_else(|| "–".to_owned());
        writeln!(
            table,
            "| [`{id}`](docs/rules.md#{id}) | {summary} | {effect} | {action} | {fix} |"
        )
        .unwrap();
    }
    held("README.md", &between("README.md", "rules", &table));
}

/// The control plane of e2e-tests/cluster and kwctl print what the README shows for these files.
#[test]
fn the_manifests_of_the_readme() {
    for name in ["proxy.yaml", "worker.yaml"] {
        let manifest = text(&format!("e2e-tests/cluster/testdata/{name}"));
        let block = format!("```yaml {name}\n{manifest}```\n");
        held("README.md", &between("README.md", name, &block));
    }
}

#[test]
fn the_rules_of_the_policies() {
    for file in TWINS {
        let policy = yaml(file);
        let known = yaml("metadata.yml")["rules"].as_array().unwrap().clone();
        let asked = policy["spec"]["rules"].as_array().unwrap();
        assert!(
            asked.iter().all(|rule| known.contains(rule)),
            "{file} has a rule that metadata.yml does not have"
        );
        let only_pods = policy["spec"]["settings"]["mutate"] == "none";
        assert_eq!(
            asked.len(),
            if only_pods { 2 } else { known.len() },
            "{file}"
        );
    }
}

#[test]
fn the_documentation_of_the_rules() {
    let mut page = String::from(
        "# Rules\n\n<!-- Generated from src/rules by `make bless`. -->\n\n\
         Each rule has its reason, a manifest that the rule finds, and one that it does not find. A test judges every\n\
         manifest on this page.\n\n\
         The *effect* is the way ECI treats such a pod:\n\n\
         - **refused**: ECI, the API server or the container runtime refuses it, or a container never starts.\n\
         - **lost**: ECI does not read the field at this path.\n\
         - **overridden**: ECI replaces the value.\n\
         - **ignored**: the field has no effect.\n",
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
        let (effect, action) = (effect.as_str(), rule.action.as_str());
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
fn the_commands_that_install() {
    let oci = |file: &str| {
        let annotations = yaml(file)["annotations"].take();
        let url = annotations["io.kubewarden.policy.ociUrl"].as_str();
        format!("registry://{}:v{VERSION}", url.unwrap())
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
    let options = "--locked --no-default-features --features kubewarden --target wasm32-wasip1 \
                   -e normal,no-proc-macro --prefix none --format {p}";
    let tree = std::process::Command::new(cargo)
        .args(["tree", "-p", env!("CARGO_PKG_NAME")])
        .args(options.split_whitespace())
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
    let listed: BTreeSet<_> = list.split('`').skip(1).step_by(2).collect();
    let missing: Vec<_> = resolved.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&resolved).collect();
    assert!(
        missing.is_empty() && gone.is_empty(),
        "docs/dependencies.md: add {missing:?} with the reason for each, and remove {gone:?}"
    );
}

#[test]
fn the_settings_of_the_readme_are_valid() {
    let readme = text("README.md");
    let blocks = readme.split("```yaml settings\n").skip(1);
    let blocks = blocks.map(|block| block.split("```").next().unwrap());
    let situations = parts(&readme, "situations")[1].lines().skip(2);
    let rows = situations.map(|row| row.rsplit('`').nth(1).unwrap());
    let all: Vec<_> = blocks.chain(rows).collect();
    assert!(all.len() > 10, "README.md shows few settings: {all:?}");
    for settings in all {
        let settings = parsed(settings).to_string();
        eci_security_context::policy::parse::settings(&settings, true).unwrap();
    }
}

#[test]
fn the_readme_shows_the_answers_of_the_policy() {
    let readme = text("README.md");
    let readme: Vec<_> = readme.split_whitespace().collect();
    let readme = readme.join(" ");
    let shows = |text: &str| assert!(readme.contains(text), "README.md does not show: {text}");
    let judged = |manifest: &str| {
        let request = eci_manifest::request_of(&parsed(manifest));
        let payload = serde_json::json!({"request": request, "settings": {}});
        eci_security_context::validate(payload.to_string().as_bytes(), None)
    };
    let denied = judged(
        "{apiVersion: v1, kind: Pod, metadata: {name: proxy, labels: {eci: \"true\"}}, spec: {
            initContainers: [{name: tune, image: busybox, securityContext: {privileged: true}}],
            containers: [{name: proxy, image: nginx}]}}",
    );
    shows(&denied.message.unwrap());
    let repaired = judged(
        "{apiVersion: v1, kind: Pod, metadata: {name: worker, labels: {eci: \"true\"}}, spec: {
            securityContext: {runAsGroup: 3000},
            containers: [{name: worker, image: nginx, securityContext: {capabilities: {add: [CAP_NET_ADMIN]}}}]}}",
    );
    for warning in &repaired.warnings {
        shows(&format!("Warning: {warning}"));
    }
    let object: Value = serde_json::from_str(repaired.mutated_object.unwrap().get()).unwrap();
    shows(&object["spec"]["containers"][0]["securityContext"].to_string());
}
