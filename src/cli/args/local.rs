//! Flags of `local`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `local`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stemmata local uses --removed
  stemmata local images ~/models/lora/detail.safetensors
  stemmata local models ~/Pictures/castle.png
")]
pub(crate) struct LocalArgs {
    /// What to join
    #[command(subcommand)]
    pub(crate) what: LocalWhat,
}

/// What `local` answers.
#[derive(Debug, Subcommand)]
pub(crate) enum LocalWhat {
    /// The versions that scanned pictures were made with; with --removed those that the site has removed since
    #[command(after_help = "\
Examples:
  stemmata local uses --removed
  stemmata local uses --removed --format csv > lost.csv
  stemmata local uses --removed --format paths | sort -u

A version counts as removed when it was not found, or is said to be unpublished, or when its model was taken down or not
found. `stemmata crawl sync` asks the site what became of versions. Pictures come from `stemmata scan`.
")]
    Uses(LocalUsesArgs),
    /// The images, scanned and crawled, that were made with a model file of this machine
    #[command(after_help = "\
Examples:
  stemmata local images ~/models/lora/detail.safetensors
  stemmata local images detail.safetensors --format paths | stemmata trace -

A file that was not hashed by `stemmata scan --hash-models` is hashed on the spot.
")]
    Images(LocalImagesArgs),
    /// The model files of this machine that an image was made with
    #[command(after_help = "\
Examples:
  stemmata local models 9173928
  stemmata local models ~/Pictures/castle.png --format paths

Only files that `stemmata scan --hash-models` has hashed are found.
")]
    Models(LocalModelsArgs),
}

/// `local uses`
#[derive(Args, Debug)]
pub(crate) struct LocalUsesArgs {
    /// Only versions that the site no longer offers
    #[arg(long)]
    pub(crate) removed: bool,
}

/// `local images`
#[derive(Args, Debug)]
pub(crate) struct LocalImagesArgs {
    /// A model file
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Images at most; 0 for all
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) limit: u64,
}

/// `local models`
#[derive(Args, Debug)]
pub(crate) struct LocalModelsArgs {
    /// An image, as `trace` takes it
    #[arg(value_name = "TARGET")]
    pub(crate) target: OsString,
}
