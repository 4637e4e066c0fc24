//! Globs over image references and container names: `*` stays within a path segment, `**` does not.

/// A glob. `*` stands for any run of characters other than `/`, `**` for any run at all; every
/// other character stands for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob(String);

impl Glob {
    /// The glob with this pattern.
    pub fn new(pattern: &str) -> Self {
        Self(pattern.to_owned())
    }

    /// Whether the whole of `text` matches. Takes time in proportion to pattern times text.
    pub fn matches(&self, text: &str) -> bool {
        let text = text.as_bytes();
        // `reached[i]`: the pattern so far matches the first i bytes of the text.
        let mut reached: Vec<bool> = std::iter::once(true).chain(text.iter().map(|_| false)).collect();
        let mut pattern = self.0.bytes().peekable();
        while let Some(byte) = pattern.next() {
            if byte == b'*' {
                let mut crosses = false;
                while pattern.next_if_eq(&b'*').is_some() {
                    crosses = true;
                }
                let mut open = false;
                for (position, here) in reached.iter_mut().enumerate() {
                    let slash = position.checked_sub(1).and_then(|before| text.get(before)) == Some(&b'/');
                    open = *here || open && (crosses || !slash);
                    *here = open;
                }
            } else {
                let mut before = false;
                for (position, here) in reached.iter_mut().enumerate() {
                    let same = position.checked_sub(1).and_then(|before| text.get(before)) == Some(&byte);
                    before = std::mem::replace(here, before && same);
                }
            }
        }
        reached.last() == Some(&true)
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
        assert!(matches("registry.example/istio/*", "registry.example/istio/proxyv2:1.20"));
        assert!(!matches("registry.example/istio/*", "registry.example/istio/deep/proxyv2"));
        assert!(matches("registry.example/istio/**", "registry.example/istio/deep/proxyv2"));
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

    /// The plain recursive definition.
    fn defined(pattern: &[u8], text: &[u8]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some((b'*', rest)) => {
                let crosses = rest.first() == Some(&b'*');
                let rest =
                    rest.iter().position(|byte| *byte != b'*').map_or(&[][..], |at| rest.split_at(at).1);
                (0..=text.len()).any(|taken| {
                    let (run, left) = text.split_at(taken);
                    (crosses || !run.contains(&b'/')) && defined(rest, left)
                })
            }
            Some((byte, rest)) => {
                text.split_first().is_some_and(|(first, left)| first == byte && defined(rest, left))
            }
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(pattern in "[ab/*]{0,8}", text in "[ab/]{0,8}") {
            prop_assert_eq!(matches(&pattern, &text), defined(pattern.as_bytes(), text.as_bytes()));
        }
    }
}
