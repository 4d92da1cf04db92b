//! Flags of the commands that tell about one image.

use std::ffi::OsString;

use clap::Args;

/// `show`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stemmata show 9173928
  stemmata show https://civitai.com/images/9173928 --format json
  stemmata show 5f1c2b1e-93a0-4c64-a4a5-1d2b6f0c7e11
  stemmata show ~/Pictures/castle.png --raw
  stemmata show --diff castle-1.png castle-2.png
  stemmata show --history https://civitai.com/models/257749
")]
pub(crate) struct ShowArgs {
    /// Image id, page URL, media URL, media key, imported document, or a picture on disk; two with --diff
    ///
    /// A file on disk is read on the spot, whether it was scanned or not.
    #[arg(required = true, num_args = 1..=2, value_name = "TARGET")]
    pub(crate) targets: Vec<OsString>,
    /// Also the metadata as it is, verbatim
    #[arg(long, conflicts_with_all = ["diff", "history"])]
    pub(crate) raw: bool,
    /// What sets two images apart: field by field, prompts by word
    #[arg(long, conflicts_with = "history")]
    pub(crate) diff: bool,
    /// What changed since it was first seen, and when; also for the page URL of a model or version
    #[arg(long)]
    pub(crate) history: bool,
}

/// `trace`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stemmata trace 9173928
  stemmata trace ~/Pictures/castle.png --why
  stemmata trace https://civitai.com/images/9173928 --format ndjson
  stemmata search castle --format paths | stemmata trace - --format ndjson
  find ~/Pictures -name '*.png' | stemmata trace - --format ndjson
  stemmata trace 9173928 --compat civitai

A file on disk is read on the spot, whether it was scanned or not: first its own metadata, then images of the catalog
with the same bytes, then images that look like it. What only looks like it is called a candidate, never the same.

Exit codes: 0 when every target is known, 7 when some are, 4 when none is.
")]
pub(crate) struct TraceArgs {
    /// Image id, page URL, media URL, media key, hash of a picture's bytes (BLAKE3), imported document, or a picture
    /// on disk; `-` reads them from stdin, one a line
    #[arg(required = true, value_name = "TARGET")]
    pub(crate) targets: Vec<OsString>,
    /// Tell the whole chain: what was read where, what it was looked up as, every candidate, what would settle it
    #[arg(long)]
    pub(crate) why: bool,
    /// Show beside an image of the catalog what this site's own matching says, and what that hides
    #[arg(long, value_enum, value_name = "SITE")]
    pub(crate) compat: Option<CompatChoice>,
}

/// Whose matching to compare with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum CompatChoice {
    /// Civitai, as of August 2026.
    Civitai,
}
