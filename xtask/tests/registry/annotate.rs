//! Annotate: the metadata in a module.

use std::fs;

use serde_json::{Value, json};

use crate::folder::{Folder, Ran, named, root};
use crate::wasm::{SECTION, module, sections, with_section};

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

fn annotate(folder: &Folder, more: &[&str]) -> Ran {
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

/// The metadata of a module, which must have them once.
fn metadata(module: &[u8]) -> String {
    let mut sections = sections(module);
    sections.retain(|(_, name, _)| name == SECTION);
    assert_eq!(sections.len(), 1);
    String::from_utf8(sections.remove(0).2).unwrap()
}

/// The fields come in the order of `policy_evaluator::policy_metadata::Metadata`, maps and sets are sorted, and the
/// protocol and the usage are added, as by `kwctl annotate`.
#[test]
fn the_section_is_what_kwctl_writes() {
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
fn the_defaults_are_those_of_kwctl() {
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
        // All sections are kept, and one is added.
        let mut sections = sections(&annotated);
        assert_eq!(sections.pop().unwrap().1, SECTION);
        assert_eq!(sections, crate::wasm::sections(&raw), "{file}");
        let text = fs::read_to_string(root(file)).unwrap();
        let mut expected = eci_manifest::documents(&text).unwrap().remove(0).value();
        expected["protocolVersion"] = json!(protocol);
        expected["annotations"]["io.kubewarden.policy.usage"] =
            json!(fs::read_to_string(root(readme)).unwrap());
        // The one field that the file of the OPA module leaves out.
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
fn old_metadata_are_replaced() {
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
    // The output may be the input.
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

/// Changes to [`METADATA`], one on each line: a text, its replacement, and the error.
const MISTAKES: &str = r#"
mutating: true => mutatin: true => metadata.yml:11: mutatin: unknown field `mutatin`, expected one of
mutating: true => => metadata: missing field `mutating`
mutating: true => mutating: 1 => metadata.yml:11: mutating: invalid type: integer `1`, expected a boolean
mutating: true => mutating: [ => metadata.yml: line 13
executionMode: kubewarden-wapc => mutating: false => the key `mutating` is already set
executionMode: kubewarden-wapc => --- => metadata.yml: expected one document, found 2
executionMode: kubewarden-wapc => policyType: x => policyType: unknown variant `x`, expected `kubernetes`
kubewarden-wapc => rego => executionMode: unknown variant `rego`, expected one of `kubewarden-wapc`
rules: => rule: => rule: unknown field `rule`
apiGroups: [""] => => rules[0]: missing field `apiGroups`
[""] => pods => metadata.yml:3: rules[0].apiGroups: invalid type: string "pods", expected a sequence
[""] => [] => metadata.yml:3: rules[0].apiGroups: the list is empty; name at least one
[""] => [apps, "*"] => rules[0].apiGroups: "*" stands for all
["v1"] => [] => rules[0].apiVersions: the list is empty
["v1"] => ["*", v1] => rules[0].apiVersions: "*" stands for all
["CREATE", "UPDATE"] => [] => rules[0].operations: the list is empty
"UPDATE" => "*" => metadata.yml:6: rules[0].operations: "*" stands for all
"UPDATE" => UPDAT => rules[0].operations[1]: unknown variant `UPDAT`, expected one of `CREATE`
"*/scale" => => metadata.yml:9: rules[1].resources: the list is empty
"*/scale" => "" => rules[1].resources: a resource is empty
"*/scale" => "*/*", pods => rules[1].resources: "*" stands for all
"*/scale" => pods, "*" => rules[1].resources: "*" covers pods
"*/scale" => "*/scale", pods/scale => rules[1].resources: "*/scale" covers pods/scale
"*/scale" => pods/*, pods/log => rules[1].resources: "pods/*" covers pods/log
kind: Service => kind: "" => contextAwareResources: apiVersion or kind is empty
, kind: Service => => contextAwareResources[0]: missing field `kind`
"1.35.0" => "1.35" => metadata.yml:17: minimumKubewardenVersion: "1.35" is not a valid version
first: "1" => first: 1 => annotations.a.example/first: invalid type: integer `1`, expected a string
"#;

#[test]
fn a_mistake_in_the_metadata_is_named() {
    let mistakes = MISTAKES.trim().lines().map(|line| {
        let parts: Vec<_> = line.split("=>").map(str::trim).collect();
        assert!(parts.len() == 3 && METADATA.contains(parts[0]), "{line}");
        (METADATA.replacen(parts[0], parts[1], 1), parts[2])
    });
    let whole = [
        ("", "metadata.yml: expected one document, found 0"),
        (
            "mutating: true\nrules: []\n",
            "metadata.yml:2: rules: a Kubernetes policy without rules never runs",
        ),
    ];
    let whole = whole.map(|(metadata, said)| (metadata.to_owned(), said));
    for (metadata, said) in mistakes.chain(whole) {
        let folder = folder(&metadata, &module(&["__guest_call"]));
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
fn a_module_that_no_host_takes_is_refused() {
    let good = module(&["__guest_call"]);
    let component = [&good[..4], &[0x0d, 0, 1, 0]].concat();
    let cut = |bytes: usize| good[..good.len() - bytes].to_vec();
    let wapc = "kubewarden-wapc";
    let both = module(&["__guest_call", "opa_eval"]);
    for (bytes, mode, said) in [
        (b"".to_vec(), wapc, "policy.wasm: not a WebAssembly module"),
        (b"(module)".to_vec(), wapc, "not a WebAssembly module"),
        (good[..6].to_vec(), wapc, "not a WebAssembly module"),
        (component, wapc, "policy.wasm: a WebAssembly component"),
        (cut(1), wapc, "policy.wasm: invalid WebAssembly module"),
        // The whole code section is missing.
        (cut(6), wapc, "policy.wasm: invalid WebAssembly module"),
        (good.clone(), "wasi", "the module exports no _start"),
        (good.clone(), "opa", "the module exports no opa_"),
        (good.clone(), "gatekeeper", "the module exports no opa_"),
        (module(&["opa_eval"]), "wasi", "exports no _start"),
        (module(&["_start"]), wapc, "exports no __guest_call"),
        (both, wapc, "set executionMode to opa or gatekeeper"),
    ] {
        let folder = folder(&format!("{LEAST}executionMode: {mode}\n"), &bytes);
        annotate(&folder, &[]).fails(&[said]);
        assert_eq!(folder.names(), ["metadata.yml", "policy.wasm"], "{said}");
    }
}

#[test]
fn a_file_that_cannot_be_used_is_named() {
    let folder = folder(LEAST, &module(&["__guest_call"]));
    folder.write("latin1.md", b"caf\xe9");
    folder.write("annotated.wasm", "unchanged");
    fs::create_dir(folder.path().join("directory")).unwrap();
    let names = folder.names();
    for (option, file, said) in [
        ("--metadata", "none.yml", "read none.yml: No such file"),
        ("--metadata", "latin1.md", "read latin1.md: invalid UTF-8"),
        ("--readme", "none.md", "read none.md: No such file"),
        ("--readme", "latin1.md", "read latin1.md: invalid UTF-8"),
        ("--module", "none.wasm", "read none.wasm: No such file"),
        ("--module", "directory", "read directory: Is a directory"),
        ("--output", "none/a.wasm", "write none/a.wasm: No such file"),
        ("--output", "directory", "write directory: Is a directory"),
    ] {
        let or = |name, default| if option == name { file } else { default };
        let metadata = or("--metadata", "metadata.yml");
        let output = or("--output", "annotated.wasm");
        let readme = or("--readme", "metadata.yml");
        let arguments = ["--metadata", metadata, "--output", output];
        let more = ["--readme", readme, or("--module", "policy.wasm")];
        let ran = folder.run(&[&["annotate"], &arguments[..], &more].concat());
        ran.fails(&[&format!("cannot {said}")]);
        assert_eq!(folder.names(), names, "{said}");
        assert_eq!(folder.read("annotated.wasm"), b"unchanged", "{said}");
    }
}
