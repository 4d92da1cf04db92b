//! What pictures look like, gathered for those commands that compare them, and the folder that keeps what they found.

use std::collections::HashMap;
use std::ops::ControlFlow;

use serde::Serialize;
use stemmata::catalog::{Catalog, MediaId};
use stemmata::fingerprint::blurhash::{self, Collector, ExcludedCounts, Features};
use stemmata::link::copies::{Compared, FolderError, LookReader, NearFolder, PairMemory};
use stemmata::link::duplicates::{self, DEFAULT_THRESHOLD, DuplicateCounts, DuplicateOptions, Duplicates};
use stemmata::run::RunContext;
use stemmata_index::near::{Copies, Feature};

use super::failure::Failure;
use super::session::Session;
use super::summary::grouped;

/// The groups of copies, and what they were made of.
pub(crate) struct Worked {
    /// The groups.
    pub(crate) copies: Copies,
    /// What was compared.
    pub(crate) counts: DuplicateCounts,
    /// What could not be compared by BlurHash.
    pub(crate) excluded: Excluded,
}

/// The groups as of now: kept ones if they still hold, else worked out and kept.
///
/// # Errors
///
/// When the catalog cannot be read, there are too many pairs, or somebody asked to stop. What cannot be kept is only
/// told.
pub(crate) fn up_to_date(session: &Session, catalog: &Catalog, run: &RunContext) -> Result<Worked, Failure> {
    let folder = NearFolder::new(&session.settings.near());
    if let Some((copies, state)) = folder.current(catalog)? {
        let excluded = serde_json::from_value(state.told).unwrap_or_default();
        return Ok(Worked { copies, counts: state.counts, excluded });
    }
    let mut memory = folder.memory();
    let (worked, found) = work_out(catalog, DEFAULT_THRESHOLD, &mut memory, run)?;
    let told = serde_json::to_value(worked.excluded).unwrap_or_default();
    match folder.keep(catalog, &found, &memory, told) {
        Ok(()) => {}
        Err(FolderError::Catalog(error)) => return Err(error.into()),
        Err(error) => {
            session.talk.warn(&format!("{error}; the groups of copies are worked out again the next time"));
        }
    }
    Ok(worked)
}

/// The groups for any distance of BlurHashes, not kept.
///
/// # Errors
///
/// As [`up_to_date`].
pub(crate) fn work_out(
    catalog: &Catalog,
    threshold: f32,
    memory: &mut PairMemory,
    run: &RunContext,
) -> Result<(Worked, Duplicates), Failure> {
    let features = features(catalog)?;
    let excluded = Excluded::from(&features.excluded);
    let options = DuplicateOptions { threshold, ..DuplicateOptions::default() };
    let found = duplicates::duplicates(reader(catalog), features.entries, &options, memory, run)?;
    Ok((Worked { copies: found.copies.clone(), counts: found.counts, excluded }, found))
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
    match NearFolder::new(&session.settings.near()).clear() {
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

fn feature(text: &str) -> Option<Feature> {
    blurhash::feature(text).ok()
}

/// Every media of the catalog whose BlurHash can be compared: that of its source, else one computed from its pixels.
pub(crate) fn features(catalog: &Catalog) -> Result<Features, Failure> {
    let mut computed: HashMap<MediaId, (String, u32, u32)> = HashMap::new();
    catalog.each_fingerprint(0, u64::MAX, |stored| {
        if let (Some(text), Some(seen)) = (stored.blurhash, stored.looked.fingerprint()) {
            computed.insert(stored.media, (text, seen.width, seen.height));
        }
        ControlFlow::Continue(())
    })?;
    let mut collector = Collector::default();
    catalog.each_media(|row| {
        let own = computed.get(&row.id);
        let text = row.blurhash.or(own.map(|(text, ..)| text.as_str()));
        let width = row.width.or(own.map(|(_, width, _)| *width));
        let height = row.height.or(own.map(|(_, _, height)| *height));
        collector.add(row.id.get(), text, width, height);
        ControlFlow::Continue(())
    })?;
    Ok(collector.finish())
}

/// Everything that can be compared, and a count of what has no BlurHash that can.
pub(crate) fn compared(catalog: &Catalog) -> Result<(Compared, Excluded), Failure> {
    let features = features(catalog)?;
    let excluded = Excluded::from(&features.excluded);
    Ok((reader(catalog).compared(features.entries)?, excluded))
}

/// How many pictures on disk were never looked at, in words with what to do about it.
pub(crate) fn unseen(catalog: &Catalog) -> Result<Option<String>, Failure> {
    let due = catalog.due_picture_count(stemmata::catalog::Failures::Spared)?.0;
    Ok((due > 0).then(|| {
        let are = if due == 1 { "picture on disk has" } else { "pictures on disk have" };
        format!("{} {are} no fingerprint; `stemmata fingerprint` reads their pixels", grouped(due))
    }))
}

/// Media that could not be compared by BlurHash, by reason.
#[derive(Clone, Copy, Debug, Default, Serialize, serde::Deserialize)]
pub(crate) struct Excluded {
    missing: u64,
    malformed: u64,
    other_grid: u64,
    flat: u64,
    known_bad: u64,
}

impl From<&ExcludedCounts> for Excluded {
    fn from(counts: &ExcludedCounts) -> Self {
        Self {
            missing: counts.missing,
            malformed: counts.malformed,
            other_grid: counts.other_grid,
            flat: counts.flat,
            known_bad: counts.known_bad,
        }
    }
}

impl Excluded {
    /// The reasons for people; empty when everything was compared.
    pub(crate) fn text(&self) -> String {
        let reasons = [
            ("without BlurHash", self.missing),
            ("damaged BlurHash", self.malformed),
            ("another grid", self.other_grid),
            ("flat", self.flat),
            ("known bad value", self.known_bad),
        ];
        let told: Vec<String> = reasons
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(reason, count)| format!("{reason} {}", grouped(*count)))
            .collect();
        if told.is_empty() { String::new() } else { format!("; not compared by it: {}", told.join(", ")) }
    }
}
