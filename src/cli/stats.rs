//! `stats`: what the catalog holds, counted.

use serde::Serialize;
use stemmata::catalog::{CatalogStats, Failures, LocalStats};

use super::exit::Exit;
use super::failure::Outcome;
use super::output::{SCHEMA, Supported};
use super::session::Session;
use super::summary::grouped;

#[derive(Serialize)]
struct Stats {
    schema: u32,
    images: u64,
    media: u64,
    models: u64,
    versions: u64,
    files: u64,
    creators: u64,
    tags: u64,
    resources: u64,
    links: u64,
    unresolved: u64,
    fingerprints: u64,
    pixels: PixelsRead,
    local_files: LocalFiles,
    generation: u64,
}

/// Media whose pixels were looked at.
#[derive(Serialize)]
struct PixelsRead {
    /// Those that have a fingerprint.
    fingerprinted: u64,
    /// Of these, those too flat to be compared.
    flat: u64,
    /// Of these, those of which only a smaller rendition was seen.
    previews: u64,
    /// Those that could not be read or decoded.
    failed: u64,
    /// Pictures on disk that `stemmata fingerprint` would look at.
    due: u64,
}

#[derive(Serialize)]
struct LocalFiles {
    present: u64,
    missing: u64,
    failed: u64,
}

/// Prints the counts.
pub(crate) fn run(session: &Session) -> Outcome {
    let sink = session.sink(Supported::Document)?;
    let catalog = session.catalog()?;
    let pixels = catalog.fingerprint_stats()?;
    let pixels = PixelsRead {
        fingerprinted: pixels.seen,
        flat: pixels.flat,
        previews: pixels.previews,
        failed: pixels.failed,
        due: catalog.due_picture_count(Failures::Spared)?.0,
    };
    let stats = Stats::new(catalog.stats()?, pixels, catalog.local_stats()?);
    sink.document(&stats, |stats, _| text(stats))?;
    Ok(Exit::Done)
}

impl Stats {
    fn new(counts: CatalogStats, pixels: PixelsRead, local: LocalStats) -> Self {
        let LocalStats { present, missing, failed } = local;
        Self {
            schema: SCHEMA,
            images: counts.images,
            media: counts.media,
            models: counts.models,
            versions: counts.versions,
            files: counts.files,
            creators: counts.creators,
            tags: counts.tags,
            resources: counts.resources,
            links: counts.links,
            unresolved: counts.unresolved,
            fingerprints: counts.fingerprints,
            pixels,
            local_files: LocalFiles { present, missing, failed },
            generation: counts.generation,
        }
    }
}

fn text(stats: &Stats) -> String {
    let lines = [
        ("images", stats.images, "posted or local pictures"),
        ("media", stats.media, "distinct stored bytes behind them"),
        ("fingerprints", stats.fingerprints, "media with a BlurHash"),
        ("models", stats.models, ""),
        ("versions", stats.versions, "releases of models, described or only named"),
        ("files", stats.files, "files of versions"),
        ("creators", stats.creators, ""),
        ("tags", stats.tags, ""),
        ("resources", stats.resources, "distinct references in metadata"),
        ("links", stats.links, "candidates for them, with evidence"),
        ("unresolved", stats.unresolved, "resources without a candidate"),
        ("generation", stats.generation, "committed batches"),
    ];
    let local = [
        ("pixels read", stats.pixels.fingerprinted, "media with a fingerprint of their pixels"),
        ("unread", stats.pixels.due, "local pictures without one; `stemmata fingerprint` reads them"),
        ("undecodable", stats.pixels.failed, "media whose pixels could not be read"),
        ("local files", stats.local_files.present, "found by `scan`, and there when last looked for"),
        ("missing", stats.local_files.missing, "local files that are gone, and stay known"),
        ("failed", stats.local_files.failed, "local files that could not be read"),
    ];
    let local = local.into_iter().filter(|(_, count, _)| *count > 0);
    let mut text = String::new();
    for (name, count, meaning) in lines.into_iter().chain(local) {
        text.push_str(format!("{name:<13} {:>13}  {meaning}", grouped(count)).trim_end());
        text.push('\n');
    }
    text
}
