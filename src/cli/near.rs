//! What pictures look like, gathered for those commands that compare them.

use std::collections::HashMap;
use std::ops::ControlFlow;

use serde::Serialize;
use stemmata::catalog::{Catalog, MediaId};
use stemmata::fingerprint::blurhash::{self, Collector, ExcludedCounts, Features};
use stemmata::link::copies::{Compared, LookReader};
use stemmata_index::near::Feature;

use super::failure::Failure;
use super::summary::grouped;

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
