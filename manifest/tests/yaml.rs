//! YAML values as kubectl reads them, and the limits of nesting and aliases.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use eci_manifest::{Document, Error, Problem, documents};
use serde_json::{Value, json};

/// The maximum nesting of collections.
const MAX_DEPTH: usize = 200;

fn read(text: &str) -> Result<Vec<Value>, Error> {
    Ok(documents(text)?.iter().map(Document::value).collect())
}

/// The value of the first document; a null document is skipped.
fn value(text: &str) -> Value {
    read(text).unwrap().into_iter().next().unwrap_or_default()
}

#[test]
fn quotes_and_tags_give_a_scalar_its_type() {
    for (text, expected) in [
        ("yes", json!(true)),
        ("'yes'", json!("yes")),
        (r#""012""#, json!("012")),
        ("|\n  1\n", json!("1\n")),
        (">-\n  1\n", json!("1")),
        ("!!str 12", json!("12")),
        ("!!str", json!("")),
        ("!!timestamp 2001-01-01", json!("2001-01-01")),
        ("!!int '5'", json!(5)),
        ("!!float 3", json!(3)),
        ("!!bool 'on'", json!(true)),
        ("!!null ''", json!(null)),
        ("! 12", json!("12")),
        ("!mine 12", json!("12")),
        ("!!map {a: 1}", json!({ "a": 1 })),
        (
            "{\"a\":1,\"b\":[1.0,\"\\ud83c\\udfb5\"]}",
            json!({ "a": 1, "b": [1, "🎵"] }),
        ),
        ("{\n\t\"a\":\t[\n\t\ttrue\n\t]\n}", json!({ "a": [true] })),
        (
            "\u{feff}a: 1\r\nb: |\r\n  x\r\n  y\r\n",
            json!({ "a": 1, "b": "x\ny\n" }),
        ),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
}

#[test]
fn keys_become_strings() {
    let expected = json!({ "1": 0, "16": 0, "true": 0, "1.5": 0, "a b": 0, "<<": 0 });
    assert_eq!(
        value("{1: 0, 0x10: 0, on: 0, 1.5: 0, a b: 0, '<<': 0}"),
        expected
    );
}

#[test]
fn aliases_and_merge_keys_as_in_go_yaml() {
    for (text, expected) in [
        (
            "[&a {x: [1]}, *a, *a]",
            json!([{ "x": [1] }, { "x": [1] }, { "x": [1] }]),
        ),
        (
            "[&a 1, &b [*a], *b, &a 2, *a, *b]",
            json!([1, [1], [1], 2, 2, [1]]),
        ),
        ("{a: &k key, *k : 1}", json!({ "a": "key", "key": 1 })),
        (
            "[&m {p: 1, q: 2}, {<<: *m, p: 5}]",
            json!([{ "p": 1, "q": 2 }, { "p": 5, "q": 2 }]),
        ),
        (
            "[&m {p: 1, q: 2}, {p: 5, <<: *m}]",
            json!([{ "p": 1, "q": 2 }, { "p": 1, "q": 2 }]),
        ),
        (
            "{<<: [{p: 1, z: 2}, {p: 3, r: 4}]}",
            json!({ "p": 1, "z": 2, "r": 4 }),
        ),
        ("{<<: {p: 1}}", json!({ "p": 1 })),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
}

#[test]
fn errors_have_a_position_and_a_reason() {
    for (text, expected) in [
        (
            "a: 1\nb: 2\na: 3",
            "line 3, column 1: the key `a` is already set in this mapping",
        ),
        (
            "{1: x, \"1\": y}",
            "line 1, column 8: the key `1` is already set in this mapping",
        ),
        (
            "a: 1\n? [b]\n: c",
            "line 2, column 3: a mapping key must be a string, a number or a boolean",
        ),
        (
            "~: 1",
            "line 1, column 1: a mapping key must be a string, a number or a boolean",
        ),
        ("a: .inf", "line 1, column 4: JSON has no number `.inf`"),
        (
            "a: !!int x",
            "line 1, column 10: `x` cannot be read as `!!int`",
        ),
        (
            "a: !!binary eA==",
            "line 1, column 13: `eA==` cannot be read as `!!binary`",
        ),
        (
            "<<: 5",
            "line 1, column 1: `<<` takes a mapping or a sequence of mappings",
        ),
        (
            "<<: [[{a: 1}]]",
            "line 1, column 1: `<<` takes a mapping or a sequence of mappings",
        ),
        (
            "a: &a [*a]",
            "line 1, column 8: an anchor's value contains itself",
        ),
        (
            "a: *b",
            "line 1, column 4: while parsing node, found unknown anchor",
        ),
        ("a: [1", "line 1, column 4: unclosed bracket '['"),
        (
            "a: b: c",
            "line 1, column 5: mapping values are not allowed in this context",
        ),
        (
            "a: 1\n- b",
            "line 2, column 3: while parsing a block mapping, did not find expected key",
        ),
    ] {
        assert_eq!(read(text).unwrap_err().to_string(), expected, "{text}");
    }
}

#[test]
fn nesting_is_limited() {
    let flow = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    let block = |depth: usize| "- ".repeat(depth) + "x";
    assert!(read(&flow(MAX_DEPTH)).is_ok());
    assert!(read(&block(MAX_DEPTH)).is_ok());
    assert_eq!(
        read(&flow(MAX_DEPTH + 1)).unwrap_err().problem,
        Problem::Depth
    );
    assert_eq!(
        read(&block(MAX_DEPTH + 1)).unwrap_err().problem,
        Problem::Depth
    );
    for text in [
        flow(100_000),
        block(100_000),
        "[".repeat(100_000),
        "{a: ".repeat(100_000),
    ] {
        assert!(read(&text).is_err());
    }
    let half = MAX_DEPTH / 2;
    let folded = format!(
        "- &a {}\n- {}*a{}",
        flow(half),
        "[".repeat(half),
        "]".repeat(half)
    );
    assert_eq!(read(&folded).unwrap_err().problem, Problem::Depth);
}

#[test]
fn alias_bombs_are_refused() {
    let level = |n: usize| {
        format!(
            "a{n}: &a{n} [{}]\n",
            vec![format!("*a{}", n - 1); 10].join(", ")
        )
    };
    let bomb = |levels| (1..=levels).fold("a0: &a0 x\n".to_owned(), |text, n| text + &level(n));
    assert!(read(&bomb(3)).is_ok());
    assert_eq!(read(&bomb(9)).unwrap_err().problem, Problem::Aliases);
    let merges = (1..40).fold("a0: &a0 {x: 1}\n".to_owned(), |text, n| {
        format!("{text}a{n}: &a{n} {{<<: [*a{0}, *a{0}]}}\n", n - 1)
    });
    assert_eq!(read(&merges).unwrap_err().problem, Problem::Aliases);
    let long = format!(
        "a: &a {}\nb: [{}]\n",
        "x".repeat(1 << 16),
        vec!["*a"; 600].join(", ")
    );
    assert_eq!(read(&long).unwrap_err().problem, Problem::Aliases);
    let entries: String = (0..2000).map(|n| format!("k{n}: 0, ")).collect();
    let merged = format!(
        "a: &a {{{entries}}}\nb: [{}]\n",
        vec!["{<<: *a}"; 1000].join(", ")
    );
    assert_eq!(read(&merged).unwrap_err().problem, Problem::Aliases);
}

#[test]
fn aliases_are_counted_by_document() {
    let document = format!(
        "- &a {}\n- [{}]\n",
        "x".repeat(1 << 16),
        vec!["*a"; 400].join(", ")
    );
    assert!(read(&[document.as_str(); 3].join("---\n")).is_ok());
    assert_eq!(read("- &a 1\n---\n- *a\n").unwrap_err().line, 3);
}

#[test]
fn a_line_break_of_kubectl_outside_quotes_is_an_error() {
    for c in ['\u{85}', '\u{2028}', '\u{2029}'] {
        for (text, line, column) in [
            (format!("a: 1\n# note{c}    b: 2\n"), 2, 7),
            (format!("a: 1\n---\nb: 'é{c}' # {c}\n"), 3, 11),
            (format!("a: x{c}b: 2\n"), 1, 5),
            (format!("a: |\n  x{c}b: 2\n"), 2, 4),
        ] {
            let error = documents(&text).unwrap_err();
            assert_eq!(error.problem, Problem::LineBreak(c), "{text:?}");
            assert_eq!((error.line, error.column), (line, column), "{text:?}");
            let at = error.offset..error.offset + c.len_utf8();
            assert_eq!(text.get(at), Some(c.to_string().as_str()), "{text:?}");
        }
        for text in [
            format!("a: '{c}' # x\nb: \"{c}\"\n"),
            format!("{{\"a\": \"{c}\", \"{c}\": 1}}"),
        ] {
            assert!(documents(&text).is_ok(), "{text:?}");
        }
    }
}
