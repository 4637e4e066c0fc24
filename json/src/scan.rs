//! The grammar: where values and their parts begin and end.

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
    /// It is JSON, but a value is not of the type that was asked for.
    WrongType {
        /// What stands there.
        found: &'static str,
        /// What was asked for.
        expected: &'static str,
    },
}

/// A position in a text. Its methods say what the text must have next, and go behind it.
pub struct Scanner<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    /// How deep what is being read is nested.
    pub(crate) depth: usize,
}

type Scanned<T> = Result<T, Fault>;

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
        if self.depth == 0 { None } else { Some(self.inner & 1 == 1) }
    }
}

const ONES: u64 = u64::MAX / 255;
const HIGHS: u64 = ONES << 7;

/// The high bits of those of eight bytes that end the plain part of a string: a quote, a backslash, a control character.
/// The lowest bit that is set is right; those above it may be of others.
const fn specials(word: u64) -> u64 {
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    let below_space = word.wrapping_sub(ONES * 0x20) & !word;
    let zeros = quote.wrapping_sub(ONES) & !quote | backslash.wrapping_sub(ONES) & !backslash;
    (below_space | zeros) & HIGHS
}

impl<'t> Scanner<'t> {
    /// The start of a text, in front of which there are no blanks.
    pub const fn new(text: &'t str) -> Self {
        Self { text, bytes: text.as_bytes(), at: 0, depth: 0 }
    }

    #[cold]
    pub(crate) fn broken<T>(&self) -> Scanned<T> {
        let grammar = if self.at < self.bytes.len() { Grammar::Broken } else { Grammar::EndsEarly };
        Err(Fault { offset: self.at, grammar })
    }

    /// A fault of the value that begins at `offset`.
    #[cold]
    pub(crate) const fn wrong<T>(offset: usize, found: &'static str, expected: &'static str) -> Scanned<T> {
        Err(Fault { offset, grammar: Grammar::WrongType { found, expected } })
    }

    /// How many bytes are behind.
    pub const fn offset(&self) -> usize {
        self.at
    }

    /// The next byte, if there is one; 0 begins nothing.
    pub fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or_default()
    }

    pub(crate) fn blanks(&mut self) {
        while let b' ' | b'\n' | b'\r' | b'\t' = self.peek() {
            self.at += 1;
        }
    }

    /// Takes the byte, where it is the next.
    fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == byte;
        self.at += usize::from(is_next);
        is_next
    }

    /// Makes sure that nothing follows.
    pub(crate) fn end(&mut self) -> Scanned<()> {
        self.blanks();
        if self.at == self.bytes.len() { Ok(()) } else { self.broken() }
    }

    /// Enters the array or object whose bracket is next; false where it is empty, and left again.
    ///
    /// # Errors
    /// Where it is nested too deep.
    pub fn enter(&mut self, close: u8) -> Scanned<bool> {
        if self.depth == MAX_DEPTH {
            return Err(Fault { offset: self.at, grammar: Grammar::TooDeep });
        }
        self.at += 1;
        self.blanks();
        let is_empty = self.take(close);
        self.depth += usize::from(!is_empty);
        Ok(!is_empty)
    }

    /// Goes on to the next item of the collection around; false where it ends.
    ///
    /// # Errors
    /// Where neither a comma nor the bracket follows.
    pub fn next(&mut self, close: u8) -> Scanned<bool> {
        self.blanks();
        if self.take(b',') {
            self.blanks();
            return Ok(true);
        }
        if self.take(close) {
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
        self.blanks();
        if !self.take(b':') {
            return self.broken();
        }
        self.blanks();
        Ok(())
    }

    /// Takes a string.
    pub(crate) fn string(&mut self) -> Scanned<Text<'t>> {
        let start = self.at + 1;
        match self.skip_string()? {
            false => Ok(Text::borrowed(self.slice(start, self.at - 1))),
            true => self.unescape(start, self.at - 1),
        }
    }

    /// The text from `start` up to here.
    pub fn text_from(&self, start: usize) -> &'t str {
        self.slice(start, self.at)
    }

    fn slice(&self, start: usize, end: usize) -> &'t str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// Goes behind the string that begins here; whether it holds escapes.
    fn skip_string(&mut self) -> Scanned<bool> {
        if !self.take(b'"') {
            return self.broken();
        }
        let mut has_escapes = false;
        loop {
            while let Some(word) = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk::<8>) {
                match specials(u64::from_le_bytes(*word)) {
                    0 => self.at += 8,
                    found => {
                        self.at += found.trailing_zeros() as usize / 8;
                        break;
                    }
                }
            }
            match self.peek() {
                b'"' => {
                    self.at += 1;
                    return Ok(has_escapes);
                }
                b'\\' => self.at += 1,
                // Of the last bytes of the text, too few for a word.
                0x20.. => {
                    self.at += 1;
                    continue;
                }
                _ => return self.broken(),
            }
            has_escapes = true;
            match self.peek() {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 1,
                b'u' => {
                    self.at += 1;
                    for _ in 0..4 {
                        if !self.peek().is_ascii_hexdigit() {
                            return self.broken();
                        }
                        self.at += 1;
                    }
                }
                _ => return self.broken(),
            }
        }
    }

    /// The text from `start` to `end`, a string's, with its escapes resolved. A surrogate without its other half is no
    /// character, and so no JSON.
    #[cold]
    fn unescape(&self, start: usize, end: usize) -> Scanned<Text<'t>> {
        let mut plain = String::with_capacity(end - start);
        let mut rest = self.slice(start, end);
        while let Some((before, escape)) = rest.split_once('\\') {
            plain.push_str(before);
            let Some((letter, after)) = escape.split_at_checked(1) else { break };
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
                        return Err(Fault { offset: start, grammar: Grammar::Broken });
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
        let start = self.at;
        self.skip_number()?;
        Ok(self.slice(start, self.at))
    }

    fn skip_number(&mut self) -> Scanned<()> {
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if let b'e' | b'E' = self.peek() {
            self.at += 1;
            if let b'+' | b'-' = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    /// Goes behind digits, of which there is one at least.
    fn digits(&mut self) -> Scanned<()> {
        if !self.peek().is_ascii_digit() {
            return self.broken();
        }
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        Ok(())
    }

    /// Goes behind a word.
    pub(crate) fn word(&mut self, word: &str) -> Scanned<()> {
        for byte in word.bytes() {
            if !self.take(byte) {
                return self.broken();
            }
        }
        Ok(())
    }

    /// Goes behind the value that begins here, which may be nested as deep as it likes.
    ///
    /// # Errors
    /// Where there is none.
    pub fn skip(&mut self) -> Scanned<()> {
        let mut around = Around::default();
        loop {
            match self.peek() {
                b'"' => drop(self.skip_string()?),
                open @ (b'{' | b'[') => {
                    self.at += 1;
                    self.blanks();
                    let is_object = open == b'{';
                    if !self.take(if is_object { b'}' } else { b']' }) {
                        around.enter(is_object);
                        if is_object {
                            self.skip_key()?;
                        }
                        continue;
                    }
                }
                b't' => self.word("true")?,
                b'f' => self.word("false")?,
                b'n' => self.word("null")?,
                _ => self.skip_number()?,
            }
            loop {
                let Some(is_object) = around.is_object() else { return Ok(()) };
                self.blanks();
                if self.take(b',') {
                    self.blanks();
                    if is_object {
                        self.skip_key()?;
                    }
                    break;
                }
                if !self.take(if is_object { b'}' } else { b']' }) {
                    return self.broken();
                }
                around.leave();
            }
        }
    }

    fn skip_key(&mut self) -> Scanned<()> {
        self.skip_string()?;
        self.colon()
    }

    /// Takes a value as it is written.
    pub(crate) fn raw(&mut self) -> Scanned<Raw<'t>> {
        let start = self.at;
        self.skip()?;
        Ok(Raw::of(self.slice(start, self.at)))
    }
}

/// The number that four hexadecimal digits are, and what follows them.
fn unit(text: &str) -> (u32, &str) {
    match text.split_at_checked(4) {
        Some((digits, rest)) => (u32::from_str_radix(digits, 16).unwrap_or_default(), rest),
        None => (0, ""),
    }
}
