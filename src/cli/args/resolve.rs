//! Flags of `resolve`, `crawl sync` and `crawl plan`.

use clap::{Args, ValueEnum};
use stemmata::crawl::Period;
use stemmata::crawl::sync::SyncStep;

use super::site::{AmountFlags, SiteFlags};
use crate::cli::site_words;

/// `resolve`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stemmata resolve --dry-run
  stemmata resolve --max-items 500
  stemmata resolve --kind hash
  stemmata resolve --kind version --max-requests 200

What most images name comes first. SHA-256 are asked for in batches of 10,000, everything else
one by one. Hashes that the site does not know are not asked for again for a day, versions not
for a week; --refresh asks all the same.
An interrupted run goes on when the same line is run again.
")]
pub(crate) struct ResolveArgs {
    /// Only hashes, or only versions
    #[arg(long, value_enum, value_name = "KIND")]
    pub(crate) kind: Option<ResolveChoice>,
    /// Say what would be asked and what that costs, and send nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Ask also for what earlier answers spare
    #[arg(long)]
    pub(crate) refresh: bool,
    #[command(flatten)]
    pub(crate) amount: AmountFlags,
    #[command(flatten)]
    pub(crate) site: SiteFlags,
}

/// What to look up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ResolveChoice {
    /// Hashes that images name and no file known here has.
    #[value(alias = "hashes")]
    Hash,
    /// Versions that images name by number.
    #[value(alias = "versions")]
    Version,
}

/// What to bring up to date.
#[derive(Args, Debug)]
pub(crate) struct UpToDateFlags {
    /// Only these steps: images, models, stale, versions, hashes; several with commas
    #[arg(long, value_name = "STEPS", value_delimiter = ',', value_parser = step)]
    pub(crate) only: Vec<SyncStep>,
    /// Ask again for models and versions that nobody asked for in so many days
    #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub(crate) stale: u32,
    /// How far back new images and models may lie: all-time, year, month, week, day [default: to the last time]
    #[arg(long, value_name = "SPAN", value_parser = site_words::period)]
    pub(crate) period: Option<Period>,
    /// Ask also for what earlier answers spare
    #[arg(long)]
    pub(crate) refresh: bool,
    /// Stop each step after so many items
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_items: Option<u64>,
    #[command(flatten)]
    pub(crate) site: SiteFlags,
}

/// `crawl sync`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stemmata crawl sync
  stemmata crawl sync --only images,models
  stemmata crawl sync --stale 7 --max-requests 1000

Steps, in this order: images (the newest, until known ground), models (new ones and new
versions, until known ground), stale (what nobody asked for in --stale days: sent again only
if it has changed), versions (that images name and nobody here has seen), hashes (that images
name and no file known here has). The first time reaches a day back, or as far as --period
says; later ones reach back to the last time. `stemmata crawl plan` tells before what that
costs.
")]
pub(crate) struct SyncFlags {
    #[command(flatten)]
    pub(crate) what: UpToDateFlags,
}

/// `crawl plan`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stemmata crawl plan
  stemmata crawl plan --only hashes --max-items 1000
  stemmata crawl plan --max-rps 1 --format json

Takes the flags of `crawl sync` and sends nothing.
")]
pub(crate) struct PlanFlags {
    #[command(flatten)]
    pub(crate) what: UpToDateFlags,
}

fn step(text: &str) -> Result<SyncStep, String> {
    SyncStep::from_word(text).ok_or_else(|| {
        let words: Vec<&str> = SyncStep::ALL.iter().map(|step| step.as_str()).collect();
        format!("it is one of {}", words.join(", "))
    })
}
