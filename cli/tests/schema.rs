//! The JSON Schema of the settings accepts what the policy accepts, and refuses what it refuses.
//!
//! One thing it cannot say: that a host which cannot be asked for a Namespace refuses `scope.namespaceLabels`. Here
//! every host can.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use eci_security_context::eci::capability;
use eci_security_context::policy::parse;
use eci_security_context::policy::schema::schema;
use eci_security_context::rules::RULES;
use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Value, json};

static SCHEMA: LazyLock<Validator> =
    LazyLock::new(|| jsonschema::draft202012::new(&schema()).unwrap());

fn root(file: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file)
}

/// Whether the policy takes the settings; a failure where the schema disagrees.
fn agreed(settings: &Value) -> bool {
    let parsed = parse::settings(&settings.to_string(), true);
    let errors: Vec<_> = SCHEMA
        .iter_errors(settings)
        .map(|error| error.to_string())
        .collect();
    assert_eq!(
        parsed.is_ok(),
        errors.is_empty(),
        "{settings}: the policy says {:?}, the schema {errors:?}",
        parsed.err()
    );
    parsed.is_ok()
}

fn yaml(text: &str) -> Value {
    eci_manifest::documents(text).unwrap().remove(0).value()
}

#[test]
fn the_command_prints_the_committed_schema() {
    let output = Command::new(env!("CARGO_BIN_EXE_eci-policy"))
        .arg("schema")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    let committed = std::fs::read_to_string(root("schemas/settings.schema.json")).unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), committed);
}

#[test]
fn it_is_a_schema_of_its_draft() {
    assert_eq!(
        schema()["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
    jsonschema::meta::validate(&schema()).unwrap();
}

#[test]
fn every_key_is_described_and_every_object_closed() {
    fn walk(at: &str, schema: &Value) {
        assert!(
            schema["description"]
                .as_str()
                .is_some_and(|text| text.len() > 10),
            "{at} has no description"
        );
        assert!(
            schema["type"] != "object" || schema["additionalProperties"] == false,
            "{at} is open"
        );
        for (key, property) in schema["properties"].as_object().into_iter().flatten() {
            walk(&format!("{at}.{key}"), property);
        }
        if let Some(items) = schema.get("items") {
            walk(&format!("{at}[]"), items);
        }
    }
    walk("", &schema());
}

/// The defaults of the specification, section 6, and of the table of rules.
#[test]
fn the_defaults_are_those_of_the_policy() {
    let schema = schema();
    let default = |pointer: &str| schema.pointer(pointer).unwrap()["default"].clone();
    assert_eq!(default("/properties/profile"), "latest");
    assert_eq!(default("/properties/mutate"), "pods");
    assert_eq!(default("/properties/scope/properties/assumeEci"), false);
    assert_eq!(default("/properties/scope/properties/possible"), "warn");
    assert_eq!(
        default("/properties/scope/properties/namespaceLabels"),
        false
    );
    assert_eq!(default("/properties/approved/properties/privileged"), false);
    assert_eq!(
        default("/properties/approved/properties/capabilities"),
        json!([])
    );
    assert_eq!(
        default("/properties/approved/properties/hostSysctls"),
        json!([])
    );
    assert_eq!(default("/properties/exempt"), json!([]));
    let actions = &schema["properties"]["actions"]["properties"];
    for rule in RULES {
        let action = &actions[rule.id];
        assert_eq!(action["default"], rule.action.as_str(), "{}", rule.id);
        assert!(
            action["description"]
                .as_str()
                .unwrap()
                .contains(rule.summary),
            "{}",
            rule.id
        );
        let values = action["enum"].as_array().unwrap();
        assert_eq!(
            values.contains(&json!("fix")),
            rule.fix.is_available(),
            "{}",
            rule.id
        );
    }
}

#[test]
fn the_settings_of_the_corpus() {
    let mut taken = 0;
    for case in eci_corpus::read_all(&root("tests/cases")) {
        taken += usize::from(agreed(&case.payload["settings"]));
    }
    assert!(taken > 200, "{taken}");
}

#[test]
fn the_settings_that_the_repository_shows() {
    let read = |file: &str| yaml(&std::fs::read_to_string(root(file)).unwrap());
    assert!(agreed(&read("examples/settings.yaml")));
    for file in [
        "deploy/virtual-nodes/mutating.yaml",
        "deploy/virtual-nodes/validating.yaml",
    ] {
        assert!(agreed(&read(file)["spec"]["settings"]), "{file}");
    }
}

/// The settings in section 6 of the specification: valid and invalid ones.
#[test]
fn the_settings_of_the_specification() {
    for settings in [
        "{}",
        "{profile: latest, mutate: pods, scope: {assumeEci: false, possible: warn, namespaceLabels: false}, actions: {},
          approved: {privileged: false, capabilities: [], hostSysctls: []}, exempt: []}",
        "{profile: '2024-02-26'}",
        "{profile: 2026-04-01}",
        "{mutate: none}",
        "{mutate: all}",
        "{scope: {assumeEci: true, possible: enforce, namespaceLabels: true}}",
        "{scope: {possible: ignore}}",
        "{actions: {'*': warn}}",
        "{actions: {'*': fix, sysctl-unsupported: fix, root-filesystem: fix, proc-mount: fix}}",
        "{actions: {'*': off}}",
        "{actions: {privileged: off, host-path: audit, field-ignored: deny}}",
        "{approved: {capabilities: [SYS_RAWIO, CAP_SYS_ADMIN, sys_time, Cap_Net_Admin]}}",
        "{approved: {hostSysctls: [vm.max_map_count, kernel.shm*, net/ipv4/tcp_syncookies, '*']}}",
        "{exempt: [{image: 'registry.example/istio/**', container: 'istio-*'}, {image: busybox}]}",
    ] {
        assert!(agreed(&yaml(settings)), "{settings}");
    }
    for settings in [
        "[]",
        "a",
        "{profil: latest}",
        "{profile: openapi}",
        "{profile: null}",
        "{profile: 2026}",
        "{mutate: some}",
        "{mutate: [pods]}",
        "{scope: true}",
        "{scope: {assumeECI: true}}",
        "{scope: {assumeEci: 'true'}}",
        "{scope: {possible: deny}}",
        "{scope: {possible: off}}",
        "{actions: []}",
        "{actions: {priviledged: deny}}",
        "{actions: {privileged: fix}}",
        "{actions: {privileged: 'on'}}",
        "{actions: {privileged: true}}",
        "{actions: {privileged: Deny}}",
        "{actions: {privileged: null}}",
        "{actions: {'*': none}}",
        "{approved: {privilege: true}}",
        "{approved: {privileged: yep}}",
        "{approved: {capabilities: SYS_RAWIO}}",
        "{approved: {capabilities: [ALL]}}",
        "{approved: {capabilities: [CAP_ALL]}}",
        "{approved: {capabilities: [SYS_RAWOI]}}",
        "{approved: {capabilities: [CAP_CAP_SYS_RAWIO]}}",
        "{approved: {capabilities: ['']}}",
        "{approved: {capabilities: [1]}}",
        "{approved: {hostSysctls: [vm max_map_count]}}",
        "{approved: {hostSysctls: [vm.*.x]}}",
        "{approved: {hostSysctls: ['']}}",
        "{approved: {hostSysctls: {}}}",
        "{exempt: {}}",
        "{exempt: [istio]}",
        "{exempt: [{container: istio-proxy}]}",
        "{exempt: [{image: ''}]}",
        "{exempt: [{image: '*'}]}",
        "{exempt: [{image: '**/istio'}]}",
        "{exempt: [{image: 'registry.*/istio'}]}",
        "{exempt: [{image: busybox, container: ''}]}",
        "{exempt: [{image: busybox, name: a}]}",
    ] {
        assert!(!agreed(&yaml(settings)), "{settings}");
    }
}

/// The values that the messages list are those that the schema completes.
#[test]
fn every_value_that_the_policy_knows_is_in_it() {
    let schema = schema();
    let listed = |settings: Value, after: &str| -> Vec<Value> {
        let message = parse::settings(&settings.to_string(), true)
            .unwrap_err()
            .to_string();
        let (_, list) = message
            .split_once(after)
            .unwrap_or_else(|| panic!("{message}"));
        let (list, _) = list.split_once("; and ").unwrap_or((list, ""));
        list.split(", ").map(Into::into).collect()
    };
    let keys = |pointer: &str| -> Vec<Value> {
        let mut keys: Vec<_> = schema
            .pointer(pointer)
            .unwrap()
            .as_object()
            .unwrap()
            .keys()
            .collect();
        keys.retain(|key| *key != "*");
        keys.into_iter().map(|key| key.as_str().into()).collect()
    };
    let sorted = |mut values: Vec<Value>| {
        values.sort_by_key(Value::to_string);
        values
    };
    for (settings, properties) in [
        (json!({"xxxxxxxxx": 1}), "/properties"),
        (
            json!({"scope": {"xxxxxxxxx": 1}}),
            "/properties/scope/properties",
        ),
        (
            json!({"actions": {"xxxxxxxxx": 1}}),
            "/properties/actions/properties",
        ),
        (
            json!({"approved": {"xxxxxxxxx": 1}}),
            "/properties/approved/properties",
        ),
        (
            json!({"exempt": [{"xxxxxxxxx": 1}]}),
            "/properties/exempt/items/properties",
        ),
    ] {
        assert_eq!(
            sorted(keys(properties)),
            sorted(listed(settings, "valid are ")),
            "{properties}"
        );
    }
    for (settings, choice) in [
        (json!({"profile": 0}), "/properties/profile/enum"),
        (json!({"mutate": 0}), "/properties/mutate/enum"),
        (
            json!({"scope": {"possible": 0}}),
            "/properties/scope/properties/possible/enum",
        ),
        (
            json!({"actions": {"*": 0}}),
            "/properties/actions/properties/*/enum",
        ),
        (
            json!({"actions": {"privileged": 0}}),
            "/properties/actions/properties/privileged/enum",
        ),
        (
            json!({"actions": {"pod-identity": 0}}),
            "/properties/actions/properties/pod-identity/enum",
        ),
    ] {
        let mut values = schema.pointer(choice).unwrap().as_array().unwrap().clone();
        values.retain(|value| *value != false);
        assert_eq!(values, listed(settings, "is not one of "), "{choice}");
    }
    let capabilities = schema
        .pointer("/properties/approved/properties/capabilities/items/anyOf/0/enum")
        .unwrap();
    assert_eq!(*capabilities, json!(capability::LINUX));
}

/// A sysctl of the most characters that a name has, and of one more.
#[test]
fn a_name_has_at_most_253_characters() {
    for (name, taken) in [
        ("a".repeat(253), true),
        ("a".repeat(254), false),
        (format!("{}*", "a".repeat(252)), true),
        (format!("{}*", "a".repeat(253)), false),
    ] {
        assert_eq!(
            agreed(&json!({"approved": {"hostSysctls": [name]}})),
            taken,
            "{}",
            name.len()
        );
    }
}

proptest! {
    #[test]
    fn any_sysctl(name in "[a0B._/*-]{0,9}|\\PC{0,3}") {
        agreed(&json!({"approved": {"hostSysctls": [name]}}));
    }

    #[test]
    fn any_capability(
        prefix in "((C|c)(A|a)P_){0,2}",
        name in proptest::sample::select(capability::LINUX),
        is_lower: bool,
        rest in "|[A_ ſK\n]",
    ) {
        let name = if is_lower { name.to_lowercase() } else { name.to_owned() };
        agreed(&json!({"approved": {"capabilities": [format!("{prefix}{name}{rest}")]}}));
    }

    #[test]
    fn any_image(image in "[a*/:.\n]{0,6}|\\PC{0,3}") {
        agreed(&json!({"exempt": [{"image": image}]}));
    }

    #[test]
    fn any_value_anywhere(
        key in proptest::sample::select(vec![
            "profile", "mutate", "scope", "scope/assumeEci", "scope/possible", "scope/namespaceLabels", "actions",
            "actions/*", "actions/privileged", "actions/pod-identity", "approved", "approved/privileged",
            "approved/capabilities", "approved/hostSysctls", "exempt", "none",
        ]),
        value in proptest::sample::select(vec![
            json!(null), json!(true), json!(false), json!(0), json!(1.5), json!(""), json!("latest"), json!("none"),
            json!("warn"), json!("off"), json!("fix"), json!([]), json!([""]), json!([0]), json!([{}]), json!({}),
            json!({"image": "a"}), json!([{"image": "a"}]), json!(["CHOWN"]), json!(["a.b"]),
        ]),
    ) {
        let settings = key.rsplit('/').fold(value, |value, key| json!({ (key): value }));
        agreed(&settings);
    }
}
