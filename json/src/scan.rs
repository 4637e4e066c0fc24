//! The grammar: where values and their parts begin and end.

use crate::special::{BLOCK, CHUNK, Outline, plain_bytes};
use crate::text::{Raw, Text};

/// How many arrays and objects may be nested where they are read. What is skipped may be nested deeper.
pub const MAX_DEPTH: usize = 128;

/// Why a text cannot be read, and where. Holds nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The byte at which the value begins that is of the wrong type, or at which the grammar is broken.
    pub offset: usize,
    /// What is wrong.
    pub grammar: Grammar,
}

/// What is wrong with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grammar {
    /// It is not JSON.
    Broken,
    /// It ends before its value does.
    EndsEarly,
    /// What is read is nested deeper than [`MAX_DEPTH`].
    TooDeep,
    /// It is JSON, but an object has a key twice that is read.
    Twice,
    /// It is JSON, but a value is not of the type that was asked for.
    WrongType {
        /// What stands there.
        found: &'static str,
        /// What was asked for.
        expected: &'static str,
    },
}

/// That a text cannot be read; the scanner keeps why. It is no larger than nothing, as every step may return it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed;

/// A position in a text. Its methods say what the text must have next, and go behind it.
pub struct Scanner<'t> {
    text: &'t str,
    cursor: Cursor<'t>,
    fault: Fault,
    /// How deep what is being read is nested.
    pub(crate) depth: usize,
}

type Scanned<T> = Result<T, Failed>;

/// The kinds of the collections around a position that is being skipped: a bit each, set for an object.
#[derive(Default)]
struct Around {
    inner: u64,
    depth: usize,
    /// Words of the collections further out.
    outer: Vec<u64>,
}

impl Around {
    fn enter(&mut self, object: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.outer.push(self.inner);
        }
        self.inner = self.inner << 1 | u64::from(object);
        self.depth += 1;
    }

    fn leave(&mut self) {
        self.depth -= 1;
        self.inner >>= 1;
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.inner = self.outer.pop().unwrap_or_default();
        }
    }

    /// Whether the innermost is an object; `None` where there is none.
    const fn is_object(&self) -> Option<bool> {
        if self.depth == 0 {
            None
        } else {
            Some(self.inner & 1 == 1)
        }
    }
}

impl<'t> Scanner<'t> {
    /// The start of a text, in front of which there are no blanks.
    pub const fn new(text: &'t str) -> Self {
        let fault = Fault {
            offset: 0,
            grammar: Grammar::Broken,
        };
        Self {
            text,
            cursor: Cursor {
                bytes: text.as_bytes(),
                at: 0,
            },
            fault,
            depth: 0,
        }
    }

    /// Takes the value that a text is, from its beginning to its end.
    pub(crate) fn all<T>(
        text: &'t str,
        take: impl FnOnce(&mut Self) -> Scanned<T>,
    ) -> Result<T, Fault> {
        let mut scanner = Self::new(text);
        scanner.blanks();
        let taken = take(&mut scanner).and_then(|value| scanner.end().map(|()| value));
        taken.map_err(|Failed| scanner.fault)
    }

    /// Why the text cannot be read, once that has failed.
    pub const fn fault(&self) -> Fault {
        self.fault
    }

    #[cold]
    pub(crate) const fn fail<T>(&mut self, offset: usize, grammar: Grammar) -> Scanned<T> {
        self.fault = Fault { offset, grammar };
        Err(Failed)
    }

    #[cold]
    pub(crate) const fn broken<T>(&mut self) -> Scanned<T> {
        let Cursor { bytes, at } = self.cursor;
        self.fail(
            at,
            if at < bytes.len() {
                Grammar::Broken
            } else {
                Grammar::EndsEarly
            },
        )
    }

    /// How many bytes are behind.
    pub const fn offset(&self) -> usize {
        self.cursor.at
    }

    /// The next byte, if there is one; 0 begins nothing.
    pub fn peek(&self) -> u8 {
        self.cursor.peek()
    }

    pub(crate) fn blanks(&mut self) {
        self.cursor.blanks();
    }

    /// Makes sure that nothing follows.
    pub(crate) fn end(&mut self) -> Scanned<()> {
        self.blanks();
        if self.cursor.at == self.cursor.bytes.len() {
            Ok(())
        } else {
            self.broken()
        }
    }

    /// Enters the array or object whose bracket is next; false where it is empty, and left again.
    ///
    /// # Errors
    /// Where it is nested too deep.
    pub fn enter(&mut self, close: u8) -> Scanned<bool> {
        if self.depth == MAX_DEPTH {
            return self.fail(self.offset(), Grammar::TooDeep);
        }
        self.cursor.at += 1;
        self.blanks();
        let is_empty = self.cursor.take(close);
        self.depth += usize::from(!is_empty);
        Ok(!is_empty)
    }

    /// Goes on to the next item of the collection around; false where it ends.
    ///
    /// # Errors
    /// Where neither a comma nor the bracket follows.
    pub fn next(&mut self, close: u8) -> Scanned<bool> {
        self.blanks();
        if self.cursor.take(b',') {
            self.blanks();
            return Ok(true);
        }
        if self.cursor.take(close) {
            self.depth -= 1;
            return Ok(false);
        }
        self.broken()
    }

    /// Takes a key and the colon behind it.
    ///
    /// # Errors
    /// Where there is none.
    pub fn key(&mut self) -> Scanned<Text<'t>> {
        let key = self.string()?;
        self.colon()?;
        Ok(key)
    }

    fn colon(&mut self) -> Scanned<()> {
        if self.cursor.colon() {
            Ok(())
        } else {
            self.broken()
        }
    }

    /// Takes a string.
    pub(crate) fn string(&mut self) -> Scanned<Text<'t>> {
        let start = self.offset() + 1;
        match self.cursor.string() {
            Some(false) => Ok(Text::borrowed(self.slice(start, self.offset() - 1))),
            Some(true) => self.unescape(start, self.offset() - 1),
            None => self.broken(),
        }
    }

    /// The text from `start` up to here.
    pub fn text_from(&self, start: usize) -> &'t str {
        self.slice(start, self.offset())
    }

    fn slice(&self, start: usize, end: usize) -> &'t str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// The text from `start` to `end`, a string's, with its escapes resolved. A surrogate without its other half is no
    /// character, and so no JSON.
    #[cold]
    fn unescape(&mut self, start: usize, end: usize) -> Scanned<Text<'t>> {
        let mut plain = String::with_capacity(end - start);
        let mut rest = self.slice(start, end);
        while let Some((before, escape)) = rest.split_once('\\') {
            plain.push_str(before);
            let Some((letter, after)) = escape.split_at_checked(1) else {
                break;
            };
            rest = after;
            match letter {
                "b" => plain.push('\u{8}'),
                "f" => plain.push('\u{c}'),
                "n" => plain.push('\n'),
                "r" => plain.push('\r'),
                "t" => plain.push('\t'),
                "u" => {
                    let (unit, after) = unit(rest);
                    let (code, after) = match (unit, after.strip_prefix("\\u").map(self::unit)) {
                        (0xd800..0xdc00, Some((low @ 0xdc00..0xe000, after))) => {
                            (0x10000 + ((unit - 0xd800) << 10 | (low - 0xdc00)), after)
                        }
                        _ => (unit, after),
                    };
                    let Some(character) = char::from_u32(code) else {
                        return self.fail(start, Grammar::Broken);
                    };
                    plain.push(character);
                    rest = after;
                }
                itself => plain.push_str(itself),
            }
        }
        plain.push_str(rest);
        Ok(plain.into())
    }

    /// Takes a number, as it is written.
    pub(crate) fn number(&mut self) -> Scanned<&'t str> {
        let start = self.offset();
        if self.cursor.number() {
            Ok(self.text_from(start))
        } else {
            self.broken()
        }
    }

    /// Goes behind a word.
    pub(crate) fn word(&mut self, word: &str) -> Scanned<()> {
        if self.cursor.word(word) {
            Ok(())
        } else {
            self.broken()
        }
    }

    /// Goes behind the value that begins here, which may be nested as deep as it likes.
    ///
    /// # Errors
    /// Where there is none.
    pub fn skip(&mut self) -> Scanned<()> {
        let is_value;
        (self.cursor, is_value) = self.cursor.behind_value();
        if is_value { Ok(()) } else { self.broken() }
    }

    /// Takes an array or an object by its brackets alone, and any other value as it is written.
    pub(crate) fn span(&mut self) -> Scanned<Raw<'t>> {
        if !matches!(self.peek(), b'{' | b'[') {
            return self.raw();
        }
        let start = self.offset();
        match self.cursor.behind_brackets() {
            Some(end) => {
                self.cursor.at = end;
                Ok(Raw::of(self.text_from(start)))
            }
            None => self.fail(self.text.len(), Grammar::EndsEarly),
        }
    }

    /// Takes a value as it is written.
    pub(crate) fn raw(&mut self) -> Scanned<Raw<'t>> {
        let start = self.offset();
        self.skip()?;
        Ok(Raw::of(self.text_from(start)))
    }
}

/// The number that four hexadecimal digits are, and what follows them.
fn unit(text: &str) -> (u32, &str) {
    match text.split_at_checked(4) {
        Some((digits, rest)) => (u32::from_str_radix(digits, 16).unwrap_or_default(), rest),
        None => (0, ""),
    }
}

/// How many bytes of the text a string can have as they are, up to one that it must escape.
pub(crate) fn plain_prefix(text: &str) -> usize {
    let mut cursor = Cursor {
        bytes: text.as_bytes(),
        at: 0,
    };
    cursor.plain();
    cursor.at
}

/// A place in the bytes of a text, small enough for a machine to hold at hand. Its methods tell whether what they look
/// for is there, and stand behind it then; else where it ceases to be.
#[derive(Clone, Copy)]
struct Cursor<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl Cursor<'_> {
    #[inline]
    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or_default()
    }

    /// Takes the byte, where it is the next.
    #[inline]
    fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == byte;
        self.at += usize::from(is_next);
        is_next
    }

    #[inline]
    fn blanks(&mut self) {
        // Where objects are sent, there are none.
        while self.peek() <= b' ' && matches!(self.peek(), b' ' | b'\n' | b'\r' | b'\t') {
            self.at += 1;
        }
    }

    #[inline]
    fn colon(&mut self) -> bool {
        self.blanks();
        let is_colon = self.take(b':');
        self.blanks();
        is_colon
    }

    /// Takes a string; whether it holds escapes.
    #[inline]
    fn string(&mut self) -> Option<bool> {
        if !self.take(b'"') {
            return None;
        }
        let mut has_escapes = false;
        loop {
            self.plain();
            if self.take(b'"') {
                return Some(has_escapes);
            }
            self.at = self.behind_escape()?;
            has_escapes = true;
        }
    }

    /// Takes the plain part of a string, up to a quote, a backslash or what may not be there.
    #[inline]
    fn plain(&mut self) {
        let (chunks, _) = self
            .bytes
            .get(self.at..)
            .unwrap_or_default()
            .as_chunks::<CHUNK>();
        for chunk in chunks {
            let plain = plain_bytes(chunk);
            self.at += plain;
            if plain < CHUNK {
                return;
            }
        }
        // The last bytes of the text, too few for a chunk.
        while !matches!(self.peek(), b'"' | b'\\' | 0..b' ') {
            self.at += 1;
        }
    }

    /// The offset behind the escape that begins here.
    #[cold]
    fn behind_escape(mut self) -> Option<usize> {
        if !self.take(b'\\') {
            return None;
        }
        let digits = match self.peek() {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => 0,
            b'u' => 4,
            _ => return None,
        };
        self.at += 1;
        for _ in 0..digits {
            if !self.peek().is_ascii_hexdigit() {
                return None;
            }
            self.at += 1;
        }
        Some(self.at)
    }

    /// The place behind the number that begins here; or where it is broken, and false.
    fn behind_number(mut self) -> (Self, bool) {
        self.take(b'-');
        if !self.take(b'0') && !self.digits() || self.take(b'.') && !self.digits() {
            return (self, false);
        }
        if let b'e' | b'E' = self.peek() {
            self.at += 1;
            if let b'+' | b'-' = self.peek() {
                self.at += 1;
            }
            let is_number = self.digits();
            return (self, is_number);
        }
        (self, true)
    }

    /// Takes digits, of which there must be one at least.
    #[inline]
    fn digits(&mut self) -> bool {
        let start = self.at;
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        self.at > start
    }

    #[inline]
    fn number(&mut self) -> bool {
        let is_number;
        (*self, is_number) = self.behind_number();
        is_number
    }

    #[inline]
    fn word(&mut self, word: &str) -> bool {
        word.bytes().all(|byte| self.take(byte))
    }

    #[inline]
    fn key(&mut self) -> bool {
        self.string().is_some() && self.colon()
    }

    /// The offset behind the bracket that closes the one which is next, were this JSON.
    fn behind_brackets(self) -> Option<usize> {
        let (blocks, rest) = self
            .bytes
            .get(self.at..)
            .unwrap_or_default()
            .as_chunks::<BLOCK>();
        let mut last = [b' '; BLOCK];
        last.iter_mut()
            .zip(rest)
            .for_each(|(byte, rest)| *byte = *rest);
        let (mut depth, mut around) = (0, Strings::default());
        for (index, block) in blocks.iter().chain([&last]).enumerate() {
            let outline = Outline::of(block);
            let outside = around.outside(&outline);
            let (opens, closes) = (outline.opens & outside, outline.closes & outside);
            if closes.count_ones() < depth {
                depth = depth - closes.count_ones() + opens.count_ones();
                continue;
            }
            let mut brackets = opens | closes;
            while brackets != 0 {
                let lowest = brackets & brackets.wrapping_neg();
                brackets ^= lowest;
                match opens & lowest != 0 {
                    true => depth += 1,
                    false if depth > 1 => depth -= 1,
                    false => {
                        return Some(
                            self.at + index * BLOCK + lowest.trailing_zeros() as usize + 1,
                        );
                    }
                }
            }
        }
        None
    }

    /// The place behind the value that begins here; or where it is broken, and false.
    fn behind_value(mut self) -> (Self, bool) {
        let mut around = Around::default();
        loop {
            let is_taken = match self.peek() {
                b'"' => self.string().is_some(),
                open @ (b'{' | b'[') => {
                    self.at += 1;
                    self.blanks();
                    let is_object = open == b'{';
                    if !self.take(if is_object { b'}' } else { b']' }) {
                        around.enter(is_object);
                        if is_object && !self.key() {
                            return (self, false);
                        }
                        continue;
                    }
                    true
                }
                b't' => self.word("true"),
                b'f' => self.word("false"),
                b'n' => self.word("null"),
                _ => self.number(),
            };
            if !is_taken {
                return (self, false);
            }
            loop {
                let Some(is_object) = around.is_object() else {
                    return (self, true);
                };
                self.blanks();
                if self.take(b',') {
                    self.blanks();
                    if is_object && !self.key() {
                        return (self, false);
                    }
                    break;
                }
                if !self.take(if is_object { b'}' } else { b']' }) {
                    return (self, false);
                }
                around.leave();
            }
        }
    }
}

/// What of a string goes on from one block to the next.
#[derive(Default)]
struct Strings {
    /// All bits where a string does.
    inside: u64,
    /// The lowest bit where an escape does.
    escaped: u64,
}

impl Strings {
    /// The bytes of the block that are in no string.
    fn outside(&mut self, outline: &Outline) -> u64 {
        let mut escaped = std::mem::take(&mut self.escaped);
        let mut backslashes = outline.backslashes & !escaped;
        while backslashes != 0 {
            let lowest = backslashes & backslashes.wrapping_neg();
            escaped |= lowest << 1;
            self.escaped = lowest >> (BLOCK - 1);
            backslashes &= !(lowest | lowest << 1);
        }
        // Each bit is to be the parity of the quotes up to it.
        let mut inside = outline.quotes & !escaped;
        for distance in [1, 2, 4, 8, 16, 32] {
            inside ^= inside << distance;
        }
        inside ^= self.inside;
        self.inside = (inside >> (BLOCK - 1)).wrapping_neg();
        !inside
    }
}
