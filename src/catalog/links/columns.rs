//! Columns of SQLite in, checked values out. A value that its column does not promise is [`CatalogError::Damaged`].

use rusqlite::Row;

use crate::catalog::{CatalogError, Result};
use crate::entity::{
    Air, Confidence, Evidence, HashKind, HexHash, Link, LostReason, MetaState, ModelId, PublishState,
    Resource, ResourceKind, ResourceSources, Timestamp, VersionId,
};

use super::StoredResource;

/// Columns of `resources r` that [`stored_resource`] reads, from position 0.
pub(super) const RESOURCE: &str = "r.resource, r.kind, r.name, r.hash, r.version, r.air_model, r.air_version";

/// How many columns [`RESOURCE`] has.
pub(super) const RESOURCE_COLUMNS: usize = 7;

pub(super) fn stored_resource(row: &Row<'_>) -> Result<StoredResource> {
    let air_model = optional(row, 5, "resources", "air_model", ModelId::from_i64)?;
    let air_version = optional(row, 6, "resources", "air_version", VersionId::from_i64)?;
    let hash: Option<String> = row.get(3)?;
    Ok(StoredResource {
        id: row.get(0)?,
        resource: Resource {
            kind: required(row.get(1)?, "resources", "kind", ResourceKind::from_code)?,
            name: row.get(2)?,
            hash: hash
                .map(|hash| required(hash, "resources", "hash", |hash| HexHash::parse(&hash)))
                .transpose()?,
            version: optional(row, 4, "resources", "version", VersionId::from_i64)?,
            air: air_model.map(|model| Air { model, version: air_version }),
        },
    })
}

/// Reads `version, evidence, raw, confidence, rank, lost` from position `first` on.
pub(super) fn link(row: &Row<'_>, first: usize) -> Result<Link> {
    let evidence: String = row.get(first + 1)?;
    let confidence: i64 = row.get(first + 3)?;
    let rank: i64 = row.get(first + 4)?;
    let lost: Option<String> = row.get(first + 5)?;
    Ok(Link {
        version: version(row.get(first)?, "links")?,
        evidence: required(evidence, "links", "evidence", |word| Evidence::from_word(&word))?,
        raw: row.get(first + 2)?,
        confidence: required(confidence, "links", "confidence", |percent| {
            u8::try_from(percent).ok().map(Confidence::from_percent)
        })?,
        rank: required(rank, "links", "rank", |rank| u32::try_from(rank).ok())?,
        lost: lost
            .map(|word| required(word, "links", "lost", |word| LostReason::from_word(&word)))
            .transpose()?,
    })
}

pub(super) fn version(value: i64, table: &'static str) -> Result<VersionId> {
    required(value, table, "version", VersionId::from_i64)
}

pub(super) fn model(row: &Row<'_>, position: usize, table: &'static str) -> Result<Option<ModelId>> {
    optional(row, position, table, "model", ModelId::from_i64)
}

pub(super) fn hash_kind(code: i64) -> Result<HashKind> {
    required(code, "file_hashes", "kind", HashKind::from_code)
}

pub(super) fn publish_state(row: &Row<'_>, position: usize) -> Result<PublishState> {
    let word: String = row.get(position)?;
    required(word, "versions", "state", |word| PublishState::from_word(&word))
}

pub(super) fn timestamp(row: &Row<'_>, position: usize, table: &'static str) -> Result<Option<Timestamp>> {
    optional(row, position, table, "time", Timestamp::from_millis)
}

pub(super) fn sources(row: &Row<'_>, position: usize) -> Result<ResourceSources> {
    let bits: i64 = row.get(position)?;
    required(bits, "image_resources", "sources", |bits| {
        u32::try_from(bits).ok().map(ResourceSources::from_bits)
    })
}

pub(super) fn meta_state(code: i64) -> Result<MetaState> {
    match code {
        0 => Ok(MetaState::NotSaid),
        1 => Ok(MetaState::Null),
        2 => Ok(MetaState::Present),
        3 => Ok(MetaState::Hidden),
        _ => Err(CatalogError::Damaged { table: "images", column: "meta_state" }),
    }
}

/// A number that takes part in sums; infinite and undefined ones count as absent.
pub(super) fn finite(row: &Row<'_>, position: usize) -> Result<Option<f64>> {
    Ok(row.get::<_, Option<f64>>(position)?.filter(|value| value.is_finite()))
}

/// Passes a value through its constructor.
pub(super) fn required<T, U>(
    value: T,
    table: &'static str,
    column: &'static str,
    make: impl FnOnce(T) -> Option<U>,
) -> Result<U> {
    make(value).ok_or(CatalogError::Damaged { table, column })
}

fn optional<U>(
    row: &Row<'_>,
    position: usize,
    table: &'static str,
    column: &'static str,
    make: impl FnOnce(i64) -> Option<U>,
) -> Result<Option<U>> {
    row.get::<_, Option<i64>>(position)?.map(|value| required(value, table, column, make)).transpose()
}
