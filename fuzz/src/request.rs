//! The bytes of a request.

use eci_security_context::{Verdict, kubewarden};
use serde_json::Value;

use crate::answer::checked;
use crate::repair::{self, mutate, validate};

/// Replaces the strings in a payload that a message might repeat.
const MARKER: &str = "m4rked-text";

/// Checks that any bytes get a valid answer, the same one each time, and that repairs are complete. `validate` and
/// `mutate` reject what they cannot read, with a message that repeats none of its strings.
pub fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        assert_eq!(checked(validate(bytes)).code, Some(400), "it is not UTF-8");
        return;
    };
    let is_json = crate::is_json(text);
    // By its grammar, half a surrogate or `1e400` is JSON, but `serde_json` does not read it. Hosts that use `serde_json`
    // never send one, and an answer that copies one cannot be read here.
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

/// Returns the code and the message of a request that no rule has judged.
fn rejection(verdict: &Verdict) -> Option<(u16, String)> {
    let code = verdict.code.filter(|code| *code != 403)?;
    Some((code, verdict.message.clone().unwrap_or_default()))
}

/// Checks that a message repeats no string of the request.
///
/// A message may contain a string by chance, such as `is missing`. Such a string is replaced by a marker, which the next
/// message must not contain.
fn repeats_nothing(text: &str, value: Option<Value>, message: &str) {
    if text.contains(MARKER) {
        return;
    }
    let (changed, codes) = match value {
        Some(mut payload) => {
            if let Some(request) = payload.get_mut("request") {
                mark(request, message);
            }
            // A message with code 500 is the host's.
            (payload.to_string(), 400..=422)
        }
        None => {
            let pieces = text.split('"').filter(|piece| is_in(piece, message));
            let changed = pieces.fold(text.to_owned(), |text, piece| text.replace(piece, MARKER));
            // The marker may now be a key, and messages have keys in paths, except those with code 400.
            (changed, 400..=400)
        }
    };
    if let Some((code, message)) = rejection(&validate(changed.as_bytes())) {
        let is_repeated = codes.contains(&code) && message.contains(MARKER);
        assert!(!is_repeated, "{message:?} repeats {changed}");
    }
}

/// Replaces every string that the message contains by the marker.
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
