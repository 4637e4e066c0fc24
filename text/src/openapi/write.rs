//! Writes the parameters of requests.

use serde_json::{Value, json};

/// Returns the value with percent-encoding for characters that would end it or be decoded, and for blanks at its ends.
pub(crate) fn encoded(value: &str) -> String {
    let inner = value.trim_start();
    let start = value.len() - inner.len();
    let end = start + inner.trim_end().len();
    let mut encoded = String::new();
    for (at, c) in value.char_indices() {
        match c {
            '%' | '&' => encoded.push_str(&percent(c)),
            c if c.is_control() || c == '\u{feff}' || !(start..end).contains(&at) => {
                encoded.push_str(&percent(c));
            }
            _ => encoded.push(c),
        }
    }
    encoded
}

fn percent(c: char) -> String {
    c.encode_utf8(&mut [0; 4])
        .bytes()
        .map(|byte| format!("%{byte:02X}"))
        .collect()
}

/// Returns the parameters as the SDKs nest them: a number in a name is the index in a list.
pub(crate) fn nested(parameters: &[(String, Value)]) -> Value {
    let mut request = json!({});
    for (name, value) in parameters {
        put(&mut request, &name.split('.').collect::<Vec<_>>(), value);
    }
    request
}

fn put(at: &mut Value, parts: &[&str], value: &Value) {
    let Some((part, rest)) = parts.split_first() else {
        *at = value.clone();
        return;
    };
    if at.is_null() {
        *at = if part.parse::<usize>().is_ok() {
            json!([])
        } else {
            json!({})
        };
    }
    let below = match (at, part.parse::<usize>()) {
        (Value::Array(items), Ok(number)) => {
            items.resize(items.len().max(number), Value::Null);
            number.checked_sub(1).and_then(|index| items.get_mut(index))
        }
        (Value::Object(fields), _) => Some(fields.entry(*part).or_insert(Value::Null)),
        _ => None,
    };
    if let Some(below) = below {
        put(below, rest, value);
    }
}
