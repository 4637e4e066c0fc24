//! A manifest's documents, and the lines of the field paths in them.

use serde_json::Value;

use crate::reader::{self, Children, Error, Node, Place};

/// One object of a manifest.
#[derive(Debug)]
pub struct Document {
    /// The object, as JSON.
    pub value: Value,
    place: Place,
}

/// All documents of a YAML stream or a JSON text. Empty documents are skipped, and a `List` is replaced by its
/// items.
///
/// # Errors
/// Where the text is not YAML, or is YAML that kubectl would refuse or read only in part (a duplicate key).
pub fn documents(text: &str) -> Result<Vec<Document>, Error> {
    let mut documents = Vec::new();
    for node in reader::read(text)? {
        flatten(node, &mut documents);
    }
    Ok(documents)
}

fn flatten(mut node: Node, documents: &mut Vec<Document>) {
    match take_items(&mut node) {
        Some((values, places)) => {
            for (value, place) in values.into_iter().zip(places) {
                flatten(Node { value, place }, documents);
            }
        }
        None if node.value.is_null() => {}
        None => documents.push(Document { value: node.value, place: node.place }),
    }
}

/// The items of a `List`; `None`, and nothing taken, for any other object.
fn take_items(node: &mut Node) -> Option<(Vec<Value>, Vec<Place>)> {
    let list = node.value.get("kind")? == "List" && node.value.get("apiVersion")? == "v1";
    let Some(Value::Array(values)) = node.value.get_mut("items").filter(|_| list) else {
        return None;
    };
    let Children::Entries(places) = &mut node.place.children else {
        return None;
    };
    let Children::Items(places) = &mut places.get_mut("items")?.children else {
        return None;
    };
    Some((std::mem::take(values), std::mem::take(places)))
}

impl Document {
    /// The object, as JSON.
    pub fn value(&self) -> Value {
        self.value.clone()
    }

    /// The line, from 1, of a field path as Kubernetes prints it (`spec.containers[0].image`,
    /// `metadata.annotations[example.com/key]`), or of its nearest existing ancestor. A mapping's value stands
    /// where its key does.
    pub fn line(&self, path: &str) -> usize {
        let (mut place, mut rest) = (&self.place, path);
        while let Some(step) = place.step(rest) {
            (place, rest) = step;
        }
        place.line
    }
}

impl Place {
    /// The child that a path's first segment names, and the rest of the path.
    fn step<'p>(&self, path: &'p str) -> Option<(&Self, &'p str)> {
        let bracketed = path.strip_prefix('[');
        match &self.children {
            Children::Items(items) => {
                let (index, rest) = bracketed?.split_once(']')?;
                Some((items.get(index.parse::<usize>().ok()?)?, rest))
            }
            Children::Entries(entries) => match bracketed {
                Some(path) => path.match_indices(']').find_map(|(end, _)| {
                    let (key, rest) = path.split_at(end);
                    Some((entries.get(key)?, rest.strip_prefix(']')?))
                }),
                None if path.is_empty() => None,
                None => {
                    let path = path.strip_prefix('.').unwrap_or(path);
                    let (key, rest) = path.split_at(path.find(['.', '[']).unwrap_or(path.len()));
                    Some((entries.get(key)?, rest))
                }
            },
            Children::None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

    use super::*;
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

    #[test]
    fn a_path_stands_at_its_key_or_at_its_nearest_ancestor() {
        let documents = documents(POD).unwrap();
        for (path, line) in [
            ("", 2),
            ("apiVersion", 2),
            ("kind.x.y", 3),
            ("metadata", 4),
            ("metadata.annotations[k8s.aliyun.com/eci-host-sysctls]", 6),
            ("metadata.annotations[a[0].b]c]", 8),
            ("metadata.annotations[last]", 11),
            ("metadata.annotations.last", 11),
            ("metadata.annotations[absent]", 5),
            ("spec.securityContext.sysctls[0]", 13),
            ("spec.securityContext.sysctls[0].value", 14),
            ("spec.securityContext.sysctls[7].value", 13),
            ("spec.containers", 17),
            ("spec.containers[0]", 18),
            ("spec.containers[0].securityContext.privileged", 20),
            ("spec.containers[0].securityContext.runAsGroup", 19),
            ("spec.containers[1]", 22),
            ("spec.containers[1].securityContext.capabilities.add[0]", 26),
            ("spec.containers[1].securityContext.capabilities.add[1]", 27),
            ("spec.containers[1].securityContext.capabilities.add[2]", 28),
            ("spec.containers[2]", 29),
            ("spec.containers[2].image", 29),
            ("spec.containers[3].image", 31),
            ("spec.containers[4].name", 33),
            ("spec.containers[5]", 34),
            ("spec.containers[5].image", 35),
            ("spec.containers[x]", 17),
            ("spec.containers[0", 17),
            ("spec.containers.0", 17),
            ("spec[0]", 36),
            ("absent", 2),
            ("][.[", 2),
        ] {
            assert_eq!(documents[0].line(path), line, "{path}");
        }
    }

    #[test]
    fn every_document_counts_its_lines_from_the_top_of_the_file() {
        let text = "---\n# nothing\n---\na: 1\n---\n...\n---\n~\n---\nb:\n  c: 2\n";
        let documents = documents(text).unwrap();
        let values: Vec<_> = documents.iter().map(|document| &document.value).collect();
        assert_eq!(values, [&json!({ "a": 1 }), &json!({ "b": { "c": 2 } })]);
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
        let kinds: Vec<_> =
            documents.iter().map(|document| document.value["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["A", "B", "List", "List"]);
        assert_eq!(documents[0].line("x"), 5);
        assert_eq!(documents[1].line(""), 8);
        assert_eq!(documents[3].line("items"), 17);
    }

    #[test]
    fn json_has_lines_too() {
        let documents =
            documents("{\n  \"kind\": \"Pod\",\n  \"spec\": {\n    \"a\": [\n      1\n    ]\n  }\n}\n")
                .unwrap();
        assert_eq!(documents[0].line("spec.a[0]"), 5);
        assert_eq!(documents[0].line("spec.a"), 4);
    }

    #[test]
    fn line_ends_of_every_kind_count_once() {
        for text in ["a: 1\nb: 2\nc: 3\n", "a: 1\r\nb: 2\r\nc: 3\r\n", "\u{feff}a: 1\nb: 2\nc: 3"] {
            assert_eq!(documents(text).unwrap()[0].line("c"), 3, "{text:?}");
        }
    }

    #[test]
    fn nothing_gives_no_document() {
        for text in ["", "\n", "# only a comment", "---\n---\n", "null", "\u{feff}"] {
            assert!(documents(text).unwrap().is_empty(), "{text:?}");
        }
    }
}
