use proptest::prelude::*;

use super::*;

/// The average under a cell, pixel by pixel, share by share.
fn slow(width: usize, height: usize, pixel: impl Fn(usize, usize) -> f64) -> Vec<f64> {
    let share = |cell: usize, length: usize, place: usize| {
        let (size, from) = (length as f64 / 64.0, cell as f64 * length as f64 / 64.0);
        ((from + size).min(place as f64 + 1.0) - from.max(place as f64)).max(0.0)
    };
    let mut cells = Vec::new();
    for (row, column) in (0..CELLS).map(|place| (place / SIDE, place % SIDE)) {
        let (mut total, mut area) = (0.0, 0.0);
        for y in 0..height {
            let down = share(row, height, y);
            for x in 0..width {
                let under = down * share(column, width, x);
                total += under * pixel(y, x);
                area += under;
            }
        }
        cells.push(total / area);
    }
    cells
}

fn check(width: usize, height: usize, seed: u64) {
    let byte = |place: usize| (place as u64 ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes()[0];
    let mut reducer = Reducer::<3>::new(width as u32, height as u32);
    for y in 0..height {
        let row: Vec<u8> = (0..3 * width).map(|place| byte(y * 3 * width + place)).collect();
        reducer.row(&row);
    }
    let grid = Grid { channels: reducer.finish().expect("all rows came") };
    for (channel, cells) in grid.channels.iter().enumerate() {
        let expected = slow(width, height, |y, x| f64::from(byte((y * width + x) * 3 + channel)));
        for (cell, expected) in cells.iter().zip(expected) {
            assert!((f64::from(*cell) - expected).abs() < 1e-3, "{width}x{height}: {cell} {expected}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_cell_is_the_mean_of_what_lies_under_it(width in 1_usize..90, height in 1_usize..150, seed: u64) {
        check(width, height, seed);
    }

    #[test]
    fn a_plane_of_squares_is_the_picture_of_those_squares(
        width in 1_u32..70, height in 1_u32..90, across in 1_u32..9, down in 1_u32..9, seed: u64,
    ) {
        let (columns, rows) = (width.div_ceil(across) as usize, height.div_ceil(down) as usize);
        let values: Vec<u16> = (0..columns * rows)
            .map(|place| (place as u64 ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15) as u16 % 2041)
            .collect();
        let samples = Samples { values: &values, columns, pixels: (across, down), full: 2040.0 };
        let plane = reduce(&samples, width, height);
        let expected = slow(width as usize, height as usize, |y, x| {
            f64::from(values[y / down as usize * columns + x / across as usize]) / 8.0
        });
        for (cell, expected) in plane.iter().zip(expected) {
            prop_assert!((f64::from(*cell) - expected).abs() < 1e-3, "{} {}", cell, expected);
        }
    }
}

#[test]
fn a_picture_without_all_its_rows_has_no_grid() {
    let mut reducer = Reducer::<3>::new(2, 3);
    reducer.row(&[9; 6]);
    reducer.row(&[9; 6]);
    assert!(reducer.finish().is_none());
}

#[test]
fn the_brightest_picture_of_the_longest_side_overflows_nothing() {
    let side = MOST_PIXELS_A_SIDE;
    let mut reducer = Reducer::<3>::new(1, side);
    (0..side).for_each(|_| reducer.row(&[255; 3]));
    let grid = Grid { channels: reducer.finish().expect("all rows came") };
    assert!(grid.channels[0].iter().all(|cell| *cell == 255.0));
}
