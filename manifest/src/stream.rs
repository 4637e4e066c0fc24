//! Reads a stream of any length in chunks of whole documents and whole items of lists, as kubectl writes them, so that
//! memory does not grow with the stream.

use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;

use memchr::{memchr_iter, memmem, memrchr};

use crate::document::{ItemType, list_type};
use crate::error::Problem;
use crate::part::{Part, parts_in};
use crate::scan::{Found, Scanner};

/// The bytes that are read at a time.
const READ: usize = 64 << 10;

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

impl Place {
    fn advance(&mut self, bytes: &[u8]) {
        self.offset += bytes.len();
        let line = match memrchr(b'\n', bytes) {
            Some(last) => {
                self.lines += memchr_iter(b'\n', bytes).count();
                self.columns = 0;
                bytes.get(last + 1..).unwrap_or_default()
            }
            None => bytes,
        };
        let is_start = |byte: &&u8| !(0x80..0xc0).contains(*byte);
        self.columns += line.iter().filter(is_start).count();
    }
}

/// A text of whole documents and items.
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
    /// The type that the list gives it.
    item_type: Option<Arc<ItemType>>,
}

impl Chunk {
    /// A whole text, in which lists are not split.
    pub fn whole(text: String) -> Self {
        Self {
            pieces: vec![Piece {
                span: 0..text.len(),
                is_item: false,
                item_type: None,
            }],
            text,
            is_first: true,
            is_last: true,
            ..Self::default()
        }
    }

    /// True if the whole stream is blank.
    pub fn is_empty(&self) -> bool {
        self.is_first && self.is_last && self.text.trim_ascii().is_empty()
    }

    /// The parts that are read one by one: the items of lists, and of other documents those of [`parts`](crate::parts).
    pub fn parts(&self) -> Vec<Part<'_>> {
        let mut all: Vec<Part<'_>> = Vec::new();
        let is_same = |one: &Piece, next: &Piece| {
            !one.is_item && !next.is_item && one.span.end == next.span.start
        };
        for pieces in self.pieces.chunk_by(is_same) {
            if let [first, .., last] | [first @ last] = pieces {
                let span = first.span.start..last.span.end;
                parts_in(&self.text, span, first.item_type.as_ref(), &mut all);
            }
        }
        all
    }
}

/// The sizes of what is read.
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
    /// The bytes from the start of the next chunk on.
    buffer: Vec<u8>,
    /// Where the buffer begins.
    start: Place,
    scanner: Scanner,
    /// Where the document or item begins that is not complete.
    piece: usize,
    /// True if it is too large, so that its bytes are dropped.
    is_dropped: bool,
    /// The list whose items are read.
    list: Option<List>,
    /// The start of the document and the number of pieces before it, unless a chunk ended in it.
    whole: Option<(usize, usize)>,
    is_first: bool,
    is_done: bool,
    pieces: Vec<Piece>,
    problems: Vec<(usize, Problem)>,
}

/// A list without its items.
#[derive(Debug)]
struct List {
    head: Vec<u8>,
    item_type: Option<Arc<ItemType>>,
    is_json: bool,
}

impl<R: Read> Stream<R> {
    /// A stream from a reader.
    pub fn new(reader: R, sizes: Sizes) -> Self {
        Self {
            reader,
            sizes,
            buffer: Vec::new(),
            start: Place::default(),
            scanner: Scanner::default(),
            piece: 0,
            is_dropped: false,
            list: None,
            whole: Some((0, 0)),
            is_first: true,
            is_done: false,
            pieces: Vec::new(),
            problems: Vec::new(),
        }
    }

    fn chunk(&mut self) -> io::Result<Chunk> {
        let mut is_end = false;
        loop {
            while let Some(found) = self.scanner.next(&self.buffer, is_end) {
                self.take(found);
                if self.piece >= self.sizes.chunk {
                    return Ok(self.cut(false));
                }
            }
            if is_end {
                self.end_document(self.buffer.len(), self.scanner.is_in_list());
                return Ok(self.cut(true));
            }
            if self.is_dropped {
                self.forget(self.scanner.at);
            } else if self.buffer.len() - self.piece > self.sizes.piece {
                let limit = Problem::TooLarge(self.sizes.piece >> 20);
                self.problems.push((self.piece, limit));
                let chunk = self.cut(false);
                (self.is_dropped, self.whole) = (true, None);
                return Ok(chunk);
            }
            is_end = self.fill()? == 0;
        }
    }

    fn fill(&mut self) -> io::Result<usize> {
        let mut read = self.reader.by_ref().take(READ as u64);
        read.read_to_end(&mut self.buffer)
    }

    /// Ends a document or an item where the scanner found its end.
    fn take(&mut self, found: Found) {
        match found {
            Found::Document { at, is_in_list } => self.end_document(at, is_in_list),
            Found::List { at, is_json } if !self.is_dropped => {
                let head = self.buffer.get(self.piece..at).unwrap_or_default().to_vec();
                let end: &[u8] = if is_json { b"]}" } else { b"" };
                let text = [&head, end].concat();
                self.list = Some(List {
                    item_type: list_type(&String::from_utf8_lossy(&text)).flatten(),
                    head,
                    is_json,
                });
                self.piece = at;
            }
            Found::List { .. } => {}
            Found::Item(at) => self.piece = at,
            Found::ItemEnd(at) => self.push(at, true),
            // What was taken for JSON is read as it is.
            Found::NotJson => {
                self.list = None;
                if let Some((start, pieces)) = self.whole.filter(|_| !self.is_dropped) {
                    self.pieces.truncate(pieces);
                    self.piece = start;
                }
            }
        }
    }

    fn push(&mut self, at: usize, is_item: bool) {
        let span = std::mem::replace(&mut self.piece, at)..at;
        if !std::mem::take(&mut self.is_dropped) && !span.is_empty() {
            let list = self.list.as_ref().filter(|_| is_item);
            let item_type = list.and_then(|list| list.item_type.clone());
            self.pieces.push(Piece {
                span,
                is_item,
                item_type,
            });
        }
    }

    fn end_document(&mut self, at: usize, is_in_list: bool) {
        match self.list.take() {
            None => self.push(at, false),
            Some(list) => {
                // The last item of a list in YAML has no end of its own.
                if is_in_list && !list.is_json {
                    self.push(at, true);
                }
                let tail = self.piece..at;
                self.end_list(list, if is_in_list { at..at } else { tail });
            }
        }
        self.piece = at;
        self.whole = Some((at, self.pieces.len()));
    }

    /// Ends a list: without its items it must be a list as well.
    fn end_list(&mut self, list: List, tail: Range<usize>) {
        if std::mem::take(&mut self.is_dropped) {
            return;
        }
        let end = tail.end;
        if let Some((start, pieces)) = self.whole {
            let text = self.buffer.get(start..end).unwrap_or_default();
            // An alias may refer to another item.
            if [" &", " *"].map(|sign| memmem::find(text, sign.as_bytes()).is_some()) == [true; 2] {
                self.pieces.truncate(pieces);
                self.piece = start;
                return self.push(end, false);
            }
        }
        let start = tail.start;
        let frame = [&list.head, self.buffer.get(tail).unwrap_or_default()].concat();
        match list_type(&String::from_utf8_lossy(&frame)) {
            None => self.problems.push((start, Problem::CutOff)),
            Some(Some(_)) if list.is_json && list.item_type.is_none() => {
                self.problems.push((start, Problem::LateKind));
            }
            Some(_) => {}
        }
    }

    /// Returns the chunk before the piece that is not complete.
    fn cut(&mut self, is_last: bool) -> Chunk {
        let rest = self.buffer.split_off(self.piece);
        let bytes = std::mem::replace(&mut self.buffer, rest);
        self.scanner.shift(self.piece);
        self.whole = match self.whole {
            Some((start, _)) if start == self.piece => Some((0, 0)),
            _ => None,
        };
        self.piece = 0;
        let start = self.start;
        self.start.advance(&bytes);
        self.is_done = is_last;
        let mut problems = std::mem::take(&mut self.problems);
        let pieces = std::mem::take(&mut self.pieces);
        let text = readable(bytes, start, &pieces, &mut problems);
        Chunk {
            text,
            start,
            is_first: std::mem::take(&mut self.is_first),
            is_last,
            problems,
            pieces,
        }
    }

    /// Drops the bytes before an offset.
    fn forget(&mut self, at: usize) {
        self.start
            .advance(self.buffer.get(..at).unwrap_or_default());
        self.buffer.drain(..at);
        self.scanner.shift(at);
        self.piece = 0;
    }
}

impl<R: Read> Iterator for Stream<R> {
    type Item = io::Result<Chunk>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_done {
            return None;
        }
        let chunk = self.chunk();
        self.is_done |= chunk.is_err();
        Some(chunk)
    }
}

/// Returns the bytes as text. A piece that is not UTF-8 is a problem, and becomes blanks.
fn readable(
    mut bytes: Vec<u8>,
    start: Place,
    pieces: &[Piece],
    problems: &mut Vec<(usize, Problem)>,
) -> String {
    let mut from = 0;
    while let Err(error) = std::str::from_utf8(bytes.get(from..).unwrap_or_default()) {
        let at = from + error.valid_up_to();
        problems.push((at, Problem::NotText(start.offset + at)));
        let next = pieces.partition_point(|piece| piece.span.end <= at);
        let (first, end) = match pieces.get(next).map(|piece| &piece.span) {
            Some(span) if span.start <= at => (span.start, span.end),
            other => (at, other.map_or(bytes.len(), |span| span.start)),
        };
        for byte in bytes.get_mut(first..end).unwrap_or_default() {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        from = end;
    }
    String::from_utf8(bytes).unwrap_or_default()
}
