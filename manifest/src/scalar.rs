//! The meaning of YAML scalars, and how to write them. kubectl resolves plain scalars as go-yaml v2 does: by YAML 1.1
//! with parts of 1.2. The reader handles quotes and tags.

use std::borrow::Cow;

use serde_json::Value;

/// The meaning of a plain scalar.
#[derive(Debug, PartialEq)]
pub(crate) enum Meaning {
    /// A null, a boolean or a number.
    Value(Value),
    /// A string.
    Text,
    /// `.inf` or `.nan`, which JSON does not have.
    None,
}

/// The meaning of a plain scalar.
pub(crate) fn resolve(text: &str) -> Meaning {
    // Most scalars are words with a first letter that no other value has.
    if matches!(
        text.as_bytes(),
        [
            b'a'..=b'e' | b'g'..=b'm' | b'p'..=b's' | b'u'..=b'x' | b'z',
            ..,
        ]
    ) {
        return Meaning::Text;
    }
    Meaning::Value(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            true.into()
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            false.into()
        }
        ".nan" | ".NaN" | ".NAN" => return Meaning::None,
        _ if matches!(
            text.trim_start_matches(['+', '-']),
            ".inf" | ".Inf" | ".INF"
        ) =>
        {
            return Meaning::None;
        }
        _ => return number(text).map_or(Meaning::Text, Meaning::Value),
    })
}

fn number(text: &str) -> Option<Value> {
    if !text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first)) {
        return None;
    }
    let text = if text.contains('_') {
        Cow::Owned(text.replace('_', ""))
    } else {
        Cow::Borrowed(text)
    };
    integer(&text).or_else(|| float(&text))
}

/// An integer with an optional sign and radix. For Kubernetes' JSON reader, one that needs 64 bits without a sign is a
/// float.
fn integer(text: &str) -> Option<Value> {
    let magnitude = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (radix, digits) = match magnitude.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, magnitude.get(2..)?),
        [b'0', b'o' | b'O', ..] => (8, magnitude.get(2..)?),
        [b'0', b'b' | b'B', ..] => (2, magnitude.get(2..)?),
        [b'0', _, ..] => (8, magnitude),
        _ => (10, magnitude),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if text.starts_with('-') {
        0i64.checked_sub_unsigned(magnitude).map(Value::from)
    } else {
        Some(i64::try_from(magnitude).map_or_else(|_| Value::from(magnitude as f64), Value::from))
    }
}

/// A decimal number. A whole number becomes an integer, as Go writes it without a fraction and Kubernetes reads that.
fn float(text: &str) -> Option<Value> {
    if !text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte))
    {
        return None;
    }
    let number: f64 = text
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())?;
    let whole = number.fract() == 0.0 && (-(2f64.powi(63))..2f64.powi(63)).contains(&number);
    Some(if whole {
        Value::from(number as i64)
    } else {
        Value::from(number)
    })
}

/// A value in flow style, as people write it: quoted only if it would have another meaning without quotes.
pub(crate) fn written(value: &Value, is_json: bool) -> String {
    let list = |items: Vec<String>| items.join(", ");
    match value {
        _ if is_json => value.to_string(),
        Value::Object(entries) => {
            let entry = |(key, value): (&String, &Value)| {
                format!("{}: {}", quoted(key), written(value, false))
            };
            format!("{{{}}}", list(entries.iter().map(entry).collect()))
        }
        Value::Array(items) => {
            let item = |item| written(item, false);
            format!("[{}]", list(items.iter().map(item).collect()))
        }
        Value::String(text) => quoted(text),
        scalar => scalar.to_string(),
    }
}

/// A string without quotes if it is a word, in single quotes if it contains double quotes, else as in JSON.
fn quoted(text: &str) -> String {
    let is_word = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_./-".contains(&byte))
        && resolve(text) == Meaning::Text;
    match is_word {
        true => text.to_owned(),
        false if text.contains('"') && is_quotable(text) => format!("'{text}'"),
        false => Value::from(text).to_string(),
    }
}

/// True if a string can be written in single quotes as it is.
fn is_quotable(text: &str) -> bool {
    !text.contains(|c: char| c == '\'' || c.is_control() || c == '\u{feff}')
}

/// A string in the quotes of another scalar, or `None` if that has none or the string cannot be written in them.
pub(crate) fn quoted_like(other: &str, value: &Value) -> Option<String> {
    let text = value.as_str()?;
    match other.chars().next() {
        Some('"') => Some(value.to_string()),
        Some('\'') if is_quotable(text) => Some(format!("'{text}'")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn plain_scalars_are_read_as_by_kubectl() {
        for (texts, value) in [
            (&["", "~", "null", "Null", "NULL"][..], json!(null)),
            (
                &[
                    "y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE",
                ],
                json!(true),
            ),
            (
                &[
                    "n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE",
                ],
                json!(false),
            ),
            (&["0", "-0", "+0", "00", "0x0", "-0.0", "0e5"], json!(0)),
            (
                &[
                    "511",
                    "0777",
                    "0o777",
                    "0_777",
                    "0x1ff",
                    "0X1FF",
                    "0b111111111",
                    "5.11e2",
                    "+511",
                ],
                json!(511),
            ),
            (
                &["-511", "-0777", "-0o777", "-0x1FF", "-5_1_1", "-511."],
                json!(-511),
            ),
            (&["8", "08", "8.0", "0.8e1", "80e-1"], json!(8)),
            (&["0.5", ".5", "+.5", "5e-1", ".5_0"], json!(0.5)),
            (&["9223372036854775807"], json!(i64::MAX)),
            (
                &["-9223372036854775808", "-0x8000000000000000"],
                json!(i64::MIN),
            ),
            (
                &[
                    "9223372036854775808",
                    "0x8000000000000000",
                    "9.223372036854775808e18",
                ],
                json!(2f64.powi(63)),
            ),
            (
                &["18446744073709551616", "1.8446744073709551616e+19"],
                json!(2f64.powi(64)),
            ),
            (&["-99999999999999999999999"], json!(-1e23)),
        ] {
            for text in texts {
                assert_eq!(resolve(text), Meaning::Value(value.clone()), "{text}");
            }
        }
    }

    #[test]
    fn everything_else_is_a_string() {
        for text in [
            "yEs",
            "tRUE",
            "nULL",
            "none",
            "a",
            ".",
            "-",
            "+",
            "--1",
            "+-1",
            "0x",
            "0x-1",
            "0o9",
            "0b2",
            "0xg",
            "1e",
            "1e999",
            "e5",
            "inf",
            "nan",
            "Infinity",
            "1:30",
            "2001-01-01",
            "1.2.3",
            "_1",
            "1 2",
            "<<",
            "0x1p-2",
            "0xFFFFFFFFFFFFFFFFFF",
            "4Gi",
            "100m",
            "１",
        ] {
            assert_eq!(resolve(text), Meaning::Text, "{text}");
        }
    }

    #[test]
    fn json_has_no_infinite_numbers() {
        for text in [".inf", "+.Inf", "-.INF", ".nan", ".NaN", ".NAN"] {
            assert_eq!(resolve(text), Meaning::None, "{text}");
        }
    }
}
