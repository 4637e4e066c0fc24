//! Streams: the objects of a text that is read in chunks are those of the whole text, at the same positions.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use std::io::{self, Read};

use eci_manifest::{Chunk, Sizes, Stream, documents};
use serde_json::{Value, json};

/// Sizes at which every document and every item is a chunk.
const SMALL: Sizes = Sizes {
    chunk: 1,
    piece: 1 << 20,
};

/// A list as `kubectl get -o yaml` prints it.
fn yaml(items: usize) -> String {
    let mut text = "apiVersion: v1\nitems:\n".to_owned();
    for index in 0..items {
        text += &format!(
            "- apiVersion: v1\n  kind: Pod\n  metadata:\n    annotations:\n      a: |\n        - b\n\n        items:\n    \
             name: größe-{index}\n  spec:\n    containers:\n    - name: \"{{\\\"a\"\n    - args:\n      - --- x\n"
        );
    }
    text + "kind: List\nmetadata:\n  resourceVersion: \"\"\n"
}

/// A list as `kubectl get -o json` prints it.
fn json(items: usize) -> String {
    let item = |index| {
        json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": format!("größe-{index}"), "items": [{"a": "}]\\\""}]},
        })
    };
    let list = json!({
        "apiVersion": "v1",
        "items": (0..items).map(item).collect::<Vec<_>>(),
        "kind": "List",
        "metadata": {"resourceVersion": ""},
    });
    serde_json::to_string_pretty(&list)
        .unwrap()
        .replace("  ", "    ")
}

fn chunks(text: &[u8], sizes: Sizes) -> Vec<Chunk> {
    let chunks: Vec<_> = Stream::new(text, sizes).map(Result::unwrap).collect();
    let flags = chunks.iter().map(|chunk| (chunk.is_first, chunk.is_last));
    let last = chunks.len() - 1;
    let expected = (0..=last).map(|index| (index == 0, index == last));
    assert!(flags.eq(expected));
    chunks
}

/// The objects of chunks, each with its position in the stream, and the problems.
fn read(chunks: &[Chunk]) -> (Vec<(usize, usize, Value)>, Vec<String>) {
    let (mut objects, mut problems) = (Vec::new(), Vec::new());
    for chunk in chunks {
        let place = |offset: usize| {
            let before = &chunk.text[..offset];
            let line = chunk.start.lines + before.matches('\n').count();
            (chunk.start.offset + offset, line + 1)
        };
        for (at, problem) in &chunk.problems {
            problems.push(format!("{}: {problem}", place(*at).1));
        }
        for part in chunk.parts() {
            match part.documents() {
                Ok(documents) => objects.extend(documents.iter().map(|document| {
                    let (offset, line) = place(document.span("").start);
                    (offset, line, document.value())
                })),
                Err(error) => {
                    problems.push(format!("{}: {}", place(error.offset).1, error.problem));
                }
            }
        }
    }
    (objects, problems)
}

fn expected(text: &str) -> Vec<(usize, usize, Value)> {
    let documents = documents(text).unwrap();
    let object = |document: &eci_manifest::Document<'_>| {
        (document.span("").start, document.line(""), document.value())
    };
    documents.iter().map(object).collect()
}

#[test]
fn the_objects_of_a_stream_are_those_of_the_text() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n";
    let compact = serde_json::from_str::<Value>(&json(3)).unwrap();
    let typed =
        json!({"kind": "PodList", "apiVersion": "v1", "items": [{"metadata": {"name": "a"}}, {}]});
    // As the API server prints it: the kind first.
    let typed = typed.to_string();
    let typed = format!(
        "{{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"items\":{}}}\n",
        &typed[typed.find('[').unwrap()..=typed.find(']').unwrap()]
    );
    let indented = yaml(3)
        .replace('\n', "\n  ")
        .replace("\n  items:\n  - ", "\nitems:\n  - ");
    let indented = indented.replace(
        "\n  kind: List\n  metadata:\n    resource",
        "\nkind: List\nmetadata:\n  resource",
    );
    for (text, pieces) in [
        (yaml(4), 4),
        (json(4), 4),
        (yaml(4).replace('\n', "\r\n"), 4),
        (format!("\u{feff}{}", yaml(2)), 2),
        (format!("\u{feff}{}", json(2)), 2),
        (indented.trim_end().to_owned(), 3),
        (compact.to_string(), 1),
        (typed, 1),
        (format!("{}---\n{}\n---\n{pod}", yaml(2), json(2)), 5),
        (format!("{pod}---\n# a comment\n---\n{pod}...\n--- # three\n{pod}"), 3),
        // Documents as `jq -c .items[]` and `jq .items[]` print them.
        ("{\"apiVersion\":\"v1\",\"kind\":\"Pod\"}\n".repeat(3), 3),
        ("{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"Pod\"\n}\n".repeat(3), 3),
        // Lists that are not split.
        ("apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Pod}]\n".to_owned(), 1),
        ("{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Pod}]}\n".to_owned(), 1),
        ("{\"apiVersion\": v1, \"kind\": List, \"items\": [{\"apiVersion\": 'v1', kind: Pod}]}".to_owned(), 1),
        ("[{\"apiVersion\": \"v1\", \"kind\": \"Pod\"}]".to_owned(), 1),
        (format!("%YAML 1.1\n---\n{pod}---\n{pod}"), 1),
        // An alias to another item.
        (
            "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  a: &a 1\n- apiVersion: v1\n  kind: Pod\n  a: *a\n"
                .to_owned(),
            1,
        ),
        // A list in a list, an empty one, and items that are not objects.
        (
            yaml(1).replace("kind: Pod\n", "kind: List\n  items:\n  - {apiVersion: v1, kind: Pod}\n"),
            1,
        ),
        ("apiVersion: v1\nitems: []\nkind: List\n".to_owned(), 1),
        ("{\n    \"apiVersion\": \"v1\",\n    \"items\": [],\n    \"kind\": \"List\"\n}\n".to_owned(), 0),
        (String::new(), 0),
    ] {
        for chunk in [1, 100, 1 << 20] {
            let sizes = Sizes { chunk, ..SMALL };
            // Known only at the end, when a chunk may have ended.
            if chunk < 1 << 20 && text.contains("&a 1") {
                continue;
            }
            let chunks = chunks(text.as_bytes(), sizes);
            let whole: String = chunks.iter().map(|chunk| chunk.text.as_str()).collect();
            assert_eq!(whole, text);
            assert_eq!(read(&chunks), (expected(&text), Vec::new()), "{text}");
            let parts = chunks.iter().flat_map(Chunk::parts);
            let filled = parts.filter(|part| !part.documents().unwrap().is_empty());
            if pieces > 1 {
                assert_eq!(filled.count(), pieces, "{chunk}: {text}");
            }
        }
    }
}

#[test]
fn the_memory_of_a_stream_does_not_grow() {
    let text = yaml(1000);
    let sizes = Sizes {
        chunk: 1 << 12,
        ..SMALL
    };
    let chunks = chunks(text.as_bytes(), sizes);
    assert!(chunks.iter().all(|chunk| chunk.text.len() < 1 << 13));
    assert_eq!(read(&chunks).0.len(), 1000);
}

#[test]
fn an_error_takes_only_its_own_item_along() {
    let names = |text: &[u8], sizes: Sizes| {
        let (objects, problems) = read(&chunks(text, sizes));
        let names = objects.iter().map(|(.., object)| {
            let name = object["metadata"]["name"].as_str().unwrap_or("?");
            name.trim_start_matches("größe-").to_owned()
        });
        (names.collect::<Vec<_>>().join(" "), problems)
    };
    for chunk in [1, 1 << 20] {
        let sizes = Sizes { chunk, ..SMALL };
        for text in [yaml(4), json(4)] {
            let named = |index: usize| text.find(&format!("größe-{index}")).unwrap();
            // Broken syntax, and a byte that is not UTF-8.
            for bytes in [&b"\""[..], b"\xff"] {
                let broken = [
                    &text.as_bytes()[..named(1)],
                    bytes,
                    &text.as_bytes()[named(1)..],
                ]
                .concat();
                let (names, problems) = names(&broken, sizes);
                assert_eq!(
                    (names.as_str(), problems.len()),
                    ("0 2 3", 1),
                    "{problems:?}"
                );
            }
            // An end in an item, between items, and behind them.
            for (end, left) in [
                (named(3), "0 1 2"),
                (text[..named(3)].rfind("apiVersion").unwrap() - 2, "0 1 2"),
                (text.find("List").unwrap() - "kind: ".len(), "0 1 2 3"),
            ] {
                let (names, problems) = names(text[..end].trim_end().as_bytes(), sizes);
                assert!(names.starts_with(left.trim_end_matches(" 3")), "{names}");
                assert!(
                    problems.iter().any(|problem| problem.contains("cut off")),
                    "{end} {problems:?}"
                );
            }
        }
    }
}

#[test]
fn only_what_exceeds_the_limit_is_left_out() {
    let small = Sizes {
        chunk: 1,
        piece: 100 << 10,
    };
    let long = "x".repeat(400 << 10);
    let lines = "x\n      ".repeat(50 << 10);
    for text in [yaml(4), json(4), format!("{}---\n{}", yaml(2), yaml(3))] {
        for more in [&long, &lines] {
            if text.starts_with('{') && more == &lines {
                continue;
            }
            let text = text.replacen("größe-1", more, 1);
            let (objects, problems) = read(&chunks(text.as_bytes(), small));
            let count = expected(&text).len() - 1;
            assert_eq!(objects.len(), count);
            assert!(
                objects
                    .iter()
                    .all(|object| expected(&text).contains(object))
            );
            assert_eq!(problems.len(), 1);
            assert!(problems[0].contains("a document is larger than 0 MiB, the limit"));
        }
    }
    // A document that cannot be split.
    let flow = format!(
        "a: 1\n---\n{{a: [{}]}}\n---\nb: 1\n",
        "1, ".repeat(100 << 10)
    );
    let (objects, problems) = read(&chunks(flow.as_bytes(), small));
    assert_eq!(objects.len(), 2);
    assert_eq!((objects[1].1, problems.len()), (5, 1));
    assert!(problems[0].starts_with("2: "), "{problems:?}");
}

#[test]
fn an_error_of_the_reader_ends_the_stream() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::ConnectionReset.into())
        }
    }
    let results: Vec<_> = Stream::new(b"a: 1\n".chain(Failing), SMALL).collect();
    assert!(matches!(results[..], [Err(_)]));
}
