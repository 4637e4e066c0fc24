//! A Kubernetes object as YAML that every reader reads alike, be it of YAML 1.1, as kubectl's is, or of 1.2. It
//! writes what an object has: a key is short, and a number whole.

use std::fmt::Write;

use serde_json::{Map, Value};

/// The fields that people look for first; the others follow in the order of the alphabet, as kubectl has them.
const FIRST: &[&str] = &[
    "apiVersion",
    "kind",
    "metadata",
    "spec",
    "name",
    "image",
    "command",
    "args",
];

/// The object as a document.
pub(super) fn write(object: &Value) -> String {
    let mut out = String::new();
    block(object, 0, &mut out);
    out
}

/// A value on lines of its own.
fn block(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (at, (key, value)) in in_order(fields).into_iter().enumerate() {
                pad(at, indent, out);
                text(key, out);
                out.push(':');
                match value {
                    Value::Object(fields) if !fields.is_empty() => below(value, indent + 2, out),
                    Value::Array(items) if !items.is_empty() => below(value, indent, out),
                    _ => {
                        out.push(' ');
                        block(value, indent, out);
                    }
                }
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                pad(at, indent, out);
                out.push_str("- ");
                block(item, indent + 2, out);
            }
        }
        Value::String(string) => {
            text(string, out);
            out.push('\n');
        }
        // An empty collection, a number, a boolean or null: JSON's spelling is YAML's.
        _ => {
            let _ = writeln!(out, "{value}");
        }
    }
}

fn below(value: &Value, indent: usize, out: &mut String) {
    out.push('\n');
    pad(1, indent, out);
    block(value, indent, out);
}

/// The first line of a block is indented by who writes what stands before it.
fn pad(at: usize, indent: usize, out: &mut String) {
    if at > 0 {
        out.extend(std::iter::repeat_n(' ', indent));
    }
}

fn in_order(fields: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let rank = |key: &str| {
        FIRST
            .iter()
            .position(|first| *first == key)
            .unwrap_or(FIRST.len())
    };
    let mut fields: Vec<_> = fields.iter().collect();
    fields.sort_by_key(|(key, _)| (rank(key), *key));
    fields
}

/// A string: plain where nobody could take it for anything else, else in double quotes.
fn text(string: &str, out: &mut String) {
    if is_plain(string) {
        out.push_str(string);
        return;
    }
    out.push('"');
    for c in string.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            // What YAML does not count among the printable, or folds, or what reorders a line on a screen.
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => {
                let _ = write!(out, "\\x{:02X}", u32::from(c));
            }
            '\u{ad}'
            | '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fffe}'..='\u{ffff}' => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}

/// Whether a string is none of a number, a boolean, null, a date or an indicator to any reader of YAML: it
/// begins with a letter or a slash, has no character that means something, and is no word that does.
fn is_plain(string: &str) -> bool {
    const WORDS: &[&str] = &[
        "y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf",
    ];
    string.starts_with(|first: char| first.is_ascii_alphabetic() || first == '/')
        && string.ends_with(|last: char| last != ':')
        && string
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_./:@+=".contains(&byte))
        && !WORDS.iter().any(|word| word.eq_ignore_ascii_case(string))
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::panic,
        reason = "a test may panic"
    )]
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Value {
        let documents =
            eci_manifest::documents(text).unwrap_or_else(|error| panic!("{error}:\n{text}"));
        assert_eq!(documents.len(), 1, "{text}");
        documents[0].value()
    }

    /// Strings that a reader takes for something else where they are not quoted, or that break a line.
    const NASTY: &[&str] = &[
        "",
        " ",
        "y",
        "Y",
        "n",
        "yes",
        "Yes",
        "NO",
        "on",
        "Off",
        "true",
        "True",
        "FALSE",
        "null",
        "Null",
        "~",
        "0",
        "0777",
        "0o7",
        "0x1F",
        "0b1",
        "1e3",
        "1E3",
        ".5",
        "5.",
        "-1",
        "+1",
        "1_000",
        "1:30",
        "1:30:30",
        "190:20:30.15",
        ".inf",
        "-.Inf",
        ".nan",
        "NaN",
        "2001-01-01",
        "2001-12-14t21:59:43.10-05:00",
        "=",
        "<<",
        "-",
        "- a",
        "?",
        "? a",
        ":",
        "a:",
        "a: b",
        ": a",
        "a :b",
        "#",
        "a #b",
        "a#b",
        "&a",
        "*a",
        "!a",
        "!!int 1",
        "|",
        ">",
        "|-",
        "%a",
        "@a",
        "`a`",
        "'",
        "\"",
        "'a'",
        "\"a\"",
        "[",
        "]",
        "[]",
        "{}",
        "{a: b}",
        ",",
        "a, b",
        "---",
        "...",
        "--- a",
        "\\",
        "\\n",
        "\n",
        "a\n",
        "a\nb",
        "\na",
        "a\r\nb",
        "\t",
        "a\tb",
        " a",
        "a ",
        "\u{0}",
        "\u{7}",
        "\u{1b}[31m",
        "\u{7f}",
        "\u{85}",
        "\u{a0}",
        "\u{2028}",
        "\u{2029}",
        "\u{202e}",
        "\u{feff}",
        "\u{feff}a",
        "\u{fffe}",
        "ä",
        "日本語",
        "😀",
        "e\u{301}",
        "nginx:1.25",
        "/a:b",
        "http://a/?b=c&d",
        "a=b",
        "a@sha256:0",
        "k8s.io/a",
        "4Gi",
        "100m",
        "1.5",
        "$(A)",
        "$$",
        "{{ .a }}",
    ];

    #[test]
    fn every_string_is_read_back() {
        for nasty in NASTY {
            let list = json!([nasty, [nasty], {"b": nasty}]);
            let object = json!({"kind": "A", "value": nasty, "list": list, "map": {*nasty: nasty}});
            assert_eq!(read(&write(&object)), object, "{nasty:?}");
        }
    }

    #[test]
    fn what_means_something_else_to_yaml_1_1_is_quoted() {
        for (string, written) in [
            ("yes", "\"yes\"\n"),
            ("0777", "\"0777\"\n"),
            ("1:30", "\"1:30\"\n"),
            ("1e3", "\"1e3\"\n"),
            ("0o7", "\"0o7\"\n"),
            ("N", "\"N\"\n"),
            ("a b", "\"a b\"\n"),
            (
                "\u{1b}\u{85}\u{2028}\u{202e}\"\\\n",
                "\"\\x1B\\x85\\u2028\\u202E\\\"\\\\\\n\"\n",
            ),
            ("nginx:1.25", "nginx:1.25\n"),
            ("/data", "/data\n"),
        ] {
            assert_eq!(write(&json!(string)), written);
        }
    }

    #[test]
    fn fields_stand_where_people_look_for_them() {
        let ports = json!([{"containerPort": 80}]);
        let container =
            json!({"args": ["a"], "image": "i", "name": "n", "command": ["c"], "ports": ports});
        let object = json!({
            "spec": {"volumes": [], "containers": [container], "a": {}},
            "metadata": {"labels": {"b": "true"}, "name": "n"},
            "kind": "Pod",
            "apiVersion": "v1",
        });
        let written = "\
apiVersion: v1
kind: Pod
metadata:
  name: \"n\"
  labels:
    b: \"true\"
spec:
  a: {}
  containers:
  - name: \"n\"
    image: i
    command:
    - c
    args:
    - a
    ports:
    - containerPort: 80
  volumes: []
";
        assert_eq!(write(&object), written);
    }

    fn value() -> impl Strategy<Value = Value> {
        let string = prop_oneof![
            prop::sample::select(NASTY).prop_map(str::to_owned),
            ".{0,12}"
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            string.clone().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(string.clone(), inner, 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_object_is_read_back(value in value()) {
            let object = json!({"spec": value});
            prop_assert_eq!(read(&write(&object)), object);
        }
    }
}
