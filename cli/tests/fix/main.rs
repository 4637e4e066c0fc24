//! `eci-policy fix` on files.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

#[path = "../support/mod.rs"]
mod support;

mod choice;
mod file;
mod partial;
mod style;

use support::Ran;

/// Exit code and summary.
pub(crate) fn ended(ran: &Ran) -> (i32, &str) {
    (ran.code, ran.err.lines().last().unwrap_or_default())
}

/// A container `web` with this security context, in block style.
pub(crate) fn container(context: &str) -> String {
    let context: String = context
        .lines()
        .map(|line| format!("    {line}\n"))
        .collect();
    format!("containers:\n- name: web\n  image: nginx\n  securityContext:\n{context}")
}

/// A container `web` with this security context, in flow style.
pub(crate) fn flow(context: &str) -> String {
    format!("containers: [{{name: web, image: nginx, securityContext: {{{context}}}}}]")
}

/// A pod as JSON with two blanks a level, and what of it differs.
pub(crate) fn json_pod(spec: &str) -> String {
    format!(
        "{{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"Pod\",\n  \"metadata\": {{\n    \"labels\": {{\n      \"eci\": \"true\"\n    }}\n  }},\n  \"spec\": {spec}\n}}\n"
    )
}
