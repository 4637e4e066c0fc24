//! The dictionary of the settings has every key and word of their schema. `ECI_BLESS=1` writes it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use eci_security_context::policy::schema::schema;
use serde_json::Value;

const BY_HAND: &str = "# Written by hand.\n";

#[test]
fn the_dictionary_of_the_settings_is_complete() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("dictionaries/settings.dict");
    let committed = fs::read_to_string(&file).unwrap();
    let (_, by_hand) = committed.split_once(BY_HAND).expect("a part by hand");
    let mut words = BTreeSet::new();
    collect(&schema(), &mut words);
    assert!(words.contains("namespaceLabels") && words.contains("deny"));
    let mut generated =
        "# Every key and word of the settings: written by `ECI_BLESS=1 make test-seeds`.\n"
            .to_owned();
    for word in words {
        generated += &format!("\"\\\"{word}\\\"\"\n");
    }
    generated += BY_HAND;
    generated += by_hand;
    if std::env::var_os("ECI_BLESS").is_some() {
        fs::write(&file, &generated).unwrap();
    } else {
        assert_eq!(
            committed,
            generated,
            "{}: run the test with ECI_BLESS=1",
            file.display()
        );
    }
}

/// Collects the keys and the constant values of a schema.
fn collect(schema: &Value, words: &mut BTreeSet<String>) {
    match schema {
        Value::Object(entries) => {
            for (keyword, value) in entries {
                match (&**keyword, value) {
                    ("properties", Value::Object(properties)) => {
                        words.extend(properties.keys().cloned());
                        properties.values().for_each(|value| collect(value, words));
                    }
                    ("enum", Value::Array(values)) => {
                        let values = values.iter().filter_map(Value::as_str);
                        words.extend(values.map(str::to_owned));
                    }
                    _ => collect(value, words),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, words)),
        _ => {}
    }
}
