//! The bytes of a request.

use eci_security_context::kubewarden;
use serde_json::Value;

use crate::answer::checked;
use crate::repair::{self, mutate, validate};

/// Any bytes get an answer of the response's shape, and the same one every time; a text that is not JSON is rejected as
/// such; and what is repaired is clean.
pub fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        assert_eq!(checked(validate(bytes)).code, Some(400), "it is not UTF-8");
        return;
    };
    let is_json = crate::is_json(text);
    // Half a surrogate or `1e400` is JSON by its grammar, and not a value to `serde_json`. No host that reads requests
    // with it passes one on, and an answer that copies one is not a value either.
    let is_value = serde_json::from_str::<Value>(text).is_ok();
    for judge in [validate, mutate] {
        let verdict = repair::is_clean(text, judge);
        assert!(is_json || verdict.code == Some(400), "it is not JSON");
        let answer = |verdict| kubewarden::answer(verdict).expect("an answer can be written");
        assert_eq!(answer(&verdict), answer(&judge(bytes)), "another answer");
        if is_value || !is_json {
            checked(verdict);
        }
    }
}
