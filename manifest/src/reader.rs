//! YAML events to trees: anchors, aliases, merge keys and tags are resolved here, and here are the limits that keep
//! a hostile file from taking the process down.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use granit_parser::{
    ErrorKind, Event, Marker, Parser, ScalarStyle, Span, StrInput, StructureStyle, Tag, options,
};
use serde_json::Value;
use thiserror::Error;

use crate::scalar::{self, Meaning};
use crate::tree::{Entries, Entry, Id, Kind, Node, Style, Tree};

/// How deep collections may be nested, aliases followed.
const MAX_DEPTH: usize = 200;
/// What the aliases of a document may stand for, in mebibytes of memory.
const MAX_ALIASED_MIB: usize = 32;
/// What a node takes besides its text, in bytes.
const NODE_WEIGHT: usize = 32;

/// What is wrong with a manifest, and where.
#[derive(Debug, Error)]
#[error("line {line}, column {column}: {problem}")]
pub struct Error {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The byte of the text where it is.
    pub offset: usize,
    /// What is wrong.
    pub problem: Problem,
}

/// The ways in which a text fails to be a manifest.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Problem {
    /// Not YAML.
    #[error("{0}")]
    Syntax(String),
    /// A mapping sets the same key twice.
    #[error("the key `{0}` is already set in this mapping")]
    DuplicateKey(String),
    /// A key that JSON cannot have: null, a sequence or a mapping.
    #[error("a mapping key must be a string, a number or a boolean")]
    Key,
    /// A merge key with anything but mappings.
    #[error("`<<` takes a mapping or a sequence of mappings")]
    Merge,
    /// `.inf` or `.nan`.
    #[error("JSON has no number `{0}`")]
    Number(String),
    /// A scalar that its tag does not fit, or a tag without a JSON type.
    #[error("`{text}` cannot be read as `!!{tag}`")]
    Tag {
        /// The tag, without the exclamation marks.
        tag: String,
        /// The scalar.
        text: String,
    },
    /// An alias within the node that its anchor names.
    #[error("an anchor's value contains itself")]
    Recursion,
    /// Too many nested collections.
    #[error("nested deeper than {MAX_DEPTH} levels")]
    Depth,
    /// Aliases that multiply beyond measure.
    #[error("aliases expand to more than {MAX_ALIASED_MIB} MiB")]
    Aliases,
}

/// A part of a text that is read by itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part<'t> {
    pub(crate) text: &'t str,
    /// Where it begins in the whole text, in bytes.
    pub(crate) offset: usize,
}

impl<'t> Part<'t> {
    fn error(&self, problem: Problem, mark: Marker) -> Error {
        Error {
            line: mark.line(),
            column: mark.col() + 1,
            offset: self.byte(mark),
            problem,
        }
    }

    fn byte(&self, mark: Marker) -> usize {
        self.offset + mark.byte_offset().unwrap_or_default()
    }

    fn span(&self, span: &Span) -> Range<usize> {
        self.byte(span.start)..self.byte(span.end)
    }
}

/// Calls `each` with every tree of a part and its root, the empty ones included.
pub(crate) fn read<'t>(part: Part<'t>, mut each: impl FnMut(Tree<'t>, Id)) -> Result<(), Error> {
    let events = Parser::new_from_str_with_options(part.text, options! { emit_comments: false });
    let mut reader = Reader {
        part,
        events,
        tree: Tree::for_text(part.text.len()),
        anchors: HashMap::new(),
        aliased: 0,
        depth: 0,
        last: Last {
            mark: Marker::default(),
            is_merge: false,
            is_end: false,
        },
    };
    loop {
        match reader.node()? {
            Some(root) => {
                // Anchors do not reach across documents.
                reader.anchors.clear();
                reader.aliased = 0;
                each(std::mem::take(&mut reader.tree), root);
            }
            None if reader.last.is_end => return Ok(()),
            None => {}
        }
    }
}

struct Reader<'t> {
    part: Part<'t>,
    events: Parser<'t, StrInput<'t>>,
    tree: Tree<'t>,
    /// The nodes that anchors name; entered when the node is complete.
    anchors: HashMap<usize, Id>,
    /// What the aliases so far stand for, in bytes.
    aliased: usize,
    depth: usize,
    last: Last,
}

/// What [`Reader::node`] tells of the event that it took.
#[derive(Clone, Copy)]
struct Last {
    /// Where it begins; of one that ends a collection, where it ends.
    mark: Marker,
    /// Whether it is a merge key.
    is_merge: bool,
    /// Whether there are no more.
    is_end: bool,
}

impl<'t> Reader<'t> {
    /// The node that begins with the next event; `None` where that begins none.
    fn node(&mut self) -> Result<Option<Id>, Error> {
        // Events are large: each is looked at where it arrives, and handed to nobody.
        let (event, span) = match self.events.next_event() {
            Some(Ok(event)) => event,
            Some(Err(error)) => {
                let problem = match error.kind() {
                    // The parser looks ahead, and so may meet its own limit first. That lies above ours.
                    ErrorKind::RecursionLimitExceeded => Problem::Depth,
                    _ => Problem::Syntax(error.info()),
                };
                return Err(self.part.error(problem, *error.marker()));
            }
            None => {
                self.last.is_end = true;
                return Ok(None);
            }
        };
        let mark = span.start;
        let mut is_merge = false;
        let (node, anchor) = match event {
            Event::Alias(id) => (self.alias(id, &span)?, 0),
            Event::Scalar(text, style, anchor, tag) => {
                is_merge = style == ScalarStyle::Plain && tag.is_none() && text == "<<";
                let span = self.part.span(&span);
                let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                let weight = NODE_WEIGHT + text.len();
                let kind = scalar(text, style, tag.as_deref());
                let kind = kind.map_err(|problem| self.part.error(problem, mark))?;
                let (style, span) = match is_block {
                    true => (Style::Block, self.block(span)),
                    false => (Style::Flow, span),
                };
                (
                    Node {
                        kind,
                        span,
                        style,
                        weight,
                        depth: 0,
                    },
                    anchor,
                )
            }
            Event::SequenceStart(style, anchor, _) => {
                (self.nested(mark, style, Self::items)?, anchor)
            }
            Event::MappingStart(style, anchor, _) => {
                (self.nested(mark, style, Self::entries)?, anchor)
            }
            _ => {
                self.last.mark = span.end;
                return Ok(None);
            }
        };
        let id = self.tree.add(node);
        if anchor > 0 {
            self.anchors.insert(anchor, id);
        }
        self.last = Last {
            mark,
            is_merge,
            is_end: false,
        };
        Ok(Some(id))
    }

    /// The bytes of a block scalar's content, without the indentation of what follows.
    fn block(&self, span: Range<usize>) -> Range<usize> {
        let within = span.start - self.part.offset..span.end - self.part.offset;
        let content = self.part.text.get(within).unwrap_or_default();
        span.start..span.start + content.trim_end_matches([' ', '\t']).len()
    }

    fn alias(&mut self, id: usize, span: &Span) -> Result<Node<'t>, Error> {
        let Some(&target) = self.anchors.get(&id) else {
            return Err(self.part.error(Problem::Recursion, span.start));
        };
        let Node { weight, depth, .. } = *self.tree.node(target);
        self.aliased = self.aliased.saturating_add(weight);
        if self.aliased > MAX_ALIASED_MIB << 20 {
            return Err(self.part.error(Problem::Aliases, span.start));
        }
        if self.depth + depth > MAX_DEPTH {
            return Err(self.part.error(Problem::Depth, span.start));
        }
        Ok(Node {
            kind: Kind::Alias(target),
            span: self.part.span(span),
            style: Style::Flow,
            weight,
            depth,
        })
    }

    fn nested(
        &mut self,
        mark: Marker,
        style: StructureStyle,
        read: fn(&mut Self) -> Result<(Kind<'t>, Content), Error>,
    ) -> Result<Node<'t>, Error> {
        if self.depth == MAX_DEPTH {
            return Err(self.part.error(Problem::Depth, mark));
        }
        self.depth += 1;
        let (kind, content) = read(self)?;
        self.depth -= 1;
        let start = self.part.byte(mark);
        let (style, span) = match style {
            StructureStyle::Flow => (Style::Flow, start..self.part.byte(self.last.mark)),
            StructureStyle::Block => (Style::Block, content.children.unwrap_or(start..start)),
        };
        Ok(Node {
            kind,
            span,
            style,
            weight: content.weight + NODE_WEIGHT,
            depth: content.depth + 1,
        })
    }

    fn items(&mut self) -> Result<(Kind<'t>, Content), Error> {
        let (mut items, mut content) = (Vec::new(), Content::default());
        while let Some(item) = self.node()? {
            let node = self.tree.node(item);
            content.add(node, node.span.start);
            items.push(item);
        }
        Ok((Kind::Items(items), content))
    }

    /// The entries of a mapping. As in go-yaml v2, a merge key overrides what stands before it.
    fn entries(&mut self) -> Result<(Kind<'t>, Content), Error> {
        let (mut entries, mut content) = (Entries::default(), Content::default());
        // The mapping's own keys that a merge key replaced: they may not be set again either.
        let mut replaced = HashSet::new();
        while let Some(key) = self.node()? {
            let Last { mark, is_merge, .. } = self.last;
            let key_span = self.tree.node(key).span.clone();
            let Some(value) = self.node()? else {
                return Err(self
                    .part
                    .error(Problem::Syntax("a key without a value".to_owned()), mark));
            };
            content.add(self.tree.node(value), key_span.start);
            if is_merge {
                let merged = self.merge(&mut entries, value, &key_span, &mut replaced);
                merged.ok_or_else(|| self.part.error(Problem::Merge, mark))?;
                continue;
            }
            let key = self
                .key(key)
                .ok_or_else(|| self.part.error(Problem::Key, mark))?;
            let there = entries.get(&key);
            if there.is_some_and(|there| !there.is_merged) || replaced.contains(&key) {
                return Err(self
                    .part
                    .error(Problem::DuplicateKey(key.into_owned()), mark));
            }
            content.weight += key.len();
            entries.insert(Entry {
                key,
                key_span,
                value,
                is_merged: false,
            });
        }
        Ok((Kind::Entries(entries), content))
    }

    /// Takes over a mapping, or several of which the earlier ones prevail; `None` for anything else.
    fn merge(
        &self,
        entries: &mut Entries<'t>,
        value: Id,
        at: &Range<usize>,
        replaced: &mut HashSet<Cow<'t, str>>,
    ) -> Option<()> {
        let sources = match &self.tree.resolved(value).kind {
            Kind::Entries(_) => vec![value],
            Kind::Items(items) => items.iter().rev().copied().collect(),
            _ => return None,
        };
        for source in sources {
            let Kind::Entries(merged) = &self.tree.resolved(source).kind else {
                return None;
            };
            for entry in merged.iter() {
                let entry = Entry {
                    key_span: at.clone(),
                    is_merged: true,
                    ..entry.clone()
                };
                let own = entries.insert(entry).filter(|own| !own.is_merged);
                replaced.extend(own.map(|own| own.key));
            }
        }
        Some(())
    }

    fn key(&self, id: Id) -> Option<Cow<'t, str>> {
        match &self.tree.resolved(id).kind {
            Kind::Text(text) => Some(text.clone()),
            Kind::Value(Value::Null) | Kind::Items(_) | Kind::Entries(_) | Kind::Alias(_) => None,
            Kind::Value(value) => Some(value.to_string().into()),
        }
    }
}

/// What is gathered over the children of a collection.
#[derive(Default)]
struct Content {
    /// From the first child to the last.
    children: Option<Range<usize>>,
    weight: usize,
    depth: usize,
}

impl Content {
    fn add(&mut self, child: &Node<'_>, start: usize) {
        let children = self.children.get_or_insert(start..start);
        children.end = children.end.max(child.span.end);
        self.weight = self.weight.saturating_add(child.weight);
        self.depth = self.depth.max(child.depth);
    }
}

fn scalar<'t>(
    text: Cow<'t, str>,
    style: ScalarStyle,
    tag: Option<&Tag>,
) -> Result<Kind<'t>, Problem> {
    let meaning = match (tag, style) {
        (None, ScalarStyle::Plain) => scalar::resolve(&text),
        (None, _) => Meaning::Text,
        (Some(tag), _) => match tag.suffix_in_namespace("tag:yaml.org,2002:") {
            None => Meaning::Text,
            Some(tag) => tagged(&text, &tag)?,
        },
    };
    match meaning {
        Meaning::Value(value) => Ok(Kind::Value(value)),
        Meaning::Text => Ok(Kind::Text(text)),
        Meaning::None => Err(Problem::Number(text.into_owned())),
    }
}

/// What a scalar with a tag of YAML's own means.
fn tagged(text: &str, tag: &str) -> Result<Meaning, Problem> {
    let fits: fn(&Value) -> bool = match tag {
        "str" | "timestamp" => return Ok(Meaning::Text),
        "null" => Value::is_null,
        "bool" => Value::is_boolean,
        "int" => Value::is_i64,
        "float" => Value::is_number,
        _ => |_| false,
    };
    match scalar::resolve(text) {
        Meaning::Value(value) if !fits(&value) => {}
        Meaning::Text => {}
        meaning => return Ok(meaning),
    }
    Err(Problem::Tag {
        tag: tag.to_owned(),
        text: text.to_owned(),
    })
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

    fn read(text: &str) -> Result<Vec<Value>, Error> {
        let mut values = Vec::new();
        let (offset, text) = text
            .strip_prefix('\u{feff}')
            .map_or((0, text), |text| (3, text));
        super::read(Part { text, offset }, |tree, root| {
            values.push(tree.value(root))
        })?;
        Ok(values)
    }

    fn value(text: &str) -> Value {
        read(text).unwrap().remove(0)
    }

    #[test]
    fn quotes_blocks_and_tags_decide_before_the_text_does() {
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
    fn keys_become_text() {
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
    fn refusals_name_the_place_and_the_matter() {
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
    fn alias_bombs_are_defused() {
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
    fn what_an_alias_stands_for_is_counted_by_document() {
        let document = format!(
            "- &a {}\n- [{}]\n",
            "x".repeat(1 << 16),
            vec!["*a"; 400].join(", ")
        );
        assert!(read(&[document.as_str(); 3].join("---\n")).is_ok());
        assert_eq!(read("- &a 1\n---\n- *a\n").unwrap_err().line, 3);
    }
}
