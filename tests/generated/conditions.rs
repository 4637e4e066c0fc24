//! The `matchConditions` of the manifests in deploy/, which are generated from the signals of ECI.

use std::fmt::Write as _;

use eci_security_context::policy::cel::condition::{Condition, conditions};

use super::*;

/// The policies of ECI's signals, and their group.
const FILES: [&str; 3] = [TWINS[0], TWINS[1], "deploy/group/group.yaml"];

const KEY: &str = "  matchConditions:\n";

/// The text of a file with today's conditions, where it has any.
pub(crate) fn updated(file: &str, text: String) -> String {
    if !FILES.contains(&file) {
        return text;
    }
    let (before, rest) = text
        .split_once(KEY)
        .unwrap_or_else(|| panic!("{file} has no {KEY}"));
    // The next field of `spec`, or its comment.
    let is_after = |line: &&str| !line.starts_with("   ") && !line.trim().is_empty();
    let after: usize = rest
        .lines()
        .take_while(|line| !is_after(line))
        .map(|line| line.len() + 1)
        .sum();
    let mut list = String::new();
    for Condition { name, expression } in conditions() {
        let lines = expression.replace('\n', "\n        ");
        writeln!(
            list,
            "    - name: {name}\n      expression: |\n        {}",
            lines.trim_end()
        )
        .unwrap();
    }
    format!("{before}{KEY}{list}{}", &rest[after..])
}

#[test]
fn the_conditions_of_the_manifests() {
    for file in FILES {
        held(file, &text(file));
    }
}
