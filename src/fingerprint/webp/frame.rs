//! The macroblocks of a frame, row by row (RFC 6386, 11 to 14).

use super::bools::Bools;
use super::header::{Header, Places, Steps};
use super::predict::{self, Mode, Rest};
use super::residual::{self, Block};
use super::strip::Strip;
use super::tables::MODE_TREES;
use super::{Odd, Odd::Damaged};
use crate::fingerprint::grid::Plane;

/// Kinds of blocks, by which their trees of tokens are chosen (13.3).
#[derive(Clone, Copy)]
enum Kind {
    LumaWithoutMean = 0,
    Second = 1,
    Chroma = 2,
    Luma = 3,
}

/// What macroblocks leave to those below or to the right of them.
#[derive(Clone, Copy, Default)]
struct Neighbour {
    modes: [Mode; 4],
    /// Whether a block at the border has coefficients: 1 or 0.
    luma: [usize; 4],
    chroma: [[usize; 2]; 2],
    second: usize,
}

impl Neighbour {
    /// Forgets the coefficients; those of second order only where there could have been some.
    fn clear(&mut self, has_second: bool) {
        (self.luma, self.chroma) = Default::default();
        if has_second {
            self.second = 0;
        }
    }
}

/// How a macroblock is predicted.
struct Modes {
    /// `None` if each block has its own.
    luma: Option<Mode>,
    blocks: [[Mode; 4]; 4],
    chroma: Mode,
}

/// Decodes a frame and averages it.
pub(super) fn read(header: Header<'_>, width: u32, height: u32) -> Result<[Plane; 3], Odd> {
    let Header { mut modes, mut parts, steps, segment_tree, skip, trees } = header;
    let (across, down) = (width.div_ceil(16) as usize, height.div_ceil(16) as usize);
    let mut luma = Strip::<16>::new(across, width, height);
    let mut chroma = [(); 2].map(|()| Strip::<8>::new(across, width.div_ceil(2), height.div_ceil(2)));
    let mut above = vec![Neighbour::default(); across];
    let count = parts.len();
    for y in 0..down {
        let part = parts.get_mut(y % count).ok_or(Damaged)?;
        // Copies of their own, so that they can stay in registers.
        let (mut bools, mut left) = (*part, Neighbour::default());
        luma.begin(y);
        chroma.iter_mut().for_each(|strip| strip.begin(y));
        for (x, above) in above.iter_mut().enumerate() {
            let segment = segment_tree.map_or(0, |tree| segment(&mut modes, tree));
            let is_empty = skip.is_some_and(|probability| modes.next(probability));
            let own = read_modes(&mut modes, above, &mut left);
            let steps = steps.get(segment).copied().unwrap_or_default();
            if is_empty {
                above.clear(own.luma.is_some());
                left.clear(own.luma.is_some());
            }
            let mut tokens =
                Tokens { bools: &mut bools, trees: &trees, steps, is_empty, above, left: &mut left };
            tokens.luma(&own, &mut luma, x);
            for (plane, strip) in chroma.iter_mut().enumerate() {
                tokens.chroma(own.chroma, plane, strip, x);
            }
        }
        if bools.overran() || modes.overran() {
            return Err(Damaged);
        }
        *part = bools;
        luma.finish_row();
        chroma.iter_mut().for_each(Strip::finish_row);
    }
    let [blue, red] = chroma.map(Strip::finish);
    Ok([luma.finish().ok_or(Damaged)?, blue.ok_or(Damaged)?, red.ok_or(Damaged)?])
}

/// The number of a segment (10).
fn segment(bools: &mut Bools<'_>, [root, low, high]: [u8; 3]) -> usize {
    if bools.next(root) { 2 + usize::from(bools.next(high)) } else { usize::from(bools.next(low)) }
}

/// The modes of a macroblock (11.2 to 11.4).
fn read_modes(bools: &mut Bools<'_>, above: &mut Neighbour, left: &mut Neighbour) -> Modes {
    let mut blocks = [[Mode::Mean; 4]; 4];
    let has_one = bools.next(145);
    let luma = has_one.then(|| whole_mode(bools));
    if let Some(mode) = luma {
        (above.modes, left.modes) = ([mode; 4], [mode; 4]);
    } else {
        for (row, left) in blocks.iter_mut().zip(&mut left.modes) {
            for (mode, above) in row.iter_mut().zip(&mut above.modes) {
                *mode = block_mode(bools, &MODE_TREES[*above as usize][*left as usize]);
                (*above, *left) = (*mode, *mode);
            }
        }
    }
    let chroma = if !bools.next(142) {
        Mode::Mean
    } else if !bools.next(114) {
        Mode::Down
    } else if bools.next(183) {
        Mode::Slope
    } else {
        Mode::Across
    };
    Modes { luma, blocks, chroma }
}

/// The mode of a macroblock that has only one (11.2).
fn whole_mode(bools: &mut Bools<'_>) -> Mode {
    if bools.next(156) {
        return if bools.next(128) { Mode::Slope } else { Mode::Across };
    }
    if bools.next(163) { Mode::Down } else { Mode::Mean }
}

/// The mode of a block (11.2).
fn block_mode(bools: &mut Bools<'_>, tree: &[u8; 9]) -> Mode {
    let mut is = |place: usize| bools.next(tree[place]);
    if !is(0) {
        return Mode::Mean;
    }
    if !is(1) {
        return Mode::Slope;
    }
    if !is(2) {
        return Mode::Down;
    }
    if !is(3) {
        if !is(4) {
            return Mode::Across;
        }
        return if is(5) { Mode::SteepRight } else { Mode::DownRight };
    }
    if !is(6) {
        return Mode::DownLeft;
    }
    if !is(7) {
        return Mode::SteepLeft;
    }
    if is(8) { Mode::FlatUp } else { Mode::FlatDown }
}

/// The coefficients of a macroblock, as they come.
struct Tokens<'t, 'w> {
    bools: &'t mut Bools<'w>,
    trees: &'t [Places; 4],
    steps: Steps,
    /// There are none.
    is_empty: bool,
    above: &'t mut Neighbour,
    left: &'t mut Neighbour,
}

impl Tokens<'_, '_> {
    fn luma(&mut self, modes: &Modes, strip: &mut Strip<16>, x: usize) {
        let Some(mode) = modes.luma else { return self.luma_by_blocks(&modes.blocks, strip, x) };
        let mut pixels = predict::square(mode, &strip.edge(x));
        if !self.is_empty {
            let means = self.second();
            for (place, mean) in means.into_iter().enumerate() {
                let (row, column) = (place / 4, place % 4);
                let rest = self.luma_rest(row, column, Some(mean));
                add(&mut pixels, row, column, &rest);
            }
        }
        strip.put(x, &pixels);
    }

    /// Each block is predicted from those before it.
    fn luma_by_blocks(&mut self, modes: &[[Mode; 4]; 4], strip: &mut Strip<16>, x: usize) {
        let edge = strip.edge(x);
        let right = strip.above_right(x);
        let (mut pixels, mut corner, mut above) = ([[0; 16]; 16], edge.corner, edge.above);
        for (row, modes) in modes.iter().enumerate() {
            let rows = &mut pixels.as_chunks_mut::<4>().0[row];
            let mut left = edge.left.as_chunks::<4>().0[row];
            let below_corner = left[3];
            for (column, mode) in modes.iter().enumerate() {
                let above = above.as_chunks::<4>().0;
                let next = above.get(column + 1).copied().unwrap_or(right);
                let eight = [above[column], next];
                let mut block =
                    predict::block(*mode, eight.as_flattened().as_chunks::<8>().0[0], left, corner);
                if !self.is_empty {
                    let rest = self.luma_rest(row, column, None);
                    predict::add_rest(block.each_mut(), &rest);
                }
                corner = above[column][3];
                left = block.map(|row| row[3]);
                for (line, row) in rows.iter_mut().zip(block) {
                    line.as_chunks_mut::<4>().0[column] = row;
                }
            }
            (above, corner) = (rows[3], below_corner);
        }
        strip.put(x, &pixels);
    }

    fn chroma(&mut self, mode: Mode, plane: usize, strip: &mut Strip<8>, x: usize) {
        let mut pixels = predict::square(mode, &strip.edge(x));
        if !self.is_empty {
            for place in 0..4 {
                let (row, column) = (place / 2, place % 2);
                let contexts = (&mut self.above.chroma[plane][column], &mut self.left.chroma[plane][row]);
                let trees = &self.trees[Kind::Chroma as usize];
                let rest = rest(self.bools, trees, self.steps.chroma, None, contexts);
                add(&mut pixels, row, column, &rest);
            }
        }
        strip.put(x, &pixels);
    }

    /// The DC coefficients of all blocks of brightness.
    fn second(&mut self) -> [i32; 16] {
        let mut block: Block = [0; 16];
        let context = self.above.second + self.left.second;
        let trees = &self.trees[Kind::Second as usize];
        let end = residual::read(self.bools, trees, (0, context), self.steps.second, &mut block);
        (self.above.second, self.left.second) = (usize::from(end > 0), usize::from(end > 0));
        if end > 1 { residual::hadamard(&block) } else { [(i32::from(block[0]) + 3) >> 3; 16] }
    }

    #[inline(always)]
    fn luma_rest(&mut self, row: usize, column: usize, mean: Option<i32>) -> Rest {
        let kind = if mean.is_some() { Kind::LumaWithoutMean } else { Kind::Luma };
        let contexts = (&mut self.above.luma[column], &mut self.left.luma[row]);
        rest(self.bools, &self.trees[kind as usize], self.steps.luma, mean, contexts)
    }
}

/// Reads a block, whose DC coefficient may have come before, and transforms it.
#[inline(always)]
fn rest(
    bools: &mut Bools<'_>,
    trees: &Places,
    steps: [i32; 2],
    mean: Option<i32>,
    (above, left): (&mut usize, &mut usize),
) -> Rest {
    let mut block: Block = [0; 16];
    let first = usize::from(mean.is_some());
    let end = residual::read(bools, trees, (first, *above + *left), steps, &mut block);
    (*above, *left) = (usize::from(end > first), usize::from(end > first));
    if let Some(mean) = mean {
        block[0] = mean.clamp(i16::MIN.into(), i16::MAX.into()) as i16;
    }
    match (end, block[0]) {
        (0 | 1, 0) => Rest::Nothing,
        (0 | 1, mean) => Rest::Even((i32::from(mean) + 4) >> 3),
        _ => Rest::Each(residual::inverse(&block)),
    }
}

/// Adds to a block of a macroblock.
#[inline(always)]
fn add<const N: usize>(pixels: &mut [[u8; N]; N], row: usize, column: usize, rest: &Rest) {
    if matches!(rest, Rest::Nothing) {
        return;
    }
    let rows = &mut pixels.as_chunks_mut::<4>().0[row];
    predict::add_rest(rows.each_mut().map(|line| &mut line.as_chunks_mut::<4>().0[column]), rest);
}
