//! Text hidden in the lowest bits of pixels, as some generators leave it.
//!
//! - In: a way to look at single pixels; who decodes them is the caller's business. Out: the hidden text as a block.
//! - Bits go down the columns, highest bit of a byte first: a signature, a length in bits, the text, packed or not.
//! - Never: a length believed beyond what the pixels can hold, or more unpacked than the limits allow.

use super::container::{End, Packing, encoding, unpack};
use super::{Block, Carrier, Limits, Warning};

/// Longest hidden text, in bytes as stored.
const MAX_HIDDEN_BYTES: u64 = 8 << 20;

/// Bits of signature and length.
const HEAD_BITS: u64 = 152;

/// Which samples of a pixel hide bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plane {
    /// One bit a pixel, in alpha.
    Alpha,
    /// Three bits a pixel, in red, green and blue.
    Rgb,
}

impl Plane {
    fn samples(self) -> u64 {
        match self {
            Self::Alpha => 1,
            Self::Rgb => 3,
        }
    }

    /// What the text may begin with, and whether it is packed then.
    fn signatures(self) -> [(&'static str, Form); 2] {
        match self {
            Self::Alpha => [("stealth_pnginfo", Form::Plain), ("stealth_pngcomp", Form::Packed)],
            Self::Rgb => [("stealth_rgbinfo", Form::Plain), ("stealth_rgbcomp", Form::Packed)],
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    Packed,
}

/// The text hidden in a plane of a picture, if there is one; `pixel` gives red, green, blue and alpha of column and row.
///
/// A picture without hidden text costs a look at 120 pixels, or at 40 for [`Plane::Rgb`].
pub fn stealth(
    plane: Plane,
    width: u32,
    height: u32,
    pixel: impl Fn(u32, u32) -> [u8; 4],
    limits: &Limits,
) -> Option<(Block, Vec<Warning>)> {
    let mut bits = Bits { plane, width, height, pixel, next: 0 };
    let signature = bits.bytes(15)?;
    let (name, form) = plane.signatures().into_iter().find(|known| known.0.as_bytes() == signature)?;
    let length = u64::from(u32::from_be_bytes(bits.bytes(4)?.first_chunk::<4>().copied()?));
    let room = bits.room().saturating_sub(HEAD_BITS);
    let claimed = length / 8;
    let most = claimed.min(room / 8).min(MAX_HIDDEN_BYTES).min(limits.max_block_bytes);
    let stored = bits.bytes(most)?;
    let mut warnings = Vec::new();
    let mut warn = |code, detail: String| {
        warnings.push(Warning { code, place: format!("stealth {name}"), detail });
    };
    let mut truncated = most < claimed;
    if truncated {
        warn("truncated", format!("says {claimed} bytes; {most} are there or allowed"));
    }
    let bytes = match form {
        Form::Plain => stored,
        Form::Packed => {
            let (bytes, end) = unpack(Packing::Gzip, &stored, limits.max_inflated_bytes);
            match end {
                End::Complete => {}
                End::Limit => {
                    warn("limit", format!("unpacks to more than {} bytes", limits.max_inflated_bytes));
                }
                End::Damaged => warn("damaged", "the packed data is damaged or cut".to_owned()),
            }
            truncated |= end != End::Complete;
            bytes
        }
    };
    let carrier = Carrier::Stealth { signature: name.to_owned() };
    let encoding = encoding(&bytes);
    Some((Block { carrier, range: 0..0, bytes, encoding, truncated }, warnings))
}

/// The bits of a plane, down the columns.
struct Bits<P> {
    plane: Plane,
    width: u32,
    height: u32,
    pixel: P,
    next: u64,
}

impl<P: Fn(u32, u32) -> [u8; 4]> Bits<P> {
    /// How many bits there are.
    fn room(&self) -> u64 {
        u64::from(self.width).saturating_mul(u64::from(self.height)).saturating_mul(self.plane.samples())
    }

    /// The next bytes; `None` when the pixels end before.
    fn bytes(&mut self, count: u64) -> Option<Vec<u8>> {
        (self.next.saturating_add(count.saturating_mul(8)) <= self.room()).then_some(())?;
        (0..count).map(|_| (0..8).try_fold(0_u8, |byte, _| Some((byte << 1) | self.bit()?))).collect()
    }

    fn bit(&mut self) -> Option<u8> {
        let samples = self.plane.samples();
        let (place, sample) = (self.next.checked_div(samples)?, self.next.checked_rem(samples)?);
        let column = u32::try_from(place.checked_div(u64::from(self.height))?).ok()?;
        let row = u32::try_from(place.checked_rem(u64::from(self.height))?).ok()?;
        let [red, green, blue, alpha] = (self.pixel)(column, row);
        self.next = self.next.saturating_add(1);
        let byte = match (self.plane, sample) {
            (Plane::Alpha, _) => alpha,
            (Plane::Rgb, 0) => red,
            (Plane::Rgb, 1) => green,
            (Plane::Rgb, _) => blue,
        };
        Some(byte & 1)
    }
}
