//! `eci-policy lsp`: a language server on standard input and output. It gets the text of each open file, and answers
//! with diagnostics, repairs, the pages of rules, and the effective values of fields.

mod answer;
mod place;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, BufReader, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::thread;

use eci_security_context::text::cut;
use eci_text::MAX_MIB;
use lsp_server::{ErrorCode, Message, Notification, Request, Response, ResponseError};
use lsp_types::notification::{
    DidChangeTextDocument, DidCloseTextDocument, DidOpenTextDocument, DidSaveTextDocument,
    Exit as ExitNotification, LogMessage, Notification as _, PublishDiagnostics,
};
use lsp_types::request::{
    CodeActionRequest, HoverRequest, Initialize, InlayHintRequest, Request as _, Shutdown,
};
use lsp_types::{
    CodeActionKind, CodeActionParams, Diagnostic, DidChangeTextDocumentParams,
    DidCloseTextDocumentParams, DidOpenTextDocumentParams, DidSaveTextDocumentParams, HoverParams,
    InlayHintParams, LogMessageParams, MessageType, PublishDiagnosticsParams, TextDocumentSyncKind,
    Uri, VersionedTextDocumentIdentifier,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use self::answer::{FIX_ALL, Opened};
use crate::Exit;
use crate::args::Lsp;
use crate::config::{Config, NAME};
use crate::failure::Failure;

/// The longest message: a file of the limit, as escaped JSON.
const LONGEST: u64 = 8 * (MAX_MIB << 20);

/// Runs the server until the client leaves. The exit code is [`Exit::Clean`] if the client said so before.
pub(crate) fn run(lsp: &Lsp) -> Result<Exit, Failure> {
    let messages = messages();
    let mut server = Server {
        lsp,
        state: State::New,
        open: BTreeMap::new(),
        changed: BTreeSet::new(),
    };
    loop {
        // While the client is typing, only the last text is checked.
        let message = match messages.try_recv() {
            Ok(message) => message,
            Err(TryRecvError::Empty) => {
                server.publish()?;
                match messages.recv() {
                    Ok(message) => message,
                    Err(_) => break,
                }
            }
            Err(TryRecvError::Disconnected) => break,
        };
        match message {
            Ok(Message::Request(request)) => send(server.answer(request).into())?,
            Ok(Message::Notification(note)) if note.method == ExitNotification::METHOD => break,
            Ok(Message::Notification(note)) => {
                server.take(note).ok();
            }
            // The server asks nothing.
            Ok(Message::Response(_)) => {}
            Err(message) => {
                // It may have been a change. Edits for another text would destroy it, so each file needs its text anew.
                server.open.clear();
                let typ = MessageType::ERROR;
                let params = LogMessageParams { typ, message };
                send(Notification::new(LogMessage::METHOD.to_owned(), params).into())?;
            }
        }
    }
    Ok(match server.state {
        State::Down => Exit::Clean,
        State::New | State::Ready => Exit::Denied,
    })
}

/// Returns the messages of the client, which a thread reads. A message that cannot be read is an error, and the next one
/// is read.
fn messages() -> Receiver<Result<Message, String>> {
    let (sender, messages) = mpsc::channel();
    thread::spawn(move || {
        let mut input = BufReader::new(io::stdin());
        loop {
            let message = match checked_read(&mut input) {
                Ok(Some(message)) => Ok(message),
                Err(error) if error.kind() == ErrorKind::InvalidData => {
                    let error = cut(error.to_string(), 256);
                    Err(format!(
                        "a message of the editor is not valid JSON-RPC: {error}"
                    ))
                }
                Ok(None) | Err(_) => break,
            };
            if sender.send(message).is_err() {
                break;
            }
        }
    });
    messages
}

/// Reads a message. One that announces more than a file can have is refused before there is memory for it.
fn checked_read(input: &mut impl BufRead) -> io::Result<Option<Message>> {
    let head = input.fill_buf()?;
    let text = String::from_utf8_lossy(head);
    let (head, _) = text.split_once("\r\n\r\n").unwrap_or_default();
    let announced = head
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length: "));
    let announced = announced.and_then(|bytes| bytes.parse::<u64>().ok());
    if announced.is_some_and(|bytes| bytes > LONGEST) {
        let read = head.len() + "\r\n\r\n".len();
        input.consume(read);
        let problem = "the announced length is over the limit";
        return Err(io::Error::new(ErrorKind::InvalidData, problem));
    }
    Message::read(input)
}

fn send(message: Message) -> Result<(), Failure> {
    Ok(message.write(&mut io::stdout().lock())?)
}

/// The state of the connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before `initialize`.
    New,
    /// After it.
    Ready,
    /// After `shutdown`.
    Down,
}

struct Server<'a> {
    lsp: &'a Lsp,
    state: State,
    /// The open files by their URI.
    open: BTreeMap<String, Opened>,
    /// The files whose diagnostics are not up to date.
    changed: BTreeSet<String>,
}

impl Server<'_> {
    fn answer(&mut self, request: Request) -> Response {
        let Request { id, method, params } = request;
        let response_result = match (self.state, method.as_str()) {
            (State::New, Initialize::METHOD) => {
                self.state = State::Ready;
                Ok(capabilities())
            }
            (State::New, _) => refused(ErrorCode::ServerNotInitialized, "send initialize first"),
            (State::Down, _) => refused(ErrorCode::InvalidRequest, "the server is shut down"),
            (State::Ready, Shutdown::METHOD) => {
                self.state = State::Down;
                Ok(Value::Null)
            }
            // A fault of one answer must not end the server.
            (State::Ready, method) => {
                catch_unwind(AssertUnwindSafe(|| self.about_a_file(method, params)))
                    .unwrap_or_else(|_| refused(ErrorCode::InternalError, "the request failed"))
            }
        };
        Response {
            id,
            response_result,
        }
    }

    fn about_a_file(&self, method: &str, params: Value) -> Result<Value, ResponseError> {
        Ok(match method {
            CodeActionRequest::METHOD => {
                let params: CodeActionParams = read(params)?;
                written(&self.file(&params.text_document.uri)?.actions(&params))
            }
            HoverRequest::METHOD => {
                let params: HoverParams = read(params)?;
                let at = params.text_document_position_params;
                written(&self.file(&at.text_document.uri)?.hover(at.position))
            }
            InlayHintRequest::METHOD => {
                let params: InlayHintParams = read(params)?;
                written(&self.file(&params.text_document.uri)?.hints(params.range))
            }
            _ => refused(
                ErrorCode::MethodNotFound,
                &format!("there is no method {method}"),
            )?,
        })
    }

    fn file(&self, uri: &Uri) -> Result<&Opened, ResponseError> {
        match self.open.get(uri.as_str()) {
            Some(file) => Ok(file),
            None => refused(
                ErrorCode::InvalidParams,
                &format!("{} is not open", uri.as_str()),
            ),
        }
    }

    /// Takes a notification. One that cannot be read has no effect, as there is no answer to it.
    fn take(&mut self, Notification { method, params }: Notification) -> Result<(), ResponseError> {
        match method.as_str() {
            _ if self.state != State::Ready => {}
            DidOpenTextDocument::METHOD => {
                let document = read::<DidOpenTextDocumentParams>(params)?.text_document;
                self.set(document.uri, document.version, document.text);
            }
            DidChangeTextDocument::METHOD => {
                let params: DidChangeTextDocumentParams = read(params)?;
                let VersionedTextDocumentIdentifier { uri, version } = params.text_document;
                // Each change is the whole text.
                if let Some(change) = params.content_changes.into_iter().next_back() {
                    self.set(uri, version, change.text);
                }
            }
            DidCloseTextDocument::METHOD => {
                let uri = read::<DidCloseTextDocumentParams>(params)?
                    .text_document
                    .uri;
                self.open.remove(uri.as_str());
                self.changed.insert(uri.as_str().to_owned());
            }
            DidSaveTextDocument::METHOD => {
                let uri = read::<DidSaveTextDocumentParams>(params)?.text_document.uri;
                // Another configuration may change the diagnostics of every file.
                if uri.as_str().ends_with(NAME) {
                    self.changed.extend(self.open.keys().cloned());
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn set(&mut self, uri: Uri, version: i32, text: String) {
        let key = uri.as_str().to_owned();
        self.open
            .insert(key.clone(), Opened::new(uri, version, text));
        self.changed.insert(key);
    }

    /// Checks the files that changed, and sends their diagnostics.
    fn publish(&mut self) -> Result<(), Failure> {
        for key in std::mem::take(&mut self.changed) {
            let (diagnostics, version) = match self.open.get_mut(&key) {
                Some(file) => {
                    let config = Config::of(path_of(&file.uri), &self.lsp.settings);
                    let diagnostics = catch_unwind(AssertUnwindSafe(|| file.check(config)));
                    let diagnostics = diagnostics.unwrap_or_else(|_| vec![failed()]);
                    (diagnostics, Some(file.version))
                }
                None => (Vec::new(), None),
            };
            let Ok(uri) = key.parse() else { continue };
            let params = PublishDiagnosticsParams {
                uri,
                diagnostics,
                version,
            };
            let note = Notification::new(PublishDiagnostics::METHOD.to_owned(), params);
            send(note.into())?;
        }
        Ok(())
    }
}

/// Returns the diagnostic of a file whose check failed.
fn failed() -> Diagnostic {
    let message = "the check of this file failed; please report it with the file";
    answer::of_file(message.to_owned())
}

/// Returns the path of a URI, if it is a file.
pub(super) fn path_of(uri: &Uri) -> Option<PathBuf> {
    let is_file = uri.scheme().is_some_and(|scheme| scheme.as_str() == "file");
    let path = uri.path().as_estr().decode().into_string().ok()?;
    // On Windows: /c:/Users
    let drive = path
        .strip_prefix('/')
        .filter(|path| path.get(1..2) == Some(":"));
    is_file.then(|| PathBuf::from(drive.unwrap_or(&path)))
}

/// Returns the answer to `initialize`.
fn capabilities() -> Value {
    json!({
        "capabilities": {
            "textDocumentSync": {"openClose": true, "change": TextDocumentSyncKind::FULL, "save": true},
            "codeActionProvider": {"codeActionKinds": [CodeActionKind::QUICKFIX, FIX_ALL]},
            "hoverProvider": true,
            "inlayHintProvider": true,
        },
        "serverInfo": {"name": "eci-policy", "version": env!("CARGO_PKG_VERSION")},
    })
}

fn read<T: DeserializeOwned>(params: Value) -> Result<T, ResponseError> {
    serde_json::from_value(params)
        .or_else(|error| refused(ErrorCode::InvalidParams, &error.to_string()))
}

fn refused<T>(code: ErrorCode, message: &str) -> Result<T, ResponseError> {
    Err(ResponseError {
        code: code as i32,
        message: message.to_owned(),
        data: None,
    })
}

/// Returns the JSON of an answer, whose keys are all strings.
fn written(answer: &impl serde::Serialize) -> Value {
    serde_json::to_value(answer).unwrap_or_default()
}
