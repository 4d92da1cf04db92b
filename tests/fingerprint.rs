//! A picture keeps its fingerprint whatever it is coded in, and what is no picture costs itself.

use std::fs;

use image::metadata::Orientation;
use image::{DynamicImage, ImageFormat, Luma};
use image_hasher::{HashAlg, HasherConfig};
use jpeg_encoder::SamplingFactor;
use stemmata::entity::{Fingerprint, Turn};
use stemmata::fingerprint::{self, Described, PictureLimits, blurhash, picture as whole, pool};
use stemmata::run::RunContext;

use crate::support::coded::{jpeg, picture, stored};

/// Hue from one place, waves from another: no symmetry, no flat part.
fn scene(width: u32, height: u32) -> DynamicImage {
    let mut scene = picture(width, height).to_rgb8();
    for (x, y, pixel) in scene.enumerate_pixels_mut() {
        let (across, down) = (x as f32 / width as f32, y as f32 / height as f32);
        let disc = if (across - 0.7).hypot(down - 0.3) < 0.2 { 70.0 } else { 0.0 };
        let slow = 30.0 * (7.0 * across).sin() + 25.0 * (5.0 * down + 3.0 * across).cos();
        let light = [disc + 40.0 * across, disc, 50.0 * down].map(|part| 70.0 + part + slow);
        pixel.0 = std::array::from_fn(|channel| (light[channel] + f32::from(pixel.0[channel]) / 8.0) as u8);
    }
    scene.into()
}

fn described(bytes: &[u8]) -> Described {
    fingerprint::of_bytes(bytes, &PictureLimits::default()).expect("a picture")
}

#[track_caller]
fn check(a: &Fingerprint, b: &Fingerprint, most_bits: u32) {
    let apart = (a.bits_apart(b), a.chroma_apart(b));
    assert!(apart.0 <= most_bits && apart.1 < 0.1, "{apart:?}");
}

#[test]
fn every_coding_of_a_jpeg_looks_like_the_picture() {
    use SamplingFactor as S;
    let scene = scene(601, 523);
    let original = described(&stored(&scene, ImageFormat::Png));
    let mut codings = Vec::new();
    for sampling in [S::F_1_1, S::F_2_1, S::F_1_2, S::F_2_2, S::F_4_1, S::F_2_4] {
        for (progressive, restart_interval) in [(false, 0), (false, 5), (true, 0), (true, 9)] {
            let coded = described(&jpeg(&scene, sampling, progressive, restart_interval));
            check(&original.fingerprint, &coded.fingerprint, 4);
            assert!(coded.fingerprint.pixels.is_none() && coded.fingerprint.coded.is_some());
            codings.push(coded.fingerprint.coded);
        }
    }
    codings.sort();
    codings.dedup();
    assert_eq!(codings.len(), 24, "two codings have one hash");
}

#[test]
fn a_blurhash_of_the_grid_is_near_that_of_all_pixels() {
    let mut seen = 0;
    for (width, height) in [(512, 768), (1030, 520), (600, 600), (300, 200)] {
        let scene = scene(width, height);
        for bytes in [stored(&scene, ImageFormat::Png), jpeg(&scene, SamplingFactor::F_2_2, false, 0)] {
            let full = whole::describe(&bytes, &PictureLimits::default()).expect("a picture");
            let (a, b) = (described(&bytes).blurhash, full.blurhash);
            let apart = blurhash::feature(&a).unwrap().distance(&blurhash::feature(&b).unwrap());
            assert!(apart < 0.1, "{width}x{height}: {apart}");
            seen += 1;
        }
    }
    assert_eq!(seen, 8);
}

#[test]
fn pixels_of_every_kind_of_png_are_read_as_the_image_crate_reads_them() {
    let scene = scene(97, 61);
    let kinds = [
        scene.clone(),
        scene.to_rgba8().into(),
        scene.to_luma8().into(),
        scene.to_luma_alpha8().into(),
        scene.to_rgb16().into(),
        scene.to_rgba16().into(),
        scene.to_luma16().into(),
        scene.to_luma_alpha16().into(),
    ];
    for kind in kinds {
        let bytes = stored(&kind, ImageFormat::Png);
        let all = fingerprint::pixels_of_bytes(&bytes, &PictureLimits::default()).expect("a picture");
        let quick = described(&bytes).fingerprint;
        assert_eq!(quick.pixels, Some(all), "{:?}", kind.color());
        let plain = stored(&DynamicImage::from(kind.to_rgb8()), ImageFormat::Bmp);
        assert_eq!(described(&plain).fingerprint, quick, "{:?}", kind.color());
    }
}

#[test]
fn small_palettes_and_interlaced_pngs_are_read_too() {
    let mut seen = 0;
    for depth in [png::BitDepth::One, png::BitDepth::Two, png::BitDepth::Four, png::BitDepth::Eight] {
        let colours = 1_usize << (depth as usize).min(4);
        let palette: Vec<u8> = (0..colours * 3).map(|place| (place * 83 % 256) as u8).collect();
        let (width, height) = (37_usize, 29_usize);
        let index = |x: usize, y: usize| (x / 5 + y / 3 * 2) % colours;
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width as u32, height as u32);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(depth);
        encoder.set_palette(palette.clone());
        let bits = depth as usize;
        let mut data = Vec::new();
        for y in 0..height {
            let mut line = vec![0_u8; (width * bits).div_ceil(8)];
            for x in 0..width {
                line[x * bits / 8] |= (index(x, y) << (8 - bits - x * bits % 8)) as u8;
            }
            data.extend(line);
        }
        encoder.write_header().unwrap().write_image_data(&data).unwrap();
        let spread = image::RgbImage::from_fn(width as u32, height as u32, |x, y| {
            let at = 3 * index(x as usize, y as usize);
            image::Rgb([palette[at], palette[at + 1], palette[at + 2]])
        });
        let plain = described(&stored(&spread.into(), ImageFormat::Png));
        assert_eq!(described(&bytes).fingerprint, plain.fingerprint, "{depth:?}");
        seen += 1;
    }
    assert_eq!(seen, 4);
}

#[test]
fn a_turned_file_is_described_as_it_is_displayed() {
    let upright = scene(600, 520);
    let original = described(&jpeg(&upright, SamplingFactor::F_1_1, false, 0));
    for orientation in 2..=8_u8 {
        let turn = Turn::of_exif(orientation).expect("from 1 to 8");
        let mut stored = upright.clone();
        stored.apply_orientation(
            Orientation::from_exif(match turn.inverse() {
                Turn::Rotate90 => 6,
                Turn::Rotate270 => 8,
                _ => orientation,
            })
            .expect("from 1 to 8"),
        );
        let plain = jpeg(&stored, SamplingFactor::F_1_1, false, 0);
        let mut exif =
            *b"\xFF\xE1\0\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
        exif[29] = orientation;
        let turned = described(&[&plain[..2], &exif, &plain[2..]].concat());
        assert_eq!((turned.fingerprint.width, turned.fingerprint.height), (600, 520), "{turn:?}");
        check(&original.fingerprint, &turned.fingerprint, 6);
        let unturned = described(&plain).fingerprint.turned(turn);
        check(&original.fingerprint, &unturned, 16);
    }
}

/// The gradient half across is what others call dHash, of the same reduction; so the bits must agree but for rounding.
#[test]
fn gradients_agree_with_the_dhash_of_the_image_hasher_crate() {
    let hasher = HasherConfig::new()
        .hash_alg(HashAlg::Gradient)
        .hash_size(8, 8)
        .resize_filter(image_hasher::FilterType::Triangle)
        .to_hasher();
    let mut most = 0;
    for (width, height) in [(576, 512), (720, 800), (640, 640)] {
        let scene = scene(width, height);
        let theirs = hasher.hash_image(&scene);
        let ours = described(&stored(&scene, ImageFormat::Png)).fingerprint.gradient[0];
        let bits = theirs
            .as_bytes()
            .iter()
            .enumerate()
            .fold(0_u64, |bits, (place, byte)| bits | u64::from(*byte) << (8 * place));
        most = most.max((bits ^ ours).count_ones());
    }
    assert!(most <= 6, "{most} of 64 bits");
}

#[test]
fn a_flat_picture_says_so_and_a_folder_with_damaged_files_is_described_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let flat = DynamicImage::from(image::GrayImage::from_pixel(80, 80, Luma([90])));
    let whole = jpeg(&scene(600, 520), SamplingFactor::F_2_2, false, 0);
    fs::write(path("a.png"), stored(&flat, ImageFormat::Png)).unwrap();
    fs::write(path("b.jpg"), &whole).unwrap();
    fs::write(path("c.jpg"), &whole[..40]).unwrap();
    fs::write(path("d.jpg"), b"no picture").unwrap();
    let paths = ["a.png", "b.jpg", "c.jpg", "d.jpg", "e.jpg"].map(path);
    let (mut flat, mut errors) = (Vec::new(), Vec::new());
    let done =
        pool::describe_all(
            paths,
            &PictureLimits::default(),
            &RunContext::quiet(),
            |_, result| match result {
                Ok(described) => flat.push(described.fingerprint.is_flat()),
                Err(error) => errors.push(error.to_string()),
            },
        );
    assert_eq!((done, flat), (5, vec![true, false]));
    assert_eq!(errors.len(), 3);
    assert!(errors[2].ends_with("e.jpg could not be read"), "{errors:?}");
}
