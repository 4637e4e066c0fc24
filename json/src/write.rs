//! Strings as JSON.

use crate::scan::plain_prefix;

/// Appends the text as a JSON string, quotes included.
pub fn write_string(to: &mut String, text: &str) {
    const HEX: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    to.push('"');
    let mut rest = text;
    loop {
        let (plain, special) = rest
            .split_at_checked(plain_prefix(rest))
            .unwrap_or_default();
        to.push_str(plain);
        let Some(byte) = special.as_bytes().first() else {
            break;
        };
        rest = special.get(1..).unwrap_or_default();
        match *byte {
            b'"' => to.push_str("\\\""),
            b'\\' => to.push_str("\\\\"),
            b'\n' => to.push_str("\\n"),
            b'\r' => to.push_str("\\r"),
            b'\t' => to.push_str("\\t"),
            8 => to.push_str("\\b"),
            12 => to.push_str("\\f"),
            other => {
                to.push_str("\\u00");
                to.extend(
                    [other >> 4, other & 15]
                        .iter()
                        .filter_map(|digit| HEX.get(usize::from(*digit))),
                );
            }
        }
    }
    to.push('"');
}
