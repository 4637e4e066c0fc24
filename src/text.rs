//! Putting values into messages: quoted, cut to a length, without a character that a terminal or an
//! HTTP header would choke on; and the word that was probably meant.

/// The characters of a value that a message shows.
const SHOWN: usize = 64;

/// The value in double quotes, escaped as in Rust, cut after 64 characters.
pub fn quote(value: &str) -> String {
    let mut quoted = String::from("\"");
    let mut characters = value.chars();
    quoted.extend(characters.by_ref().take(SHOWN).flat_map(char::escape_debug));
    quoted.push_str(if characters.next().is_some() { "…\"" } else { "\"" });
    quoted
}

/// The text with a space for every control character.
pub fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The first `characters` of the text, the last of them an ellipsis where it was cut.
pub fn cut(text: String, characters: usize) -> String {
    if text.chars().count() <= characters {
        return text;
    }
    let kept = text.chars().take(characters.saturating_sub(1));
    kept.chain(['…']).collect()
}

/// The names as a list: `a, b and c`.
pub fn list<I: IntoIterator<Item = impl AsRef<str>>>(names: I) -> String {
    let names: Vec<_> = names.into_iter().collect();
    let mut text = String::new();
    for (position, name) in names.iter().enumerate() {
        let separator = match position {
            0 => "",
            _ if position + 1 == names.len() => " and ",
            _ => ", ",
        };
        text.push_str(separator);
        text.push_str(name.as_ref());
    }
    text
}

/// The candidate that was probably meant by `word`: the nearest by edits, where at most a quarter of
/// its letters differ.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    // What is much longer than any name is none misspelt, and measuring it would take long.
    if word.chars().nth(SHOWN).is_some() {
        return None;
    }
    candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().div_ceil(4))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
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
        assert_eq!(list(["a"]), "a");
        assert_eq!(list(["a", "b", "c"]), "a, b and c");
        assert_eq!(list([""; 0]), "");
    }

    #[test]
    fn the_nearest_is_near() {
        let names = ["NET_ADMIN", "NET_RAW", "SYS_PTRACE"];
        assert_eq!(nearest("NET_ADMN", names), Some("NET_ADMIN"));
        assert_eq!(nearest("SYS_PTARCE", names), Some("SYS_PTRACE"));
        assert_eq!(nearest("SYS_ADMIN", ["CHOWN"]), None);
        assert_eq!(nearest(&"N".repeat(100), names), None);
    }
}
