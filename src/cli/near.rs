//! What pictures look like, gathered for those commands that compare them, and the folder that keeps what they found.

use stemmata::catalog::{Catalog, CatalogError};
use stemmata::fingerprint::blurhash::{self, Excluded};
use stemmata::link::copies::{
    FolderError, Ground, LookReader, NearFolder, PairMemory, Unfit, UnfitCounts, UpToDate,
};
use stemmata::link::duplicates::{self, DuplicateOptions, Duplicates};
use stemmata::run::RunContext;
use stemmata_index::near::Feature;

use super::failure::Failure;
use super::session::Session;
use super::summary::grouped;

/// The groups as of now: kept ones if they still hold, else worked out and kept.
///
/// # Errors
///
/// When the catalog cannot be read, there are too many pairs, or somebody asked to stop. What cannot be kept is only
/// told.
pub(crate) fn up_to_date(
    session: &Session,
    catalog: &Catalog,
    run: &RunContext,
) -> Result<Duplicates, Failure> {
    let UpToDate { found, not_kept } = folder(session).up_to_date(reader(catalog), run)?;
    match not_kept {
        None => {}
        Some(FolderError::Catalog(error)) => return Err(error.into()),
        Some(error) => {
            session.talk.warn(&format!("{error}; the groups of copies are worked out again the next time"));
        }
    }
    Ok(found)
}

/// The groups for any distance of BlurHashes, not kept.
///
/// # Errors
///
/// As [`up_to_date`].
pub(crate) fn work_out(catalog: &Catalog, threshold: f32, run: &RunContext) -> Result<Duplicates, Failure> {
    let options = DuplicateOptions { threshold, ..DuplicateOptions::default() };
    Ok(duplicates::duplicates(reader(catalog), &options, &mut PairMemory::default(), run)?)
}

/// Where pictures are looked for that look like one.
///
/// # Errors
///
/// When the catalog cannot be read.
pub(crate) fn ground<'c>(session: &Session, catalog: &'c Catalog) -> Result<Ground<'c>, CatalogError> {
    Ground::open(reader(catalog), &folder(session))
}

/// The folder of what was worked out.
pub(crate) fn folder(session: &Session) -> NearFolder {
    NearFolder::new(&session.settings.near())
}

/// Brings the folder up to date after the catalog was written. That it cannot be is told, and ends nothing.
pub(crate) fn follow(session: &Session, catalog: &Catalog, run: &RunContext) {
    if run.cancel.is_requested() {
        return;
    }
    match up_to_date(session, catalog, run) {
        Ok(_) | Err(Failure::BrokenPipe) => {}
        Err(Failure::Named(_)) if run.cancel.is_requested() => {}
        Err(Failure::Named(named)) => {
            session.talk.warn(&format!("the groups of copies are not up to date: {}", named.message));
        }
    }
}

/// Forgets the groups, and works them out from nothing.
pub(crate) fn rebuild(session: &Session, catalog: &Catalog, run: &RunContext) {
    match folder(session).clear() {
        Ok(()) => follow(session, catalog, run),
        Err(error) => {
            session.talk.warn(&format!("the groups of copies are not up to date: {error}"));
        }
    }
}

/// A reader of looks that knows BlurHashes.
pub(crate) fn reader(catalog: &Catalog) -> LookReader<'_> {
    LookReader::new(catalog, feature)
}

fn feature(text: &str) -> Result<Feature, Unfit> {
    blurhash::feature(text).map_err(|reason| match reason {
        Excluded::Missing => Unfit::Missing,
        Excluded::OtherGrid { .. } => Unfit::OtherGrid,
        Excluded::Flat => Unfit::Flat,
        Excluded::KnownBad => Unfit::KnownBad,
        // Malformed, and what else there may be.
        _ => Unfit::Malformed,
    })
}

/// How many pictures on disk were never looked at, in words with what to do about it.
pub(crate) fn unseen(catalog: &Catalog) -> Result<Option<String>, Failure> {
    let due = catalog.due_picture_count(stemmata::catalog::Failures::Spared)?.0;
    Ok((due > 0).then(|| {
        let are = if due == 1 { "picture on disk has" } else { "pictures on disk have" };
        format!("{} {are} no fingerprint; `stemmata fingerprint` reads their pixels", grouped(due))
    }))
}

/// The reasons why media were not compared by BlurHash, for people; empty when everything was.
pub(crate) fn unfit_text(counts: &UnfitCounts) -> String {
    let reasons = [
        ("without BlurHash", counts.missing),
        ("damaged BlurHash", counts.malformed),
        ("another grid", counts.other_grid),
        ("flat", counts.flat),
        ("known bad value", counts.known_bad),
    ];
    let told: Vec<String> = reasons
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(reason, count)| format!("{reason} {}", grouped(*count)))
        .collect();
    if told.is_empty() { String::new() } else { format!("; not compared by it: {}", told.join(", ")) }
}
