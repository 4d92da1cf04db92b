//! Generator metadata: bytes in, what they claim out.
//!
//! - In: the bytes of one file, from anyone, and [`Limits`]. Out: raw blocks, claims and warnings, always.
//! - Pure, total and bounded: any input gives an answer, and damage costs only the damaged part.
//! - Never: files, clocks, threads, decoded pixels, memory sized by a number that the file gives.
//!
//! # Where to begin
//!
//! | you have | call | you get |
//! |---|---|---|
//! | a picture or video, open or in memory | [`read`], [`read_bytes`] | [`Parsed`]: the view, every claim, conflicts, raw blocks |
//! | only interest in the raw blocks | [`extract`], [`extract_bytes`] | [`Extraction`], which [`interpret`] takes later |
//! | a file beside a picture | [`pair_sidecars`], then [`sidecar`] | an [`Extraction`] |
//! | decoded pixels | [`stealth`] | the text hidden in them, as a [`Block`] for [`interpret`] |
//! | the head of a model file | [`model_file`] | what it says about itself and its ancestors |
//! | the first bytes of anything | [`sniff`] | its [`Container`] |
//!
//! [`Parsed::generation`] is one answer a field: the strongest claim. Each [`Claim`] names its block and, where it can,
//! the bytes of that block's text; [`Conflict`]s say where blocks disagree. Nothing here is verified: metadata says
//! what whoever wrote the file last wanted it to say.
//!
//! ```
//! use stemmata::parse::{Limits, read_bytes};
//!
//! let text = b"a red kite\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 11, Size: 512x512";
//! let gif = [b"GIF89a\x02\0\x01\0\0\0\0\x21\xFE", &[u8::try_from(text.len())?][..], text, b"\0;"].concat();
//! let parsed = read_bytes(&gif, &Limits::default());
//! assert_eq!(parsed.generation.prompt.as_deref(), Some("a red kite"));
//! for claim in &parsed.claims {
//!     println!("{} = {:?}, said by block {}", claim.field.as_str(), claim.value, claim.block);
//! }
//! # Ok::<(), std::num::TryFromIntError>(())
//! ```
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

pub mod air;
mod block;
mod claim;
mod container;
mod dialect;
pub mod json;
mod limits;
pub(crate) mod mention;
mod merge;
pub mod model_file;
pub mod prompt;
pub mod provenance;
pub(crate) mod resources;
mod sidecar;
mod stealth;
pub mod xmp;

pub(crate) use dialect::tool_of_version;

pub use block::{Block, Carrier, Container, Encoding, Extraction};
pub use claim::{Claim, Conflict, Dialect, Field, Parsed, Strength, Value, Warning};
pub use container::{SNIFF_BYTES, extract, extract_bytes, sniff};
pub use limits::Limits;
pub use sidecar::{SidecarKind, pair_sidecars, sidecar, sidecar_kind};
pub use stealth::{Plane, stealth};

/// What the blocks of a file say, and one view of it all.
///
/// Takes what was found in a container or beside it, reads every block by its own grammar, and joins the claims. Any
/// blocks give an answer; what is damaged costs only itself and is named in [`Parsed::warnings`].
///
/// ```
/// use stemmata::parse::{Block, Carrier, Container, Encoding, Extraction, Limits, interpret};
///
/// let text = "a red kite <lora:wind:0.8>\nNegative prompt: blur\nSteps: 20, Sampler: DPM++ 2M Karras, Seed: 11";
/// let block = Block {
///     carrier: Carrier::PngText { chunk: *b"tEXt", keyword: "parameters".into() },
///     range: 0..0,
///     bytes: text.into(),
///     encoding: Encoding::Ascii,
///     truncated: false,
/// };
/// let found = Extraction { container: Container::Png, width: None, height: None, blocks: vec![block], warnings: vec![] };
/// let parsed = interpret(found, &Limits::default());
/// assert_eq!(parsed.generation.sampler.as_deref(), Some("dpmpp_2m"));
/// assert_eq!(parsed.generation.scheduler.as_deref(), Some("karras"));
/// assert_eq!(parsed.generation.seed, Some(11));
/// assert_eq!(parsed.resources[0].resource.name.as_deref(), Some("wind"));
/// let prompt = parsed.claims.iter().find(|claim| claim.field.as_str() == "prompt").expect("it has one");
/// assert_eq!(prompt.span.clone().map(|span| &text[span]), Some("a red kite <lora:wind:0.8>"));
/// ```
pub fn interpret(found: Extraction, limits: &Limits) -> Parsed {
    let Extraction { container, width, height, blocks, mut warnings } = found;
    let (claims, odd) = dialect::claims(&blocks, limits);
    warnings.extend(odd);
    let merge::Merged { generation, resources, conflicts, remix_of, too_many_resources } =
        merge::merge(&claims);
    if too_many_resources {
        let detail = "more resources are named than are kept".to_owned();
        warnings.push(Warning { code: "limit", place: String::new(), detail });
    }
    Parsed { container, width, height, blocks, claims, conflicts, generation, resources, remix_of, warnings }
}

/// Reads one file: finds the blocks, and says what they say.
///
/// Reads what it must and seeks over the rest, pixels above all; see [`extract`].
///
/// ```no_run
/// use stemmata::parse::{Limits, read};
///
/// let mut file = std::fs::File::open("kite.png")?;
/// let parsed = read(&mut file, &Limits::default())?;
/// println!("{:?}", parsed.generation.prompt);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// Only when the source itself fails; a file that is damaged, cut or no picture at all still gives an answer.
pub fn read<R: std::io::Read + std::io::Seek>(source: &mut R, limits: &Limits) -> std::io::Result<Parsed> {
    Ok(interpret(extract(source, limits)?, limits))
}

/// Reads one file that is in memory.
///
/// ```
/// use stemmata::parse::{Container, Limits, read_bytes};
///
/// let parsed = read_bytes(b"no picture", &Limits::default());
/// assert_eq!(parsed.container, Container::Unknown);
/// assert!(parsed.generation.is_empty() && parsed.claims.is_empty());
/// ```
pub fn read_bytes(bytes: &[u8], limits: &Limits) -> Parsed {
    interpret(extract_bytes(bytes, limits), limits)
}
