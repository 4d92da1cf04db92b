//! Query to hits to images.
//!
//! - In: a parsed query, the index it is asked of, and the catalog that knows models and rows.
//! - Out: a page of images in the order asked for, with the number of all that match.
//! - Never: a change to either.

mod resolve;

use std::str::FromStr;

use stemmata_index::query::{Parsed, QueryError, parse};
use stemmata_index::{Cursor, Hits, IndexError, Reader, SortKey};
use thiserror::Error;

pub use resolve::CatalogResolver;

use crate::catalog::{Catalog, CatalogError, NamedImage};
use crate::entity::ImageKey;

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
}

/// One hit.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundImage {
    /// The image.
    pub image: NamedImage,
    /// How well its words match; `None` where the order does not ask.
    pub score: Option<f32>,
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
    answer(catalog, reader, &parse(query)?, settings)
}

/// Answers a query that was read before.
///
/// # Errors
///
/// As [`search`].
pub fn answer(
    catalog: &Catalog,
    reader: &Reader,
    parsed: &Parsed,
    settings: &SearchSettings,
) -> Result<Page, SearchError> {
    let parsed_limit = parsed.limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let options = stemmata_index::SearchOptions {
        limit: settings.limit.or(parsed_limit).unwrap_or(DEFAULT_LIMIT),
        sort: if settings.sort.is_empty() { parsed.sort.clone() } else { settings.sort.clone() },
        after: settings.after.as_deref().map(cursor).transpose()?,
    };
    let found = reader.search(&CatalogResolver::new(catalog), &parsed.query, &options)?;
    let mut hits = Vec::with_capacity(found.hits.len());
    for hit in &found.hits {
        let Some(key) = ImageKey::new(hit.key) else { continue };
        if let Some(image) = catalog.named_image(key)? {
            hits.push(FoundImage { image, score: hit.score });
        }
    }
    Ok(Page {
        total: found.total,
        hits,
        next: next_page(&found, options.limit),
        generation: reader.generation(),
    })
}

/// The place after the last hit, unless there is nothing after it.
fn next_page(found: &Hits, limit: usize) -> Option<String> {
    let last = found.hits.last().filter(|_| found.hits.len() == limit)?;
    Some(last.cursor.to_string())
}

fn cursor(text: &str) -> Result<Cursor, SearchError> {
    Cursor::from_str(text).map_err(|_| SearchError::BadCursor { text: text.to_owned() })
}
