//! References that are not valid, and registries that do not answer.

use std::io::{Read, Write};
use std::net::TcpListener;

use crate::folder::Folder;
use crate::server::sha256;

#[test]
fn an_invalid_reference_is_refused() {
    let folder = Folder::with_policy();
    for (reference, said) in [
        ("", "write it as registry.example/policies/name:v1"),
        ("localhost:1/Policies/eci:v1", "invalid reference format"),
        ("localhost:1/eci:a tag", "invalid reference format"),
        ("localhost:1/eci@sha256:abc", "invalid reference format"),
        (
            "https://localhost:1/eci:v1",
            "write it as registry.example/policies/name:v1",
        ),
    ] {
        folder.pull_fails(reference, &[reference, said]);
        folder.push(reference).fails(&[reference, said]);
    }
    let digest = format!("localhost:1/eci@{}", sha256(b""));
    folder.push(&digest).fails(&[&digest, "push to a tag"]);
}

#[test]
fn an_unreachable_registry_is_named() {
    let folder = Folder::with_policy();
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let reference = format!("{closed}/eci:v1");
    let said = [&*format!("cannot reach {closed}"), "Connection refused"];
    folder.pull_fails(&reference, &said);
    folder.push(&reference).fails(&said);
    // Another machine is reached over HTTPS by default. The name registry.invalid never resolves.
    for (insecure, scheme) in [(&[][..], "https://"), (&["--insecure"], "http://")] {
        let arguments = ["pull", "registry.invalid/eci:v1", "--output", "pulled.wasm"];
        folder
            .run(&[&arguments, insecure].concat())
            .fails(&["cannot reach registry.invalid", scheme]);
    }
}

#[test]
fn an_error_page_is_cut_and_has_no_control_characters() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let reference = format!("{}/eci:v1", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let page = format!("\x1b[31m{}\nof a page", "long ".repeat(200));
            let head = "HTTP/1.1 500 Internal Server Error\r\nConnection: close";
            write!(
                stream,
                "{head}\r\nContent-Length: {}\r\n\r\n{page}",
                page.len()
            )
            .unwrap();
        }
    });
    let folder = Folder::with_policy();
    let ran = folder.pull(&reference);
    ran.fails(&[&reference, "answered 500", "long long"]);
    assert!(
        ran.err.len() < 500 && !ran.err.contains('\x1b'),
        "{}",
        ran.err
    );
    folder.push(&reference).fails(&[&reference, "answered 500"]);
}
