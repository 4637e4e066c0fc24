//! Writes the bad payloads as JSON lines for the tests of the npm package. Payloads that are not UTF-8 are left out, as
//! JavaScript has no such strings.

#[path = "../../../tests/support/bad_payloads/mod.rs"]
mod bad_payloads;

use std::io::{self, BufWriter, Write};

use serde_json::json;

fn main() -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    for bad in bad_payloads::all() {
        let Ok(payload) = String::from_utf8(bad.payload) else {
            continue;
        };
        let line =
            json!({"name": bad.name, "payload": payload, "code": bad.code, "says": bad.says});
        writeln!(out, "{line}")?;
    }
    out.flush()
}
