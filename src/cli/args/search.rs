//! Flags of `search`.

use clap::Args;

use super::query::QueryFlags;
use crate::cli::query_words::unprotect;
use crate::cli::search::fields_help;
use crate::cli::topics::field_names;

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
";

/// `search`
#[derive(Args, Debug)]
#[command(after_help = SEARCH_EXAMPLES, after_long_help = format!("{QUERY_HELP}\n{}\n{}\n{SEARCH_EXAMPLES}", field_names(), fields_help()))]
pub(crate) struct SearchArgs {
    #[command(flatten)]
    pub(crate) query: QueryFlags,
    /// Images at most [default: 20, or what the query says]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) limit: Option<u32>,
    /// Go on behind the last page: `next` of its summary
    #[arg(long, value_name = "NEXT")]
    pub(crate) after: Option<String>,
    /// Order by fields, such as likes, +date, seed,-steps; + and - say which way [default: best match first]
    #[arg(long, value_name = "FIELDS", allow_hyphen_values = true, value_parser = unprotect)]
    pub(crate) sort: Option<String>,
    /// So many images drawn by lot, instead of the first ones
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    #[arg(conflicts_with_all = ["limit", "after", "sort", "group"])]
    pub(crate) sample: Option<u32>,
    /// The number that decides the lot of --sample: the same one draws the same images [default: 0]
    #[arg(long, value_name = "S", requires = "sample")]
    pub(crate) seed: Option<u64>,
    /// One line for all images with the same prompt, model or seed, or that are copies of one another
    #[arg(long, value_enum, value_name = "BY", conflicts_with_all = ["template", "print0", "preview", "stats"])]
    pub(crate) group: Option<GroupChoice>,
    /// Columns of a table, of CSV and of TSV, such as image,model,seed,prompt
    #[arg(long, value_name = "LIST", value_parser = unprotect)]
    pub(crate) fields: Option<String>,
    /// One line a hit in these words, such as '{image}\t{model}\t{prompt:60}'
    #[arg(long, value_name = "TEXT", value_parser = unprotect)]
    pub(crate) template: Option<String>,
    /// End each name, or each line of --template, with NUL: for `xargs -0`
    #[arg(short = '0', long)]
    pub(crate) print0: bool,
    #[command(flatten)]
    pub(crate) facets: FacetFlags,
    /// Pictures beside hits: the file, else its BlurHash; on a terminal only, unless a way is named
    #[arg(long, value_enum, value_name = "HOW", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "auto", conflicts_with_all = ["fields", "template", "print0"])]
    pub(crate) preview: Option<PreviewChoice>,
    /// Charts of all hits instead of hits: when, which models, which settings
    #[arg(long, conflicts_with_all = ["limit", "after", "sort", "fields", "template", "print0", "preview", "sample"])]
    pub(crate) stats: bool,
    /// Tell what the query means, what each condition finds and costs, and with --limit why single hits match
    #[arg(long, value_name = "FORM", value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "text")]
    #[arg(conflicts_with_all = ["stats", "fields", "template", "print0", "facet"])]
    pub(crate) explain: Option<ExplainForm>,
    /// Exit with 4 when nothing is found
    #[arg(long)]
    pub(crate) fail_on_empty: bool,
}

/// How to explain a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ExplainForm {
    /// For people.
    Text,
    /// One JSON object; its `ast` is what --ast reads.
    Json,
}

/// What makes hits one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum GroupChoice {
    /// The words of the prompt.
    Prompt,
    /// The first checkpoint, as written.
    Model,
    /// The seed.
    Seed,
    /// Copies of one another: the same picture, saved again or resized.
    Dup,
}

/// How to draw pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum PreviewChoice {
    /// On a terminal, in the best way that it has.
    Auto,
    /// In the best way that the environment names, also into a pipe.
    Always,
    /// In blocks of colour.
    Blocks,
    /// By kitty's graphics protocol.
    Kitty,
    /// As inline images of iTerm2.
    Iterm2,
}

/// What to count among the hits.
#[derive(Args, Debug)]
pub(crate) struct FacetFlags {
    /// Count values among all hits: sampler, scheduler, base, user, model, lora, embedding, vae, controlnet, upscaler,
    /// resource, tag, creator, size, steps, cfg, date[:year|month|week|day], tool, type, source, chunk,
    /// negative_chunk; several with commas
    #[arg(long, value_name = "LIST", value_parser = unprotect)]
    pub(crate) facet: Vec<String>,
    /// Values of each facet at most [default: 10]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub(crate) facet_top: Option<u16>,
}

/// `count`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stemmata count castle -negative:blurry
  stemmata count model:DreamShaper --facet sampler,steps
  stemmata count 'date:2024' --facet date:week,lora --facet-top 20 --json
  stemmata count --facet base --format csv '*'
")]
pub(crate) struct CountArgs {
    #[command(flatten)]
    pub(crate) query: QueryFlags,
    #[command(flatten)]
    pub(crate) facets: FacetFlags,
    /// Exit with 4 when nothing is found
    #[arg(long)]
    pub(crate) fail_on_empty: bool,
}

/// `schema`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stemmata schema
  stemmata schema hit
  stemmata schema error > error.schema.json
")]
pub(crate) struct SchemaArgs {
    /// A record, such as hit, summary, facet, error; all of them without it
    #[arg(value_name = "RECORD")]
    pub(crate) record: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_page_names_every_field_that_can_be_asked_about_and_no_other() {
        let page = field_names();
        let mut seen = 0;
        for field in stemmata_index::query::fields() {
            let is_named = page.split_whitespace().any(|word| word == field.name);
            let is_known = field.group != stemmata_index::query::FieldGroup::Later;
            assert_eq!(is_named, is_known, "{}: {page}", field.name);
            seen += 1;
        }
        assert!(seen >= 60, "only {seen} fields seen");
    }

    #[test]
    fn every_query_of_the_help_page_can_be_read() {
        let mut seen = 0;
        for line in QUERY_HELP.lines().skip(1).filter(|line| !line.contains("field:")) {
            let (sample, _) = line.trim().split_once("  ").expect("a sample, then its meaning");
            let parsed = stemmata_index::query::parse(sample);
            assert!(parsed.is_ok(), "{sample}: {parsed:?}");
            seen += 1;
        }
        assert!(seen >= 7, "only {seen} queries seen");
    }
}
