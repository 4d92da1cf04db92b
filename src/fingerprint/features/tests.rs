use super::*;
use crate::entity::Turn;
use crate::fingerprint::grid::Reducer;

/// A picture without equal neighbours: slopes, a disc and a ripple.
fn grid(width: u32, height: u32) -> Grid {
    let mut reducer = Reducer::<3>::new(width, height);
    for y in 0..height {
        let down = f64::from(y) / f64::from(height);
        let row = (0..width).flat_map(|x| {
            let across = f64::from(x) / f64::from(width);
            let disc = if (across - 0.7).powi(2) + (down - 0.3).powi(2) < 0.04 { 70.0 } else { 0.0 };
            let ripple = (17.0 * across + 5.0 * down).sin() * 30.0 + (11.0 * down * across).cos() * 25.0;
            [60.0 + disc + ripple + 40.0 * across, 90.0 + ripple, 70.0 + 80.0 * down - ripple]
                .map(|v| v as u8)
        });
        reducer.row(&row.collect::<Vec<u8>>());
    }
    Grid { channels: reducer.finish().expect("all rows came") }
}

#[test]
fn a_turned_code_is_the_code_of_the_turned_picture_but_for_a_few_mirrored_dct_bits() {
    let grid = grid(300, 200);
    let upright = fingerprint(&grid, 300, 200);
    for turn in Turn::ALL {
        let (sides, steps) = (if turn.swaps_sides() { (200, 300) } else { (300, 200) }, turn.steps());
        let pixels = fingerprint(&grid.turned(turn), sides.0, sides.1);
        let code = upright.turned(turn);
        assert_eq!((code.gradient, code.chroma), (pixels.gradient, pixels.chroma), "{turn:?}");
        assert_eq!((code.width, code.height, code.contrast), (pixels.width, pixels.height, pixels.contrast));
        let wrong = (code.dct ^ pixels.dct).count_ones();
        assert!(wrong <= if steps.flips_columns || steps.flips_rows { 8 } else { 0 }, "{turn:?}: {wrong}");
    }
}

#[test]
fn the_dct_agrees_with_its_definition() {
    let luma = grid(64, 64).luma();
    let mut coefficients = Vec::new();
    for (v, u) in (0..64).map(|place| (place / 8 + 1, place % 8 + 1)) {
        let wave = |k: usize, place: usize| (PI * k as f64 * (place as f64 + 0.5) / 64.0).cos();
        let terms = luma.iter().enumerate();
        coefficients
            .push(terms.map(|(p, cell)| f64::from(*cell) * wave(v, p / 64) * wave(u, p % 64)).sum::<f64>());
    }
    let mut sorted = coefficients.clone();
    sorted.sort_by(f64::total_cmp);
    let median = (sorted[31] + sorted[32]) / 2.0;
    let expected = (0..64).fold(0_u64, |bits, place| bits | u64::from(coefficients[place] > median) << place);
    assert_eq!(dct_signs(&luma), expected);
    assert_eq!(expected.count_ones(), 32);
}

#[test]
fn a_shrunken_plane_keeps_the_mean_of_every_part() {
    let luma = grid(90, 70).luma();
    let wide = shrink::<9, 8>(&luma);
    let total: f32 = wide.as_flattened().iter().sum();
    // A part holds 64 / 9 by 64 / 8 cells; shares are in 64ths both ways.
    assert!((total / (64.0 * 64.0) / 72.0 - luma.iter().sum::<f32>() / 4096.0).abs() < 0.01);
    assert!(shares(7, 9) == [(0, 1.0), (1, 8.0)] && shares(0, 8) == [(0, 0.0), (0, 8.0)]);
}

#[test]
fn an_even_picture_is_flat_and_a_grey_one_has_no_colour() {
    let mut reducer = Reducer::<3>::new(10, 10);
    (0..10).for_each(|row| reducer.row(&[100 + row % 2; 30]));
    let flat = fingerprint(&Grid { channels: reducer.finish().unwrap() }, 10, 10);
    assert!(flat.is_flat());
    assert_eq!(flat.chroma, [0; CHROMA_VALUES]);
    assert!(!fingerprint(&grid(100, 100), 100, 100).is_flat());
}
