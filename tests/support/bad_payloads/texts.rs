//! Payloads that are not an object with a request.

use serde_json::json;

use super::{BadPayload, NOT_JSON, SECRET, UNREADABLE, bad, payload, pod};

pub(crate) fn texts() -> Vec<BadPayload> {
    let whole = payload(&pod(), "{}");
    let in_name = |bytes: &[u8]| {
        let (before, after) = whole.split_once(SECRET).unwrap();
        [before.as_bytes(), bytes, after.as_bytes()].concat()
    };
    let table: [(&str, Vec<u8>, Option<u16>, &str); _] = [
        ("empty", b"".to_vec(), NOT_JSON, "cannot be read"),
        ("blank", b" \n\t".to_vec(), NOT_JSON, "cannot be read"),
        ("a word", SECRET.into(), NOT_JSON, "cannot be read"),
        (
            "YAML",
            format!("request:\n  uid: {SECRET}").into(),
            NOT_JSON,
            "cannot be read",
        ),
        (
            "single quotes",
            format!("{{'request': '{SECRET}'}}").into(),
            NOT_JSON,
            "cannot be read",
        ),
        (
            "NaN",
            whole.replacen("false", "NaN", 1).into(),
            NOT_JSON,
            "cannot be read",
        ),
        (
            "a comment",
            format!("{whole} // {SECRET}").into(),
            NOT_JSON,
            "cannot be read",
        ),
        (
            "two objects",
            whole.repeat(2).into(),
            NOT_JSON,
            "cannot be read",
        ),
        (
            "a byte order mark",
            format!("\u{feff}{whole}").into(),
            NOT_JSON,
            "cannot be read",
        ),
        (
            "UTF-16",
            whole.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            NOT_JSON,
            "cannot be read",
        ),
        (
            "truncated in a string",
            whole[..whole.find(SECRET).unwrap() + 4].into(),
            NOT_JSON,
            "too early",
        ),
        (
            "truncated at the end",
            whole[..whole.len() - 1].into(),
            NOT_JSON,
            "too early",
        ),
        (
            "truncated by half",
            whole[..whole.len() / 2].into(),
            NOT_JSON,
            "too early",
        ),
        (
            "an invalid byte of UTF-8",
            in_name(b"\xff"),
            NOT_JSON,
            "UTF-8",
        ),
        (
            "an overlong encoding",
            in_name(b"\xc0\xaf"),
            NOT_JSON,
            "UTF-8",
        ),
        (
            "an encoded surrogate",
            in_name(b"\xed\xa0\x80"),
            NOT_JSON,
            "UTF-8",
        ),
        ("half a character", in_name(b"\xe2\x82"), NOT_JSON, "UTF-8"),
        (
            "an array",
            format!("[{whole}]").into(),
            UNREADABLE,
            "an object",
        ),
        (
            "a string",
            json!(SECRET).to_string().into(),
            UNREADABLE,
            "an object",
        ),
        ("a number", b"4815162342".to_vec(), UNREADABLE, "an object"),
        ("a boolean", b"true".to_vec(), UNREADABLE, "an object"),
        ("null", b"null".to_vec(), UNREADABLE, "null"),
        (
            "an empty object",
            b"{}".to_vec(),
            UNREADABLE,
            "request: is missing",
        ),
        (
            "arrays in arrays",
            ("[".repeat(100_000) + &"]".repeat(100_000)).into(),
            UNREADABLE,
            "an object",
        ),
        (
            "arrays in arrays, unclosed",
            format!(r#"{{"x":{}"#, "[".repeat(100_000)).into(),
            NOT_JSON,
            "too early",
        ),
    ];
    table
        .into_iter()
        .map(|(name, payload, code, says)| bad(name, payload, code, says))
        .collect()
}
