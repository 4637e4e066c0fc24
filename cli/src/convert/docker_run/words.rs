//! The words of a command. What only a shell can do, it does not do, and says so.

use crate::failure::Failure;

/// A command, split.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Words {
    /// The program and its arguments.
    pub(super) words: Vec<String>,
    /// What a shell would have done, and nobody did.
    pub(super) remarks: Vec<String>,
}

/// The words of a command in one argument, which is split as a shell splits it, or in several, which a shell
/// has split already.
pub(super) fn read(input: &[String]) -> Result<Words, Failure> {
    let read = match input {
        [text] => split(&text.replace("\r\n", "\n"))?,
        words => Words {
            words: words.to_vec(),
            remarks: Vec::new(),
        },
    };
    if read.words.is_empty() {
        return Err(Failure::new(
            "the command is empty; give a docker run command, as one argument or several",
        ));
    }
    Ok(read)
}

fn split(text: &str) -> Result<Words, Failure> {
    let mut remarks = Vec::new();
    let scan = scan(text);
    if scan.substitutes {
        return Err(Failure::new(
            "the command holds $(…) or `…`, which only a shell can fill in; write the value, or give the \
             command without quotes around it, so that the shell does",
        ));
    }
    let (command, rest) = text.split_at_checked(scan.end).unwrap_or((text, ""));
    if rest.starts_with('\n') {
        return Err(Failure::new(
            "there is a line after the command's last one; end a line that goes on with a backslash, and give \
             one command at a time",
        ));
    }
    if let Some(operator) = scan.operator {
        remarks.push(format!(
            "what follows {operator:?} is left out: only the command before it is converted; quote it where it \
             is an argument"
        ));
    }
    if scan.expands {
        remarks.push(
            "variables ($NAME) stand as they are written, as no shell reads the command; write the value, or \
             give the command without quotes around it"
                .to_owned(),
        );
    }
    let words = shell_words::split(command).map_err(|_| {
        Failure::new("a quote of the command is not closed; close it, or put a backslash before it")
    })?;
    Ok(Words { words, remarks })
}

/// What a shell sees in a text besides words.
#[derive(Debug, Default)]
struct Scan {
    /// Where the first command ends: at the first operator, or at the line end before another line that says
    /// something.
    end: usize,
    /// The operator there.
    operator: Option<char>,
    /// Whether the command has a variable.
    expands: bool,
    /// Whether the command has another command in it, whose output it takes.
    substitutes: bool,
}

fn scan(text: &str) -> Scan {
    let mut scan = Scan {
        end: text.len(),
        ..Scan::default()
    };
    let mut characters = text.char_indices().peekable();
    let (mut quote, mut word) = (None, None);
    let mut line_end = None;
    while let Some((at, c)) = characters.next() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some('\''), _) => {}
            (_, '\\') => {
                if characters
                    .next()
                    .is_some_and(|(_, escaped)| escaped != '\n')
                {
                    word.get_or_insert(at);
                }
                continue;
            }
            (_, '`') => scan.substitutes = true,
            (_, '$') => match characters.peek() {
                Some((_, '(')) => scan.substitutes = true,
                Some((_, next)) => {
                    scan.expands |= *next == '{' || *next == '_' || next.is_ascii_alphabetic()
                }
                None => {}
            },
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '#') if word.is_none() => {
                while characters.next_if(|(_, c)| *c != '\n').is_some() {}
                continue;
            }
            (None, '\n') => {
                word = None;
                line_end = line_end
                    .or(Some(at))
                    .filter(|_| !text.get(..at).unwrap_or_default().trim().is_empty());
                continue;
            }
            (None, ' ' | '\t') => {
                word = None;
                continue;
            }
            (None, '|' | '&' | ';' | '<' | '>') if line_end.is_none() => {
                let before = word
                    .and_then(|start| text.get(start..at))
                    .unwrap_or_default();
                // The number before a redirection is the descriptor's: `2>&1`.
                let descriptor =
                    "<>".contains(c) && before.bytes().all(|byte| byte.is_ascii_digit());
                scan.end = word.filter(|_| descriptor).unwrap_or(at);
                scan.operator = Some(c);
                return scan;
            }
            (None, _) => {}
        }
        word.get_or_insert(at);
        if let Some(end) = line_end {
            scan.end = end;
            return scan;
        }
    }
    scan
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::panic,
        reason = "a test may panic"
    )]
    use super::*;

    fn words(text: &str) -> Words {
        read(&[text.to_owned()]).unwrap()
    }

    fn failure(text: &str) -> String {
        read(&[text.to_owned()]).unwrap_err().to_string()
    }

    #[test]
    fn a_command_is_split_as_a_shell_splits_it() {
        for (text, expected) in [
            ("docker run nginx\n", &["docker", "run", "nginx"][..]),
            (
                "\n\n  docker \\\n  run\t\\\r\n nginx  # a remark; with | and $(x)\n# and 'another\n\n",
                &["docker", "run", "nginx"],
            ),
            (
                "a 'b c' \"d 'e'\" f\\ g 'x'\"y\"z",
                &["a", "b c", "d 'e'", "f g", "xyz"],
            ),
            (
                "a 'one\ntwo' \"$5\" '$(x)' '|' \";\" \\; \\$HOME \\> b#c ''",
                &[
                    "a", "one\ntwo", "$5", "$(x)", "|", ";", ";", "$HOME", ">", "b#c", "",
                ],
            ),
        ] {
            assert_eq!(
                words(text),
                Words {
                    words: expected.iter().map(|&word| word.into()).collect(),
                    remarks: vec![]
                },
                "{text}"
            );
        }
    }

    #[test]
    fn what_only_a_shell_can_do_is_told() {
        for (text, expected, remark) in [
            ("a b | c", &["a", "b"][..], "what follows '|' is left out"),
            ("a b 2>&1 | c", &["a", "b"], "what follows '>' is left out"),
            ("a b#c | d", &["a", "b#c"], "what follows '|' is left out"),
            ("a 8|b", &["a", "8"], "what follows '|' is left out"),
            ("a b2>c", &["a", "b2"], "what follows '>' is left out"),
            ("a b; c", &["a", "b"], "what follows ';' is left out"),
            (
                "a $PWD:/b",
                &["a", "$PWD:/b"],
                "variables ($NAME) stand as they are written",
            ),
            (
                "a \"${HOME}\"",
                &["a", "${HOME}"],
                "variables ($NAME) stand as they are written",
            ),
        ] {
            let read = words(text);
            assert_eq!(read.words, expected);
            assert_eq!(read.remarks.len(), 1, "{text}");
            assert!(read.remarks[0].starts_with(remark), "{:?}", read.remarks);
        }
    }

    #[test]
    fn what_cannot_be_split_is_refused() {
        for (text, said) in [
            ("", "the command is empty"),
            (" # nothing\n", "the command is empty"),
            ("a 'b", "a quote of the command is not closed"),
            ("a \"b", "a quote of the command is not closed"),
            ("a -u $(id -u)", "the command holds $(…)"),
            ("a \"`pwd`\"", "the command holds $(…)"),
            ("a b\nc d", "there is a line after the command's last one"),
        ] {
            assert!(failure(text).starts_with(said), "{text}: {}", failure(text));
        }
        assert!(read(&[]).is_err());
    }

    #[test]
    fn several_arguments_are_words_already() {
        let input = ["a".to_owned(), "$(b | 'c".to_owned()];
        assert_eq!(
            read(&input).unwrap(),
            Words {
                words: input.to_vec(),
                remarks: vec![]
            }
        );
    }
}
