//! The metadata in a module.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

use std::fs;

use serde_json::{Value, json};

mod support;

use support::{Folder, SECTION, module, named, root, sections, with_section};

const METADATA: &str = r#"
rules:
  - apiGroups: [""]
    apiVersions: ["v1"]
    resources: ["pods", "pods/ephemeralcontainers"]
    operations: ["CREATE", "UPDATE"]
  - apiGroups: ["*"]
    apiVersions: ["*"]
    resources: ["*/scale"]
    operations: ["*"]
mutating: true
executionMode: kubewarden-wapc
contextAwareResources:
  - {apiVersion: v1, kind: Service}
  - {apiVersion: apps/v1, kind: Deployment}
hostCapabilities: [oci/verify, kubernetes/get_resource]
minimumKubewardenVersion: "1.35.0"
annotations:
  io.kubewarden.policy.usage: to be replaced
  io.kubewarden.policy.title: a "title"
  a.example/first: "1"
"#;

const LEAST: &str = r#"
rules: [{apiGroups: [""], apiVersions: [v1], resources: [pods], operations: [CREATE]}]
mutating: false
"#;

fn annotate(folder: &Folder, more: &[&str]) -> support::Ran {
    let arguments = [
        "annotate",
        "--metadata",
        "metadata.yml",
        "--output",
        "annotated.wasm",
        "policy.wasm",
    ];
    folder.run(&[&arguments, more].concat())
}

fn folder(metadata: &str, module: &[u8]) -> Folder {
    Folder::with(&[
        ("metadata.yml", metadata.as_bytes()),
        ("policy.wasm", module),
    ])
}

/// The metadata in a module, of which there are one.
fn metadata(module: &[u8]) -> String {
    let sections = sections(module);
    let mut found = sections.into_iter().filter(|(_, name, _)| name == SECTION);
    let (_, _, data) = found.next().unwrap();
    assert_eq!(found.next(), None);
    String::from_utf8(data).unwrap()
}

/// The members in the order of `policy_evaluator::policy_metadata::Metadata`, maps and sets sorted, and what
/// `kwctl annotate` adds of itself: the protocol and the usage.
#[test]
fn the_section_is_what_kwctl_writes_but_for_its_name() {
    let folder = folder(METADATA, &module(&["__guest_call"]));
    folder.write("README.md", "# A policy\n\nof \"ours\" …\n");
    annotate(&folder, &["--readme", "README.md"]).succeeds();
    let expected = concat!(
        r##"{"protocolVersion":"v1","##,
        r##""rules":[{"apiGroups":[""],"apiVersions":["v1"],"resources":["pods","pods/ephemeralcontainers"],"##,
        r##""operations":["CREATE","UPDATE"]},"##,
        r##"{"apiGroups":["*"],"apiVersions":["*"],"resources":["*/scale"],"operations":["*"]}],"##,
        r##""annotations":{"a.example/first":"1","io.kubewarden.policy.title":"a \"title\"","##,
        r##""io.kubewarden.policy.usage":"# A policy\n\nof \"ours\" …\n"},"##,
        r##""mutating":true,"backgroundAudit":true,"executionMode":"kubewarden-wapc","policyType":"kubernetes","##,
        r##""contextAwareResources":[{"apiVersion":"apps/v1","kind":"Deployment"},{"apiVersion":"v1","kind":"Service"}],"##,
        r##""hostCapabilities":["kubernetes/get_resource","oci/verify"],"minimumKubewardenVersion":"1.35.0"}"##,
    );
    assert_eq!(metadata(&folder.read("annotated.wasm")), expected);
}

#[test]
fn what_metadata_leave_out_is_what_kwctl_takes() {
    let folder = folder(LEAST, &module(&["__guest_call"]));
    annotate(&folder, &[]).succeeds();
    let expected = concat!(
        r#"{"protocolVersion":"v1","#,
        r#""rules":[{"apiGroups":[""],"apiVersions":["v1"],"resources":["pods"],"operations":["CREATE"]}],"#,
        r#""annotations":{},"mutating":false,"backgroundAudit":true,"executionMode":"kubewarden-wapc","#,
        r#""policyType":"kubernetes","contextAwareResources":[]}"#,
    );
    assert_eq!(metadata(&folder.read("annotated.wasm")), expected);
}

#[test]
fn every_mode_has_its_protocol() {
    for (mode, export, protocol) in [
        ("kubewarden-wapc", "__guest_call", "v1"),
        ("opa", "opa_eval", "Unknown"),
        ("gatekeeper", "opa_eval", "Unknown"),
        ("wasi", "_start", "Unknown"),
    ] {
        let folder = folder(
            &format!("{LEAST}executionMode: {mode}\n"),
            &module(&[export]),
        );
        annotate(&folder, &[]).succeeds();
        let metadata: Value =
            serde_json::from_str(&metadata(&folder.read("annotated.wasm"))).unwrap();
        assert_eq!(metadata["protocolVersion"], protocol, "{mode}");
        assert_eq!(metadata["executionMode"], mode);
    }
}

#[test]
fn the_modules_of_this_project_take_their_metadata() {
    for (variable, file, readme, protocol) in [
        ("POLICY_WASM", "metadata.yml", "README.md", "v1"),
        (
            "POLICY_OPA_WASM",
            "guests/opa/metadata.yml",
            "guests/opa/README.md",
            "Unknown",
        ),
    ] {
        let raw = fs::read(named(variable)).unwrap();
        let folder = folder(&fs::read_to_string(root(file)).unwrap(), &raw);
        annotate(&folder, &["--readme", root(readme).to_str().unwrap()]).succeeds();
        let annotated = folder.read("annotated.wasm");
        // All that was there, and one section more.
        let mut sections = sections(&annotated);
        assert_eq!(sections.pop().unwrap().1, SECTION);
        assert_eq!(sections, support::sections(&raw), "{file}");
        let text = fs::read_to_string(root(file)).unwrap();
        let mut expected = eci_manifest::documents(&text).unwrap().remove(0).value();
        expected["protocolVersion"] = json!(protocol);
        expected["annotations"]["io.kubewarden.policy.usage"] =
            json!(fs::read_to_string(root(readme)).unwrap());
        // The only default that matters: hosts of OPA modules answer no questions.
        if protocol == "Unknown" {
            expected["contextAwareResources"] = json!([]);
        }
        assert_eq!(
            serde_json::from_str::<Value>(&metadata(&annotated)).unwrap(),
            expected,
            "{file}"
        );
    }
}

#[test]
fn metadata_that_are_there_are_replaced() {
    let raw = module(&["__guest_call"]);
    let twice = with_section(
        with_section(raw.clone(), SECTION, b"{}"),
        SECTION,
        b"none at all",
    );
    let folder = folder(LEAST, &with_section(twice, "kept", b"as it is"));
    annotate(&folder, &[]).succeeds();
    let annotated = folder.read("annotated.wasm");
    assert!(metadata(&annotated).starts_with(r#"{"protocolVersion":"v1","#));
    let mut kept = sections(&annotated);
    kept.pop();
    assert_eq!(kept, sections(&with_section(raw, "kept", b"as it is")));
    // Over itself, too.
    folder.write("policy.wasm", &annotated);
    let arguments = [
        "annotate",
        "--metadata",
        "metadata.yml",
        "--output",
        "policy.wasm",
        "policy.wasm",
    ];
    folder.run(&arguments).succeeds();
    assert_eq!(folder.read("policy.wasm"), annotated);
}

#[test]
fn a_mistake_in_the_metadata_is_named() {
    for (there, instead, said) in [
        (
            "mutating: true",
            "mutatin: true",
            "metadata.yml:11: mutatin: unknown field `mutatin`, expected one of",
        ),
        ("mutating: true", "", "metadata: missing field `mutating`"),
        (
            "mutating: true",
            "mutating: 1",
            "metadata.yml:11: mutating: invalid type: integer `1`, expected a boolean",
        ),
        ("rules:", "rule:", "rule: unknown field `rule`"),
        (
            "apiGroups: [\"\"]\n    apiVersions",
            "apiVersions",
            "rules[0]: missing field `apiGroups`",
        ),
        (
            "[\"\"]",
            "pods",
            "metadata.yml:3: rules[0].apiGroups: invalid type: string \"pods\", expected a sequence",
        ),
        (
            "[\"\"]",
            "[]",
            "metadata.yml:3: rules[0].apiGroups: it is empty; name at least one",
        ),
        (
            "[\"\"]",
            "[apps, \"*\"]",
            "rules[0].apiGroups: \"*\" stands for all",
        ),
        ("[\"v1\"]", "[]", "rules[0].apiVersions: it is empty"),
        (
            "[\"v1\"]",
            "[\"*\", v1]",
            "rules[0].apiVersions: \"*\" stands for all",
        ),
        (
            "[\"CREATE\", \"UPDATE\"]",
            "[]",
            "rules[0].operations: it is empty",
        ),
        (
            "\"UPDATE\"",
            "\"*\"",
            "metadata.yml:6: rules[0].operations: \"*\" stands for all",
        ),
        (
            "\"UPDATE\"",
            "UPDAT",
            "rules[0].operations[1]: unknown variant `UPDAT`, expected one of `CREATE`",
        ),
        (
            "\"*/scale\"",
            "",
            "metadata.yml:9: rules[1].resources: it is empty",
        ),
        (
            "\"*/scale\"",
            "\"\"",
            "rules[1].resources: a resource is empty",
        ),
        (
            "\"*/scale\"",
            "\"*/*\", pods",
            "rules[1].resources: \"*\" stands for all",
        ),
        (
            "\"*/scale\"",
            "pods, \"*\"",
            "rules[1].resources: \"*\" covers pods",
        ),
        (
            "\"*/scale\"",
            "\"*/scale\", pods/scale",
            "rules[1].resources: \"*/scale\" covers pods/scale",
        ),
        (
            "\"*/scale\"",
            "pods/*, pods/log",
            "rules[1].resources: \"pods/*\" covers pods/log",
        ),
        (
            "kubewarden-wapc",
            "rego",
            "executionMode: unknown variant `rego`, expected one of `kubewarden-wapc`",
        ),
        (
            "executionMode:",
            "policyType: x\nexecutionMode:",
            "policyType: unknown variant `x`, expected `kubernetes`",
        ),
        (
            "kind: Service",
            "kind: \"\"",
            "contextAwareResources: an empty apiVersion or kind",
        ),
        (
            ", kind: Service",
            "",
            "contextAwareResources[0]: missing field `kind`",
        ),
        (
            "\"1.35.0\"",
            "\"1.35\"",
            "metadata.yml:17: minimumKubewardenVersion: \"1.35\" is no version",
        ),
        (
            "first: \"1\"",
            "first: 1",
            "annotations.a.example/first: invalid type: integer `1`, expected a string",
        ),
        (
            "mutating: true",
            "mutating: true\nmutating: true",
            "the key `mutating` is already set",
        ),
        ("mutating: true", "mutating: [", "metadata.yml: line "),
        (
            "mutating: true",
            "---\nmutating: true",
            "2 documents, where one is to be",
        ),
        (METADATA, "", "0 documents, where one is to be"),
        (
            METADATA,
            "mutating: true\nrules: []\n",
            "metadata.yml:2: rules: the policy would be asked for nothing",
        ),
    ] {
        assert!(METADATA.contains(there), "{there}");
        let folder = folder(
            &METADATA.replacen(there, instead, 1),
            &module(&["__guest_call"]),
        );
        annotate(&folder, &[]).fails(&[said]);
        assert_eq!(folder.names(), ["metadata.yml", "policy.wasm"], "{said}");
    }
}

#[test]
fn a_raw_policy_needs_no_rules_and_resources_may_overlap_as_in_kubernetes() {
    for metadata in [
        "mutating: false\nrules: []\npolicyType: raw\n",
        r#"{mutating: false, rules: [{apiGroups: ["*"], apiVersions: ["*"], operations: ["*"],
            resources: ["*", a/b, a/*, "*/b"]}]}"#,
    ] {
        annotate(&folder(metadata, &module(&["__guest_call"])), &[]).succeeds();
    }
}

#[test]
fn a_module_that_no_host_takes_is_told() {
    let good = module(&["__guest_call"]);
    let component = [&good[..4], &[0x0d, 0, 1, 0]].concat();
    for (bytes, mode, said) in [
        (
            b"".to_vec(),
            "kubewarden-wapc",
            "policy.wasm: no WebAssembly module",
        ),
        (
            b"(module)".to_vec(),
            "kubewarden-wapc",
            "policy.wasm: no WebAssembly module",
        ),
        (
            good[..6].to_vec(),
            "kubewarden-wapc",
            "policy.wasm: no WebAssembly module",
        ),
        (
            component,
            "kubewarden-wapc",
            "policy.wasm: a WebAssembly component",
        ),
        (
            good[..good.len() - 1].to_vec(),
            "kubewarden-wapc",
            "policy.wasm: a broken WebAssembly module",
        ),
        // Where a section ends: the code is missing.
        (
            good[..good.len() - 6].to_vec(),
            "kubewarden-wapc",
            "policy.wasm: a broken WebAssembly module",
        ),
        (good.clone(), "wasi", "it exports no _start"),
        (good.clone(), "opa", "it exports no opa_"),
        (good, "gatekeeper", "it exports no opa_"),
        (module(&["opa_eval"]), "wasi", "it exports no _start"),
        (
            module(&["_start"]),
            "kubewarden-wapc",
            "it exports no __guest_call",
        ),
        (
            module(&["__guest_call", "opa_eval"]),
            "kubewarden-wapc",
            "executionMode must be opa or gatekeeper",
        ),
    ] {
        let folder = folder(&format!("{LEAST}executionMode: {mode}\n"), &bytes);
        annotate(&folder, &[]).fails(&[said]);
        assert_eq!(folder.names(), ["metadata.yml", "policy.wasm"], "{said}");
    }
}

#[test]
fn a_file_that_cannot_be_had_is_named() {
    let folder = folder(LEAST, &module(&["__guest_call"]));
    folder.write("latin1.md", b"caf\xe9");
    folder.write("annotated.wasm", "what was there");
    fs::create_dir(folder.path().join("directory")).unwrap();
    let names = folder.names();
    for (metadata, readme, output, module, said) in [
        (
            "none.yml",
            "metadata.yml",
            "annotated.wasm",
            "policy.wasm",
            "cannot read none.yml: No such file",
        ),
        (
            "latin1.md",
            "metadata.yml",
            "annotated.wasm",
            "policy.wasm",
            "cannot read latin1.md: it is not UTF-8",
        ),
        (
            "metadata.yml",
            "none.md",
            "annotated.wasm",
            "policy.wasm",
            "cannot read none.md: No such file",
        ),
        (
            "metadata.yml",
            "latin1.md",
            "annotated.wasm",
            "policy.wasm",
            "cannot read latin1.md: it is not UTF-8",
        ),
        (
            "metadata.yml",
            "metadata.yml",
            "annotated.wasm",
            "none.wasm",
            "cannot read none.wasm: No such file",
        ),
        (
            "metadata.yml",
            "metadata.yml",
            "annotated.wasm",
            "directory",
            "cannot read directory: Is a directory",
        ),
        (
            "metadata.yml",
            "metadata.yml",
            "none/a.wasm",
            "policy.wasm",
            "cannot write none/a.wasm: No such file",
        ),
        (
            "metadata.yml",
            "metadata.yml",
            "directory",
            "policy.wasm",
            "cannot write directory: Is a directory",
        ),
    ] {
        folder
            .run(&[
                "annotate",
                "--metadata",
                metadata,
                "--readme",
                readme,
                "--output",
                output,
                module,
            ])
            .fails(&[said]);
        assert_eq!(folder.names(), names, "{said}");
        assert_eq!(folder.read("annotated.wasm"), b"what was there", "{said}");
    }
}
