//! A repair as a JSON Patch (RFC 6902).

use eci_security_context::json::{self, Raw};

/// The operations that make the JSON text `after` of `before`, which differ in what was repaired. What was
/// not is there to the byte, so equal texts end the search, and no value is built or changed on the way.
pub fn patch(before: &str, after: &str) -> String {
    let mut operations = Vec::new();
    difference(before, after, "", &mut operations);
    format!("[{}]", operations.join(","))
}

fn difference(before: &str, after: &str, pointer: &str, operations: &mut Vec<String>) {
    if before == after {
        return;
    }
    if let (Ok(before), Ok(after)) = (json::entries(before), json::entries(after)) {
        // A repair keeps the order of the entries, and adds new ones behind them.
        let mut after = after.into_iter().peekable();
        for (key, value) in before {
            let pointer = below(pointer, &key);
            match after.next_if(|(kept, _)| **kept == *key) {
                Some((_, kept)) => difference(value.get(), kept.get(), &pointer, operations),
                None => operations.push(operation("remove", &pointer, None)),
            }
        }
        operations.extend(
            after.map(|(key, value)| operation("add", &below(pointer, &key), Some(value.get()))),
        );
        return;
    }
    match (items(before), items(after)) {
        (Some(before), Some(after)) if before.len() == after.len() => {
            for (index, (before, after)) in before.iter().zip(after).enumerate() {
                difference(
                    before.get(),
                    after.get(),
                    &format!("{pointer}/{index}"),
                    operations,
                );
            }
        }
        _ => operations.push(operation("replace", pointer, Some(after))),
    }
}

fn items(text: &str) -> Option<Vec<Raw<'_>>> {
    json::read(text).ok()
}

/// The JSON pointer (RFC 6901) of an entry.
fn below(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}

fn operation(name: &str, pointer: &str, value: Option<&str>) -> String {
    let value = value
        .map(|value| format!(r#","value":{value}"#))
        .unwrap_or_default();
    format!(r#"{{"op":"{name}","path":{}{value}}}"#, json::text(pointer))
}

#[cfg(test)]
mod tests {
    use super::patch;

    #[test]
    fn nothing_differs() {
        assert_eq!(patch(r#"{"a":1}"#, r#"{"a":1}"#), "[]");
        assert_eq!(patch(r#"{ "a" : [ 1.0 ] }"#, r#"{"a":[ 1.0 ]}"#), "[]");
    }

    #[test]
    fn parents_that_are_missing_or_null_come_with_what_they_hold() {
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
