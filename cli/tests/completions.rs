//! Completions in the shells, and the manual pages.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use support::{Folder, Ran};

/// Runs a script in a shell; `None` where the shell is not installed.
fn in_shell(shell: &str, script: &str) -> Option<Ran> {
    let folder = Folder::with(&[("script", script)]);
    let ran = folder.bash(&format!(
        "command -v {shell} >/dev/null || exit 99; {shell} script"
    ));
    if ran.code == 99 {
        println!("skipped: {shell} is not installed");
        return None;
    }
    assert_eq!(ran.code, 0, "{shell}: {}", ran.err);
    Some(ran)
}

/// Words, and the completions that a shell should offer behind them.
const OFFERS: [(&str, &[&str]); 4] = [
    ("check --format js", &["json"]),
    (
        "explain priv",
        &["privileged", "privilege-escalation-conflict"],
    ),
    ("check --profile 2026", &["2026-04-01"]),
    ("check --no-supp", &["--no-suppressions"]),
];

#[test]
fn bash_completes_subcommands_options_and_values() {
    for (words, expected) in OFFERS {
        let count = words.split(' ').count();
        let last = words.rsplit(' ').next().unwrap();
        let script = format!(
            "source <(eci-policy completions bash)\nCOMP_WORDS=(eci-policy {words}); COMP_CWORD={count}; COMP_TYPE=9\n\
             _clap_complete_eci_policy eci-policy {last} 2>/dev/null\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n"
        );
        let Some(ran) = in_shell("bash", &script) else {
            return;
        };
        let offered: Vec<_> = ran.out.lines().map(str::trim).collect();
        assert_eq!(offered, expected, "{words}");
    }
}

#[test]
fn fish_completes_subcommands_options_and_values() {
    for (words, expected) in OFFERS {
        let script =
            format!("eci-policy completions fish | source\ncomplete -C 'eci-policy {words}'\n");
        let Some(ran) = in_shell("fish", &script) else {
            return;
        };
        // A tab and a description follow the word.
        let mut offered: Vec<_> = ran
            .out
            .lines()
            .filter_map(|line| line.split('\t').next())
            .collect();
        offered.sort_unstable();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(offered, expected, "{words}");
    }
}

#[test]
fn zsh_takes_the_script_and_asks_the_command() {
    for (words, expected) in OFFERS {
        let count = words.split(' ').count();
        let script = format!(
            "autoload -U compinit; compinit -D -u\nsource <(eci-policy completions zsh)\n\
             whence -w _clap_dynamic_completer_eci_policy >&2 || exit 1\n\
             _CLAP_IFS=$'\\n' _CLAP_COMPLETE_INDEX={count} COMPLETE=zsh eci-policy -- eci-policy {words}\n"
        );
        let Some(ran) = in_shell("zsh", &script) else {
            return;
        };
        let offered: Vec<_> = ran
            .out
            .lines()
            .filter_map(|line| line.split(':').next())
            .collect();
        assert_eq!(offered, expected, "{words}");
    }
}

#[test]
fn manual_pages_and_help_are_there() {
    let folder = Folder::with(&[]);
    for (arguments, says) in [
        (&["man"][..], ".TH eci-policy 1"),
        (&["man", "check"], ".TH eci-policy-check 1"),
        (&["help"], "Usage: eci-policy"),
        (&["help", "check"], "Usage: eci-policy check"),
    ] {
        let ran = folder.run(arguments);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(ran.out.contains(says), "{arguments:?}: {}", ran.out);
    }
    let ran = folder.run(&["man", "chek"]);
    assert_eq!(
        (ran.code, ran.err.as_str()),
        (2, "eci-policy: there is no subcommand \"chek\"\n")
    );
}
