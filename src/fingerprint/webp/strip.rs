//! A row of macroblocks of one plane: what the next ones are predicted from, and then rows for the averages.

use super::predict::Edge;
use crate::fingerprint::grid::{Plane, Reducer};

/// What stands for the row above the picture.
const ABOVE: u8 = 127;
/// What stands for the column to the left of the picture.
const LEFT: u8 = 129;

/// One row of macroblocks of `N` pixels a side.
pub(super) struct Strip<const N: usize> {
    /// Row by row, each cut into macroblocks.
    lines: Vec<[u8; N]>,
    /// The last line of the macroblocks above.
    above: Vec<[u8; N]>,
    /// The last column of the macroblock before.
    left: [u8; N],
    corner: u8,
    is_first: bool,
    rows_left: usize,
    reducer: Reducer<1>,
}

impl<const N: usize> Strip<N> {
    /// For a plane of these sides that is so many macroblocks wide.
    pub(super) fn new(across: usize, width: u32, height: u32) -> Self {
        Self {
            lines: vec![[0; N]; N * across],
            above: vec![[ABOVE; N]; across],
            left: [LEFT; N],
            corner: ABOVE,
            is_first: true,
            rows_left: height as usize,
            reducer: Reducer::new(width, height),
        }
    }

    /// Begins the row of macroblocks of this number.
    pub(super) fn begin(&mut self, row: usize) {
        self.is_first = row == 0;
        self.left = [LEFT; N];
        self.corner = if self.is_first { ABOVE } else { LEFT };
    }

    /// What a macroblock is predicted from.
    #[inline]
    pub(super) fn edge(&self, x: usize) -> Edge<N> {
        let above = self.above.get(x).copied().unwrap_or([ABOVE; N]);
        Edge { above, left: self.left, corner: self.corner, has: (!self.is_first, x > 0) }
    }

    /// The four pixels behind those above a macroblock; at the end of the row, its last pixel stands for them.
    pub(super) fn above_right(&self, x: usize) -> [u8; 4] {
        match (self.above.get(x + 1), self.above.get(x)) {
            (Some(next), _) => std::array::from_fn(|place| next[place]),
            (None, Some(own)) => [own[N - 1]; 4],
            (None, None) => [ABOVE; 4],
        }
    }

    /// Puts a macroblock in its place.
    #[inline]
    pub(super) fn put(&mut self, x: usize, pixels: &[[u8; N]; N]) {
        let across = self.above.len().max(1);
        for (place, row) in self.lines.iter_mut().skip(x).step_by(across).zip(pixels) {
            *place = *row;
        }
        self.left = pixels.map(|row| row[N - 1]);
        self.corner = self.above.get(x).map_or(ABOVE, |above| above[N - 1]);
    }

    /// Averages the rows that belong to the picture, and keeps the last one.
    pub(super) fn finish_row(&mut self) {
        let across = self.above.len().max(1);
        for line in self.lines.chunks_exact(across).take(self.rows_left) {
            self.reducer.row(line.as_flattened());
        }
        self.rows_left = self.rows_left.saturating_sub(N);
        if let Some(last) = self.lines.chunks_exact(across).next_back() {
            self.above.copy_from_slice(last);
        }
    }

    /// The averages; `None` while rows are missing.
    pub(super) fn finish(self) -> Option<Plane> {
        let [plane] = self.reducer.finish()?;
        Some(plane)
    }
}
