//! The time from a keystroke in an editor to the diagnostics of the language server.

use std::io::BufReader;
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use lsp_server::{Message, Notification, Request};
use serde_json::{Value, json};

use crate::Failure;
use crate::measure::median;

/// The number of keystrokes.
const KEYSTROKES: i32 = 101;
const URI: &str = "untitled:bench.yaml";

/// Types at the end of a text, and prints how long the diagnostics take.
///
/// # Errors
/// If the server fails.
pub(crate) fn run(command: &Path, text: &str) -> Result<(), Failure> {
    let mut server = Command::new(command)
        .arg("lsp")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut input = server.stdin.take().ok_or("no input")?;
    let mut output = BufReader::new(server.stdout.take().ok_or("no output")?);
    let request = Request::new(
        1.into(),
        "initialize".to_owned(),
        json!({"capabilities": {}}),
    );
    Message::from(request).write(&mut input)?;
    let document = json!({"uri": URI, "languageId": "yaml", "version": 0, "text": text});
    tell(
        &mut input,
        "textDocument/didOpen",
        json!({"textDocument": document}),
    )?;
    let mut times: Vec<Duration> = Vec::new();
    let mut text = text.to_owned();
    for version in 1..=KEYSTROKES {
        text.push('#');
        let since = Instant::now();
        let document = json!({"uri": URI, "version": version});
        let change = json!({"textDocument": document, "contentChanges": [{"text": text}]});
        tell(&mut input, "textDocument/didChange", change)?;
        loop {
            let message = Message::read(&mut output)?.ok_or("the server ended")?;
            if matches!(message, Message::Notification(note) if note.params.get("version") == Some(&version.into()))
            {
                break;
            }
        }
        times.push(since.elapsed());
    }
    drop(input);
    server.wait()?;
    let lines = text.lines().count();
    let slowest = times
        .iter()
        .max()
        .copied()
        .unwrap_or_default()
        .as_secs_f64()
        * 1e3;
    let milliseconds = median(times) / 1e3;
    println!(
        "\nKeystroke to diagnostics, in a file of {lines} lines: {milliseconds:.1} ms (the median of {KEYSTROKES}; \
         the slowest {slowest:.1} ms)"
    );
    Ok(())
}

fn tell(input: &mut ChildStdin, method: &str, params: Value) -> Result<(), Failure> {
    let note = Notification::new(method.to_owned(), params);
    Ok(Message::from(note).write(input)?)
}
