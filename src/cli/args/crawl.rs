//! Flags of `crawl`.

use clap::{Args, Subcommand};
use stemmata::crawl::{ImageSort, ModelSort, Period, Split};
use stemmata::entity::{MediaType, ModelId, PostId, Timestamp, VersionId};
use stemmata::run::Clock;

use super::media::MediaFlags;
use super::resolve::{PlanFlags, SyncFlags};
use super::site::{AmountFlags, SiteFlags};
use crate::cli::site_words;

/// `crawl`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stemmata crawl models --types lora --sort newest --max-items 500
  stemmata crawl images --model-id 257749
  stemmata crawl version 290640 128713
  stemmata crawl images --username alice --period month
  stemmata crawl coverage
  stemmata crawl verify images --model-id 257749

An interrupted crawl goes on when the same line is run again.
A token for the site is read from CIVITAI_TOKEN, CIVITAI_API_KEY or --token-file.
")]
pub(crate) struct CrawlArgs {
    #[command(subcommand)]
    pub(crate) what: CrawlWhat,
}

/// What to crawl.
#[derive(Debug, Subcommand)]
pub(crate) enum CrawlWhat {
    /// The image listing, by cursor
    Images(ImageFlags),
    /// The model listing, by cursor
    Models(ModelFlags),
    /// The creator listing, by page
    Creators(CreatorFlags),
    /// The tag listing, by page
    Tags(TagFlags),
    /// How much of each listing there is, and what may be missing
    Coverage(CoverageFlags),
    /// Walk a listing again in shifted pages, and add what the first walk lost between pages
    Verify(VerifyFlags),
    /// Bring this home up to date: new images and models, what has changed, what is unresolved
    Sync(SyncFlags),
    /// What `crawl sync` would ask, and how long that would take; sends nothing
    Plan(PlanFlags),
    /// Small renditions of pictures, for their fingerprints: what `dupes` and `similar` compare
    Media(Box<MediaFlags>),
    /// Single models by id
    #[command(after_help = MODEL_EXAMPLES)]
    Model(SingleFlags),
    /// Single model versions by id
    #[command(after_help = VERSION_EXAMPLES)]
    Version(SingleFlags),
    /// Single images by id
    #[command(after_help = IMAGE_EXAMPLES)]
    Image(SingleFlags),
}

/// `crawl coverage`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stemmata crawl coverage
  stemmata crawl coverage modelId=257749
  stemmata crawl coverage --format ndjson

Verdicts:
  complete    walked to its end, and nothing can have been lost between pages
  unknown     nothing is known to be missing, and something could be
  incomplete  something is missing; the exit code is 9 then
The exit code is 4 when nothing was ever crawled.
")]
pub(crate) struct CoverageFlags {
    /// Only listings whose text contains this, such as modelId=5 or /tags
    #[arg(value_name = "LISTING")]
    pub(crate) listing: Option<String>,
}

/// `crawl verify`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stemmata crawl verify images --model-id 257749
  stemmata crawl verify models --sort newest --types lora
  stemmata crawl verify tags

Give the flags of the crawl that is to be verified. The exit code is 9 when something was missing
or could not be checked; what was missing is in the catalog afterwards.
")]
pub(crate) struct VerifyFlags {
    #[command(subcommand)]
    pub(crate) what: VerifyWhat,
}

/// What to verify.
#[derive(Debug, Subcommand)]
pub(crate) enum VerifyWhat {
    /// A walk over the image listing
    Images(ImageFlags),
    /// A walk over the model listing
    Models(ModelFlags),
    /// A walk over the creator listing
    Creators(CreatorFlags),
    /// A walk over the tag listing
    Tags(TagFlags),
}

/// How far back a listing is walked, and in which parts.
#[derive(Args, Clone, Debug)]
pub(crate) struct OrderFlags {
    /// Stop at items older than this: a date such as 2026-01-01, or a span such as 12h, 7d, 4w; needs --sort newest
    #[arg(long, value_name = "DATE", value_parser = until)]
    pub(crate) until: Option<Timestamp>,
    /// Walk it in parts: version (of --model-id), user, period, base-model, type; several with commas lie within each other
    #[arg(long, value_name = "BY", value_delimiter = ',', value_parser = split)]
    pub(crate) split: Vec<Split>,
}

const MODEL_EXAMPLES: &str = "\
Examples:
  stemmata crawl model 257749
  stemmata crawl model https://civitai.com/models/257749 4384
  cut -f1 model-ids.tsv | stemmata crawl model -
";
const VERSION_EXAMPLES: &str = "\
Examples:
  stemmata crawl version 290640 128713
  stemmata crawl version 'https://civitai.com/models/257749?modelVersionId=290640'
  cut -f1 version-ids.tsv | stemmata crawl version -
";
const IMAGE_EXAMPLES: &str = "\
Examples:
  stemmata crawl image 9173928
  stemmata crawl image https://civitai.com/images/9173928
  cut -f1 image-ids.tsv | stemmata crawl image -
";

/// `crawl images`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stemmata crawl images --model-version-id 290640
  stemmata crawl images --username alice --sort newest --period month
  stemmata crawl images --post-id 2021 --browsing-level 1
  stemmata crawl images --base-models 'SDXL 1.0',Pony --type image --max-items 10000
")]
pub(crate) struct ImageFlags {
    /// Images of this model
    #[arg(long, value_name = "ID", value_parser = site_words::id::<ModelId>)]
    pub(crate) model_id: Option<ModelId>,
    /// Images of this version
    #[arg(long, value_name = "ID", value_parser = site_words::id::<VersionId>)]
    pub(crate) model_version_id: Option<VersionId>,
    /// Images of this post
    #[arg(long, value_name = "ID", value_parser = site_words::id::<PostId>)]
    pub(crate) post_id: Option<PostId>,
    /// Images of this account
    #[arg(long, value_name = "NAME")]
    pub(crate) username: Option<String>,
    /// Images made with these base models, in the site's spelling; several with commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) base_models: Vec<String>,
    /// Only image, video or audio
    #[arg(long = "type", value_name = "TYPE", value_parser = site_words::media_type)]
    pub(crate) media_type: Option<MediaType>,
    /// Images with any of these tags, by the site's numbers; several with commas
    #[arg(long, visible_alias = "tag", value_name = "IDS", value_delimiter = ',', value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) tags: Vec<u64>,
    /// Order: newest, oldest, most-reactions, most-comments, most-collected
    #[arg(long, value_name = "SORT", default_value = "newest", value_parser = site_words::image_sort)]
    pub(crate) sort: ImageSort,
    /// Span of time: all-time, year, month, week, day
    #[arg(long, value_name = "SPAN", default_value = "all-time", value_parser = site_words::period)]
    pub(crate) period: Period,
    /// Maturity levels as a sum of 1 (PG), 2 (PG-13), 4 (R), 8 (X), 16 (XXX)
    #[arg(long, value_name = "SUM", default_value_t = 31, value_parser = clap::value_parser!(u32).range(1..=31))]
    pub(crate) browsing_level: u32,
    /// Images a page
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub(crate) limit: u32,
    #[command(flatten)]
    pub(crate) order: OrderFlags,
    #[command(flatten)]
    pub(crate) amount: AmountFlags,
    #[command(flatten)]
    pub(crate) site: SiteFlags,
}

/// `crawl models`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stemmata crawl models --types checkpoint,lora --sort newest --max-items 1000
  stemmata crawl models --username alice
  stemmata crawl models --tag landscape --base-models 'SDXL 1.0'
  stemmata crawl models --query castle --period year
")]
pub(crate) struct ModelFlags {
    /// Words of the name
    #[arg(long, value_name = "TEXT")]
    pub(crate) query: Option<String>,
    /// Models with this tag
    #[arg(long, value_name = "NAME")]
    pub(crate) tag: Option<String>,
    /// Models of this creator
    #[arg(long, value_name = "NAME")]
    pub(crate) username: Option<String>,
    /// Only these types: checkpoint, lora, textual-inversion ...; several with commas
    #[arg(long, visible_alias = "type", value_name = "TYPES", value_delimiter = ',')]
    #[arg(value_parser = site_words::model_type)]
    pub(crate) types: Vec<String>,
    /// Only for these base models, in the site's spelling; several with commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) base_models: Vec<String>,
    /// Only trained or merged checkpoints: trained, merge
    #[arg(long, value_name = "TYPE", value_parser = site_words::checkpoint_type)]
    pub(crate) checkpoint_type: Option<String>,
    /// Only these models; several with commas
    #[arg(long, value_name = "IDS", value_delimiter = ',', value_parser = site_words::id::<ModelId>)]
    pub(crate) ids: Vec<ModelId>,
    /// Order: most-downloaded, newest, oldest, highest-rated, most-liked, most-discussed, most-collected, most-images
    #[arg(long, value_name = "SORT", default_value = "most-downloaded", value_parser = site_words::model_sort)]
    pub(crate) sort: ModelSort,
    /// Span of time: all-time, year, month, week, day
    #[arg(long, value_name = "SPAN", default_value = "all-time", value_parser = site_words::period)]
    pub(crate) period: Period,
    /// Whether mature models are listed too
    #[arg(long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set)]
    pub(crate) nsfw: bool,
    /// Models a page
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) limit: u32,
    #[command(flatten)]
    pub(crate) order: OrderFlags,
    #[command(flatten)]
    pub(crate) amount: AmountFlags,
    #[command(flatten)]
    pub(crate) site: SiteFlags,
}

/// `crawl creators`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stemmata crawl creators --max-items 1000
  stemmata crawl creators --query ali
")]
pub(crate) struct CreatorFlags {
    /// Part of the name
    #[arg(long, value_name = "TEXT")]
    pub(crate) query: Option<String>,
    #[command(flatten)]
    pub(crate) amount: AmountFlags,
    #[command(flatten)]
    pub(crate) site: SiteFlags,
}

/// `crawl tags`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stemmata crawl tags
  stemmata crawl tags --query land --max-items 100
")]
pub(crate) struct TagFlags {
    /// Beginning of the label
    #[arg(long, value_name = "TEXT")]
    pub(crate) query: Option<String>,
    #[command(flatten)]
    pub(crate) amount: AmountFlags,
    #[command(flatten)]
    pub(crate) site: SiteFlags,
}

/// `crawl model`, `crawl version`, `crawl image`
#[derive(Args, Debug)]
pub(crate) struct SingleFlags {
    /// Ids or page URLs; `-` reads them from stdin, one a line
    #[arg(required = true, value_name = "ID")]
    pub(crate) targets: Vec<String>,
    /// Ask also for what was gone within the last week, and for all of what is known
    #[arg(long)]
    pub(crate) refresh: bool,
    #[command(flatten)]
    pub(crate) site: SiteFlags,
}

/// Reads a date in UTC, a moment, or a span back from now.
fn until(text: &str) -> Result<Timestamp, String> {
    let wrong = || "it is a date such as 2026-01-01, or a span such as 12h, 7d, 4w".to_owned();
    if let Some(moment) = Timestamp::parse(text).or_else(|| Timestamp::parse(&format!("{text}T00:00:00Z"))) {
        return Ok(moment);
    }
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let number: i64 =
        number.parse().ok().filter(|number| (0..=100_000).contains(number)).ok_or_else(wrong)?;
    let hours = match unit {
        "h" => number,
        "d" => number * 24,
        "w" => number * 24 * 7,
        _ => return Err(wrong()),
    };
    Timestamp::from_millis(Clock::System.now().as_millis() - hours * 3_600_000).ok_or_else(wrong)
}

fn split(text: &str) -> Result<Split, String> {
    let words: Vec<&str> = Split::ALL.iter().map(|split| split.as_str()).collect();
    Split::from_word(text).ok_or_else(|| format!("it is one of: {}", words.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_or_a_span_says_until_when() {
        assert_eq!(until("2026-01-02").map(|at| at.to_string()).as_deref(), Ok("2026-01-02T00:00:00.000Z"));
        assert_eq!(until("2026-01-02T03:04:05Z").map(|at| at.as_millis() % 1000), Ok(0));
        let day = until("1d").expect("a span").as_millis() - until("2d").expect("a span").as_millis();
        // The clock runs on between the two.
        assert!((86_399_000..=86_400_000).contains(&day) || day.abs_diff(86_400_000) < 10_000, "{day}");
        for wrong in ["", "d", "7", "-1d", "7y", "2026-13-01", "9999999w", "\u{e9}"] {
            assert!(until(wrong).is_err(), "{wrong}");
        }
    }
}
