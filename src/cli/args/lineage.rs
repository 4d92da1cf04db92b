//! Flags of `lineage`.

use std::path::PathBuf;

use clap::Args;

/// `lineage`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stemmata lineage 257749
  stemmata lineage 'DreamShaper' --since 2024 --explain
  stemmata lineage --top 50
  stemmata lineage --compare 257749@290640 257749@324619
  stemmata lineage 257749 --export-html report.html --export-json report.json
  stemmata lineage --from report.json --export-markdown - --export-csv tables/
")]
pub(crate) struct LineageArgs {
    /// Model id, model page URL, AIR, MODEL@VERSION, file hash, or a name
    #[arg(value_name = "TARGET", allow_hyphen_values = true)]
    pub(crate) target: Option<String>,
    /// Take a bare number for the id of a version, not of a model
    #[arg(long)]
    pub(crate) version: bool,
    /// Report on all models of a creator
    #[arg(long, value_name = "NAME", conflicts_with_all = ["target", "base", "tag", "query"])]
    pub(crate) creator: Option<String>,
    /// Report on all versions that work with a base model, such as 'SDXL 1.0'
    #[arg(long, value_name = "NAME", conflicts_with_all = ["target", "tag", "query"])]
    pub(crate) base: Option<String>,
    /// Report on all models with a tag
    #[arg(long, value_name = "TAG", conflicts_with_all = ["target", "query"])]
    pub(crate) tag: Option<String>,
    /// Report on the images that a query finds, whatever they were made with
    #[arg(long, value_name = "QUERY", conflicts_with = "target")]
    pub(crate) query: Option<String>,
    /// Rank all models by the images made with them, and print the first N
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    #[arg(conflicts_with_all = ["target", "creator", "base", "tag", "query", "compare", "compare_at", "explain", "stamp"])]
    pub(crate) top: Option<u32>,
    /// Compare two models or versions, or reports that `--format json` has saved
    #[arg(long, num_args = 2, value_names = ["A", "B"], allow_hyphen_values = true)]
    #[arg(conflicts_with_all = ["target", "creator", "base", "tag", "query", "compare_at", "explain", "stamp"])]
    pub(crate) compare: Option<Vec<String>>,
    /// Compare the images made before a date with those made since
    #[arg(long, value_name = "DATE", conflicts_with_all = ["explain", "stamp"])]
    pub(crate) compare_at: Option<String>,
    /// Count only images made at this date or later: 2024, 2024-03, 2024-03-31 or a time
    #[arg(long, value_name = "DATE")]
    pub(crate) since: Option<String>,
    /// Count only images made before this date
    #[arg(long, value_name = "DATE")]
    pub(crate) until: Option<String>,
    /// Entries a list at most
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub(crate) list: u16,
    /// Say below the report what every figure means
    #[arg(long)]
    pub(crate) explain: bool,
    /// Say in the report when, and of which state of the catalog, it was made
    #[arg(long)]
    pub(crate) stamp: bool,
    /// Read a report that `--format json` or `--export-json` has saved, instead of the catalog; `-` is stdin
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "target", "version", "creator", "base", "tag", "query", "top", "compare", "compare_at", "since", "until", "stamp",
    ])]
    pub(crate) from: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) export: LineageExports,
}

/// Forms of a report that are written to files.
#[derive(Args, Debug)]
#[command(
    next_help_heading = "Exports (several at once; existing files are replaced; one of them may go to stdout, `-`)"
)]
pub(crate) struct LineageExports {
    /// Write a page with charts and family tree that needs no network and no script
    #[arg(long, value_name = "FILE", conflicts_with_all = NOT_ONE_REPORT)]
    pub(crate) export_html: Option<PathBuf>,
    /// Write Markdown with GitHub's tables
    #[arg(long, value_name = "FILE", conflicts_with_all = NOT_ONE_REPORT)]
    pub(crate) export_markdown: Option<PathBuf>,
    /// Write every table as a CSV file of its own into a folder, which is made if need be
    #[arg(long, value_name = "DIR", conflicts_with_all = NOT_ONE_REPORT)]
    pub(crate) export_csv: Option<PathBuf>,
    /// Write the JSON that `--from` and `--compare` read
    #[arg(long, value_name = "FILE", conflicts_with_all = NOT_ONE_REPORT)]
    pub(crate) export_json: Option<PathBuf>,
    /// Write the family tree for Graphviz
    #[arg(long, value_name = "FILE", conflicts_with_all = NOT_ONE_REPORT)]
    pub(crate) export_dot: Option<PathBuf>,
    /// Write the family tree as a Mermaid flowchart
    #[arg(long, value_name = "FILE", conflicts_with_all = NOT_ONE_REPORT)]
    pub(crate) export_mermaid: Option<PathBuf>,
    /// Write the provenance of images and models as PROV-JSON of the W3C
    #[arg(long, value_name = "FILE", conflicts_with_all = NOT_ONE_REPORT)]
    pub(crate) export_prov: Option<PathBuf>,
    /// Name the first N images in PROV-JSON, each with its evidence
    #[arg(long, value_name = "N", requires = "export_prov", conflicts_with_all = ["from", "query"])]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) prov_images: Option<u32>,
}

/// What prints something else than one report.
const NOT_ONE_REPORT: [&str; 3] = ["top", "compare", "compare_at"];
