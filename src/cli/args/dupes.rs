//! Flags of `dupes` and `similar`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// `dupes`
#[derive(Args, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
A group is of the weakest class of links that hold it together, strongest first: same-bytes, same-pixels, re-encode,
edited (cropped, marked, recoloured; made larger by a generator), candidate (BlurHashes agree; nobody has compared the
pixels). Pictures that share prompt and settings are kin and no copies: --class same-settings and other-model list them.
Nothing is ever deleted or moved; `stemmata decide not-duplicate A B` keeps two images apart.

Examples:
  stemmata dupes
  stemmata dupes --min-class edited --format ndjson
  stemmata dupes --across local,remote --query 'user:me'
  stemmata dupes --export-html copies.html
  stemmata dupes --class same-bytes --fail-on-found
  stemmata dupes calibrate --precision 0.99
"
)]
pub(crate) struct DupesArgs {
    /// What else to do
    #[command(subcommand)]
    pub(crate) what: Option<DupesWhat>,
    /// Distance of BlurHash coefficients up to which images are candidates [default: 0.30]
    #[arg(long, value_name = "D", allow_negative_numbers = true, value_parser = distance)]
    pub(crate) threshold: Option<f32>,
    /// Only groups of this class, made of such links and stronger ones
    #[arg(long, value_name = "CLASS", value_enum, conflicts_with = "min_class")]
    pub(crate) class: Option<ClassChoice>,
    /// Weakest links that make groups [default: candidate]
    #[arg(long, value_name = "CLASS", value_enum)]
    pub(crate) min_class: Option<LinkChoice>,
    /// Only groups with images on both sides: `local`, `remote`, or a folder
    #[arg(long, value_name = "SIDE,SIDE")]
    pub(crate) across: Option<String>,
    /// Only groups with an image that this query finds; see `stemmata search --help`
    #[arg(long, value_name = "QUERY")]
    pub(crate) query: Option<String>,
    /// Also write a contact sheet: one HTML file that needs nothing else
    #[arg(long, value_name = "FILE")]
    pub(crate) export_html: Option<PathBuf>,
    /// Most groups on the contact sheet
    #[arg(long, value_name = "N", default_value_t = 200, requires = "export_html",
        value_parser = clap::value_parser!(u32).range(1..=5_000))]
    pub(crate) html_groups: u32,
    /// Exit with 9 when there is any group
    #[arg(long)]
    pub(crate) fail_on_found: bool,
}

/// What `dupes` does besides listing.
#[derive(Debug, Subcommand)]
pub(crate) enum DupesWhat {
    /// Measure on this catalog how often unrelated pictures come close, and suggest thresholds
    Calibrate(CalibrateArgs),
}

/// `dupes calibrate`
#[derive(Args, Debug)]
#[command(after_help = "\
Pictures are drawn and compared with all others, as they are and mirrored: a mirror image is a stranger that is composed
as pictures of this catalog are. Where none came close, the number of false pairs is bounded by what that many drawn
pictures can tell, at 95 %.

Examples:
  stemmata dupes calibrate
  stemmata dupes calibrate --precision 0.999 --samples 20000 --format csv
")]
pub(crate) struct CalibrateArgs {
    /// Share of true copies among the pairs that a threshold accepts
    #[arg(long, value_name = "P", default_value_t = 0.99, value_parser = share)]
    pub(crate) precision: f64,
    /// Pictures to draw, for pixels and for BlurHashes each
    #[arg(long, value_name = "N", default_value_t = 2_000,
        value_parser = clap::value_parser!(u64).range(10..=10_000_000))]
    pub(crate) samples: u64,
    /// Where the random numbers begin: the same seed and catalog give the same figures
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
}

/// What makes a group of images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ClassChoice {
    /// The same stored bytes.
    #[value(alias = "same_bytes")]
    SameBytes,
    /// The same pixels, other metadata.
    #[value(alias = "same_pixels")]
    SamePixels,
    /// Saved again or resized.
    #[value(alias = "re_encode")]
    ReEncode,
    /// Cropped, marked, bordered or recoloured.
    Edited,
    /// Made larger by a generator.
    Upscaled,
    /// BlurHash and shape agree; pixels were not compared.
    Candidate,
    /// Alike in pixels, and yet no copy.
    #[value(alias = "look_alike")]
    LookAlike,
    /// The same prompt and settings, another seed.
    #[value(alias = "same_settings")]
    SameSettings,
    /// The same prompt and seed, another model.
    #[value(alias = "other_model")]
    OtherModel,
}

/// Links that make groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LinkChoice {
    /// The same stored bytes.
    #[value(alias = "same_bytes")]
    SameBytes,
    /// The same pixels, other metadata.
    #[value(alias = "same_pixels")]
    SamePixels,
    /// Saved again or resized.
    #[value(alias = "re_encode")]
    ReEncode,
    /// Cropped, marked, bordered or recoloured.
    Edited,
    /// BlurHash and shape agree; pixels were not compared.
    Candidate,
}

/// `similar`
#[derive(Args, Debug)]
#[command(after_help = "\
Similar is not duplicate: the class of each hit says what it is. Distances of pixels are bits of 192: up to 31 is a copy
if the colours agree. Distances of BlurHashes are those of their coefficients: up to 0.30 is a candidate.

Examples:
  stemmata similar 9173928
  stemmata similar https://civitai.com/images/9173928 --limit 5
  stemmata similar ~/Pictures/castle.png --turns
  stemmata similar ~/Pictures/castle.png --threshold 0.4 --distance 60 --format ndjson
  stemmata similar 9173928 --class same-settings
")]
pub(crate) struct SimilarArgs {
    /// Image id, page URL, media URL, media key, imported document, or a picture on disk
    #[arg(value_name = "TARGET")]
    pub(crate) target: String,
    /// Distance of BlurHash coefficients up to which images are shown [default: 0.30]
    #[arg(long, value_name = "D", allow_negative_numbers = true, value_parser = distance)]
    pub(crate) threshold: Option<f32>,
    /// Bits of 192 up to which pixels are shown as alike [default: 48]
    #[arg(long, value_name = "BITS", value_parser = clap::value_parser!(u32).range(0..=192))]
    pub(crate) distance: Option<u32>,
    /// Only hits of this class
    #[arg(long, value_name = "CLASS", value_enum)]
    pub(crate) class: Option<ClassChoice>,
    /// Try flips and quarter turns of the target as well
    #[arg(long)]
    pub(crate) turns: bool,
    /// Images at most
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) limit: u32,
    /// Exit with 9 when there is any hit
    #[arg(long)]
    pub(crate) fail_on_found: bool,
}

fn distance(text: &str) -> Result<f32, String> {
    let value: f32 = text.parse().map_err(|_| "it is a number such as 0.3".to_owned())?;
    if (0.0..=10.0).contains(&value) { Ok(value) } else { Err("it is a number from 0 to 10".to_owned()) }
}

fn share(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "it is a number such as 0.99".to_owned())?;
    if (0.5..1.0).contains(&value) {
        Ok(value)
    } else {
        Err("it is a number from 0.5 to less than 1".to_owned())
    }
}
