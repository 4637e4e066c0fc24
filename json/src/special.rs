//! Bytes looked at many at a time, as most of a payload is text: those that end the plain part of a string (a quote, a
//! backslash, a control character), and those that tell where a value ends (quotes, backslashes, brackets).

/// How many bytes are looked at together.
pub(crate) const CHUNK: usize = if cfg!(target_feature = "simd128") {
    16
} else {
    8
};

#[cfg(target_feature = "simd128")]
fn vector(chunk: &[u8; CHUNK]) -> std::arch::wasm32::v128 {
    let word = |bytes: &[u8]| {
        bytes
            .first_chunk()
            .map_or(0, |word| u64::from_le_bytes(*word))
    };
    let (low, high) = chunk.split_at(8);
    std::arch::wasm32::u64x2(word(low), word(high))
}

/// How many bytes of the chunk come before the first that is special; all of them where none is.
#[cfg(target_feature = "simd128")]
pub(crate) fn plain_bytes(chunk: &[u8; CHUNK]) -> usize {
    use std::arch::wasm32::{u8x16_bitmask, u8x16_eq, u8x16_lt, u8x16_splat, v128_or};

    let bytes = vector(chunk);
    let is_delimiter = v128_or(
        u8x16_eq(bytes, u8x16_splat(b'"')),
        u8x16_eq(bytes, u8x16_splat(b'\\')),
    );
    let is_special = v128_or(is_delimiter, u8x16_lt(bytes, u8x16_splat(b' ')));
    (u32::from(u8x16_bitmask(is_special)) | 1 << CHUNK).trailing_zeros() as usize
}

/// How many bytes of the chunk come before the first that is special; all of them where none is.
#[cfg(not(target_feature = "simd128"))]
pub(crate) const fn plain_bytes(chunk: &[u8; CHUNK]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGHS: u64 = ONES << 7;

    let word = u64::from_le_bytes(*chunk);
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    let below_space = word.wrapping_sub(ONES * b' ' as u64) & !word;
    let zeros = quote.wrapping_sub(ONES) & !quote | backslash.wrapping_sub(ONES) & !backslash;
    // The lowest bit that is set is right; those above it may be of bytes that are plain.
    ((below_space | zeros) & HIGHS).trailing_zeros() as usize / 8
}

/// The bytes that a block of the outline has: as many as a word has bits.
pub(crate) const BLOCK: usize = 64;

/// Where the bytes stand in a block that tell where a value ends: a bit each, the lowest for the first byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outline {
    /// `"`
    pub(crate) quotes: u64,
    /// `\`
    pub(crate) backslashes: u64,
    /// `[` and `{`
    pub(crate) opens: u64,
    /// `]` and `}`
    pub(crate) closes: u64,
}

impl Outline {
    pub(crate) fn of(block: &[u8; BLOCK]) -> Self {
        let mut outline = Self::default();
        let (chunks, _) = block.as_chunks::<CHUNK>();
        for (place, chunk) in chunks.iter().enumerate() {
            let [quotes, backslashes, opens, closes] =
                marks(chunk).map(|mark| mark << (place * CHUNK));
            outline.quotes |= quotes;
            outline.backslashes |= backslashes;
            outline.opens |= opens;
            outline.closes |= closes;
        }
        outline
    }
}

/// The marks of an [`Outline`], of one chunk.
#[cfg(target_feature = "simd128")]
fn marks(chunk: &[u8; CHUNK]) -> [u64; 4] {
    use std::arch::wasm32::{u8x16_bitmask, u8x16_eq, u8x16_splat, v128_or};

    let bytes = vector(chunk);
    // In ASCII, the brackets of an array and of an object differ in this bit only, and no other byte has theirs.
    let brackets = v128_or(bytes, u8x16_splat(b'[' ^ b'{'));
    let mark = |bytes, byte| u64::from(u8x16_bitmask(u8x16_eq(bytes, u8x16_splat(byte))));
    [
        mark(bytes, b'"'),
        mark(bytes, b'\\'),
        mark(brackets, b'{'),
        mark(brackets, b'}'),
    ]
}

/// The marks of an [`Outline`], of one chunk.
#[cfg(not(target_feature = "simd128"))]
fn marks(chunk: &[u8; CHUNK]) -> [u64; 4] {
    let mut marks = [0; 4];
    for (place, byte) in chunk.iter().enumerate() {
        let [quotes, backslashes, opens, closes] = &mut marks;
        *quotes |= u64::from(*byte == b'"') << place;
        *backslashes |= u64::from(*byte == b'\\') << place;
        *opens |= u64::from(*byte | (b'[' ^ b'{') == b'{') << place;
        *closes |= u64::from(*byte | (b'[' ^ b'{') == b'}') << place;
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_in_every_place() {
        for byte in 0..=u8::MAX {
            let is_special = matches!(byte, b'"' | b'\\' | 0..b' ');
            for plain in [
                b'a', b' ', b'!', b'#', b'[', b']', 0x7f, 0x80, 0xa2, 0xdc, 0xff,
            ] {
                for place in 0..CHUNK {
                    let mut chunk = [plain; CHUNK];
                    chunk[place] = byte;
                    assert_eq!(
                        plain_bytes(&chunk),
                        if is_special { place } else { CHUNK },
                        "{chunk:x?}"
                    );
                }
            }
        }
    }

    #[test]
    fn every_byte_is_outlined_in_every_place() {
        for byte in 0..=u8::MAX {
            for place in 0..BLOCK {
                let mut block = [b'a'; BLOCK];
                block[place] = byte;
                let is = |these: &[u8]| u64::from(these.contains(&byte)) << place;
                let outline = Outline {
                    quotes: is(b"\""),
                    backslashes: is(b"\\"),
                    opens: is(b"[{"),
                    closes: is(b"]}"),
                };
                assert_eq!(Outline::of(&block), outline, "{byte:#x} at {place}");
            }
        }
    }
}
