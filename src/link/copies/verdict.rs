//! Two looks in, what they are to one another out.
//!
//! The thresholds were measured on 2,912 generated pictures with known variants and hard negatives, all pairs of them:
//! at 31 bits and 0.5 of chroma precision is 0.99 and recall 0.983; on a second set of 732, at 32 bits, 0.991.

use serde::Serialize;

use super::{Look, MatchClass};
use crate::entity::{Fingerprint, Turn};

/// Bits of 192 up to which two pictures may be copies.
pub const MOST_BITS: u32 = 31;

/// Distance of chroma signatures up to which they are. Luma cannot see another colouring: without this limit precision
/// 0.99 costs recall 0.919 instead of 0.983.
pub const CHROMA_LIMIT: f32 = 0.5;

/// Bits beyond which colours must agree better: an edit that moves luma so far leaves the colours where they were, and
/// another picture of the same composition does not.
pub const NEAR_BITS: u32 = 16;

/// Distance of chroma signatures up to which pictures beyond [`NEAR_BITS`] are copies.
///
/// The 22 kinds of variants of generated pictures were at most 0.18 from their originals; most strangers that 31 bits and
/// 0.5 had let through, another subject or seed in the same composition, were beyond 0.2.
pub const FAR_CHROMA_LIMIT: f32 = 0.2;

/// Bits up to which nothing but saving again or resizing is seen; more stands for a change of the picture itself.
///
/// Of 344 generated pictures none that was saved as JPEG of quality 30, resized to a quarter or blurred was farther from
/// its original; half of those with a mark or a logo were at 11 or more. Evenly brighter or darker pictures, and some with
/// a small mark, are nearer than that and count as saved again.
pub const EDIT_BITS: u32 = 7;

/// Chroma up to which the same holds.
pub const EDIT_CHROMA: f32 = 0.12;

/// Bits up to which pictures that are no copies are told to look alike. Unrelated pictures come within about 60 of 192
/// once in a million pairs.
pub const LOOK_ALIKE_BITS: u32 = 48;

/// How far the ratio of one picture's sides may be from another's besides rounding to whole pixels.
const SHAPE_TOLERANCE: f64 = 0.006;

/// Share of the differing bits that lie in the most different quarter of the picture when one place of it was changed.
const LOCAL_SHARE: f64 = 0.6;

/// What was done to an edited picture, where the evidence decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Edit {
    /// The sides have another ratio: cropped, or given a border.
    CropOrBorder,
    /// The difference lies in one part of the picture: a mark, a logo, something painted over.
    Local,
    /// Luma agrees and colours differ.
    Colour,
    /// Brightness, contrast, sharpness, a slight turn: nothing of the above.
    Other,
}

impl Edit {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CropOrBorder => "cropped or bordered",
            Self::Local => "changed in one place",
            Self::Colour => "recoloured",
            Self::Other => "changed all over",
        }
    }
}

/// What decided a verdict. Absent values were not known or not needed.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Evidence {
    /// Bits of 192 in which the codes differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bits: Option<u32>,
    /// Distance of the chroma signatures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chroma: Option<f64>,
    /// Distance of the BlurHashes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blurhash: Option<f64>,
    /// The turn or flip after which the pictures agree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turn: Option<&'static str>,
    /// What was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edit: Option<Edit>,
    /// How many times as wide the second is as the first, where not as wide.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale: Option<f64>,
    /// Whether the pixels come from a smaller picture that the site made.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub rendition: bool,
    /// What agreed, strongest first: `bytes`, `pixels`, `look`, `colour`, `shape`, `blurhash`, `prompt`, `settings`,
    /// `seed`, `model`.
    pub agrees: Vec<&'static str>,
    /// What differed, in the same words.
    pub differs: Vec<&'static str>,
}

/// How far apart two pictures may be and still be told of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reach {
    /// Bits of 192; what is farther than [`MOST_BITS`] is a look-alike at best.
    pub bits: u32,
    /// Distance of BlurHashes.
    pub blur: f32,
}

/// What two pictures are to one another, and how we know.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// What they are.
    pub class: MatchClass,
    /// What decided it.
    pub evidence: Evidence,
}

impl Verdict {
    /// The distance in the unit of [`Self::unit`]; 0 for the same bytes or pixels.
    pub fn distance(&self) -> f64 {
        match self.class {
            MatchClass::SameBytes | MatchClass::SamePixels => 0.0,
            _ => self.evidence.bits.map(f64::from).or(self.evidence.blurhash).unwrap_or(0.0),
        }
    }

    /// `bits` of 192, `blurhash`, or `none` for what has no distance.
    pub fn unit(&self) -> &'static str {
        match self.class {
            MatchClass::SameBytes | MatchClass::SamePixels => "none",
            _ if self.evidence.bits.is_some() => "bits",
            _ if self.evidence.blurhash.is_some() => "blurhash",
            _ => "none",
        }
    }
}

/// What two media are to one another; `None` if nothing. The same whichever comes first, but for the scale.
///
/// BlurHashes are asked only where the pixels of one of the two are not known, and never of a flat picture.
pub fn judge(one: &Look, other: &Look, reach: Reach) -> Option<Verdict> {
    if one.content.is_some() && one.content == other.content {
        return Some(certain(MatchClass::SameBytes, "bytes"));
    }
    if one.exact().iter().zip(other.exact()).any(|(a, b)| a.is_some() && *a == b) {
        return Some(certain(MatchClass::SamePixels, "pixels"));
    }
    match (&one.pixels, &other.pixels) {
        (Some((a, from_a)), Some((b, from_b))) => {
            let rendition = !from_a.is_exact() || !from_b.is_exact();
            compare(a, b, (size(one, a), size(other, b)), reach.bits, rendition)
        }
        _ => by_blur(one, other, reach.blur),
    }
}

/// What a picture is to another one that may have been flipped or turned; the best of `turned`, each with its name.
pub fn judge_turned(turned: &[(Turn, Fingerprint)], other: &Look, reach: Reach) -> Option<Verdict> {
    let (b, _) = other.pixels.as_ref()?;
    let verdicts = turned.iter().filter_map(|(turn, fingerprint)| {
        let own = (fingerprint.width, fingerprint.height);
        let mut verdict = compare(fingerprint, b, (own, size(other, b)), reach.bits, false)?;
        verdict.evidence.turn = Some(turn_word(*turn));
        Some(verdict)
    });
    verdicts.min_by(|a, b| a.class.cmp(&b.class).then(a.distance().total_cmp(&b.distance())))
}

/// The word for a turn.
fn turn_word(turn: Turn) -> &'static str {
    match turn {
        Turn::None => "none",
        Turn::FlipHorizontal => "flip_horizontal",
        Turn::FlipVertical => "flip_vertical",
        Turn::Rotate180 => "rotate_180",
        Turn::Rotate90 => "rotate_90",
        Turn::Rotate270 => "rotate_270",
        Turn::Transpose => "transpose",
        Turn::Transverse => "transverse",
    }
}

fn certain(class: MatchClass, agrees: &'static str) -> Verdict {
    Verdict { class, evidence: Evidence { agrees: vec![agrees], ..Evidence::default() } }
}

fn size(look: &Look, fingerprint: &Fingerprint) -> (u32, u32) {
    look.size.unwrap_or((fingerprint.width, fingerprint.height))
}

type Sizes = ((u32, u32), (u32, u32));

fn compare(
    a: &Fingerprint,
    b: &Fingerprint,
    sizes: Sizes,
    most_bits: u32,
    rendition: bool,
) -> Option<Verdict> {
    if a.is_flat() || b.is_flat() {
        return None;
    }
    let (bits, chroma) = (a.bits_apart(b), a.chroma_apart(b));
    if bits > most_bits {
        return None;
    }
    let same_shape = shapes_agree((a.width, a.height), (b.width, b.height));
    let mut evidence = Evidence {
        bits: Some(bits),
        chroma: Some(rounded(chroma)),
        scale: scale(sizes),
        rendition,
        ..Evidence::default()
    };
    let same_colours = colours_agree(bits, chroma);
    for (word, agrees) in [("look", bits <= MOST_BITS), ("colour", same_colours), ("shape", same_shape)] {
        if agrees { evidence.agrees.push(word) } else { evidence.differs.push(word) }
    }
    if bits > MOST_BITS || !same_colours {
        return Some(Verdict { class: MatchClass::LookAlike, evidence });
    }
    evidence.edit = edit(a, b, bits, chroma, same_shape);
    let class = if evidence.edit.is_some() { MatchClass::Edited } else { MatchClass::ReEncode };
    Some(Verdict { class, evidence })
}

/// Whether two pictures that are so many bits apart have the colours of copies.
pub fn colours_agree(bits: u32, chroma: f32) -> bool {
    chroma <= if bits <= NEAR_BITS { CHROMA_LIMIT } else { FAR_CHROMA_LIMIT }
}

fn edit(a: &Fingerprint, b: &Fingerprint, bits: u32, chroma: f32, same_shape: bool) -> Option<Edit> {
    if !same_shape {
        return Some(Edit::CropOrBorder);
    }
    match (bits <= EDIT_BITS, chroma <= EDIT_CHROMA) {
        (true, true) => None,
        (true, false) => Some(Edit::Colour),
        (false, _) if is_local(a, b) => Some(Edit::Local),
        (false, _) => Some(Edit::Other),
    }
}

/// Whether most of the differing gradient bits lie in one quarter of the picture, at whatever place.
fn is_local(a: &Fingerprint, b: &Fingerprint) -> bool {
    let across = a.gradient[0] ^ b.gradient[0];
    let down = a.gradient[1] ^ b.gradient[1];
    let total = across.count_ones() + down.count_ones();
    if total < 4 {
        return false;
    }
    let most = (0..25_u32)
        .map(|place| {
            let window = 0x0f0f_0f0f_u64 << (place % 5) << (8 * (place / 5));
            (across & window).count_ones() + (down & window).count_ones()
        })
        .max();
    f64::from(most.unwrap_or(0)) >= f64::from(total) * LOCAL_SHARE
}

fn by_blur(one: &Look, other: &Look, blur_limit: f32) -> Option<Verdict> {
    let is_flat = |look: &Look| look.pixels.is_some() && look.comparable().is_none();
    if is_flat(one) || is_flat(other) {
        return None;
    }
    let ((a, shape_a), (b, shape_b)) = (one.blur.as_ref()?, other.blur.as_ref()?);
    if !shape_a.agrees(*shape_b) {
        return None;
    }
    let distance = a.distance(b);
    (distance <= blur_limit).then(|| {
        let evidence = Evidence {
            blurhash: Some(rounded(distance)),
            scale: one.size.zip(other.size).and_then(scale),
            agrees: vec!["blurhash", "shape"],
            ..Evidence::default()
        };
        Verdict { class: MatchClass::Candidate, evidence }
    })
}

/// Whether two pictures can be one at two sizes: half a pixel of rounding for each side of each, and a little more.
fn shapes_agree(a: (u32, u32), b: (u32, u32)) -> bool {
    let [aw, ah, bw, bh] = [a.0, a.1, b.0, b.1].map(f64::from);
    let least = aw.min(ah).min(bw).min(bh).max(1.0);
    let (left, right) = (aw * bh, bw * ah);
    (left - right).abs() <= left.min(right) * (SHAPE_TOLERANCE + 1.0 / least)
}

fn scale(((one, _), (other, _)): Sizes) -> Option<f64> {
    let ratio = f64::from(other) / f64::from(one.max(1));
    (one != other).then(|| (ratio * 1000.0).round() / 1000.0)
}

pub(super) fn rounded(distance: f32) -> f64 {
    (f64::from(distance) * 10_000.0).round() / 10_000.0
}

#[cfg(test)]
pub(super) mod tests;
