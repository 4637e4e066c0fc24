//! The bytes that end the plain part of a string: a quote, a backslash, a control character. Most bytes of a payload
//! are in strings, so they are looked at many at a time.

/// How many bytes are looked at together.
pub(crate) const CHUNK: usize = if cfg!(target_feature = "simd128") { 16 } else { 8 };

/// How many bytes of the chunk come before the first that is special; all of them where none is.
#[cfg(target_feature = "simd128")]
pub(crate) fn plain_bytes(chunk: &[u8; CHUNK]) -> usize {
    use std::arch::wasm32::{u8x16_bitmask, u8x16_eq, u8x16_lt, u8x16_splat, u64x2, v128_or};

    let word = |bytes: &[u8]| bytes.first_chunk().map_or(0, |word| u64::from_le_bytes(*word));
    let (low, high) = chunk.split_at(8);
    let bytes = u64x2(word(low), word(high));
    let is_delimiter = v128_or(u8x16_eq(bytes, u8x16_splat(b'"')), u8x16_eq(bytes, u8x16_splat(b'\\')));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_in_every_place() {
        for byte in 0..=u8::MAX {
            let is_special = matches!(byte, b'"' | b'\\' | 0..b' ');
            for plain in [b'a', b' ', b'!', b'#', b'[', b']', 0x7f, 0x80, 0xa2, 0xdc, 0xff] {
                for place in 0..CHUNK {
                    let mut chunk = [plain; CHUNK];
                    chunk[place] = byte;
                    assert_eq!(plain_bytes(&chunk), if is_special { place } else { CHUNK }, "{chunk:x?}");
                }
            }
        }
    }
}
