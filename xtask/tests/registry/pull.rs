//! Pull: the module that was pushed, or an error and no file.

use std::fs;

use oci_client::client::{Config, ImageLayer};
use oci_client::manifest::{
    IMAGE_DOCKER_CONFIG_MEDIA_TYPE, IMAGE_DOCKER_LAYER_GZIP_MEDIA_TYPE, OciImageIndex,
    OciImageManifest, WASM_CONFIG_MEDIA_TYPE, WASM_LAYER_MEDIA_TYPE,
};
use oci_client::secrets::RegistryAuth;

use crate::folder::{Folder, named};
use crate::server::{Registry, sha256};
use crate::wasm::{SECTION, with_section};

#[test]
fn a_pushed_module_is_pulled_by_tag_and_by_digest() {
    let registry = Registry::open();
    let folder = Folder::with_policy();
    for variable in ["POLICY_WASM", "POLICY_OPA_WASM"] {
        let module = with_section(fs::read(named(variable)).unwrap(), SECTION, b"{}");
        folder.write("policy.wasm", &module);
        let tagged = registry.reference("policies/eci:v1");
        let immutable = folder.pushed(&tagged);
        let manifest = immutable
            .strip_prefix(&registry.reference("policies/eci@"))
            .unwrap();
        assert_eq!(
            sha256(&fs::read(registry.blob(manifest)).unwrap()),
            manifest
        );
        for reference in [&tagged, &immutable, &format!("registry://{tagged}")] {
            folder.write("pulled.wasm", "what was there");
            assert_eq!(folder.pull(reference).succeeds().trim_end(), immutable);
            assert_eq!(folder.read("pulled.wasm"), module, "{variable} {reference}");
        }
    }
}

#[test]
fn a_missing_reference_is_named() {
    let registry = Registry::open();
    let folder = Folder::with_policy();
    folder.pushed(&registry.reference("eci:v1"));
    for rest in ["eci:v2", "other:v1", &format!("eci@{}", sha256(b"another"))] {
        let reference = registry.reference(rest);
        folder.pull_fails(
            &reference,
            &[
                &format!("{reference} does not exist"),
                "no such repository, tag or digest",
            ],
        );
    }
}

#[test]
fn only_a_policy_is_pulled() {
    let registry = Registry::open();
    let folder = Folder::with_policy();
    let layer = |rest: &str, media_type: &str, data: &[u8]| {
        registry.put_layer(rest, WASM_CONFIG_MEDIA_TYPE, media_type, data)
    };
    let image = registry.put_layer(
        "image:v1",
        IMAGE_DOCKER_CONFIG_MEDIA_TYPE,
        IMAGE_DOCKER_LAYER_GZIP_MEDIA_TYPE,
        b"a tar",
    );
    let policy = "not a policy: found";
    folder.pull_fails(
        &image,
        &[
            policy,
            "a layer of application/vnd.docker.image.rootfs.diff.tar.gzip",
        ],
    );
    let index = registry.put("index:v1", async |client, reference| {
        let index = OciImageIndex {
            schema_version: 2,
            media_type: Some("application/vnd.oci.image.index.v1+json".to_owned()),
            manifests: Vec::new(),
            artifact_type: None,
            annotations: None,
        };
        client
            .push_manifest_list(reference, &RegistryAuth::Anonymous, index)
            .await
            .unwrap()
    });
    folder.pull_fails(&index, &[policy, "an index of images"]);
    let two = registry.put("two:v1", async |client, reference| {
        let config = Config::new(&b"{}"[..], WASM_CONFIG_MEDIA_TYPE.to_owned(), None);
        let layers = [&b"one"[..], b"two"]
            .map(|data| ImageLayer::new(data, WASM_LAYER_MEDIA_TYPE.to_owned(), None));
        client
            .push(reference, &layers, config, &RegistryAuth::Anonymous, None)
            .await
            .unwrap()
    });
    folder.pull_fails(&two, &[policy, "2 layers"]);
    folder.pull_fails(
        &layer("text:v1", WASM_LAYER_MEDIA_TYPE, b"(module)"),
        &["not a WebAssembly module"],
    );
    let cut = &folder.read("policy.wasm")[..40];
    folder.pull_fails(
        &layer("cut:v1", WASM_LAYER_MEDIA_TYPE, cut),
        &["invalid WebAssembly module"],
    );
}

#[test]
fn the_size_in_the_manifest_is_checked() {
    let registry = Registry::open();
    let folder = Folder::with_policy();
    let module = folder.read("policy.wasm");
    let actual = module.len() as i64;
    for (size, said) in [
        (actual - 1, format!("not the {} bytes", actual - 1)),
        (actual + 1, format!("not the {} bytes", actual + 1)),
        (
            (64 << 20) + 1,
            "the module has 67108865 bytes (allowed: 67108864)".to_owned(),
        ),
        (-1, "the module has -1 bytes".to_owned()),
    ] {
        let reference = registry.put("eci:v1", async |client, reference| {
            let config = Config::new(&b"{}"[..], WASM_CONFIG_MEDIA_TYPE.to_owned(), None);
            let layers = [ImageLayer::new(
                module.clone(),
                WASM_LAYER_MEDIA_TYPE.to_owned(),
                None,
            )];
            let mut manifest = OciImageManifest::build(&layers, &config, None);
            manifest.layers[0].size = size;
            client
                .push(
                    reference,
                    &layers,
                    config,
                    &RegistryAuth::Anonymous,
                    Some(manifest),
                )
                .await
                .unwrap()
        });
        folder.pull_fails(&reference, &[&said]);
    }
}

#[test]
fn a_corrupted_module_is_not_written() {
    let registry = Registry::open();
    let folder = Folder::with_policy();
    let tagged = registry.reference("eci:v1");
    let immutable = folder.pushed(&tagged);
    let layer = sha256(&folder.read("policy.wasm"));
    let (_, manifest) = immutable.split_once('@').unwrap();
    for (digest, of, cut_off) in [
        (layer.as_str(), "its module", "Invalid digest"),
        (manifest, "its manifest", "answered 500"),
    ] {
        let file = registry.blob(digest);
        let good = fs::read(&file).unwrap();
        let mut bad = good.clone();
        // Changes a letter of a name in the module and of a digest in the manifest. Both stay valid.
        let name = if digest == layer { "guest" } else { "44136" };
        let at = bad
            .windows(5)
            .position(|window| window == name.as_bytes())
            .unwrap();
        bad[at] += 1;
        fs::write(&file, bad).unwrap();
        for reference in [&tagged, &immutable] {
            folder.pull_fails(
                reference,
                &[
                    of,
                    &format!("Invalid digest. Expected {digest}, got sha256:"),
                ],
            );
        }
        fs::write(&file, &good[..good.len() - 1]).unwrap();
        for reference in [&tagged, &immutable] {
            folder.pull_fails(reference, &[cut_off]);
        }
        fs::write(&file, good).unwrap();
    }
    folder.pull(&tagged).succeeds();
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let registry = Registry::open();
    let folder = Folder::with_policy();
    let reference = registry.reference("eci:v1");
    folder.pushed(&reference);
    fs::create_dir(folder.path().join("directory")).unwrap();
    let names = folder.names();
    for (output, said) in [
        ("none/a.wasm", "No such file"),
        ("directory", "Is a directory"),
    ] {
        folder
            .run(&["pull", &reference, "--output", output])
            .fails(&[&format!("cannot write {output}: {said}")]);
        assert_eq!(folder.names(), names);
    }
}
