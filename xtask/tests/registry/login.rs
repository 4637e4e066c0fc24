//! Users and passwords, from the environment and from `docker login`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::folder::{Folder, Ran, ran};
use crate::server::{LOGIN, Registry};

const WRONG_PASSWORD: &str = "refuses the user alice or the password";

/// Runs the command with a user and a password in the environment.
fn run_as(folder: &Folder, arguments: &[&str], user: &str, password: &str) -> Ran {
    ran(folder
        .command()
        .args(arguments)
        .env("REGISTRY_USERNAME", user)
        .env("REGISTRY_PASSWORD", password))
}

#[test]
fn a_closed_registry_needs_the_right_user() {
    let registry = Registry::closed();
    let folder = Folder::with_policy();
    let reference = registry.reference("eci:v1");
    let push = ["push", "policy.wasm", &reference];
    let pull = ["pull", &reference, "--output", "pulled.wasm"];
    let with = |arguments: &[&str], user, password| run_as(&folder, arguments, user, password);
    for arguments in [&push[..], &pull] {
        folder.run(arguments).fails(&[
            &format!("{} requires a login; run `docker login", registry.address),
            "set REGISTRY_USERNAME",
        ]);
        let wrong = with(arguments, "alice", "wr0ng");
        wrong.fails(&[&format!("{} {WRONG_PASSWORD}", registry.address)]);
        assert!(!wrong.err.contains("wr0ng"));
        with(arguments, "alice", "").fails(&["REGISTRY_USERNAME is set without REGISTRY_PASSWORD"]);
        with(arguments, "", "s3cr3t")
            .fails(&["REGISTRY_PASSWORD is set without REGISTRY_USERNAME"]);
    }
    assert_eq!(folder.names(), ["policy.wasm"]);
    let immutable = with(&push, "alice", "s3cr3t").succeeds().to_owned();
    assert_eq!(with(&pull, "alice", "s3cr3t").succeeds(), immutable);
    assert_eq!(folder.read("pulled.wasm"), folder.read("policy.wasm"));
}

#[test]
fn docker_login_is_used() {
    let registry = Registry::closed();
    let folder = Folder::with_policy();
    fs::create_dir(folder.path().join(".docker")).unwrap();
    let reference = registry.reference("eci:v1");
    let with = |config: &str| {
        folder.write(".docker/config.json", config);
        folder.push(&reference)
    };
    let auths = |login: &Value| json!({"auths": {&registry.address: login}}).to_string();
    let other = json!({"auths": {"other.example": {"auth": LOGIN}}}).to_string();
    for (config, said) in [
        ("{}".to_owned(), "requires a login"),
        (other, "requires a login"),
        (auths(&json!({"auth": "YWxpY2U6d3IwbmcK"})), WRONG_PASSWORD),
        (
            auths(&json!({"auth": "?"})),
            "config.json: Unable to decode credential; run `docker login",
        ),
        (
            auths(&json!({"identitytoken": "s3cr3t"})),
            "is an identity token, which is not supported",
        ),
        (
            "{".to_owned(),
            "config.json: Unable to read config; run `docker login",
        ),
        (
            r#"{"credsStore": "missing"}"#.to_owned(),
            "config.json: Unable to communicate with credential helper",
        ),
    ] {
        let ran = with(&config);
        ran.fails(&[said, &registry.address]);
        assert!(
            !ran.err.contains("s3cr3t") && !ran.err.contains("wr0ng"),
            "{}",
            ran.err
        );
    }
    with(&auths(&json!({"auth": LOGIN}))).succeeds();
    // The environment comes first.
    let push = ["push", "policy.wasm", &reference];
    run_as(&folder, &push, "alice", "wr0ng").fails(&[WRONG_PASSWORD]);
}

#[test]
fn credential_helpers_are_used() {
    let registry = Registry::closed();
    let folder = Folder::with_policy();
    fs::create_dir(folder.path().join(".docker")).unwrap();
    let login = r#"echo '{"Username": "alice", "Secret": "s3cr3t"}'"#;
    let none = "echo credentials not found in native keychain; exit 1";
    let failure = "echo s3cr3t; echo s3cr3t >&2; exit 1";
    for (helper, script) in [("good", login), ("empty", none), ("bad", failure)] {
        let path = folder.path().join(format!("docker-credential-{helper}"));
        fs::write(&path, format!("#!/bin/sh\ncat >/dev/null\n{script}\n")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!(
        "{}:{}",
        folder.path().display(),
        std::env::var("PATH").unwrap()
    );
    let with = |helper: &str| {
        folder.write(
            ".docker/config.json",
            json!({"credsStore": helper}).to_string(),
        );
        let mut command = folder.command();
        ran(command
            .args(["push", "policy.wasm", &registry.reference("eci:v1")])
            .env("PATH", &path))
    };
    with("good").succeeds();
    with("empty").fails(&["requires a login"]);
    let failed = with("bad");
    failed.fails(&[
        "config.json: docker-credential-bad failed; run `docker login",
        "set REGISTRY_USERNAME",
    ]);
    assert!(!failed.err.contains("s3cr3t"), "{}", failed.err);
}
