//! Changes to the data of a host: `opa_value_add_path` and `opa_value_remove_path`.

use std::collections::BTreeMap;

use eci_security_context::json::RawValue;
use serde_json::value::to_raw_value;

type Fields = BTreeMap<String, Box<RawValue>>;

/// Returns the JSON text `json` with `to` at the path of these keys, or without the value there.
///
/// Missing objects on the path are created, also in place of `null`. A path through any other value changes nothing.
pub fn changed(json: &str, keys: &[String], to: Option<&str>) -> String {
    let read = |text| serde_json::from_str::<&RawValue>(text).ok();
    let to = match to.map(read) {
        Some(None) => return json.to_owned(),
        to => to.flatten(),
    };
    below(read(json), keys, to).map_or_else(|| "null".to_owned(), |value| value.get().to_owned())
}

fn below(
    value: Option<&RawValue>,
    keys: &[String],
    to: Option<&RawValue>,
) -> Option<Box<RawValue>> {
    let Some((key, keys)) = keys.split_first() else {
        return to.map(ToOwned::to_owned);
    };
    if value.is_none() && to.is_none() {
        return None;
    }
    let unchanged = || value.map(ToOwned::to_owned);
    let text = value.map_or("null", RawValue::get);
    let Ok(fields) = serde_json::from_str::<Option<Fields>>(text) else {
        return unchanged();
    };
    let mut fields = fields.unwrap_or_default();
    match below(fields.get(key).map(|value| &**value), keys, to) {
        Some(value) => fields.insert(key.clone(), value),
        None => fields.remove(key),
    };
    to_raw_value(&fields).ok().or_else(unchanged)
}

#[cfg(test)]
mod tests {
    use super::changed;

    #[test]
    fn a_value_is_set_or_removed() {
        let of = |json, keys: &[&str], to| {
            let keys: Vec<_> = keys.iter().map(|&key| key.to_owned()).collect();
            changed(json, &keys, to)
        };
        let json = r#"{"a":{"b":1e400},"c":null,"d":[1]}"#;
        assert_eq!(
            of(json, &["a", "e"], Some("2")),
            r#"{"a":{"b":1e400,"e":2},"c":null,"d":[1]}"#
        );
        assert_eq!(
            of(json, &["c", "e", "f"], Some("2")),
            r#"{"a":{"b":1e400},"c":{"e":{"f":2}},"d":[1]}"#
        );
        assert_eq!(of(json, &["a"], None), r#"{"c":null,"d":[1]}"#);
        assert_eq!(of(json, &["x", "y"], None), json);
        assert_eq!(of(json, &["d", "e"], Some("2")), json);
        assert_eq!(of(json, &[], Some("{}")), "{}");
    }
}
