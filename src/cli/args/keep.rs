//! Flags of the commands that fill, tend and empty the catalog.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// What follows after the catalog was written.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(crate) struct FollowFlags {
    /// Do not link resources afterwards; `stemmata link` does it later
    #[arg(long)]
    pub(crate) no_link: bool,
    /// Do not bring the index up to date afterwards; `stemmata index update` does it later
    #[arg(long)]
    pub(crate) no_index: bool,
}

/// `import`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stemmata import images.ndjson models.json.gz
  stemmata import ~/civitai-dump --format json
  stemmata import 'models/**/*.civitai.info'
  zstdcat pages.zst | stemmata import -
  stemmata import answers/ --kind image
")]
pub(crate) struct ImportArgs {
    /// Files, folders, globs; `-` reads one document, or one a line, from stdin
    ///
    /// Pages of the API, single entities, arrays, NDJSON and sidecars; plain, gzip or zstd. What a document
    /// holds is told from its keys.
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Take every document for this kind
    #[arg(long, value_enum, value_name = "KIND")]
    pub(crate) kind: Option<KindChoice>,
    #[command(flatten)]
    pub(crate) follow: FollowFlags,
}

/// What a document holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KindChoice {
    /// Images.
    #[value(alias = "images")]
    Image,
    /// Models with their versions.
    #[value(alias = "models")]
    Model,
    /// Model versions.
    #[value(aliases = ["versions", "model-version", "model-versions"])]
    Version,
    /// Creators.
    #[value(alias = "creators")]
    Creator,
    /// Tags.
    #[value(alias = "tags")]
    Tag,
}

/// `link`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stemmata link
  stemmata link --json
")]
pub(crate) struct LinkArgs {}

/// `index`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stemmata index status
  stemmata index update
  stemmata index verify
  stemmata index rebuild
")]
pub(crate) struct IndexArgs {
    #[command(subcommand)]
    pub(crate) what: IndexWhat,
}

/// What to do with the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum IndexWhat {
    /// Say which generation of the catalog it holds
    #[command(after_help = "\
Examples:
  stemmata index status
  stemmata index status --format json
")]
    Status,
    /// Bring it up to date with the catalog
    #[command(
        alias = "catch-up",
        after_help = "\
Examples:
  stemmata index update
  stemmata index update --progress plain
"
    )]
    Update,
    /// Build it anew from the catalog, and put it in the place of the present one
    #[command(after_help = "\
Examples:
  stemmata index rebuild
  stemmata index rebuild -j 2
")]
    Rebuild,
    /// Merge its files and drop what was replaced: smaller, and as fast as built anew
    #[command(after_help = "\
Examples:
  stemmata index compact
  stemmata index compact --json
")]
    Compact,
    /// Compare it with the catalog, document by document
    #[command(after_help = "\
Examples:
  stemmata index verify
  stemmata index verify --json

Exit codes: 0 when it says what the catalog says, 9 when something differs, 8 when there is nothing to compare.
")]
    Verify,
    /// Print where it is
    #[command(after_help = "\
Examples:
  stemmata index path
  stemmata index path --json
")]
    Path,
}

/// `export`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stemmata export images > images.ndjson
  stemmata export links --format csv > links.csv
  stemmata export versions | jq -r .name
")]
pub(crate) struct ExportArgs {
    /// What to print, in the order of its ids
    #[arg(value_enum, value_name = "WHAT")]
    pub(crate) what: ExportWhat,
}

/// What to export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportWhat {
    /// Images with their generation data.
    Images,
    /// Models.
    Models,
    /// Versions with files and hashes.
    Versions,
    /// Which image was made with, posted for or made from what, with the evidence.
    Links,
}

/// `demo`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stemmata demo
  stemmata demo --keep ./demo-home
")]
pub(crate) struct DemoArgs {
    /// Keep the demo's home in this folder, which must be empty or missing
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
    /// Let a third of the requests fail, which ones and how by this number: shows what a crawl survives
    #[arg(long, value_name = "SEED", hide = true)]
    pub(crate) faults: Option<u64>,
}

/// `completions`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stemmata completions bash > ~/.local/share/bash-completion/completions/stemmata
  stemmata completions zsh > ~/.zfunc/_stemmata
  stemmata completions fish > ~/.config/fish/completions/stemmata.fish

The script asks the program: it completes fields of queries, samplers, names of models and saved queries, too.
")]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    pub(crate) shell: clap_complete::Shell,
    /// Only commands and flags: the script asks nothing and knows no values
    #[arg(long)]
    pub(crate) r#static: bool,
}
