//! Flags of `lineage`.

use clap::Args;

/// `lineage`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stemmata lineage 257749
  stemmata lineage civitai:257749@290640 --format json
  stemmata lineage https://civitai.com/models/257749
  stemmata lineage 'DreamShaper'
  stemmata lineage 9753338ab6
")]
pub(crate) struct LineageArgs {
    /// Model id, model page URL, AIR, MODEL@VERSION, file hash, or a name
    #[arg(value_name = "TARGET", allow_hyphen_values = true)]
    pub(crate) target: String,
    /// Take a bare number for the id of a version, not of a model
    #[arg(long)]
    pub(crate) version: bool,
    /// Entries a list at most
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub(crate) top: u16,
}
