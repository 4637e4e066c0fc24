//! docs/editors.md and the extension for VS Code agree with the command and with each other.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use support::Folder;

fn text(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file)).unwrap()
}

fn page() -> String {
    text("docs/editors.md")
}

fn manifest() -> Value {
    serde_json::from_str(&text("editors/vscode/package.json")).unwrap()
}

/// Returns the words that begin with a prefix, of letters, hyphens and dots.
fn words<'a>(text: &'a str, prefix: &str) -> BTreeSet<&'a str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '.'));
    words.filter(|word| word.starts_with(prefix)).collect()
}

/// Returns the JSON file that the page shows under this name.
fn shown(name: &str) -> Value {
    let page = page();
    let (_, rest) = page.split_once(&format!("```json {name}\n")).unwrap();
    serde_json::from_str(rest.split("```").next().unwrap()).unwrap()
}

/// Returns the capabilities that the server offers.
fn capabilities() -> Value {
    let message = |message: &Value| {
        let message = message.to_string();
        format!("Content-Length: {}\r\n\r\n{message}", message.len())
    };
    let call =
        json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}}});
    let ran = Folder::with(&[]).run_with(&["lsp"], message(&call));
    let (_, answer) = ran.out.split_once("\r\n\r\n").unwrap();
    let answer: Value = serde_json::from_str(answer).unwrap();
    answer["result"]["capabilities"].clone()
}

#[test]
fn the_page_lists_the_options_of_the_server() {
    let page = page();
    let help = Folder::with(&[]).run(&["lsp", "--help"]).out;
    let mut named = words(&page, "--");
    // The border of a table, and options of editors.
    for other in ["---", "--install-extension", "--health"] {
        assert!(named.remove(other), "{other}");
    }
    let mut options = words(&help, "--");
    for everywhere in ["--help", "--color"] {
        assert!(options.remove(everywhere), "{everywhere}");
    }
    assert_eq!(named, options);
}

/// Every snippet starts the server, and no other subcommand.
#[test]
fn the_snippets_start_the_server() {
    let page = page();
    for (snippet, count) in [
        ("cmd = { 'eci-policy', 'lsp' }", 2),
        ("command = \"eci-policy\"\nargs = [\"lsp\"]", 1),
    ] {
        assert_eq!(page.matches(snippet).count(), count, "{snippet}");
    }
    let binary = &shown("zed-settings.json")["lsp"]["yaml-language-server"]["binary"];
    assert!(binary["path"].as_str().unwrap().ends_with("/eci-policy"));
    assert_eq!(binary["arguments"], json!(["lsp"]));
}

#[test]
fn the_page_lists_what_the_server_offers() {
    let offered = capabilities();
    for (promise, capability) in [
        ("**Quick fixes**", "codeActionProvider"),
        ("**Hover**", "hoverProvider"),
        ("**Inlay hints**", "inlayHintProvider"),
    ] {
        assert!(page().contains(promise), "{promise}");
        assert!(!offered[capability].is_null(), "{capability}: {offered}");
    }
    let kinds = offered["codeActionProvider"]["codeActionKinds"].as_array();
    let kinds: BTreeSet<_> = kinds.unwrap().iter().filter_map(Value::as_str).collect();
    let page = page();
    let named = words(&page, "source.fixAll.");
    assert_eq!(named.len(), 1);
    assert!(named.is_subset(&kinds), "{named:?} {kinds:?}");
    let on_save = &shown("vscode-settings.json")["editor.codeActionsOnSave"];
    let on_save = on_save.as_object().unwrap();
    assert!(on_save.keys().all(|kind| kinds.contains(kind.as_str())));
}

#[test]
fn the_page_names_the_settings_of_the_extension() {
    let manifest = manifest();
    let settings = &manifest["contributes"]["configuration"]["properties"];
    let settings: BTreeSet<_> = settings
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(words(&page(), "eciPolicy."), settings);
    let shown = shown("vscode-settings.json");
    let options = Folder::with(&[]).run(&["lsp", "--help"]).out;
    for argument in shown["eciPolicy.arguments"].as_array().unwrap() {
        assert!(options.contains(argument.as_str().unwrap()), "{argument}");
    }
}

/// The extension is activated for the languages that it gives to the server.
#[test]
fn the_extension_has_one_list_of_languages() {
    let code = text("editors/vscode/extension.js");
    let (_, languages) = code.split_once("const languages = [").unwrap();
    let languages = languages.split(']').next().unwrap().split(", ");
    let events: Vec<_> = languages
        .map(|language| format!("onLanguage:{}", language.trim_matches('\'')))
        .collect();
    assert_eq!(manifest()["activationEvents"], json!(events));
}
