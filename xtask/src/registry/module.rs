//! A WebAssembly module: its sections, and the metadata in one of them.

use std::collections::BTreeMap;

use serde::Deserialize;
use wasm_encoder::{CustomSection, RawSection};
use wasmparser::{Parser, Payload, Validator};

use super::metadata::{ExecutionMode, Metadata, SOURCE};
use crate::Failure;

/// The custom section in which a cluster finds the metadata as JSON.
const SECTION: &str = "io.kubewarden.metadata";
/// The annotation in which registries look for the repository of the sources.
const IMAGE_SOURCE: &str = "org.opencontainers.image.source";

/// A valid module.
#[derive(Debug)]
pub(crate) struct Module<'b> {
    /// All sections except the metadata.
    sections: Vec<RawSection<'b>>,
    /// The metadata; of several sections the first, as clusters read it.
    metadata: Option<&'b [u8]>,
    exports: Vec<&'b str>,
}

impl<'b> Module<'b> {
    /// Reads a module.
    ///
    /// # Errors
    /// If no host accepts the bytes as a module.
    pub(crate) fn new(bytes: &'b [u8]) -> Result<Self, Failure> {
        if Parser::is_component(bytes) {
            return Err(
                "a WebAssembly component, which Kubewarden does not support; build a core module, \
                 for example for wasm32-wasip1"
                    .into(),
            );
        }
        if !Parser::is_core_wasm(bytes) {
            return Err("not a WebAssembly module".into());
        }
        let broken = |error: wasmparser::BinaryReaderError| {
            format!("invalid WebAssembly module: {error}; build it again")
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

    /// Returns the module with these metadata in place of any others.
    ///
    /// # Errors
    /// If the module does not have the exports of the execution mode.
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

    /// Checks that the module has the exports of this mode. For kwctl, any `opa_` export makes it a module for OPA.
    fn check_mode(&self, mode: ExecutionMode) -> Result<(), Failure> {
        let exports = |name| self.exports.contains(&name);
        match mode {
            ExecutionMode::KubewardenWapc if self.is_of_opa() => Err(
                "the module exports opa_… functions; set executionMode to opa or gatekeeper".into(),
            ),
            ExecutionMode::KubewardenWapc if !exports("__guest_call") => Err(
                "the module exports no __guest_call, which executionMode kubewarden-wapc needs"
                    .into(),
            ),
            ExecutionMode::Opa | ExecutionMode::Gatekeeper if !self.is_of_opa() => Err(
                "the module exports no opa_… function, which executionMode opa and gatekeeper need"
                    .into(),
            ),
            ExecutionMode::Wasi if !exports("_start") => {
                Err("the module exports no _start, which executionMode wasi needs".into())
            }
            _ => Ok(()),
        }
    }

    fn is_of_opa(&self) -> bool {
        self.exports.iter().any(|name| name.starts_with("opa_"))
    }

    /// Returns the annotations for the OCI manifest: those of one line, and the source under OCI's name too.
    ///
    /// Returns `None` for a module without metadata, which `force` allows.
    ///
    /// # Errors
    /// If the metadata are missing or invalid.
    pub(crate) fn annotations_to_push(
        &self,
        force: bool,
    ) -> Result<Option<BTreeMap<String, String>>, Failure> {
        /// The only field that is read, so that the metadata may come from any version of kwctl.
        #[derive(Deserialize)]
        struct Annotated {
            #[serde(default)]
            annotations: BTreeMap<String, String>,
        }
        let Some(metadata) = self.metadata else {
            return match force {
                // A host would call it as a waPC module.
                true if self.is_of_opa() => Err(
                    "a module for OPA needs metadata; add them with `cargo xtask annotate`"
                        .into(),
                ),
                true => Ok(None),
                false => {
                    Err("the module has no metadata; add them with `cargo xtask annotate`, or use --force"
                        .into())
                }
            };
        };
        let annotated: Annotated = serde_json::from_slice(metadata).map_err(|error| {
            format!("invalid metadata: {error}; run `cargo xtask annotate` again")
        })?;
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
