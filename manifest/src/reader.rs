//! Builds trees from YAML events: resolves anchors, aliases, merge keys and tags, with limits that protect the process
//! from hostile files.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use granit_parser::{
    ErrorKind, Event, Marker, Parser, ScalarStyle, Span, StrInput, StructureStyle, Tag, options,
};
use serde_json::Value;

use crate::error::{Error, MAX_ALIASED_MIB, MAX_DEPTH, Problem};
use crate::part::Part;
use crate::scalar::{self, Meaning};
use crate::tree::{Entries, Entry, Id, Kind, Node, Style, Tree};

/// The memory of a node without its text, in bytes.
const NODE_WEIGHT: usize = 32;

/// Calls `each` with every tree of a part and its root, null documents included. Errors have the lines of the part.
pub(crate) fn read<'t>(part: &Part<'t>, mut each: impl FnMut(Tree<'t>, Id)) -> Result<(), Error> {
    let text = part.text();
    let events = Parser::new_from_str_with_options(text, options! { emit_comments: false });
    let mut reader = Reader {
        text,
        offset: part.span.start,
        events,
        tree: Tree::for_text(text.len()),
        anchors: HashMap::new(),
        aliased: 0,
        depth: 0,
        last: Last {
            mark: Marker::default(),
            is_merge: false,
            is_end: false,
        },
    };
    let mut after_returns = text.split('\r').skip(1);
    let has_lone_returns = after_returns.any(|rest| !rest.starts_with('\n'));
    loop {
        match reader.node()? {
            Some(root) => {
                // An anchor is valid only in its document.
                reader.anchors.clear();
                reader.aliased = 0;
                let mut tree = std::mem::take(&mut reader.tree);
                tree.has_lone_returns = has_lone_returns;
                each(tree, root);
            }
            None if reader.last.is_end => return Ok(()),
            None => {}
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    /// The position of the text in the whole text, in bytes.
    offset: usize,
    events: Parser<'t, StrInput<'t>>,
    tree: Tree<'t>,
    /// The nodes of the anchors so far. A node is added when it is complete.
    anchors: HashMap<usize, Id>,
    /// The size of the aliases so far, expanded, in bytes.
    aliased: usize,
    depth: usize,
    last: Last,
}

/// The last event that [`Reader::node`] took.
#[derive(Clone, Copy)]
struct Last {
    /// Its start, or its end if it ends a collection.
    mark: Marker,
    /// True if it is a merge key.
    is_merge: bool,
    /// True if there are no more events.
    is_end: bool,
}

impl<'t> Reader<'t> {
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

    /// The node that begins with the next event; `None` if that event does not begin a node.
    fn node(&mut self) -> Result<Option<Id>, Error> {
        // An event is large, so it is not passed to another function.
        let (event, span) = match self.events.next_event() {
            Some(Ok(event)) => event,
            Some(Err(error)) => {
                let problem = match error.kind() {
                    // The parser reads ahead, so it may reach its own, higher limit first.
                    ErrorKind::RecursionLimitExceeded => Problem::Depth,
                    _ => Problem::Syntax(error.info()),
                };
                return Err(self.error(problem, *error.marker()));
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
                let span = self.span(&span);
                let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                let weight = NODE_WEIGHT + text.len();
                let kind = scalar(text, style, tag.as_deref());
                let kind = kind.map_err(|problem| self.error(problem, mark))?;
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

    /// The bytes of a block scalar's content, without the indentation of the next line.
    fn block(&self, span: Range<usize>) -> Range<usize> {
        let within = span.start - self.offset..span.end - self.offset;
        let content = self.text.get(within).unwrap_or_default();
        span.start..span.start + content.trim_end_matches([' ', '\t']).len()
    }

    fn alias(&mut self, id: usize, span: &Span) -> Result<Node<'t>, Error> {
        let Some(&target) = self.anchors.get(&id) else {
            return Err(self.error(Problem::Recursion, span.start));
        };
        let Node { weight, depth, .. } = *self.tree.node(target);
        self.aliased = self.aliased.saturating_add(weight);
        if self.aliased > MAX_ALIASED_MIB << 20 {
            return Err(self.error(Problem::Aliases, span.start));
        }
        if self.depth + depth > MAX_DEPTH {
            return Err(self.error(Problem::Depth, span.start));
        }
        Ok(Node {
            kind: Kind::Alias(target),
            span: self.span(span),
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
            return Err(self.error(Problem::Depth, mark));
        }
        self.depth += 1;
        let (kind, content) = read(self)?;
        self.depth -= 1;
        let start = self.byte(mark);
        let (style, span) = match style {
            StructureStyle::Flow => (Style::Flow, start..self.byte(self.last.mark)),
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

    /// The entries of a mapping. As in go-yaml v2, a merge key overrides the keys before it.
    fn entries(&mut self) -> Result<(Kind<'t>, Content), Error> {
        let (mut entries, mut content) = (Entries::default(), Content::default());
        // The own keys of the mapping that a merge key replaced. To set one of them again is an error too.
        let mut replaced = HashSet::new();
        while let Some(key) = self.node()? {
            let Last { mark, is_merge, .. } = self.last;
            let key_span = self.tree.node(key).span.clone();
            let Some(value) = self.node()? else {
                return Err(self.error(Problem::Syntax("a key without a value".to_owned()), mark));
            };
            content.add(self.tree.node(value), key_span.start);
            if is_merge {
                let merged = self.merge(&mut entries, value, &key_span, &mut replaced);
                merged.ok_or_else(|| self.error(Problem::Merge, mark))?;
                continue;
            }
            let key = self
                .key(key)
                .ok_or_else(|| self.error(Problem::Key, mark))?;
            let there = entries.get(&key);
            if there.is_some_and(|there| !there.is_merged) || replaced.contains(&key) {
                return Err(self.error(Problem::DuplicateKey(key.into_owned()), mark));
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

    /// Adds the entries of a mapping, or of several mappings, of which the first counts; `None` for anything else.
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

/// The sum over the children of a collection.
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

/// The meaning of a scalar with one of YAML's own tags.
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
