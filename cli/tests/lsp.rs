//! `eci-policy lsp`: sessions of a client over the protocol.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

mod support;

use std::io::{BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use lsp_server::{Message, Notification, Request, RequestId, Response};
use serde_json::{Value, json};
use support::{CLEAN, DENIED, Folder, REPAIRED};

/// An editor with a server.
struct Client {
    server: Child,
    input: Option<ChildStdin>,
    output: Receiver<Message>,
    requests: i32,
    /// The number of messages for the log.
    logged: usize,
    folder: Folder,
}

/// How long a test waits for a message before it fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// Returns the messages of a server, which a thread reads.
fn messages(output: ChildStdout) -> Receiver<Message> {
    let (sender, messages) = mpsc::channel();
    thread::spawn(move || {
        let mut output = BufReader::new(output);
        while let Some(message) = Message::read(&mut output).unwrap() {
            sender.send(message).ok();
        }
    });
    messages
}

impl Client {
    fn started(arguments: &[&str], files: &[(&str, &str)]) -> Self {
        let folder = Folder::with(files);
        let mut server = Command::new(env!("CARGO_BIN_EXE_eci-policy"))
            .arg("lsp")
            .args(arguments)
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            input: server.stdin.take(),
            output: messages(server.stdout.take().unwrap()),
            server,
            requests: 0,
            logged: 0,
            folder,
        }
    }

    /// A client that is ready to open files.
    fn with(files: &[(&str, &str)]) -> Self {
        let mut client = Self::started(&[], files);
        client.initialize();
        client
    }

    fn initialize(&mut self) -> Value {
        let answer = self.ask(
            "initialize",
            json!({"processId": null, "rootUri": null, "capabilities": {}}),
        );
        self.tell("initialized", json!({}));
        answer.unwrap()
    }

    fn send(&mut self, message: Message) {
        message.write(self.input.as_mut().unwrap()).unwrap();
    }

    fn tell(&mut self, method: &str, params: Value) {
        self.send(
            Notification {
                method: method.to_owned(),
                params,
            }
            .into(),
        );
    }

    /// Asks, and returns the answer, or the code and the message of the error. Notifications before it are dropped.
    fn ask(&mut self, method: &str, params: Value) -> Result<Value, (i32, String)> {
        self.requests += 1;
        let id = RequestId::from(self.requests);
        let request = Request {
            id: id.clone(),
            method: method.to_owned(),
            params,
        };
        self.send(request.into());
        loop {
            if let Message::Response(Response {
                id: of,
                response_result,
            }) = self.message()
            {
                assert_eq!(of, id);
                return response_result.map_err(|error| (error.code, error.message));
            }
        }
    }

    fn message(&mut self) -> Message {
        let message = self.output.recv_timeout(PATIENCE);
        let message = message.unwrap_or_else(|error| panic!("the server sends nothing: {error}"));
        let is_log =
            matches!(&message, Message::Notification(note) if note.method == "window/logMessage");
        self.logged += usize::from(is_log);
        message
    }

    fn uri(&self, file: &str) -> String {
        format!("file://{}/{file}", self.folder.path().display())
    }

    fn open(&mut self, file: &str, text: &str) -> Vec<Value> {
        let uri = self.uri(file);
        self.tell(
            "textDocument/didOpen",
            json!({"textDocument": {"uri": uri, "languageId": "yaml", "version": 1, "text": text}}),
        );
        self.diagnostics(file, 1)
    }

    fn change(&mut self, file: &str, version: i32, text: &str) {
        let uri = self.uri(file);
        self.tell(
            "textDocument/didChange",
            json!({"textDocument": {"uri": uri, "version": version}, "contentChanges": [{"text": text}]}),
        );
    }

    /// Waits for the diagnostics of a version of a file.
    fn diagnostics(&mut self, file: &str, version: i32) -> Vec<Value> {
        let uri = self.uri(file);
        loop {
            if let Message::Notification(Notification { params, .. }) = self.message()
                && params["uri"] == uri
                && params["version"] == version
            {
                return params["diagnostics"].as_array().unwrap().clone();
            }
        }
    }

    fn actions(&mut self, file: &str, line: u32, only: &[&str]) -> Vec<Value> {
        let at = json!({"line": line, "character": 0});
        let mut params = json!({
            "textDocument": {"uri": self.uri(file)},
            "range": {"start": at, "end": {"line": line, "character": 1000}},
            "context": {"diagnostics": []},
        });
        if !only.is_empty() {
            params["context"]["only"] = only.into();
        }
        let actions = self.ask("textDocument/codeAction", params).unwrap();
        actions.as_array().unwrap().clone()
    }

    fn hover(&mut self, file: &str, line: u32, character: u32) -> Option<String> {
        let uri = self.uri(file);
        let position = json!({"line": line, "character": character});
        let params = json!({"textDocument": {"uri": uri}, "position": position});
        let hover = self.ask("textDocument/hover", params).unwrap();
        hover["contents"]["value"].as_str().map(str::to_owned)
    }

    /// Ends the session as an editor does, and returns the exit code.
    fn leave(mut self) -> i32 {
        assert_eq!(self.ask("shutdown", Value::Null), Ok(Value::Null));
        let (code, _) = self.ask("textDocument/hover", json!({})).unwrap_err();
        assert_eq!(code, -32600, "after shutdown, nothing is answered");
        self.tell("exit", Value::Null);
        self.server.wait().unwrap().code().unwrap()
    }
}

/// Applies the edits of an action to a text, whose positions are UTF-16.
fn applied(text: &str, action: &Value) -> String {
    let changes = action["edit"]["changes"].as_object().unwrap();
    assert_eq!(changes.len(), 1);
    let mut edits = changes.values().next().unwrap().as_array().unwrap().clone();
    edits.reverse();
    let mut units: Vec<u16> = text.encode_utf16().collect();
    for edit in edits {
        let offset = |position: &Value| -> usize {
            let line = usize::try_from(position["line"].as_u64().unwrap()).unwrap();
            let before: usize = text
                .split_inclusive('\n')
                .take(line)
                .map(|line| line.encode_utf16().count())
                .sum();
            before + usize::try_from(position["character"].as_u64().unwrap()).unwrap()
        };
        let range = offset(&edit["range"]["start"])..offset(&edit["range"]["end"]);
        units.splice(range, edit["newText"].as_str().unwrap().encode_utf16());
    }
    String::from_utf16(&units).unwrap()
}

const CAPABILITIES: &str = "apiVersion: v1
kind: Pod
metadata: {name: web, labels: {alibabacloud.com/eci: \"true\"}}
spec:
  containers:
  - name: web # 🎉
    image: b
    securityContext:
      runAsUser: 7
      capabilities: {add: [\"cap_chown\", SYS_TIME], drop: [\"all\"]} # 🎉
";

#[test]
fn an_editor_gets_diagnostics_repairs_pages_and_hints() {
    let text = format!("{CAPABILITIES}---\n{DENIED}");
    let mut client = Client::started(&[], &[]);
    let capabilities = client.initialize()["capabilities"].clone();
    assert_eq!(
        capabilities["textDocumentSync"]["change"], 1,
        "the whole text"
    );
    let diagnostics = client.open("pod.yaml", &text);
    let told: Vec<_> = diagnostics
        .iter()
        .map(|diagnostic| {
            (
                diagnostic["code"].as_str().unwrap(),
                diagnostic["severity"].as_u64().unwrap(),
                diagnostic["range"]["start"]["line"].as_u64().unwrap(),
            )
        })
        .collect();
    let denied = text
        .lines()
        .position(|line| line.contains("hostPID"))
        .unwrap() as u64;
    assert_eq!(
        told,
        [
            ("capability-name", 2, 9),
            ("capability-unsupported", 1, 9),
            ("capability-name", 2, 9),
            ("host-namespaces", 1, denied)
        ]
    );
    let first = &diagnostics[0];
    assert_eq!(
        first["range"],
        json!({"start": {"line": 9, "character": 27}, "end": {"line": 9, "character": 38}})
    );
    assert_eq!(first["source"], "eci-policy");
    assert!(
        first["codeDescription"]["href"]
            .as_str()
            .unwrap()
            .ends_with("docs/rules.md#capability-name")
    );
    assert!(
        first["message"].as_str().unwrap().contains("write CHOWN"),
        "{first}"
    );

    // One repair, all of a rule, and the whole file.
    let actions = client.actions("pod.yaml", 9, &["quickfix"]);
    let titles: Vec<_> = actions
        .iter()
        .map(|action| action["title"].as_str().unwrap())
        .collect();
    assert_eq!(
        titles,
        [
            "write CHOWN (capability-name)",
            "write ALL (capability-name)",
            "repair all in this file (capability-name)"
        ]
    );
    assert_eq!(
        applied(&text, &actions[0]),
        text.replace("cap_chown", "CHOWN")
    );
    assert_eq!(
        applied(&text, &actions[2]),
        text.replace("cap_chown", "CHOWN").replace("all", "ALL")
    );
    let all = client.actions("pod.yaml", 0, &["source.fixAll"]);
    assert_eq!(all.len(), 1);
    assert_eq!(all[0]["kind"], "source.fixAll.eci-policy");
    let repaired = applied(&text, &all[0]);
    client.folder.write("same.yaml", &text);
    client.folder.run(&["fix", "same.yaml"]);
    assert_eq!(
        repaired,
        client.folder.read("same.yaml"),
        "as `eci-policy fix`"
    );
    assert!(client.actions("pod.yaml", 2, &["quickfix"]).is_empty());
    // At a move of the cursor, the repairs of the whole file are not computed.
    let range = json!({"start": {"line": 9, "character": 0}, "end": {"line": 9, "character": 99}});
    let context = json!({"diagnostics": [], "triggerKind": 2});
    let params = json!({"textDocument": {"uri": client.uri("pod.yaml")}, "range": range, "context": context});
    let quick = client.ask("textDocument/codeAction", params).unwrap();
    assert_eq!(quick.as_array().unwrap().len(), 2, "{quick}");
    assert!(client.actions("pod.yaml", 9, &["refactor"]).is_empty());

    // The page of the rule, and the effective value.
    let hover = client.hover("pod.yaml", 9, 30).unwrap();
    assert!(
        hover.contains("**capability-name**") && hover.contains("**Why.**"),
        "{hover}"
    );
    // All are dropped, and the runtime knows no "CAP_CAP_CHOWN".
    assert!(
        hover.contains("`capabilities` on ECI: `0000000000000000`: none"),
        "{hover}"
    );
    assert_eq!(
        client.hover("pod.yaml", 8, 8).unwrap(),
        "`runAsUser` on ECI: 7: set on the container"
    );
    assert_eq!(client.hover("pod.yaml", 1, 1), None);
    let range = json!({"start": {"line": 0, "character": 0}, "end": {"line": 10, "character": 0}});
    let hints = client
        .ask(
            "textDocument/inlayHint",
            json!({"textDocument": {"uri": client.uri("pod.yaml")}, "range": range}),
        )
        .unwrap();
    assert_eq!(
        hints.as_array().unwrap().len(),
        1,
        "the second pod is not in the range: {hints}"
    );
    let column = CAPABILITIES.lines().nth(9).unwrap().encode_utf16().count();
    assert_eq!(
        hints[0]["position"],
        json!({"line": 9, "character": column})
    );
    assert!(
        hints[0]["label"]
            .as_str()
            .unwrap()
            .starts_with("capabilities on ECI: 00000000"),
        "{hints}"
    );

    // Typing.
    client.change("pod.yaml", 2, &repaired);
    let left: Vec<_> = client
        .diagnostics("pod.yaml", 2)
        .iter()
        .map(|diagnostic| diagnostic["code"].clone())
        .collect();
    assert_eq!(left, ["capability-unsupported", "host-namespaces"]);
    client.change("pod.yaml", 3, "kind: Pod\nspec: [\n");
    let broken = client.diagnostics("pod.yaml", 3);
    assert_eq!(broken.len(), 1);
    assert_eq!(broken[0]["message"], "unclosed bracket '['");
    assert_eq!(
        broken[0]["range"]["start"],
        json!({"line": 1, "character": 6})
    );
    let uri = client.uri("pod.yaml");
    client.tell(
        "textDocument/didClose",
        json!({"textDocument": {"uri": uri}}),
    );
    let Message::Notification(closed) = client.message() else {
        panic!()
    };
    assert_eq!(
        closed.params["diagnostics"],
        json!([]),
        "a closed file has none"
    );
    assert_eq!(client.leave(), 0);
}

#[test]
fn the_last_of_many_changes_is_checked() {
    let mut client = Client::with(&[]);
    client.open("pod.yaml", CLEAN);
    for version in 2..200 {
        client.change(
            "pod.yaml",
            version,
            if version % 2 == 0 { DENIED } else { CLEAN },
        );
    }
    assert_eq!(client.diagnostics("pod.yaml", 199), Vec::<Value>::new());
    assert_eq!(client.leave(), 0);
}

#[test]
fn the_settings_are_those_of_the_configuration() {
    let elsewhere = DENIED.replace(", labels: {alibabacloud.com/eci: \"true\"}", "");
    let mut client = Client::with(&[
        (
            ".eci-policy.yaml",
            "settings: {actions: {host-namespaces: warn}}\nassumeEci: [serverless/]\n",
        ),
        ("serverless/x", ""),
    ]);
    let severities = |diagnostics: Vec<Value>| -> Vec<u64> {
        diagnostics
            .iter()
            .map(|diagnostic| diagnostic["severity"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(severities(client.open("pod.yaml", DENIED)), [2]);
    assert_eq!(
        severities(client.open("serverless/new/pod.yaml", &elsewhere)),
        [2],
        "a file that is not saved yet"
    );
    assert_eq!(
        severities(client.open("elsewhere.yaml", &elsewhere)),
        [0; 0]
    );
    // When the configuration is saved, all files are checked again.
    client.folder.write(".eci-policy.yaml", "strikt: true\n");
    let uri = client.uri(".eci-policy.yaml");
    client.tell(
        "textDocument/didSave",
        json!({"textDocument": {"uri": uri}}),
    );
    let told = client.diagnostics("pod.yaml", 1);
    assert!(
        told[0]["message"]
            .as_str()
            .unwrap()
            .ends_with(".eci-policy.yaml:1:1: strikt: no such key; did you mean strict?"),
        "{told:?}"
    );
    assert_eq!(client.leave(), 0);
    let mut client = Client::started(&["--assume-eci"], &[]);
    client.initialize();
    assert_eq!(severities(client.open("elsewhere.yaml", &elsewhere)), [1]);
    assert_eq!(client.leave(), 0);
}

#[test]
fn a_comment_suppresses_and_a_near_miss_is_pointed_out() {
    let mut client = Client::with(&[]);
    let allowed = DENIED.replace(
        "hostPID: true",
        "hostPID: true # eci-policy: allow host-namespaces known",
    );
    assert!(client.open("a.yaml", &allowed).is_empty());
    let missed = client.open("b.yaml", &DENIED.replace("\"true\"", "\"True\""));
    assert_eq!(missed.len(), 1);
    assert!(
        missed[0]["message"]
            .as_str()
            .unwrap()
            .contains("write \"true\""),
        "{missed:?}"
    );
    assert_eq!(client.leave(), 0);
}

#[test]
fn broken_requests_are_refused_and_the_session_goes_on() {
    let mut client = Client::started(&[], &[]);
    let (code, message) = client.ask("textDocument/hover", json!({})).unwrap_err();
    assert_eq!((code, message.as_str()), (-32002, "send initialize first"));
    client.initialize();
    client.open("pod.yaml", REPAIRED);
    let uri = client.uri("pod.yaml");
    for (method, params, code) in [
        ("textDocument/hover", json!(null), -32602),
        (
            "textDocument/hover",
            json!({"textDocument": {"uri": uri}, "position": {"line": -1, "character": 0}}),
            -32602,
        ),
        (
            "textDocument/hover",
            json!({"textDocument": {"uri": "not a uri"}, "position": {"line": 0, "character": 0}}),
            -32602,
        ),
        (
            "textDocument/hover",
            json!({"textDocument": {"uri": "file:///not/open.yaml"}, "position": {"line": 0, "character": 0}}),
            -32602,
        ),
        (
            "textDocument/codeAction",
            json!({"textDocument": {"uri": uri}}),
            -32602,
        ),
        ("textDocument/rename", json!({}), -32601),
        ("initialize", json!({"capabilities": {}}), -32601),
    ] {
        let (is, message) = client.ask(method, params.clone()).unwrap_err();
        assert_eq!(is, code, "{method} {params}: {message}");
    }
    // Positions behind the text, and ranges that end before they begin.
    let far = json!({"line": 4_294_967_295u32, "character": 4_294_967_295u32});
    let zero = json!({"line": 0, "character": 0});
    client
        .ask(
            "textDocument/hover",
            json!({"textDocument": {"uri": uri}, "position": far}),
        )
        .unwrap();
    for method in ["textDocument/codeAction", "textDocument/inlayHint"] {
        for (start, end) in [(&far, &zero), (&zero, &far), (&far, &far)] {
            let range = json!({"start": start, "end": end});
            let params = json!({"textDocument": {"uri": uri}, "range": range, "context": {"diagnostics": []}});
            client.ask(method, params).unwrap();
        }
    }
    // Notifications that cannot be read, or are about nothing, have no effect.
    client.tell("textDocument/didChange", json!({"textDocument": 7}));
    client.tell(
        "textDocument/didChange",
        json!({"textDocument": {"uri": uri, "version": 2}, "contentChanges": []}),
    );
    client.tell(
        "textDocument/didClose",
        json!({"textDocument": {"uri": "file:///not/open.yaml"}}),
    );
    client.tell("$/cancelRequest", json!({"id": 99}));
    // Messages that are not JSON-RPC.
    for broken in [
        "Content-Length: 3\r\n\r\n{[]",
        "Content-Length: 2\r\n\r\n[]",
        "Content-Length: x\r\n\r\n",
        "Content-Length: 99999999999999\r\n\r\n",
        "nonsense\r\n",
    ] {
        client
            .input
            .as_mut()
            .unwrap()
            .write_all(broken.as_bytes())
            .unwrap();
    }
    // One of them may have been a change, so there are no edits for the old text.
    let (_, message) = client
        .ask(
            "textDocument/hover",
            json!({"textDocument": {"uri": uri}, "position": zero}),
        )
        .unwrap_err();
    assert!(message.ends_with("pod.yaml is not open"), "{message}");
    client.change("pod.yaml", 3, CLEAN);
    assert!(client.diagnostics("pod.yaml", 3).is_empty());
    // Each is in the log of the editor.
    assert!(client.logged >= 5, "{}", client.logged);
    assert_eq!(client.leave(), 0);
}

#[test]
fn a_client_that_goes_away_ends_the_server() {
    for last in ["", "Content-Length: 100\r\n\r\n{\"jsonrpc\"", "Content-"] {
        let mut client = Client::with(&[]);
        client.open("pod.yaml", DENIED);
        let mut input = client.input.take().unwrap();
        input.write_all(last.as_bytes()).unwrap();
        drop(input);
        assert_eq!(client.server.wait().unwrap().code(), Some(1), "{last:?}");
    }
    let mut client = Client::with(&[]);
    client.tell("exit", Value::Null);
    assert_eq!(
        client.server.wait().unwrap().code(),
        Some(1),
        "exit without shutdown"
    );
}

#[test]
fn any_text_is_checked() {
    let mut client = Client::with(&[]);
    let names = ["emoji 🎉.yaml", "percent%20.yaml"];
    for (version, text) in (1..).zip([
        "",
        "\u{feff}a: 1",
        "\0",
        "- [",
        "a: &a [*a]",
        "%",
        "\u{2028}",
        "🎉",
        "{\"kind\": \"Pod\"}",
        "\r\n\r",
        "<<: 7",
    ]) {
        for name in names {
            // Such characters are escaped in a URI.
            let name = name
                .replace('%', "%25")
                .replace(' ', "%20")
                .replace('🎉', "%F0%9F%8E%89");
            match version {
                1 => drop(client.open(&name, text)),
                _ => client.change(&name, version, text),
            }
        }
    }
    assert_eq!(client.leave(), 0);
}

#[test]
fn a_template_of_a_chart_and_a_large_file_are_not_checked() {
    let mut client = Client::with(&[("chart/Chart.yaml", "name: web\n")]);
    let hint = client.open(
        "chart/templates/pod.yaml",
        "{{ if .Values.x }}\nkind: Pod\n",
    );
    assert_eq!(hint.len(), 1);
    assert_eq!(hint[0]["severity"], 3, "information");
    let message = hint[0]["message"].as_str().unwrap();
    assert!(
        message.starts_with("Helm templates are not checked; check their output: helm template "),
        "{message}"
    );
    let large = client.open("large.yaml", &"#\n".repeat(17 << 20));
    assert_eq!(
        large[0]["message"],
        "is larger than 32 MiB, the limit; split it"
    );
    assert_eq!(client.leave(), 0);
}
