//! Problems of a manifest.

use thiserror::Error;

/// The maximum nesting of collections, with aliases expanded.
pub(crate) const MAX_DEPTH: usize = 200;
/// The maximum size of all aliases in a document, expanded, in mebibytes of memory.
pub(crate) const MAX_ALIASED_MIB: usize = 32;

/// A problem of a manifest, and its position.
#[derive(Debug, Error)]
#[error("line {line}, column {column}: {problem}")]
pub struct Error {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The position in the text, in bytes.
    pub offset: usize,
    /// The problem.
    pub problem: Problem,
}

/// The reasons why a text is not a manifest.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Problem {
    /// The text is not YAML.
    #[error("{0}")]
    Syntax(String),
    /// A mapping sets the same key twice.
    #[error("the key `{0}` is already set in this mapping")]
    DuplicateKey(String),
    /// A key is null, a sequence or a mapping, which JSON does not have.
    #[error("a mapping key must be a string, a number or a boolean")]
    Key,
    /// The value of a merge key is not a mapping or a sequence of mappings.
    #[error("`<<` takes a mapping or a sequence of mappings")]
    Merge,
    /// A number is infinite or not a number.
    #[error("JSON has no number `{0}`")]
    Number(String),
    /// A scalar does not fit its tag, or the tag has no JSON type.
    #[error("`{text}` cannot be read as `!!{tag}`")]
    Tag {
        /// The tag, without the exclamation marks.
        tag: String,
        /// The scalar.
        text: String,
    },
    /// A line break of YAML 1.1, outside a quoted scalar.
    #[error(
        "U+{:04X} ends a line for kubectl, and not for other readers of YAML; delete it, or write the text in quotes",
        u32::from(*.0)
    )]
    LineBreak(char),
    /// An alias is inside the node of its anchor.
    #[error("an anchor's value contains itself")]
    Recursion,
    /// Collections are nested too deep.
    #[error("nested deeper than {MAX_DEPTH} levels")]
    Depth,
    /// A document or an item of a stream exceeds the limit in mebibytes.
    #[error(
        "a document is larger than {0} MiB, the limit; a list may be larger if it is written as `kubectl get -o yaml` \
         and `kubectl get -o json` write it, and each of its items may have {0} MiB"
    )]
    TooLarge(usize),
    /// A document or an item of a stream is not UTF-8, from this byte of the stream on.
    #[error("is not UTF-8 text (at byte {0}); is it a manifest?")]
    NotText(usize),
    /// A list in a stream has no end, or is not a list without its items.
    #[error(
        "the list is cut off or broken behind this item; other objects may be missing; did the command before it fail?"
    )]
    CutOff,
    /// Aliases expand to too much memory.
    #[error("aliases expand to more than {MAX_ALIASED_MIB} MiB")]
    Aliases,
}
