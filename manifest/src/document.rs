//! A manifest's documents, and the places of the field paths in them.

use std::ops::Range;
use std::sync::Arc;

use memchr::{memchr_iter, memmem};
use serde::de::IgnoredAny;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::comment::{self, Comment};
use crate::reader::{self, Error};
use crate::tree::{Id, Kind, Tree};

/// One object of a manifest.
#[derive(Debug, Clone)]
pub struct Document<'t> {
    pub(crate) text: &'t str,
    pub(crate) tree: Arc<Tree<'t>>,
    pub(crate) root: Id,
    /// What its list says of it.
    of_list: Option<Arc<OfList>>,
}

/// What a list of one kind, such as a `PodList`, says of its items: where the API server prints them, they do not
/// say it themselves.
#[derive(Debug)]
struct OfList {
    api_version: String,
    kind: String,
}

/// All documents of a YAML stream or a JSON text. Empty documents are skipped, and a `List`, a `PodList` and its like
/// and a sequence of objects are replaced by their items.
///
/// # Errors
/// Where the text is not YAML, or is YAML that kubectl would refuse or read only in part (a duplicate key).
pub fn documents(text: &str) -> Result<Vec<Document<'_>>, Error> {
    let mut all = Vec::new();
    for part in parts(text) {
        all.append(&mut part.documents()?);
    }
    Ok(all)
}

/// A part of a text that is read by itself, as kubectl does: what is wrong with it does not keep the others from
/// being read.
#[derive(Debug, Clone)]
pub struct Part<'t> {
    /// The whole text.
    text: &'t str,
    /// The bytes of it that are the part.
    pub span: Range<usize>,
}

/// The parts of a text: what stands between lines that begin with `---`, which nothing but a document's start does; of
/// JSON objects that follow one another, each.
pub fn parts(text: &str) -> Vec<Part<'_>> {
    let begin = if text.starts_with('\u{feff}') {
        '\u{feff}'.len_utf8()
    } else {
        0
    };
    let mut starts = vec![begin];
    // A directive stands before the line that begins its document.
    let content = text.as_bytes();
    let has_directives = text.get(begin..).is_some_and(|text| text.starts_with('%'))
        || memmem::find(content, b"\n%").is_some();
    if !has_directives {
        let markers = memmem::find_iter(content, b"\n---").filter(|at| {
            let rest = text.get(at + "\n---".len()..).unwrap_or_default();
            rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n'])
        });
        starts.extend(markers.map(|at| at + 1));
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let mut parts = Vec::new();
    for (start, end) in starts.iter().copied().zip(ends) {
        let begins = stream(text.get(start..end).unwrap_or_default());
        let ends = begins
            .iter()
            .skip(1)
            .map(|begin| start + begin)
            .chain([end]);
        parts.extend(begins.iter().zip(ends).map(|(begin, end)| Part {
            text,
            span: start + begin..end,
        }));
    }
    parts
}

/// Where the objects of a JSON stream begin; of anything else, where it does.
fn stream(text: &str) -> Vec<usize> {
    // Two objects meet nowhere else but in a string: most texts need no second look.
    let meet = |at: usize| {
        text.get(..at)
            .is_some_and(|before| before.trim_ascii_end().ends_with('}'))
    };
    if !text.trim_ascii_start().starts_with('{') || !memchr_iter(b'{', text.as_bytes()).any(meet) {
        return vec![0];
    }
    let mut begins = vec![0];
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    while let Some(value) = values.next() {
        begins.push(values.byte_offset());
        let is_object = |begin: &usize| {
            text.get(*begin..)
                .is_some_and(|rest| rest.trim_ascii_start().starts_with('{'))
        };
        if value.is_err() || !begins.iter().rev().nth(1).is_some_and(is_object) {
            return vec![0];
        }
    }
    // Behind the last there is nothing.
    begins.pop();
    begins
}

fn lines_in(text: &str) -> usize {
    memchr_iter(b'\n', text.as_bytes()).count()
}

impl<'t> Part<'t> {
    /// The text of the part.
    pub fn text(&self) -> &'t str {
        self.text.get(self.span.clone()).unwrap_or_default()
    }

    /// The documents of the part, as [`documents`] reads them.
    ///
    /// # Errors
    /// As [`documents`].
    pub fn documents(&self) -> Result<Vec<Document<'t>>, Error> {
        let mut documents = Vec::new();
        let part = reader::Part {
            text: self.text(),
            offset: self.span.start,
        };
        let read = reader::read(part, |tree, root| {
            flatten(self.text, &Arc::new(tree), root, None, &mut documents);
        });
        read.map_err(|error| Error {
            line: error.line + self.lines_before(),
            ..error
        })?;
        Ok(documents)
    }

    /// The comments of the part, as far as it can be read.
    pub fn comments(&self) -> Vec<Comment<'t>> {
        comment::read(reader::Part {
            text: self.text(),
            offset: self.span.start,
        })
    }

    fn lines_before(&self) -> usize {
        lines_in(self.text.get(..self.span.start).unwrap_or_default())
    }
}

fn flatten<'t>(
    text: &'t str,
    tree: &Arc<Tree<'t>>,
    root: Id,
    of_list: Option<&Arc<OfList>>,
    documents: &mut Vec<Document<'t>>,
) {
    match (items(tree, root), &tree.resolved(root).kind) {
        (Some((items, of_list)), _) => {
            items
                .iter()
                .for_each(|item| flatten(text, tree, *item, of_list.as_ref(), documents));
        }
        (None, Kind::Value(Value::Null)) => {}
        (None, _) => {
            documents.push(Document {
                text,
                tree: Arc::clone(tree),
                root,
                of_list: of_list.cloned(),
            });
        }
    }
}

/// The items of a list of objects, and what it says of them; `None` for any other object.
fn items<'n>(tree: &'n Tree<'_>, root: Id) -> Option<(&'n [Id], Option<Arc<OfList>>)> {
    let is_object = |item: &Id| {
        ["apiVersion", "kind"]
            .iter()
            .all(|key| tree.text(*item, &[key]).is_some())
    };
    let entries = match &tree.resolved(root).kind {
        Kind::Items(items) => return items.iter().any(is_object).then_some((items, None)),
        Kind::Entries(entries) => entries,
        _ => return None,
    };
    let Kind::Items(items) = &tree.resolved(entries.get("items")?.value).kind else {
        return None;
    };
    let api_version = tree.text(root, &["apiVersion"])?;
    let is_mapping = |item: &Id| {
        matches!(
            tree.resolved(*item).kind,
            Kind::Entries(_) | Kind::Value(Value::Null)
        )
    };
    match tree.text(root, &["kind"])?.strip_suffix("List")? {
        "" => (api_version == "v1").then_some((items, None)),
        // A list has no name: what has one is an object whose kind happens to end so.
        _ if tree.has(root, &["metadata", "name"]) || !items.iter().all(is_mapping) => None,
        kind => {
            let of_list = OfList {
                api_version: api_version.to_owned(),
                kind: kind.to_owned(),
            };
            Some((items, Some(Arc::new(of_list))))
        }
    }
}

impl Document<'_> {
    /// The object, as a JSON value.
    pub fn value(&self) -> Value {
        let mut value = self.tree.value(self.root);
        if let Value::Object(fields) = &mut value {
            for key in ["apiVersion", "kind"] {
                if let Some(said) = self.said_of_it(&[key]) {
                    fields.insert(key.to_owned(), said.into());
                }
            }
        }
        value
    }

    /// What its list says at the end of these keys, where it does not itself.
    fn said_of_it(&self, keys: &[&str]) -> Option<&str> {
        let of_list = self.of_list.as_ref()?;
        let said = match keys {
            ["apiVersion"] => &of_list.api_version,
            ["kind"] => &of_list.kind,
            _ => return None,
        };
        (!self.tree.has(self.root, keys)).then_some(said)
    }

    /// The string at the end of these keys.
    pub fn text(&self, keys: &[&str]) -> Option<&str> {
        self.tree
            .text(self.root, keys)
            .or_else(|| self.said_of_it(keys))
    }

    /// Whether something other than null stands at the end of these keys.
    pub fn has(&self, keys: &[&str]) -> bool {
        self.tree.has(self.root, keys) || self.said_of_it(keys).is_some()
    }

    /// Whether something in its text is written once and stands in several places: an anchor and its aliases.
    pub fn has_aliases(&self) -> bool {
        self.tree.has_aliases
    }

    /// Whether this is the same place of the same reading of a text.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.tree, &other.tree) && self.root == other.root
    }

    /// The bytes of the text where a field path as Kubernetes prints it (`spec.containers[0].image`,
    /// `metadata.annotations[example.com/key]`) stands, or its nearest existing ancestor: the key, with a value on
    /// its own line; of a list, the item; where the field comes by an alias or a merge key, that.
    pub fn span(&self, path: &str) -> Range<usize> {
        self.tree.find(self.root, path)
    }

    /// The line, from 1, on which [`Document::span`] begins.
    pub fn line(&self, path: &str) -> usize {
        let start = self.span(path).start;
        lines_in(self.text.get(..start).unwrap_or_default()) + 1
    }
}

/// The object, its fields in the order of the manifest.
impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.of_list {
            Some(_) => self.value().serialize(serializer),
            None => Tree::serialize(&self.tree, self.root, serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test may panic"
    )]

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
    fn what_is_wrong_with_one_part_leaves_the_others() {
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
    fn directives_belong_to_the_document_after_them() {
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
        assert_eq!(kinds, ["A", "B", "List", "List"]);
        assert_eq!(documents[0].line("x"), 5);
        assert_eq!(documents[1].line(""), 8);
        assert_eq!(documents[3].line("items"), 17);
    }

    #[test]
    fn a_list_of_one_kind_says_what_its_items_are() {
        let text = "\
apiVersion: apps/v1
kind: DeploymentList
metadata: {resourceVersion: '1'}
items:
- metadata: {name: a}
- kind: Other
  apiVersion:
-
---
apiVersion: example.com/v1
kind: AllowList
metadata: {name: own}
items: [{}]
---
apiVersion: v1
kind: PodList
items: [x]
";
        let values: Vec<_> = documents(text)
            .unwrap()
            .iter()
            .map(Document::value)
            .collect();
        assert_eq!(
            values[..2],
            [
                json!({ "metadata": { "name": "a" }, "apiVersion": "apps/v1", "kind": "Deployment" }),
                json!({ "apiVersion": "apps/v1", "kind": "Other" }),
            ]
        );
        assert_eq!(
            (&values[2]["kind"], &values[3]["kind"]),
            (&json!("AllowList"), &json!("PodList"))
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
    fn a_sequence_of_objects_is_a_list_and_another_is_a_document() {
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
        // What does not end is one text, whose fault is where it is.
        assert_eq!(documents("{\"a\": 1}\n{\"b\": ").unwrap_err().line, 2);
        assert!(documents("{\"a\": 1}\n{} 7\n").is_err());
    }

    #[test]
    fn json_has_lines_too() {
        let documents = documents(
            "{\n  \"kind\": \"Pod\",\n  \"spec\": {\n    \"a\": [\n      1\n    ]\n  }\n}\n",
        )
        .unwrap();
        assert_eq!(documents[0].line("spec.a[0]"), 5);
        assert_eq!(documents[0].line("spec.a"), 4);
    }

    #[test]
    fn line_ends_of_every_kind_count_once() {
        for text in [
            "a: 1\nb: 2\nc: 3\n",
            "a: 1\r\nb: 2\r\nc: 3\r\n",
            "\u{feff}a: 1\nb: 2\nc: 3",
        ] {
            assert_eq!(documents(text).unwrap()[0].line("c"), 3, "{text:?}");
        }
    }

    #[test]
    fn nothing_gives_no_document() {
        for text in [
            "",
            "\n",
            "# only a comment",
            "---\n---\n",
            "null",
            "\u{feff}",
        ] {
            assert!(documents(text).unwrap().is_empty(), "{text:?}");
        }
    }
}
