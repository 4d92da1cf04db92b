//! Flags of the commands that answer questions.

use std::ffi::OsString;

use clap::Args;

use crate::cli::query_words::unprotect;

const SEARCH_EXAMPLES: &str = "\
Examples:
  stemmata search castle -negative:blurry
  stemmata search '\"castle on a hill\" steps:20..40 cfg:5..' --limit 50
  stemmata search 'lora:detail sampler:euler' --sort -date
  stemmata search model:DreamShaper --format paths
  echo 'castle, (mist:1.2)' | stemmata search -
";

const QUERY_HELP: &str = "\
Query:
  castle hill             both words in the prompt; a comma does the same, so pasted prompts work
  \"castle on a hill\"      the phrase; \"castle hill\"~3 allows words between
  castle or tower         either; (a | b) groups
  -blurry, not blurry     without
  cat*                    words that begin so
  field:value             another field than the prompt; field:a,b either value; field:none no value
  steps:20..40 cfg:>=5    numbers and dates, as ranges or compared; date:2024-01..2024-03
  lora:detail@0.4..0.9    a resource with its weight

Fields:
  text       prompt negative any
  settings   sampler scheduler steps cfg seed clipskip denoise width height size tool type
  resources  model lora embedding hypernetwork vae controlnet upscaler resource
             version modelid hash air creator tag base posted_for
  posting    id post user date nsfw likes reactions comments source
  presence   has:prompt has:negative has:seed has:lora has:meta ...
  control    sort: (score date likes reactions comments steps cfg seed width height id ...) limit:
";

/// `search`
#[derive(Args, Debug)]
#[command(after_help = SEARCH_EXAMPLES, after_long_help = format!("{QUERY_HELP}\n{SEARCH_EXAMPLES}"))]
pub(crate) struct SearchArgs {
    /// Words of the prompt, "phrases", field:value, -excluded, a or b; `-` reads the query from stdin
    #[arg(required = true, value_name = "QUERY", value_parser = unprotect)]
    pub(crate) query: Vec<String>,
    /// Images at most [default: 20, or what the query says]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) limit: Option<u32>,
    /// Go on behind the last page: `next` of its summary
    #[arg(long, value_name = "NEXT")]
    pub(crate) after: Option<String>,
    /// Order by fields, such as likes, +date, seed,-steps; + and - say which way [default: best match first]
    #[arg(long, value_name = "FIELDS", allow_hyphen_values = true, value_parser = unprotect)]
    pub(crate) sort: Option<String>,
    /// Exit with 4 when nothing is found
    #[arg(long)]
    pub(crate) fail_on_empty: bool,
}

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

/// `dupes`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stemmata dupes
  stemmata dupes --class same-bytes --format ndjson
  stemmata dupes --threshold 0.2 --fail-on-found
")]
pub(crate) struct DupesArgs {
    /// Distance of BlurHash coefficients up to which images are candidates [default: 0.30]
    #[arg(long, value_name = "D", allow_negative_numbers = true, value_parser = distance)]
    pub(crate) threshold: Option<f32>,
    /// Only groups of this class
    #[arg(long, value_name = "CLASS", value_enum)]
    pub(crate) class: Option<ClassChoice>,
    /// Exit with 9 when there is any group
    #[arg(long)]
    pub(crate) fail_on_found: bool,
}

/// What makes a group of images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ClassChoice {
    /// The same stored bytes.
    #[value(alias = "same_bytes")]
    SameBytes,
    /// BlurHash, size and aspect agree; pixels were not compared.
    Candidate,
}

/// `similar`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stemmata similar 9173928
  stemmata similar https://civitai.com/images/9173928 --limit 5
  stemmata similar ~/Pictures/castle.png --threshold 0.4 --format ndjson
")]
pub(crate) struct SimilarArgs {
    /// Image id, page URL, media URL, media key, imported document, or a picture on disk
    #[arg(value_name = "TARGET")]
    pub(crate) target: String,
    /// Distance of BlurHash coefficients up to which images are shown [default: 0.30]
    #[arg(long, value_name = "D", allow_negative_numbers = true, value_parser = distance)]
    pub(crate) threshold: Option<f32>,
    /// Images at most
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) limit: u32,
}

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

fn distance(text: &str) -> Result<f32, String> {
    let value: f32 = text.parse().map_err(|_| "it is a number such as 0.3".to_owned())?;
    if (0.0..=10.0).contains(&value) { Ok(value) } else { Err("it is a number from 0 to 10".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_the_help_page_is_known_to_the_query_language() {
        let fields = QUERY_HELP.split("Fields:\n").nth(1).expect("a list of fields");
        let words = fields.lines().take(5).flat_map(|line| line[13..].split_whitespace());
        let mut seen = 0;
        for field in words {
            let error = stemmata_index::query::parse(&format!("{field}:none")).err().map(|error| error.code);
            let is_known = !matches!(
                error,
                Some(
                    stemmata_index::query::ErrorCode::UnknownField
                        | stemmata_index::query::ErrorCode::NotIndexed
                )
            );
            assert!(is_known, "{field}");
            seen += 1;
        }
        assert!(seen >= 30, "only {seen} fields seen");
    }

    #[test]
    fn every_query_of_the_help_page_can_be_read() {
        let (queries, _) = QUERY_HELP.split_once("\n\n").expect("two lists");
        let mut seen = 0;
        for line in queries.lines().skip(1).filter(|line| !line.contains("field:")) {
            let (sample, _) = line.trim().split_once("  ").expect("a sample, then its meaning");
            let parsed = stemmata_index::query::parse(sample);
            assert!(parsed.is_ok(), "{sample}: {parsed:?}");
            seen += 1;
        }
        assert!(seen >= 7, "only {seen} queries seen");
    }
}
