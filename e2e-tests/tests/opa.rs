//! The module for OPA in the program `opa`, which loads it from a bundle: its server answers as the native evaluation, which
//! its own tests hold to the core. The commands of guests/opa/README.md print what the page shows.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

#[path = "../../tests/support/bad_payloads/mod.rs"]
mod bad_payloads;

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use eci_e2e_tests::corpus;
use eci_policy_opa::evaluation::{EntryPoint, evaluate};
use serde_json::{Value, json};
use tempfile::TempDir;

const README: &str = include_str!("../../guests/opa/README.md");

fn variable(name: &str) -> PathBuf {
    let value = std::env::var_os(name)
        .unwrap_or_else(|| panic!("set {name} to the file, as `make test-opa` does"));
    PathBuf::from(value)
}

/// The code block of the README with this info string.
fn block(info: &str) -> &'static str {
    let (_, after) = README.split_once(&format!("```{info}\n")).unwrap();
    after.split_once("```").unwrap().0
}

/// A folder with the files of the README, and the module.
fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("opa")
        .join(test);
    _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(folder.join("bundle")).unwrap();
    std::fs::copy(variable("POLICY_OPA_WASM"), folder.join("policy.opa.wasm")).unwrap();
    std::fs::write(folder.join("request.json"), block("json request.json")).unwrap();
    let manifest = block("json bundle/.manifest");
    std::fs::write(folder.join("bundle/.manifest"), manifest).unwrap();
    folder
}

/// `opa run --server`, on a socket in its folder.
struct Server {
    child: Child,
    socket: PathBuf,
    _folder: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Server {
    fn start(test: &str, data: &Value) -> Self {
        let folder = folder(test);
        let bundle = folder.join("bundle");
        std::fs::rename(folder.join("policy.opa.wasm"), bundle.join("policy.wasm")).unwrap();
        std::fs::write(bundle.join("data.json"), data.to_string()).unwrap();
        // The path of a socket has at most 108 bytes.
        let short = tempfile::tempdir().unwrap();
        let socket = short.path().join("socket");
        let mut child = Command::new(variable("OPA"))
            .args([
                "run",
                "--server",
                "--skip-version-check",
                "--log-level",
                "error",
            ])
            .arg("--addr")
            .arg(format!("unix://{}", socket.display()))
            .arg("--bundle")
            .arg(bundle)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let begin = Instant::now();
        while UnixStream::connect(&socket).is_err() {
            assert_eq!(child.try_wait().unwrap(), None, "opa ended");
            assert!(begin.elapsed() < Duration::from_secs(60), "opa is silent");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self {
            child,
            socket,
            _folder: short,
        }
    }

    /// The result of an entry point.
    fn ask(&self, entry_point: &str, input: &Value) -> Value {
        let body = json!({"input": input}).to_string();
        let mut stream = UnixStream::connect(&self.socket).unwrap();
        write!(
            stream,
            "POST /v1/data/eci_security_context/{entry_point} HTTP/1.0\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.0 200 OK"), "{input}: {answer}");
        serde_json::from_str::<Value>(body).unwrap()["result"].take()
    }
}

fn native(entry_point: EntryPoint, input: &Value) -> Value {
    serde_json::from_str(&evaluate(entry_point, input.to_string().as_bytes(), None)).unwrap()
}

/// An answer with its patch as JSON: OPA changes the blanks of the object, and a patch repeats its parts.
fn read(answer: &Value) -> Value {
    let mut answer = answer.clone();
    if let Some(patch) = answer["response"].get_mut("patch") {
        let text = STANDARD.decode(patch.as_str().unwrap()).unwrap();
        *patch = serde_json::from_slice(&text).unwrap();
    }
    answer
}

#[test]
fn the_server_answers_as_the_core() {
    let server = Server::start("answers", &json!({}));
    let (mut denied, mut repaired) = (0, 0);
    let mut ask = |name: &str, payload: &Value| {
        for (path, entry_point) in [
            ("validate", EntryPoint::Validate),
            ("mutate", EntryPoint::Mutate),
        ] {
            let answer = server.ask(path, payload);
            let expected = native(entry_point, payload);
            assert_eq!(read(&answer), read(&expected), "{name}: {path}");
            denied += usize::from(answer["response"]["allowed"] == false);
            repaired += usize::from(answer["response"].get("patch").is_some());
        }
        let mut payload = payload.clone();
        let review =
            json!({"review": payload["request"].take(), "parameters": payload["settings"].take()});
        let answer = server.ask("violation", &review);
        assert_eq!(answer, native(EntryPoint::Violation, &review), "{name}");
    };
    let cases = corpus();
    for case in &cases {
        ask(&case.name, &case.payload);
    }
    assert!(cases.len() > 300);
    // The server itself refuses an input that is not JSON.
    let groups = [
        bad_payloads::requests(),
        bad_payloads::objects(),
        bad_payloads::bad_settings(),
    ];
    let bad = groups.into_iter().flatten().filter_map(|bad| {
        let payload: Value = serde_json::from_slice(&bad.payload).ok()?;
        payload.is_object().then_some((bad.name, payload))
    });
    let mut count = 0;
    for (name, payload) in bad {
        ask(&name, &payload);
        count += 1;
    }
    assert!(count > 100, "{count}");
    println!(
        "opa: {} cases and {count} bad payloads, each at three entry points: {denied} denied, {repaired} repaired",
        cases.len()
    );
    assert!(denied > 500 && repaired > 20, "{denied}, {repaired}");
}

#[test]
fn the_settings_are_the_data_of_the_bundle() {
    let request: Value = serde_json::from_str(block("json request.json")).unwrap();
    let allowed = |server: &Server| server.ask("validate", &request)["response"]["allowed"].clone();
    assert_eq!(allowed(&Server::start("no-data", &json!({}))), false);
    let warn = json!({"actions": {"host-namespaces": "warn"}});
    assert_eq!(allowed(&Server::start("data", &warn)), true);
    let invalid = Server::start("invalid-data", &json!({"mutat": "all"}));
    let response = invalid.ask("validate", &request)["response"].take();
    assert_eq!(response["status"]["code"], 422);
    let message = response["status"]["message"].as_str().unwrap();
    assert!(message.starts_with("settings: mutat: "), "{message}");
}

/// OPA escapes these characters in a way that is not JSON.
#[test]
fn a_control_character_that_opa_cannot_write_is_denied() {
    let server = Server::start("control", &json!({}));
    for uid in ["\u{7}", "\u{b}", "\u{7f}", "\u{e0001}"] {
        let input = json!({"request": {"uid": uid, "operation": "DELETE"}});
        let response = server.ask("validate", &input)["response"].take();
        assert_eq!(response["status"]["code"], 400, "{uid:?}: {response}");
    }
}

/// Each line with a prompt is run as a shell does it, and the lines after it are its output.
#[test]
fn the_commands_of_the_page() {
    let folder = folder("page");
    let opa = variable("OPA");
    let path = std::env::join_paths([
        opa.parent().unwrap(),
        Path::new("/usr/bin"),
        Path::new("/bin"),
    ]);
    let commands = block("console opa")
        .strip_prefix("$ ")
        .unwrap()
        .split("\n$ ");
    for command in commands {
        let (command, expected) = command.split_once('\n').unwrap_or((command, ""));
        let output = Command::new("sh")
            .args(["-c", command])
            .env("PATH", path.as_ref().unwrap())
            .current_dir(&folder)
            .output()
            .unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            printed.trim_end(),
            expected.trim_end(),
            "{command}: {errors}"
        );
    }
}
