//! A grid of averages in, the BlurHash that the site would give the picture out.
//!
//! The site shrinks a picture to 64 pixels on its longest side and encodes that. A grid has 64 cells on both sides, so
//! the waves are taken where the middle of a cell lies among the pixels of the site's small picture: the waves of a
//! BlurHash begin at the left edge of a pixel, which is half a pixel from where they should, and that must be kept.

use std::f64::consts::PI;
use std::sync::LazyLock;

use super::{ALPHABET, SITE_GRID};
use crate::fingerprint::grid::{CELLS, Grid, SIDE};

/// Components a side.
const COMPONENTS: usize = SITE_GRID.0 as usize;
/// Longest side that the site encodes.
const ENCODED_SIDE: f64 = 64.0;
/// Largest amplitudes are kept in 83 steps of 1/166.
const STEPS: f32 = 166.0;

/// Linear light of each sRGB byte.
static LINEAR: LazyLock<[f32; 256]> = LazyLock::new(|| {
    std::array::from_fn(|byte| {
        let share = byte as f64 / 255.0;
        let linear = if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) };
        linear as f32
    })
});

/// The BlurHash of 4x4 components of a picture of these sides.
pub(in crate::fingerprint) fn encode(grid: &Grid, width: u32, height: u32) -> String {
    let shrinks = (ENCODED_SIDE / f64::from(width.max(height))).min(1.0);
    let small = |side: u32| (f64::from(side) * shrinks).round().max(1.0);
    let (across, down) = (waves(small(width)), waves(small(height)));
    let mut amplitudes = [[0.0_f32; 3]; COMPONENTS * COMPONENTS];
    for (channel, cells) in grid.channels.iter().enumerate() {
        for (row, line) in cells.chunks_exact(SIDE).enumerate() {
            let mut sums = [0.0_f32; COMPONENTS];
            for (cell, waves) in line.iter().zip(&across) {
                // The site's small picture has whole bytes.
                let light = LINEAR[usize::from(cell.round() as u8)];
                sums.iter_mut().zip(waves).for_each(|(sum, wave)| *sum += light * wave);
            }
            for (component, amplitude) in amplitudes.iter_mut().enumerate() {
                amplitude[channel] += sums[component % COMPONENTS] * down[row][component / COMPONENTS];
            }
        }
    }
    let norm = |component: usize| if component == 0 { 1.0 } else { 2.0 } / CELLS as f32;
    for (component, amplitude) in amplitudes.iter_mut().enumerate() {
        amplitude.iter_mut().for_each(|value| *value *= norm(component));
    }
    written(&amplitudes)
}

/// The four waves at each cell of a side that the site would shrink to so many pixels.
fn waves(pixels: f64) -> [[f32; COMPONENTS]; SIDE] {
    std::array::from_fn(|cell| {
        let place = (cell as f64 + 0.5) / SIDE as f64 - 0.5 / pixels;
        std::array::from_fn(|wave| (PI * wave as f64 * place).cos() as f32)
    })
}

fn written(amplitudes: &[[f32; 3]; COMPONENTS * COMPONENTS]) -> String {
    let [mean, waves @ ..] = amplitudes;
    let largest = waves.as_flattened().iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
    let maximum = (largest * STEPS - 0.5).floor().clamp(0.0, 82.0);
    let scale = (maximum + 1.0) / STEPS;
    let mut text = String::with_capacity(4 + 2 * amplitudes.len());
    let grid = (COMPONENTS - 1) + (COMPONENTS - 1) * 9;
    push(&mut text, grid as u32, 1);
    push(&mut text, maximum as u32, 1);
    push(&mut text, mean.iter().fold(0, |value, light| value << 8 | u32::from(srgb(*light))), 4);
    for wave in waves {
        let digit = |amplitude: f32| {
            let share = amplitude / scale;
            (share.signum() * share.abs().sqrt() * 9.0 + 9.5).floor().clamp(0.0, 18.0) as u32
        };
        push(&mut text, wave.iter().fold(0, |value, amplitude| value * 19 + digit(*amplitude)), 2);
    }
    text
}

fn srgb(linear: f32) -> u8 {
    let light = f64::from(linear).clamp(0.0, 1.0);
    let share = if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 };
    (share * 255.0 + 0.5) as u8
}

/// Appends so many base-83 digits.
fn push(text: &mut String, value: u32, digits: u32) {
    for place in (0..digits).rev() {
        let digit = value / 83_u32.pow(place) % 83;
        text.push(char::from(ALPHABET[digit as usize]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::blurhash::feature;
    use crate::fingerprint::grid::Reducer;

    /// Distances to what the reference encoder makes of the picture that the image crate shrank.
    fn distance(width: u32, height: u32, seed: u32) -> f32 {
        let picture = image::RgbImage::from_fn(width, height, |x, y| {
            let (across, down) = (x as f32 / width as f32, y as f32 / height as f32);
            let wave = |k: f32| (k * across + (k - seed as f32) * down).sin() * 60.0;
            let edge = if across + down * (seed % 3) as f32 > 0.8 { 60.0 } else { 0.0 };
            image::Rgb(
                [110.0 + wave(5.0) + edge, 120.0 + wave(9.0), 125.0 + wave(3.0) - edge].map(|v| v as u8),
            )
        });
        let mut reducer = Reducer::<3>::new(width, height);
        picture.rows().for_each(|row| reducer.row(&row.flat_map(|pixel| pixel.0).collect::<Vec<u8>>()));
        let ours = encode(&Grid { channels: reducer.finish().unwrap() }, width, height);
        let mut small = image::DynamicImage::from(picture);
        if width.max(height) > 64 {
            small = small.thumbnail(64, 64);
        }
        let small = small.into_rgba8();
        let theirs = ::blurhash::encode(4, 4, small.width(), small.height(), small.as_raw()).unwrap();
        feature(&ours).unwrap().distance(&feature(&theirs).unwrap())
    }

    #[test]
    fn the_text_is_near_that_of_the_reference_on_the_sites_small_picture() {
        let mut all = Vec::new();
        for (width, height) in
            [(512, 768), (768, 512), (64, 64), (300, 300), (1000, 200), (40, 64), (320, 200)]
        {
            for seed in 0..6 {
                let apart = distance(width, height, seed);
                // A digit that is rounded the other way is up to 0.08 apart.
                assert!(apart < 0.14, "{width}x{height}, {seed}: {apart}");
                all.push(apart);
            }
        }
        let mean = all.iter().sum::<f32>() / all.len() as f32;
        assert!(all.len() == 42 && mean < 0.05, "{mean}");
    }
}
