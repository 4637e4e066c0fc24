//! A repair as a JSON Patch (RFC 6902).

use std::collections::BTreeMap;

use eci_security_context::json::{self, RawValue, Text};
use serde::Serialize;

/// An operation of a JSON Patch.
#[derive(Serialize)]
#[serde(tag = "op", rename_all = "lowercase")]
enum Operation<'p> {
    Add { path: String, value: &'p RawValue },
    Remove { path: String },
    Replace { path: String, value: &'p RawValue },
}

/// Returns the operations that turn `before` into `after`.
///
/// A repair copies the text of unchanged values, so the search stops at equal texts. The patch's values are texts of
/// `after`, so that no number changes.
pub fn patch(before: &RawValue, after: &RawValue) -> String {
    let mut operations = Vec::new();
    difference(before, after, "", &mut operations);
    serde_json::to_string(&operations).unwrap_or_default()
}

fn difference<'p>(
    before: &'p RawValue,
    after: &'p RawValue,
    pointer: &str,
    operations: &mut Vec<Operation<'p>>,
) {
    if before.get() == after.get() {
        return;
    }
    if let (Some(before), Some(mut after)) = (fields(before), fields(after)) {
        for (key, value) in before {
            let path = below(pointer, &key);
            match after.remove(&key) {
                Some(kept) => difference(value, kept, &path, operations),
                None => operations.push(Operation::Remove { path }),
            }
        }
        operations.extend(after.into_iter().map(|(key, value)| Operation::Add {
            path: below(pointer, &key),
            value,
        }));
        return;
    }
    match (items(before), items(after)) {
        (Some(before), Some(after)) if before.len() == after.len() => {
            for (index, (before, after)) in before.into_iter().zip(after).enumerate() {
                difference(before, after, &format!("{pointer}/{index}"), operations);
            }
        }
        _ => operations.push(Operation::Replace {
            path: pointer.to_owned(),
            value: after,
        }),
    }
}

fn fields(value: &RawValue) -> Option<BTreeMap<Text<'_>, &RawValue>> {
    json::read(value.get()).ok()
}

fn items(value: &RawValue) -> Option<Vec<&RawValue>> {
    json::read(value.get()).ok()
}

/// Returns the JSON pointer (RFC 6901) of a field.
fn below(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    fn patch(before: &str, after: &str) -> String {
        let read = |text| serde_json::from_str(text).unwrap();
        super::patch(read(before), read(after))
    }

    #[test]
    fn nothing_differs() {
        assert_eq!(patch(r#"{"a":1}"#, r#"{"a":1}"#), "[]");
        assert_eq!(patch(r#"{ "a" : [ 1.0 ] }"#, r#"{"a":[ 1.0 ]}"#), "[]");
    }

    #[test]
    fn missing_and_null_parents_are_added() {
        assert_eq!(
            patch(
                r#"{"a":null}"#,
                r#"{"a":{"b":{"c":1,"d":2}},"e/~":{"f":3}}"#
            ),
            r#"[{"op":"replace","path":"/a","value":{"b":{"c":1,"d":2}}},{"op":"add","path":"/e~1~0","value":{"f":3}}]"#
        );
    }

    #[test]
    fn entries_and_items_are_named_where_they_stand() {
        assert_eq!(
            patch(
                r#"{"a":[{"b":1,"c":2},3],"d":4}"#,
                r#"{"a":[{"c":1e400},3]}"#
            ),
            r#"[{"op":"remove","path":"/a/0/b"},{"op":"replace","path":"/a/0/c","value":1e400},{"op":"remove","path":"/d"}]"#
        );
    }

    #[test]
    fn a_list_that_became_shorter_is_replaced() {
        assert_eq!(
            patch(r#"{"a":[1,2]}"#, r#"{"a":[2]}"#),
            r#"[{"op":"replace","path":"/a","value":[2]}]"#
        );
    }
}
