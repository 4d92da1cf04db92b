use image::codecs::jpeg::JpegEncoder;
use image::{ImageEncoder, ImageFormat, Rgb, RgbImage, Rgba};
use stemmata_index::near::Aspect;

use super::*;
use crate::fingerprint::blurhash;

/// A bright disc in a corner of a blue slope.
fn scene(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let (across, down) = (f64::from(x) / f64::from(width), f64::from(y) / f64::from(height));
        let inside = (across - 0.7).powi(2) + (down - 0.25).powi(2) < 0.04;
        if inside { Rgb([240, 220, 90]) } else { Rgb([(60.0 * across) as u8, 40, (200.0 * down) as u8]) }
    })
}

fn bytes(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn described(picture: &DynamicImage, format: ImageFormat) -> Picture {
    describe(&bytes(picture, format), &PictureLimits::default()).unwrap()
}

fn distance(a: &Picture, b: &Picture) -> f32 {
    blurhash::feature(&a.blurhash).unwrap().distance(&blurhash::feature(&b.blurhash).unwrap())
}

#[test]
fn copies_in_other_formats_and_sizes_are_near_and_another_picture_is_not() {
    let original = described(&scene(300, 450).into(), ImageFormat::Png);
    assert_eq!((original.width, original.height, original.blurhash.len()), (300, 450, 36));
    let jpeg = described(&scene(300, 450).into(), ImageFormat::Jpeg);
    let small = described(&scene(120, 180).into(), ImageFormat::WebP);
    let mirrored = described(&DynamicImage::from(scene(300, 450)).fliph(), ImageFormat::Png);
    assert!(distance(&original, &jpeg) < 0.14, "{}", distance(&original, &jpeg));
    assert!(distance(&original, &small) < 0.14, "{}", distance(&original, &small));
    assert!(distance(&original, &mirrored) > 0.38);
    assert!(Aspect::of(300, 450).agrees(Aspect::of(small.width, small.height)));
}

#[test]
fn a_picture_of_at_most_64_pixels_is_encoded_as_it_is() {
    let picture = DynamicImage::from(scene(48, 64));
    let direct = ::blurhash::encode(4, 4, 48, 64, picture.to_rgba8().as_raw()).unwrap();
    assert_eq!(described(&picture, ImageFormat::Png).blurhash, direct);
}

#[test]
fn an_opaque_alpha_channel_changes_nothing_and_a_transparent_one_is_black() {
    let plain = DynamicImage::from(scene(100, 100));
    let opaque = DynamicImage::from(plain.to_rgba8());
    assert_eq!(described(&plain, ImageFormat::Png), described(&opaque, ImageFormat::Png));
    let mut clear = plain.to_rgba8();
    clear.rows_mut().take(50).flatten().for_each(|pixel| pixel.0[3] = 0);
    let mut black = plain.to_rgba8();
    black.rows_mut().take(50).flatten().for_each(|pixel| *pixel = Rgba([0, 0, 0, 255]));
    assert_eq!(described(&clear.into(), ImageFormat::Png), described(&black.into(), ImageFormat::Png));
}

#[test]
fn exif_orientation_is_applied() {
    let upright = DynamicImage::from(scene(40, 60));
    let mut turned = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut turned, 95);
    // Big-endian TIFF with one entry: orientation (0x0112) 6, to be turned clockwise for display.
    let exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    encoder.set_exif_metadata(exif.to_vec()).unwrap();
    encoder.encode_image(&upright.rotate270()).unwrap();
    let turned = describe(&turned, &PictureLimits::default()).unwrap();
    assert_eq!((turned.width, turned.height), (40, 60));
    assert!(distance(&turned, &described(&upright, ImageFormat::Png)) < 0.14);
}

#[test]
fn limits_hold_before_decoding() {
    let png = bytes(&scene(100, 80).into(), ImageFormat::Png);
    let with = |max_file_bytes, max_pixels| describe(&png, &PictureLimits { max_file_bytes, max_pixels });
    assert!(matches!(with(10, 8000), Err(PictureError::TooManyBytes { max_file_bytes: 10 })));
    assert!(matches!(with(1 << 20, 7999), Err(PictureError::PixelCount { width: 100, height: 80, .. })));
    assert!(with(1 << 20, 8000).is_ok());
    // The header of a picture of 4 billion pixels without any data behind it.
    let mut huge = png[..33].to_vec();
    huge[16..24].copy_from_slice(&[0, 0, 0xFF, 0xFF, 0, 0, 0xFF, 0xFF]);
    assert!(describe(&huge, &PictureLimits::default()).is_err());
}

#[test]
fn damaged_files_are_errors() {
    let mut refused = 0;
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Gif] {
        let whole = bytes(&scene(60, 40).into(), format);
        for end in [0, 1, 8, 20, 33] {
            assert!(describe(&whole[..end], &PictureLimits::default()).is_err());
            refused += 1;
        }
        for place in (0..whole.len()).step_by(7) {
            let mut damaged = whole.clone();
            damaged[place] ^= 0xA5;
            let _ = describe(&damaged, &PictureLimits::default());
        }
    }
    assert_eq!(refused, 20);
}

#[test]
fn a_missing_file_names_its_path() {
    let path = Path::new("/nonexistent/picture.png");
    let error = describe_file(path, &PictureLimits::default()).unwrap_err();
    assert_eq!(error.to_string(), "/nonexistent/picture.png could not be read");
}
