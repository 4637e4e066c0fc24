//! Payloads that are not an object with a request.

use serde_json::json;

use super::{BadPayload, NOT_JSON, SECRET, UNREADABLE, group, payload, pod};

pub(crate) fn texts() -> Vec<BadPayload> {
    let whole = payload(&pod(), "{}");
    let in_name = |bytes: &[u8]| {
        let (before, after) = whole.split_once(SECRET).unwrap();
        [before.as_bytes(), bytes, after.as_bytes()].concat()
    };
    let open = "[".repeat(100_000);
    let unclosed = format!(r#"{{"x":{open}"#);
    let half = whole.len() / 2;
    let in_secret = whole.find(SECRET).unwrap() + 4;
    let utf_16 = whole.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let groups = [
        group(
            NOT_JSON,
            "cannot be read",
            [
                ("empty", Vec::new()),
                ("blank", b" \n\t".to_vec()),
                ("a word", SECRET.into()),
                ("YAML", format!("request:\n  uid: {SECRET}").into()),
                ("single quotes", format!("{{'request':'{SECRET}'}}").into()),
                ("NaN", whole.replacen("false", "NaN", 1).into()),
                ("a comment", format!("{whole} // {SECRET}").into()),
                ("two objects", whole.repeat(2).into()),
                ("a byte order mark", format!("\u{feff}{whole}").into()),
                ("UTF-16", utf_16),
            ],
        ),
        group(
            NOT_JSON,
            "too early",
            [
                ("truncated in a string", &whole[..in_secret]),
                ("truncated at the end", &whole[..whole.len() - 1]),
                ("truncated by half", &whole[..half]),
                ("arrays in arrays, unclosed", &unclosed),
            ],
        ),
        group(
            NOT_JSON,
            "UTF-8",
            [
                ("an invalid byte of UTF-8", in_name(b"\xff")),
                ("an overlong encoding", in_name(b"\xc0\xaf")),
                ("an encoded surrogate", in_name(b"\xed\xa0\x80")),
                ("half a character", in_name(b"\xe2\x82")),
            ],
        ),
        group(
            UNREADABLE,
            "an object",
            [
                ("an array", format!("[{whole}]")),
                ("a string", json!(SECRET).to_string()),
                ("a number", "4815162342".to_owned()),
                ("a boolean", "true".to_owned()),
                ("arrays in arrays", open.clone() + &"]".repeat(100_000)),
            ],
        ),
        group(UNREADABLE, "null", [("null", "null")]),
        group(
            UNREADABLE,
            "request: is missing",
            [("an empty object", "{}")],
        ),
    ];
    groups.into_iter().flatten().collect()
}
