//! Documents and parts of a text, and the positions of fields.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use eci_manifest::{Document, Part, documents, parts};
use serde_json::json;

const POD: &str = "\
# a comment
apiVersion: v1
kind: Pod
metadata:
  annotations:
    k8s.aliyun.com/eci-host-sysctls: |
      []
    a[0].b]c: x
    # another

    last: y
spec:
  securityContext: {sysctls: [{name: a,
    value: b}]}
  base: &base
    image: nginx
  containers:
  - name: a
    securityContext:
      privileged: true
  -
    name: b
    securityContext:
      capabilities:
        add:
        - SYS_TIME
        - # empty
        - SYS_BOOT
  - *base
  - name: d
    <<: *base
  - &anchored
    name: e
  - {name: f,
     image: g}
  \"0\": zero
";

/// The line of each path in [`POD`].
const LINES: &str = "\
2 
2 apiVersion
3 kind.x.y
4 metadata
6 metadata.annotations[k8s.aliyun.com/eci-host-sysctls]
8 metadata.annotations[a[0].b]c]
11 metadata.annotations[last]
11 metadata.annotations.last
5 metadata.annotations[absent]
13 spec.securityContext.sysctls[0]
14 spec.securityContext.sysctls[0].value
13 spec.securityContext.sysctls[7].value
17 spec.containers
18 spec.containers[0]
20 spec.containers[0].securityContext.privileged
19 spec.containers[0].securityContext.runAsGroup
22 spec.containers[1]
26 spec.containers[1].securityContext.capabilities.add[0]
27 spec.containers[1].securityContext.capabilities.add[1]
28 spec.containers[1].securityContext.capabilities.add[2]
29 spec.containers[2]
29 spec.containers[2].image
31 spec.containers[3].image
33 spec.containers[4].name
34 spec.containers[5]
35 spec.containers[5].image
17 spec.containers[x]
17 spec.containers[0
17 spec.containers.0
36 spec[0]
2 absent
2 ][.[
";

#[test]
fn a_path_has_the_line_of_its_key_or_of_its_nearest_ancestor() {
    let documents = documents(POD).unwrap();
    for (line, path) in LINES.lines().map(|line| line.split_once(' ').unwrap()) {
        assert_eq!(documents[0].line(path).to_string(), line, "{path}");
    }
}

#[test]
fn spans_are_exact_to_the_byte() {
    let text = "\u{feff}k: é\r\nfünf: &a {ä: [1, \"ö\"], b: }\r\nlist:\r\n- x: 1\r\n  u: |\r\n    t\r\n\r\n  z: w\r\n- *a\r\n- {<<: *a, c: 'd'}\r\n-\r\nm:\r\n  <<: *a\r\n  q: ~\r\n";
    let documents = documents(text).unwrap();
    for (path, expected) in [
        ("k", "k: é"),
        ("fünf", "fünf: &a {ä: [1, \"ö\"], b: }"),
        ("fünf.ä", "ä: [1, \"ö\"]"),
        ("fünf.ä[1]", "\"ö\""),
        ("fünf.ä[2]", "ä: [1, \"ö\"]"),
        ("fünf.b", "b"),
        ("list", "list"),
        ("list[0]", "x: 1\r\n  u: |\r\n    t\r\n\r\n  z: w"),
        ("list[0].u", "u"),
        ("list[0].z", "z: w"),
        ("list[1]", "*a"),
        ("list[1].ä[0]", "*a"),
        ("list[2].ä[0]", "<<"),
        ("list[2].c", "c: 'd'"),
        ("list[3]", ""),
        ("m", "m"),
        ("m.q", "q: ~"),
        ("m.b", "<<"),
    ] {
        assert_eq!(&text[documents[0].span(path)], expected, "{path}");
    }
}

#[test]
fn an_error_in_a_part_does_not_affect_the_others() {
    let text = "a: 1\n--- # two\nb: [\n---\r\nc: 3\n---x: 1\n";
    let value = |part: &Part<'_>| {
        let documents = part.documents().map_err(|error| (error.line, error.offset));
        documents.map(|documents| documents[0].value())
    };
    let read: Vec<_> = parts(text).iter().map(value).collect();
    assert_eq!(
        read,
        [
            Ok(json!({ "a": 1 })),
            Err((3, 18)),
            Ok(json!({ "c": 3, "---x": 1 }))
        ]
    );
}

#[test]
fn directives_belong_to_the_next_document() {
    let text = "%YAML 1.2\n---\na: 1\n...\n%TAG !e! tag:e,2026:\n---\nb: !e!x 2\n";
    let values: Vec<_> = documents(text)
        .unwrap()
        .iter()
        .map(Document::value)
        .collect();
    assert_eq!(values, [json!({ "a": 1 }), json!({ "b": "2" })]);
}

#[test]
fn every_document_counts_its_lines_from_the_top_of_the_file() {
    let text = "---\n# nothing\n---\na: 1\n---\n...\n---\n~\n---\nb:\n  c: 2\n";
    let documents = documents(text).unwrap();
    let values: Vec<_> = documents.iter().map(Document::value).collect();
    assert_eq!(values, [json!({ "a": 1 }), json!({ "b": { "c": 2 } })]);
    assert_eq!((documents[0].line("a"), documents[1].line("b.c")), (4, 11));
}

#[test]
fn lists_are_flattened() {
    let text = "\
apiVersion: v1
kind: List
items:
- kind: A
  x: 1
- apiVersion: v1
  kind: List
  items: [{kind: B}]
-
---
apiVersion: example.com/v1
kind: List
items: []
---
apiVersion: v1
kind: List
items: {}
";
    let documents = documents(text).unwrap();
    let kinds: Vec<_> = documents
        .iter()
        .map(|document| document.text(&["kind"]).unwrap())
        .collect();
    assert_eq!(kinds, ["A", "B", "List"]);
    assert_eq!(documents[0].line("x"), 5);
    assert_eq!(documents[1].line(""), 8);
    assert_eq!(documents[2].line("items"), 17);
}

#[test]
fn every_object_with_items_is_a_list() {
    let text = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: hidden}
items:
- {apiVersion: v1, kind: Pod}
- x: 1
---
apiVersion: v1
kind: ConfigMap
items: null
";
    let values: Vec<_> = documents(text)
        .unwrap()
        .iter()
        .map(Document::value)
        .collect();
    assert_eq!(
        values,
        [
            json!({ "apiVersion": "v1", "kind": "Pod" }),
            json!({ "x": 1, "apiVersion": "v1", "kind": "ConfigMap" }),
        ]
    );
}

#[test]
fn a_typed_list_gives_its_items_their_type() {
    let text = "\
apiVersion: apps/v1
kind: DeploymentList
metadata: {resourceVersion: '1'}
items:
- metadata: {name: a}
- kind: Other
  apiVersion:
-
";
    let values: Vec<_> = documents(text)
        .unwrap()
        .iter()
        .map(Document::value)
        .collect();
    assert_eq!(
        values,
        [
            json!({ "metadata": { "name": "a" }, "apiVersion": "apps/v1", "kind": "Deployment" }),
            json!({ "apiVersion": null, "kind": "Other" }),
        ]
    );
    let document = &documents(text).unwrap()[0];
    assert_eq!(serde_json::to_value(document).unwrap(), values[0]);
    assert_eq!(
        (document.text(&["kind"]), document.line("metadata.name")),
        (Some("Deployment"), 5)
    );
    assert!(document.has(&["apiVersion"]) && !document.has(&["spec"]));
}

#[test]
fn a_sequence_of_objects_is_a_list() {
    let text = "- {apiVersion: v1, kind: A}\n-\n- x: 1\n---\n- {kind: A}\n";
    let values: Vec<_> = documents(text)
        .unwrap()
        .iter()
        .map(Document::value)
        .collect();
    assert_eq!(
        values,
        [
            json!({ "apiVersion": "v1", "kind": "A" }),
            json!({ "x": 1 }),
            json!([{ "kind": "A" }])
        ]
    );
}

#[test]
fn json_objects_may_follow_one_another() {
    let text = "\u{feff} {\"a\": \"} {\"}\n{\"b\": {\"c\": 2}} {}\n---\n{\"d\": \"} {\"}\n";
    let read = documents(text).unwrap();
    let values: Vec<_> = read.iter().map(Document::value).collect();
    assert_eq!(
        values,
        [
            json!({ "a": "} {" }),
            json!({ "b": { "c": 2 } }),
            json!({}),
            json!({ "d": "} {" })
        ]
    );
    assert_eq!(read[1].line("b.c"), 2);
    // An incomplete object makes the text one part, with the line of its error.
    assert_eq!(documents("{\"a\": 1}\n{\"b\": ").unwrap_err().line, 2);
    assert!(documents("{\"a\": 1}\n{} 7\n").is_err());
}

#[test]
fn json_has_lines() {
    let documents =
        documents("{\n  \"kind\": \"Pod\",\n  \"spec\": {\n    \"a\": [\n      1\n    ]\n  }\n}\n")
            .unwrap();
    assert_eq!(documents[0].line("spec.a[0]"), 5);
    assert_eq!(documents[0].line("spec.a"), 4);
}

#[test]
fn every_kind_of_line_break_counts_once() {
    for text in [
        "a: 1\nb: 2\nc: 3\n",
        "a: 1\r\nb: 2\r\nc: 3\r\n",
        "\u{feff}a: 1\nb: 2\nc: 3",
    ] {
        assert_eq!(documents(text).unwrap()[0].line("c"), 3, "{text:?}");
    }
}

#[test]
fn an_empty_text_has_no_documents() {
    for text in ["", "\n", "# c", "---\n---\n", "null", "\u{feff}"] {
        assert!(documents(text).unwrap().is_empty(), "{text:?}");
    }
}
