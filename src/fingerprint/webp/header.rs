//! What stands before the first macroblock: sides, quantisers, probabilities, where the data lie (RFC 6386, 9 and 19.2).

use super::bools::Bools;
use super::tables::{AC_STEPS, BANDS, DC_STEPS, DEFAULTS, Tree, UPDATES};
use super::{Odd, Odd::Damaged, Odd::Unusual};

/// Segments of a frame, and probabilities of a segment's number.
const SEGMENTS: usize = 4;

/// Trees of one kind of block by place and context.
pub(super) type Places = [[Tree; 3]; 17];

/// Steps of quantisation: DC, then the rest.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Steps {
    pub(super) luma: [i32; 2],
    /// Of the block that holds the DC coefficients of 16 others.
    pub(super) second: [i32; 2],
    pub(super) chroma: [i32; 2],
}

/// Width and height, and the data behind them.
pub(super) struct Start<'w> {
    pub(super) width: u32,
    pub(super) height: u32,
    first_bytes: usize,
    rest: &'w [u8],
}

impl<'w> Start<'w> {
    /// Reads the ten bytes that are not coded (9.1).
    pub(super) fn read(data: &'w [u8]) -> Result<Self, Odd> {
        let [t0, t1, t2, 0x9D, 0x01, 0x2A, w0, w1, h0, h1, rest @ ..] = data else { return Err(Damaged) };
        let tag = u32::from_le_bytes([*t0, *t1, *t2, 0]);
        let (no_key_frame, version, is_shown) = (tag & 1, tag >> 1 & 7, tag >> 4 & 1);
        if no_key_frame != 0 || version > 3 || is_shown == 0 {
            return Err(Unusual);
        }
        let side = |low: &u8, high: &u8| u32::from(u16::from_le_bytes([*low, *high]) & 0x3FFF);
        let (width, height) = (side(w0, w1), side(h0, h1));
        if width == 0 || height == 0 {
            return Err(Damaged);
        }
        Ok(Self { width, height, first_bytes: (tag >> 5) as usize, rest })
    }
}

/// Everything that holds for the whole frame.
pub(super) struct Header<'w> {
    /// Where the modes of the macroblocks follow.
    pub(super) modes: Bools<'w>,
    /// Coefficients: each takes every n-th row.
    pub(super) parts: Vec<Bools<'w>>,
    pub(super) steps: [Steps; SEGMENTS],
    /// Probabilities of a segment's number, if each macroblock says its own.
    pub(super) segment_tree: Option<[u8; SEGMENTS - 1]>,
    /// Probability that a macroblock has coefficients, if each says whether.
    pub(super) skip: Option<u8>,
    pub(super) trees: Box<[Places; 4]>,
}

impl<'w> Header<'w> {
    pub(super) fn read(start: &Start<'w>) -> Result<Self, Odd> {
        let (first, behind) = start.rest.split_at_checked(start.first_bytes).ok_or(Damaged)?;
        let mut bools = Bools::new(first);
        // The colour space and whether values need clamping: neither changes what is done here.
        bools.number(2);
        let segments = Segments::read(&mut bools);
        filters(&mut bools);
        let parts = parts(bools.number(2), behind)?;
        let steps = steps(&mut bools, &segments);
        // Whether probabilities are kept for the next frame.
        bools.next(128);
        let trees = trees(&mut bools);
        let skip = bools.next(128).then(|| bools.number(8) as u8);
        if bools.overran() {
            return Err(Damaged);
        }
        Ok(Self { modes: bools, parts, steps, segment_tree: segments.tree, skip, trees })
    }
}

/// What differs between parts of the picture (9.3).
#[derive(Default)]
struct Segments {
    /// Quantisers, and whether they stand for themselves instead of being added to that of the frame.
    quantisers: Option<(bool, [i32; SEGMENTS])>,
    tree: Option<[u8; SEGMENTS - 1]>,
}

impl Segments {
    fn read(bools: &mut Bools<'_>) -> Self {
        let mut segments = Self::default();
        if !bools.next(128) {
            return segments;
        }
        let (has_map, has_quantisers) = (bools.next(128), bools.next(128));
        if has_quantisers {
            let is_absolute = bools.next(128);
            segments.quantisers =
                Some((is_absolute, std::array::from_fn(|_| bools.optional(7).unwrap_or(0))));
            pass_optional(bools, SEGMENTS);
        }
        if has_map {
            let mut probability = |_| if bools.next(128) { bools.number(8) as u8 } else { u8::MAX };
            segments.tree = Some(std::array::from_fn(&mut probability));
        }
        segments
    }
}

/// Passes what is said of the loop filter (9.6): it smooths what was predicted, and nothing is predicted from that.
fn filters(bools: &mut Bools<'_>) {
    bools.number(1 + 6 + 3);
    if bools.next(128) && bools.next(128) {
        pass_optional(bools, 8);
    }
}

fn pass_optional(bools: &mut Bools<'_>, count: usize) {
    for _ in 0..count {
        bools.optional(6);
    }
}

/// The parts of the coefficients (9.5): all but the last have their length in front.
fn parts(log_count: u32, data: &[u8]) -> Result<Vec<Bools<'_>>, Odd> {
    let count = 1_usize << log_count;
    let (lengths, mut rest) = data.split_at_checked(3 * (count - 1)).ok_or(Damaged)?;
    let mut parts = Vec::with_capacity(count);
    for length in lengths.as_chunks::<3>().0 {
        let length = u32::from_le_bytes([length[0], length[1], length[2], 0]) as usize;
        let (part, behind) = rest.split_at_checked(length).ok_or(Damaged)?;
        parts.push(Bools::new(part));
        rest = behind;
    }
    parts.push(Bools::new(rest));
    Ok(parts)
}

/// Steps of each segment (9.6, 14.1).
fn steps(bools: &mut Bools<'_>, segments: &Segments) -> [Steps; SEGMENTS] {
    let base = bools.number(7).cast_signed();
    let [luma_dc, second_dc, second_ac, chroma_dc, chroma_ac] =
        std::array::from_fn(|_| bools.optional(4).unwrap_or(0));
    std::array::from_fn(|segment| {
        let own = segments.quantisers.and_then(|(is_absolute, all)| Some((is_absolute, *all.get(segment)?)));
        let quantiser = match own {
            None => base,
            Some((true, own)) => own,
            Some((false, own)) => base + own,
        };
        // Segments are within the range by themselves, before anything is added.
        let quantiser = quantiser.clamp(0, 127);
        let dc = |delta: i32| i32::from(step(&DC_STEPS, quantiser + delta));
        let ac = |delta: i32| i32::from(step(&AC_STEPS, quantiser + delta));
        Steps {
            luma: [dc(luma_dc), ac(0)],
            second: [2 * dc(second_dc), (ac(second_ac) * 155 / 100).max(8)],
            chroma: [dc(chroma_dc).min(132), ac(chroma_ac)],
        }
    })
}

fn step<T: Copy + Default>(steps: &[T; 128], quantiser: i32) -> T {
    steps.get(quantiser.clamp(0, 127) as usize).copied().unwrap_or_default()
}

/// The trees of tokens as this frame changes them (13.4), laid out by place.
fn trees(bools: &mut Bools<'_>) -> Box<[Places; 4]> {
    let mut bands = DEFAULTS;
    let probabilities = bands.as_flattened_mut().as_flattened_mut().as_flattened_mut();
    for (probability, update) in
        probabilities.iter_mut().zip(UPDATES.as_flattened().as_flattened().as_flattened())
    {
        if bools.next(*update) {
            *probability = bools.number(8) as u8;
        }
    }
    Box::new(bands.map(|bands| BANDS.map(|band| bands.get(band).copied().unwrap_or_default())))
}
