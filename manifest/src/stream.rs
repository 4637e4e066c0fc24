//! Reads a stream of any length in chunks of whole documents and whole items of lists, so that memory does not grow with
//! it. Lists are split where kubectl begins a line, so that only such lists are.

use std::io::{self, Read};
use std::ops::Range;

use memchr::{memchr, memchr_iter, memmem};

use crate::document::documents;
use crate::error::Problem;
use crate::part::{Part, parts_in};

/// The bytes that are read at a time.
const READ: usize = 64 << 10;

/// The bytes by which a line is recognised.
const AHEAD: usize = 256;

/// A position in a stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// The bytes before it.
    pub offset: usize,
    /// The line breaks before it.
    pub lines: usize,
    /// The characters before it on its line.
    pub columns: usize,
}

/// A text of whole documents and items, from the start of a line.
#[derive(Debug, Default)]
pub struct Chunk {
    /// The text. It also has the text around the items of lists.
    pub text: String,
    /// Where it begins in the stream.
    pub start: Place,
    /// True if nothing is before it.
    pub is_first: bool,
    /// True if nothing follows it.
    pub is_last: bool,
    /// The problems of the stream, each with its offset in the text.
    pub problems: Vec<(usize, Problem)>,
    pieces: Vec<Piece>,
}

/// A document, or an item of a list.
#[derive(Debug)]
struct Piece {
    span: Range<usize>,
    is_item: bool,
}

impl Chunk {
    /// A whole text, in which lists are not split.
    pub fn whole(text: String) -> Self {
        let span = 0..text.len();
        Self {
            text,
            is_first: true,
            is_last: true,
            pieces: vec![Piece {
                span,
                is_item: false,
            }],
            ..Self::default()
        }
    }

    /// True if the whole stream is blank.
    pub fn is_empty(&self) -> bool {
        self.is_first && self.is_last && self.text.trim_ascii().is_empty()
    }

    /// The parts that are read one by one: the items of lists, and of other documents those of [`parts`](crate::parts).
    pub fn parts(&self) -> Vec<Part<'_>> {
        let mut all = Vec::new();
        let pieces = self
            .pieces
            .chunk_by(|one, next| !one.is_item && !next.is_item && one.span.end == next.span.start);
        for pieces in pieces {
            if let [first, .., last] | [first @ last] = pieces {
                parts_in(&self.text, first.span.start..last.span.end, &mut all);
            }
        }
        all
    }
}

/// The sizes at which a stream is split.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// A chunk ends with the document or item that reaches this size.
    pub chunk: usize,
    /// The limit of a document or an item.
    pub piece: usize,
}

/// Reads the chunks of a stream.
#[derive(Debug)]
pub struct Stream<R> {
    reader: R,
    sizes: Sizes,
    /// The bytes from the start of the next chunk on, of which those before `at` were scanned.
    buffer: Vec<u8>,
    at: usize,
    is_in_line: bool,
    mode: Mode,
    /// Where the document or item begins that is not complete.
    piece: usize,
    /// True if it is too large, so that its bytes are dropped.
    is_dropped: bool,
    /// The start of the document and the number of pieces before it, unless a chunk ended in it.
    whole: Option<(usize, usize)>,
    /// True if the document begins with a brace; then the indentation of its keys follows.
    is_json: bool,
    level: Option<usize>,
    /// The text before the items of the list that is read.
    head: Option<Vec<u8>>,
    /// The chunk that is not complete.
    next: Chunk,
}

/// The place of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Between documents.
    Start,
    /// In a document without a list so far; true behind the line `items:`.
    Open(bool),
    /// Behind the brace of the first item, which is here and has this indentation.
    Brace(usize, usize),
    /// In a list whose items have this indentation.
    Items(usize),
    /// In a document that is not split, or behind its list.
    Rest,
    /// In a text with directives, which is read as a whole.
    Whole,
}

impl<R: Read> Stream<R> {
    /// A stream from a reader.
    pub fn new(reader: R, sizes: Sizes) -> Self {
        Self {
            reader,
            sizes,
            buffer: Vec::new(),
            at: 0,
            is_in_line: false,
            mode: Mode::Start,
            piece: 0,
            is_dropped: false,
            whole: Some((0, 0)),
            is_json: false,
            level: None,
            head: None,
            next: Chunk {
                is_first: true,
                ..Chunk::default()
            },
        }
    }

    fn chunk(&mut self) -> io::Result<Chunk> {
        let mut is_end = false;
        loop {
            while self.scan(is_end) {
                let before = self.piece.checked_sub(1).and_then(|at| self.buffer.get(at));
                if self.piece >= self.sizes.chunk && before == Some(&b'\n') {
                    return Ok(self.cut());
                }
            }
            if is_end {
                self.end_document(self.buffer.len());
                self.next.is_last = true;
                return Ok(self.cut());
            }
            if self.is_dropped {
                self.forget(self.at);
            } else if self.buffer.len() - self.piece > self.sizes.piece {
                let limit = Problem::TooLarge(self.sizes.piece >> 20);
                self.next.problems.push((self.piece, limit));
                let chunk = self.cut();
                (self.is_dropped, self.whole) = (true, None);
                return Ok(chunk);
            }
            let mut read = self.reader.by_ref().take(READ as u64);
            is_end = read.read_to_end(&mut self.buffer)? == 0;
        }
    }

    /// Scans a line, or a part of it; returns false if more bytes are needed.
    fn scan(&mut self, is_end: bool) -> bool {
        let rest = self.buffer.get(self.at..).unwrap_or_default();
        if !self.is_in_line {
            let ahead = rest.get(..AHEAD).unwrap_or(rest);
            let end = memchr(b'\n', ahead);
            if rest.is_empty() || end.is_none() && ahead.len() < AHEAD && !is_end {
                return false;
            }
            self.is_in_line = true;
            let line = ahead.get(..end.unwrap_or(AHEAD)).unwrap_or(ahead).to_vec();
            self.line(&line);
            return true;
        }
        match memchr(b'\n', rest) {
            Some(end) => {
                self.at += end + 1;
                self.is_in_line = false;
                true
            }
            None => {
                self.at = self.buffer.len();
                false
            }
        }
    }

    /// Takes the beginning of a line.
    fn line(&mut self, line: &[u8]) {
        let is_first = self.next.is_first && self.at == 0;
        let mark = "\u{feff}".as_bytes();
        let line = line.strip_prefix(mark).filter(|_| is_first).unwrap_or(line);
        let content = line.trim_ascii_start();
        let indent = line.len() - content.len();
        let is_blank = |text: &[u8]| matches!(text.trim_ascii_start().first(), None | Some(b'#'));
        let after = |sign: &[u8]| {
            let rest = content.strip_prefix(sign)?;
            rest.first()
                .is_none_or(u8::is_ascii_whitespace)
                .then_some(rest)
        };
        let is_brace = content.trim_ascii_end() == b"{";
        let is_json = content.starts_with(b"{") && indent == 0;
        let is_items = |is_json: bool, level: usize| match is_json {
            true => indent == level && content.trim_ascii_end() == b"\"items\": [",
            false => indent == 0 && after(b"items:").is_some_and(is_blank),
        };
        match (self.mode, after(b"---").filter(|_| indent == 0)) {
            (Mode::Whole, _) => {}
            (mode, Some(rest)) => {
                if mode != Mode::Start {
                    self.end_document(self.at);
                }
                self.mode = if is_blank(rest) {
                    Mode::Start
                } else {
                    Mode::Rest
                };
                self.is_json = false;
            }
            _ if line.starts_with(b"%") => self.mode = Mode::Whole,
            _ if is_blank(content) => {}
            // Documents in JSON follow one another.
            (mode, _) if mode == Mode::Start || self.is_json && is_json => {
                if mode != Mode::Start {
                    self.end_document(self.at);
                }
                (self.is_json, self.level) = (is_json, None);
                self.mode = Mode::Open(is_items(is_json, 1));
            }
            (Mode::Open(true), _) if !self.is_json && content.starts_with(b"- apiVersion:") => {
                self.begin_list(self.at, indent);
            }
            (Mode::Open(true), _) if self.is_json && is_brace => {
                self.mode = Mode::Brace(self.at, indent)
            }
            (Mode::Brace(at, indent), _) if content.starts_with(b"\"apiVersion\":") => {
                self.begin_list(at, indent);
            }
            (Mode::Open(_) | Mode::Brace(..), _) => {
                let level = *self.level.get_or_insert(indent);
                self.mode = Mode::Open(is_items(self.is_json, level));
            }
            (Mode::Items(own), _) if indent > own => {}
            (Mode::Items(own), _) if indent == own && self.is_json && is_brace => {
                self.piece = self.at;
            }
            (Mode::Items(own), _) if indent == own && self.is_json && content.starts_with(b"}") => {
                self.push(self.at + indent + 1, true);
            }
            (Mode::Items(own), _) => {
                if !self.is_json {
                    self.push(self.at, true);
                }
                self.piece = self.at;
                if self.is_json || indent < own || after(b"-").is_none() {
                    self.mode = Mode::Rest;
                }
            }
            (Mode::Start | Mode::Rest, _) => {}
        }
    }

    fn begin_list(&mut self, at: usize, indent: usize) {
        let head = self.buffer.get(self.piece..at).unwrap_or_default();
        self.head = Some(head.to_vec());
        self.piece = at;
        self.mode = Mode::Items(indent);
    }

    fn push(&mut self, at: usize, is_item: bool) {
        let span = std::mem::replace(&mut self.piece, at)..at;
        if !std::mem::take(&mut self.is_dropped) && !span.is_empty() {
            self.next.pieces.push(Piece { span, is_item });
        }
    }

    fn end_document(&mut self, at: usize) {
        match self.head.take() {
            None => self.push(at, false),
            Some(head) => {
                let is_in_list = matches!(self.mode, Mode::Items(_));
                // The last item of a list in YAML has no end of its own.
                if is_in_list && !self.is_json {
                    self.push(at, true);
                }
                self.end_list(head, if is_in_list { at..at } else { self.piece..at });
            }
        }
        self.piece = at;
        self.whole = Some((at, self.next.pieces.len()));
    }

    /// Ends a list: without its items it must be a list as well.
    fn end_list(&mut self, mut frame: Vec<u8>, tail: Range<usize>) {
        if std::mem::take(&mut self.is_dropped) {
            return;
        }
        if let Some((start, pieces)) = self.whole {
            let text = self.buffer.get(start..tail.end).unwrap_or_default();
            // An alias may refer to another item.
            if [" &", " *"].map(|sign| memmem::find(text, sign.as_bytes()).is_some()) == [true; 2] {
                self.next.pieces.truncate(pieces);
                self.piece = start;
                return self.push(tail.end, false);
            }
        }
        let at = tail.start;
        frame.extend_from_slice(self.buffer.get(tail).unwrap_or_default());
        let is_list = documents(&String::from_utf8_lossy(&frame)).is_ok_and(|rest| rest.is_empty());
        if !is_list {
            self.next.problems.push((at, Problem::CutOff));
        }
    }

    /// Returns the chunk before the piece that is not complete.
    fn cut(&mut self) -> Chunk {
        // With room for a chunk, so that it does not grow to twice the size.
        let mut rest = Vec::with_capacity(self.sizes.chunk + 2 * READ);
        rest.extend_from_slice(self.buffer.get(self.piece..).unwrap_or_default());
        self.whole = self.whole.filter(|(start, _)| *start == self.piece);
        self.whole = self.whole.map(|_| (0, 0));
        let mut chunk = std::mem::take(&mut self.next);
        let bytes = self.buffer.get(..self.piece).unwrap_or_default().to_vec();
        self.next.start = chunk.start;
        self.forget(self.piece);
        self.buffer = rest;
        chunk.text = chunk.readable(bytes);
        chunk
    }

    /// Drops the bytes before an offset, which is the start of a line unless they are dropped anyway.
    fn forget(&mut self, at: usize) {
        self.next.start.offset += at;
        self.next.start.lines +=
            memchr_iter(b'\n', self.buffer.get(..at).unwrap_or_default()).count();
        self.buffer.drain(..at);
        self.at = self.at.saturating_sub(at);
        self.piece = 0;
        if let Mode::Brace(brace, _) = &mut self.mode {
            *brace = brace.saturating_sub(at);
        }
    }
}

impl<R: Read> Iterator for Stream<R> {
    type Item = io::Result<Chunk>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next.is_last {
            return None;
        }
        let chunk = self.chunk();
        self.next.is_last = chunk.as_ref().map_or(true, |chunk| chunk.is_last);
        Some(chunk)
    }
}

impl Chunk {
    /// Returns the bytes as text. A piece that is not UTF-8 is a problem, and becomes blanks.
    fn readable(&mut self, mut bytes: Vec<u8>) -> String {
        let mut from = 0;
        while let Err(error) = std::str::from_utf8(bytes.get(from..).unwrap_or_default()) {
            let at = from + error.valid_up_to();
            self.problems
                .push((at, Problem::NotText(self.start.offset + at)));
            let next = self.pieces.partition_point(|piece| piece.span.end <= at);
            let (first, end) = match self.pieces.get(next).map(|piece| &piece.span) {
                Some(span) if span.start <= at => (span.start, span.end),
                other => (at, other.map_or(bytes.len(), |span| span.start)),
            };
            let bad = bytes.get_mut(first..end).unwrap_or_default();
            let bad = bad.iter_mut().filter(|byte| **byte != b'\n');
            bad.for_each(|byte| *byte = b' ');
            from = end;
        }
        String::from_utf8(bytes).unwrap_or_default()
    }
}
