//! Which images are copies, or may be: everything of [`super::copies`] in one go.
//!
//! - In: a catalog, and who decodes BlurHashes.
//! - Out: the table of copies, and what was done to make it.
//! - Never: decoding of pixels or BlurHashes.

use stemmata_index::near::Copies;
use thiserror::Error;

use super::copies::{
    Arranged, EdgeReport, Gathered, Limits, LookReader, Orders, PairMemory, TableCounts, UnfitCounts,
    arrange, edges,
};
use crate::catalog::CatalogError;
use crate::run::RunContext;

/// Distance that re-encoded and resized copies keep, and nearly nothing else.
///
/// On 186,303 media of the site 0.5 % had an unrelated neighbour within it; of copies it finds 98 % of those
/// saved as JPEG of quality 30, all that were resized, 85 % cropped by 2 %, 34 % cropped by 5 %.
pub const STRICT_THRESHOLD: f32 = 0.14;

/// Distance used unless another is asked for.
///
/// On the same media 1.0 % had an unrelated neighbour within it; it finds all copies saved again, resized or
/// cropped by 2 %, 92 % cropped by 5 %, 97 % brightened by 10 %, 14 % with a white bar across.
pub const DEFAULT_THRESHOLD: f32 = 0.30;

/// Most pairs kept unless told otherwise: they take 600 MB, and as much again while grouping.
pub const DEFAULT_MAX_PAIRS: usize = 50_000_000;

/// What [`duplicates`] looks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DuplicateOptions {
    /// Largest distance of BlurHashes; see [`DEFAULT_THRESHOLD`].
    pub threshold: f32,
    /// Most pairs before giving up with [`DuplicateError::TooManyPairs`].
    pub max_pairs: usize,
}

impl Default for DuplicateOptions {
    fn default() -> Self {
        Self { threshold: DEFAULT_THRESHOLD, max_pairs: DEFAULT_MAX_PAIRS }
    }
}

/// Why there are no groups.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DuplicateError {
    /// The catalog could not be read.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// So many pictures look alike that their pairs do not fit; a lower threshold gives fewer.
    #[error("more than {max_pairs} pairs of pictures are within {threshold} of each other")]
    TooManyPairs {
        /// The limit.
        max_pairs: usize,
        /// The threshold.
        threshold: f32,
    },
    /// The caller asked to stop; an incomplete answer would give wrong groups.
    #[error("stopped before all pictures were compared")]
    Cancelled,
}

/// All groups of a catalog, and how they were found.
#[derive(Clone, Debug, Default)]
pub struct Duplicates {
    /// The groups.
    pub copies: Copies,
    /// What they were found in.
    pub counts: DuplicateCounts,
}

/// What was compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DuplicateCounts {
    /// Media whose BlurHashes were compared.
    pub by_blurhash: u64,
    /// Media whose pixels were compared, flat ones not counted.
    pub by_pixels: u64,
    /// Media whose pixels are flat: only their bytes and pixels were compared.
    pub flat: u64,
    /// Media that were not compared by BlurHash.
    pub unfit: UnfitCounts,
    /// Pairs of distinct looks within the limits.
    pub pairs: u64,
    /// Pictures of large sets with one and the same code that were only compared with the first of their set.
    pub shortened: u64,
    /// Parts of groups that were kept apart because somebody decided so.
    pub kept_apart: u64,
}

/// Groups all media of a catalog. `memory` spares what was compared the last time.
///
/// # Errors
///
/// [`DuplicateError`]; a cancelled run is one.
pub fn duplicates(
    reader: LookReader<'_>,
    options: &DuplicateOptions,
    memory: &mut PairMemory,
    run: &RunContext,
) -> Result<Duplicates, DuplicateError> {
    let generation = reader.catalog().generation()?;
    of_gathered(reader, reader.all(Orders::Read)?, generation, options, memory, run)
}

/// As [`duplicates`], of what was read from the catalog as of a generation.
pub(super) fn of_gathered(
    reader: LookReader<'_>,
    gathered: Gathered,
    generation: u64,
    options: &DuplicateOptions,
    memory: &mut PairMemory,
    run: &RunContext,
) -> Result<Duplicates, DuplicateError> {
    let catalog = reader.catalog();
    let TableCounts { by_blurhash, by_pixels, flat, unfit } = TableCounts::of_gathered(&gathered);
    let compared = gathered.compared;
    let sizes = compared.looks.sizes();
    let limits = Limits { blur: options.threshold, max_pairs: options.max_pairs };
    let order = |media| catalog.media_order(media).map_err(DuplicateError::from);
    let EdgeReport { edges, pairs, shortened, .. } = edges(compared, limits, memory, &mut { order }, run)?;
    if run.cancel.is_requested() {
        return Err(DuplicateError::Cancelled);
    }
    let size = |media| sizes.binary_search_by_key(&media, |(media, _)| *media).ok().map(|at| sizes[at].1);
    let shared = catalog.shared_media()?;
    let Arranged { copies, kept_apart } = arrange(catalog, &edges, shared, generation, size, order)?;
    let counts = DuplicateCounts { by_blurhash, by_pixels, flat, unfit, pairs, shortened, kept_apart };
    Ok(Duplicates { copies, counts })
}
