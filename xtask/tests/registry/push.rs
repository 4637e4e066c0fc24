//! Push.

use serde_json::json;

use crate::folder::Folder;
use crate::server::{Registry, sha256};
use crate::wasm::{SECTION, annotated, module, with_section};

#[test]
fn json_output_is_that_of_kwctl() {
    let registry = Registry::open();
    let folder = Folder::with_policy();
    let reference = registry.reference("eci:v1");
    let immutable = folder.pushed(&reference);
    let printed = folder.run(&["push", "--output", "json", "policy.wasm", &reference]);
    assert_eq!(
        printed.succeeds(),
        format!("{{\"immutable_ref\":\"{immutable}\"}}\n")
    );
}

/// `Registry::do_push` in Kubewarden's `policy-fetcher`, and `build_oci_annotations` in `kwctl`.
#[test]
fn the_manifest_is_that_of_kwctl() {
    let registry = Registry::open();
    let folder = Folder::with_policy();
    let manifest = |module: &[u8]| {
        folder.write("policy.wasm", module);
        registry.manifest(&folder.pushed(&registry.reference("eci:v1")))
    };
    let module = annotated(&json!({"annotations": {
        "io.kubewarden.policy.title": "eci",
        "io.kubewarden.policy.usage": "# Title\n\ntext\n",
        "io.kubewarden.policy.description": " on one line\n",
        "io.kubewarden.policy.source": "https://sources.example/eci",
    }}));
    let expected = json!({
        "schemaVersion": 2,
        "config": {
            "mediaType": "application/vnd.wasm.config.v1+json",
            // The digest of `{}`.
            "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
            "size": 2,
        },
        "layers": [{
            "mediaType": "application/vnd.wasm.content.layer.v1+wasm",
            "digest": sha256(&module),
            "size": module.len(),
        }],
        "annotations": {
            "io.kubewarden.policy.title": "eci",
            "io.kubewarden.policy.description": "on one line",
            "io.kubewarden.policy.source": "https://sources.example/eci",
            "org.opencontainers.image.source": "https://sources.example/eci",
        },
    });
    assert_eq!(manifest(&module), expected);
    // A source under OCI's own name is kept.
    let said = json!({
        "io.kubewarden.policy.source": "https://sources.example/eci",
        "org.opencontainers.image.source": "https://sources.example/other",
    });
    assert_eq!(
        manifest(&annotated(&json!({"annotations": said})))["annotations"],
        said
    );
}

#[test]
fn a_module_without_metadata_needs_force() {
    let registry = Registry::open();
    let folder = Folder::with(&[
        ("raw.wasm", &module(&["__guest_call"])),
        ("raw.opa.wasm", &module(&["opa_eval"])),
        (
            "bad.wasm",
            &with_section(module(&["__guest_call"]), SECTION, b"{"),
        ),
        ("text.wasm", b"(module)"),
    ]);
    let reference = registry.reference("eci:v1");
    let pushed = |module: &str| folder.run(&["push", module, &reference]);
    let forced = |module: &str| folder.run(&["push", "--force", module, &reference]);
    pushed("raw.wasm")
        .fails(&["raw.wasm: the module has no metadata; add them with `cargo xtask annotate`"]);
    forced("raw.opa.wasm").fails(&["raw.opa.wasm: a module for OPA needs metadata"]);
    for (module, said) in [
        ("bad.wasm", "bad.wasm: invalid metadata"),
        ("text.wasm", "text.wasm: not a WebAssembly module"),
        ("none.wasm", "cannot read none.wasm: No such file"),
    ] {
        pushed(module).fails(&[said]);
        forced(module).fails(&[said]);
    }
    // None of them reached the registry.
    assert!(!registry.storage.path().join("docker").exists());
    let manifest = registry.manifest(forced("raw.wasm").succeeds().trim_end());
    assert_eq!(
        manifest["layers"][0]["digest"],
        sha256(&module(&["__guest_call"]))
    );
    assert_eq!(manifest.get("annotations"), None);
}
