//! Edits of real layouts, byte for byte, and the layouts that are refused.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use eci_manifest::{Edit, Reason, Step, documents, replaced};
use serde_json::{Value, json};

/// Edits the first document of a text. Paths are written with slashes.
fn edited(text: &str, edits: &[(&str, Option<Value>)]) -> Result<String, Reason> {
    let step = |step| str::parse(step).map_or(Step::Key(step), Step::Index);
    let edits: Vec<_> = edits
        .iter()
        .map(|(path, to)| Edit {
            steps: path.split('/').map(step).collect(),
            to: to.as_ref(),
        })
        .collect();
    let documents = documents(text).unwrap();
    let replacements = documents.first().unwrap().replacements(&edits);
    let replacements = replacements.map_err(|refused| refused.reason)?;
    Ok(replaced(text, &replacements))
}

fn assert_set(text: &str, path: &str, to: Value, expected: &str) {
    let result = edited(text, &[(path, Some(to))]);
    assert_eq!(result.as_deref(), Ok(expected), "{text}");
}

fn assert_removed(text: &str, paths: &[&str], expected: &str) {
    let edits: Vec<_> = paths.iter().map(|path| (*path, None)).collect();
    assert_eq!(edited(text, &edits).as_deref(), Ok(expected), "{text}");
}

#[test]
fn a_value_keeps_its_line_its_comment_and_its_quotes() {
    let set = assert_set;
    set(
        "a: false # b\nb: 1\n",
        "a",
        json!(true),
        "a: true # b\nb: 1\n",
    );
    set(
        "a: 'CAP_X'\r\nb: 1\r\n",
        "a",
        json!("X"),
        "a: 'X'\r\nb: 1\r\n",
    );
    set("l: [a, CAP_B]\n", "l/1", json!("B"), "l: [a, B]\n");
    set(
        "l:\n- a\n- &x \"CAP_B\"\n",
        "l/1",
        json!("B"),
        "l:\n- a\n- &x \"B\"\n",
    );
    set(
        "{\"a\": [\"CAP_B\"]}",
        "a/0",
        json!("B"),
        "{\"a\": [\"B\"]}",
    );
    set(
        "a: |\n  [1]\n  # text\nb: 1\n",
        "a",
        json!("[\"é\"]"),
        "a: '[\"é\"]'\nb: 1\n",
    );
    set(
        "a: >-\n  x\n\n\nb: 1\n",
        "a",
        json!("y z"),
        "a: \"y z\"\n\n\nb: 1\n",
    );
    set(
        "\u{feff}é: {ü: false}\n",
        "é/ü",
        json!(true),
        "\u{feff}é: {ü: true}\n",
    );
}

#[test]
fn a_value_that_is_absent_is_added_behind_its_key() {
    let set = assert_set;
    set("a:\nb: 1\n", "a", json!("yes"), "a: \"yes\"\nb: 1\n");
    set("a: # none\nb: 1\n", "a", json!(1), "a: 1 # none\nb: 1\n");
    set("a: ~\n", "a/b/c", json!(1), "a: {b: {c: 1}}\n");
    set("{\"a\": null}", "a/b", json!(1), "{\"a\": {\"b\":1}}");
}

#[test]
fn an_entry_is_added_at_the_end_of_its_mapping() {
    let add = |text, path, expected| assert_set(text, path, json!(7), expected);
    add("a:\n  b: 1\nc: 2\n", "a/k", "a:\n  b: 1\n  k: 7\nc: 2\n");
    add(
        "a:\n  b: 1 # b\n# c\nc: 2\n",
        "a/k",
        "a:\n  b: 1 # b\n  k: 7\n# c\nc: 2\n",
    );
    add(
        "l:\n- a: 1\n  b:\n  - 2\n- c: 3\n",
        "l/0/k",
        "l:\n- a: 1\n  b:\n  - 2\n  k: 7\n- c: 3\n",
    );
    add(
        "l:\n- a: 1\n- c: 3",
        "l/1/k/m",
        "l:\n- a: 1\n- c: 3\n  k:\n    m: 7",
    );
    add(
        "l:\n  -   a: 1\r\n",
        "l/0/k",
        "l:\n  -   a: 1\r\n      k: 7\r\n",
    );
    add(
        "a:\n  b: |+\n    x\n\n\nc: 2\n",
        "a/k",
        "a:\n  b: |+\n    x\n\n\n  k: 7\nc: 2\n",
    );
    add(
        "a:\n  b: |\n    x\nc: 2\n",
        "a/k",
        "a:\n  b: |\n    x\n  k: 7\nc: 2\n",
    );
    add("a: {b: 1} # a\n", "a/k", "a: {b: 1, k: 7} # a\n");
    add("a: {b: 1 , }\n", "a/k", "a: {b: 1, k: 7 , }\n");
    add("a: {b: , c: }\n", "a/k", "a: {b: , c:, k: 7 }\n");
    add("a: { }\n", "a/k", "a: {k: 7}\n");
    add(
        "{\"a\":{\"b\":1}}",
        "a/k/m",
        "{\"a\":{\"b\":1, \"k\": {\"m\":7}}}",
    );
    let json = "{\n  \"a\": {\n    \"b\": 1\n  }\n}\n";
    add(
        json,
        "a/k",
        "{\n  \"a\": {\n    \"b\": 1,\n    \"k\": 7\n  }\n}\n",
    );
    // Every line ends as its neighbour does.
    add(
        "a: 1\r\nb:\n  c: 1\n",
        "b/k",
        "a: 1\r\nb:\n  c: 1\n  k: 7\n",
    );
    add(
        "a: 1\nb:\r\n  c: 1\r\n",
        "b/k",
        "a: 1\nb:\r\n  c: 1\r\n  k: 7\r\n",
    );
    let two = [("a/s/one", Some(json!(1))), ("a/s/two", Some(json!(true)))];
    let expected = "a:\n  b: 1\n  s:\n    one: 1\n    two: true\n";
    assert_eq!(edited("a:\n  b: 1\n", &two).as_deref(), Ok(expected));
}

#[test]
fn entries_are_removed_and_added_at_once() {
    let edits = [("a/b", None), ("a/c", None), ("a/k", Some(json!(7)))];
    for (text, expected) in [
        ("a:\n  b: 1\n  c: 2 # c\n  d: 3\n", "a:\n  d: 3\n  k: 7\n"),
        ("a:\n  b: 1\n  c: 2\ne: 1\n", "a:\n  k: 7\ne: 1\n"),
        ("a: {b: 1, c: 2}\n", "a: {k: 7}\n"),
        ("a: {d: 3, b: 1, c: 2}\n", "a: {d: 3, k: 7}\n"),
    ] {
        assert_eq!(edited(text, &edits).as_deref(), Ok(expected));
    }
}

#[test]
fn a_removed_item_or_entry_takes_its_lines_along() {
    let removed = assert_removed;
    removed("a:\n  b: 1 # b\n  c: 2\n", &["a/b"], "a:\n  c: 2\n");
    removed("a:\n  b: 1\n  c: 2\nd: 3\n", &["a/c"], "a:\n  b: 1\nd: 3\n");
    removed("a: # a\n  b: 1\nd: 3\n", &["a/b"], "a: {} # a\nd: 3\n");
    removed("l:\n- a\n- b\nm: 1\n", &["l/0", "l/1"], "l: []\nm: 1\n");
    let list = "l:\n- a\n- name: b\n  value: c\n# of d\n- d\n";
    removed(list, &["l/1"], "l:\n- a\n# of d\n- d\n");
    removed(
        "l:\r\n  - {n: a}\r\n  - {n: b}\r\n",
        &["l/1"],
        "l:\r\n  - {n: a}\r\n",
    );
    removed("l: [a, b, c, d]\n", &["l/0", "l/2", "l/3"], "l: [b]\n");
    removed("l: [a, b]\n", &["l/0", "l/1"], "l: []\n");
    removed("m: {a: 1, b: , c: 3}\n", &["m/b", "m/c"], "m: {a: 1}\n");
    removed("{\"l\": [\n  1,\n  2\n]}", &["l/1"], "{\"l\": [\n  1\n]}");
    removed("l:\n- a\n", &["l/7", "m"], "l:\n- a\n");
    removed("a:\n  l:\n  -\n", &["a/l"], "a: {}\n");
    let scalar = "l:\n- |-\n  a\n- b: |-\n    c\n\n# d\n";
    removed(scalar, &["l/1"], "l:\n- |-\n  a\n\n# d\n");
}

#[test]
fn values_from_elsewhere_are_refused() {
    let refused = |text, path, reason| {
        assert_eq!(
            edited(text, &[(path, Some(json!(2)))]),
            Err(reason),
            "{text}"
        );
    };
    refused("a: &x {b: 1}\nc: *x\n", "c/b", Reason::Alias);
    refused("a: &x {b: 1}\nc: *x\n", "c/n", Reason::Alias);
    refused("a: &x 1\nc: *x\n", "c", Reason::Alias);
    refused("a: &x {b: 1}\nc:\n  <<: *x\n", "c/b", Reason::Merged);
}

#[test]
fn rare_layouts_are_refused() {
    for text in [
        // Comments in a flow mapping or list of several lines.
        "a: {\n  c: 1 # c\n}\n",
        "a: {\n  c: 1, # c\n}\n",
        "a: {c: 1 # c\n  }\n",
        // Merge keys, explicit keys, and lone carriage returns.
        "x: &x {b: 1}\na: {<<: *x}\n",
        "x: &x {b: 1}\na: {c: 1, <<: *x}\n",
        "a:\n  ? c\n  : 1\n",
        "a: {c: 1} # a\rb: 2\n",
    ] {
        assert_eq!(
            edited(text, &[("a/k", Some(json!(7)))]),
            Err(Reason::Layout),
            "{text}"
        );
    }
    let pair = edited("[a: 1]", &[("0/k", Some(json!(7)))]);
    assert_eq!(pair, Err(Reason::Layout), "a mapping without braces");
    assert_eq!(
        edited("a: !!str |\n  x\n", &[("a", Some(json!(7)))]),
        Err(Reason::Layout)
    );
    let empty = edited("a: >+2\n\nb: 1\n", &[("a", Some(json!(7)))]);
    assert_eq!(empty, Err(Reason::Layout), "a block scalar without content");
    for (text, path) in [
        // An entry beside the dash of its item, a list in a list, and a list that is the document.
        ("l:\n- b: 1\n  c: 2\n", "l/0/b"),
        ("l:\n- - a\n- b\n", "l/0/0"),
        ("l:\n-\n  - a\n", "l/0"),
        ("- a\n", "0"),
        // A line of blanks that would become a line of the block scalar above it.
        ("l:\n- |-\nc: 1\n  \t\n", "c"),
        ("a: {\n  b: 1,\n  c: 2 # c\n}\n", "a/c"),
        ("a: [\n  b,\n  c # c\n]\n", "a/1"),
        ("a: [\n  b, # b\n  c\n]\n", "a/0"),
    ] {
        assert_eq!(edited(text, &[(path, None)]), Err(Reason::Layout), "{text}");
    }
}
