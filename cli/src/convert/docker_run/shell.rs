//! Splits a command into words as a shell does.

/// Returns the words of the command. Several arguments are words already: a shell has split them.
pub(super) fn words(input: &[String]) -> Result<Vec<String>, String> {
    let [text] = input else {
        return Ok(input.to_vec());
    };
    let text = text.replace("\r\n", "\n");
    let text = text.trim();
    if let Some((syntax, way_out)) = shell_syntax(text) {
        return Err(format!("the command has {syntax}; {way_out}"));
    }
    shell_words::split(text)
        .map_err(|_| "the command has a quote that is not closed; close or escape it".to_owned())
}

/// Returns the first thing that only a shell can evaluate, and the way out. To shell-words it would be text.
fn shell_syntax(text: &str) -> Option<(String, &'static str)> {
    const EVALUATE: &str =
        "write the value, or give the command as several arguments, which your shell evaluates";
    let mut quote = None;
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some('\''), _) => {}
            (_, '\\') => drop(characters.next()),
            (_, '`') => return Some(("a command substitution (`…`)".to_owned(), EVALUATE)),
            (_, '$') => match characters.peek() {
                Some('(') => return Some(("a command substitution ($(…))".to_owned(), EVALUATE)),
                Some('{' | '_' | 'a'..='z' | 'A'..='Z') => {
                    return Some(("a variable ($NAME)".to_owned(), EVALUATE));
                }
                _ => {}
            },
            (None, '\'' | '"') => quote = Some(c),
            (None, '|' | '&' | ';' | '<' | '>') => {
                let way_out = "give only the docker run command, or quote the operator to pass it to the container";
                return Some((format!("the shell operator {c:?}"), way_out));
            }
            (None, '\n') => {
                let way_out = "give one command, and end a line that continues with a backslash";
                return Some(("more than one line".to_owned(), way_out));
            }
            _ => {}
        }
    }
    None
}
