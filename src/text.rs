//! Putting values into messages: quoted, cut to a length, without a character that a terminal or an
//! HTTP header would choke on; and the word that was probably meant.

/// The characters of a value that a message shows.
const SHOWN: usize = 64;

/// The value in double quotes, escaped as in Rust, cut after 64 characters.
pub fn quote(value: &str) -> String {
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\'' | b'\\');
    let plain = value.bytes().take(SHOWN).take_while(is_plain).count();
    let (plain, rest) = value.split_at_checked(plain).unwrap_or_default();
    let mut quoted = String::with_capacity(plain.len() + "\"…\"".len());
    quoted.push('"');
    quoted.push_str(plain);
    let mut characters = rest.chars();
    for c in characters.by_ref().take(SHOWN - plain.len()) {
        quoted.extend(c.escape_debug());
    }
    quoted.push_str(if characters.next().is_some() {
        "…\""
    } else {
        "\""
    });
    quoted
}

/// The text with a space for every character that does not show as one.
pub fn one_line(text: &str) -> String {
    // Most texts are these, and need no table to tell that they show.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.to_owned();
    }
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        let shows = matches!(c, ' '..='~') || c.escape_debug().len() == 1;
        line.push(if shows { c } else { ' ' });
    }
    line
}

/// The first `characters` of the text, the last of them an ellipsis where it was cut.
pub fn cut(text: String, characters: usize) -> String {
    if text.len() <= characters || text.chars().count() <= characters {
        return text;
    }
    let kept = text.chars().take(characters.saturating_sub(1));
    kept.chain(['…']).collect()
}

/// The names as a list: `a, b and c`.
pub fn list(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [name] => name.clone(),
        [names @ .., last] => format!("{} and {last}", names.join(", ")),
    }
}

/// The first values as a list of quoted ones, and how many more there are.
pub fn quoted<'v>(values: impl Iterator<Item = &'v str>) -> String {
    let mut named = Vec::new();
    let mut more = 0;
    for value in values {
        if named.len() < 5 {
            named.push(quote(value));
        } else {
            more += 1;
        }
    }
    if more > 0 {
        named.push(format!("{more} more"));
    }
    list(&named)
}

/// The candidate that was probably meant by `word`: the nearest by edits, where at most two letters and
/// a quarter of them differ.
pub fn nearest(word: &str, candidates: &[&'static str]) -> Option<&'static str> {
    // A text that is much longer than any name is not a misspelt name, and comparing it would take long.
    if word.chars().nth(SHOWN).is_some() {
        return None;
    }
    let length = word.chars().count();
    let mut best = None;
    for candidate in candidates {
        let most = candidate.len().div_ceil(4).min(2);
        // Each letter more or less is a step: most candidates need no measuring.
        if candidate.len().abs_diff(length) > most {
            continue;
        }
        let distance = strsim::osa_distance(word, candidate);
        if distance <= most && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, *candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_what_could_break_a_line() {
        assert_eq!(quote("net_admin"), "\"net_admin\"");
        assert_eq!(quote("a\"b\nc\u{202e}"), "\"a\\\"b\\nc\\u{202e}\"");
        assert_eq!(quote(&"x".repeat(65)), format!("\"{}…\"", "x".repeat(64)));
        assert_eq!(one_line("a\nb\u{7f}"), "a b ");
    }

    #[test]
    fn cuts_at_characters() {
        assert_eq!(cut("äöü".to_owned(), 3), "äöü");
        assert_eq!(cut("äöüß".to_owned(), 3), "äö…");
    }

    #[test]
    fn lists_read_as_a_sentence() {
        assert_eq!(list(&["a".to_owned()]), "a");
        assert_eq!(list(&["a", "b", "c"].map(str::to_owned)), "a, b and c");
        assert_eq!(list(&[]), "");
    }

    #[test]
    fn the_nearest_is_near() {
        let names = ["NET_ADMIN", "NET_RAW", "SYS_PTRACE"];
        assert_eq!(nearest("NET_ADMN", &names), Some("NET_ADMIN"));
        assert_eq!(nearest("SYS_PTARCE", &names), Some("SYS_PTRACE"));
        assert_eq!(nearest("SYS_ADMIN", &["CHOWN"]), None);
        assert_eq!(nearest(&"N".repeat(100), &names), None);
    }
}
