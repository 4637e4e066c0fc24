//! WebAssembly modules with few sections.

use serde_json::Value;
use wasm_encoder::{
    CodeSection, CustomSection, Encode, ExportKind, ExportSection, Function, FunctionSection,
    Instruction, Module, Section, TypeSection,
};
use wasmparser::{Parser, Payload};

/// The name of the section that clusters read.
pub(crate) const SECTION: &str = "io.kubewarden.metadata";

/// A module that exports one function under each of these names.
pub(crate) fn module(exports: &[&str]) -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([], []);
    let mut functions = FunctionSection::new();
    functions.function(0);
    let mut exported = ExportSection::new();
    for name in exports {
        exported.export(name, ExportKind::Func, 0);
    }
    let mut code = CodeSection::new();
    let mut body = Function::new([]);
    body.instruction(&Instruction::End);
    code.function(&body);
    let mut module = Module::new();
    module
        .section(&types)
        .section(&functions)
        .section(&exported)
        .section(&code);
    module.finish()
}

/// The module with a custom section added at its end.
pub(crate) fn with_section(mut module: Vec<u8>, name: &str, data: &[u8]) -> Vec<u8> {
    let section = CustomSection {
        name: name.into(),
        data: data.into(),
    };
    module.push(section.id());
    section.encode(&mut module);
    module
}

/// The sections of a module in order: id, name (of a custom section only) and bytes.
pub(crate) fn sections(module: &[u8]) -> Vec<(u8, String, Vec<u8>)> {
    let mut sections = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload.unwrap();
        if let Payload::CustomSection(section) = &payload {
            sections.push((0, section.name().to_owned(), section.data().to_vec()));
        } else if let Some((id, range)) = payload.as_section() {
            sections.push((id, String::new(), module[range.start..range.end].to_vec()));
        }
    }
    sections
}

/// A module with these metadata.
pub(crate) fn annotated(metadata: &Value) -> Vec<u8> {
    let module = module(&["__guest_call"]);
    with_section(module, SECTION, metadata.to_string().as_bytes())
}
