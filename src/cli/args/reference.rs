//! Flags of the commands that tell about the program itself.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `help`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stemmata help query
  stemmata help fields
  stemmata help exit-codes
  stemmata help formats
  stemmata help crawl images
")]
pub(crate) struct HelpArgs {
    /// A topic (query, fields, exit-codes, formats) or a command
    #[arg(value_name = "TOPIC")]
    #[arg(add = clap_complete::engine::ArgValueCompleter::new(crate::cli::complete::topic))]
    pub(crate) topic: Vec<String>,
}

/// `man`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stemmata man --out ~/.local/share/man/man1
  stemmata man search | man -l -
  stemmata man query | man -l -
")]
pub(crate) struct ManArgs {
    /// The page to print: a command such as `crawl images`, or `query`; all pages with --out
    #[arg(value_name = "PAGE", required_unless_present = "out", conflicts_with = "out")]
    pub(crate) page: Vec<String>,
    /// Write one page a command, and stemmata-query.7, into this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// `config`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stemmata config path
  stemmata config list
  stemmata config list --format json

The files hold saved queries, which a query calls by @name:

  [query.alias]
  good = 'likes:100.. -negative:blurry'
")]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    pub(crate) what: ConfigWhat,
}

/// What to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum ConfigWhat {
    /// The files that are read, the one that wins last
    #[command(after_help = "\
Examples:
  stemmata config path
  stemmata --home ./demo-home config path
")]
    Path,
    /// The saved queries, with the file that each is from
    #[command(after_help = "\
Examples:
  stemmata config list
  stemmata config list --format ndjson
")]
    List,
}
