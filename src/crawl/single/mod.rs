//! Fetches single entities by number, each its own transaction; what is not there gets a tombstone.
//!
//! - In: kinds and numbers. Out: entities in the catalog, and what became of each number.
//! - Asks only for what is not known to be gone, and only whether it has changed where it is known.
//! - Never: a loss. What is gone keeps everything that was known of it.

mod one;

use std::fmt;

use crate::catalog::{Absent, Catalog, LookupKind};
use crate::entity::{Dialect, ImageId, ImageName, Item, ModelId, VersionId};
use crate::fetch::{Client, FetchError};
use crate::run::{Counted, RunContext};
use crate::source::civitai::{ItemKind, MetaRequest};

use super::context::VersionList;
use super::error::CrawlError;
use super::lookup::{Asker, LARGEST_ID, Place, Question};
use super::page::Expected;
use super::plan::{ImageFilter, Listing};
use super::report::{ItemFailure, Tally};

pub(super) use one::{Failure, Fate, one};

/// One entity by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Single {
    /// A model with all its versions.
    Model(ModelId),
    /// A version with its files and pictures.
    Version(VersionId),
    /// An image.
    Image(ImageId),
}

impl Single {
    fn number(self) -> u64 {
        match self {
            Self::Model(id) => id.get(),
            Self::Version(id) => id.get(),
            Self::Image(id) => id.get(),
        }
    }

    /// Whether the site can have given out such a number.
    pub(super) fn is_possible(self) -> bool {
        self.number() <= LARGEST_ID
    }

    fn absent(self) -> Absent {
        match self {
            Self::Model(_) => Absent::Model,
            Self::Version(_) => Absent::Version,
            Self::Image(_) => Absent::Image,
        }
    }

    fn lookup_kind(self) -> LookupKind {
        match self {
            Self::Model(_) => LookupKind::Model,
            Self::Version(_) => LookupKind::Version,
            Self::Image(_) => LookupKind::Image,
        }
    }

    /// What the site is asked.
    pub(super) fn question(self) -> Question {
        match self {
            Self::Model(id) => Question::path(format!("models/{id}")),
            Self::Version(id) => Question::path(format!("model-versions/{id}")),
            Self::Image(id) => {
                let listing = Listing::Images(ImageFilter { image: Some(id), ..ImageFilter::default() });
                let mut parameters = listing.parameters();
                parameters.push(("limit".to_owned(), listing.max_page_limit().to_string()));
                Question { path: listing.path().to_owned(), parameters }
            }
        }
    }

    fn expected(self, page: u64) -> Expected {
        let (kind, meta_request, dialect) = match self {
            Self::Model(_) => (ItemKind::Model, MetaRequest::NotAsked, None),
            Self::Version(_) => (ItemKind::Version, MetaRequest::Asked, None),
            Self::Image(_) => (ItemKind::Image, MetaRequest::Asked, Some(Dialect::Database)),
        };
        Expected {
            kind,
            meta_request,
            returned_for: None,
            dialect,
            page,
            skip: 0,
            take: usize::MAX,
            versions: VersionList::Whole,
        }
    }

    /// Whether an item is the one that was asked for.
    fn is(self, item: &Item) -> bool {
        match (self, item) {
            (Self::Model(id), Item::Model(model, _)) => model.id == id,
            (Self::Version(id), Item::Version(version, _)) => version.id == id,
            (Self::Image(id), Item::Image(image)) => image.name == ImageName::Site(id),
            _ => false,
        }
    }
}

impl fmt::Display for Single {
    /// `model 5`, `version 9`, `image 501`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.absent().as_str(), self.number())
    }
}

/// Whether earlier answers spare a question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Memory {
    /// What was found to be gone is not asked for until that answer expires; what is known is only asked whether it
    /// has changed.
    #[default]
    Used,
    /// Everything is asked for anew, in full.
    Ignored,
}

/// What a run over single entities did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SingleReport {
    /// Fetched and committed, in the order asked for.
    pub found: Vec<Single>,
    /// Those of them that were seen to be absent when they were last asked for.
    pub returned: Vec<Single>,
    /// Known, and the same on the site as here; in the order asked for.
    pub unchanged: Vec<Single>,
    /// Not there, or not visible; in the order asked for.
    pub absent: Vec<Single>,
    /// Not asked for, because they were absent not long ago.
    pub spared: Vec<Single>,
    /// Not asked for, because the site has no such numbers.
    pub impossible: Vec<Single>,
    /// Answered, but not usably; the reasons are in `tally`.
    pub failed: Vec<Single>,
    /// Whether the run was asked to stop before it was through.
    pub interrupted: bool,
    /// Whether the run ended because no more requests or bytes are allowed.
    pub budget_spent: bool,
    /// Everything counted.
    pub tally: Tally,
}

impl SingleReport {
    /// How many of those asked for were dealt with.
    pub fn done(&self) -> usize {
        let lists =
            [&self.found, &self.unchanged, &self.absent, &self.spared, &self.impossible, &self.failed];
        lists.into_iter().map(Vec::len).sum()
    }
}

/// Fetches each of `singles`, in this order, and commits each by itself; [`Memory`] is used.
///
/// # Errors
///
/// As [`crawl_single_with`].
pub async fn crawl_single(
    client: &Client,
    catalog: &mut Catalog,
    singles: &[Single],
    context: &RunContext,
) -> Result<SingleReport, CrawlError> {
    crawl_single_with(client, catalog, singles, Memory::Used, context).await
}

/// Fetches each of `singles`, in this order, and commits each by itself.
///
/// Something that is not found gets a tombstone, and nothing known of it is lost. An image is looked up in its
/// listing, and only taken if the listing returns the very image: the site has returned others for months. One that
/// the site fails at costs two tries and only itself, as long as the site answers for its neighbours: there are
/// numbers at which it always fails.
///
/// # Errors
///
/// [`CrawlError::Single`] when the site cannot be reached, refuses, or fails at three in a row, or at everything, for
/// all tries; [`CrawlError::Catalog`]. What was committed before stays.
pub async fn crawl_single_with(
    client: &Client,
    catalog: &mut Catalog,
    singles: &[Single],
    memory: Memory,
    context: &RunContext,
) -> Result<SingleReport, CrawlError> {
    let before = client.traffic();
    let mut report = SingleReport::default();
    let mut asker = Asker::new(client, context);
    context.progress.begin("crawl", Some(singles.len() as u64));
    let mut failure = None;
    for (position, single) in singles.iter().copied().enumerate() {
        if context.cancel.is_requested() {
            report.interrupted = true;
            break;
        }
        let place = if position + 1 == singles.len() { Place::Last } else { Place::BeforeOthers };
        let page = position as u64 + 1;
        match one(&mut asker, catalog, single, memory, place, page, &mut report.tally).await {
            Ok(fate) => {
                let failed = u64::from(matches!(fate, Fate::Failed { .. }));
                context.progress.count(Counted::Failure, failed);
                settle(&mut report, single, page, fate);
            }
            Err(Failure::Fetch(FetchError::Cancelled)) => {
                report.interrupted = true;
                break;
            }
            Err(Failure::Fetch(FetchError::BudgetSpent { .. })) => {
                report.budget_spent = true;
                break;
            }
            Err(other) => {
                failure = Some((single, other));
                break;
            }
        }
        context.progress.advance(1);
    }
    context.progress.end();
    report.tally.set_traffic(before, client.traffic());
    match failure {
        None => Ok(report),
        Some((single, Failure::Fetch(source))) => {
            Err(CrawlError::Single { what: single.to_string(), report: Box::new(report), source })
        }
        Some((_, Failure::Catalog(error))) => Err(error.into()),
    }
}

fn settle(report: &mut SingleReport, single: Single, page: u64, fate: Fate) {
    let list = match fate {
        Fate::Found => &mut report.found,
        Fate::Returned => {
            report.returned.push(single);
            &mut report.found
        }
        Fate::Unchanged => &mut report.unchanged,
        Fate::Absent => &mut report.absent,
        Fate::Spared => &mut report.spared,
        Fate::Impossible => &mut report.impossible,
        Fate::Failed { reason } => {
            if let Some(reason) = reason {
                report.tally.fail(ItemFailure { page, position: 0, reason });
            }
            &mut report.failed
        }
    };
    list.push(single);
}
