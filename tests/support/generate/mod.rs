//! Generators of any JSON, of pods that sometimes break a rule, and of settings.

mod pod;
mod settings;

use eci_manifest::{RequestOptions, admission_request};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

pub(crate) use pod::arb_pod_spec;
#[allow(unused_imports, reason = "a test may use a part of the module")]
pub(crate) use settings::{arb_ceiling, arb_settings};

/// The registry of every generated image.
pub(crate) const REGISTRY: &str = "registry.example";

/// One of the words of a text.
fn words(text: &'static str) -> impl Strategy<Value = &'static str> {
    select(text.split(' ').collect::<Vec<_>>())
}

/// Any text. Control characters and marks of direction are frequent.
fn arb_text() -> impl Strategy<Value = String> {
    let odd = select(vec![
        '\n', '\0', '\u{1b}', '\u{85}', '\u{202e}', '\u{2028}', '"', '\\', 'ß',
    ]);
    vec(prop_oneof![4 => any::<char>(), 1 => odd], 0..12).prop_map(String::from_iter)
}

/// Any JSON tree, often with the keys of a pod.
pub(crate) fn arb_json() -> impl Strategy<Value = Value> {
    let key = prop_oneof![
        words(
            "request settings kind group object metadata labels annotations spec containers securityContext sysctls \
             capabilities add name value image",
        )
        .prop_map(str::to_owned),
        arb_text(),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        arb_text().prop_map(Value::from),
        select(vec![
            "true",
            "Pod",
            "ALL",
            "",
            "[]",
            "{}",
            "vm.min_free_kbytes"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..8).prop_map(Value::from),
            btree_map(key.clone(), inner, 0..8).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

/// A payload for a generated pod, with any JSON in place of one node.
pub(crate) fn arb_damaged_payload() -> impl Strategy<Value = Value> {
    (
        arb_pod_spec(),
        arb_settings(),
        0..PLACES.len(),
        any::<Index>(),
        arb_json(),
    )
        .prop_map(|(template, settings, place, at, value)| {
            let mut payload: Value =
                serde_json::from_slice(&payload(&placed(&template, PLACES[place]), &settings))
                    .unwrap();
            let at = at.index(nodes(&payload));
            *node(&mut payload, &mut { at }).unwrap() = value;
            payload
        })
}

fn nodes(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(nodes).sum(),
        Value::Object(map) => map.values().map(nodes).sum(),
        _ => 0,
    }
}

/// The node of a tree after `left` others.
fn node<'v>(value: &'v mut Value, left: &mut usize) -> Option<&'v mut Value> {
    if *left == 0 {
        return Some(value);
    }
    *left -= 1;
    match value {
        Value::Array(items) => items.iter_mut().find_map(|item| node(item, left)),
        Value::Object(map) => map.values_mut().find_map(|value| node(value, left)),
        _ => None,
    }
}

/// An object of the fields with a value.
fn object<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    let there = fields
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)));
    Value::Object(there.collect())
}

/// Numbers whose notation a JSON tree would change.
pub(crate) static ODD_NUMBERS: &[&str] = &[
    "1.10",
    "1e400",
    "-0.0",
    "123456789012345678901234567890",
    "1E+2",
    "0.1000000000000000055511151231257827",
];

fn odd_key(index: usize) -> String {
    format!("odd-{index}")
}

/// The text with odd numbers in place of their words.
pub(crate) fn odd(text: &str) -> String {
    replace_odd(text, |index| {
        (format!(r#""{}":"odd""#, odd_key(index)), written(index))
    })
}

/// The text with words in place of the odd numbers, as before [`odd`].
pub(crate) fn even(text: &str) -> String {
    replace_odd(text, |index| {
        (written(index), format!(r#""{}":"odd""#, odd_key(index)))
    })
}

fn written(index: usize) -> String {
    format!(r#""{}":{}"#, odd_key(index), ODD_NUMBERS[index])
}

fn replace_odd(text: &str, replacement: impl Fn(usize) -> (String, String)) -> String {
    (0..ODD_NUMBERS.len()).fold(text.to_owned(), |text, index| {
        let (from, to) = replacement(index);
        text.replace(&from, &to)
    })
}

/// The API version and the kind of an object, and the JSON pointer of its pod or template.
pub(crate) type Place = (&'static str, &'static str, &'static str);

/// A pod, and two workloads with a pod template.
pub(crate) const PLACES: [Place; 3] = [
    ("v1", "Pod", ""),
    ("apps/v1", "Deployment", "/spec/template"),
    ("batch/v1", "CronJob", "/spec/jobTemplate/spec/template"),
];

/// An object with the pod or template at its pointer.
pub(crate) fn placed(template: &Value, (api_version, kind, pointer): Place) -> Value {
    let mut object = pointer
        .rsplit('/')
        .filter(|step| !step.is_empty())
        .fold(template.clone(), |below, step| json!({step: below}));
    object["apiVersion"] = api_version.into();
    object["kind"] = kind.into();
    object
}

/// The payload that asks to create `object`.
pub(crate) fn payload(object: &Value, settings: &Value) -> Vec<u8> {
    let request = admission_request(object, &RequestOptions::default());
    serde_json::to_vec(&json!({"request": request, "settings": settings})).unwrap()
}
