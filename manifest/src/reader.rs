//! YAML events to JSON values with the line of every node: anchors, aliases, merge keys and tags are resolved
//! here, and here are the limits that keep a hostile file from taking the process down.

use std::collections::{BTreeMap, HashMap, HashSet};

use granit_parser::{Event, Marker, Parser, ScalarStyle, Span, Tag, options};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::scalar;

/// How deep collections may be nested, aliases followed.
const MAX_DEPTH: usize = 200;
/// How many nodes aliases may stand for, all documents together.
const MAX_ALIASED_NODES: usize = 1_000_000;

/// What is wrong with a manifest, and where.
#[derive(Debug, Error)]
#[error("line {line}, column {column}: {problem}")]
pub struct Error {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
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
    #[error("aliases expand to more than {MAX_ALIASED_NODES} nodes")]
    Aliases,
}

impl Problem {
    fn at(self, mark: Marker) -> Error {
        Error { line: mark.line(), column: mark.col() + 1, problem: self }
    }
}

/// A value, and where it and everything in it stands.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) place: Place,
}

/// The line of a node, and those of its children.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) children: Children,
}

/// The places in a node, in the node's own shape.
#[derive(Debug)]
pub(crate) enum Children {
    None,
    Items(Vec<Place>),
    Entries(BTreeMap<String, Place>),
}

/// The root nodes of all documents, the empty ones included.
pub(crate) fn read(text: &str) -> Result<Vec<Node>, Error> {
    let events = Parser::new_from_str_with_options(without_mark(text), options! { emit_comments: false })
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| Problem::Syntax(error.info()).at(*error.marker()))?;
    let mut reader =
        Reader { events: &events, next: 0, anchors: HashMap::new(), alias: None, aliased: 0, depth: 0 };
    let mut roots = Vec::new();
    while let Some((event, _)) = events.get(reader.next) {
        if event.is_node() {
            roots.push(reader.node()?);
        } else {
            reader.next += 1;
        }
    }
    Ok(roots)
}

/// The comments of the first document of a text that [`read`] can read, each with its line and without its `#`.
pub(crate) fn comments(text: &str) -> Vec<(usize, String)> {
    let options = options! { max_buffered_comment_events: usize::MAX };
    Parser::new_from_str_with_options(without_mark(text), options)
        .map_while(Result::ok)
        .take_while(|(event, _)| !matches!(event, Event::DocumentEnd))
        .filter_map(|(event, span)| match event {
            Event::Comment(text, _) => Some((span.start.line(), text.into_owned())),
            _ => None,
        })
        .collect()
}

fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

struct Reader<'a> {
    events: &'a [(Event<'a>, Span)],
    next: usize,
    /// The event with which each anchored node begins; entered when the node is complete.
    anchors: HashMap<usize, usize>,
    /// The outermost alias that is being followed.
    alias: Option<Marker>,
    aliased: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    /// The node that begins with the next event.
    fn node(&mut self) -> Result<Node, Error> {
        let begin = self.next;
        let Some((event, span)) = self.events.get(begin) else {
            return Err(Problem::Syntax("unexpected end".into()).at(Marker::default()));
        };
        self.next += 1;
        let mark = self.alias.unwrap_or(span.start);
        if self.alias.is_some() {
            self.aliased += 1;
            if self.aliased > MAX_ALIASED_NODES {
                return Err(Problem::Aliases.at(mark));
            }
        }
        let (value, children) = match event {
            Event::Alias(id) => return self.follow(*id, mark),
            Event::Scalar(text, style, _, tag) => {
                let value = scalar_value(text, *style, tag.as_deref()).map_err(|problem| problem.at(mark))?;
                (value, Children::None)
            }
            Event::SequenceStart(..) => self.nested(mark, Self::items)?,
            _ => self.nested(mark, Self::entries)?,
        };
        if let Some(id) = event.anchor_id() {
            self.anchors.insert(id, begin);
        }
        Ok(Node { value, place: Place { line: mark.line(), children } })
    }

    /// The node that an alias stands for: its events are read again, at the place of the alias.
    fn follow(&mut self, id: usize, mark: Marker) -> Result<Node, Error> {
        let Some(&begin) = self.anchors.get(&id) else {
            return Err(Problem::Recursion.at(mark));
        };
        let next = std::mem::replace(&mut self.next, begin);
        let outer = self.alias.replace(mark);
        let node = self.node();
        self.next = next;
        self.alias = outer;
        node
    }

    fn nested<T>(&mut self, mark: Marker, read: fn(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        if self.depth == MAX_DEPTH {
            return Err(Problem::Depth.at(mark));
        }
        self.depth += 1;
        let content = read(self);
        self.depth -= 1;
        content
    }

    /// Whether the collection goes on; its end is consumed.
    fn more(&mut self) -> bool {
        let more = self.events.get(self.next).is_some_and(|(event, _)| event.is_node());
        self.next += usize::from(!more);
        more
    }

    fn items(&mut self) -> Result<(Value, Children), Error> {
        let (mut values, mut places) = (Vec::new(), Vec::new());
        while self.more() {
            let item = self.node()?;
            values.push(item.value);
            places.push(item.place);
        }
        Ok((values.into(), Children::Items(places)))
    }

    /// The entries of a mapping. As in go-yaml v2, a merge key overrides what stands before it.
    fn entries(&mut self) -> Result<(Value, Children), Error> {
        let mut entries = Entries::default();
        let mut own = HashSet::new();
        while self.more() {
            let (merge, mark) = match self.events.get(self.next) {
                Some((event, span)) => (is_merge(event), self.alias.unwrap_or(span.start)),
                None => (false, Marker::default()),
            };
            let key = self.node()?.value;
            let Node { value, mut place } = self.node()?;
            if merge {
                entries.merge(value, place.children).ok_or_else(|| Problem::Merge.at(mark))?;
                continue;
            }
            let key = key_text(key).ok_or_else(|| Problem::Key.at(mark))?;
            if !own.insert(key.clone()) {
                return Err(Problem::DuplicateKey(key).at(mark));
            }
            place.line = mark.line();
            entries.insert(key, value, place);
        }
        Ok((entries.values.into(), Children::Entries(entries.places)))
    }
}

#[derive(Default)]
struct Entries {
    values: Map<String, Value>,
    places: BTreeMap<String, Place>,
}

impl Entries {
    fn insert(&mut self, key: String, value: Value, place: Place) {
        self.values.insert(key.clone(), value);
        self.places.insert(key, place);
    }

    /// Takes over a mapping, or several of which the earlier ones prevail; `None` for anything else.
    fn merge(&mut self, value: Value, children: Children) -> Option<()> {
        match (value, children) {
            (Value::Object(values), Children::Entries(places)) => {
                self.values.extend(values);
                self.places.extend(places);
                Some(())
            }
            (Value::Array(values), Children::Items(places)) => {
                values.into_iter().zip(places).rev().try_for_each(|(value, place)| {
                    value.is_object().then(|| self.merge(value, place.children)).flatten()
                })
            }
            _ => None,
        }
    }
}

fn is_merge(event: &Event) -> bool {
    matches!(event, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<")
}

fn key_text(key: Value) -> Option<String> {
    match key {
        Value::String(text) => Some(text),
        Value::Bool(_) | Value::Number(_) => Some(key.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn scalar_value(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, Problem> {
    let resolve = || scalar::resolve(text).ok_or_else(|| Problem::Number(text.to_string()));
    let Some(tag) = tag else {
        return if style == ScalarStyle::Plain { resolve() } else { Ok(text.into()) };
    };
    let Some(tag) = tag.suffix_in_namespace("tag:yaml.org,2002:") else {
        return Ok(text.into());
    };
    let fits = match tag.as_ref() {
        "str" | "timestamp" => return Ok(text.into()),
        "null" => Value::is_null,
        "bool" => Value::is_boolean,
        "int" => Value::is_i64,
        "float" => Value::is_number,
        _ => |_: &Value| false,
    };
    let value = resolve()?;
    if fits(&value) { Ok(value) } else { Err(Problem::Tag { tag: tag.into_owned(), text: text.to_string() }) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

    use super::*;
    use serde_json::json;

    fn value(text: &str) -> Value {
        read(text).unwrap().remove(0).value
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
            ("{\"a\":1,\"b\":[1.0,\"\\ud83c\\udfb5\"]}", json!({ "a": 1, "b": [1, "🎵"] })),
            ("{\n\t\"a\":\t[\n\t\ttrue\n\t]\n}", json!({ "a": [true] })),
            ("\u{feff}a: 1\r\nb: |\r\n  x\r\n  y\r\n", json!({ "a": 1, "b": "x\ny\n" })),
        ] {
            assert_eq!(value(text), expected, "{text}");
        }
    }

    #[test]
    fn keys_become_text() {
        let expected = json!({ "1": 0, "16": 0, "true": 0, "1.5": 0, "a b": 0, "<<": 0 });
        assert_eq!(value("{1: 0, 0x10: 0, on: 0, 1.5: 0, a b: 0, '<<': 0}"), expected);
    }

    #[test]
    fn aliases_and_merge_keys_as_in_go_yaml() {
        for (text, expected) in [
            ("[&a {x: [1]}, *a, *a]", json!([{ "x": [1] }, { "x": [1] }, { "x": [1] }])),
            ("[&a 1, &b [*a], *b, &a 2, *a, *b]", json!([1, [1], [1], 2, 2, [1]])),
            ("{a: &k key, *k : 1}", json!({ "a": "key", "key": 1 })),
            ("[&m {p: 1, q: 2}, {<<: *m, p: 5}]", json!([{ "p": 1, "q": 2 }, { "p": 5, "q": 2 }])),
            ("[&m {p: 1, q: 2}, {p: 5, <<: *m}]", json!([{ "p": 1, "q": 2 }, { "p": 1, "q": 2 }])),
            ("{<<: [{p: 1, z: 2}, {p: 3, r: 4}]}", json!({ "p": 1, "z": 2, "r": 4 })),
            ("{<<: {p: 1}}", json!({ "p": 1 })),
        ] {
            assert_eq!(value(text), expected, "{text}");
        }
    }

    #[test]
    fn refusals_name_the_place_and_the_matter() {
        for (text, expected) in [
            ("a: 1\nb: 2\na: 3", "line 3, column 1: the key `a` is already set in this mapping"),
            ("{1: x, \"1\": y}", "line 1, column 8: the key `1` is already set in this mapping"),
            ("a: 1\n? [b]\n: c", "line 2, column 3: a mapping key must be a string, a number or a boolean"),
            ("~: 1", "line 1, column 1: a mapping key must be a string, a number or a boolean"),
            ("a: .inf", "line 1, column 4: JSON has no number `.inf`"),
            ("a: !!int x", "line 1, column 10: `x` cannot be read as `!!int`"),
            ("a: !!binary eA==", "line 1, column 13: `eA==` cannot be read as `!!binary`"),
            ("<<: 5", "line 1, column 1: `<<` takes a mapping or a sequence of mappings"),
            ("<<: [[{a: 1}]]", "line 1, column 1: `<<` takes a mapping or a sequence of mappings"),
            ("a: &a [*a]", "line 1, column 8: an anchor's value contains itself"),
            ("a: *b", "line 1, column 4: while parsing node, found unknown anchor"),
            ("a: [1", "line 1, column 4: unclosed bracket '['"),
            ("a: b: c", "line 1, column 5: mapping values are not allowed in this context"),
            ("a: 1\n- b", "line 2, column 3: while parsing a block mapping, did not find expected key"),
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
        assert_eq!(read(&flow(MAX_DEPTH + 1)).unwrap_err().problem, Problem::Depth);
        assert_eq!(read(&block(MAX_DEPTH + 1)).unwrap_err().problem, Problem::Depth);
        for text in [flow(100_000), block(100_000), "[".repeat(100_000), "{a: ".repeat(100_000)] {
            assert!(read(&text).is_err());
        }
        let half = MAX_DEPTH / 2;
        let folded = format!("- &a {}\n- {}*a{}", flow(half), "[".repeat(half), "]".repeat(half));
        assert_eq!(read(&folded).unwrap_err().problem, Problem::Depth);
    }

    #[test]
    fn alias_bombs_are_defused() {
        let level = |n: usize| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 10].join(", "));
        let bomb = |levels| (1..=levels).fold("a0: &a0 x\n".to_owned(), |text, n| text + &level(n));
        assert!(read(&bomb(3)).is_ok());
        assert_eq!(read(&bomb(9)).unwrap_err().problem, Problem::Aliases);
        let merges = (1..40).fold("a0: &a0 {x: 1}\n".to_owned(), |text, n| {
            format!("{text}a{n}: &a{n} {{<<: [*a{0}, *a{0}]}}\n", n - 1)
        });
        assert_eq!(read(&merges).unwrap_err().problem, Problem::Aliases);
    }

    #[test]
    fn only_comments_of_the_first_document_are_told() {
        let text = "#! top\na: 1 # one\nb: | #two\n  # text\nc: '# text'\n---\nd: 1 # second\n";
        let expected = [(1, "! top"), (2, " one"), (3, "two")];
        assert_eq!(comments(text), expected.map(|(line, text)| (line, text.to_owned())));
    }
}
