//! The text of one item in, one entity out.
//!
//! - Input: the JSON object of one item and what the caller knows of where it came from.
//! - Output: [`Converted`]: the entity with a warning for each field that could not be read.
//! - A malformed field costs that field; only an item without any identity costs the item.
//! - Never: I/O, clocks, panics on any input.

use thiserror::Error;

use crate::entity::{Item, VersionId};

/// Longest item read, in bytes.
pub const MAX_ITEM_BYTES: usize = 64 << 20;

/// What the caller knows of where an item came from.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// What the endpoint lists; `None` finds out from the keys, see [`ItemKind::detect`].
    pub kind: Option<ItemKind>,
    /// Whether the request asked for generation data.
    pub meta_request: MetaRequest,
    /// The version that the request asked for.
    pub returned_for: Option<VersionId>,
    /// The path of the document in the platform's bytes: names a picture that has neither id nor URL.
    pub document: &'a [u8],
    /// The position of the item in its document, from 0.
    pub position: usize,
}

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ItemKind {
    /// A picture, posted or inside a version, or bare generation data.
    Image,
    /// A model with its versions.
    Model,
    /// A version by itself; sidecar files are such.
    Version,
    /// A creator.
    Creator,
    /// A tag.
    Tag,
}

/// Whether a request asked for generation data, which decides what a null `meta` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetaRequest {
    /// It did: null is an answer.
    Asked,
    /// It did not: null says nothing.
    NotAsked,
    /// Not known, as for files: null says nothing unless it comes wrapped.
    Unknown,
}

/// An entity and what had to be left out.
#[derive(Clone, Debug, PartialEq)]
pub struct Converted {
    /// The entity.
    pub item: Item,
    /// Fields that could not be read, in the order in which they were met.
    pub warnings: Vec<FieldWarning>,
}

/// One field that could not be read and was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldWarning {
    /// Its path: keys joined by dots, `[]` for any element of an array.
    pub field: String,
    /// Why.
    pub problem: FieldProblem,
}

/// Why a field, or a part of it, was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Error)]
#[non_exhaustive]
pub enum FieldProblem {
    /// Another JSON type than any that the site was seen to use.
    #[error("wrong type")]
    WrongType,
    /// A number that its field cannot hold.
    #[error("out of range")]
    OutOfRange,
    /// Text that is not what its field holds: a date, a hash, a number in words.
    #[error("bad value")]
    BadValue,
    /// An escape that is no character (half a surrogate pair) or a NUL: replaced or removed.
    #[error("bad character")]
    BadCharacter,
    /// Something that JSON does not know, such as `NaN`: read as null.
    #[error("not JSON")]
    NotJson,
    /// An element that nothing identifies: left out.
    #[error("no identity")]
    NoIdentity,
    /// More elements or warnings than are kept: the rest is left out.
    #[error("too many")]
    TooMany,
}

/// Why an item became no entity.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ItemError {
    /// Longer than [`MAX_ITEM_BYTES`].
    #[error("item of {bytes} bytes is too long")]
    TooLarge {
        /// Its length, in bytes.
        bytes: usize,
    },
    /// Not JSON, beyond what can be repaired.
    #[error("item is not JSON at line {line}, column {column}")]
    Syntax {
        /// Line in the item, from 1.
        line: usize,
        /// Column in the line, from 1.
        column: usize,
    },
    /// Brackets nest deeper than 127.
    #[error("item is nested too deep")]
    TooDeep,
    /// JSON, but no object.
    #[error("item is not an object")]
    NotAnObject,
    /// Its keys are those of no entity.
    #[error("item is of no known kind")]
    Unrecognised,
    /// Its kind is known, but nothing identifies it.
    #[error("{kind:?} has no identity")]
    NoIdentity {
        /// What it was taken for.
        kind: ItemKind,
    },
    /// An answer of `by-hash/ids`: it pairs a hash with a version, and describes neither.
    #[error("answer of by-hash/ids pairs a hash with version {version} and describes nothing")]
    HashAnswer {
        /// The version it names.
        version: u64,
    },
}

/// Reads one item.
///
/// # Errors
///
/// [`ItemError`] when no entity can be made of it.
pub fn convert(text: &str, context: &Context<'_>) -> Result<Converted, ItemError> {
    if text.len() > MAX_ITEM_BYTES {
        return Err(ItemError::TooLarge { bytes: text.len() });
    }
    let _ = context;
    Err(ItemError::Unrecognised)
}
