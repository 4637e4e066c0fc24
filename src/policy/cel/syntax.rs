//! Texts, lists and patterns in CEL.

/// Returns a text as a string of CEL. Rust's `Debug` escapes as CEL does, except for characters that no setting has.
pub(super) fn string(text: &str) -> String {
    format!("{text:?}")
}

/// Returns a list of CEL.
pub(super) fn list<'t>(items: impl IntoIterator<Item = &'t str>) -> String {
    let items: Vec<_> = items.into_iter().map(string).collect();
    format!("[{}]", items.join(", "))
}

/// Returns an expression for a capability as Kubernetes spells it: in upper case, without `CAP_`.
pub fn capability(name: &str) -> String {
    format!(
        r#"{name}.upperAscii().startsWith("CAP_") ? {name}.upperAscii().substring(4) : {name}.upperAscii()"#
    )
}

/// Returns an expression for the name of a sysctl after the kubelet's normalisation. No name holds the placeholder `!`.
pub(super) fn sysctl(name: &str) -> String {
    format!(
        r#"{name}.matches("^[^./]*/") ? {name}.replace(".", "!").replace("/", ".").replace("!", "/") : {name}"#
    )
}

/// Returns a regular expression (RE2) for a text.
pub(super) fn escaped(text: &str) -> String {
    let mut pattern = String::new();
    for c in text.chars() {
        if !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-' | '/' | ':' | '@') && c.is_ascii() {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

/// Returns a regular expression for names, or prefixes that end in `*`.
pub(super) fn covering<'p>(patterns: impl IntoIterator<Item = &'p str>) -> String {
    let alternatives: Vec<_> = patterns
        .into_iter()
        .map(|pattern| match pattern.strip_suffix('*') {
            Some(prefix) => format!("{}.*", escaped(prefix)),
            None => escaped(pattern),
        })
        .collect();
    format!("({})", alternatives.join("|"))
}
