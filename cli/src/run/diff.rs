//! What a repair changed, field by field.

use std::fmt;

use serde_json::{Map, Value};

/// A field that differs.
#[derive(Debug, PartialEq)]
pub(crate) struct Change<'v> {
    /// The field, as Kubernetes writes its path.
    pub(crate) path: String,
    /// What it held.
    pub(crate) before: Option<&'v Value>,
    /// What it holds.
    pub(crate) after: Option<&'v Value>,
}

/// The fields in which two values differ, in the order of the first.
pub(crate) fn changes<'v>(before: &'v Value, after: &'v Value) -> Vec<Change<'v>> {
    let mut changes = Vec::new();
    compare(&Step::Root, Some(before), Some(after), &mut changes);
    changes
}

fn compare<'v>(
    at: &Step<'_>,
    before: Option<&'v Value>,
    after: Option<&'v Value>,
    changes: &mut Vec<Change<'v>>,
) {
    match (before, after) {
        (before, after) if before == after => {}
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            objects(at, before, after, changes)
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) => {
            arrays(at, before, after, changes)
        }
        _ => changes.push(Change {
            path: at.to_string(),
            before,
            after,
        }),
    }
}

fn objects<'v>(
    at: &Step<'_>,
    before: &'v Map<String, Value>,
    after: &'v Map<String, Value>,
    changes: &mut Vec<Change<'v>>,
) {
    for (key, value) in before {
        compare(&Step::Key(at, key), Some(value), after.get(key), changes);
    }
    for (key, value) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
        compare(&Step::Key(at, key), None, Some(value), changes);
    }
}

/// Items by their places, after what both ends have in common: a removed item does not change all that follow.
fn arrays<'v>(
    at: &Step<'_>,
    before: &'v [Value],
    after: &'v [Value],
    changes: &mut Vec<Change<'v>>,
) {
    let same = |(before, after): &(&Value, &Value)| before == after;
    let head = before.iter().zip(after).take_while(same).count();
    let shorter = before.len().min(after.len()) - head;
    let tail = before
        .iter()
        .rev()
        .zip(after.iter().rev())
        .take(shorter)
        .take_while(same)
        .count();
    let middle = |items: &'v [Value]| items.iter().take(items.len() - tail).skip(head);
    let (before, after) = (middle(before), middle(after));
    if before.len() == after.len() {
        for (index, (before, after)) in before.zip(after).enumerate() {
            compare(
                &Step::Index(at, head + index),
                Some(before),
                Some(after),
                changes,
            );
        }
    } else {
        for (index, item) in before.enumerate() {
            compare(&Step::Index(at, head + index), Some(item), None, changes);
        }
        for (index, item) in after.enumerate() {
            compare(&Step::Index(at, head + index), None, Some(item), changes);
        }
    }
}

/// A place in a value.
enum Step<'a> {
    Root,
    Key(&'a Self, &'a str),
    Index(&'a Self, usize),
}

impl fmt::Display for Step<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Key(Self::Root, key) => f.write_str(key),
            Self::Key(parent, key)
                if key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') =>
            {
                write!(f, "{parent}.{key}")
            }
            Self::Key(parent, key) => write!(f, "{parent}[{key}]"),
            Self::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(before: &Value, after: &Value) -> Vec<String> {
        let text = |value: Option<&Value>| value.map_or_else(|| "-".to_owned(), Value::to_string);
        changes(before, after)
            .iter()
            .map(|change| {
                format!(
                    "{}: {} {}",
                    change.path,
                    text(change.before),
                    text(change.after)
                )
            })
            .collect()
    }

    #[test]
    fn only_what_differs_is_shown() {
        let before = json!({ "spec": { "containers": [
            { "name": "a", "securityContext": { "capabilities": { "add": ["CAP_NET_ADMIN", "CHOWN"] } } },
            { "name": "b" },
        ], "old": { "x": 1 } } });
        let after = json!({ "spec": { "containers": [
            { "name": "a", "securityContext": { "capabilities": { "add": ["NET_ADMIN", "CHOWN"] } } },
            { "name": "b", "securityContext": { "runAsGroup": 1 } },
        ] } });
        assert_eq!(
            shown(&before, &after),
            [
                r#"spec.containers[0].securityContext.capabilities.add[0]: "CAP_NET_ADMIN" "NET_ADMIN""#,
                r#"spec.containers[1].securityContext: - {"runAsGroup":1}"#,
                r#"spec.old: {"x":1} -"#,
            ]
        );
        assert_eq!(shown(&before, &before), [""; 0]);
        assert_eq!(shown(&json!(1), &json!({})), [": 1 {}"]);
    }

    #[test]
    fn a_moved_item_leaves_its_neighbours_alone() {
        for (before, after, expected) in [
            (
                json!(["a", "b", "c"]),
                json!(["a", "c"]),
                vec![r#"s[1]: "b" -"#],
            ),
            (json!(["a"]), json!([]), vec![r#"s[0]: "a" -"#]),
            (json!(["a", "a"]), json!(["a"]), vec![r#"s[1]: "a" -"#]),
            (
                json!(["c"]),
                json!(["a", "b", "c"]),
                vec![r#"s[0]: - "a""#, r#"s[1]: - "b""#],
            ),
            (
                json!(["a", "b"]),
                json!(["x"]),
                vec![r#"s[0]: "a" -"#, r#"s[1]: "b" -"#, r#"s[0]: - "x""#],
            ),
            (
                json!(["a", {"k": 1}]),
                json!(["b", {"k": 2}]),
                vec![r#"s[0]: "a" "b""#, "s[1].k: 1 2"],
            ),
        ] {
            assert_eq!(
                shown(&json!({ "s": before }), &json!({ "s": after })),
                expected
            );
        }
    }

    #[test]
    fn keys_that_are_no_names_stand_in_brackets() {
        let annotated = |value| json!({ "metadata": { "annotations": { "k8s.aliyun.com/eci-host-sysctls": value } } });
        assert_eq!(
            shown(&annotated("[]"), &annotated("[1]")),
            [r#"metadata.annotations[k8s.aliyun.com/eci-host-sysctls]: "[]" "[1]""#]
        );
    }
}
