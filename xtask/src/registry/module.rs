//! A WebAssembly module: its sections, and the one of them that has the metadata.

use std::collections::BTreeMap;

use serde::Deserialize;
use wasm_encoder::{CustomSection, RawSection};
use wasmparser::{Parser, Payload, Validator};

use super::metadata::{ExecutionMode, Metadata, SOURCE};
use crate::Failure;

/// The custom section in which a cluster finds the metadata, as JSON.
const SECTION: &str = "io.kubewarden.metadata";
/// Where registries look for the repository of the sources.
const IMAGE_SOURCE: &str = "org.opencontainers.image.source";

/// A valid module.
#[derive(Debug)]
pub(crate) struct Module<'b> {
    /// All but the metadata, by id.
    sections: Vec<RawSection<'b>>,
    /// The metadata: of several sections the first, as clusters read them.
    metadata: Option<&'b [u8]>,
    exports: Vec<&'b str>,
}

impl<'b> Module<'b> {
    /// Reads a module.
    ///
    /// # Errors
    /// Why it is none that a host would take.
    pub(crate) fn new(bytes: &'b [u8]) -> Result<Self, Failure> {
        if Parser::is_component(bytes) {
            return Err(
                "a WebAssembly component, which no Kubewarden host takes; build a core module \
                        (for example for wasm32-wasip1)"
                    .into(),
            );
        }
        if !Parser::is_core_wasm(bytes) {
            return Err("no WebAssembly module: it does not begin as one".into());
        }
        let broken = |error: wasmparser::BinaryReaderError| {
            format!("a broken WebAssembly module: {error}; build it anew")
        };
        Validator::new().validate_all(bytes).map_err(broken)?;
        let mut module = Module {
            sections: Vec::new(),
            metadata: None,
            exports: Vec::new(),
        };
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload.map_err(broken)?;
            match &payload {
                Payload::CustomSection(section) if section.name() == SECTION => {
                    module.metadata.get_or_insert(section.data());
                    continue;
                }
                Payload::ExportSection(section) => {
                    for export in section.clone() {
                        module.exports.push(export.map_err(broken)?.name);
                    }
                }
                _ => {}
            }
            if let Some((id, range)) = payload.as_section() {
                let (start, end) = (range.start, range.end);
                let data = bytes
                    .get(start..end)
                    .ok_or("a section ends after the module")?;
                module.sections.push(RawSection { id, data });
            }
        }
        Ok(module)
    }

    /// The module with these metadata, and no others, at its end.
    ///
    /// # Errors
    /// Where the metadata are not of such a module.
    pub(crate) fn annotated(&self, metadata: &Metadata) -> Result<Vec<u8>, Failure> {
        self.check_mode(metadata.execution_mode())?;
        let mut annotated = wasm_encoder::Module::new();
        for section in &self.sections {
            annotated.section(section);
        }
        annotated.section(&CustomSection {
            name: SECTION.into(),
            data: serde_json::to_vec(metadata)?.into(),
        });
        Ok(annotated.finish())
    }

    /// That it exports what a host calls in this mode. For kwctl every module with an export of OPA's is one of OPA's.
    fn check_mode(&self, mode: ExecutionMode) -> Result<(), Failure> {
        let exports = |name| self.exports.contains(&name);
        match mode {
            ExecutionMode::KubewardenWapc if self.is_of_opa() => Err(
                "it exports what OPA's hosts call; executionMode must be opa or gatekeeper".into(),
            ),
            ExecutionMode::KubewardenWapc if !exports("__guest_call") => Err(
                "it exports no __guest_call, which hosts call under executionMode kubewarden-wapc"
                    .into(),
            ),
            ExecutionMode::Opa | ExecutionMode::Gatekeeper if !self.is_of_opa() => Err(
                "it exports no opa_…, which hosts call under executionMode opa and gatekeeper"
                    .into(),
            ),
            ExecutionMode::Wasi if !exports("_start") => {
                Err("it exports no _start, which hosts call under executionMode wasi".into())
            }
            _ => Ok(()),
        }
    }

    fn is_of_opa(&self) -> bool {
        self.exports.iter().any(|name| name.starts_with("opa_"))
    }

    /// The annotations of its metadata as an OCI manifest takes them: on one line, the source under OCI's name, too.
    /// None where it has no metadata and is to be pushed all the same.
    ///
    /// # Errors
    /// Where it has no metadata, or such as nobody can read.
    pub(crate) fn annotations_to_push(
        &self,
        force: bool,
    ) -> Result<Option<BTreeMap<String, String>>, Failure> {
        /// All that is read of metadata, whichever version of kwctl wrote them.
        #[derive(Deserialize)]
        struct Annotated {
            #[serde(default)]
            annotations: BTreeMap<String, String>,
        }
        let Some(metadata) = self.metadata else {
            return match force {
                // A host would take it for one of waPC's.
                true if self.is_of_opa() => Err(
                    "a module for OPA's hosts cannot go without metadata; `cargo xtask annotate` adds them"
                        .into(),
                ),
                true => Ok(None),
                false => {
                    Err("it has no metadata; `cargo xtask annotate` adds them, and --force pushes it without"
                        .into())
                }
            };
        };
        let annotated: Annotated = serde_json::from_slice(metadata)
            .map_err(|error| format!("its metadata cannot be read: {error}; annotate it anew"))?;
        let mut annotations: BTreeMap<String, String> = annotated
            .annotations
            .into_iter()
            .filter(|(_, value)| value.lines().count() <= 1)
            .map(|(key, value)| (key, value.trim().to_owned()))
            .collect();
        if let Some(source) = annotations.get(SOURCE).cloned() {
            annotations.entry(IMAGE_SOURCE.to_owned()).or_insert(source);
        }
        Ok(Some(annotations))
    }
}
