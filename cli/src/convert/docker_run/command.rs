//! The command line of `docker run`: its options, the image, and what the container is to run. It is read as
//! Docker reads it: options end at the first word that is none, or at `--`.

use eci_security_context::text::{nearest, quote};

use super::options::{DOCKER, DOCKER_GLOBAL, Opt, PODMAN, PODMAN_GLOBAL, SUDO, Takes};
use crate::failure::Failure;

/// A command, read.
#[derive(Debug)]
pub(super) struct Command {
    /// The options, as they came; of one that counts once, the last.
    pub(super) given: Vec<Given>,
    /// The image.
    pub(super) image: String,
    /// What stands after the image.
    pub(super) arguments: Vec<String>,
}

/// An option that was given.
#[derive(Debug)]
pub(super) struct Given {
    /// Which.
    pub(super) option: &'static Opt,
    /// Its value; that of a flag is `true` or `false`.
    pub(super) value: String,
}

/// The tables of a program's options.
type Tables = &'static [&'static [Opt]];

const EXPECTED: &str = "give a docker run command";

/// Reads the words of a command.
pub(super) fn parse(words: &[String]) -> Result<Command, Failure> {
    let (program, rest) = program(words)?;
    let (globals, tables): (Tables, Tables) = match program {
        "docker" => (&[DOCKER_GLOBAL], &[DOCKER]),
        "podman" => (&[PODMAN_GLOBAL], &[DOCKER, PODMAN]),
        other => {
            return Err(Failure::new(format!(
                "{} is not docker; {EXPECTED}",
                quote(other)
            )));
        }
    };
    let (_, rest) = options(program, globals, rest)?;
    let rest = match rest {
        [run, rest @ ..] if run == "run" => rest,
        [container, run, rest @ ..] if container == "container" && run == "run" => rest,
        [] => {
            return Err(Failure::new(format!(
                "{program} alone runs nothing; {EXPECTED}"
            )));
        }
        [other, ..] => {
            let shown = quote(other);
            return Err(Failure::new(format!(
                "{program} {shown} cannot be converted; {EXPECTED}"
            )));
        }
    };
    let (mut given, rest) = options(&format!("{program} run"), tables, rest)?;
    let Some((image, arguments)) = rest.split_first().filter(|(image, _)| !image.is_empty()) else {
        return Err(Failure::new(format!(
            "{program} run has no image; name it after the options"
        )));
    };
    keep_last(&mut given);
    Ok(Command {
        given,
        image: image.clone(),
        arguments: arguments.to_vec(),
    })
}

/// The program, and the words after it. A prompt, `sudo` and variables before it are no part of the command.
fn program(words: &[String]) -> Result<(&str, &[String]), Failure> {
    let mut rest = words;
    while let Some((word, after)) = rest.split_first() {
        let base = word.rsplit('/').next().unwrap_or(word);
        rest = match base {
            "sudo" => options("sudo", &[SUDO], after)?.1,
            "$" | "env" => after,
            _ if is_assignment(word) => after,
            _ => return Ok((base, after)),
        };
    }
    Err(Failure::new(format!(
        "the command names no program; {EXPECTED}"
    )))
}

/// Whether a word sets a variable, as `DOCKER_HOST=tcp://host docker run …` does.
fn is_assignment(word: &str) -> bool {
    let name = word.split_once('=').map_or("", |(name, _)| name);
    name.starts_with(|first: char| first == '_' || first.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
}

/// The options at the front of the words, and the words after them.
fn options<'w>(
    program: &str,
    tables: Tables,
    words: &'w [String],
) -> Result<(Vec<Given>, &'w [String]), Failure> {
    let mut given = Vec::new();
    let mut rest = words;
    while let Some((word, after)) = rest.split_first() {
        if word == "--" {
            return Ok((given, after));
        }
        rest = if let Some(long) = word.strip_prefix("--") {
            long_option(program, tables, long, after, &mut given)?
        } else {
            match word.strip_prefix('-') {
                None | Some("") => break,
                Some(cluster) => short_options(program, tables, cluster, after, &mut given)?,
            }
        };
    }
    Ok((given, rest))
}

/// `--name`, `--name value` or `--name=value`.
fn long_option<'w>(
    program: &str,
    tables: Tables,
    text: &str,
    after: &'w [String],
    given: &mut Vec<Given>,
) -> Result<&'w [String], Failure> {
    let (name, value) = text
        .split_once('=')
        .map_or((text, None), |(name, value)| (name, Some(value)));
    let Some(option) = tables
        .iter()
        .copied()
        .flatten()
        .find(|option| option.long == name)
    else {
        return Err(unknown(program, tables, name));
    };
    let (value, after) = match (value, option.takes) {
        (Some(value), _) => (value.to_owned(), after),
        (None, Takes::Nothing) => ("true".to_owned(), after),
        (None, _) => value_after(program, &format!("--{name}"), after)?,
    };
    given.push(Given::checked(option, value)?);
    Ok(after)
}

/// `-i`, `-it`, `-u 0`, `-u0`, `-u=0`, `-itu0`.
fn short_options<'w>(
    program: &str,
    tables: Tables,
    cluster: &str,
    after: &'w [String],
    given: &mut Vec<Given>,
) -> Result<&'w [String], Failure> {
    let mut letters = cluster.chars();
    while let Some(letter) = letters.next() {
        let rest = letters.as_str();
        let Some(option) = tables
            .iter()
            .copied()
            .flatten()
            .find(|option| option.short == Some(letter))
        else {
            let shown = quote(&format!("-{cluster}"));
            return Err(Failure::new(format!(
                "{program} has no option {}, in {shown}; check the spelling, or name the image before it",
                quote(&format!("-{letter}"))
            )));
        };
        let (value, after) = match (rest.strip_prefix('='), option.takes) {
            (Some(value), _) if !value.is_empty() => (value.to_owned(), after),
            (_, Takes::Nothing) => {
                given.push(Given::checked(option, "true".to_owned())?);
                continue;
            }
            _ if !rest.is_empty() => (rest.to_owned(), after),
            _ => value_after(program, &format!("-{letter}"), after)?,
        };
        given.push(Given::checked(option, value)?);
        return Ok(after);
    }
    Ok(after)
}

fn value_after<'w>(
    program: &str,
    option: &str,
    after: &'w [String],
) -> Result<(String, &'w [String]), Failure> {
    let (value, after) = after.split_first().ok_or_else(|| {
        Failure::new(format!(
            "{option} of {program} lacks its value; write it after the option"
        ))
    })?;
    Ok((value.clone(), after))
}

fn unknown(program: &str, tables: Tables, name: &str) -> Failure {
    let names: Vec<_> = tables
        .iter()
        .copied()
        .flatten()
        .map(|option| option.long)
        .collect();
    let way_out = match nearest(name, &names) {
        Some(meant) => format!("did you mean --{meant}?"),
        None => {
            "check the spelling; what the container is to run stands after the image".to_owned()
        }
    };
    Failure::new(format!(
        "{program} has no option {}; {way_out}",
        quote(&format!("--{name}"))
    ))
}

impl Given {
    /// An option with its value; a flag's is read as Go reads a boolean.
    fn checked(option: &'static Opt, value: String) -> Result<Self, Failure> {
        let value = match (option.takes, value.as_str()) {
            (Takes::Nothing, "1" | "t" | "T" | "TRUE" | "true" | "True") => "true".to_owned(),
            (Takes::Nothing, "0" | "f" | "F" | "FALSE" | "false" | "False") => "false".to_owned(),
            (Takes::Nothing, other) => {
                let long = option.long;
                return Err(Failure::new(format!(
                    "--{long} is true or false, and not {}",
                    quote(other)
                )));
            }
            _ => value,
        };
        Ok(Self { option, value })
    }
}

/// Leaves of an option that counts once only the last.
fn keep_last(given: &mut Vec<Given>) {
    let mut seen: Vec<&str> = Vec::new();
    given.reverse();
    given.retain(|one| {
        let again = seen.contains(&one.option.long);
        seen.push(one.option.long);
        !again || one.option.takes == Takes::Values
    });
    given.reverse();
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

    fn words(text: &str) -> Vec<String> {
        shell_words::split(text).unwrap()
    }

    fn parsed(text: &str) -> Command {
        parse(&words(text)).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn options_of(command: &Command) -> Vec<(&str, &str)> {
        command
            .given
            .iter()
            .map(|given| (given.option.long, given.value.as_str()))
            .collect()
    }

    #[test]
    fn options_are_read_as_docker_reads_them() {
        for (text, expected) in [
            ("-it", &[("interactive", "true"), ("tty", "true")][..]),
            (
                "-dit",
                &[("detach", "true"), ("interactive", "true"), ("tty", "true")],
            ),
            (
                "-itv /a:/b",
                &[
                    ("interactive", "true"),
                    ("tty", "true"),
                    ("volume", "/a:/b"),
                ],
            ),
            ("-uroot", &[("user", "root")]),
            ("-u=1000", &[("user", "1000")]),
            ("-it=false", &[("interactive", "true"), ("tty", "false")]),
            (
                "-eA=B -e=C=D -e E=F",
                &[("env", "A=B"), ("env", "C=D"), ("env", "E=F")],
            ),
            (
                "-p80:80 -P",
                &[("publish", "80:80"), ("publish-all", "true")],
            ),
            ("--user 1 --user=2", &[("user", "2")]),
            (
                "--privileged --privileged=false",
                &[("privileged", "false")],
            ),
            (
                "--cap-add A --cap-add=B",
                &[("cap-add", "A"), ("cap-add", "B")],
            ),
            ("--name --rm", &[("name", "--rm")]),
            ("--label=a=b=c", &[("label", "a=b=c")]),
            ("--user=", &[("user", "")]),
            ("--rm=T --", &[("rm", "true")]),
        ] {
            for program in [
                "docker run",
                "podman run",
                "docker container run",
                "sudo -E docker run",
            ] {
                let command = parsed(&format!("{program} {text} image command -it --rm -- x"));
                assert_eq!(options_of(&command), expected, "{program} {text}");
                assert_eq!(command.image, "image");
                assert_eq!(command.arguments, ["command", "-it", "--rm", "--", "x"]);
            }
        }
    }

    #[test]
    fn what_stands_before_docker_is_no_part_of_the_command() {
        for text in [
            "$ docker run image",
            "sudo -u root -n /usr/bin/docker run image",
            "env DOCKER_HOST=tcp://a:1 docker --debug -H tcp://b:1 container run image",
            "DOCKER_CONTENT_TRUST=1 sudo docker --context=c run -- image",
            "podman --log-level debug run image",
        ] {
            assert_eq!(parsed(text).image, "image", "{text}");
        }
    }

    #[test]
    fn what_is_no_docker_run_is_refused() {
        for (text, said) in [
            (
                "docker",
                "docker alone runs nothing; give a docker run command",
            ),
            (
                "docker build .",
                "docker \"build\" cannot be converted; give a docker run command",
            ),
            (
                "docker container ls",
                "docker \"container\" cannot be converted; give a docker run command",
            ),
            (
                "kubectl run x",
                "\"kubectl\" is not docker; give a docker run command",
            ),
            (
                "sudo",
                "the command names no program; give a docker run command",
            ),
            (
                "docker run",
                "docker run has no image; name it after the options",
            ),
            (
                "docker run --rm -it",
                "docker run has no image; name it after the options",
            ),
            (
                "docker run ''",
                "docker run has no image; name it after the options",
            ),
            (
                "docker run --user",
                "--user of docker run lacks its value; write it after the option",
            ),
            (
                "docker run -itu",
                "-u of docker run lacks its value; write it after the option",
            ),
            (
                "docker run --cap-ad A x",
                "docker run has no option \"--cap-ad\"; did you mean --cap-add?",
            ),
            (
                "docker run --tz local x",
                "docker run has no option \"--tz\"; check the spelling; what the container is to run stands \
                 after the image",
            ),
            (
                "docker run -iz x",
                "docker run has no option \"-z\", in \"-iz\"; check the spelling, or name the image before it",
            ),
            (
                "docker run --rm=maybe x",
                "--rm is true or false, and not \"maybe\"",
            ),
            (
                "docker --hots x run y",
                "docker has no option \"--hots\"; did you mean --host?",
            ),
        ] {
            assert_eq!(parse(&words(text)).unwrap_err().to_string(), said);
        }
    }

    #[test]
    fn podman_has_options_of_its_own() {
        assert_eq!(
            options_of(&parsed("podman run --tz local --replace x")),
            [("tz", "local"), ("replace", "true")]
        );
    }
}
