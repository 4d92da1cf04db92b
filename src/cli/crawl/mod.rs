//! `crawl`: listings and single entities of the site into the catalog, then linked and indexed.

mod coverage;
mod failure;
mod listing;
mod media;
mod singles;

use std::time::Instant;

use stemmata::crawl::{ImageFilter, ImageSort, Listing, ModelFilter, ModelSort, Tally};

use super::args::{CrawlArgs, CrawlWhat, CreatorFlags, ImageFlags, ModelFlags, TagFlags, VerifyWhat};
use super::failure::{Failure, Outcome};
use super::session::Session;
use super::summary::{Loss, Summary, elapsed_ms};
use super::{plan, sync};
use listing::{Errand, Order, Wanted};

/// Crawls, then brings links and index up to date.
pub(crate) fn run(arguments: &CrawlArgs, session: &Session) -> Outcome {
    match &arguments.what {
        CrawlWhat::Images(flags) => listing::run(&images(flags)?, Errand::Take, session),
        CrawlWhat::Models(flags) => listing::run(&models(flags)?, Errand::Take, session),
        CrawlWhat::Creators(flags) => listing::run(&creators(flags), Errand::Take, session),
        CrawlWhat::Tags(flags) => listing::run(&tags(flags), Errand::Take, session),
        CrawlWhat::Verify(flags) => {
            let wanted = match &flags.what {
                VerifyWhat::Images(flags) => images(flags)?,
                VerifyWhat::Models(flags) => models(flags)?,
                VerifyWhat::Creators(flags) => creators(flags),
                VerifyWhat::Tags(flags) => tags(flags),
            };
            listing::run(&wanted, Errand::Verify, session)
        }
        CrawlWhat::Coverage(flags) => coverage::run(flags, session),
        CrawlWhat::Sync(flags) => sync::run(&flags.what, session),
        CrawlWhat::Plan(flags) => plan::run(&flags.what, session),
        CrawlWhat::Model(flags) => singles::singles(flags, singles::read_model, session),
        CrawlWhat::Version(flags) => singles::singles(flags, singles::read_version, session),
        CrawlWhat::Media(flags) => media::run(flags, session),
        CrawlWhat::Image(flags) => singles::singles(flags, singles::read_image, session),
    }
}

fn images(flags: &ImageFlags) -> Result<Wanted<'_>, Failure> {
    let filter = ImageFilter {
        model: flags.model_id,
        version: flags.model_version_id,
        post: flags.post_id,
        image: None,
        username: flags.username.clone(),
        tags: flags.tags.clone(),
        media_type: flags.media_type,
        base_models: flags.base_models.clone(),
        sort: flags.sort,
        period: flags.period,
        browsing_level: flags.browsing_level,
    };
    let newest_first = flags.sort == ImageSort::Newest;
    Ok(Wanted {
        listing: Listing::Images(filter),
        order: Some(Order::of(&flags.order, newest_first)?),
        page_limit: Some(flags.limit),
        amount: &flags.amount,
        site: &flags.site,
    })
}

fn models(flags: &ModelFlags) -> Result<Wanted<'_>, Failure> {
    let filter = ModelFilter {
        query: flags.query.clone(),
        ids: flags.ids.clone(),
        tag: flags.tag.clone(),
        username: flags.username.clone(),
        types: flags.types.clone(),
        base_models: flags.base_models.clone(),
        checkpoint_type: flags.checkpoint_type.clone(),
        nsfw: flags.nsfw,
        sort: flags.sort,
        period: flags.period,
    };
    let newest_first = flags.sort == ModelSort::Newest;
    Ok(Wanted {
        listing: Listing::Models(filter),
        order: Some(Order::of(&flags.order, newest_first)?),
        page_limit: Some(flags.limit),
        amount: &flags.amount,
        site: &flags.site,
    })
}

fn creators(flags: &CreatorFlags) -> Wanted<'_> {
    let listing = Listing::Creators { query: flags.query.clone() };
    Wanted { listing, order: None, page_limit: None, amount: &flags.amount, site: &flags.site }
}

fn tags(flags: &TagFlags) -> Wanted<'_> {
    let listing = Listing::Tags { query: flags.query.clone() };
    Wanted { listing, order: None, page_limit: None, amount: &flags.amount, site: &flags.site }
}

/// The summary of `command`, filled with what a run counted.
pub(in crate::cli) fn tally_summary(
    command: &'static str,
    end: &'static str,
    tally: &Tally,
    started: Instant,
) -> Summary {
    let mut summary = Summary::new(command, end, &tally.written);
    summary.count_traffic(&tally.traffic);
    summary.items = tally.items;
    summary.failed = tally.failed_items;
    summary.failures = tally
        .failures
        .iter()
        .map(|failure| Loss {
            place: format!("page {}", failure.page),
            line: None,
            item: Some(failure.position),
            reason: failure.reason.clone(),
        })
        .collect();
    summary.field_warnings.clone_from(&tally.field_warnings);
    summary.anomalies.clone_from(&tally.anomalies);
    summary.elapsed_ms = elapsed_ms(started);
    summary
}
