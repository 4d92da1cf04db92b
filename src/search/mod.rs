//! Query to hits to images.
//!
//! - In: a parsed query, the index it is asked of, and the catalog that knows models and rows.
//! - Out: a page of images in the order asked for, with the number of all that match.
//! - Never: a change to either.

mod asked;
mod cursor;
mod explain;
mod facet;
mod groups;
mod highlight;
mod kinship;
mod names;
mod resolve;

use stemmata_index::query::{Parsed, QueryError, parse};
use stemmata_index::{Hits, IndexError, Reader, SortKey};
use thiserror::Error;

pub use explain::{Explanation, explain};
pub use facet::{FacetBucket, FacetCounts, FacetKind, NoFacet, Period, Role, facets};
pub use groups::{FoundGroup, GroupKind, GroupPage, answer_groups};
pub use highlight::Highlighter;
pub use kinship::Kinship;
pub use names::names_beginning;
pub use resolve::CatalogResolver;

use crate::catalog::{Catalog, CatalogError, LinkedName, NamedImage};
use crate::entity::{ImageKey, ImageName};
use cursor::{PageCursor, Question};

/// Images on a page unless somebody says otherwise.
pub const DEFAULT_LIMIT: usize = 20;

/// What flags say beside the query; a flag wins over the same thing inside the query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchSettings {
    /// Most hits.
    pub limit: Option<usize>,
    /// The order; best match first where neither this nor the query says anything.
    pub sort: Vec<SortKey>,
    /// Where the last page ended: [`Page::next`] of it.
    pub after: Option<String>,
    /// So many images drawn by lot instead of the first ones; order, limit and place do not count then.
    pub sample: Option<Sample>,
}

/// Images drawn by lot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// How many.
    pub count: usize,
    /// The same number draws the same images, as long as the same ones match.
    pub seed: u64,
}

/// A page of hits.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// All images that match.
    pub total: u64,
    /// The images of this page, in order.
    pub hits: Vec<FoundImage>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<String>,
    /// The generation of the catalog that the index shows.
    pub generation: u64,
    /// The generation that the index showed when the page before this one ended, if it has changed since: images may
    /// have moved between the pages.
    pub continued_from: Option<u64>,
}

/// One hit.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundImage {
    /// The image.
    pub image: NamedImage,
    /// How well its words match; `None` where the order does not ask.
    pub score: Option<f32>,
    /// The version that stands for its checkpoint, if one does.
    pub checkpoint: Option<LinkedName>,
    /// Whether it is a file that the last scan no longer found.
    pub missing: bool,
}

/// A failed search.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SearchError {
    /// The query cannot be read.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The text given as place to continue from is none.
    #[error("{text:?} is not a place to continue from")]
    BadCursor {
        /// As given.
        text: String,
    },
    /// The place belongs to another query, or to another order of the same one.
    #[error("this is a place in the hits of another query or another order")]
    OtherQuery,
    /// The index is missing, locked, damaged or of another format.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The catalog could not be read.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

/// Reads a query and answers it.
///
/// Images that the index still shows but the catalog no longer has are left out.
///
/// # Errors
///
/// [`SearchError::Query`] with the place of the trouble; otherwise when index or catalog cannot be read.
pub fn search(
    catalog: &Catalog,
    reader: &Reader,
    query: &str,
    settings: &SearchSettings,
) -> Result<Page, SearchError> {
    answer(&CatalogResolver::new(catalog), reader, &parse(query)?, settings)
}

/// Answers a query that was read before.
///
/// # Errors
///
/// As [`search`].
pub fn answer(
    resolver: &CatalogResolver<'_>,
    reader: &Reader,
    parsed: &Parsed,
    settings: &SearchSettings,
) -> Result<Page, SearchError> {
    if let Some(sample) = settings.sample {
        return drawn(resolver, reader, parsed, sample);
    }
    let (limit, sort) = (limit_of(parsed, settings), order_of(parsed, settings));
    let question = Question::new(&parsed.query, &sort, "");
    let after = settings.after.as_deref().map(|text| continued(text, question)).transpose()?;
    let options = stemmata_index::SearchOptions {
        // One more than is shown tells whether there is a next page.
        limit: if limit == 0 { 0 } else { limit.saturating_add(1) },
        sort,
        after: after.as_ref().map(|cursor| cursor.place.clone()),
    };
    let mut found = reader.search(resolver, &parsed.query, &options)?;
    let place = last_place(&mut found, limit);
    let mut hits = Vec::with_capacity(found.hits.len());
    for hit in &found.hits {
        hits.extend(complete(resolver.catalog(), hit.key, hit.score)?);
    }
    let generation = reader.generation();
    let next = |place| PageCursor { question, generation, place }.to_string();
    Ok(Page {
        total: found.total,
        hits,
        next: place.map(next),
        generation,
        continued_from: after.map(|cursor| cursor.generation).filter(|then| *then != generation),
    })
}

fn drawn(
    resolver: &CatalogResolver<'_>,
    reader: &Reader,
    parsed: &Parsed,
    sample: Sample,
) -> Result<Page, SearchError> {
    let mut hits = Vec::with_capacity(sample.count.min(DEFAULT_LIMIT));
    for key in reader.sample(resolver, &parsed.query, sample.count, sample.seed)? {
        hits.extend(complete(resolver.catalog(), key, None)?);
    }
    let total = reader.count(resolver, &parsed.query)?;
    Ok(Page { total, hits, next: None, generation: reader.generation(), continued_from: None })
}

fn limit_of(parsed: &Parsed, settings: &SearchSettings) -> usize {
    let said = parsed.limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
    settings.limit.or(said).unwrap_or(DEFAULT_LIMIT)
}

fn order_of(parsed: &Parsed, settings: &SearchSettings) -> Vec<SortKey> {
    if settings.sort.is_empty() { parsed.sort.clone() } else { settings.sort.clone() }
}

/// What the catalog says of a hit; `None` for one that it no longer has.
fn complete(catalog: &Catalog, key: i64, score: Option<f32>) -> Result<Option<FoundImage>, CatalogError> {
    let Some(key) = ImageKey::new(key) else { return Ok(None) };
    let Some(image) = catalog.named_image(key)? else { return Ok(None) };
    let checkpoint = catalog.linked_checkpoint(image.row.key)?;
    let missing = matches!(image.name, ImageName::Path(_)) && catalog.is_missing(image.row.key)?;
    Ok(Some(FoundImage { image, score, checkpoint, missing }))
}

/// Cuts the hits to the page, and gives its last place where something comes after it.
fn last_place(found: &mut Hits, limit: usize) -> Option<stemmata_index::Cursor> {
    if found.hits.len() <= limit {
        return None;
    }
    found.hits.truncate(limit);
    found.hits.last().map(|hit| hit.cursor.clone())
}

fn continued(text: &str, question: Question) -> Result<PageCursor, SearchError> {
    let cursor: PageCursor = text.parse().map_err(|()| SearchError::BadCursor { text: text.to_owned() })?;
    if cursor.question != question {
        return Err(SearchError::OtherQuery);
    }
    Ok(cursor)
}
