//! `eci-policy lsp`: a language server on standard input and output. It is told the text of each open file, and answers
//! with diagnostics, repairs, the pages of rules, and the effective values of fields.

mod answer;
mod place;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufReader, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::thread;

use eci_security_context::text::cut;
use lsp_server::{ErrorCode, Message, Notification, Request, Response, ResponseError};
use lsp_types::notification::{
    DidChangeTextDocument, DidCloseTextDocument, DidOpenTextDocument, DidSaveTextDocument,
    Exit as ExitNotification, LogMessage, Notification as _, PublishDiagnostics,
};
use lsp_types::request::{
    CodeActionRequest, HoverRequest, Initialize, InlayHintRequest, Request as _, Shutdown,
};
use lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionProviderCapability, Diagnostic,
    HoverProviderCapability, InitializeResult, LogMessageParams, MessageType, OneOf,
    PublishDiagnosticsParams, ServerCapabilities, ServerInfo, TextDocumentSyncCapability,
    TextDocumentSyncKind, TextDocumentSyncOptions, TextDocumentSyncSaveOptions, Uri,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use self::answer::{FIX_ALL, Opened};
use crate::Exit;
use crate::args::Lsp;
use crate::config::{Config, NAME};
use crate::failure::Failure;

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
            Ok(Message::Notification(note)) => server.take(note),
            // The server asks nothing.
            Ok(Message::Response(_)) => {}
            Err(message) => {
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
            let message = match Message::read(&mut input) {
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
        let unable = |code: ErrorCode, message: &str| ResponseError {
            code: code as i32,
            message: message.to_owned(),
            data: None,
        };
        let result = match (self.state, method.as_str()) {
            (State::New, Initialize::METHOD) => {
                self.state = State::Ready;
                Ok(written(&capabilities()))
            }
            (State::New, _) => Err(unable(
                ErrorCode::ServerNotInitialized,
                "send initialize first",
            )),
            (State::Down, _) => Err(unable(ErrorCode::InvalidRequest, "the server is shut down")),
            (State::Ready, Shutdown::METHOD) => {
                self.state = State::Down;
                Ok(Value::Null)
            }
            (State::Ready, method) => {
                // A fault of one answer must not end the server.
                let answered = catch_unwind(AssertUnwindSafe(|| self.about_a_file(method, params)));
                answered
                    .unwrap_or_else(|_| Err(unable(ErrorCode::InternalError, "the request failed")))
            }
        };
        Response {
            id,
            response_result: result,
        }
    }

    fn about_a_file(&mut self, method: &str, params: Value) -> Result<Value, ResponseError> {
        match method {
            CodeActionRequest::METHOD => {
                let params: lsp_types::CodeActionParams = read(params)?;
                let file = self.file(&params.text_document.uri)?;
                Ok(written(&file.actions(&params)))
            }
            HoverRequest::METHOD => {
                let params: lsp_types::HoverParams = read(params)?;
                let at = params.text_document_position_params;
                let file = self.file(&at.text_document.uri)?;
                Ok(written(&file.hover(at.position)))
            }
            InlayHintRequest::METHOD => {
                let params: lsp_types::InlayHintParams = read(params)?;
                let file = self.file(&params.text_document.uri)?;
                Ok(written(&file.hints(params.range)))
            }
            _ => Err(ResponseError {
                code: ErrorCode::MethodNotFound as i32,
                message: format!("there is no method {method}"),
                data: None,
            }),
        }
    }

    fn file(&mut self, uri: &Uri) -> Result<&mut Opened, ResponseError> {
        self.open
            .get_mut(uri.as_str())
            .ok_or_else(|| ResponseError {
                code: ErrorCode::InvalidParams as i32,
                message: format!("{} is not open", uri.as_str()),
                data: None,
            })
    }

    /// Takes a notification. One that cannot be read has no effect, as there is no answer to it.
    fn take(&mut self, note: Notification) {
        if self.state != State::Ready {
            return;
        }
        match note.method.as_str() {
            DidOpenTextDocument::METHOD => {
                let Ok(params) = read::<lsp_types::DidOpenTextDocumentParams>(note.params) else {
                    return;
                };
                let document = params.text_document;
                self.set(document.uri, document.version, document.text);
            }
            DidChangeTextDocument::METHOD => {
                let Ok(params) = read::<lsp_types::DidChangeTextDocumentParams>(note.params) else {
                    return;
                };
                let document = params.text_document;
                // Each change is the whole text.
                if let Some(change) = params.content_changes.into_iter().next_back() {
                    self.set(document.uri, document.version, change.text);
                }
            }
            DidCloseTextDocument::METHOD => {
                let Ok(params) = read::<lsp_types::DidCloseTextDocumentParams>(note.params) else {
                    return;
                };
                let uri = params.text_document.uri;
                self.open.remove(uri.as_str());
                self.changed.insert(uri.as_str().to_owned());
            }
            DidSaveTextDocument::METHOD => {
                let Ok(params) = read::<lsp_types::DidSaveTextDocumentParams>(note.params) else {
                    return;
                };
                // Another configuration may change the diagnostics of every file.
                if params.text_document.uri.as_str().ends_with(NAME) {
                    self.changed.extend(self.open.keys().cloned());
                }
            }
            _ => {}
        }
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

fn capabilities() -> InitializeResult {
    let kinds = vec![CodeActionKind::QUICKFIX, FIX_ALL.clone()];
    InitializeResult {
        capabilities: ServerCapabilities {
            text_document_sync: Some(TextDocumentSyncCapability::Options(
                TextDocumentSyncOptions {
                    open_close: Some(true),
                    change: Some(TextDocumentSyncKind::FULL),
                    save: Some(TextDocumentSyncSaveOptions::Supported(true)),
                    ..TextDocumentSyncOptions::default()
                },
            )),
            code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
                code_action_kinds: Some(kinds),
                ..CodeActionOptions::default()
            })),
            hover_provider: Some(HoverProviderCapability::Simple(true)),
            inlay_hint_provider: Some(OneOf::Left(true)),
            ..ServerCapabilities::default()
        },
        server_info: Some(ServerInfo {
            name: "eci-policy".to_owned(),
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        }),
    }
}

fn read<T: DeserializeOwned>(params: Value) -> Result<T, ResponseError> {
    serde_json::from_value(params).map_err(|error| ResponseError {
        code: ErrorCode::InvalidParams as i32,
        message: error.to_string(),
        data: None,
    })
}

/// Returns the JSON of an answer, whose keys are all strings.
fn written(answer: &impl serde::Serialize) -> Value {
    serde_json::to_value(answer).unwrap_or_default()
}
