//! Flags of `crawl media`.

use std::path::PathBuf;

use clap::Args;
use stemmata::crawl::media::{DEFAULT_PREVIEW_WIDTH, PREVIEW_WIDTHS};

use super::site::PaceFlags;
use crate::cli::query_words::unprotect;

/// `crawl media`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stemmata crawl media --candidates                  look at what may be copies, so that pixels settle it
  stemmata crawl media --limit 1000
  stemmata crawl media --query 'user:me date:2024..'
  stemmata crawl media --image 9173928 --image 9173929
  stemmata crawl media --original --keep ~/Pictures/civitai --image 9173928

Of each picture a small rendition is fetched, described and dropped again. A rendition shows that pictures look
alike, and never that they have the same bytes or pixels; --original fetches what was uploaded. Videos are left
alone. What is known is not fetched again, and the same line goes on where it was stopped.
")]
pub(crate) struct MediaFlags {
    /// Only these: an id, the URL of a page or of a file, a media key; `-` reads them from stdin, one a line
    #[arg(long = "image", value_name = "ID")]
    pub(crate) images: Vec<String>,
    /// Only members of groups that look alike by their BlurHashes
    #[arg(long, conflicts_with = "images")]
    pub(crate) candidates: bool,
    /// Only those of images that this query finds; see `stemmata help query`
    #[arg(long, value_name = "QUERY", conflicts_with_all = ["images", "candidates"], value_parser = unprotect)]
    pub(crate) query: Option<String>,
    /// Stop after so many pictures
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: Option<u64>,
    /// Width to ask for: 96, 320, 450, 512, 800, 1200, 1600, 2200
    #[arg(long, value_name = "PIXELS", default_value_t = DEFAULT_PREVIEW_WIDTH, value_parser = width)]
    pub(crate) width: u32,
    /// Fetch what was uploaded instead of a rendition; large
    #[arg(long, conflicts_with = "width")]
    pub(crate) original: bool,
    /// Keep the bytes in this folder, under the names of their hashes; nothing is overwritten
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
    /// Also what failed not long ago
    #[arg(long)]
    pub(crate) retry_failed: bool,
    #[command(flatten)]
    pub(crate) host: MediaHostFlags,
}

/// The host of the pictures, how fast, and how far. It is never told a token.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Site")]
pub(crate) struct MediaHostFlags {
    /// Where pictures are [default: https://image.civitai.com]; no token is ever sent there
    #[arg(long, value_name = "URL", env = "STEMMATA_MEDIA_BASE", hide_env = true)]
    pub(crate) media_base: Option<String>,
    #[command(flatten)]
    pub(crate) pace: PaceFlags,
}

fn width(text: &str) -> Result<u32, String> {
    let width = text.parse().ok().filter(|width| PREVIEW_WIDTHS.contains(width));
    width.ok_or_else(|| {
        let known: Vec<String> = PREVIEW_WIDTHS.iter().map(u32::to_string).collect();
        format!("it is one of {}, which the site's own pages ask for", known.join(", "))
    })
}
