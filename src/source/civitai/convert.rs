//! The text of one item in, one entity out.
//!
//! - Input: the JSON object of one item and what the caller knows of where it came from.
//! - Output: [`Converted`]: the entity with a warning for each field that could not be read.
//! - A malformed field costs that field; only an item without any identity costs the item.
//! - Never: I/O, clocks, panics on any input.

use serde_json::{Map, Value};
use thiserror::Error;

use super::repair::repair;
use super::scan::{Scanner, Span, Stop};
use super::wire::{Fields, Notes};
use super::{creator, image, model, version};
use crate::entity::{Dialect, Item, VersionId};

#[cfg(test)]
mod tests;

/// Longest item read, in bytes. Graphs of more than a megabyte occur.
pub const MAX_ITEM_BYTES: usize = 32 << 20;

/// What the caller knows of where an item came from.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// What the endpoint lists; `None` finds out from the keys, in the order that
    /// `detect.rs` writes down.
    pub kind: Option<ItemKind>,
    /// Whether the request asked for generation data.
    pub meta_request: MetaRequest,
    /// The version that the request asked for.
    pub returned_for: Option<VersionId>,
    /// Which path of the site answered, where the request decides that; `None` finds out from the form of `meta`,
    /// which says nothing when flat `meta` was asked for.
    pub dialect: Option<Dialect>,
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
    /// The whole item has the keys of another kind than it was taken for.
    #[error("looks like another kind")]
    OtherKind,
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
    let (value, mut warnings) = parse(text)?;
    let Value::Object(mut map) = value else { return Err(ItemError::NotAnObject) };
    unquote(&mut map, "meta", &mut warnings);
    let detected = ItemKind::detect(&map);
    let kind = match context.kind {
        Some(kind) => kind,
        None => detected.clone()?,
    };
    if detected.is_ok_and(|detected| detected != kind) {
        warnings.push(FieldWarning { field: "item".to_owned(), problem: FieldProblem::OtherKind });
    }
    let notes = Notes::starting_with(warnings);
    let item = read(&Fields::root(&map, &notes), kind, context).ok_or(ItemError::NoIdentity { kind })?;
    Ok(Converted { item, warnings: notes.into_warnings() })
}

/// Reads an object that was written as text, as exports to tables do.
fn unquote(map: &mut Map<String, Value>, key: &str, warnings: &mut Vec<FieldWarning>) {
    let Some(quoted) = map.get_mut(key) else { return };
    let Some(text) = quoted.as_str().filter(|text| text.trim_start().starts_with('{')) else { return };
    if let Ok((object @ Value::Object(_), repairs)) = parse(text) {
        *quoted = object;
        warnings.extend(repairs.into_iter().map(|repair| FieldWarning {
            field: format!("{key}.{}", repair.field),
            problem: repair.problem,
        }));
    }
}

fn read(fields: &Fields<'_>, kind: ItemKind, context: &Context<'_>) -> Option<Item> {
    match kind {
        ItemKind::Image => image::read_item(fields, context).map(Box::new).map(Item::Image),
        ItemKind::Model => {
            model::read_model(fields).map(|(model, images)| Item::Model(Box::new(model), images))
        }
        ItemKind::Version => version::read_version(fields, None)
            .map(|(version, images)| Item::Version(Box::new(version), images)),
        ItemKind::Creator => creator::read_creator(fields).map(Item::Creator),
        ItemKind::Tag => creator::read_tag(fields).map(Item::Tag),
    }
}

/// Builds the value of an item, after repairing it if it must be.
fn parse(text: &str) -> Result<(Value, Vec<FieldWarning>), ItemError> {
    if let Ok(value) = serde_json::from_str(text) {
        return Ok((value, Vec::new()));
    }
    // Deep nesting is found without recursion, so that the parser's own error need not be told apart.
    match Scanner::new(text).value() {
        Ok(Span { too_deep: true, .. }) => return Err(ItemError::TooDeep),
        Ok(_) | Err(Stop::End | Stop::Unexpected(_)) => {}
    }
    let (repaired, warnings) = repair(text);
    let value = serde_json::from_str(&repaired)
        .map_err(|error| ItemError::Syntax { line: error.line(), column: error.column() })?;
    Ok((value, warnings))
}
