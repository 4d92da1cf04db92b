//! Writes batches: one transaction, one generation, all or nothing.

mod correlate;
mod history;
mod images;
mod models;
mod resources;
#[cfg(test)]
mod tests;

use rusqlite::{Transaction, TransactionBehavior, params};

pub(super) use history::ABSENCE;
pub(super) use resources::ResourceCache;

use super::batch::{Batch, BatchReport, Change, Record};
use super::local::{self, ScannedFile};
use super::lookups::AnswerNotes;
use super::{Catalog, Result, crawl, fingerprints, schema};
use crate::entity::{Creator, Item, Tag, Timestamp};

/// Batches after which the write-ahead log is emptied: it would grow for as long as anybody keeps reading.
const BATCHES_A_CHECKPOINT: u32 = 24;

/// What every write of one batch needs to know.
#[derive(Clone, Copy)]
struct Stamp {
    generation: i64,
    at: Timestamp,
}

/// Where the raw text of an item is, and which text it was.
#[derive(Clone, Copy)]
struct RawPlace {
    position: u32,
    hash: i64,
}

/// What commits together with the items of a batch.
#[derive(Clone, Copy, Default)]
pub(super) struct Beside<'a> {
    /// What an answer of the site says beyond its items.
    pub(super) notes: Option<&'a AnswerNotes>,
    /// The local files that the images are in.
    pub(super) files: &'a [ScannedFile],
}

impl Catalog {
    /// Writes a batch as one transaction.
    ///
    /// A batch that changes nothing and moves no crawl writes nothing and has no generation.
    ///
    /// # Errors
    ///
    /// [`super::CatalogError::Busy`] when another process writes, [`super::CatalogError::DiskFull`]; nothing of the batch is
    /// stored then.
    pub fn write(&mut self, batch: &Batch) -> Result<BatchReport> {
        self.write_with(batch, &Beside::default())
    }

    /// As [`Self::write`]; what stands beside the items is part of the transaction, unless the batch writes nothing.
    pub(super) fn write_with(&mut self, batch: &Batch, beside: &Beside<'_>) -> Result<BatchReport> {
        let Self { connection, resource_cache, .. } = self;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let written = write_batch(&transaction, resource_cache, batch, beside.files)
            .and_then(|report| finish(transaction, batch, beside.notes, report));
        if written.is_err() {
            resource_cache.clear();
        }
        let written = written?;
        self.count_batch()?;
        Ok(written)
    }

    /// To be called after a batch: empties the write-ahead log every so often.
    pub(super) fn count_batch(&mut self) -> Result<()> {
        self.batches_since_checkpoint += 1;
        if self.batches_since_checkpoint >= BATCHES_A_CHECKPOINT {
            self.batches_since_checkpoint = 0;
            schema::checkpoint(&self.connection)?;
        }
        Ok(())
    }
}

fn write_batch(
    transaction: &Transaction<'_>,
    cache: &mut ResourceCache,
    batch: &Batch,
    files: &[ScannedFile],
) -> Result<BatchReport> {
    let newest: i64 = transaction
        .prepare_cached("SELECT coalesce(max(generation), 0) FROM generations")?
        .query_row([], |row| row.get(0))?;
    let stamp = Stamp { generation: newest + 1, at: batch.at };
    let mut report =
        BatchReport { generation: u64::try_from(stamp.generation).ok(), ..BatchReport::default() };
    transaction
        .prepare_cached(
            "INSERT INTO generations (generation, at, stage, source, items) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            stamp.generation,
            stamp.at.as_millis(),
            batch.stage,
            batch.source,
            i64::try_from(batch.records.len()).unwrap_or(i64::MAX),
        ])?;
    let carried = local::apply_moves(transaction, stamp.generation, files)?;
    let mut images = images::ImageWriter::new(transaction, cache, stamp)?;
    let mut models = models::ModelWriter::new(transaction, stamp)?;
    for record in &batch.records {
        write_record(transaction, &mut images, &mut models, stamp, record, &mut report)?;
    }
    let touched = images.finish()?;
    drop(models);
    local::store_files(transaction, stamp.generation, files)?;
    for one in carried {
        fingerprints::put_down(transaction, stamp.generation, one)?;
    }
    let changed = [report.images, report.models, report.versions, report.others]
        .iter()
        .any(|outcome| outcome.new + outcome.changed > 0);
    if changed || touched && !files.is_empty() {
        transaction
            .prepare_cached("INSERT INTO raw_blocks (block, items, data) VALUES (?1, ?2, ?3)")?
            .execute(params![stamp.generation, batch.raw.items, batch.raw.data])?;
    }
    if let Some(step) = &batch.crawl {
        crawl::store_step(transaction, step)?;
    }
    if !changed && batch.crawl.is_none() && files.is_empty() {
        report.generation = None;
    }
    Ok(report)
}

fn finish(
    transaction: Transaction<'_>,
    batch: &Batch,
    notes: Option<&AnswerNotes>,
    report: BatchReport,
) -> Result<BatchReport> {
    if report.generation.is_none() && batch.crawl.is_none() {
        transaction.rollback()?;
    } else {
        if let Some(notes) = notes {
            notes.store(&transaction)?;
        }
        transaction.commit()?;
    }
    Ok(report)
}

fn write_record(
    transaction: &Transaction<'_>,
    images: &mut images::ImageWriter<'_>,
    models: &mut models::ModelWriter<'_>,
    stamp: Stamp,
    record: &Record,
    report: &mut BatchReport,
) -> Result<()> {
    let raw = RawPlace { position: record.raw_position, hash: record.raw_hash };
    match &record.item {
        Item::Image(image) => report.images.count(images.write(image, raw)?),
        Item::Model(model, version_images) => {
            let change = models.write_model(model, raw)?;
            report.models.count(change);
            let mut is_known = change == Change::Unchanged;
            for version in &model.versions {
                let change = models.write_version(version, raw)?;
                report.versions.count(change);
                is_known &= change == Change::Unchanged;
            }
            for _ in 0..models.retire_versions(model)? {
                report.versions.count(Change::Changed);
            }
            for image in version_images {
                report.images.count(images.write(image, raw)?);
            }
            if !is_known {
                images.model_changed(model.id)?;
            }
            if let Some(creator) = &model.creator {
                write_creator(transaction, stamp, creator)?;
            }
        }
        Item::Version(version, version_images) => {
            let change = models.write_version(version, raw)?;
            report.versions.count(change);
            for image in version_images {
                report.images.count(images.write(image, raw)?);
            }
            if let (Some(model), Change::New | Change::Changed) = (version.model, change) {
                images.model_changed(model)?;
            }
        }
        Item::Creator(creator) => {
            report.others.count(write_creator(transaction, stamp, creator)?);
        }
        Item::Tag(tag) => report.others.count(write_tag(transaction, stamp, tag)?),
    }
    Ok(())
}

/// Counts an upsert whose statement changes no row when nothing is new.
fn change_of(existed: bool, rows: usize) -> Change {
    match (existed, rows) {
        (false, _) => Change::New,
        (true, 0) => Change::Unchanged,
        (true, _) => Change::Changed,
    }
}

fn write_creator(transaction: &Transaction<'_>, stamp: Stamp, creator: &Creator) -> Result<Change> {
    let existed = transaction
        .prepare_cached("SELECT 1 FROM creators WHERE username = ?1")?
        .exists([&creator.username])?;
    let rows = transaction
        .prepare_cached(
            "INSERT INTO creators (username, generation, image, model_count, link) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (username) DO UPDATE SET generation = excluded.generation,
                image = coalesce(excluded.image, image),
                model_count = coalesce(excluded.model_count, model_count),
                link = coalesce(excluded.link, link)
             WHERE coalesce(excluded.image, image) IS NOT image
                OR coalesce(excluded.model_count, model_count) IS NOT model_count
                OR coalesce(excluded.link, link) IS NOT link",
        )?
        .execute(params![
            creator.username,
            stamp.generation,
            creator.image,
            creator.model_count.map(saturating_i64),
            creator.link
        ])?;
    Ok(change_of(existed, rows))
}

fn write_tag(transaction: &Transaction<'_>, stamp: Stamp, tag: &Tag) -> Result<Change> {
    let existed = transaction.prepare_cached("SELECT 1 FROM tags WHERE name = ?1")?.exists([&tag.name])?;
    let rows = transaction
        .prepare_cached(
            "INSERT INTO tags (name, generation, model_count, link) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (name) DO UPDATE SET generation = excluded.generation,
                model_count = coalesce(excluded.model_count, model_count),
                link = coalesce(excluded.link, link)
             WHERE coalesce(excluded.model_count, model_count) IS NOT model_count
                OR coalesce(excluded.link, link) IS NOT link",
        )?
        .execute(params![tag.name, stamp.generation, tag.model_count.map(saturating_i64), tag.link])?;
    Ok(change_of(existed, rows))
}

/// A counter as a column holds it.
fn saturating_i64(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
