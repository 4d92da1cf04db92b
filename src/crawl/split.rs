//! One listing as several smaller ones, because a listing ends near 50,000 items, whatever there is.
//!
//! - In: a listing, and by what to split it; the values come from the catalog, from the site, or from a bundled list.
//! - Out: the parts, each walked, resumed and covered like any listing; which of them are through.
//! - Never: a promise that the parts make up the whole.

mod values;

use std::collections::HashSet;

use crate::catalog::Catalog;
use crate::entity::MediaType;
use crate::fetch::{Client, FetchError};
use crate::run::RunContext;

use super::error::CrawlError;
use super::listing::{CrawlOptions, crawl_listing, row_key, verify_listing};
use super::plan::{ImageFilter, Listing, ModelFilter};
use super::report::{CrawlEnd, CrawlReport, Tally};
use super::words::Period;
pub use values::MODEL_TYPES;
use values::Values;

/// By what to split a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// By the versions of the model that the listing is of.
    Version,
    /// By the accounts that the catalog knows.
    User,
    /// By span of time; the spans lie within each other.
    Period,
    /// By base model.
    BaseModel,
    /// By type: of the model, or picture, video and sound.
    Type,
}

impl Split {
    /// Every way.
    pub const ALL: &[Self] = &[Self::Version, Self::User, Self::Period, Self::BaseModel, Self::Type];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::User => "user",
            Self::Period => "period",
            Self::BaseModel => "base-model",
            Self::Type => "type",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|split| split.as_str() == word)
    }
}

/// What to do with each part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartErrand {
    /// Walk it.
    Take,
    /// Walk it a second time, if it was walked.
    Verify,
}

/// Walks `listing` in parts, one after the other. Parts that the present round has walked to their end are passed
/// over; when all of them are through, a new round begins.
///
/// `options.max_items` counts over all parts of this run. The report counts what all of them did.
///
/// # Errors
///
/// [`CrawlError::NoParts`] when there is nothing to split by; else what ends the walk over a part. A part whose filter
/// the site ignores or refuses costs only itself.
pub async fn crawl_in_parts(
    client: &Client,
    catalog: &mut Catalog,
    listing: &Listing,
    splits: &[Split],
    errand: PartErrand,
    options: &CrawlOptions,
    context: &RunContext,
) -> Result<CrawlReport, CrawlError> {
    let before = client.traffic();
    let parts = parts(client, catalog, listing, splits, context).await?;
    let key = row_key(listing.key(client.base()), options);
    let keys: Vec<String> = parts.iter().map(|part| row_key(part.key(client.base()), options)).collect();
    if errand == PartErrand::Take {
        begin_round(catalog, &key, &keys)?;
    }
    let done: HashSet<String> = match errand {
        PartErrand::Take => {
            let round = catalog.crawl_parts(&key)?.into_iter();
            round.filter(|part| part.done).map(|part| part.listing).collect()
        }
        PartErrand::Verify => HashSet::new(),
    };
    let mut report = whole(listing, key.clone(), keys.len() as u64);
    for (part, part_key) in parts.iter().zip(&keys) {
        if done.contains(part_key) {
            report.count_part();
            continue;
        }
        let left = options.max_items.map(|most| most.saturating_sub(report.tally.items));
        let options = CrawlOptions { max_items: left, ..*options };
        let walked = match errand {
            PartErrand::Take => crawl_listing(client, catalog, part, &options, context).await,
            PartErrand::Verify => verify_listing(client, catalog, part, &options, context).await,
        };
        let is_through = match walked {
            Ok(walked) => {
                let end = walked.end;
                report.add(walked);
                if matches!(end, CrawlEnd::Interrupted | CrawlEnd::EnoughItems | CrawlEnd::BudgetSpent) {
                    report.end = end;
                    break;
                }
                end != CrawlEnd::Stalled
            }
            Err(error) => report.survive(error)?,
        };
        if is_through {
            report.count_part();
            if errand == PartErrand::Take {
                catalog.finish_crawl_part(&key, part_key)?;
            }
        }
    }
    report.tally.set_traffic(before, client.traffic());
    Ok(report)
}

/// Goes on with a round that is not through, else begins one.
fn begin_round(catalog: &mut Catalog, key: &str, keys: &[String]) -> Result<(), CrawlError> {
    let round = catalog.crawl_parts(key)?;
    let is_under_way = round.iter().any(|part| !part.done && keys.contains(&part.listing));
    if !is_under_way {
        catalog.begin_crawl_parts(key, keys)?;
    }
    Ok(())
}

fn whole(listing: &Listing, key: String, parts: u64) -> CrawlReport {
    CrawlReport {
        listing: key,
        words: listing.to_string(),
        end: CrawlEnd::Finished,
        end_reason: None,
        counts: crate::catalog::WalkCounts::default(),
        base_joins: None,
        parts: Some((0, parts)),
        resumed: false,
        restarted: false,
        pages: 0,
        walk_pages: 0,
        tally: Tally::default(),
    }
}

impl CrawlReport {
    fn count_part(&mut self) {
        self.parts = self.parts.map(|(done, all)| (done + 1, all));
    }

    /// Adds what the walk over a part did.
    fn add(&mut self, part: Self) {
        self.resumed |= part.resumed;
        self.pages += part.pages;
        self.walk_pages += part.walk_pages;
        self.counts.distinct += part.counts.distinct;
        self.counts.verified += part.counts.verified;
        self.counts.gaps_closed += part.counts.gaps_closed;
        self.counts.inside += part.counts.inside;
        self.counts.beyond += part.counts.beyond;
        self.counts.newer += part.counts.newer;
        self.base_joins = match (self.base_joins, part.base_joins) {
            (Some(one), Some(other)) => Some(one + other),
            (one, other) => one.or(other),
        };
        self.tally.add(part.tally);
        if part.end == CrawlEnd::Stalled {
            self.end = CrawlEnd::Stalled;
        }
    }

    /// Whether the round counts a part as through that ended so.
    fn survive(&mut self, error: CrawlError) -> Result<bool, CrawlError> {
        match error {
            CrawlError::FilterIgnored { report } => {
                self.add(*report);
                self.end = CrawlEnd::Stalled;
                Ok(false)
            }
            CrawlError::Page {
                report,
                source: FetchError::NotFound { .. } | FetchError::Rejected { .. },
            } => {
                self.add(*report);
                Ok(true)
            }
            CrawlError::NeverCrawled { .. } => Ok(true),
            CrawlError::Page { report, source } => {
                self.add((*report).clone());
                let whole = Self { end: CrawlEnd::Failed, words: report.words, ..self.clone() };
                Err(CrawlError::Page { report: Box::new(whole), source })
            }
            error => Err(error),
        }
    }
}

/// The parts of `listing`, nested in the order of `splits`.
async fn parts(
    client: &Client,
    catalog: &mut Catalog,
    listing: &Listing,
    splits: &[Split],
    context: &RunContext,
) -> Result<Vec<Listing>, CrawlError> {
    let values = values::values(client, catalog, listing, splits, context).await?;
    let mut parts = vec![listing.clone()];
    for split in splits {
        parts = parts.iter().flat_map(|part| by(part, *split, &values)).collect();
        if parts.is_empty() {
            return Err(CrawlError::NoParts { words: listing.to_string(), split: *split });
        }
    }
    Ok(parts)
}

/// One listing by one way; nothing where it cannot be split so.
fn by(listing: &Listing, split: Split, values: &Values) -> Vec<Listing> {
    match listing {
        Listing::Images(filter) => {
            images_by(filter, split, values).into_iter().map(Listing::Images).collect()
        }
        Listing::Models(filter) => {
            models_by(filter, split, values).into_iter().map(Listing::Models).collect()
        }
        Listing::Creators { .. } | Listing::Tags { .. } => Vec::new(),
    }
}

fn images_by(filter: &ImageFilter, split: Split, values: &Values) -> Vec<ImageFilter> {
    let with = |change: &dyn Fn(&mut ImageFilter)| {
        let mut part = filter.clone();
        change(&mut part);
        part
    };
    match split {
        Split::Version => {
            let versions = values.versions.iter();
            versions.map(|id| with(&|part| (part.model, part.version) = (None, Some(*id)))).collect()
        }
        Split::User => {
            let askable = values.users.iter().filter(|name| is_askable(name));
            askable.map(|name| with(&|part| part.username = Some(name.clone()))).collect()
        }
        Split::Period => Period::ALL.iter().map(|period| with(&|part| part.period = *period)).collect(),
        Split::BaseModel => values
            .base_models
            .iter()
            .map(|name| with(&|part| part.base_models = vec![name.clone()]))
            .collect(),
        Split::Type => [MediaType::Image, MediaType::Video, MediaType::Audio]
            .map(|kind| with(&|part| part.media_type = Some(kind)))
            .into(),
    }
}

fn models_by(filter: &ModelFilter, split: Split, values: &Values) -> Vec<ModelFilter> {
    let with = |change: &dyn Fn(&mut ModelFilter)| {
        let mut part = filter.clone();
        change(&mut part);
        part
    };
    match split {
        Split::Version => Vec::new(),
        Split::User => {
            values.users.iter().map(|name| with(&|part| part.username = Some(name.clone()))).collect()
        }
        Split::Period => Period::ALL.iter().map(|period| with(&|part| part.period = *period)).collect(),
        Split::BaseModel => values
            .base_models
            .iter()
            .map(|name| with(&|part| part.base_models = vec![name.clone()]))
            .collect(),
        Split::Type => {
            values.types.iter().map(|kind| with(&|part| part.types = vec![kind.clone()])).collect()
        }
    }
}

/// Whether the image listing takes the name: letters, digits and underscores.
fn is_askable(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::values::{BASE_MODELS, merged};
    use super::*;
    use crate::entity::{ModelId, VersionId};

    fn values() -> Values {
        Values {
            versions: [11, 12].into_iter().filter_map(VersionId::new).collect(),
            users: vec!["alice".to_owned(), "a b".to_owned()],
            base_models: merged(Vec::new(), vec!["Made up".to_owned()], BASE_MODELS),
            types: merged(vec!["LORA".to_owned()], Vec::new(), MODEL_TYPES),
        }
    }

    #[test]
    fn a_listing_of_a_model_becomes_listings_of_its_versions() {
        let of_model = Listing::Images(ImageFilter { model: ModelId::new(5), ..ImageFilter::default() });
        let parts = by(&of_model, Split::Version, &values());
        assert_eq!(
            parts.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["images of version 11 (newest)", "images of version 12 (newest)"]
        );
        assert!(by(&Listing::Models(ModelFilter::default()), Split::Version, &values()).is_empty());
    }

    #[test]
    fn every_part_is_a_listing_of_its_own() {
        let listings = [Listing::Images(ImageFilter::default()), Listing::Models(ModelFilter::default())];
        let base = super::super::api_base("https://civitai.com").expect("valid");
        let mut seen = 0;
        for listing in &listings {
            for split in Split::ALL.iter().filter(|split| **split != Split::Version) {
                let mut keys: Vec<String> =
                    by(listing, *split, &values()).iter().map(|part| part.key(&base)).collect();
                let all = keys.len();
                keys.sort();
                keys.dedup();
                assert_eq!((keys.len(), keys.is_empty()), (all, false), "{listing} by {}", split.as_str());
                seen += 1;
            }
        }
        assert_eq!(seen, 8);
        let users = by(&listings[0], Split::User, &values());
        assert_eq!(users.len(), 1, "the image listing takes no blanks in names");
    }

    #[test]
    fn every_word_reads_back_as_itself() {
        assert!(Split::ALL.iter().all(|split| Split::from_word(split.as_str()) == Some(*split)));
    }
}
