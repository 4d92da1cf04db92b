//! Fetches single entities by number, each its own transaction; what is not there gets a tombstone.

use std::fmt;

use crate::catalog::{Absent, Batch, Catalog, CatalogError, Tombstone};
use crate::entity::{Dialect, ImageId, ImageName, Item, ModelId, VersionId};
use crate::fetch::{Client, FetchError};
use crate::run::RunContext;
use crate::source::civitai::{ItemKind, MetaRequest, open};

use super::document::readable;
use super::error::CrawlError;
use super::page::{Expected, ReadPage, read_page};
use super::plan::{ImageFilter, Listing};
use super::report::{Anomaly, ItemFailure, Tally};

/// The status of a tombstone for an image that its listing did not contain.
const ABSENT_FROM_LISTING: u16 = 200;

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

    fn absent(self) -> Absent {
        match self {
            Self::Model(_) => Absent::Model,
            Self::Version(_) => Absent::Version,
            Self::Image(_) => Absent::Image,
        }
    }

    /// The path below the API's base, and the parameters.
    fn request(self) -> (String, Vec<(String, String)>) {
        match self {
            Self::Model(id) => (format!("models/{id}"), Vec::new()),
            Self::Version(id) => (format!("model-versions/{id}"), Vec::new()),
            Self::Image(id) => {
                let listing = Listing::Images(ImageFilter { image: Some(id), ..ImageFilter::default() });
                let mut parameters = listing.parameters();
                parameters.push(("limit".to_owned(), listing.max_page_limit().to_string()));
                (listing.path().to_owned(), parameters)
            }
        }
    }

    fn expected(self, page: u64) -> Expected {
        let (kind, meta_request, dialect) = match self {
            Self::Model(_) => (ItemKind::Model, MetaRequest::NotAsked, None),
            Self::Version(_) => (ItemKind::Version, MetaRequest::Asked, None),
            Self::Image(_) => (ItemKind::Image, MetaRequest::Asked, Some(Dialect::Database)),
        };
        Expected { kind, meta_request, returned_for: None, dialect, page, skip: 0, take: usize::MAX }
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

/// What a run over single entities did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SingleReport {
    /// Fetched and committed, in the order asked for.
    pub found: Vec<Single>,
    /// Not there, or not visible; in the order asked for.
    pub absent: Vec<Single>,
    /// Answered, but not usably; the reasons are in `tally`.
    pub failed: Vec<Single>,
    /// Whether the run was asked to stop before it was through.
    pub interrupted: bool,
    /// Everything counted.
    pub tally: Tally,
}

impl SingleReport {
    fn fail(&mut self, unanswered: &Unanswered) {
        self.failed.push(unanswered.single);
        fail(&mut self.tally, unanswered.position, unanswered.source.to_string());
    }
}

/// Fetches each of `singles`, in this order, and commits each by itself.
///
/// Something that is not found gets a tombstone, and nothing known of it is lost. An image is looked up in its
/// listing, and only taken if the listing returns the very image: the site has returned others for months. One that
/// the site fails at, time and again, costs only itself as long as the site answers for its neighbours: there are
/// numbers at which it always fails.
///
/// # Errors
///
/// [`CrawlError::Single`] when the site cannot be reached, refuses, or fails at two in a row or at the only one; [`CrawlError::Catalog`]. What was committed
/// before stays.
pub async fn crawl_single(
    client: &Client,
    catalog: &mut Catalog,
    singles: &[Single],
    context: &RunContext,
) -> Result<SingleReport, CrawlError> {
    let before = client.traffic();
    let mut report = SingleReport::default();
    let mut unanswered: Option<Unanswered> = None;
    let mut site_fails = false;
    context.progress.begin("crawl", Some(singles.len() as u64));
    for (position, single) in (1..).zip(singles.iter().copied()) {
        if context.cancel.is_requested() {
            report.interrupted = true;
            break;
        }
        let fate = one(client, catalog, single, position, &mut report.tally, context).await;
        if let Err(Failure::Fetch(source @ FetchError::Server { .. })) = fate {
            let second = Unanswered { single, position, source };
            let Some(first) = unanswered.replace(second) else {
                context.progress.advance(1);
                continue;
            };
            report.fail(&first);
            site_fails = true;
            break;
        }
        if let Some(alone) = unanswered.take() {
            report.fail(&alone);
        }
        match fate {
            Ok(Fate::Found) => report.found.push(single),
            Ok(Fate::Absent) => report.absent.push(single),
            Ok(Fate::Failed) => report.failed.push(single),
            Err(Failure::Fetch(FetchError::Cancelled)) => {
                report.interrupted = true;
                break;
            }
            Err(Failure::Fetch(source)) => {
                context.progress.end();
                report.tally.set_traffic(before, client.traffic());
                let (what, report) = (single.to_string(), Box::new(report));
                return Err(CrawlError::Single { what, report, source });
            }
            Err(Failure::Catalog(error)) => {
                context.progress.end();
                return Err(error.into());
            }
        }
        context.progress.advance(1);
    }
    context.progress.end();
    report.tally.set_traffic(before, client.traffic());
    let Some(last) = unanswered else { return Ok(report) };
    let was_answered = !report.found.is_empty() || !report.absent.is_empty();
    if report.interrupted || (was_answered && !site_fails) {
        report.fail(&last);
        return Ok(report);
    }
    let (what, report) = (last.single.to_string(), Box::new(report));
    Err(CrawlError::Single { what, report, source: last.source })
}

/// One entity at which the site failed; the next ones tell whether it is the entity or the site.
struct Unanswered {
    single: Single,
    position: u64,
    source: FetchError,
}

/// Why a run ends before its time.
enum Failure {
    Fetch(FetchError),
    Catalog(CatalogError),
}

impl From<CatalogError> for Failure {
    fn from(error: CatalogError) -> Self {
        Self::Catalog(error)
    }
}

enum Fate {
    Found,
    Absent,
    Failed,
}

async fn one(
    client: &Client,
    catalog: &mut Catalog,
    single: Single,
    position: u64,
    tally: &mut Tally,
    context: &RunContext,
) -> Result<Fate, Failure> {
    let (path, parameters) = single.request();
    let source = client.base().join(&path, &parameters).to_string();
    let text = match document(client, single, tally, context).await {
        Ok(text) => text,
        Err(FetchError::NotFound { status, .. }) => {
            return Ok(bury(catalog, single, status, &source, context)?);
        }
        Err(error @ FetchError::Rejected { .. }) => return Ok(fail(tally, position, error.to_string())),
        Err(error) => return Err(Failure::Fetch(error)),
    };
    let opened = match open(&text) {
        Ok(opened) => opened,
        Err(error) => return Ok(fail(tally, position, error.to_string())),
    };
    let is_image = matches!(single, Single::Image(_));
    if is_image && opened.items.is_empty() && opened.problems.is_empty() {
        return Ok(bury(catalog, single, ABSENT_FROM_LISTING, &source, context)?);
    }
    let mut page = read_page(&opened, single.expected(position), tally)?;
    let received = page.records.len();
    page.records.retain(|record| single.is(&record.item));
    for _ in page.records.len()..received {
        tally.note(Anomaly::FilterIgnored);
    }
    if page.records.is_empty() {
        let reason = format!("the answer does not hold {single}");
        return Ok(if received > 0 { fail(tally, position, reason) } else { Fate::Failed });
    }
    write(catalog, page, source, tally, context)?;
    Ok(Fate::Found)
}

/// The text of the answer; asked for again while it cannot be read.
async fn document(
    client: &Client,
    single: Single,
    tally: &mut Tally,
    context: &RunContext,
) -> Result<String, FetchError> {
    let (path, parameters) = single.request();
    let fetch = async || client.get(&path, &parameters, context).await;
    let asked = readable(fetch().await, fetch).await;
    (0..asked.unreadable).for_each(|_| tally.note(Anomaly::UnreadableDocument));
    asked.text
}

fn fail(tally: &mut Tally, page: u64, reason: String) -> Fate {
    tally.fail(ItemFailure { page, position: 0, reason });
    Fate::Failed
}

fn bury(
    catalog: &mut Catalog,
    single: Single,
    status: u16,
    source: &str,
    context: &RunContext,
) -> Result<Fate, CatalogError> {
    let seen = Tombstone { at: context.clock.now(), status };
    catalog.note_absence(single.absent(), single.number(), seen, source)?;
    Ok(Fate::Absent)
}

fn write(
    catalog: &mut Catalog,
    page: ReadPage,
    source: String,
    tally: &mut Tally,
    context: &RunContext,
) -> Result<(), CatalogError> {
    let batch = Batch {
        stage: "crawl",
        source,
        at: context.clock.now(),
        raw: page.raw,
        records: page.records,
        crawl: None,
    };
    tally.written.add(&catalog.write(&batch)?);
    Ok(())
}
