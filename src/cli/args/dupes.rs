//! Flags of `dupes` and `similar`.

use clap::Args;

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

fn distance(text: &str) -> Result<f32, String> {
    let value: f32 = text.parse().map_err(|_| "it is a number such as 0.3".to_owned())?;
    if (0.0..=10.0).contains(&value) { Ok(value) } else { Err("it is a number from 0 to 10".to_owned()) }
}
