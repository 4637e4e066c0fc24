//! The reader beside serde_json's, which is taken for right: the same texts are JSON, and the same is read of them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use eci_json::{Grammar, MAX_DEPTH, Node, Raw, Shape, Tree, read, tree, write_string};
use proptest::prelude::*;
use serde_json::Value;
use serde_json::value::RawValue;

/// JSON of any shape, its blanks and escapes chosen at random.
fn json() -> impl Strategy<Value = String> {
    let blank = || prop::sample::select(vec!["", "", "", " ", "\n", "\t \r\n"]);
    let string = prop_oneof![
        "[a-z]{0,12}",
        "\\PC{0,20}",
        any::<String>(),
        Just("eight ch".repeat(3)),
    ];
    let string = (string, any::<bool>()).prop_map(|(text, ascii)| match ascii {
        // Every character as an escape, those beyond the first plane as two.
        true => {
            let units = text.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
            format!("\"{}\"", units.collect::<String>())
        }
        false => serde_json::to_string(&text).unwrap(),
    });
    let number = "-?(0|[1-9][0-9]{0,22})(\\.[0-9]{1,3})?([eE][-+]?[0-9]{1,2})?";
    let scalar = prop_oneof![
        string.clone(),
        number.prop_map(|text: String| text),
        prop::sample::select(vec!["null", "true", "false"]).prop_map(str::to_owned),
    ];
    scalar.prop_recursive(6, 64, 6, move |inner| {
        let item =
            (blank(), inner.clone(), blank()).prop_map(|(a, item, b)| format!("{a}{item}{b}"));
        let entry = (blank(), string.clone(), blank(), item.clone())
            .prop_map(|(a, key, b, value)| format!("{a}{key}{b}:{value}"));
        prop_oneof![
            (prop::collection::vec(item, 0..6), blank()).prop_map(|(items, blank)| {
                match items.is_empty() {
                    true => format!("[{blank}]"),
                    false => format!("[{}]", items.join(",")),
                }
            }),
            (prop::collection::vec(entry, 0..6), blank()).prop_map(|(entries, blank)| {
                match entries.is_empty() {
                    true => format!("{{{blank}}}"),
                    false => format!("{{{}}}", entries.join(",")),
                }
            }),
        ]
    })
}

/// JSON with a byte removed, doubled or replaced, and bytes that are no JSON at all.
fn almost_json() -> impl Strategy<Value = Vec<u8>> {
    let damaged = (json(), any::<prop::sample::Index>(), any::<u8>(), 0..4).prop_map(
        |(text, at, byte, how)| {
            let mut bytes = text.into_bytes();
            let at = at.index(bytes.len());
            match how {
                0 => drop(bytes.remove(at)),
                1 => bytes.insert(at, bytes[at]),
                2 => bytes[at] = byte,
                _ => bytes.truncate(at),
            }
            bytes
        },
    );
    prop_oneof![
        damaged,
        prop::collection::vec(any::<u8>(), 0..24),
        "[\\[\\]{}\",:0-9eE.+\\-\\\\utrfalsn ]{0,16}".prop_map(String::into_bytes)
    ]
}

/// Whether serde_json takes the text for JSON, all of it looked at.
fn is_json(text: &str) -> bool {
    serde_json::from_str::<&RawValue>(text).is_ok()
}

/// A tree as serde_json has it.
fn value(tree: &Tree<'_>) -> Option<Value> {
    Some(match tree {
        Tree::Null => Value::Null,
        Tree::Bool(flag) => (*flag).into(),
        Tree::Number(number) => serde_json::from_str(number).ok()?,
        Tree::Text(text) => (**text).into(),
        Tree::List(items) => items.iter().map(value).collect::<Option<Vec<_>>>()?.into(),
        Tree::Object(entries) => Value::Object(
            entries
                .iter()
                .map(|(key, entry)| Some(((**key).to_owned(), value(entry)?)))
                .collect::<Option<_>>()?,
        ),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn what_is_json_is_skipped_and_what_is_not_is_told(bytes in almost_json()) {
        let Ok(text) = std::str::from_utf8(&bytes) else { return Ok(()) };
        let skipped = read(text, Shape::Present);
        prop_assert_eq!(skipped.is_ok(), is_json(text), "{}", text);
        if let Err(fault) = skipped {
            prop_assert!(fault.offset <= bytes.len());
            let is_grammar = matches!(fault.grammar, Grammar::Broken | Grammar::EndsEarly);
            prop_assert!(is_grammar, "{:?}", fault);
        }
    }

    #[test]
    fn a_tree_is_what_serde_json_reads(text in json()) {
        let read = match tree(&text) {
            Ok(read) => read,
            // Of two equal keys serde_json keeps the last.
            Err(fault) => {
                prop_assert_eq!(fault.grammar, Grammar::Twice, "{}", text);
                return Ok(());
            }
        };
        // serde_json takes no number beyond those of 64 bits of floating point.
        if let Ok(expected) = serde_json::from_str::<Value>(&text) {
            prop_assert_eq!(value(&read), Some(expected), "{}", text);
        }
    }

    #[test]
    fn what_is_no_json_is_no_tree(bytes in almost_json()) {
        if let Ok(text) = std::str::from_utf8(&bytes) && serde_json::from_str::<Value>(text).is_err() {
            let is_number = |error: serde_json::Error| error.to_string().starts_with("number out of range");
            prop_assert!(tree(text).is_err() || is_number(serde_json::from_str::<Value>(text).unwrap_err()), "{text}");
        }
    }

    #[test]
    fn a_value_ends_at_its_brackets(text in json(), blanks in 0..70_usize) {
        let text = format!("{{\"before\":\"{}\",\"a\":{text},\"b\":[{text}]}}", " ".repeat(blanks));
        let taken = |shape| match read(&text, Shape::Object(&[("a", shape), ("b", shape)])) {
            Ok(Node::List(nodes)) => nodes.into_iter().map(|node| match node {
                Node::Raw(raw) => Some(raw.get()),
                _ => None,
            }).collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
        prop_assert_eq!(taken(Shape::Span), taken(Shape::Raw));
    }

    #[test]
    fn what_ends_at_its_brackets_and_is_read_is_json(bytes in almost_json()) {
        let Ok(text) = std::str::from_utf8(&bytes) else { return Ok(()) };
        let text = format!("{{\"a\":{text},\"b\":0}}");
        let span = match read(&text, Shape::Object(&[("a", Shape::Span)])) {
            Ok(Node::List(nodes)) => nodes.into_iter().next(),
            _ => None,
        };
        let is_read = match span {
            Some(Node::Raw(raw)) => Raw::parse(raw.get()).is_ok(),
            Some(_) => true,
            None => false,
        };
        prop_assert_eq!(is_read, read(&text, Shape::Object(&[("a", Shape::Raw)])).is_ok(), "{}", text);
    }

    #[test]
    fn a_raw_value_is_the_text(text in json()) {
        let padded = format!(" {text}\n");
        prop_assert_eq!(Raw::parse(&padded).unwrap().get(), text.trim_matches([' ', '\n', '\t', '\r']));
    }

    #[test]
    fn a_string_is_written_so_that_it_is_read(text in any::<String>()) {
        let mut written = String::new();
        write_string(&mut written, &text);
        prop_assert_eq!(&serde_json::from_str::<String>(&written).unwrap(), &text);
        prop_assert_eq!(written, serde_json::to_string(&text).unwrap());
    }

    #[test]
    fn integers_are_those_of_64_bits(number in "-?[0-9]{1,22}") {
        match (read(&number, Shape::Int), number.parse::<i64>()) {
            (Ok(Node::Int(read)), Ok(expected)) => prop_assert_eq!(read, expected),
            (Err(fault), Err(_)) => {
                let is_told = matches!(fault.grammar, Grammar::WrongType { .. } | Grammar::Broken);
                prop_assert!(is_told, "{}", number);
            }
            // A number does not begin with a zero.
            (Err(fault), Ok(_)) => prop_assert_eq!(fault.grammar, Grammar::Broken, "{}", number),
            (Ok(node), _) => prop_assert!(false, "{node:?}"),
        }
    }
}

#[test]
fn fields_are_found_wherever_they_stand() {
    const SHAPE: Shape<'static> = Shape::Object(&[
        ("a", Shape::Int),
        ("b", Shape::List(&Shape::Text)),
        ("c", Shape::At(&["x", "y"], &Shape::Raw)),
        (
            "d",
            Shape::Keys(&[("k", Shape::Bool)], |key| key.starts_with("f.")),
        ),
        ("e", Shape::Amount),
    ]);
    let read = |text: &str| format!("{:?}", read(text, SHAPE));
    let all = read(
        r#"{"z":[{"a":1}],"e":1.50,"d":{"f.1":0,"k":true,"f.2":null,"f.3":"","g":1,"g":2},"c":{"x":{"y":[1, 2]}},"\u0062":["\n"],"a":-7}"#,
    );
    assert_eq!(
        all,
        r#"Ok(List([Int(-7), List([Text(Text("\n"))]), Raw(Raw("[1, 2]")), List([Bool(true), List([Text(Text("f.1")), Text(Text("f.3"))])]), Text(Text("1.50"))]))"#
    );
    assert_eq!(
        read(r#"{"b":null}"#),
        "Ok(List([Absent, Absent, Absent, Absent, Absent]))"
    );
}

#[test]
fn a_key_that_is_read_stands_once() {
    const SHAPE: Shape<'static> = Shape::Object(&[
        ("a", Shape::Int),
        ("at", Shape::At(&["x"], &Shape::Raw)),
        ("find", Shape::Find(&["x"], &Shape::Raw)),
        ("keys", Shape::Keys(&[], |key| key.starts_with("f."))),
    ]);
    for (text, at) in [
        (r#"{"a":1,"b":{},"a":2}"#, "2}"),
        (r#"{"a":null,"\u0061":1}"#, "1}"),
        (r#"{"at":{"x":1,"x":[]}}"#, "[]"),
        (r#"{"find":{"x":null,"x":3}}"#, "3"),
        (r#"{"keys":{"f.1":1,"f.2":2,"f.1":4}}"#, "4"),
    ] {
        let fault = read(text, SHAPE).unwrap_err();
        assert_eq!(fault.grammar, Grammar::Twice, "{text}");
        assert!(text[fault.offset..].starts_with(at), "{text}: {fault:?}");
    }
    for text in [
        r#"{"b":1,"b":2}"#,
        r#"{"at":{"y":1,"y":2}}"#,
        r#"{"keys":{"g":1,"g":2}}"#,
        r#"{"find":[1,2]}"#,
    ] {
        assert!(read(text, SHAPE).is_ok(), "{text}");
    }
    assert_eq!(
        tree(r#"[{"a":[{"b":1,"b":2}]}]"#).unwrap_err().grammar,
        Grammar::Twice
    );
}

#[test]
fn a_value_of_the_wrong_type_is_told_where_it_begins() {
    const SHAPE: Shape<'static> = Shape::Object(&[
        ("int", Shape::Int),
        ("text", Shape::Text),
        ("list", Shape::List(&Shape::Bool)),
        ("at", Shape::At(&["x"], &Shape::Amount)),
    ]);
    for (text, at, found, expected) in [
        (r#"[1]"#, "[1]", "an array", "an object"),
        (r#"{"int":"1"}"#, "\"1\"", "a string", "a 64-bit integer"),
        (
            r#"{"int": 1.0}"#,
            "1.0",
            "a number that is no 64-bit integer",
            "a 64-bit integer",
        ),
        (
            r#"{"int":99999999999999999999}"#,
            "999",
            "an integer of more than 64 bits",
            "a 64-bit integer",
        ),
        (r#"{"text":{"x":[]}}"#, "{\"x\"", "an object", "a string"),
        (r#"{"text":true}"#, "true", "a boolean", "a string"),
        (r#"{"list":[true,null]}"#, "null", "null", "a boolean"),
        (r#"{"list":{}}"#, "{}", "an object", "an array"),
        (
            r#"{"at":{"x":[]}}"#,
            "[]",
            "an array",
            "a string or a number",
        ),
    ] {
        let fault = read(text, SHAPE).unwrap_err();
        assert!(text[fault.offset..].starts_with(at), "{text}: {fault:?}");
        assert_eq!(
            fault.grammar,
            Grammar::WrongType { found, expected },
            "{text}"
        );
    }
    // What is no JSON is not of the wrong type.
    for (text, offset, grammar) in [
        (r#"{"text":[1,}"#, 11, Grammar::Broken),
        (r#"{"int":+1}"#, 7, Grammar::Broken),
        (r#"{"text":"\ud800"}"#, 9, Grammar::Broken),
        (r#"{"text":"a"#, 10, Grammar::EndsEarly),
        (r#"{"int":1"#, 8, Grammar::EndsEarly),
        ("", 0, Grammar::EndsEarly),
        ("{} {}", 3, Grammar::Broken),
        ("\u{feff}{}", 0, Grammar::Broken),
    ] {
        let fault = read(text, SHAPE).unwrap_err();
        assert_eq!((fault.offset, fault.grammar), (offset, grammar), "{text}");
    }
}

#[test]
fn what_is_read_is_nested_so_deep_and_what_is_skipped_deeper() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(tree(&nested(MAX_DEPTH)).is_ok());
    assert_eq!(
        tree(&nested(MAX_DEPTH + 1)).unwrap_err().grammar,
        Grammar::TooDeep
    );
    for depth in [63, 64, 65, 127, 128, 129, 4096, 1_000_000] {
        assert!(read(&nested(depth), Shape::Present).is_ok(), "{depth}");
        let objects = format!("{}0{}", "{\"k\":".repeat(depth), "}".repeat(depth));
        assert!(read(&objects, Shape::Present).is_ok(), "{depth}");
        let mixed = format!("{}0{}", "[{\"k\":".repeat(depth), "}]".repeat(depth));
        assert!(read(&mixed, Shape::Present).is_ok(), "{depth}");
        let crossed = format!("{}0{}", "[{\"k\":".repeat(depth), "]}".repeat(depth));
        assert!(read(&crossed, Shape::Present).is_err(), "{depth}");
    }
}
