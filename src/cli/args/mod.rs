//! The command line as types: every flag with its words for the help page.
//!
//! Names of flags are the API's parameter names in kebab case where they stand for one.

mod ask;
mod crawl;
mod dupes;
mod keep;
mod lineage;
mod local;
mod media;
mod provenance;
mod query;
mod reference;
mod resolve;
mod scan;
mod search;
mod site;

use std::num::NonZeroU16;
use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand};

pub(crate) use ask::{CompatChoice, ShowArgs, TraceArgs};
pub(crate) use crawl::{
    CoverageFlags, CrawlArgs, CrawlWhat, CreatorFlags, ImageFlags, ModelFlags, OrderFlags, SingleFlags,
    TagFlags, VerifyWhat,
};
pub(crate) use dupes::{CalibrateArgs, ClassChoice, DupesArgs, DupesWhat, LinkChoice, SimilarArgs};
pub(crate) use keep::{
    CompletionsArgs, DemoArgs, ExportArgs, ExportWhat, FollowFlags, ImportArgs, IndexArgs, IndexWhat,
    KindChoice, LinkArgs,
};
pub(crate) use lineage::{LineageArgs, LineageExports};
pub(crate) use local::{LocalArgs, LocalWhat};
pub(crate) use media::MediaFlags;
pub(crate) use provenance::{
    DecideArgs, DecideWhat, FindingChoice, HashesArgs, HashesReportArgs, HashesWhat, RoleChoice,
    UnresolvedArgs,
};
pub(crate) use query::QueryFlags;
pub(crate) use reference::{ConfigArgs, ConfigWhat, HelpArgs, ManArgs};
pub(crate) use resolve::{ResolveArgs, ResolveChoice, UpToDateFlags};
pub(crate) use scan::{FingerprintArgs, ScanArgs};
pub(crate) use search::{
    CountArgs, ExplainForm, FacetFlags, GroupChoice, PreviewChoice, SchemaArgs, SearchArgs,
};
pub(crate) use site::{AmountFlags, PaceFlags, SiteFlags};

use super::exit::Exit;
use super::output::Format;
use super::progress::ProgressChoice;
use super::terminal::ColorChoice;

const EXAMPLES: &str = "\
Examples:
  stemmata demo                                      a tour on bundled data, offline
  stemmata import ~/civitai-dump/*.ndjson.gz         take what is on disk
  stemmata scan ~/Pictures                           take what pictures say of themselves
  stemmata crawl images --model-id 257749            take what the site has
  stemmata search 'castle sampler:\"DPM++ 2M\"'        find images
  stemmata trace 9173928                             which models made this image?
";

const ENVIRONMENT: &str = "\
Environment (a flag wins; what is said of crawl holds for resolve, too):
  STEMMATA_HOME           --home
  STEMMATA_FORMAT         --format
  STEMMATA_OFFLINE        --offline
  STEMMATA_PROGRESS       --progress
  STEMMATA_COLOR          --color, after which NO_COLOR and CLICOLOR_FORCE are asked
  STEMMATA_JOBS           --jobs
  STEMMATA_LOG            a log filter, such as stemmata::fetch=debug
  STEMMATA_API_BASE       crawl --api-base
  STEMMATA_TOKEN_FILE     crawl --token-file
  STEMMATA_CONTACT        crawl --contact
  STEMMATA_MAX_RPS        crawl --max-rps
  STEMMATA_MAX_IN_FLIGHT  crawl --max-in-flight
  STEMMATA_MAX_REQUESTS   crawl --max-requests
  STEMMATA_MAX_BYTES      crawl --max-bytes
  STEMMATA_TIMEOUT        crawl --timeout
  STEMMATA_MEDIA_BASE     crawl media --media-base
  CIVITAI_TOKEN           the token of the site, or CIVITAI_API_KEY
";

/// Which models made this picture, where else does it occur, and what became of a model.
///
/// Stemmata keeps what Civitai's public API and generator metadata say about AI-made images in one SQLite
/// catalog, and answers from it: search, trace, dupes, similar, lineage.
#[derive(Debug, Parser)]
#[command(
    name = "stemmata",
    version,
    max_term_width = 100,
    after_help = EXAMPLES,
    after_long_help = format!("{EXAMPLES}\n{ENVIRONMENT}\n{}", Exit::help_table()),
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub(crate) struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    /// The command.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags that every command has, before or after its name.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArgs {
    /// Folder of catalog and index [default: the XDG data directory]
    #[arg(long, global = true, value_name = "DIR", env = "STEMMATA_HOME", hide_env = true)]
    pub(crate) home: Option<PathBuf>,
    /// How to print results: auto, table, json, ndjson, csv, tsv, paths
    #[arg(long, global = true, value_name = "F", env = "STEMMATA_FORMAT", hide_env = true)]
    #[arg(value_enum, default_value_t = Format::Auto, hide_default_value = true, hide_possible_values = true)]
    format: Format,
    /// Short for --format json
    #[arg(long, global = true)]
    json: bool,
    /// Never use the network
    #[arg(long, global = true, env = "STEMMATA_OFFLINE", hide_env = true)]
    #[arg(value_parser = clap::builder::FalseyValueParser::new(), action = ArgAction::SetTrue)]
    pub(crate) offline: bool,
    /// How to show progress, on stderr: auto, bar, plain, json, none
    #[arg(long, global = true, value_name = "P", env = "STEMMATA_PROGRESS", hide_env = true)]
    #[arg(value_enum, default_value_t = ProgressChoice::Auto, hide_default_value = true, hide_possible_values = true)]
    pub(crate) progress: ProgressChoice,
    /// When to colour: auto, always, never
    #[arg(long, global = true, value_name = "C", env = "STEMMATA_COLOR", hide_env = true)]
    #[arg(value_enum, default_value_t = ColorChoice::Auto, hide_default_value = true, hide_possible_values = true)]
    pub(crate) color: ColorChoice,
    /// Log more; up to three times (a filter in STEMMATA_LOG wins)
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Say only what went wrong
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Threads to compute with [default: every core]
    #[arg(short, long, global = true, value_name = "N", env = "STEMMATA_JOBS", hide_env = true, value_parser = jobs)]
    pub(crate) jobs: Option<NonZeroU16>,
}

impl GlobalArgs {
    /// The format asked for, in either way.
    pub(crate) fn format(&self) -> Format {
        if self.json { Format::Json } else { self.format }
    }
}

fn jobs(text: &str) -> Result<NonZeroU16, String> {
    text.parse().map_err(|_| format!("it is a number from 1 to {}", NonZeroU16::MAX))
}

/// Every command.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Take documents from disk: API pages, single entities, sidecars
    Import(ImportArgs),
    /// Take what generators wrote into pictures on disk
    Scan(ScanArgs),
    /// Read the pixels of scanned pictures, so that `dupes` and `similar` can compare them
    Fingerprint(FingerprintArgs),
    /// Take images, models, creators and tags from the site
    #[command(alias = "fetch")]
    Crawl(Box<CrawlArgs>),
    /// Ask the site for the hashes and versions that images name and nobody here knows
    Resolve(Box<ResolveArgs>),
    /// Find images by prompt, settings and models
    #[command(alias = "find")]
    Search(Box<SearchArgs>),
    /// Count images by prompt, settings and models
    Count(CountArgs),
    /// Print everything known about an image
    Show(ShowArgs),
    /// Which model versions made an image, and how we know
    #[command(alias = "why")]
    Trace(TraceArgs),
    /// Your own files and the site's models, joined: what is gone, what made what
    Local(LocalArgs),
    /// Which images are copies, or look like copies, of one another
    #[command(alias = "duplicates")]
    Dupes(DupesArgs),
    /// Which images look like this one
    Similar(SimilarArgs),
    /// What was made with a model, with what else, when, by whom
    Lineage(Box<LineageArgs>),
    /// Link the resources that images name to model versions
    #[command(alias = "relink")]
    Link(LinkArgs),
    /// What images name and nothing explains, most valuable first
    Unresolved(UnresolvedArgs),
    /// Which hashes are ambiguous, shared or mixed up
    Hashes(HashesArgs),
    /// Settle what a hash is, what is no link, and what is no duplicate
    Decide(DecideArgs),
    /// Look at the index, or build it anew
    Index(IndexArgs),
    /// Count what the catalog holds
    #[command(after_help = "\
Examples:
  stemmata stats
  stemmata stats --format json
  stemmata --home ./demo-home stats
")]
    Stats,
    /// Print what the catalog holds as NDJSON, for other programs
    Export(ExportArgs),
    /// A tour on bundled data: offline, in a temporary home
    Demo(DemoArgs),
    /// Show the settings that files give: saved queries
    Config(ConfigArgs),
    /// Print the shapes of --format json and ndjson as JSON Schema
    Schema(SchemaArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Write manual pages
    Man(ManArgs),
    /// Tell about a command, or about query, fields, exit-codes, formats
    Help(HelpArgs),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definition_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_ends_its_help_with_examples() {
        let mut seen = 0;
        let mut commands: Vec<clap::Command> = Cli::command().get_subcommands().cloned().collect();
        while let Some(mut command) = commands.pop() {
            commands.extend(command.get_subcommands().cloned());
            let help = command.render_long_help().to_string();
            let examples = help.split("Examples:\n").nth(1).unwrap_or_default();
            let lines = examples.lines().filter(|line| line.starts_with("  stemmata ")).count();
            assert!((2..=6).contains(&lines), "{} has {lines} examples", command.get_name());
            seen += 1;
        }
        assert!(seen >= 20, "only {seen} commands seen");
    }

    #[test]
    fn the_help_page_names_every_variable() {
        let mut seen = 0;
        let mut commands = vec![Cli::command()];
        while let Some(command) = commands.pop() {
            commands.extend(command.get_subcommands().cloned());
            for name in command.get_arguments().filter_map(clap::Arg::get_env) {
                assert!(ENVIRONMENT.contains(&format!("  {} ", name.to_string_lossy())), "{name:?}");
                seen += 1;
            }
        }
        assert!(seen >= 9, "only {seen} variables seen");
    }

    #[test]
    fn global_flags_stand_before_or_after_the_command() {
        for line in ["s --home h -j 3 --json stats", "s stats --home h -j 3 --json"] {
            let cli = Cli::try_parse_from(line.split(' ')).expect("a good line");
            assert_eq!(cli.global.home.as_deref(), Some("h".as_ref()));
            assert_eq!(cli.global.jobs.map(std::num::NonZeroU16::get), Some(3));
            assert_eq!(cli.global.format(), Format::Json);
        }
    }
}
