//! Globs over image references and container names: `*` stays within a path segment, `**` does not.

/// A glob. `*` stands for any run of characters other than `/`, `**` for any run at all; every
/// other character stands for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob {
    pattern: String,
    /// How many bytes of the pattern come before its first wildcard.
    literal: usize,
}

impl Glob {
    /// The glob with this pattern.
    pub fn new(pattern: &str) -> Self {
        Self {
            literal: pattern.find('*').unwrap_or(pattern.len()),
            pattern: pattern.to_owned(),
        }
    }

    /// The pattern.
    pub fn as_str(&self) -> &str {
        &self.pattern
    }

    /// Whether the whole of `text` matches. Looks only where the pattern so far has led: a text that begins otherwise
    /// than the pattern costs nothing, however long it is, and one that does not costs a look at every byte for each
    /// wildcard.
    pub fn matches(&self, text: &str) -> bool {
        // Compares the last byte of the beginning first: most image references begin with the same registry, and differ
        // later.
        let (literal, pattern) = self
            .pattern
            .split_at_checked(self.literal)
            .unwrap_or_default();
        let last = literal.len().wrapping_sub(1);
        if text.as_bytes().get(last) != literal.as_bytes().last() || !text.starts_with(literal) {
            return false;
        }
        let text = text.as_bytes();
        // Where the rest of the text may begin, in order.
        let mut starts = vec![literal.len()];
        let mut pattern = pattern.bytes().peekable();
        while let Some(byte) = pattern.next() {
            if byte == b'*' {
                let mut crosses = false;
                while pattern.next_if_eq(&b'*').is_some() {
                    crosses = true;
                }
                starts = behind_wildcard(text, &starts, crosses, pattern.peek().copied());
            } else {
                starts.retain(|start| text.get(*start) == Some(&byte));
                starts.iter_mut().for_each(|start| *start += 1);
            }
            if starts.is_empty() {
                return false;
            }
        }
        starts.last() == Some(&text.len())
    }
}

/// Where the rest of the text may begin once a wildcard has taken its part from any of `starts`: before the byte that
/// is next in the pattern, or at the end of the text where none is.
fn behind_wildcard(text: &[u8], starts: &[usize], crosses: bool, next: Option<u8>) -> Vec<usize> {
    let mut behind = Vec::new();
    let mut starts = starts.iter().peekable();
    let mut at = match starts.peek() {
        Some(first) => **first,
        None => return behind,
    };
    loop {
        let byte = text.get(at).copied();
        if byte == next {
            behind.push(at);
        }
        if byte.is_none() {
            return behind;
        }
        at += 1;
        if byte == Some(b'/') && !crosses {
            // The wildcard ends here; it goes on from the next start, where there is one.
            while starts.next_if(|start| **start < at).is_some() {}
            at = match starts.peek() {
                Some(start) => **start,
                None => return behind,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Glob::new(pattern).matches(text)
    }

    #[test]
    fn one_star_stays_in_its_segment() {
        assert!(matches(
            "registry.example/istio/*",
            "registry.example/istio/proxyv2:1.20"
        ));
        assert!(!matches(
            "registry.example/istio/*",
            "registry.example/istio/deep/proxyv2"
        ));
        assert!(matches(
            "registry.example/istio/**",
            "registry.example/istio/deep/proxyv2"
        ));
        assert!(matches("istio-*", "istio-proxy"));
        assert!(matches("istio-*", "istio-"));
        assert!(!matches("istio-*", "my-istio-proxy"));
    }

    #[test]
    fn other_characters_are_themselves() {
        assert!(matches("a.b/c?[d]", "a.b/c?[d]"));
        assert!(!matches("a.b/c", "axb/c"));
        assert!(!matches("", "a"));
        assert!(matches("", ""));
        assert!(matches("**", "any/thing"));
        assert!(matches("a*b*c", "a-b-b-c"));
    }

    #[test]
    fn a_long_text_is_looked_at_once_a_wildcard() {
        let text = format!("registry.example/{}", "istio-prox/".repeat(100_000));
        for (pattern, found) in [
            ("registry.example/**", true),
            ("registry.example/**/istio-proxy", false),
            ("registry.example/**/istio-prox/", true),
            ("registry.example/*", false),
            ("registry.example/istio-prox*/", false),
            ("registry.other/**", false),
        ] {
            assert_eq!(matches(pattern, &text), found, "{pattern}");
        }
    }

    /// The plain recursive definition.
    fn defined(pattern: &[u8], text: &[u8]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some((b'*', rest)) => {
                let crosses = rest.first() == Some(&b'*');
                let rest = rest
                    .iter()
                    .position(|byte| *byte != b'*')
                    .map_or(&[][..], |at| rest.split_at(at).1);
                (0..=text.len()).any(|taken| {
                    let (run, left) = text.split_at(taken);
                    (crosses || !run.contains(&b'/')) && defined(rest, left)
                })
            }
            Some((byte, rest)) => text
                .split_first()
                .is_some_and(|(first, left)| first == byte && defined(rest, left)),
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(pattern in "[ab/*]{0,8}", text in "[ab/]{0,8}") {
            prop_assert_eq!(matches(&pattern, &text), defined(pattern.as_bytes(), text.as_bytes()));
        }
    }
}
