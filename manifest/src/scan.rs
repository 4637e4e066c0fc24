//! Finds the ends of documents, and of the items of lists, in a stream that is not complete.

use memchr::{memchr, memchr3};

/// The bytes by which a line is recognised.
const AHEAD: usize = 256;

/// The byte-order mark.
const MARK: &[u8] = "\u{feff}".as_bytes();

/// Something that the scanner found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// The end of a document, or of a document that ends in the list.
    Document { at: usize, is_in_list: bool },
    /// The start of the items of a list.
    List { at: usize, is_json: bool },
    /// The start of an item, in JSON; text between items is before it.
    Item(usize),
    /// The end of an item.
    ItemEnd(usize),
    /// The document is not JSON, although it begins like that.
    NotJson,
}

/// The state between two bytes. Offsets are those of the buffer.
#[derive(Debug, Default)]
pub(crate) struct Scanner {
    /// The bytes that were scanned.
    pub(crate) at: usize,
    is_in_line: bool,
    is_started: bool,
    mode: Mode,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Between documents.
    #[default]
    Start,
    /// In a document in block style; true after the line `items:`.
    Block(bool),
    /// In a list whose items are indented by this.
    Items(usize),
    /// In a document without a list, or behind the list.
    Rest,
    /// In a text with directives, which is read as a whole.
    Whole,
    /// In JSON.
    Json(Json),
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Json {
    depth: usize,
    is_in_text: bool,
    is_escaped: bool,
    /// Where the text of the last string began.
    text: usize,
    /// True after the key `items` of the document.
    is_at_items: bool,
    /// True in the list of the document.
    is_in_list: bool,
}

/// The depth of the items of a list in JSON.
const ITEM: usize = 2;

impl Scanner {
    /// True in a list, so that the bytes since its last item are not behind it.
    pub(crate) fn is_in_list(&self) -> bool {
        match self.mode {
            Mode::Items(_) => true,
            Mode::Json(json) => json.is_in_list,
            _ => false,
        }
    }

    /// Forgets bytes at the start of the buffer.
    pub(crate) fn shift(&mut self, bytes: usize) {
        self.at = self.at.saturating_sub(bytes);
        if let Mode::Json(json) = &mut self.mode {
            json.text = json.text.saturating_sub(bytes);
        }
    }

    /// Returns the next thing in the buffer; `None` if more bytes are needed.
    pub(crate) fn next(&mut self, buffer: &[u8], is_end: bool) -> Option<Found> {
        loop {
            if let Mode::Json(json) = self.mode {
                match self.json(json, buffer) {
                    Some(found) => return Some(found),
                    None if matches!(self.mode, Mode::Json(_)) => return None,
                    None => continue,
                }
            }
            let rest = buffer.get(self.at..).unwrap_or_default();
            let ahead = rest.get(..AHEAD).unwrap_or(rest);
            if !self.is_in_line && !rest.is_empty() {
                let end = memchr(b'\n', ahead);
                if end.is_none() && ahead.len() < AHEAD && !is_end {
                    return None;
                }
                self.is_in_line = true;
                let line = ahead.get(..end.unwrap_or(ahead.len())).unwrap_or_default();
                match self.line(line) {
                    None if matches!(self.mode, Mode::Json(_)) => continue,
                    None => {}
                    found => return found,
                }
            }
            let rest = buffer.get(self.at..).unwrap_or_default();
            match memchr(b'\n', rest) {
                Some(end) => {
                    self.at += end + 1;
                    self.is_in_line = false;
                }
                None => {
                    self.at = buffer.len();
                    return None;
                }
            }
        }
    }

    /// Takes the beginning of a line.
    fn line(&mut self, line: &[u8]) -> Option<Found> {
        let is_first = !std::mem::replace(&mut self.is_started, true);
        let line = match line.strip_prefix(MARK).filter(|_| is_first) {
            Some(line) => {
                self.at += MARK.len();
                line
            }
            None => line,
        };
        let content = line.trim_ascii_start();
        let indent = line.len() - content.len();
        let is_blank = |text: &[u8]| {
            let text = text.trim_ascii_start();
            text.is_empty() || text.starts_with(b"#")
        };
        let has_end = |rest: &[u8]| rest.first().is_none_or(u8::is_ascii_whitespace);
        let after = |sign: &[u8]| content.strip_prefix(sign).filter(|rest| has_end(rest));
        if self.mode == Mode::Whole {
            return None;
        }
        if let Some(rest) = after(b"---").filter(|_| indent == 0) {
            let is_empty = is_blank(rest);
            let is_open = self.mode != Mode::Start;
            let is_in_list = self.is_in_list();
            self.mode = if is_empty { Mode::Start } else { Mode::Rest };
            return is_open.then_some(Found::Document {
                at: self.at,
                is_in_list,
            });
        }
        if line.starts_with(b"%") {
            self.mode = Mode::Whole;
            return None;
        }
        if is_blank(content) {
            return None;
        }
        match self.mode {
            Mode::Start if content.starts_with(b"{") => {
                self.mode = Mode::Json(Json::default());
            }
            Mode::Start | Mode::Block(false) => {
                let rest = after(b"items:").filter(|_| indent == 0);
                self.mode = Mode::Block(rest.is_some_and(is_blank));
            }
            Mode::Block(true) if content.starts_with(b"- apiVersion:") => {
                self.mode = Mode::Items(indent);
                return Some(Found::List {
                    at: self.at,
                    is_json: false,
                });
            }
            Mode::Block(true) => self.mode = Mode::Block(false),
            Mode::Items(own) if indent == own && after(b"-").is_some() => {
                return Some(Found::ItemEnd(self.at));
            }
            Mode::Items(own) if indent <= own => {
                self.mode = Mode::Rest;
                return Some(Found::ItemEnd(self.at));
            }
            _ => {}
        }
        None
    }

    fn json(&mut self, mut json: Json, buffer: &[u8]) -> Option<Found> {
        let mut found = None;
        while found.is_none()
            && let Some(&byte) = buffer.get(self.at)
        {
            let at = self.at;
            self.at += 1;
            match byte {
                _ if json.is_escaped => json.is_escaped = false,
                _ if json.is_in_text => {
                    let rest = buffer.get(at..).unwrap_or_default();
                    let Some(skipped) = memchr3(b'"', b'\\', b'\n', rest) else {
                        self.at = buffer.len();
                        break;
                    };
                    let end = at + skipped;
                    self.at = end + 1;
                    match rest.get(skipped) {
                        Some(b'"') => {
                            json.is_in_text = false;
                            let text = buffer.get(json.text..end);
                            json.is_at_items = json.depth == 1 && text == Some(b"items");
                        }
                        Some(b'\\') => json.is_escaped = true,
                        _ => return self.not_json(end, buffer),
                    }
                }
                b' ' | b'\t' | b'\r' | b'\n' | b',' => {}
                b'{' if json.is_in_list && json.depth == ITEM => {
                    json.depth += 1;
                    found = Some(Found::Item(at));
                }
                b'[' if json.is_at_items => {
                    json = Json {
                        depth: ITEM,
                        is_in_list: true,
                        ..Json::default()
                    };
                    found = Some(Found::List {
                        at: self.at,
                        is_json: true,
                    });
                }
                b']' if json.is_in_list && json.depth == ITEM => {
                    json.depth = 1;
                    json.is_in_list = false;
                    found = Some(Found::Item(at));
                }
                // Only objects are items.
                _ if json.is_in_list && json.depth == ITEM => return self.not_json(at, buffer),
                b'"' => {
                    json.is_in_text = true;
                    json.text = self.at;
                }
                b'{' | b'[' => json.depth += 1,
                b'}' | b']' => {
                    json.depth = json.depth.saturating_sub(1);
                    if json.depth == 0 {
                        self.mode = Mode::Start;
                        self.is_in_line = false;
                        return Some(Found::Document {
                            at: self.at,
                            is_in_list: false,
                        });
                    }
                    if json.is_in_list && json.depth == ITEM {
                        found = Some(Found::ItemEnd(self.at));
                    }
                }
                b':' | b'+' | b'.' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => {}
                // A line of dashes begins a document.
                b'-' if !is_behind_break(at, buffer) => {}
                _ => return self.not_json(at, buffer),
            }
        }
        self.mode = Mode::Json(json);
        found
    }

    /// Goes on without splitting the document.
    fn not_json(&mut self, at: usize, buffer: &[u8]) -> Option<Found> {
        self.at = at;
        self.is_in_line = !is_behind_break(at, buffer);
        self.mode = Mode::Rest;
        Some(Found::NotJson)
    }
}

fn is_behind_break(at: usize, buffer: &[u8]) -> bool {
    at.checked_sub(1).and_then(|last| buffer.get(last)) == Some(&b'\n')
}
