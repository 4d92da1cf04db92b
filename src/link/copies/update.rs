//! Groups brought up to date by what changed.
//!
//! - In: the groups as of a generation, the tables of what they were made of, and the catalog as of now.
//! - Out: what working everything out from nothing would give, and the rows to be put into the tables.
//! - Never: a look at pictures that have nothing to do with what changed.
//!
//! Which group a media is in depends on those media alone that a chain of pairs within the limits, or of equal bytes or
//! pixels, connects with it. So everything that is so connected with what changed, as it was or as it is, is worked out
//! anew in the way in which all of it would be, and the other groups stay.

use std::collections::BTreeSet;

use stemmata_index::near::{Copies, CopyGroup};

use super::reader::{LookReader, Orders};
use super::tables::{Rows, TableCounts, Tables};
use super::verdict::{MOST_BITS, Reach};
use super::{Compared, EdgeReport, Limits, Look, Looks, PairMemory, arrange, edges};
use crate::catalog::{CatalogError, ChangedMedia, MediaId, PixelOrigin};
use crate::entity::{CHROMA_VALUES, Fingerprint};
use crate::link::apart::Apart;
use crate::link::duplicates::{DuplicateCounts, DuplicateError, DuplicateOptions, Duplicates};
use crate::run::RunContext;

/// Most media that are looked for one by one. Each takes about 1.3 ms of CPU a million pictures, by estimate; working out
/// everything costs less a media, and pays from some thousands on.
const MOST_SOUGHT: usize = 4096;

/// Most media that are read again one by one to see whether they look as before.
const MOST_READ: usize = 1 << 17;

/// Groups of which a part was worked out anew.
#[derive(Debug)]
pub(super) struct Updated {
    /// All groups as of now.
    pub(super) found: Duplicates,
    /// What the tables have of the media that changed.
    pub(super) old: Rows,
    /// What they are to have.
    pub(super) new: Rows,
}

/// Brings groups up to date. `None` where so much changed that working all of them out is as quick.
///
/// # Errors
///
/// [`DuplicateError`].
pub(super) fn update(
    reader: LookReader<'_>,
    (copies, counts): (&Copies, DuplicateCounts),
    tables: &Tables,
    options: &DuplicateOptions,
    run: &RunContext,
) -> Result<Option<Updated>, DuplicateError> {
    let catalog = reader.catalog();
    let generation = catalog.generation()?;
    let Some((changes, changed)) = changed(reader, tables)? else { return Ok(None) };
    let gathered = reader.some(media_of(&changed), Orders::Zero)?;
    let Some(new) = Rows::of(&gathered) else { return Ok(None) };
    let old = tables.rows(&listed(&changed));
    let mut seeds = seeds(copies, &changes, &changed, new.differing(&old));
    // All groups that were split are counted again.
    seeds.extend(Apart::of(&catalog.decisions()?).of_media(catalog)?.members());
    let reach = Reach { bits: MOST_BITS, blur: options.threshold };
    let Some(part) = connected(seeds, &new, copies, tables, reach) else { return Ok(None) };
    let limits = Limits { blur: options.threshold, max_pairs: options.max_pairs };
    let before = compare(reader, former(&tables.rows(&listed(&part))), limits, run)?;
    let compared = reader.some(media_of(&part), Orders::Read)?.compared;
    let sizes = compared.looks.sizes();
    let after = compare(reader, compared, limits, run)?;
    let pairs = (counts.pairs + after.pairs).saturating_sub(before.pairs);
    if pairs > options.max_pairs as u64 {
        return Ok(None);
    }
    let size = |media| sizes.binary_search_by_key(&media, |(media, _)| *media).ok().map(|at| sizes[at].1);
    let order = |media| catalog.media_order(media).map_err(DuplicateError::from);
    let anew = arrange(catalog, &after.edges, media_of(&part), generation, size, order)?;
    if run.cancel.is_requested() {
        return Err(DuplicateError::Cancelled);
    }
    let stays = |group: &&CopyGroup| !group.members.iter().any(|member| part.contains(member));
    let mut groups: Vec<CopyGroup> =
        copies.groups().iter().filter(stays).chain(anew.copies.groups()).cloned().collect();
    groups.sort_unstable_by(|a, b| (a.class, &a.members).cmp(&(b.class, &b.members)));
    let TableCounts { by_blurhash, by_pixels, flat, unfit } = tables.counts_with(&old, &new);
    let shortened = (counts.shortened + after.shortened).saturating_sub(before.shortened);
    let kept_apart = anew.kept_apart;
    let counts = DuplicateCounts { by_blurhash, by_pixels, flat, unfit, pairs, shortened, kept_apart };
    let found = Duplicates { copies: Copies::new(generation, groups), counts };
    Ok(Some(Updated { found, old, new }))
}

pub(super) fn listed(numbers: &BTreeSet<u64>) -> Vec<u64> {
    numbers.iter().copied().collect()
}

pub(super) fn media_of(numbers: &BTreeSet<u64>) -> impl Iterator<Item = MediaId> + '_ {
    numbers.iter().filter_map(|number| MediaId::new(*number))
}

/// The media of which anything changed since the tables were written, those included that fewer images show, or none.
/// `None` where they are too many.
pub(super) fn changed(
    reader: LookReader<'_>,
    tables: &Tables,
) -> Result<Option<(ChangedMedia, BTreeSet<u64>)>, CatalogError> {
    let changes = reader.catalog().pictures_since(tables.generation())?;
    if changes.shown.len() + changes.looked.len() > MOST_READ {
        return Ok(None);
    }
    let mut changed = tables.shown_otherwise(&reader.catalog().shown_media()?);
    changed.extend(changes.shown.iter().chain(&changes.looked).map(|media| media.get()));
    Ok(Some((changes, changed)))
}

/// Those of the changed media by which a group can change. Of one that looks as before, is in no group and in one image,
/// only such things changed as decide who stands for a group.
fn seeds(
    copies: &Copies,
    changes: &ChangedMedia,
    changed: &BTreeSet<u64>,
    differing: BTreeSet<u64>,
) -> BTreeSet<u64> {
    let mut seeds = differing;
    seeds.extend(changes.looked.iter().map(|media| media.get()));
    seeds.extend(changed.iter().filter(|media| copies.group_of(**media).is_some()));
    seeds
}

/// Everything that is connected with the seeds, by what the tables say or by the new rows. `None` where it is too much.
fn connected(
    seeds: BTreeSet<u64>,
    new: &Rows,
    copies: &Copies,
    tables: &Tables,
    reach: Reach,
) -> Option<BTreeSet<u64>> {
    let (mut part, mut next) = (BTreeSet::new(), seeds);
    while !next.is_empty() {
        part.extend(&next);
        if part.len() > MOST_SOUGHT {
            return None;
        }
        let media = listed(&next);
        let rows = tables.rows(&media).joined(new.among(&media));
        let mut found = tables.around(&rows.sought(), reach);
        let is_met = |group: &&CopyGroup| group.members.iter().any(|member| next.contains(member));
        found.extend(copies.groups().iter().filter(is_met).flat_map(|group| &group.members));
        found.retain(|media| !part.contains(media));
        next = found;
    }
    Some(part)
}

/// What was compared, as far as it says how many pairs there were.
fn former(rows: &Rows) -> Compared {
    let look = |media: u64, code: [u64; 3], contrast: u8| {
        let mut look = Look::new(MediaId::new(media)?, 0);
        let [across, down, dct] = code;
        let fingerprint = Fingerprint {
            width: 1,
            height: 1,
            pixels: None,
            coded: None,
            gradient: [across, down],
            dct,
            chroma: [0; CHROMA_VALUES],
            contrast,
        };
        look.pixels = Some((fingerprint, PixelOrigin::File));
        Some(look)
    };
    let seen = rows.codes.iter().filter_map(|row| look(row.id, row.code.0, Fingerprint::LEAST_CONTRAST));
    let flat = rows.flat().filter_map(|media| look(media, [0; 3], 0));
    Compared { blurs: rows.entries(), looks: Looks::new(seen.chain(flat).collect()) }
}

fn compare(
    reader: LookReader<'_>,
    compared: Compared,
    limits: Limits,
    run: &RunContext,
) -> Result<EdgeReport, DuplicateError> {
    let run = RunContext { cancel: run.cancel.clone(), ..RunContext::quiet() };
    let mut order = |media| reader.catalog().media_order(media).map_err(DuplicateError::from);
    edges(compared, limits, &mut PairMemory::default(), &mut order, &run)
}

#[cfg(test)]
mod tests;
