//! The bytes of a request.

use eci_security_context::{Verdict, kubewarden};
use serde_json::Value;

use crate::answer::checked;
use crate::repair::{self, mutate, validate};

/// Stands in a payload for a string that a message might repeat.
const MARKER: &str = "m4rked-text";

/// Any bytes get an answer of the response's shape, and the same one every time; what cannot be read is rejected, by
/// `mutate` as by `validate`, in words that repeat none of its strings; and what is repaired is clean.
pub fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        assert_eq!(checked(validate(bytes)).code, Some(400), "it is not UTF-8");
        return;
    };
    let is_json = crate::is_json(text);
    // Half a surrogate or `1e400` is JSON by its grammar, and not a value to `serde_json`. No host that reads requests
    // with it passes one on, and an answer that copies one is not a value either.
    let value: Option<Value> = serde_json::from_str(text).ok();
    let rejections = [validate, mutate].map(|judge| {
        let verdict = repair::is_clean(text, judge);
        assert!(is_json || verdict.code == Some(400), "it is not JSON");
        let answer = |verdict| kubewarden::answer(verdict).expect("an answer can be written");
        assert_eq!(answer(&verdict), answer(&judge(bytes)), "another answer");
        let rejection = rejection(&verdict);
        if value.is_some() || !is_json {
            checked(verdict);
        }
        rejection
    });
    let [validated, mutated] = rejections;
    assert_eq!(validated, mutated, "`mutate` reads another request");
    if let Some((_, message)) = validated {
        repeats_nothing(text, value, &message);
    }
}

/// The code and the message of a request that no rule has judged.
fn rejection(verdict: &Verdict) -> Option<(u16, String)> {
    let code = verdict.code.filter(|code| *code != 403)?;
    Some((code, verdict.message.clone().unwrap_or_default()))
}

/// Checks that a message repeats no string of the request. One that it has by chance, as `is missing` may be, is
/// replaced by a marker, and the next message must not have that.
fn repeats_nothing(text: &str, value: Option<Value>, message: &str) {
    if text.contains(MARKER) {
        return;
    }
    let (changed, codes) = match value {
        Some(mut payload) => {
            if let Some(request) = payload.get_mut("request") {
                mark(request, message);
            }
            // The host's words, with code 500, are its own.
            (payload.to_string(), 400..=422)
        }
        None => {
            let pieces = text.split('"').filter(|piece| is_in(piece, message));
            let changed = pieces.fold(text.to_owned(), |text, piece| text.replace(piece, MARKER));
            // The marker may be a key now, and keys stand in paths, but a message with code 400 has none.
            (changed, 400..=400)
        }
    };
    if let Some((code, message)) = rejection(&validate(changed.as_bytes())) {
        let is_repeated = codes.contains(&code) && message.contains(MARKER);
        assert!(!is_repeated, "{message:?} repeats {changed}");
    }
}

/// Puts the marker in place of every string that the message has.
fn mark(value: &mut Value, message: &str) {
    match value {
        Value::String(text) if is_in(text, message) => MARKER.clone_into(text),
        Value::Array(items) => items.iter_mut().for_each(|item| mark(item, message)),
        Value::Object(entries) => entries.values_mut().for_each(|value| mark(value, message)),
        _ => {}
    }
}

fn is_in(text: &str, message: &str) -> bool {
    text.chars().nth(2).is_some() && message.contains(text)
}
