//! The eight ways to lay a picture down.

/// A way to turn or mirror a picture by right angles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Turn {
    /// As it is.
    None,
    /// Left and right exchanged.
    FlipHorizontal,
    /// Top and bottom exchanged.
    FlipVertical,
    /// By 180 degrees.
    Rotate180,
    /// By 90 degrees clockwise.
    Rotate90,
    /// By 270 degrees clockwise.
    Rotate270,
    /// Rows become columns: mirrored along the diagonal from the top left.
    Transpose,
    /// Mirrored along the diagonal from the top right.
    Transverse,
}

impl Turn {
    /// All of them, [`Turn::None`] first.
    pub const ALL: [Self; 8] = [
        Self::None,
        Self::FlipHorizontal,
        Self::FlipVertical,
        Self::Rotate180,
        Self::Rotate90,
        Self::Rotate270,
        Self::Transpose,
        Self::Transverse,
    ];

    /// The turn that a viewer makes for this EXIF orientation; `None` for values outside 1 to 8.
    pub fn of_exif(orientation: u8) -> Option<Self> {
        Some(match orientation {
            1 => Self::None,
            2 => Self::FlipHorizontal,
            3 => Self::Rotate180,
            4 => Self::FlipVertical,
            5 => Self::Transpose,
            6 => Self::Rotate90,
            7 => Self::Transverse,
            8 => Self::Rotate270,
            _ => return None,
        })
    }

    /// The turn that takes this one back.
    pub fn inverse(self) -> Self {
        match self {
            Self::Rotate90 => Self::Rotate270,
            Self::Rotate270 => Self::Rotate90,
            itself => itself,
        }
    }

    /// Whether width and height change places.
    pub fn swaps_sides(self) -> bool {
        self.steps().transposes
    }

    /// The same turn as at most three steps.
    pub(crate) fn steps(self) -> Steps {
        let steps = |transposes, flips_columns, flips_rows| Steps { transposes, flips_columns, flips_rows };
        match self {
            Self::None => steps(false, false, false),
            Self::FlipHorizontal => steps(false, true, false),
            Self::FlipVertical => steps(false, false, true),
            Self::Rotate180 => steps(false, true, true),
            Self::Rotate90 => steps(true, true, false),
            Self::Rotate270 => steps(true, false, true),
            Self::Transpose => steps(true, false, false),
            Self::Transverse => steps(true, true, true),
        }
    }

    /// Where the cell of a turned square grid of `side` cells lay before, from the cell's row and column.
    pub(crate) fn source(self, side: usize, row: usize, column: usize) -> (usize, usize) {
        let Steps { transposes, flips_columns, flips_rows } = self.steps();
        let column = if flips_columns { side - 1 - column } else { column };
        let row = if flips_rows { side - 1 - row } else { row };
        if transposes { (column, row) } else { (row, column) }
    }
}

/// A turn, step by step: first the transposition, then the mirrorings.
#[derive(Clone, Copy)]
pub(crate) struct Steps {
    pub(crate) transposes: bool,
    pub(crate) flips_columns: bool,
    pub(crate) flips_rows: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_and_its_inverse_leave_every_cell_where_it_was() {
        for turn in Turn::ALL {
            for (row, column) in [(0, 0), (0, 3), (2, 1), (3, 3)] {
                let (by_row, by_column) = turn.source(4, row, column);
                assert_eq!(turn.inverse().source(4, by_row, by_column), (row, column), "{turn:?}");
            }
        }
    }

    #[test]
    fn clockwise_takes_the_left_bottom_corner_to_the_left_top() {
        assert_eq!(Turn::Rotate90.source(4, 0, 0), (3, 0));
        assert_eq!(Turn::Rotate270.source(4, 0, 0), (0, 3));
        assert_eq!(Turn::of_exif(6), Some(Turn::Rotate90));
        assert_eq!((Turn::of_exif(0), Turn::of_exif(9)), (None, None));
    }
}
