//! Splits a command into words as a shell does.

/// Returns the words of the command. Several arguments are words already: a shell has split them.
pub(super) fn words(input: &[String]) -> Result<Vec<String>, String> {
    let [text] = input else {
        return Ok(input.to_vec());
    };
    let text = text.replace("\r\n", "\n");
    let text = text.trim();
    if let Some(c) = shell_syntax(text) {
        return Err(format!(
            "the command has {c:?}, which only a shell can evaluate; \
             quote it with single quotes, or give the command as several arguments"
        ));
    }
    shell_words::split(text)
        .map_err(|_| "the command has a quote that is not closed; close or escape it".to_owned())
}

/// Returns the first character that only a shell can evaluate. To shell-words it would be text.
fn shell_syntax(text: &str) -> Option<char> {
    let mut quote = None;
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some('\''), _) => {}
            (_, '\\') => drop(characters.next()),
            (_, '$') => {
                let next = characters.peek().copied().unwrap_or_default();
                if next.is_ascii_alphabetic() || "({_".contains(next) {
                    return Some(c);
                }
            }
            (_, '`') | (None, '|' | '&' | ';' | '<' | '>' | '\n') => return Some(c),
            (None, '\'' | '"') => quote = Some(c),
            _ => {}
        }
    }
    None
}
