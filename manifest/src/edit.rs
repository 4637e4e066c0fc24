//! Changing a manifest at a few places: edits of an object become replacements in its text, which leave every other
//! byte as it is. What is written is not read back here: whoever applies the replacements makes sure.

use std::collections::HashMap;
use std::ops::Range;

use memchr::{memchr, memchr_iter};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::document::Document;
use crate::scalar::{self, Meaning};
use crate::tree::{Entries, Entry, Id, Kind, Node, Style, Tree};

/// A change of one place in an object.
#[derive(Debug, Clone)]
pub struct Edit<'e> {
    /// The place.
    pub steps: Vec<Step<'e>>,
    /// The value to set, for which missing mappings (or nulls) on the way are made; `None` removes the place.
    pub to: Option<&'e Value>,
}

/// A step of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'e> {
    /// The entry of a mapping.
    Key(&'e str),
    /// The item of a sequence, from 0.
    Index(usize),
}

/// A text in place of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// The bytes that go.
    pub span: Range<usize>,
    /// What comes.
    pub text: String,
}

/// Why a place of a text is left alone.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{reason}")]
pub struct Unrepairable {
    /// The place.
    pub span: Range<usize>,
    /// What keeps it from being changed.
    pub reason: Reason,
}

/// What keeps a place from being changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Reason {
    /// The place is written elsewhere.
    #[error("it comes from an alias: repair it where the anchor stands")]
    Alias,
    /// The place is written elsewhere.
    #[error("it comes from a merge key: repair it where the anchor stands")]
    Merged,
    /// The place is written in a way that these replacements do not know.
    #[error(
        "it is written in a way that cannot be changed without touching more: repair it by hand"
    )]
    Layout,
    /// Another field would change as well.
    #[error(
        "something else would change too, as where its anchor is used again: repair it by hand"
    )]
    Shared,
}

impl Document<'_> {
    /// The replacements, from the top of the text down, that carry out edits: all of them speak of the object as it
    /// is, so that removals do not shift each other. Of two edits of one place the last counts; one whose place is
    /// not there changes nothing.
    ///
    /// # Errors
    /// Where a place is not written where it stands, or in a way that cannot be changed alone.
    pub fn replacements(&self, edits: &[Edit<'_>]) -> Result<Vec<Replacement>, Unrepairable> {
        let span = self.span("");
        if self.has_lone_return(&span) {
            return Err(Unrepairable {
                span,
                reason: Reason::Layout,
            });
        }
        let mut editor = Editor {
            text: self.text,
            tree: &self.tree,
            is_json: self.tree.node(self.root).style == Style::Flow,
            replacements: Vec::new(),
        };
        let changes: Vec<_> = edits
            .iter()
            .map(|edit| Change {
                steps: &edit.steps,
                to: edit.to,
            })
            .collect();
        editor.change(self.root, Parent::Root, &changes)?;
        let mut replacements = editor.replacements;
        replacements.sort_by_key(|replacement| (replacement.span.start, replacement.span.end));
        Ok(replacements)
    }

    /// Whether a carriage return without a line feed stands in the lines of this span. It ends a line for YAML; nobody
    /// writes it, and nothing here looks for it.
    fn has_lone_return(&self, span: &Range<usize>) -> bool {
        let rest = self.text.get(span.start..).unwrap_or_default().as_bytes();
        let end =
            memchr(b'\n', rest.get(span.len()..).unwrap_or_default()).map(|end| span.len() + end);
        let lines = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        memchr_iter(b'\r', lines).any(|at| !matches!(rest.get(at + 1), None | Some(b'\n')))
    }
}

/// The text with replacements made, which are in order and do not overlap.
pub fn replaced(text: &str, replacements: &[Replacement]) -> String {
    let mut changed = String::with_capacity(text.len());
    let mut done = 0;
    for Replacement { span, text: new } in replacements {
        changed.push_str(text.get(done..span.start).unwrap_or_default());
        changed.push_str(new);
        done = span.end;
    }
    changed.push_str(text.get(done..).unwrap_or_default());
    changed
}

/// An edit as seen from a node.
#[derive(Debug, Clone, Copy)]
struct Change<'c, 'e> {
    steps: &'c [Step<'e>],
    to: Option<&'e Value>,
}

impl<'c, 'e> Change<'c, 'e> {
    fn below(&self) -> Self {
        Self {
            steps: self.steps.get(1..).unwrap_or_default(),
            to: self.to,
        }
    }

    fn key(&self) -> Option<&'e str> {
        match self.steps.first() {
            Some(Step::Key(key)) => Some(key),
            _ => None,
        }
    }

    fn index(&self) -> Option<usize> {
        match self.steps.first() {
            Some(Step::Index(index)) => Some(*index),
            _ => None,
        }
    }
}

/// Changes without steps: the whole node is set or removed. The last one counts.
fn whole<'e>(changes: &[Change<'_, 'e>]) -> Option<Option<&'e Value>> {
    changes
        .iter()
        .rev()
        .find(|change| change.steps.is_empty())
        .map(|change| change.to)
}

/// What a node is in its parent.
#[derive(Clone, Copy)]
enum Parent {
    Root,
    /// The value of an entry; where the entry's key ends.
    Entry(usize),
    Item,
}

/// The extent of a child of a collection, its key included.
struct Child {
    span: Range<usize>,
    is_removed: bool,
}

/// The comment behind an entry, on its line.
enum Comment {
    /// There is none.
    None,
    /// It is the next that stands there, but for a comma where there is one.
    Next { comma: bool },
    /// Something stands between, as the bracket that ends the mapping.
    Further,
}

fn layout(span: Range<usize>) -> Unrepairable {
    Unrepairable {
        span,
        reason: Reason::Layout,
    }
}

struct Editor<'d, 't> {
    text: &'t str,
    tree: &'d Tree<'t>,
    /// Whether the document is written as JSON is.
    is_json: bool,
    replacements: Vec<Replacement>,
}

type Done = Result<(), Unrepairable>;

impl<'t> Editor<'_, 't> {
    fn replace(&mut self, span: Range<usize>, text: impl Into<String>) {
        self.replacements.push(Replacement {
            span,
            text: text.into(),
        });
    }

    fn change(&mut self, id: Id, parent: Parent, changes: &[Change<'_, '_>]) -> Done {
        let node = self.tree.node(id);
        if let Some(Some(value)) = whole(changes) {
            return self.set(node, parent, value);
        }
        match &node.kind {
            Kind::Items(items) => self.items(node, items, parent, changes),
            Kind::Entries(entries) => self.entries(node, entries, parent, changes),
            Kind::Value(Value::Null) => {
                let made = made(changes.iter().copied());
                if made.is_empty() {
                    Ok(())
                } else {
                    self.set(node, parent, &Value::Object(made))
                }
            }
            Kind::Alias(_) => Err(Unrepairable {
                span: node.span.clone(),
                reason: Reason::Alias,
            }),
            Kind::Value(_) | Kind::Text(_) => Ok(()),
        }
    }

    fn items(
        &mut self,
        node: &Node<'_>,
        items: &[Id],
        parent: Parent,
        changes: &[Change<'_, '_>],
    ) -> Done {
        let mut changes_of: HashMap<usize, Vec<Change<'_, '_>>> = HashMap::new();
        for change in changes {
            if let Some(index) = change.index() {
                changes_of.entry(index).or_default().push(change.below());
            }
        }
        let mut children = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let own = changes_of.remove(&index).unwrap_or_default();
            let is_removed = whole(&own) == Some(None);
            if !is_removed && !own.is_empty() {
                self.change(*item, Parent::Item, &own)?;
            }
            children.push((self.tree.node(*item), is_removed));
        }
        if !children.iter().any(|(_, is_removed)| *is_removed) {
            return Ok(());
        }
        let mut extents = Vec::new();
        for (item, is_removed) in children {
            let span = match node.style {
                Style::Flow => item.span.clone(),
                Style::Block => self.dash(item)?..item.span.end,
            };
            extents.push(Child { span, is_removed });
        }
        self.remove(node, &extents, parent, "[]")
    }

    fn entries(
        &mut self,
        node: &Node<'_>,
        entries: &Entries<'_>,
        parent: Parent,
        changes: &[Change<'_, '_>],
    ) -> Done {
        let mut changes_of: HashMap<&str, Vec<Change<'_, '_>>> = HashMap::new();
        for change in changes {
            if let Some(key) = change.key() {
                changes_of.entry(key).or_default().push(change.below());
            }
        }
        let mut extents = Vec::new();
        for entry in entries.iter() {
            let own = changes_of.remove(entry.key.as_ref()).unwrap_or_default();
            if entry.is_merged {
                if own.is_empty() {
                    continue;
                }
                return Err(Unrepairable {
                    span: entry.key_span.clone(),
                    reason: Reason::Merged,
                });
            }
            let is_removed = whole(&own) == Some(None);
            if !is_removed && !own.is_empty() {
                self.change(entry.value, Parent::Entry(entry.key_span.end), &own)?;
            }
            extents.push(Child {
                span: self.extent(entry)?,
                is_removed,
            });
        }
        // What is left has no entry yet.
        let left = changes
            .iter()
            .filter(|change| change.key().is_some_and(|key| changes_of.contains_key(key)));
        let made = made(left.copied());
        let is_changed = extents.iter().any(|child| child.is_removed);
        match (made.is_empty(), is_changed) {
            (true, false) => Ok(()),
            (true, true) => self.remove(node, &extents, parent, "{}"),
            (false, false) => self.insert(node, entries, &extents, made),
            (false, true) => self.exchange(node, extents, parent, &made),
        }
    }

    /// The bytes of an entry, from its key to the end of its value.
    fn extent(&self, entry: &Entry<'_>) -> Result<Range<usize>, Unrepairable> {
        let value = self.tree.node(entry.value);
        let end = if value.span.is_empty() {
            self.colon(entry.key_span.end)?
        } else {
            value.span.end
        };
        Ok(entry.key_span.start..end)
    }

    /// Where the colon after a key ends.
    fn colon(&self, key_end: usize) -> Result<usize, Unrepairable> {
        let rest = self.text.get(key_end..).unwrap_or_default();
        let colon = rest.trim_start_matches([' ', '\t']);
        let end = key_end + rest.len() - colon.len() + 1;
        if colon.starts_with(':') {
            Ok(end)
        } else {
            Err(layout(key_end..key_end))
        }
    }

    /// Where the dash of a block sequence's item stands.
    fn dash(&self, item: &Node<'_>) -> Result<usize, Unrepairable> {
        let line = self.line_start(item.span.start);
        let before = self.text.get(line..item.span.start).unwrap_or_default();
        match before.trim_end_matches([' ', '\t']) {
            dash if dash.ends_with('-') => Ok(line + dash.len() - 1),
            _ => Err(layout(item.span.clone())),
        }
    }

    fn line_start(&self, offset: usize) -> usize {
        let before = self.text.get(..offset).unwrap_or_default();
        let mark = if before.starts_with('\u{feff}') {
            '\u{feff}'.len_utf8()
        } else {
            0
        };
        before.rfind('\n').map_or(mark, |end| end + 1)
    }

    /// The start of the line after the one of an offset; the end of the text where there is none.
    fn next_line(&self, offset: usize) -> usize {
        let rest = self.text.get(offset..).unwrap_or_default();
        rest.find('\n')
            .map_or(self.text.len(), |end| offset + end + 1)
    }

    /// The bytes from the first line of a child to its last, with their ends, where nothing else stands on them.
    fn lines(&self, child: &Range<usize>) -> Option<Range<usize>> {
        let (first, next) = (
            self.line_start(child.start),
            self.next_line(self.content_end(child.end)),
        );
        let before = self.text.get(first..child.start)?;
        let after = self.text.get(self.content_end(child.end)..next)?.trim();
        let is_alone =
            before.trim_matches(' ').is_empty() && (after.is_empty() || after.starts_with('#'));
        is_alone.then_some(first..next)
    }

    /// The end of what ends at `end`, without the line ends of a block scalar.
    fn content_end(&self, end: usize) -> usize {
        self.text
            .get(..end)
            .unwrap_or_default()
            .trim_end_matches(['\r', '\n'])
            .len()
    }

    /// Removes children of a collection, of which one is to go at least.
    fn remove(&mut self, node: &Node<'_>, children: &[Child], parent: Parent, empty: &str) -> Done {
        let kept = children.iter().rposition(|child| !child.is_removed);
        match (node.style, kept) {
            (Style::Flow, None) => {
                self.replace(node.span.clone(), empty);
                Ok(())
            }
            (Style::Flow, Some(kept)) => {
                for (child, next) in children.iter().zip(children.iter().skip(1)).take(kept) {
                    if child.is_removed {
                        self.remove_between(child.span.start..next.span.start)?;
                    }
                }
                match (children.get(kept), children.last()) {
                    (Some(kept), Some(last)) if kept.span != last.span => {
                        let span = kept.span.end..last.span.end;
                        // A comment on what goes would come to stand on what stays.
                        let is_moved = self
                            .text
                            .get(span.clone())
                            .is_some_and(|gone| gone.contains('\n'))
                            && !matches!(self.comment_after(last.span.end), Comment::None);
                        if is_moved {
                            Err(layout(span))
                        } else {
                            self.remove_between(span)
                        }
                    }
                    _ => Ok(()),
                }
            }
            (Style::Block, None) => {
                let Parent::Entry(key_end) = parent else {
                    // A sequence is said to begin behind its first dash.
                    let start = children
                        .first()
                        .map_or(node.span.start, |first| first.span.start);
                    // And a mapping to end before the colon of a last entry without a value.
                    let rest = self.text.get(node.span.end..).unwrap_or_default();
                    let colon = rest.trim_start_matches([' ', '\t']).strip_prefix(':');
                    let end = colon.map_or(node.span.end, |after| self.text.len() - after.len());
                    self.replace(start.min(node.span.start)..end, empty);
                    return Ok(());
                };
                let colon = self.colon(key_end)?;
                for child in children {
                    let lines = self
                        .lines(&child.span)
                        .ok_or_else(|| layout(child.span.clone()))?;
                    self.replace(lines, "");
                }
                self.replace(colon..colon, format!(" {empty}"));
                Ok(())
            }
            (Style::Block, Some(_)) => {
                for (index, child) in children
                    .iter()
                    .enumerate()
                    .filter(|(_, child)| child.is_removed)
                {
                    match (self.lines(&child.span), children.get(index + 1)) {
                        (Some(lines), _) => self.replace(lines, ""),
                        // The first entry of an item stands beside the dash.
                        (None, Some(next)) if !next.is_removed => {
                            self.remove_between(child.span.start..next.span.start)?;
                        }
                        _ => return Err(layout(child.span.clone())),
                    }
                }
                Ok(())
            }
        }
    }

    /// Removes bytes that may hold no comment.
    fn remove_between(&mut self, span: Range<usize>) -> Done {
        if self
            .text
            .get(span.clone())
            .is_none_or(|text| text.contains(" #") || text.contains("\n#"))
        {
            return Err(layout(span));
        }
        self.replace(span, "");
        Ok(())
    }

    /// Puts a value in place of a node.
    fn set(&mut self, node: &Node<'_>, parent: Parent, value: &Value) -> Done {
        let written = self.written(value);
        let colon = match parent {
            Parent::Entry(key_end) => Some(self.colon(key_end)?),
            Parent::Root | Parent::Item => None,
        };
        match (&node.kind, node.style, colon) {
            (Kind::Alias(_), ..) => {
                return Err(Unrepairable {
                    span: node.span.clone(),
                    reason: Reason::Alias,
                });
            }
            (Kind::Text(_), Style::Block, Some(colon)) => {
                let head = self.text.get(colon..node.span.start).unwrap_or_default();
                let indicator = head.trim_start_matches([' ', '\t']);
                if !indicator.starts_with(['|', '>']) {
                    return Err(layout(node.span.clone()));
                }
                let start = colon + head.len() - indicator.len();
                self.replace(start..self.content_end(node.span.end).max(start), written);
            }
            (_, Style::Block, _) => return Err(layout(node.span.clone())),
            (_, Style::Flow, Some(colon)) if node.span.is_empty() => {
                self.replace(colon..colon, format!(" {written}"));
            }
            (_, Style::Flow, None) if node.span.is_empty() => {
                return Err(layout(node.span.clone()));
            }
            (_, Style::Flow, _) => {
                let there = self.text.get(node.span.clone()).unwrap_or_default();
                self.replace(
                    node.span.clone(),
                    quoted_as(there, value).unwrap_or(written),
                );
            }
        }
        Ok(())
    }

    /// Adds entries to a mapping.
    fn insert(
        &mut self,
        node: &Node<'_>,
        entries: &Entries<'_>,
        extents: &[Child],
        made: Map<String, Value>,
    ) -> Done {
        let Some(last) = extents.last() else {
            // Nothing of its own: `{}`, or merge keys alone.
            if entries.iter().next().is_some() {
                return Err(layout(node.span.clone()));
            }
            let value = Value::Object(made);
            self.replace(node.span.clone(), self.written(&value));
            return Ok(());
        };
        let first = extents
            .iter()
            .map(|child| child.span.start)
            .min()
            .unwrap_or(last.span.start);
        match node.style {
            Style::Flow => {
                let end = extents
                    .iter()
                    .map(|child| child.span.end)
                    .max()
                    .unwrap_or(last.span.end);
                let added: Vec<_> = made
                    .iter()
                    .map(|(key, value)| self.flow_entry(key, value))
                    .collect();
                let before = self
                    .text
                    .get(self.line_start(last.span.start)..last.span.start)
                    .unwrap_or_default();
                let own_lines = |indent: &str| {
                    added.join(&format!(",{}{indent}", self.line_end(last.span.start)))
                };
                match self.comment_after(end) {
                    // A comment speaks of what stands before it on its line, which therefore stays there alone.
                    Comment::Next { comma } => {
                        let indent: String = before
                            .chars()
                            .map(|c| if c == '\t' { '\t' } else { ' ' })
                            .collect();
                        let line = self.content_end(self.next_line(end));
                        let text = format!("{}{indent}{}", self.line_end(end), own_lines(&indent));
                        if !comma {
                            self.replace(end..end, ",");
                        }
                        self.replace(line..line, text);
                    }
                    Comment::None if before.trim().is_empty() => {
                        let line_end = self.line_end(last.span.start);
                        self.replace(
                            end..end,
                            format!(",{line_end}{before}{}", own_lines(before)),
                        );
                    }
                    Comment::None | Comment::Further => {
                        self.replace(end..end, format!(", {}", added.join(", ")));
                    }
                }
            }
            Style::Block => {
                let before = self
                    .text
                    .get(self.line_start(first)..first)
                    .unwrap_or_default();
                if !before.bytes().all(|byte| matches!(byte, b' ' | b'-')) {
                    return Err(layout(node.span.clone()));
                }
                let mut lines = Vec::new();
                block_lines(&made, before.len(), &mut |line| lines.push(line));
                // The mapping may end with a merge key.
                let end = node.span.end;
                let keeps_blank_lines = self.text.get(..end).is_some_and(|text| {
                    let last = text.trim_end_matches(['\r', '\n']).len();
                    text.get(last..).unwrap_or_default().matches('\n').count() > 1
                });
                let end = if keeps_blank_lines {
                    end
                } else {
                    self.next_line(self.content_end(end))
                };
                let line_end = self.line_end(first);
                let text =
                    lines
                        .iter()
                        .fold(String::new(), |text, line| match self.text.get(..end) {
                            Some(before) if before.ends_with('\n') => text + line + line_end,
                            _ => text + line_end + line,
                        });
                self.replace(end..end, text);
            }
        }
        Ok(())
    }

    /// Puts new entries in the place of one that goes; others may go too.
    fn exchange(
        &mut self,
        node: &Node<'_>,
        mut extents: Vec<Child>,
        parent: Parent,
        made: &Map<String, Value>,
    ) -> Done {
        let Some(place) = extents.iter_mut().rfind(|child| child.is_removed) else {
            return Ok(());
        };
        place.is_removed = false;
        let span = place.span.clone();
        match node.style {
            Style::Flow => {
                let added: Vec<_> = made
                    .iter()
                    .map(|(key, value)| self.flow_entry(key, value))
                    .collect();
                self.replace(span, added.join(", "));
            }
            Style::Block => {
                let gone = self.lines(&span).ok_or_else(|| layout(span.clone()))?;
                let line_end = self.line_end(span.start);
                let mut text = String::new();
                block_lines(made, span.start - gone.start, &mut |line| {
                    text += &(line + line_end)
                });
                self.replace(gone, text);
            }
        }
        match extents.iter().any(|child| child.is_removed) {
            true => self.remove(node, &extents, parent, "{}"),
            false => Ok(()),
        }
    }

    /// How the line of an offset ends, or the first one where it is the last.
    fn line_end(&self, offset: usize) -> &'static str {
        let line = self
            .text
            .get(self.line_start(offset)..self.next_line(offset))
            .unwrap_or_default();
        let line = match line.ends_with('\n') {
            true => line,
            false => self.text.split_inclusive('\n').next().unwrap_or_default(),
        };
        if line.ends_with("\r\n") { "\r\n" } else { "\n" }
    }

    /// What comment stands behind an entry of a flow mapping, on the line on which it ends.
    fn comment_after(&self, end: usize) -> Comment {
        let rest = self
            .text
            .get(end..self.next_line(end))
            .unwrap_or_default()
            .trim();
        let (rest, comma) = match rest.strip_prefix(',') {
            Some(rest) => (rest.trim_start(), true),
            None => (rest, false),
        };
        match rest {
            rest if rest.starts_with('#') => Comment::Next { comma },
            rest if rest.contains('#') => Comment::Further,
            _ => Comment::None,
        }
    }

    /// A value as it is written within a line.
    fn written(&self, value: &Value) -> String {
        match value {
            _ if self.is_json => value.to_string(),
            Value::Object(entries) => {
                let entries: Vec<_> = entries
                    .iter()
                    .map(|(key, value)| self.flow_entry(key, value))
                    .collect();
                format!("{{{}}}", entries.join(", "))
            }
            Value::Array(items) => {
                let items: Vec<_> = items.iter().map(|item| self.written(item)).collect();
                format!("[{}]", items.join(", "))
            }
            scalar => scalar_text(scalar),
        }
    }

    fn flow_entry(&self, key: &str, value: &Value) -> String {
        let key = self.written(&Value::from(key));
        format!("{key}: {}", self.written(value))
    }
}

/// The entries that changes make in a mapping that has none of their keys.
fn made<'c>(changes: impl Iterator<Item = Change<'c, 'c>>) -> Map<String, Value> {
    let mut made = Map::new();
    for change in changes {
        let (Some(key), Some(value)) = (change.key(), change.to) else {
            continue;
        };
        let mut place = made.entry(key).or_insert(Value::Null);
        let mut is_reached = true;
        for step in change.below().steps {
            is_reached = match step {
                Step::Key(key) => {
                    if !place.is_object() {
                        *place = Value::Object(Map::new());
                    }
                    match place {
                        Value::Object(entries) => {
                            place = entries.entry(*key).or_insert(Value::Null);
                            true
                        }
                        _ => false,
                    }
                }
                Step::Index(_) => false,
            };
            if !is_reached {
                break;
            }
        }
        if is_reached {
            *place = value.clone();
        }
    }
    made
}

/// The lines of a block mapping at an indentation, without their ends.
fn block_lines(entries: &Map<String, Value>, indent: usize, line: &mut dyn FnMut(String)) {
    for (key, value) in entries {
        let key = scalar_text(&Value::from(key.as_str()));
        match value {
            Value::Object(entries) if !entries.is_empty() => {
                line(format!("{:indent$}{key}:", ""));
                block_lines(entries, indent + 2, line);
            }
            // JSON is YAML.
            value => line(format!("{:indent$}{key}: {}", "", scalar_text(value))),
        }
    }
}

/// A scalar as people write it: in quotes only where it would mean something else without them.
fn scalar_text(value: &Value) -> String {
    let Value::String(text) = value else {
        return value.to_string();
    };
    let is_plain = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_./-".contains(&byte))
        && scalar::resolve(text) == Meaning::Text;
    let is_readable = !text.contains('\'')
        && text
            .chars()
            .all(|char| !char.is_control() && char != '\u{feff}');
    match (is_plain, is_readable && text.contains('"')) {
        (true, _) => text.clone(),
        (false, true) => format!("'{text}'"),
        (false, false) => value.to_string(),
    }
}

/// A string in the quotes of another scalar; `None` where that has none, or they do not do.
fn quoted_as(there: &str, value: &Value) -> Option<String> {
    let text = value.as_str()?;
    match there.chars().next() {
        Some('"') => Some(value.to_string()),
        Some('\'') if !text.contains(|char: char| char == '\'' || char.is_control()) => {
            Some(format!("'{text}'"))
        }
        _ => None,
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
    use crate::documents;
    use serde_json::json;

    fn steps(path: &str) -> Vec<Step<'_>> {
        path.split('/')
            .map(|step| step.parse().map_or(Step::Key(step), Step::Index))
            .collect()
    }

    fn edited(text: &str, edits: &[(&str, Option<Value>)]) -> Result<String, Reason> {
        let edits: Vec<_> = edits
            .iter()
            .map(|(path, to)| Edit {
                steps: steps(path),
                to: to.as_ref(),
            })
            .collect();
        let documents = documents(text).unwrap();
        let replacements = documents[0]
            .replacements(&edits)
            .map_err(|error| error.reason)?;
        Ok(replaced(text, &replacements))
    }

    #[test]
    fn values_are_set_where_they_stand() {
        for (text, path, to, expected) in [
            (
                "a: false # why\nb: 1\n",
                "a",
                json!(true),
                "a: true # why\nb: 1\n",
            ),
            (
                "a: 'CAP_X'\r\nb: 1\r\n",
                "a",
                json!("X"),
                "a: 'X'\r\nb: 1\r\n",
            ),
            ("l: [a, CAP_B]\n", "l/1", json!("B"), "l: [a, B]\n"),
            (
                "l:\n- a\n- &x \"CAP_B\"\n",
                "l/1",
                json!("B"),
                "l:\n- a\n- &x \"B\"\n",
            ),
            (
                "{\"a\": [\"CAP_B\"]}",
                "a/0",
                json!("B"),
                "{\"a\": [\"B\"]}",
            ),
            (
                "a: |\n  [1]\n  # no comment\nb: 1\n",
                "a",
                json!("[\"é\"]"),
                "a: '[\"é\"]'\nb: 1\n",
            ),
            (
                "a: >-\n  x\n\n\nb: 1\n",
                "a",
                json!("y z"),
                "a: \"y z\"\n\n\nb: 1\n",
            ),
            ("a:\nb: 1\n", "a", json!("yes"), "a: \"yes\"\nb: 1\n"),
            ("a: # none\nb: 1\n", "a", json!(1), "a: 1 # none\nb: 1\n"),
            ("a: ~\n", "a/b/c", json!(1), "a: {b: {c: 1}}\n"),
            ("{\"a\": null}", "a/b", json!(1), "{\"a\": {\"b\":1}}"),
            (
                "\u{feff}é: {ü: false}\n",
                "é/ü",
                json!(true),
                "\u{feff}é: {ü: true}\n",
            ),
        ] {
            assert_eq!(
                edited(text, &[(path, Some(to))]).unwrap(),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn entries_are_added_at_the_end_of_their_mapping() {
        for (text, path, expected) in [
            ("a:\n  b: 1\nc: 2\n", "a/k", "a:\n  b: 1\n  k: 7\nc: 2\n"),
            (
                "a:\n  b: 1 # why\n# c\nc: 2\n",
                "a/k",
                "a:\n  b: 1 # why\n  k: 7\n# c\nc: 2\n",
            ),
            (
                "l:\n- a: 1\n  b:\n  - 2\n- c: 3\n",
                "l/0/k",
                "l:\n- a: 1\n  b:\n  - 2\n  k: 7\n- c: 3\n",
            ),
            (
                "l:\n- a: 1\n- c: 3",
                "l/1/k/m",
                "l:\n- a: 1\n- c: 3\n  k:\n    m: 7",
            ),
            (
                "l:\n  -   a: 1\r\n",
                "l/0/k",
                "l:\n  -   a: 1\r\n      k: 7\r\n",
            ),
            (
                "a:\n  b: |+\n    x\n\n\nc: 2\n",
                "a/k",
                "a:\n  b: |+\n    x\n\n\n  k: 7\nc: 2\n",
            ),
            (
                "a:\n  b: |\n    x\nc: 2\n",
                "a/k",
                "a:\n  b: |\n    x\n  k: 7\nc: 2\n",
            ),
            ("a: {b: 1}\n", "a/k", "a: {b: 1, k: 7}\n"),
            ("a: {b: 1 , }\n", "a/k", "a: {b: 1, k: 7 , }\n"),
            ("a: { }\n", "a/k", "a: {k: 7}\n"),
            (
                "{\n  \"a\": {\n    \"b\": 1\n  }\n}\n",
                "a/k",
                "{\n  \"a\": {\n    \"b\": 1,\n    \"k\": 7\n  }\n}\n",
            ),
            (
                "{\"a\":{\"b\":1}}",
                "a/k/m",
                "{\"a\":{\"b\":1, \"k\": {\"m\":7}}}",
            ),
            ("a: {b: , c: }\n", "a/k", "a: {b: , c:, k: 7 }\n"),
            // A comment stays with what it speaks of.
            (
                "a: {\n  b: 1 # why\n}\n",
                "a/k",
                "a: {\n  b: 1, # why\n  k: 7\n}\n",
            ),
            (
                "a: {\r\n  b: 1, # why\r\n}\r\n",
                "a/k",
                "a: {\r\n  b: 1, # why\r\n  k: 7\r\n}\r\n",
            ),
            (
                "a: {b: 1 # why\n  }\n",
                "a/k",
                "a: {b: 1, # why\n    k: 7\n  }\n",
            ),
            (
                "a: {\n  b: {c: 1 }} # why\n",
                "a/k",
                "a: {\n  b: {c: 1 }, k: 7} # why\n",
            ),
            (
                "a: {\n  b: {c: 1} # why\n}\n",
                "a/b/k",
                "a: {\n  b: {c: 1, k: 7} # why\n}\n",
            ),
            // Every line ends as its neighbour does.
            (
                "a: 1\r\nb:\n  c: 1\n",
                "b/k",
                "a: 1\r\nb:\n  c: 1\n  k: 7\n",
            ),
            (
                "a: 1\nb:\r\n  c: 1\r\n",
                "b/k",
                "a: 1\nb:\r\n  c: 1\r\n  k: 7\r\n",
            ),
        ] {
            assert_eq!(
                edited(text, &[(path, Some(json!(7)))]).unwrap(),
                expected,
                "{text}"
            );
        }
        let exchanged = [("a/b", None), ("a/c", None), ("a/k", Some(json!(7)))];
        for (text, expected) in [
            ("a:\n  b: 1\n  c: 2 # why\n  d: 3\n", "a:\n  k: 7\n  d: 3\n"),
            ("a: {b: 1, c: 2}\n", "a: {k: 7}\n"),
        ] {
            assert_eq!(edited(text, &exchanged).unwrap(), expected);
        }
        let two = [("a/s/one", Some(json!(1))), ("a/s/two", Some(json!(true)))];
        assert_eq!(
            edited("a:\n  b: 1\n", &two).unwrap(),
            "a:\n  b: 1\n  s:\n    one: 1\n    two: true\n"
        );
    }

    #[test]
    fn what_goes_takes_its_lines_along() {
        for (text, paths, expected) in [
            ("a:\n  b: 1 # why\n  c: 2\n", &["a/b"][..], "a:\n  c: 2\n"),
            ("a:\n  b: 1\n  c: 2\nd: 3\n", &["a/c"], "a:\n  b: 1\nd: 3\n"),
            ("a:\n  b: 1\nd: 3\n", &["a/b"], "a: {}\nd: 3\n"),
            ("a: # why\n  b: 1\n", &["a/b"], "a: {} # why\n"),
            ("l:\n- b: 1\n  c: 2\n", &["l/0/b"], "l:\n- c: 2\n"),
            (
                "l:\n- a\n- name: b\n  value: c\n# of d\n- d\n",
                &["l/1"],
                "l:\n- a\n# of d\n- d\n",
            ),
            ("l:\n- a\n- b\nm: 1\n", &["l/0", "l/1"], "l: []\nm: 1\n"),
            (
                "l:\r\n  - {n: a}\r\n  - {n: b}\r\n",
                &["l/1"],
                "l:\r\n  - {n: a}\r\n",
            ),
            ("l: [a, b, c, d]\n", &["l/0", "l/2", "l/3"], "l: [b]\n"),
            ("l: [a, b]\n", &["l/0", "l/1"], "l: []\n"),
            ("m: {a: 1, b: , c: 3}\n", &["m/b", "m/c"], "m: {a: 1}\n"),
            ("{\"l\": [\n  1,\n  2\n]}", &["l/1"], "{\"l\": [\n  1\n]}"),
            ("l:\n- a\n", &["l/7", "m"], "l:\n- a\n"),
            ("l:\n- - a\n- b\n", &["l/0/0"], "l:\n- []\n- b\n"),
            ("  - a # why\n", &["0"], "  [] # why\n"),
            ("l:\n- a: # why\n", &["l/0/a"], "l:\n- {} # why\n"),
        ] {
            let edits: Vec<_> = paths.iter().map(|path| (*path, None)).collect();
            assert_eq!(edited(text, &edits).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_written_elsewhere_is_left_alone() {
        for (text, path, reason) in [
            ("a: &x {b: 1}\nc: *x\n", "c/b", Reason::Alias),
            ("a: &x {b: 1}\nc: *x\n", "c/n", Reason::Alias),
            ("a: &x 1\nc: *x\n", "c", Reason::Alias),
            ("a: &x {b: 1}\nc:\n  <<: *x\n", "c/b", Reason::Merged),
            ("a: &x {b: 1}\nc: {<<: *x}\n", "c/n", Reason::Layout),
            ("a: !!str |\n  x\n", "a", Reason::Layout),
            ("? a\n: b\n", "a", Reason::Layout),
            ("a: 1 # why\rb: 2\nc: 3\n", "a", Reason::Layout),
            ("a: 1\nb: 2 # why\rc: 3\n", "b", Reason::Layout),
        ] {
            assert_eq!(
                edited(text, &[(path, Some(json!(2)))]),
                Err(reason),
                "{text}"
            );
        }
        for (text, path) in [
            ("l:\n- b: 1 # why\n  c: 2\n", "l/0/b"),
            ("a: {\n  b: 1,\n  c: 2 # why\n}\n", "a/c"),
            ("a: [\n  b,\n  c # why\n]\n", "a/1"),
        ] {
            assert_eq!(edited(text, &[(path, None)]), Err(Reason::Layout), "{text}");
        }
    }
}
