//! A picture in, what people and sites make of it out.

use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};

use crate::rng::Rng;

/// All kinds, in the order in which they are drawn from. `flip` and `turn` are to be scored apart.
pub(crate) const KINDS: [&str; 23] = [
    "jpeg80",
    "jpeg50",
    "jpeg30",
    "resize90",
    "resize75",
    "resize50",
    "resize25",
    "crop2",
    "crop5",
    "brighter",
    "darker",
    "contrast",
    "gamma",
    "watermark",
    "logo",
    "format",
    "blur",
    "sharpen",
    "rotate1",
    "rotate2",
    "social",
    "flip",
    "turn",
];

/// A changed picture and how it is to be stored.
pub(crate) struct Variant {
    pub(crate) picture: RgbImage,
    /// The JPEG quality that the kind prescribes.
    pub(crate) quality: Option<u8>,
}

/// Applies one kind of change.
pub(crate) fn variant(picture: &RgbImage, kind: &str, rng: &mut Rng) -> Variant {
    let (width, height) = picture.dimensions();
    let number = |prefix: &str| kind.strip_prefix(prefix).and_then(|digits| digits.parse::<u32>().ok());
    let plain = |picture| Variant { picture, quality: None };
    if let Some(quality) = number("jpeg") {
        return Variant { picture: picture.clone(), quality: u8::try_from(quality).ok() };
    }
    if let Some(percent) = number("resize") {
        let filter = rng.pick(&[FilterType::Lanczos3, FilterType::CatmullRom, FilterType::Triangle]);
        let side = |pixels: u32| (pixels * percent / 100).max(16);
        return plain(imageops::resize(picture, side(width), side(height), filter));
    }
    if let Some(percent) = number("crop") {
        let (cut_across, cut_down) = (width * percent / 100, height * percent / 100);
        let left = rng.between(0, u64::from(cut_across)) as u32;
        let top = rng.between(0, u64::from(cut_down)) as u32;
        return plain(
            imageops::crop_imm(picture, left, top, width - cut_across, height - cut_down).to_image(),
        );
    }
    if let Some(degrees) = number("rotate") {
        let sign = if rng.chance(0.5) { 1.0 } else { -1.0 };
        return plain(rotate(picture, sign * (degrees as f32).to_radians()));
    }
    plain(match kind {
        "brighter" | "darker" => {
            let light = 0.2 * rng.unit() as f32 + if kind == "brighter" { 1.1 } else { 0.7 };
            toned(picture, |share| share * light)
        }
        "contrast" => {
            let (mean, strength) = (mean(picture), rng.pick(&[0.75, 0.85, 1.2, 1.35]));
            toned(picture, |share| mean + (share - mean) * strength)
        }
        "gamma" => {
            let gamma = rng.pick(&[0.7, 0.8, 1.25, 1.4]);
            toned(picture, |share| share.powf(gamma))
        }
        "watermark" => watermark(picture, rng),
        "logo" => logo(picture, rng),
        "blur" => imageops::blur(picture, width.min(height) as f32 / 512.0 * 1.2),
        "sharpen" => imageops::unsharpen(picture, 2.0, 2),
        "social" => {
            let share = if width.max(height) > 1080 { 1080.0 / width.max(height) as f32 } else { 0.6 };
            let side = |pixels: u32| (pixels as f32 * share) as u32;
            let light = 0.93 + 0.14 * rng.unit() as f32;
            let small = imageops::resize(picture, side(width), side(height), FilterType::Lanczos3);
            let picture = logo(&toned(&small, |share| share * light), rng);
            return Variant { picture, quality: Some(62) };
        }
        "flip" => imageops::flip_horizontal(picture),
        "turn" => imageops::rotate90(picture),
        _ => picture.clone(),
    })
}

/// Every channel through one curve of shares.
fn toned(picture: &RgbImage, curve: impl Fn(f32) -> f32) -> RgbImage {
    let table: [u8; 256] = std::array::from_fn(|byte| {
        let share = curve(byte as f32 / 255.0);
        (share * 255.0).round().clamp(0.0, 255.0) as u8
    });
    let mut toned = picture.clone();
    toned.iter_mut().for_each(|byte| *byte = table[usize::from(*byte)]);
    toned
}

fn mean(picture: &RgbImage) -> f32 {
    let total: u64 = picture.iter().map(|byte| u64::from(*byte)).sum();
    total as f32 / picture.len().max(1) as f32 / 255.0
}

/// Turned about its middle, and the part kept that has no empty corners.
fn rotate(picture: &RgbImage, angle: f32) -> RgbImage {
    let (width, height) = picture.dimensions();
    let (cut_across, cut_down) =
        (height as f32 * angle.abs().sin() / 2.0, width as f32 * angle.abs().sin() / 2.0);
    let (cos, sin) = (angle.cos(), angle.sin());
    let (cx, cy) = (width as f32 / 2.0, height as f32 / 2.0);
    RgbImage::from_fn(width - 2 * cut_across as u32, height - 2 * cut_down as u32, |x, y| {
        let (dx, dy) = (x as f32 + cut_across - cx, y as f32 + cut_down - cy);
        let at = (cx + dx * cos - dy * sin, cy + dx * sin + dy * cos);
        imageops::interpolate_bilinear(
            picture,
            at.0.clamp(0.0, width as f32 - 1.0),
            at.1.clamp(0.0, height as f32 - 1.0),
        )
        .unwrap_or(Rgb([0; 3]))
    })
}

/// A band of pale strokes across the middle, as lettering is.
fn watermark(picture: &RgbImage, rng: &mut Rng) -> RgbImage {
    let (width, height) = picture.dimensions();
    let unit = width.min(height) as f32;
    let (top, letter) = (height as f32 * (0.35 + 0.25 * rng.unit() as f32), 0.07 * unit);
    let strokes: Vec<u64> = (0..16).map(|_| rng.next_u64()).collect();
    let mut marked = picture.clone();
    for (x, y, pixel) in marked.enumerate_pixels_mut() {
        let (across, down) = ((x as f32 - 0.12 * width as f32) / letter, (y as f32 - top) / (1.6 * letter));
        if across < 0.0 || !(0.0..1.0).contains(&down) || across >= 11.0 {
            continue;
        }
        let place = (down * 7.0) as u32 * 5 + (across.fract() * 6.0) as u32;
        if across.fract() * 6.0 < 5.0 && strokes[across as usize] >> place & 1 == 1 {
            pixel.0 = pixel.0.map(|channel| channel + ((255 - u16::from(channel)) * 110 / 255) as u8);
        }
    }
    marked
}

/// An opaque badge in a corner.
fn logo(picture: &RgbImage, rng: &mut Rng) -> RgbImage {
    let (width, height) = picture.dimensions();
    let unit = width.min(height) as f32;
    let (across, down) = rng.pick(&[(0.02, 0.02), (0.72, 0.02), (0.02, 0.92), (0.72, 0.92)]);
    let (left, top) = ((across * width as f32) as u32, (down * height as f32) as u32);
    let colour = [rng.below(256) as u8, rng.below(256) as u8, rng.below(256) as u8];
    let strokes = rng.next_u64();
    let mut marked = picture.clone();
    for y in top..(top + (0.07 * unit) as u32).min(height) {
        for x in left..(left + (0.26 * unit) as u32).min(width) {
            let place = (x - left) * 24 / (0.26 * unit).max(1.0) as u32
                + 16 * ((y - top) * 4 / (0.07 * unit).max(1.0) as u32);
            let light = strokes >> (place % 64) & 1 == 1 && (y - top) * 6 > unit as u32 / 14;
            marked.put_pixel(x, y, Rgb(if light { [250; 3] } else { colour }));
        }
    }
    marked
}
