//! Edits of an object, carried out in its text. Every byte outside the edited fields stays.
//!
//! The layouts that people write are edited: block style, flow style on one line, JSON, empty collections and absent
//! values. Any other layout is refused with its position. The replacements do not prove that the text then reads as
//! intended, so the caller reads it again.

use std::ops::Range;

use serde_json::{Map, Value};

use crate::change::{Below, Change, Edit, Reason, Replacement, Step, Unrepairable};
use crate::change::{layout, made, refused};
use crate::document::Document;
use crate::scalar::{quoted_like, written};
use crate::tree::{Id, Kind, Node, Style, Tree};

impl Document<'_> {
    /// Returns the replacements that carry out edits, in the order of the text.
    ///
    /// All paths are those of the object before the edits. The last of several edits of one path counts. An edit whose
    /// path does not exist changes nothing.
    ///
    /// # Errors
    /// If a value comes from an alias or a merge key, or has a layout that is not edited.
    pub fn replacements(&self, edits: &[Edit<'_>]) -> Result<Vec<Replacement>, Unrepairable> {
        // A lone carriage return is a line break in YAML, but not here.
        if self.tree.has_lone_returns {
            return Err(layout(&self.span("")));
        }
        let mut change = Change::Below(Below::new());
        for edit in edits {
            change.add(&edit.steps, edit.to);
        }
        let mut editor = Editor {
            text: self.text,
            tree: &self.tree,
            is_json: self.tree.node(self.root).style == Style::Flow,
            replacements: Vec::new(),
        };
        editor.change(self.root, None, &change)?;
        let mut replacements = editor.replacements;
        replacements.sort_by_key(|replacement| (replacement.span.start, replacement.span.end));
        Ok(replacements)
    }
}

/// An item or entry of a collection.
struct Child<'c> {
    value: Id,
    /// Its bytes, with the key of an entry.
    span: Range<usize>,
    /// The end of an entry's key.
    key_end: Option<usize>,
    change: Option<&'c Change<'c>>,
}

impl Child<'_> {
    fn is_removed(&self) -> bool {
        matches!(self.change, Some(Change::Remove))
    }
}

type Done = Result<(), Unrepairable>;

struct Editor<'d, 't> {
    text: &'t str,
    tree: &'d Tree<'t>,
    is_json: bool,
    replacements: Vec<Replacement>,
}

impl<'t> Editor<'_, 't> {
    fn change(&mut self, id: Id, key_end: Option<usize>, change: &Change<'_>) -> Done {
        let node = self.tree.node(id);
        match (&node.kind, change) {
            (Kind::Alias(_), _) => Err(refused(&node.span, Reason::Alias)),
            (_, Change::Set(value)) => self.set(node, key_end, value),
            (Kind::Items(_) | Kind::Entries(_), Change::Below(below)) => {
                self.change_below(node, key_end, below)
            }
            (Kind::Value(Value::Null), change) => match change.made() {
                Some(value) => self.set(node, key_end, &value),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn change_below(&mut self, node: &Node<'_>, key_end: Option<usize>, below: &Below<'_>) -> Done {
        let children = self.children(node, below)?;
        for child in children.iter().filter(|child| !child.is_removed()) {
            if let Some(change) = child.change {
                self.change(child.value, child.key_end, change)?;
            }
        }
        let added = match &node.kind {
            Kind::Entries(entries) => made(below, |key| entries.get(key).is_none()),
            _ => Map::new(),
        };
        if added.is_empty() && !children.iter().any(Child::is_removed) {
            return Ok(());
        }
        // `[a: 1]` has a mapping without braces.
        if node.style == Style::Flow && !self.between(&node.span).starts_with(['[', '{']) {
            return Err(layout(&node.span));
        }
        let kept = children.iter().rposition(|child| !child.is_removed());
        let is_list = matches!(node.kind, Kind::Items(_));
        let empty = if is_list { "[]" } else { "{}" };
        match (node.style, kept) {
            (Style::Flow, None) if added.is_empty() => self.replace(node.span.clone(), empty),
            (Style::Flow, None) => {
                let text = written(&Value::Object(added), self.is_json);
                self.replace(node.span.clone(), text);
            }
            (Style::Flow, Some(kept)) => {
                self.remove_in_flow(&children, kept)?;
                self.insert_in_flow(node, &children, added)?;
            }
            (Style::Block, kept) => {
                for child in children.iter().filter(|child| child.is_removed()) {
                    let lines = self.lines(child).ok_or_else(|| layout(&child.span))?;
                    // A line of blanks below would become a line of a block scalar above.
                    let next = self.between(&(lines.end..self.next_line(lines.end)));
                    let is_blank = next.trim().is_empty() && next.starts_with([' ', '\t']);
                    let mut kept = children.iter().filter(|child| !child.is_removed());
                    if is_blank && kept.any(|child| self.ends_in_scalar(child.value)) {
                        return Err(layout(&child.span));
                    }
                    self.replace(lines, "");
                }
                if !added.is_empty() {
                    self.insert_in_block(node, &children, &added)?;
                } else if kept.is_none() {
                    let colon = key_end.and_then(|key_end| self.colon(key_end));
                    let colon = colon.ok_or_else(|| layout(&node.span))?;
                    self.replace(colon..colon, format!(" {empty}"));
                }
            }
        }
        Ok(())
    }

    /// The items, or the entries that are not merged, in the order of the text.
    fn children<'c>(
        &self,
        node: &'c Node<'_>,
        below: &'c Below<'c>,
    ) -> Result<Vec<Child<'c>>, Unrepairable> {
        let mut children = Vec::new();
        match &node.kind {
            Kind::Items(items) => {
                children.extend(items.iter().enumerate().map(|(index, item)| Child {
                    value: *item,
                    span: self.tree.node(*item).span.clone(),
                    key_end: None,
                    change: below.get(&Step::Index(index)),
                }))
            }
            Kind::Entries(entries) => {
                for entry in entries.iter() {
                    let change = below.get(&Step::Key(&entry.key));
                    if entry.is_merged {
                        match change {
                            Some(_) => return Err(refused(&entry.key_span, Reason::Merged)),
                            None if node.style == Style::Flow => return Err(layout(&node.span)),
                            None => continue,
                        }
                    }
                    let key_end = entry.key_span.end;
                    let value = self.tree.node(entry.value);
                    // A list of one absent item has no bytes either, but is not on the key's line.
                    let is_absent = value.style == Style::Flow && value.span.is_empty();
                    let end = match is_absent {
                        true => self.colon(key_end).ok_or_else(|| layout(&entry.key_span))?,
                        false => value.span.end,
                    };
                    children.push(Child {
                        value: entry.value,
                        span: entry.key_span.start..end,
                        key_end: Some(key_end),
                        change,
                    });
                }
                // An entry that a merge key replaced, and that is set again, keeps its first position.
                children.sort_by_key(|child| child.span.start);
            }
            _ => {}
        }
        Ok(children)
    }

    /// Puts a value in the place of a node.
    fn set(&mut self, node: &Node<'_>, key_end: Option<usize>, value: &Value) -> Done {
        let colon = key_end.and_then(|key_end| self.colon(key_end));
        let there = self.between(&node.span);
        // The `|` or `>` of a block scalar is not part of its span. Without content, its end is unknown.
        let is_scalar = |colon| {
            let head = self.between(&(colon..node.span.start)).trim_start();
            head.starts_with(['|', '>']) && !there.trim().is_empty()
        };
        match (&node.kind, node.style, colon) {
            (_, Style::Flow, Some(colon)) if there.is_empty() => {
                self.replace(colon..colon, format!(" {}", written(value, self.is_json)));
            }
            (_, Style::Flow, _) if !there.is_empty() => {
                let text = quoted_like(there, value);
                let text = text.unwrap_or_else(|| written(value, self.is_json));
                self.replace(node.span.clone(), text);
            }
            (Kind::Text(_), Style::Block, Some(colon)) if is_scalar(colon) => {
                let end = self.content_end(node.span.end).max(colon);
                self.replace(colon..end, format!(" {}", written(value, self.is_json)));
            }
            _ => return Err(layout(&node.span)),
        }
        Ok(())
    }

    /// Removes children of a flow collection. `kept` is the index of the last child that stays.
    fn remove_in_flow(&mut self, children: &[Child<'_>], kept: usize) -> Done {
        for (child, next) in children.iter().zip(children.iter().skip(1)).take(kept) {
            if child.is_removed() {
                self.remove(child.span.start..next.span.start)?;
            }
        }
        match (children.get(kept), children.last()) {
            (Some(kept), Some(last)) if kept.span != last.span => {
                self.remove(kept.span.end..last.span.end)
            }
            _ => Ok(()),
        }
    }

    /// Removes bytes of a flow collection, unless a comment would be lost or move to another line.
    fn remove(&mut self, span: Range<usize>) -> Done {
        let lines = self.between(&(span.start..self.next_line(span.end)));
        if self.between(&span).contains('\n') && lines.contains('#') {
            return Err(layout(&span));
        }
        self.replace(span, "");
        Ok(())
    }

    fn insert_in_flow(
        &mut self,
        node: &Node<'_>,
        children: &[Child<'_>],
        added: Map<String, Value>,
    ) -> Done {
        let Some(last) = children.last().filter(|_| !added.is_empty()) else {
            return Ok(());
        };
        let close = node.span.end.saturating_sub(1);
        let gap = self.between(&(last.span.end..close));
        if !matches!(gap.trim(), "" | ",") {
            return Err(layout(&node.span));
        }
        let indent = self.between(&(self.line_start(last.span.start)..last.span.start));
        // JSON with every entry on a line of its own.
        let separator = match gap.contains('\n') && indent.trim().is_empty() {
            true => format!(",{}{indent}", self.line_end(last.span.start)),
            false => ", ".to_owned(),
        };
        let mut text = String::new();
        for (key, value) in added {
            let key = written(&Value::from(key), self.is_json);
            text += &format!("{separator}{key}: {}", written(&value, self.is_json));
        }
        self.replace(last.span.end..last.span.end, text);
        Ok(())
    }

    fn insert_in_block(
        &mut self,
        node: &Node<'_>,
        children: &[Child<'_>],
        added: &Map<String, Value>,
    ) -> Done {
        let first = children.first().map(|child| child.span.start);
        let first = first.ok_or_else(|| layout(&node.span))?;
        let indent = self.between(&(self.line_start(first)..first));
        if !indent.bytes().all(|byte| matches!(byte, b' ' | b'-')) {
            return Err(layout(&node.span));
        }
        // A block scalar ends with its last line.
        let end = match self.between(&(0..node.span.end)).ends_with('\n') {
            true => node.span.end,
            false => self.next_line(node.span.end),
        };
        let mut lines = Vec::new();
        block_lines(added, indent.len(), &mut lines);
        let line_end = self.line_end(first);
        let text = match self.between(&(0..end)).ends_with('\n') {
            true => lines.join(line_end) + line_end,
            false => line_end.to_owned() + &lines.join(line_end),
        };
        self.replace(end..end, text);
        Ok(())
    }

    fn replace(&mut self, span: Range<usize>, text: impl Into<String>) {
        self.replacements.push(Replacement {
            span,
            text: text.into(),
        });
    }

    fn between(&self, span: &Range<usize>) -> &'t str {
        self.text.get(span.clone()).unwrap_or_default()
    }

    /// The end of the colon after a key, if it is on the key's line.
    fn colon(&self, key_end: usize) -> Option<usize> {
        let rest = self.text.get(key_end..)?;
        let after = rest.trim_start_matches(' ').strip_prefix(':')?;
        Some(self.text.len() - after.len())
    }

    /// The start of the line of an offset, after a byte order mark.
    fn line_start(&self, offset: usize) -> usize {
        let before = self.between(&(0..offset));
        let first = before.len() - before.trim_start_matches('\u{feff}').len();
        before.rfind('\n').map_or(first, |end| end + 1)
    }

    /// The start of the next line, or the end of the text.
    fn next_line(&self, offset: usize) -> usize {
        let end = self.text.get(offset..).and_then(|rest| rest.find('\n'));
        end.map_or(self.text.len(), |end| offset + end + 1)
    }

    /// The line break of the line of an offset.
    fn line_end(&self, offset: usize) -> &'static str {
        let line = self.between(&(0..self.next_line(offset)));
        match line.ends_with("\r\n") || !line.ends_with('\n') && line.contains("\r\n") {
            true => "\r\n",
            false => "\n",
        }
    }

    /// The end of a node, without the line breaks of a block scalar.
    fn content_end(&self, end: usize) -> usize {
        self.between(&(0..end)).trim_end_matches(['\r', '\n']).len()
    }

    /// True if the last text of a node is a block scalar.
    fn ends_in_scalar(&self, id: Id) -> bool {
        let node = self.tree.node(id);
        let last = match &node.kind {
            Kind::Items(items) => items.last().copied(),
            Kind::Entries(entries) => entries.iter().next_back().map(|entry| entry.value),
            Kind::Text(_) => return node.style == Style::Block,
            _ => None,
        };
        last.is_some_and(|last| self.ends_in_scalar(last))
    }

    /// The lines of a child of a block collection, if nothing else but a comment is on them.
    fn lines(&self, child: &Child<'_>) -> Option<Range<usize>> {
        let node = self.tree.node(child.value);
        // The span of a block list begins behind its own first dash, so the dash of the item is not known.
        if child.key_end.is_none()
            && matches!(node.kind, Kind::Items(_))
            && node.style == Style::Block
        {
            return None;
        }
        let end = self.content_end(child.span.end);
        let (first, next) = (self.line_start(child.span.start), self.next_line(end));
        let mut before = self.between(&(first..child.span.start)).trim_matches(' ');
        if child.key_end.is_none() {
            before = before.strip_prefix('-')?;
        }
        let after = self.between(&(end..next)).trim();
        (before.is_empty() && (after.is_empty() || after.starts_with('#'))).then_some(first..next)
    }
}

/// Adds the lines of a block mapping, without their line breaks.
fn block_lines(entries: &Map<String, Value>, indent: usize, lines: &mut Vec<String>) {
    for (key, value) in entries {
        let key = written(&Value::from(key.as_str()), false);
        match value {
            Value::Object(entries) if !entries.is_empty() => {
                lines.push(format!("{:indent$}{key}:", ""));
                block_lines(entries, indent + 2, lines);
            }
            value => lines.push(format!("{:indent$}{key}: {}", "", written(value, false))),
        }
    }
}
